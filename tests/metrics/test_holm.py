"""Holm's correction against cases worked by hand and against the procedure as Holm wrote it down."""

import random

import pytest

from ddpt_core.metrics.statistics import holm


def rejected_step_down(p_values, alpha):
    """The places that Holm 1979's procedure rejects: the smallest against alpha / n, the next against alpha / (n - 1),
    and so on, until the first that is not small enough."""
    left, rejected = list(range(len(p_values))), set()
    while left:
        smallest = min(left, key=lambda place: p_values[place])
        if p_values[smallest] > alpha / len(left):
            break
        rejected.add(smallest)
        left.remove(smallest)
    return rejected


@pytest.mark.parametrize(
    "p_values, expected",
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # 3 x 0.01, 0.04 after 2 x 0.03, 4 x 0.005
        ([0.02], [0.02]),
        ([0.5, 0.6, 0.7], [1.0, 1.0, 1.0]),  # none above 1
        ([0.01, 0.01], [0.02, 0.02]),  # the second is not below the first
        ([0.001, 0.4, 0.02, 0.03, 0.2], [0.005, 0.4, 0.08, 0.09, 0.4]),
        ([], []),
        ([None, 0.02, None, 0.03], [None, 0.04, None, 0.04]),  # what was not measured is not counted
    ],
)
def test_corrected_values_are_those_worked_by_hand(p_values, expected):
    assert holm(p_values) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_at_most_alpha_is_what_the_step_down_procedure_rejects(seed):
    rng = random.Random(seed)
    p_values = [rng.random() ** 3 for _ in range(rng.randint(1, 30))]
    corrected = holm(p_values)
    for alpha in (0.01, 0.05, 0.2, 0.5):
        rejected = {place for place, value in enumerate(corrected) if value <= alpha}
        assert rejected == rejected_step_down(p_values, alpha)
    assert all(p <= q <= min(1, len(p_values) * p) for p, q in zip(p_values, corrected, strict=True))


def test_order_does_not_matter():
    p_values = [0.04, 0.001, 0.2, 0.03, 0.001]
    corrected = dict(zip(p_values, holm(p_values), strict=True))
    assert dict(zip(sorted(p_values), holm(sorted(p_values)), strict=True)) == corrected
