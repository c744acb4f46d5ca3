"""Stand-ins for what lives in the program's process, as the tests see them.

A stand-in passes on attribute access, calls, indexing, iteration and conversions: what the program answers
there, it answers without knowing what the test expects. Comparisons and arithmetic with the test's own values
are different: they would show the program the expected value and let it say "equal". They are done here, on
the data of the object (a namedtuple is compared as a tuple), and an object without plain data equals none of
them. Only where both sides are objects of the program does the program's own `==` decide.
"""

import dis
import operator
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

Ask = Callable[..., Any]  # ask("getattr", stand_in, "name") -> the program's answer

_FORWARDED = """
    getitem setitem delitem iter next reversed len str repr format bool int float round index neg pos abs invert
    enter
"""
_COMPARISONS = "eq ne lt le gt ge"
_ARITHMETIC = "add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift"
_NO_DATA = object()


class Remote:
    # An object of the program; `_data` is the plain value in it, if its type derives from a plain type. Without a
    # docstring of its own, as `function.__doc__` has to be the program's.

    __slots__ = ("_ask", "_data", "_number", "_type_name")

    def __init__(self, ask: Ask, number: int, type_name: str) -> None:
        _set(self, "_ask", ask)
        _set(self, "_number", number)
        _set(self, "_type_name", type_name)
        _set(self, "_data", _NO_DATA)

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # so that isinstance(point, tuple) holds for a namedtuple
        data = _get(self, "_data")
        return Remote if data is _NO_DATA else type(data)

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return _get(self, "_ask")("getattr", self, "__doc__")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__array"):  # asked by numpy, which would take an address of memory for an answer
            raise AttributeError(name)
        answer = _get(self, "_ask")("getattr", self, name)
        if name == "__annotations__" and not _is_of_test(sys._getframe(1)) and _has_text(answer):
            raise AttributeError(name)  # typing and inspect would evaluate the text
        return answer

    def __setattr__(self, name: str, value: Any) -> None:
        _get(self, "_ask")("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        _get(self, "_ask")("delattr", self, name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return _get(self, "_ask")("call", self, list(arguments), keywords)

    def __contains__(self, item: Any) -> bool:
        data = _data_of(self)
        return (
            item in data
            if data is not _NO_DATA
            else any(mine is item or mine == item for mine in _get(self, "_ask")("iter", self))
        )

    def __hash__(self) -> int:
        data = _get(self, "_data")
        return hash(_get(self, "_number") if data is _NO_DATA else data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Any:
        """Returns whether the program's context manager suppresses `error`: only what the test raises on purpose."""
        raised = error is not None and not isinstance(error, AssertionError) and _is_raised_by_name(trace)
        suppressed = _get(self, "_ask")("exit", self, kind if raised else None)
        return raised and bool(suppressed)

    def __copy__(self) -> Any:
        return _get(self, "_ask")("copy", self)

    def __deepcopy__(self, memo: Any) -> Any:
        return _get(self, "_ask")("deepcopy", self)

    def __instancecheck__(self, instance: Any) -> bool:
        return type(instance) is Remote and _get(self, "_ask")("isinstance", instance, self) is True

    def __subclasscheck__(self, subclass: Any) -> bool:
        return type(subclass) is Remote and _get(self, "_ask")("issubclass", subclass, self) is True


_set = object.__setattr__
_get = object.__getattribute__


def number_of(stand_in: Remote) -> int:
    """Returns the number by which the program's process knows the object."""
    return _get(stand_in, "_number")


def type_of(kind: Any, value: Any) -> Any:
    """Returns what `type(value)` is in a test, where `type` is `kind`; the type of an object is the program's word."""
    return _get(value, "_ask")("type", value) if kind is type and type(value) is Remote else kind(value)


def class_of(value: Any) -> Any:
    """Returns what `value.__class__` is in a test."""
    return type_of(type, value) if type(value) is Remote else value.__class__


def set_data(stand_in: Remote, data: Any) -> None:
    """Notes the plain value inside the object."""
    _set(stand_in, "_data", data)


def _data_of(stand_in: Remote) -> Any:
    """Returns the plain value inside the object as it is now, _NO_DATA if there is none."""
    data = _get(stand_in, "_data")
    if isinstance(data, list | set | dict):
        return _get(stand_in, "_ask")("data", stand_in)
    return data


def _is_of_test(frame: FrameType) -> bool:
    return frame.f_code.co_filename in ("<test>", "<setup>")


def _has_text(annotations: Any) -> bool:
    return type(annotations) is not dict or any(isinstance(note, str) for note in annotations.values())


def _is_raised_by_name(trace: TracebackType | None) -> bool:
    """Returns whether a `raise` of the test itself raised the error, and not an operation on a value."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or not _is_of_test(trace.tb_frame):
        return False
    return trace.tb_frame.f_code.co_code[trace.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def _forward(name: str) -> Callable[..., Any]:
    def method(self: Remote, *operands: Any) -> Any:
        return _get(self, "_ask")(name, self, *operands)

    return method


def _combine(name: str, reflected: bool = False) -> Callable[[Remote, Any], Any]:
    operation = getattr(operator, name)

    def method(self: Remote, other: Any) -> Any:
        if type(other) is Remote:
            return _get(self, "_ask")(name, *((other, self) if reflected else (self, other)))
        data = _data_of(self)
        if data is not _NO_DATA:
            return operation(other, data) if reflected else operation(data, other)
        theirs, mine = _get(self, "_type_name"), type(other)
        if name not in ("eq", "ne"):
            what = f"{name.strip('_')} of an object of the program ({theirs}) and one of its own ({mine.__name__})"
            return _get(self, "_ask")("lacks", f"{what}, which would show the program what the test expects")
        if theirs == f"{mine.__module__}.{mine.__qualname__}" and mine.__eq__ is not object.__eq__:
            return _get(self, "_ask")("lacks", f"to compare values of type {theirs}, which stay where they are made")
        return name == "ne"

    return method


for _name in _FORWARDED.split():
    setattr(Remote, f"__{_name}__", _forward(_name))
for _name in _COMPARISONS.split():
    setattr(Remote, f"__{_name}__", _combine(_name))
for _name in _ARITHMETIC.split():
    setattr(Remote, f"__{_name.strip('_')}__", _combine(_name))
    setattr(Remote, f"__r{_name.strip('_')}__", _combine(_name, reflected=True))
