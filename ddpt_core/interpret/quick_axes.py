"""Axes of a picture before its run is there: from the vocabulary, and a run's beginning and likely end, alone."""

import numpy as np


class Field:
    """A vocabulary (V, D) as far as axes need it: how all of it varies, and the tokens that are drawn."""

    def __init__(self, table: np.ndarray, drawn: np.ndarray):
        self.mean, self.variation = table.mean(0), np.cov(table, rowvar=False)
        self.tokens = table[drawn]


class QuickAxes:
    """The two directions in which the vocabulary, and a run's beginning and likely end, vary most.

    begin, end: (P, D), the noise and the first estimate of the end; they weigh as much as the vocabulary, as in the
    viewer's PCA, which has the whole path to go by.
    """

    def __init__(self, field: Field, begin: np.ndarray, end: np.ndarray):
        points = np.concatenate([begin, end])
        self.mean = (field.mean + points.mean(0)) / 2
        apart = (field.mean - points.mean(0))[:, None] / 2
        variation = (field.variation + np.cov(points, rowvar=False)) / 2 + apart @ apart.T
        main = np.linalg.eigh(variation)[1][:, :-3:-1]  # (D,2), the most first
        self.main = main * np.sign(main[np.abs(main).argmax(0), [0, 1]])  # turned as the viewer's PCA is
        self.tokens = self.place(field.tokens)

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Returns the places (..., 2) of vectors (..., D)."""
        return (vectors - self.mean) @ self.main
