"""Upper bounds on `x @ w + o` for every token at once, from 8-bit integers.

Only a token whose bound is high enough can be among the nearest: a few dozen of 32,100, to be compared exactly.
With x = s X + e and w = t W + f, where X and W are 8-bit integers,

    x @ w  <=  s t (X @ W) + |e| |w| + |s X| |f|        (Cauchy-Schwarz on the two remainders)

and X @ W is exact: a sum of integers. The remainders' norms are measured, not estimated. Where the processor has no
fast and exact 8-bit product, the same code runs on float32 products, with their rounding error in the bound.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from ddpt_core.interpret.metric import chunks

GROUP = 32  # tokens that share one quick look: the largest product in a group bounds them all
MANY_TOKENS = 4096  # fewer tokens than this are not grouped
BLOCK = 64  # dimensions mixed before rounding, so that one large dimension does not coarsen the others
SMALLEST = np.float32(1e-30)  # of a rounding step: a vector of zeros rounds to zeros

# All that float32 rounding can add, as a share of (|x| + |w|)^2: the rotations (2 * 64 * 8 * 2^-24 / 4 at
# worst), the placing of x and w, and the sum of the bound itself (a few 2^-24 each).
ROUNDING = 4e-5


@cache
def has_exact_int8() -> bool:
    """Returns whether this processor multiplies 8-bit matrices fast (VNNI) and without saturating.

    Without VNNI, pairs of products are added in 16 bits, where the largest values saturate.
    """
    supported = getattr(torch.cpu, "_is_vnni_supported", None)
    if supported is None or not supported() or not hasattr(torch, "_int_mm"):
        return False
    left = torch.full((16, 256), 127, dtype=torch.int8)
    left[8:] = -127
    return torch.equal(torch._int_mm(left, left.T.contiguous()), left.int() @ left.int().T)


class UpperBounds:
    """The rounded tokens of one table, in groups; `of` gives the bounds of a batch of vectors.

    rows: w (V, D) float32, offsets: o (V,) float64.
    integers: True for 8-bit products, False for float32 ones; None lets the processor decide.
    """

    def __init__(self, rows: np.ndarray, offsets: np.ndarray, integers: bool | None = None) -> None:
        self.integers = has_exact_int8() if integers is None else integers
        self.vocabulary, self.width = rows.shape
        size = GROUP if self.vocabulary >= MANY_TOKENS else 1
        self.shape = (-(-self.vocabulary // (size * 16)) * 16, size)  # groups, tokens in each
        norms = np.concatenate([np.linalg.norm(part, axis=1) for part in chunks(rows)])
        peaks = np.concatenate([np.abs(self._turn(part)).max(1) for part in chunks(rows)])

        # A group holds tokens alike in what is taken of them: the largest step t, |w|, |f| and o of any of them.
        order = np.argsort(norms if offsets.any() else peaks, kind="stable")
        self.steps = self._steps(self._largest(peaks[order], 0))  # (groups,)
        self.norms = self._largest(norms[order], 0)
        self.offsets = self._largest(offsets[order], -np.inf)
        self.rounded, errors = self._round_tokens(rows, order)  # W (groups*size, D)
        self.errors = self._largest(errors, 0)
        self.rounding = np.float32(ROUNDING if self.integers else ROUNDING + self.rounded.shape[1] * 2.0**-24)
        self.tokens = np.full(self.shape, -1)  # (groups, size), -1 where there is none
        self.tokens.ravel()[: self.vocabulary] = order

    def buffer(self, count: int) -> np.ndarray:
        """Returns memory for the products of `count` vectors; used again, it saves a third of their time."""
        return np.empty((max(count, 16), self.tokens.size), np.int32 if self.integers else np.float32)

    def of(self, points: np.ndarray, buffer: np.ndarray) -> "BatchBounds":
        """Returns the bounds of points (n, D) float32, which hold until the buffer is used again."""
        turned = self._turn(points)
        steps = self._steps(np.abs(turned).max(1))
        whole, errors = self._round(turned, steps[:, None])
        products = self._multiply(whole, buffer)
        highest = torch.from_numpy(products).amax(2).numpy()  # (n,groups)
        x, e = np.linalg.norm(points, axis=1)[:, None], errors[:, None]
        rest = e * self.norms + (x + e) * self.errors + self.offsets + self.rounding * (x + self.norms) ** 2
        scale = steps[:, None] * self.steps
        return BatchBounds(self, products, scale, rest, highest * scale + rest)

    def _multiply(self, whole: np.ndarray, buffer: np.ndarray) -> np.ndarray:
        """Returns the products (n, groups, size) of rounded vectors (n, D) and all tokens."""
        if not self.integers:
            out = np.matmul(whole, self.rounded.T, out=buffer[: len(whole)])
            return out.reshape(len(whole), *self.shape)
        rows = max(len(whole), 16)  # torch 2.13 may return nonsense for one row (pytorch issue 195066)
        left = torch.zeros((rows, whole.shape[1]), dtype=torch.int8)
        left[: len(whole)] = torch.from_numpy(whole)
        torch._int_mm(left, torch.from_numpy(self.rounded).T, out=torch.from_numpy(buffer[:rows]))
        return buffer[: len(whole)].reshape(len(whole), *self.shape)

    def _turn(self, rows: np.ndarray) -> np.ndarray:
        """Returns rows (n, D) padded to a multiple of BLOCK and rotated, which keeps all products."""
        blocks = -(-self.width // BLOCK)
        wide = np.zeros((len(rows), blocks * BLOCK), np.float32)
        wide[:, : self.width] = rows
        if not self.integers:
            return wide
        return (wide.reshape(-1, BLOCK) @ rotation()).reshape(len(rows), -1)

    def _steps(self, peaks: np.ndarray) -> np.ndarray:
        return np.maximum(peaks / np.float32(127), SMALLEST) if self.integers else np.ones_like(peaks)

    def _round(self, turned: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns turned / steps as whole numbers, and the norms of what that leaves."""
        if not self.integers:
            return turned, np.zeros(len(turned), np.float32)
        whole = np.rint(turned / steps)
        return whole.astype(np.int8), np.linalg.norm(turned - whole * steps, axis=1)

    def _round_tokens(self, rows: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns W (groups*size, D) in the given order of tokens, zeros at the end, and |f| (V,)."""
        padded = -(-self.width // BLOCK) * BLOCK
        rounded = np.zeros((self.shape[0] * self.shape[1], padded), np.int8 if self.integers else np.float32)
        errors = np.zeros(self.vocabulary, np.float32)
        steps = np.repeat(self.steps, self.shape[1])[: self.vocabulary, None]
        for some in chunks(np.arange(self.vocabulary), self.width):
            rounded[some], errors[some] = self._round(self._turn(rows[order[some]]), steps[some])
        return rounded, errors

    def _largest(self, values: np.ndarray, empty: float) -> np.ndarray:
        """Returns the largest value (groups,) float32 of every group, of values (V,) in the groups' order."""
        filled = np.full(self.shape, empty, np.float32)
        filled.ravel()[: len(values)] = values
        return filled.max(1)


@dataclass(frozen=True)
class BatchBounds:
    """The bounds of n vectors: `scale * product + rest` for every token of a group."""

    table: UpperBounds
    products: np.ndarray  # (n, groups, size) X @ W
    scale: np.ndarray  # (n, groups) s t
    rest: np.ndarray  # (n, groups) |e| |w| + |s X| |f| + o, and what rounding can add
    groups: np.ndarray  # (n, groups) the bound of the token with the largest product

    def likely(self, k: int) -> np.ndarray:
        """Returns k different tokens (n, k) for every vector: close ones as a rule, but any would be correct."""
        count = len(self.groups)
        if k > self.table.vocabulary // self.table.shape[1]:
            return np.tile(np.arange(k), (count, 1))
        group = torch.from_numpy(self.groups).topk(k, sorted=False).indices.numpy()  # (n,k)
        place = self._products(np.repeat(np.arange(count), k), group.ravel()).argmax(1)
        return self.table.tokens[group.ravel(), place].reshape(count, k)

    def reaching(self, floor: np.ndarray, rows: slice) -> np.ndarray:
        """Returns the tokens, ascending, whose `x @ w + o` can be `floor` (n,) for one vector of `rows`."""
        least = np.nextafter(floor[rows].astype(np.float32), np.float32(-np.inf))[:, None]
        row, group = np.nonzero(~(self.groups[rows] < least))  # "not less": a NaN excludes nothing
        scale, rest = self.scale[rows][row, group, None], self.rest[rows][row, group, None]
        bounds = self._products(rows.start + row, group) * scale + rest
        found = self.table.tokens[group][~(bounds < least[row])]
        chosen = np.zeros(self.table.vocabulary, bool)
        chosen[found[found >= 0]] = True
        return np.flatnonzero(chosen)

    def _products(self, row: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Returns the products (m, size) float32 of vector `row` (m,) with the tokens of group `group` (m,)."""
        groups, size = self.products.shape[1:]
        return self.products.reshape(-1, size).take(row * groups + group, axis=0).astype(np.float32)


@cache
def rotation() -> np.ndarray:
    """Returns Sylvester's matrix of 1 and -1 over sqrt(BLOCK): orthogonal, with exact entries."""
    matrix = np.ones((1, 1), np.float32)
    while len(matrix) < BLOCK:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix / np.float32(BLOCK**0.5)
