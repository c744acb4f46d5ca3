"""The two ways to say how close a vector is to a token: cosine similarity and Euclidean distance.

Both are given as a *closeness*, larger for a closer token. Each metric has its own space (`place`), in which moving
a vector by m changes no closeness by more than m (in units of `unit`); exact search along a path rests on this.
"""

from collections.abc import Iterator
from typing import ClassVar, Protocol

import numpy as np

VALUES_AT_ONCE = 2**20  # of table rows: 8 MiB of float64, which is neither mapped nor cleared anew each time
NORMS_AT_ONCE = 128  # rows: 1 MiB of float64 at D = 1024, which stays in the cache
FLOAT32_ERROR = 1e-5  # relative, of placing vectors and of returning float32; generous


class Metric(Protocol):
    """What nearest-token search needs to know of a metric."""

    sign: ClassVar[int]  # score = sign * closeness
    unit: float  # closeness of one unit in the metric's space
    center: np.ndarray  # (D,) float64, what `floor` expects to be taken from placed tokens: w = place(token) - center

    def __init__(self, table: np.ndarray) -> None: ...

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Returns vectors (n, D) in the metric's space, float32; tokens have norms of at most 1 there."""
        ...

    def flat_index(self):
        """Returns an empty FAISS index of full vectors, for placed tokens and vectors."""
        ...

    def offsets(self, tokens: np.ndarray) -> np.ndarray:
        """Returns o (n,) of the tokens w (n, D): the closer to x, the larger `x @ w + o`."""
        ...

    def closeness(self, vectors: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Returns the closeness (n, c) of vectors (n, D) to the tokens `ids` (c,), computed in float64."""
        ...

    def ceiling(self, point: np.ndarray, value: float) -> float:
        """Returns the largest closeness of a token for which FAISS found `value` or worse at point (D,)."""
        ...

    def floor(self, points: np.ndarray, closeness: np.ndarray, moved: np.ndarray) -> np.ndarray:
        """Returns the smallest `x @ w + o` (n,), at points x (n, D), of tokens that matter near x.

        A token matters if it can be as close, within `moved` (n,) of x, as one that has `closeness` (n,) at
        x.
        """
        ...


class Cosine:
    """Cosine similarity, -1..1. The cosine of a zero vector with anything is 0."""

    sign: ClassVar[int] = 1
    unit = 1.0

    def __init__(self, table: np.ndarray) -> None:
        self.table = table
        self.norms = norms(table)  # (V,)
        sums = [self.place(rows).sum(0, dtype=np.float64) for rows in chunks(table)]
        self.center = np.sum(sums, axis=0) / len(table)

    def place(self, vectors: np.ndarray) -> np.ndarray:
        return (vectors * _inverse(norms(vectors))[:, None]).astype(np.float32)

    def flat_index(self):
        import faiss

        return faiss.IndexFlatIP(self.table.shape[1])

    def offsets(self, tokens: np.ndarray) -> np.ndarray:
        return np.zeros(len(tokens))

    def closeness(self, vectors: np.ndarray, ids: np.ndarray) -> np.ndarray:
        left = vectors * _inverse(norms(vectors))[:, None]  # (n,D) float64
        width = self.table.shape[1]
        parts = [left @ self.table[i].astype(np.float64).T * _inverse(self.norms[i]) for i in chunks(ids, width)]
        return np.concatenate(parts, axis=1)

    def ceiling(self, point: np.ndarray, value: float) -> float:
        return value + _dot_error(len(point))

    def floor(self, points: np.ndarray, closeness: np.ndarray, moved: np.ndarray) -> np.ndarray:
        return closeness - 2 * moved - points @ self.center


class L2:
    """Euclidean distance, 0 or more, not squared. Its space is centred and scaled."""

    sign: ClassVar[int] = -1

    def __init__(self, table: np.ndarray) -> None:
        self.table = table
        self.mean = table.mean(0, dtype=np.float64)
        self.center = np.zeros(table.shape[1])
        widest = max(float(norms(rows - self.mean).max()) for rows in chunks(table))
        self.unit = float(2.0 ** np.ceil(np.log2(widest))) if widest > 0 else 1.0  # a power of 2 rounds nothing

    def place(self, vectors: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # infinite points get bounds that exclude nothing
            return ((vectors - self.mean) / self.unit).astype(np.float32)

    def flat_index(self):
        import faiss

        return faiss.IndexFlatL2(self.table.shape[1])

    def offsets(self, tokens: np.ndarray) -> np.ndarray:
        return -(norms(tokens) ** 2) / 2

    def closeness(self, vectors: np.ndarray, ids: np.ndarray) -> np.ndarray:
        parts = [-np.sqrt(self._squared(vectors, i)) for i in chunks(ids, self.table.shape[1])]
        return np.concatenate(parts, axis=1)

    def _squared(self, vectors: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Returns the squared distances (n, c), each to ten digits or more."""
        origin = vectors[0].astype(np.float64)  # near all vectors as a rule, which keeps the sizes below small
        left, right = vectors - origin, self.table[ids] - origin  # (n,D), (c,D) float64
        sizes = (left**2).sum(1)[:, None] + (right**2).sum(1)
        squared = sizes - 2 * (left @ right.T)
        rough = np.argwhere(~(squared > 1e-6 * sizes))  # digits are lost: subtract first instead
        for pairs in chunks(rough, vectors.shape[1]):
            gaps = vectors[pairs[:, 0]].astype(np.float64) - self.table[ids[pairs[:, 1]]]
            squared[pairs[:, 0], pairs[:, 1]] = (gaps**2).sum(1)
        return squared

    def ceiling(self, point: np.ndarray, value: float) -> float:
        size = 1 + norms(point[None])[0]
        return -self.unit * max(0.0, value - _dot_error(len(point)) * size**2) ** 0.5

    def floor(self, points: np.ndarray, closeness: np.ndarray, moved: np.ndarray) -> np.ndarray:
        return (norms(points) ** 2 - (2 * moved - closeness / self.unit) ** 2) / 2


def chunks(rows: np.ndarray, width: int | None = None) -> Iterator[np.ndarray]:
    """Yields `rows` in pieces of at most VALUES_AT_ONCE; `width` is how many each stands for, if not its own."""
    step = max(1, VALUES_AT_ONCE // (width or rows.shape[1]))
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def closest(closeness: np.ndarray, ids: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids (n, k) int32 and closeness (n, k) float32 of the k closest, closest first.

    closeness: (n, c) of the tokens `ids` (c,), which must ascend: tokens whose closeness is the same float32
    come in the order of their ids.
    """
    with np.errstate(over="ignore"):  # what is too far for float32 is infinitely far
        rounded = (-closeness).astype(np.float32) + np.float32(0)  # + 0 gives -0.0 and 0.0 the same bits
    bits = rounded.view(np.int32)
    bits = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # integers in the order of the floats
    keys = (bits.astype(np.int64) << 32) | np.arange(len(ids))  # by closeness, then by place among `ids`
    if k < len(ids):
        keys = np.partition(keys, k - 1, axis=1)[:, :k]
    columns = np.sort(keys, axis=1) & 0xFFFFFFFF
    return ids[columns].astype(np.int32), -np.take_along_axis(rounded, columns, axis=1)


def _dot_error(width: int) -> float:
    """Returns a bound for the float32 error of a dot product of vectors of norm 1, summed in any order."""
    return FLOAT32_ERROR + width * 2.0**-23


def norms(rows: np.ndarray) -> np.ndarray:
    """Returns the norms (n,) of rows (n, D) in float64: squares of large float32 values would overflow."""
    squares = np.empty(len(rows))
    for start in range(0, len(rows), NORMS_AT_ONCE):
        wide = rows[start : start + NORMS_AT_ONCE].astype(np.float64, copy=False)
        squares[start : start + NORMS_AT_ONCE] = np.einsum("nd,nd->n", wide, wide)
    return np.sqrt(squares)


def _inverse(norms: np.ndarray) -> np.ndarray:
    """Returns 1 / norms, and 0 for norms of 0."""
    return np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
