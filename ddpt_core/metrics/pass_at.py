"""pass@k: the chance that one of k sampled programs passes its tests, estimated from n samples a task."""

from collections.abc import Sequence

import numpy as np

from ddpt_core.errors import ConfigError, DataError
from ddpt_core.metrics.statistics import Interval, bootstrap_interval


def pass_at_k(n: int, c: int, k: int) -> float:
    """Returns the unbiased estimate of pass@k from n samples, c of which passed: 1 - C(n - c, k) / C(n, k).

    Chen et al. 2021 (arXiv 2107.03374), equation 1, which is the share of the subsets of k samples that hold a
    passing one. As a product, so that no binomial is ever formed; of the two products that are equal to the
    quotient, the one of fewer factors. Raises ConfigError for k outside 1..n, DataError for c outside 0..n.
    """
    if not 1 <= k <= n:
        raise ConfigError(f"k of pass@k must be from 1 to the number of samples, {n:,}, got {k:,}; draw more samples.")
    if not 0 <= c <= n:
        raise DataError(f"The number of samples that passed must be from 0 to {n:,}, got {c:,}.")
    fewer, more = sorted((c, k))
    # C(n - c, k) / C(n, k) = prod_{i < k} (n - c - i) / (n - i) = prod_{i < c} (n - k - i) / (n - i); if every
    # subset holds a passing sample (n - c < k), one factor is 0.
    places = n - np.arange(fewer, dtype=float)
    return float(1.0 - np.prod(1.0 - more / places))


def mean_pass_at(
    counts: Sequence[tuple[int, int]], k: int, samples: int = 1000, seed: int = 0
) -> tuple[float, Interval | None]:
    """Returns the mean of pass_at_k over the tasks' (n, c), and its bootstrap 95 % interval over the tasks.

    The interval is None with fewer than two tasks. Raises DataError without any.
    """
    if not counts:
        raise DataError("There is no task to take the mean of pass@k over; give at least one.")
    values = np.array([pass_at_k(n, c, k) for n, c in counts])
    items = np.column_stack([values, np.ones(len(values))])  # (tasks, 2)
    return float(values.mean()), bootstrap_interval(items, _mean, samples, seed)


def _mean(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 1]
