"""The picture of a training's losses: every point where its axes say it is, in words too, no markup from outside."""

import itertools
import math
import re
from xml.etree import ElementTree

import pytest

from app.train.training import Point
from app.train.training_curve import (
    BOTTOM,
    LEFT,
    RIGHT,
    SIZES,
    TOP,
    Curve,
    binned,
    in_words,
    step_ticks,
    ticks_between,
    training_curve,
    training_curves,
    way,
)

HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}</script>\u202e"
POINTS = [Point(i, 4.0 - i / 100, 3.9 - i / 100 if i % 50 == 0 else None) for i in range(1, 101)]
CURVE = Curve(POINTS, 200, 2.9, 100, "mine: DDPT on Tiny-1M, families:training")


def drawn(curve, layout="wide"):
    return ElementTree.fromstring(training_curve(curve, layout))


def numbers(path):
    return [tuple(map(float, pair.split())) for pair in re.findall(r"[ML]([^ML]+)", path)]


def loss_at(picture, y):
    """The loss that the axis of a picture gives to a height: by two of its ticks."""
    ticks = [
        (float(one.get("y")) - 4, float(one.text)) for one in picture.findall("text") if one.get("x") == str(LEFT - 8)
    ]
    (y0, low), (y1, high) = ticks[0], ticks[-1]
    return low + (high - low) * (y - y0) / (y1 - y0)


@pytest.mark.parametrize("layout", SIZES)
def test_every_point_stands_where_the_axes_say(layout):
    picture, (width, height) = drawn(CURVE, layout), SIZES[layout]
    places = numbers(picture.find("path[@class='train']").get("d"))
    assert len(places) == 100
    for point, (x, y) in zip(POINTS, places, strict=True):
        assert x == pytest.approx(LEFT + (width - LEFT - RIGHT) * point.step / 200, abs=0.06)
        assert loss_at(picture, y) == pytest.approx(point.train, abs=0.01)
    assert all(LEFT <= x <= width - RIGHT and TOP <= y <= height - BOTTOM for x, y in places)
    dots = [(float(one.get("cx")), float(one.get("cy"))) for one in picture.findall("circle[@class='dot']")]
    assert dots == numbers(picture.find("path[@class='validation']").get("d")) and len(dots) == 2
    assert [loss_at(picture, y) for _, y in dots] == pytest.approx([3.4, 2.9], abs=0.01)
    rings = [one for one in picture.findall("circle[@class='best']") if float(one.get("r")) == 7]
    assert [(float(one.get("cx")), float(one.get("cy"))) for one in rings] == dots[1:]
    assert [one.find("title").text for one in picture.findall("circle[@class='dot']")][1] == "step 100: 2.9000"


def test_the_point_of_now_is_there_until_the_last_step():
    assert drawn(CURVE).find("circle[@class='now']") is not None
    assert drawn(Curve(POINTS, 100)).find("circle[@class='now']") is None


def test_a_long_training_is_drawn_by_means_that_keep_the_sum_and_the_last_step():
    points = [(step, math.sin(step) + step / 1000) for step in range(1, 1_001)]
    found = binned(points, 240)
    assert len(found) == 200 and found[-1][0] == 1_000
    assert math.fsum(loss for _, loss in found) * 5 == pytest.approx(math.fsum(loss for _, loss in points))
    assert binned(points[:7], 240) == points[:7] and binned([]) == []
    odd = binned(points[:11], 4)
    assert [step for step, _ in odd] == [2, 5, 8, 11]


@pytest.mark.parametrize(("low", "high"), [(2.9, 4.0), (0.0, 0.0), (3.0, 3.0), (1e-7, 2e-7), (0.5, 900.0), (-1.0, 1.0)])
def test_ticks_are_round_and_enclose_what_is_drawn(low, high):
    ticks = ticks_between(low, high)
    assert ticks[0] <= low + 1e-12 and ticks[-1] >= high - 1e-12 and 2 <= len(ticks) <= 12
    gaps = [after - before for before, after in itertools.pairwise(ticks)]
    assert gaps == pytest.approx([gaps[0]] * len(gaps))


@pytest.mark.parametrize("steps", [1, 7, 60, 600, 12_345])
def test_the_axis_of_steps_begins_at_none_and_ends_at_all(steps):
    ticks = [tick for tick, _ in step_ticks(steps, 6)]
    assert ticks[0] == 0 and ticks[-1] == steps and ticks == sorted(set(ticks))


def test_what_is_not_finite_leaves_a_gap():
    assert way([(1, 2.0), (2, math.nan), (3, 4.0), (4, 5.0)]) == "M1 2.0M3 4.0L4 5.0"
    drawn(Curve([Point(1, 2.0, None), Point(2, math.inf, None)], 5))


def test_the_picture_is_told_in_words():
    assert in_words(CURVE) == (
        "mine: DDPT on Tiny-1M, families:training: step 100 of 200, training loss 3.000, validation loss 2.900, "
        "best 2.900 at step 100 (nats per token)."
    )
    assert in_words(Curve([], 5)) == "No step has been trained yet."
    assert drawn(CURVE).get("aria-label") == in_words(CURVE) and drawn(CURVE).get("role") == "img"


def test_text_from_outside_is_no_markup():
    picture = training_curves(Curve(POINTS[:3], 5, about=HOSTILE, unit=HOSTILE))
    assert "<img" not in picture and "\u202e" not in picture
    for svg in re.findall(r"<svg.*?</svg>", picture, re.DOTALL):
        ElementTree.fromstring(svg)


def test_nothing_yet_and_one_point_are_drawn():
    assert drawn(Curve([], 10)).find("path[@class='train']").get("d") == ""
    assert numbers(drawn(Curve([Point(1, 2.5, 2.5)], 10)).find("path[@class='train']").get("d"))
