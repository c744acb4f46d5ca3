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
    """The rounded tokens of one table; `of` gives the bounds of a batch of vectors.

    rows: w (V, D) float32, offsets: o (V,) float64.
    integers: True for 8-bit products, False for float32 ones; None lets the processor decide.
    """

    def __init__(self, rows: np.ndarray, offsets: np.ndarray, integers: bool | None = None) -> None:
        self.integers = has_exact_int8() if integers is None else integers
        self.vocabulary, self.width = rows.shape
        size = GROUP if self.vocabulary >= MANY_TOKENS else 1
        groups = -(-self.vocabulary // (size * 16)) * 16
        self.shape = (size, groups)  # a group is a column

        # A group holds tokens alike in what its bound takes the largest of.
        norms = np.concatenate([np.linalg.norm(part, axis=1) for part in chunks(rows)])
        peaks = np.concatenate([np.abs(self._turn(part)).max(1) for part in chunks(rows)])
        slots = np.full(size * groups, -1)
        slots[: self.vocabulary] = np.argsort(norms if offsets.any() else peaks, kind="stable")
        self.tokens = slots.reshape(groups, size).T.ravel()  # (size*groups,) the token of every slot, -1 for none
        filled = self.tokens >= 0
        order = self.tokens[filled]

        def in_slots(values: np.ndarray, empty: float) -> np.ndarray:
            filling = np.full(len(filled), empty, np.float32)
            filling[filled] = values[order]
            return filling

        self.norms = in_slots(norms, 0)  # |w|
        self.offsets = in_slots(offsets, -np.inf)  # o
        self.steps = self._steps(self._largest(in_slots(peaks, 0)))  # (groups,) t
        self.rounded, self.errors = self._round_tokens(rows, filled)  # W, |f|
        self.group_norms = self._largest(self.norms)
        self.group_errors = self._largest(self.errors)
        self.group_offsets = self._largest(self.offsets)
        self.rounding = np.float32(ROUNDING if self.integers else ROUNDING + self.rounded.shape[1] * 2.0**-24)

    def buffer(self, count: int) -> np.ndarray:
        """Returns memory for the products of `count` vectors; used again, it saves a third of their time."""
        return np.empty((max(count, 16), len(self.tokens)), np.int32 if self.integers else np.float32)

    def of(self, points: np.ndarray, buffer: np.ndarray) -> "BatchBounds":
        """Returns the bounds of points (n, D) float32, which hold until the buffer is used again."""
        turned = self._turn(points)
        steps = self._steps(np.abs(turned).max(1))
        whole, errors = self._round(turned, steps[:, None])
        products = self._multiply(whole, buffer)
        return BatchBounds(self, products, np.linalg.norm(points, axis=1), steps, errors)

    def _multiply(self, whole: np.ndarray, buffer: np.ndarray) -> np.ndarray:
        """Returns the products (n, size, groups) of rounded vectors (n, D) and all tokens."""
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

    def _round_tokens(self, rows: np.ndarray, filled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        padded = -(-self.width // BLOCK) * BLOCK
        rounded = np.zeros((len(filled), padded), np.int8 if self.integers else np.float32)
        errors = np.zeros(len(filled), np.float32)
        steps = np.tile(self.steps, self.shape[0])
        for slot in chunks(np.flatnonzero(filled)):
            rounded[slot], errors[slot] = self._round(self._turn(rows[self.tokens[slot]]), steps[slot, None])
        return rounded, errors

    def _largest(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(self.shape).max(0)


@dataclass(frozen=True)
class BatchBounds:
    """The bounds of n vectors against all tokens."""

    table: UpperBounds
    products: np.ndarray  # (n, size, groups) X @ W
    norms: np.ndarray  # (n,) |x|
    steps: np.ndarray  # (n,) s
    errors: np.ndarray  # (n,) |e|

    def of_groups(self) -> np.ndarray:
        """Returns a bound (n, groups) for all tokens of every group."""
        t = self.table
        every = np.arange(len(self.steps))[:, None]
        highest = self.products.max(1)
        return self._bound(every, highest, t.steps, t.group_norms, t.group_errors, t.group_offsets)

    def likely(self, groups: np.ndarray, k: int) -> np.ndarray:
        """Returns k different tokens (n, k) for every vector: close ones as a rule, but any would be correct.

        groups: what `of_groups` returns.
        """
        count, total = groups.shape
        size = self.table.shape[0]
        if k > self.table.vocabulary // size:
            return np.tile(np.arange(k), (count, 1))
        best = np.argpartition(groups, total - k, axis=1)[:, total - k :]
        slots, bounds = self._inside(np.repeat(np.arange(count), k), best.ravel())
        return self.table.tokens[slots[np.arange(len(slots)), bounds.argmax(1)]].reshape(count, k)

    def reaching(self, groups: np.ndarray, floor: np.ndarray, rows: slice) -> np.ndarray:
        """Returns the tokens, ascending, whose `x @ w + o` can be `floor` (n,) for one vector of `rows`."""
        least = np.nextafter(floor[rows].astype(np.float32), np.float32(-np.inf))
        row, group = np.nonzero(~(groups[rows] < least[:, None]))  # "not less": a NaN excludes nothing
        slots, bounds = self._inside(rows.start + row, group)
        found = self.table.tokens[slots[~(bounds < least[row][:, None])]]
        chosen = np.zeros(self.table.vocabulary, bool)
        chosen[found[found >= 0]] = True
        return np.flatnonzero(chosen)

    def _inside(self, row: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns slots and bounds (m, size) of the tokens in group `group` (m,) for vector `row` (m,)."""
        t = self.table
        slots = group[:, None] + np.arange(t.shape[0]) * t.shape[1]
        product = self.products[row, :, group]
        step = t.steps[group][:, None]
        return slots, self._bound(row[:, None], product, step, t.norms[slots], t.errors[slots], t.offsets[slots])

    def _bound(self, row, product, step, norm, error, offset) -> np.ndarray:
        """Returns s t (X @ W) + |e| |w| + |s X| |f| + o and what rounding can add."""
        x, e = self.norms[row], self.errors[row]
        bound = product.astype(np.float32) * (self.steps[row] * step)
        bound += e * norm + (x + e) * error + offset
        bound += self.table.rounding * (x + norm) ** 2
        return bound


@cache
def rotation() -> np.ndarray:
    """Returns Sylvester's matrix of 1 and -1 over sqrt(BLOCK): orthogonal, with exact entries."""
    matrix = np.ones((1, 1), np.float32)
    while len(matrix) < BLOCK:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix / np.float32(BLOCK**0.5)
