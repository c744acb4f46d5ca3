"""How the two confined processes talk: frames of JSON over pipes, and plain values written as JSON and back.

A value is plain if nothing but its data makes it what it is: numbers, strings, the built-in containers,
dates, fractions, numpy arrays. Those cross as copies of the exact type. Everything else (functions, the
program's own objects) stays where it is; a subclass of Codec says what crosses instead. Reading a frame runs
nothing that the sender chose: tags are looked up in the tables below.

Form: null, booleans, strings, floats and small integers as themselves, all else as [tag, part, ...].
"""

import importlib
import json
import os
import re
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

MAX_FRAME_BYTES = 32 << 20
_EXACT_IN_JSON = 1 << 53
_SEQUENCES: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}
_IS_SEQUENCE = frozenset({list, tuple, set, frozenset})
_ARRAY_TYPE = re.compile(r"[<>|=]?[biufcSU]\d+")  # numpy's array-interface names, without objects

# type -> the arguments that make an equal value of it again
_PARTS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "builtins.complex": lambda value: (value.real, value.imag),
    "builtins.range": lambda value: (value.start, value.stop, value.step),
    "builtins.slice": lambda value: (value.start, value.stop, value.step),
    "fractions.Fraction": lambda value: (value.numerator, value.denominator),
    "decimal.Decimal": lambda value: (str(value),),
    "datetime.date": lambda value: (value.year, value.month, value.day),
    "datetime.time": lambda value: (value.hour, value.minute, value.second, value.microsecond, value.tzinfo),
    "datetime.datetime": lambda value: (*value.timetuple()[:6], value.microsecond, value.tzinfo),
    "datetime.timedelta": lambda value: (value.days, value.seconds, value.microseconds),
    "datetime.timezone": lambda value: (value.utcoffset(None),),
    "collections.Counter": lambda value: (dict(value),),
    "collections.OrderedDict": lambda value: (dict(value),),
    "collections.defaultdict": lambda value: (value.default_factory, dict(value)),
    "collections.deque": lambda value: (list(value), value.maxlen),
}
# functions and types that are the same in both processes, so that their name is enough
_SHARED_MODULES = """
    builtins math cmath operator _operator functools _functools itertools collections fractions decimal datetime
    statistics _statistics copy string heapq _heapq bisect _bisect typing
""".split()  # noqa: SIM905
# builtins that run text, or find by it what is not theirs
_RUNNING_TEXT = """
    eval exec compile __import__ breakpoint input getattr setattr delattr globals locals vars dir
""".split()  # noqa: SIM905


class WireError(Exception):
    """What arrived is no value, or a value is too large to send."""


class Codec:
    """Writes plain values; subclasses say what stands for the others, in `export` and `resolve`."""

    def encode(self, value: Any) -> Any:
        """Returns the JSON form of `value`; raises what `export` raises for what is not plain."""
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if kind is int:
            return value if -_EXACT_IN_JSON <= value <= _EXACT_IN_JSON else ["int", hex(value)]
        if kind in _IS_SEQUENCE:
            return [kind.__name__, *map(self.encode, value)]
        if kind is dict:
            return ["dict", *([self.encode(key), self.encode(item)] for key, item in value.items())]
        if kind is bytes or kind is bytearray:
            return [kind.__name__, value.hex()]
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name in _PARTS:
            return ["value", name, *map(self.encode, _PARTS[name](value))]
        if kind.__module__ == "numpy" and "numpy" in sys.modules:
            array = _encode_array(value)
            if array is not None:
                return array
        return self.share(value) or self.export(value)

    def decode(self, form: Any) -> Any:
        """Returns the value that `form` stands for; raises WireError for what `encode` does not write."""
        if not isinstance(form, list):
            return form
        try:
            tag, parts = form[0], form[1:]
            if tag in _SEQUENCES:
                return _SEQUENCES[tag]([self.decode(part) for part in parts])
            if tag == "dict":
                return {self.decode(key): self.decode(item) for key, item in parts}
            if tag == "int":
                return int(parts[0], 16)
            if tag == "bytes":
                return bytes.fromhex(parts[0])
            if tag == "bytearray":
                return bytearray.fromhex(parts[0])
            if tag == "value" and parts[0] in _PARTS:
                return _named(parts[0])(*map(self.decode, parts[1:]))
            if tag == "array":
                return _decode_array(*parts)
            if tag == "shared":
                return self.shared(parts[0], parts[1])
        except WireError:
            raise
        except RecursionError as error:
            raise WireError("a value is nested too deeply") from error
        except Exception as error:
            raise WireError(f"no value: {error}") from error
        return self.resolve(tag, parts)

    def share(self, value: Any) -> Any:
        """Returns the form of what is the same in both processes, None for any other value."""
        return _encode_shared(value)

    def shared(self, module: str, name: str) -> Any:
        """Returns what `share` wrote at the other end."""
        return _decode_shared(module, name)

    def export(self, value: Any) -> Any:
        """Returns the form of a value that is not plain."""
        raise TypeError(f"a value of type {type(value).__name__} cannot cross between the tests and the program")

    def resolve(self, tag: Any, parts: list[Any]) -> Any:
        """Returns what a form that `export` wrote at the other end stands for."""
        raise WireError(f"unknown form {str(tag)[:40]!r}")


