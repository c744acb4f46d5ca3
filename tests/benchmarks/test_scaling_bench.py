"""Exponents of known growth, and that memory is seen where it is taken; how our operations grow is not tested here."""

import json
import sys

import numpy as np
import pytest

from benchmarks import scaling

SIZES = (8, 16, 32, 64, 128)


@pytest.mark.parametrize("power", [0, 0.5, 1, 2])
def test_the_exponent_of_a_power_is_that_power(power):
    assert scaling.exponent(SIZES, [7 * size**power for size in SIZES]) == pytest.approx(power)


def test_the_exponent_is_numpys_least_squares_slope_of_the_logarithms():
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 100, len(SIZES))
    slope = np.polyfit(np.log(SIZES), np.log(values), 1)[0]
    assert scaling.exponent(SIZES, values) == pytest.approx(slope)


def test_a_result_tells_the_fit_the_end_of_it_and_what_was_measured():
    told = json.loads(scaling.result("scaling, P, x, time", (1, 2, 4), (1.0, 1.0, 2.0), 1.1, "seconds").as_json())
    assert told["value"] == pytest.approx(0.5) and told["details"]["exponent_of_the_last_two"] == pytest.approx(1)
    assert told["details"]["seconds"] == [1.0, 1.0, 2.0] and told["met"] and told["count"] == 3
    assert not scaling.result("x", (1, 2, 4), (1.0, 3.0, 9.0), 1.1, "seconds").met


def test_sizes_with_nothing_to_show_are_left_out_and_too_few_give_no_slope():
    assert scaling.result("x", SIZES, (0, 0, 4, 8, 16), 1.1, "bytes").value == pytest.approx(1)
    few = scaling.result("x", SIZES, (0, 0, 0, 8, 64), 1.1, "bytes")
    assert few.value == 0 and few.met and "too little to see" in few.as_text()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's /proc")
def test_memory_is_what_the_work_takes_at_most_and_not_what_was_taken_before():
    before = np.ones(2**23)  # 64 MiB
    small, _ = scaling.highest_during(lambda: np.ones(2**21).sum())
    large, seconds = scaling.highest_during(lambda: np.ones(2**24))
    assert 15 < small / 2**20 < 40 and 120 < large / 2**20 < 160 and seconds > 0
    assert before.sum() == 2**23


def test_every_axis_has_operations_each_prepared_from_a_size_alone():
    from benchmarks.scaling_work import GROWTHS

    assert {growth.axis for growth in GROWTHS} == {"P", "D", "V", "S", "items"}
    assert len({(growth.axis, growth.operation) for growth in GROWTHS}) == len(GROWTHS)
    limits = {"P": (8, 128), "D": (256, 2048), "V": (8_000, 256_000), "S": (10, 2000), "items": (100, 10_000)}
    assert all((growth.sizes[0], growth.sizes[-1]) == limits[growth.axis] for growth in GROWTHS)


@pytest.mark.parametrize("operation", ["attention", "reading", "denoiser's part of a training step"])
def test_an_operation_is_measured_in_the_process_that_asks(operation):
    from benchmarks.scaling_work import GROWTHS

    number = next(i for i, growth in enumerate(GROWTHS) if growth.operation == operation)
    seconds, memory = scaling.measured(number, GROWTHS[number].sizes[1])
    assert seconds > 0 and memory >= 0
