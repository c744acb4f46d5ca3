"""Bootstrap intervals and paired comparisons against formulas, sacrebleu's resampling, and themselves."""

from math import erfc, sqrt

import numpy as np
import pytest

from ddpt_core.errors import ConfigError, DataError
from ddpt_core.metrics import statistics
from ddpt_core.metrics.statistics import bootstrap_interval, paired_bootstrap, resampled_sums, score_of


def mean(sums: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return sums[..., 0] / sums[..., 1]


def rows(values) -> np.ndarray:
    """Returns statistics of which `mean` is the mean of `values`."""
    values = np.asarray(values, dtype=float)
    return np.column_stack([values, np.ones(len(values))])


def test_the_interval_of_a_mean_is_that_of_the_central_limit_theorem():
    values = np.random.default_rng(1).normal(10, 3, size=400)
    low, high = bootstrap_interval(rows(values), mean, samples=20_000)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(200):
        low, high = bootstrap_interval(rows(rng.normal(0, 1, size=60)), mean, samples=300, seed=seed)
        covered += low <= 0 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_one_seed_gives_one_interval_and_another_seed_another():
    items = rows(range(50))
    assert bootstrap_interval(items, mean, seed=3) == bootstrap_interval(items, mean, seed=3)
    assert bootstrap_interval(items, mean, seed=3) != bootstrap_interval(items, mean, seed=4)


def test_equal_items_give_an_interval_without_width():
    assert bootstrap_interval(rows([5.0] * 20), mean) == (5.0, 5.0)


@pytest.mark.parametrize("items", [np.zeros((0, 2)), rows([3.0]), np.zeros((5, 2))])
def test_an_interval_is_none_for_less_than_two_items_or_an_undefined_score(items):
    assert bootstrap_interval(items, mean) is None


def test_a_resample_without_a_defined_score_is_left_out():
    items = np.array([[4.0, 1.0], [0.0, 0.0]])  # a quarter of the resamples holds only the second item
    assert bootstrap_interval(items, mean) == (4.0, 4.0)


def test_every_resample_draws_as_many_items_as_there_are_with_each_equally_likely():
    sums = resampled_sums(np.eye(5), samples=4000, seed=0)  # (R, 5): how often each item was drawn
    assert (sums.sum(axis=1) == 5).all()
    assert sums.mean(axis=0) == pytest.approx([1] * 5, abs=0.06)
    assert sums.var(axis=0) == pytest.approx([0.8] * 5, abs=0.08)  # binomial: n p (1 - p)


def test_how_many_are_drawn_at_once_does_not_change_what_is_drawn(monkeypatch):
    items = rows(range(30))
    whole = resampled_sums(items, samples=100, seed=5)
    monkeypatch.setattr(statistics, "DRAWS_AT_ONCE", 70)
    assert (resampled_sums(items, samples=100, seed=5) == whole).all()


@pytest.mark.parametrize("samples", [0, -5])
def test_fewer_than_one_resample_is_refused(samples):
    with pytest.raises(ConfigError, match="samples must be at least 1"):
        bootstrap_interval(rows([1, 2]), mean, samples=samples)


def test_the_score_is_none_where_it_is_undefined():
    assert score_of(rows([1, 2, 6]), mean) == 3.0
    assert score_of(np.zeros((3, 2)), mean) is None
    assert score_of(np.zeros((0, 2)), mean) is None


def test_an_arm_compared_with_itself_differs_by_nothing():
    items = rows(np.random.default_rng(0).normal(5, 1, 80))
    result = paired_bootstrap(items, items, mean)
    assert (result.difference, result.difference_ci95, result.ratio) == (0.0, (0.0, 0.0), 1.0)
    assert result.p_value == 1.0
    assert result.ratio_ci95 == (1.0, 1.0)


def test_a_constant_gain_is_certain_because_the_items_are_paired():
    values = np.random.default_rng(0).normal(50, 20, 80)
    result = paired_bootstrap(rows(values), rows(values + 1), mean)
    assert result.difference == pytest.approx(1)
    assert result.difference_ci95 == pytest.approx((1, 1))
    assert result.p_value == pytest.approx(1 / 1001)


def test_the_p_value_is_that_of_a_normal_test_on_the_differences():
    rng = np.random.default_rng(5)
    first = rng.normal(0, 1, 300)
    second = first + rng.normal(0.08, 1, 300)
    result = paired_bootstrap(rows(first), rows(second), mean, samples=20_000)
    differences = second - first
    deviations = differences.mean() / (differences.std() / np.sqrt(300))
    assert result.p_value == pytest.approx(erfc(abs(deviations) / sqrt(2)), abs=0.02)
    assert 0.02 < result.p_value < 0.98  # or the comparison above says nothing


def test_exchanging_the_arms_turns_the_difference_round_and_keeps_the_p_value():
    rng = np.random.default_rng(6)
    first, second = rows(rng.uniform(1, 2, 40)), rows(rng.uniform(1, 2, 40))
    there, back = paired_bootstrap(first, second, mean), paired_bootstrap(second, first, mean)
    assert back.difference == -there.difference
    assert back.difference_ci95 == pytest.approx((-there.difference_ci95[1], -there.difference_ci95[0]))
    assert back.ratio == pytest.approx(1 / there.ratio)
    assert back.p_value == there.p_value


def test_the_p_value_agrees_with_sacrebleus_randomisation_test(monkeypatch):
    from sacrebleu.metrics import BLEU
    from sacrebleu.significance import PairedTest

    from ddpt_core.metrics.text_metrics import METRICS

    rng = np.random.default_rng(7)
    words = [[f"w{number}" for number in rng.integers(0, 30, size=12)] for _ in range(60)]

    def spoilt(share: float) -> list[str]:
        return [" ".join(w if rng.random() > share else "x" for w in line) for line in words]

    references, first, second = [" ".join(line) for line in words], spoilt(0.22), spoilt(0.2)
    bleu = BLEU(tokenize="none", force=True, smooth_method="none")
    monkeypatch.setenv("SACREBLEU_SEED", "1")
    systems = [("first", first), ("second", second)]
    test = PairedTest(systems, {"BLEU": bleu}, [references], test_type="ar", n_samples=2000)
    theirs = test()[1]["BLEU"][1]
    metric = METRICS["bleu"]
    arms = (metric.sums.statistics(answers, references) for answers in (first, second))
    ours = paired_bootstrap(*arms, metric.sums.reduce, samples=2000)
    assert ours.treatment == pytest.approx(theirs.score)
    assert ours.p_value == pytest.approx(theirs.p_value, abs=0.05)
    assert 0.05 < ours.p_value < 0.95  # or the comparison above says nothing


def test_what_is_undefined_is_none():
    nothing, zeros, some = np.zeros((4, 2)), rows([0, 0, 0, 0]), rows([1, 2, 3, 4])
    undefined = paired_bootstrap(nothing, some, mean)
    assert (undefined.baseline, undefined.treatment) == (None, 2.5)
    assert undefined.difference is undefined.ratio is undefined.p_value is None
    from_zero = paired_bootstrap(zeros, some, mean)
    assert from_zero.ratio is from_zero.ratio_ci95 is None
    assert from_zero.difference == 2.5
    often_zero = paired_bootstrap(rows([0, 0, 0, 4]), some, mean)  # a third of its resamples have a mean of 0
    assert (often_zero.ratio, often_zero.ratio_ci95) == (2.5, None)
    single = paired_bootstrap(rows([2]), rows([3]), mean)
    assert (single.difference, single.ratio) == (1.0, 1.5)
    assert single.difference_ci95 is single.ratio_ci95 is single.p_value is None


def test_arms_on_different_tasks_are_refused():
    with pytest.raises(DataError, match="needs the same items in both arms"):
        paired_bootstrap(rows([1, 2]), rows([1, 2, 3]), mean)
