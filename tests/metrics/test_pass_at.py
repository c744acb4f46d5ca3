"""pass@k against its definition: exact fractions, every subset counted, and k samples really drawn."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest

from ddpt_core.errors import ConfigError, DataError
from ddpt_core.metrics.pass_at import mean_pass_at, pass_at_k


def exactly(n: int, c: int, k: int) -> Fraction:
    """Equation 1 of the HumanEval paper in whole numbers."""
    return 1 - Fraction(comb(n - c, k), comb(n, k))


def test_every_small_case_is_the_exact_fraction():
    for n in range(1, 13):
        for c in range(n + 1):
            for k in range(1, n + 1):
                assert pass_at_k(n, c, k) == pytest.approx(float(exactly(n, c, k)), abs=1e-15), (n, c, k)


@pytest.mark.parametrize("n, c, k", [(5, 2, 3), (7, 1, 4), (6, 3, 2), (8, 0, 3), (4, 4, 1)])
def test_it_is_the_share_of_subsets_that_hold_a_passing_sample(n, c, k):
    subsets = list(combinations(range(n), k))  # samples 0 to c - 1 pass
    assert pass_at_k(n, c, k) == pytest.approx(sum(min(subset) < c for subset in subsets) / len(subsets))


@pytest.mark.parametrize(
    "n, c, k",
    [(200, 3, 100), (200, 120, 10), (10_000, 17, 500), (100_000, 1, 1), (100_000, 3, 50_000), (100_000, 50_000, 7)],
)
def test_it_stays_exact_where_the_binomials_have_thousands_of_digits(n, c, k):
    assert pass_at_k(n, c, k) == pytest.approx(float(exactly(n, c, k)), rel=1e-12)


def test_it_is_unbiased_where_the_naive_estimate_is_not():
    """Programs pass with chance 0.3; the chance that one of 5 passes is 1 - 0.7 ** 5."""
    passed = np.random.default_rng(0).binomial(10, 0.3, size=20_000)  # of n = 10 samples
    true = 1 - 0.7**5
    assert np.mean([pass_at_k(10, int(c), 5) for c in passed]) == pytest.approx(true, abs=0.005)
    assert abs(np.mean(1 - (1 - passed / 10) ** 5) - true) > 0.02


def test_pass_at_1_is_the_share_that_passed_and_more_tries_never_lower_it():
    assert pass_at_k(40, 7, 1) == pytest.approx(7 / 40)
    rising = [pass_at_k(40, 7, k) for k in range(1, 41)]
    assert rising == sorted(rising) and rising[-1] == 1.0
    assert [pass_at_k(40, 0, k) for k in (1, 40)] == [0.0, 0.0]


@pytest.mark.parametrize("k", [0, -1, 11])
def test_k_outside_1_to_n_is_refused_with_the_limit(k):
    with pytest.raises(ConfigError, match=rf"from 1 to the number of samples, 10, got {k}; draw more samples"):
        pass_at_k(10, 3, k)


@pytest.mark.parametrize("c", [-1, 11])
def test_more_passed_than_drawn_is_refused(c):
    with pytest.raises(DataError, match=rf"from 0 to 10, got {c}"):
        pass_at_k(10, c, 1)


def test_mean_is_over_tasks_and_its_interval_that_of_the_central_limit_theorem():
    counts = [(10, int(c)) for c in np.random.default_rng(1).integers(0, 5, size=300)]
    values = np.array([float(exactly(n, c, 3)) for n, c in counts])
    mean, (low, high) = mean_pass_at(counts, 3, samples=20_000)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert mean == pytest.approx(values.mean())
    assert (low, high) == (pytest.approx(mean - half, abs=0.003), pytest.approx(mean + half, abs=0.003))


def test_mean_of_nothing_is_refused_and_one_task_has_no_interval():
    with pytest.raises(DataError, match="no task"):
        mean_pass_at([], 1)
    assert mean_pass_at([(4, 1)], 1) == (0.25, None)
