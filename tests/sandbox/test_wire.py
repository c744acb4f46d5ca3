import collections
import datetime
import decimal
import fractions
import os

import numpy
import pytest

from sandbox.wire import MAX_FRAME_BYTES, Codec, Line, WireError, take_frames

PLAIN = [
    None, True, 0, -(2**53) - 1, 2**4000, 1.5, float("inf"), -0.0, "text", "\udc80 \0 é", b"\0\xff", bytearray(b"a"),
    [1, [2]], (1, (2,)), {1: {2: 3}, (4,): None}, {1, 2}, frozenset({3}), 2 - 3j, range(1, 9, 2), slice(1, None),
    fractions.Fraction(-1, 3), decimal.Decimal("1.10"), datetime.date(2024, 2, 29), datetime.timedelta(-1, 5, 6),
    datetime.datetime(2024, 1, 2, 3, 4, 5, 6, datetime.UTC), datetime.time(1, 2), collections.deque([1], 3),
    collections.Counter("aab"), collections.OrderedDict(b=1, a=2), collections.defaultdict(list, {1: [2]}), len, int,
    ValueError, fractions,
]  # fmt: skip


def sent(form):
    """Takes a form over a real pipe."""
    reading, writing = os.pipe()
    try:
        Line(-1, writing).send(form)
        return Line(reading, -1).receive()
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_a_plain_value_arrives_as_it_was_with_its_type(value):
    codec = Codec()
    back = codec.decode(sent(codec.encode(value)))
    assert back == value and type(back) is type(value)
    assert repr(back) == repr(value)


@pytest.mark.parametrize(
    "array",
    [
        numpy.arange(6).reshape(2, 3),
        numpy.zeros((0, 4), "f4"),
        numpy.float32(1.5),
        numpy.array(["ab", "c"]),
        numpy.bool_(True),
    ],
    ids=repr,
)
def test_an_array_arrives_with_its_shape_and_type(array):
    back = Codec().decode(sent(Codec().encode(array)))
    assert type(back) is type(array) and back.dtype == array.dtype and back.shape == array.shape
    assert (back == array).all()


class Equal(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


NOT_PLAIN = [Equal(3), object(), lambda: 1, Equal, numpy.array([object()], object)]


@pytest.mark.parametrize("value", NOT_PLAIN, ids=lambda value: type(value).__name__)
def test_what_is_not_plain_does_not_cross_by_itself(value):
    with pytest.raises(TypeError, match="cannot cross"):
        Codec().encode([value])


@pytest.mark.parametrize(
    "form",
    [
        [],
        ["nothing"],
        [["list"]],
        ["dict", 1],
        ["int", "zz"],
        ["value", "os.system", "true"],
        ["shared", "os", "system"],
        ["shared", "builtins", "no_such"],
        ["shared", "ddpt_core", ""],
        ["array", "|O8", None, "00" * 8],
        ["object", 1, "name", None],
        ["set", ["list", 1]],
    ],
)
def test_a_form_that_nobody_writes_is_refused(form):
    with pytest.raises(WireError):
        Codec().decode(form)


def test_frames_come_out_whole_however_they_arrive():
    reading, writing = os.pipe()
    for form in (1, ["two"], None):
        Line(-1, writing).send(form)
    os.close(writing)
    data, arrived, found = os.read(reading, 1000), bytearray(), []
    os.close(reading)
    for byte in data:
        arrived.append(byte)
        found += take_frames(arrived)
    assert found == [1, ["two"], None] and not arrived


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\2\0\0\0{]", b"\1\0\0\0\xff"])
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(WireError):
        list(take_frames(bytearray(data)))


def test_a_value_too_large_to_cross_is_refused_where_it_is_sent():
    with pytest.raises(WireError, match="32 MiB"):
        Line(-1, -1).send("x" * MAX_FRAME_BYTES)


def test_the_end_of_the_other_side_is_an_end_of_file():
    reading, writing = os.pipe()
    os.write(writing, b"\5\0")
    os.close(writing)
    with pytest.raises(EOFError):
        Line(reading, -1).receive()
    os.close(reading)
