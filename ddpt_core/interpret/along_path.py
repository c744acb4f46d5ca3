"""Exact nearest tokens of a path: what is found for one step serves the steps around it.

1. The path is cut into blocks of steps that hardly move. The middle step of a block, its anchor, stands for all.
2. If no step of the block is farther than m from the anchor, and k tokens have a closeness of c or more there,
   then only tokens with c - 2 m or more there can be among the k nearest of any step of the block: c can fall by m,
   and a rival can gain m. Upper bounds (`upper_bounds`) leave few such tokens.
3. Those are compared exactly, for all steps of the block.

A path that stands still has long blocks. One that jumps has blocks of one step, and the bounds do all the work.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ddpt_core.interpret.metric import Metric, closest, norms
from ddpt_core.interpret.upper_bounds import UpperBounds

BLOCKS = (64, 16, 4)  # steps in a block, tried from the longest; then single steps
REACH = 0.75  # 2 m at most, in standard deviations of the closeness over the vocabulary; decides only about time
ANCHORS = 256  # vectors bounded at once: 33 MB of products at V = 32,100
TOGETHER = 16  # neighbouring steps compared together: they share most tokens


def nearest_along(
    metric: Metric, bounds: UpperBounds, path: np.ndarray, k: int
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yields (steps, ids (n, k), closeness (n, k)) until all steps of the path (S+1, D) are done."""
    points = metric.place(path)
    radius = REACH / 2 * _spread(metric, path, bounds.vocabulary) / metric.unit
    blocks = cut(points, radius)
    buffer = bounds.buffer(min(ANCHORS, len(blocks)))
    for first in range(0, len(blocks), ANCHORS):
        yield from _batch(metric, bounds, buffer, path, points, blocks[first : first + ANCHORS], k)


def cut(points: np.ndarray, radius: float) -> np.ndarray:
    """Returns blocks (n, 2) of start and length, in order, that cover points (S+1, D).

    No step of a block is farther than `radius` from the block's anchor, `start + length // 2`.
    """
    free = np.ones(len(points), bool)
    found = []
    for length in BLOCKS:
        starts = np.arange(0, len(points) - length + 1, length)
        starts = starts[free[starts]]
        for offset in (
            0,
            length - 1,
            *range(1, length - 1),
        ):  # most blocks that do not fit show it at their ends
            gaps = points[starts + offset] - points[starts + length // 2]
            starts = starts[norms(gaps) <= radius]
        free[(starts[:, None] + np.arange(length)).ravel()] = False
        found.append(np.stack([starts, np.full_like(starts, length)], 1))
    single = np.flatnonzero(free)
    blocks = np.concatenate([*found, np.stack([single, np.ones_like(single)], 1)])
    return blocks[np.argsort(blocks[:, 0])]


def _batch(metric, bounds, buffer, path, points, blocks, k) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    anchors = blocks[:, 0] + blocks[:, 1] // 2
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow makes a bound that excludes nothing
        bound = bounds.of(points[anchors], buffer)
        likely = bound.likely(k)
    neighbours = _together(blocks)
    least = np.empty(len(anchors))  # k tokens have this closeness or more
    for rows in neighbours:
        tokens, place = np.unique(likely[rows], return_inverse=True)
        closeness = metric.closeness(path[anchors[rows]], tokens)
        least[rows] = np.take_along_axis(closeness, place.reshape(-1, k), axis=1).min(1)
    with np.errstate(over="ignore", invalid="ignore"):
        floor = metric.floor(points[anchors], least, _moved(points, blocks))
        candidates = [bound.reaching(floor, rows) for rows in neighbours]
    for rows, tokens in zip(neighbours, candidates, strict=True):
        steps = slice(int(blocks[rows.start, 0]), int(blocks[rows.stop - 1].sum()))
        yield steps, *closest(metric.closeness(path[steps], tokens), tokens, k)


def _moved(points: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Returns how far (n,) the farthest step of every block is from its anchor; blocks are neighbours."""
    anchors = np.repeat(blocks[:, 0] + blocks[:, 1] // 2, blocks[:, 1])
    first = blocks[0, 0]
    gaps = norms(points[first : first + len(anchors)] - points[anchors])
    return np.maximum.reduceat(gaps, blocks[:, 0] - first)


def _together(blocks: np.ndarray) -> list[slice]:
    """Returns slices of neighbouring blocks that are compared together."""
    edges = [0, *(np.flatnonzero(np.diff(blocks[:, 0] // TOGETHER)) + 1), len(blocks)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _spread(metric: Metric, path: np.ndarray, vocabulary: int) -> float:
    """Returns the standard deviation of the closeness over a sample of tokens, the median over steps."""
    tokens = np.unique(np.linspace(0, vocabulary - 1, 512).astype(int))
    steps = np.unique(np.linspace(0, len(path) - 1, 32).astype(int))
    return float(np.median(metric.closeness(path[steps], tokens).std(1)))
