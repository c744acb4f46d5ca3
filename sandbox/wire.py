"""How the two confined processes talk: frames of JSON over pipes, and plain values written as JSON and back.

A value is plain if nothing but its data makes it what it is: numbers, strings, the built-in containers, numpy arrays,
and what standard.py lists. Those cross as copies of the exact type. Everything else (functions, the
program's own objects) stays where it is; a subclass of Codec says what crosses instead. Reading a frame runs
nothing that the sender chose: tags are looked up in the tables below.

Form: null, booleans, strings, floats and small integers as themselves, all else as [tag, part, ...].
"""

import json
import os
import re
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

from sandbox import standard

MAX_FRAME_BYTES = 32 << 20
_EXACT_IN_JSON = 1 << 53
_SEQUENCES: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}
_IS_SEQUENCE = frozenset({list, tuple, set, frozenset})
_ARRAY_TYPE = re.compile(r"[<>|=]?([biufcSU]\d+|[mM]8(\[\w+\])?)")  # numpy's array-interface names, without objects


class WireError(Exception):
    """What arrived is no value, or a value is too large to send."""


class Needs(BaseException):
    """A test needs what the sandbox cannot do; says what. No `except Exception` of a test takes it for an answer."""


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
        name = standard.name_of(kind)
        parts = standard.PARTS[name](value) if name in standard.PARTS else None
        if parts is not None:
            return ["value", name, *map(self.encode, parts)]
        if value is ... or value is NotImplemented:
            return ["constant", repr(value)]
        if isinstance(value, BaseException) and standard.shared_name(kind) is not None:
            return ["error", *self.error_parts(value)]
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
            if tag == "value" and parts[0] in standard.PARTS:
                return standard.made(parts[0], [self.decode(part) for part in parts[1:]])
            if tag == "constant":
                return standard.CONSTANTS[parts[0]]
            if tag == "error":
                return self.error(*parts)
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
        name = standard.shared_name(value)
        return None if name is None else ["shared", *name]

    def shared(self, module: str, name: str) -> Any:
        """Returns what `share` wrote at the other end."""
        value = standard.shared(module, name)
        if value is None:
            raise WireError(f"{module}.{name} is not shared")
        return value

    def error_parts(self, error: BaseException) -> list[Any]:
        """Returns the forms of an exception's class, arguments and attributes, from which `error` makes it again."""
        arguments = [error.msg] if isinstance(error, SyntaxError) else list(error.args)
        attributes = self.attributes(error).items()
        state = {name: value for name, value in attributes if standard.are_plain_names({name: value})}
        return [self.encode(type(error)), self.encode(arguments), self.encode(state)]

    def attributes(self, error: BaseException) -> dict[str, Any]:
        """Returns the attributes of an exception that cross with it."""
        return vars(error)

    def error(self, kind: Any, arguments: Any, state: Any) -> BaseException:
        """Returns an exception of the parts that `error_parts` wrote; raises WireError for what is none."""
        made_from, arguments, state = self.decode(kind), self.decode(arguments), self.decode(state)
        if not (standard.is_exception(made_from) and type(arguments) is list and type(state) is dict):
            raise WireError("an exception of no known kind")
        if not standard.are_plain_names(state):
            raise WireError("an exception with attributes of Python's own")
        return standard.raisable(made_from, arguments, state)

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
