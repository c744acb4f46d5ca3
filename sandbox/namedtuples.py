"""Namedtuples that a test makes: the program gets one of the same name and fields, and gives it back as the test's."""

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

_GENERATED = frozenset(vars(namedtuple("Example", ()))) | {
    "__annotations__",
    "__orig_bases__",
    "__dict__",
    "__weakref__",
    "__firstlineno__",
    "__static_attributes__",
}


def is_plain(kind: type) -> bool:
    """Returns whether `kind` is a namedtuple with nothing but its fields: no methods, no defaults."""
    fields = vars(kind).get("_fields")
    if kind.__bases__ != (tuple,) or type(fields) is not tuple or vars(kind).get("_field_defaults"):
        return False
    return all(type(field) is str for field in fields) and vars(kind).keys() - _GENERATED == set(fields)


def same(name: str, fields: Sequence[str]) -> type:
    """Returns a namedtuple of this name and these fields."""
    return namedtuple(name, fields, module="__main__")


def made(kind: Any, values: list[Any]) -> Any:
    """Returns an instance of a namedtuple; raises ValueError where the number of values is not that of its fields."""
    if len(values) != len(kind._fields):
        raise ValueError(f"{kind.__name__} of {len(values)} values")
    return tuple.__new__(kind, values)
