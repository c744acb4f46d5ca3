"""How far tokens truly are from a vector, and their places among all: by brute force, in float64."""

from dataclasses import dataclass

import numpy as np

from ddpt_core.interpret.metric import chunks, norms


@dataclass(frozen=True)
class Ranks:
    """The place of n tokens among all of the vocabulary, nearest first, from 1; equally near tokens share a place."""

    distances: np.ndarray  # (n,) int64, by Euclidean distance
    cosines: np.ndarray  # (n,) int64, by cosine similarity
    vocabulary: int  # V
    width: int  # D


@dataclass(frozen=True)
class Truth:
    """Euclidean distances (n,) and cosine similarities (n,) to n tokens, float64; the cosine of a zero vector is 0."""

    token_ids: np.ndarray  # (n,) int64
    distances: np.ndarray
    cosines: np.ndarray
    ranks: Ranks | None = None  # among the whole vocabulary, where they were asked for


def between(vector: np.ndarray, table: np.ndarray, token_ids: np.ndarray) -> Truth:
    """Returns how far rows of the table (V, D) are from a vector (D,), computed in float64."""
    vector, tokens = vector.astype(np.float64), table[token_ids].astype(np.float64)  # (D,), (n,D)
    sizes = norms(tokens) * np.linalg.norm(vector)
    cosines = np.divide(tokens @ vector, sizes, out=np.zeros(len(tokens)), where=sizes > 0)
    return Truth(token_ids, norms(tokens - vector), cosines)


def ranks_of(token_ids: np.ndarray, vector: np.ndarray, table: np.ndarray) -> Ranks:
    """Returns the places of tokens among all rows of the table (V, D), seen from a vector (D,)."""
    parts = [between(vector, rows, np.arange(len(rows))) for rows in chunks(table)]
    distances = np.concatenate([part.distances for part in parts])  # (V,)
    cosines = np.concatenate([part.cosines for part in parts])
    nearer = [int((distances < distances[token]).sum()) for token in token_ids]
    closer = [int((cosines > cosines[token]).sum()) for token in token_ids]
    return Ranks(np.array(nearer, np.int64) + 1, np.array(closer, np.int64) + 1, *table.shape)
