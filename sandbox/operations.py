"""What the tests can ask of an object of the program, by name."""

import copy
import operator
from collections.abc import Callable
from typing import Any

_WHOLE = slice(None)
# plain type -> how to read the plain value inside an instance of a subclass, past whatever the subclass redefines
_DATA: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, _WHOLE),
    tuple: lambda value: tuple.__getitem__(value, _WHOLE),
    list: lambda value: list.__getitem__(value, _WHOLE),
    set: lambda value: set().union(value),
    frozenset: lambda value: frozenset().union(value),
    dict: lambda value: dict.copy(value),
}
_OPERATORS = """
    getitem eq ne lt le gt ge add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift
    neg pos abs invert index
"""


def has_data(value: Any) -> bool:
    """Returns whether the type of `value` derives from a plain one."""
    return isinstance(value, tuple(_DATA))


def plain_data(value: Any) -> Any:
    """Returns the plain value inside an object whose type derives from a plain one."""
    return next(read(value) for kind, read in _DATA.items() if isinstance(value, kind))


OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda function, arguments, keywords: function(*arguments, **keywords),
    "getattr": getattr,
    "type": type,
    "setattr": setattr,
    "delattr": delattr,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "iter": iter,
    "next": next,
    "len": len,
    "isinstance": isinstance,
    "issubclass": issubclass,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "data": plain_data,
    "enter": lambda manager: type(manager).__enter__(manager),
    "exit": lambda manager, kind: type(manager).__exit__(manager, kind, None, None),
    **{kind.__name__: kind for kind in (str, repr, format, bool, int, float, reversed, round)},
    **{name: getattr(operator, name) for name in _OPERATORS.split()},
}
