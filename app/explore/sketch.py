"""A run while it is being sampled: some of its steps, and the picture of what has come so far."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from app.explore.runs.run_picture import POINTS, TOKENS, run_picture, spread


class Field:
    """A vocabulary (V, D) as far as a sketch needs it: a few tokens, and how all of them vary."""

    def __init__(self, table: np.ndarray):
        self.mean, self.variation = table.mean(0), np.cov(table, rowvar=False)
        self.tokens = table[spread(len(table), TOKENS)]


class Axes:
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


class Sketches:
    """Makes sketches of runs; `services` gives the backbones, each of which is looked at once."""

    def __init__(self, services):
        self.field = lru_cache(maxsize=2)(
            lambda name: Field(services.backbone(name).embedding_table.detach().double().cpu().numpy())
        )

    def new(self) -> "Sketch":
        """Returns an empty sketch, for one run."""
        return Sketch(self.field)


class Sketch:
    """Gathers a run's steps in one thread and draws them in another."""

    def __init__(self, field_of: Callable[[str], Field]):
        self.field_of = field_of
        self.axes: Axes | None = None
        self.places: list[np.ndarray] = []  # each (P, 2)
        self.step = self.steps = 0

    def add(self, prompt: Any, steps: int, step: Any) -> None:
        """Takes in a DenoiseStep if it is one of those that are drawn: the first, the last, and some between."""
        if step.index % max(1, steps // POINTS) and step.index != steps:
            return
        state = prompt.in_backbone_space(step.x).double().cpu().numpy()  # (P,D), in the backbone's own space
        if self.axes is None:
            self.axes = Axes(self.field_of(prompt.info["backbone"]["name"]), state, step.context.double().cpu().numpy())
        self.places.append(self.axes.place(state))
        self.step, self.steps = step.index, steps

    def picture(self) -> str:
        """Returns what has come so far as SVG; nothing before the first step."""
        if self.axes is None or not self.places:
            return ""
        paths = np.stack(list(self.places), 1)  # (P,k,2)
        return run_picture(self.axes.tokens, paths, f"The paths up to step {self.step:,} of {self.steps:,}")