class Line:
    """Two pipe ends over which whole JSON values go, each after its length in four bytes."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def send(self, form: Any) -> None:
        """Writes one value; raises WireError beyond MAX_FRAME_BYTES, OSError once the other end is gone."""
        frame = json.dumps(form, separators=(",", ":")).encode("ascii")
        if len(frame) > MAX_FRAME_BYTES:
            raise WireError(f"a value of {len(frame) >> 20} MiB cannot cross, the limit is {MAX_FRAME_BYTES >> 20} MiB")
        rest = memoryview(struct.pack("<I", len(frame)) + frame)
        while rest:
            rest = rest[os.write(self._outgoing, rest) :]

    def receive(self) -> Any:
        """Returns the next value; raises EOFError once the other end is gone, WireError for what is none."""
        return _value(self._read(_size(self._read(4))))

    def _read(self, size: int) -> bytes:
        frame = bytearray()
        while len(frame) < size:
            piece = os.read(self._incoming, min(size - len(frame), 1 << 20))
            if not piece:
                raise EOFError
            frame += piece
        return bytes(frame)


def take_frames(arrived: bytearray) -> Iterator[Any]:
    """Yields the values of the complete frames that `arrived` begins with, removing them; raises WireError."""
    while len(arrived) >= 4:
        size = _size(arrived[:4])
        if len(arrived) < 4 + size:
            return
        frame = bytes(arrived[4 : 4 + size])
        del arrived[: 4 + size]
        yield _value(frame)


def _size(head: bytes | bytearray) -> int:
    (size,) = struct.unpack("<I", head)
    if size > MAX_FRAME_BYTES:
        raise WireError(f"a value of {size >> 20} MiB cannot cross, the limit is {MAX_FRAME_BYTES >> 20} MiB")
    return size


def _value(frame: bytes) -> Any:
    try:
        return json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise WireError(f"a frame that is not JSON ({type(error).__name__})") from error


def is_safe_from_program(module: str, name: str) -> bool:
    """Returns whether the tests may be handed this under a name of the program's choice.

    With a module, or a function that runs text or finds names by it, a test such as `assert f(g(x)) == x` would run
    the text that `g` gives among the tests.
    """
    return name != "" and not (name.startswith("_") or (module == "builtins" and name in _RUNNING_TEXT))


def _named(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def _encode_shared(value: Any) -> Any:
    """Returns the form of a module, or of a function or type of Python's own, None for any other value."""
    if isinstance(value, type(sys)):
        name = getattr(value, "__name__", "")
        genuine = name.partition(".")[0] in (*sys.stdlib_module_names, "numpy") and sys.modules.get(name) is value
        return ["shared", name, ""] if genuine else None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if isinstance(module, str) and isinstance(name, str) and module in _SHARED_MODULES:
        home = sys.modules.get(module)
        return ["shared", module, name] if getattr(home, name, None) is value else None
    return None


def _decode_shared(module: str, name: str) -> Any:
    if (name and module not in _SHARED_MODULES) or module.partition(".")[0] not in (*sys.stdlib_module_names, "numpy"):
        raise WireError(f"{module} is not shared")
    home = importlib.import_module(module)
    value = getattr(home, name) if name else home
    if _encode_shared(value) != ["shared", module, name]:  # no dictionary or module that lies under a name in it
        raise WireError(f"{module}.{name} is not shared")
    return value


def _encode_array(value: Any) -> Any:
    numpy = sys.modules["numpy"]
    if type(value) is not numpy.ndarray and not isinstance(value, numpy.generic):
        return None
    if not _ARRAY_TYPE.fullmatch(value.dtype.str):
        return None
    scalar = isinstance(value, numpy.generic)
    return ["array", value.dtype.str, None if scalar else list(value.shape), value.tobytes().hex()]


def _decode_array(kind: str, shape: list[int] | None, data: str) -> Any:
    if not _ARRAY_TYPE.fullmatch(kind):
        raise WireError("not an array of numbers")
    import numpy

    flat = numpy.frombuffer(bytes.fromhex(data), dtype=kind)
    return flat[0] if shape is None else flat.reshape(shape).copy()
