"""Bootstrap intervals and paired comparisons of corpus scores, from statistics kept per item.

A corpus score is no mean of item scores, but a function of sums over the items (n-gram matches, lengths,
counts). So a resample is a row that says how often each item was drawn, and a thousand resamples are one
matrix product.

Letters here: n items, F statistics of one item, R resamples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ddpt_core.errors import DataError, require_range

Reduce = Callable[[np.ndarray], np.ndarray]  # (..., F) sums over items -> (...) scores, nan where undefined
Interval = tuple[float, float]

DRAWS_AT_ONCE = 2_000_000  # item draws held in memory, about 50 MB with their counts
CONFIDENCE = 0.95


@dataclass(frozen=True)
class PairedComparison:
    """How a treatment's corpus score differs from a baseline's on the same items.

    `p_value` is two-sided, for the hypothesis that the two do not differ. What is undefined is None: an
    interval with fewer than two items, a ratio to a baseline of 0, everything where a score itself is
    undefined.
    """

    baseline: float | None
    treatment: float | None
    difference: float | None  # treatment - baseline
    difference_ci95: Interval | None
    ratio: float | None  # treatment / baseline
    ratio_ci95: Interval | None
    p_value: float | None
    n: int
    samples: int


def score_of(statistics: np.ndarray, reduce: Reduce) -> float | None:
    """Returns the corpus score of per-item statistics (n, F), None where it is undefined."""
    value = float(reduce(statistics.sum(axis=0)))
    return value if np.isfinite(value) else None


def bootstrap_interval(statistics: np.ndarray, reduce: Reduce, samples: int = 1000, seed: int = 0) -> Interval | None:
    """Returns the 95 % percentile interval of a corpus score, items resampled with replacement (Efron 1979).

    Args:
        statistics: (n, F), one row for each item.
        reduce: the score as a function of the rows' sums.
        samples: number of resamples R.
        seed: the same seed draws the same items, so the intervals of several metrics or arms rest on the same
            resamples.

    Returns:
        (low, high), or None with fewer than two items or where the score is undefined. A resample that
        happens to hold no item with a defined score is left out.
    """
    if len(statistics) < 2:
        return None
    return _interval(reduce(resampled_sums(statistics, samples, seed)))


def paired_bootstrap(
    baseline: np.ndarray, treatment: np.ndarray, reduce: Reduce, samples: int = 1000, seed: int = 0
) -> PairedComparison:
    """Returns how `treatment` differs from `baseline`, both (n, F) and row i of both on the same item.

    Both are scored on the same resamples, which takes out what is due to the choice of items (Koehn 2004).
    The p-value counts the resampled differences that lie as far from their mean as the measured one from 0,
    and adds one to both counts so that it is never 0 (Riezler and Maxwell 2005); two arms with equal answers
    get 1.
    """
    if baseline.shape != treatment.shape:
        raise DataError(
            f"A paired comparison needs the same items in both arms, got shapes {baseline.shape} and "
            f"{treatment.shape}; score both arms on one list of tasks."
        )
    n = len(baseline)
    first, second = score_of(baseline, reduce), score_of(treatment, reduce)
    if first is None or second is None:
        return PairedComparison(first, second, None, None, None, None, None, n, samples)
    difference = second - first
    ratio = second / first if first else None
    if n < 2:
        return PairedComparison(first, second, difference, None, ratio, None, None, n, samples)
    first_scores = reduce(resampled_sums(baseline, samples, seed))  # (R,)
    second_scores = reduce(resampled_sums(treatment, samples, seed))  # (R,), of the same items
    differences = second_scores - first_scores
    differences = differences[np.isfinite(differences)]
    p_value = ratio_interval = None
    if len(differences):
        far = np.abs(differences - differences.mean()) >= abs(difference)
        p_value = float((far.sum() + 1) / (len(differences) + 1))
    if ratio is not None and (first_scores > 0).all():
        ratio_interval = _interval(second_scores / first_scores)
    return PairedComparison(
        baseline=first,
        treatment=second,
        difference=difference,
        difference_ci95=_interval(differences),
        ratio=ratio,
        ratio_ci95=ratio_interval,
        p_value=p_value,
        n=n,
        samples=samples,
    )


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Returns p-values corrected for how many there are (Holm 1979, "A simple sequentially rejective procedure").

    To hold a corrected value against alpha is to hold all of them: the chance that any true hypothesis of the family is
    rejected is at most alpha, however they depend on each other. What was not measured, None, is not counted.
    """
    known = sorted((value, place) for place, value in enumerate(p_values) if value is not None)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (value, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * value))
        corrected[place] = highest
    return corrected


def resampled_sums(statistics: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Returns the sums (R, F) of R resamples of the n rows of (n, F); in bounded memory."""
    require_range("samples", samples, 1)
    n, width = statistics.shape
    rng = np.random.default_rng(seed)
    sums = np.empty((samples, width))
    step = max(1, DRAWS_AT_ONCE // n)
    for start in range(0, samples, step):
        rows = min(step, samples - start)
        items = rng.integers(0, n, size=(rows, n))
        cells = items + n * np.arange(rows)[:, None]  # of a table (rows, n)
        times = np.bincount(cells.ravel(), minlength=rows * n).reshape(rows, n)  # an item was drawn
        sums[start : start + rows] = times @ statistics  # (rows, n) @ (n, F) -> (rows, F)
    return sums


def _interval(scores: np.ndarray) -> Interval | None:
    scores = scores[np.isfinite(scores)]
    if not len(scores):
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return float(low), float(high)
