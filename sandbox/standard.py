"""What both processes have of Python's own: values that cross as plain parts, and types and functions by their name.

Everything is looked up in the tables below, never in what arrives: a value is made anew of its parts by the maker that
stands here for its type, and a name stands for a function, type or exception only if its module is listed.
"""

import array
import builtins
import datetime
import importlib
import re
import sys
import types
from collections import ChainMap
from collections.abc import Callable
from typing import Any

_VIEWS = "dict_keys dict_values dict_items odict_keys odict_values odict_items"
_IPS = "IPv4Address IPv6Address IPv4Network IPv6Network IPv4Interface IPv6Interface"
_TIME_ZONES = ("builtins.NoneType", "datetime.timezone", "zoneinfo.ZoneInfo")  # with another a time stays where it is


def name_of(kind: type) -> str:
    """Returns the name under which a type stands in the tables: "pathlib.PosixPath", wherever its version keeps it."""
    return f"{_public(kind.__module__)}.{kind.__qualname__}"


def _public(module: str) -> str:
    return module.removesuffix("._local")


def are_plain_names(fields: dict[Any, Any]) -> bool:
    """Returns whether the keys are names of attributes that nothing but a test reads: no `__array_interface__`."""
    return all(isinstance(name, str) and name.isidentifier() and not name.startswith("__") for name in fields)


def _in_zone(*parts: Any) -> tuple[Any, ...] | None:
    return parts if name_of(type(parts[-1])) in _TIME_ZONES else None


def _pattern(text: Any, flags: int) -> Any:
    return re.compile(text, flags & ~re.DEBUG)  # which would print


def _dict_of(items: list[Any]) -> dict[Any, Any]:
    if not all(type(item) is tuple for item in items):
        raise ValueError("an item that is no pair")
    return dict(items)


def _namespace(fields: dict[str, Any]) -> types.SimpleNamespace:
    if not are_plain_names(fields):
        raise ValueError("a namespace with names of Python's own")
    return types.SimpleNamespace(**fields)


# type -> the arguments that make an equal value of it again, None for a value that is not plain
PARTS: dict[str, Callable[[Any], tuple[Any, ...] | None]] = {
    "builtins.complex": lambda value: (value.real, value.imag),
    "builtins.range": lambda value: (value.start, value.stop, value.step),
    "builtins.slice": lambda value: (value.start, value.stop, value.step),
    **{f"builtins.{name}": lambda value: (list(value),) for name in _VIEWS.split()},
    "builtins.mappingproxy": lambda value: (dict(value),),
    "fractions.Fraction": lambda value: (value.numerator, value.denominator),
    "decimal.Decimal": lambda value: (str(value),),
    "datetime.date": lambda value: (value.year, value.month, value.day),
    "datetime.time": lambda value: _in_zone(value.hour, value.minute, value.second, value.microsecond, value.tzinfo),
    "datetime.datetime": lambda value: _in_zone(
        value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, value.tzinfo
    ),
    "datetime.timedelta": lambda value: (value.days, value.seconds, value.microseconds),
    "datetime.timezone": lambda value: (value.utcoffset(None),),
    "zoneinfo.ZoneInfo": lambda value: None if value.key is None else (value.key,),
    "time.struct_time": lambda value: (tuple(value),),
    "uuid.UUID": lambda value: (str(value),),
    "re.Pattern": lambda value: (value.pattern, value.flags),
    **{f"pathlib.{name}": lambda value: (str(value),) for name in ("PosixPath", "PurePosixPath", "PureWindowsPath")},
    **{f"ipaddress.{name}": lambda value: (str(value),) for name in _IPS.split()},
    "array.array": lambda value: (value.typecode, value.tolist()),
    "collections.ChainMap": lambda value: (list(value.maps),),
    "collections.Counter": lambda value: (dict(value),),
    "collections.OrderedDict": lambda value: (dict(value),),
    "collections.defaultdict": lambda value: (value.default_factory, dict(value)),
    "collections.deque": lambda value: (list(value), value.maxlen),
    "types.SimpleNamespace": lambda value: (vars(value),) if are_plain_names(vars(value)) else None,
}
_MAKERS: dict[str, Callable[..., Any]] = {  # where it is not the type itself
    **{f"builtins.{kind}_keys": lambda keys: dict.fromkeys(keys).keys() for kind in ("dict", "odict")},
    **{f"builtins.{kind}_values": lambda values: dict(enumerate(values)).values() for kind in ("dict", "odict")},
    **{f"builtins.{kind}_items": lambda items: _dict_of(items).items() for kind in ("dict", "odict")},
    "builtins.mappingproxy": types.MappingProxyType,
    "re.Pattern": _pattern,
    "array.array": lambda code, numbers: array.array(code, numbers),
    "collections.ChainMap": lambda maps: ChainMap(*maps),
    "types.SimpleNamespace": _namespace,
}
# the first part of a value that holds others; a stand-in there would be asked for what it holds as the value is made
_HELD_IN = {
    **{f"builtins.{name}": list for name in _VIEWS.split()},
    **dict.fromkeys(("collections.ChainMap", "collections.deque"), list),
    **dict.fromkeys(("builtins.mappingproxy", "types.SimpleNamespace"), dict),
    **dict.fromkeys(("collections.Counter", "collections.OrderedDict"), dict),
    "time.struct_time": tuple,
}
_HOLDING = frozenset(_HELD_IN) | {"builtins.slice", "collections.defaultdict"}
_SCALARS = frozenset({int, float, bool, str, bytes, type(None), datetime.timedelta, datetime.timezone})
CONSTANTS = {"Ellipsis": ..., "NotImplemented": NotImplemented}
# functions and types that are the same in both processes, so that their name is enough
_SHARED_MODULES = frozenset(
    """
    builtins math cmath operator _operator functools _functools itertools collections fractions decimal datetime
    statistics _statistics copy string heapq _heapq bisect _bisect typing
    """.split()  # noqa: SIM905
)
# types besides, by the name that the module has them under: those of values, and those that values are made with
_SHARED_TYPES = frozenset(
    {name for name in PARTS if not name.startswith("builtins.")} | {"pathlib.Path", "pathlib.PurePath"}
)
# modules whose exceptions cross by name: where the classes say that they are from
_EXCEPTION_MODULES = frozenset(
    """
    _csv _lzma _pickle _queue argparse asyncio.exceptions asyncio.queues binascii calendar concurrent.futures._base
    concurrent.futures.thread configparser copy ctypes dataclasses decimal email.errors getopt graphlib gzip
    http.client http.cookies io ipaddress json.decoder locale lzma numpy.exceptions numpy.linalg optparse pickle
    plistlib queue re shutil socket sqlite3 ssl statistics struct subprocess tarfile threading tokenize tomllib
    tomllib._parser urllib.error wave xml.dom xml.etree.ElementTree xml.parsers.expat xml.sax._exceptions zipfile
    zlib zoneinfo._common
    """.split()  # noqa: SIM905
)
_TYPES_WITHOUT_A_HOME = {"NoneType": type(None), "ellipsis": type(...)}  # of builtins, which do not have them
# builtins that run text, or find by it what is not theirs
_RUNNING_TEXT = """
    eval exec compile __import__ breakpoint input getattr setattr delattr globals locals vars dir
""".split()  # noqa: SIM905


def made(name: str, parts: list[Any]) -> Any:
    """Returns the value of a type in PARTS that is made of `parts`; raises ValueError for parts that none has."""
    if name in _HELD_IN and type(parts[0]) is not _HELD_IN[name]:
        raise ValueError(f"{name} of a {type(parts[0]).__name__}")
    flat = [*parts[:1], *parts[1]] if name == "array.array" and type(parts[1]) is list else parts
    if name not in _HOLDING and not all(map(_is_scalar, flat)):
        raise ValueError(f"{name} of what is no plain value")
    module, _, attribute = name.rpartition(".")
    maker = _MAKERS.get(name) or getattr(importlib.import_module(module), attribute)
    return maker(*parts)


def _is_scalar(value: Any) -> bool:
    zones = sys.modules.get("zoneinfo")
    return type(value) in _SCALARS or (zones is not None and type(value) is zones.ZoneInfo)


def is_safe_from_program(module: str, name: str) -> bool:
    """Returns whether the tests may be handed this under a name of the program's choice.

    With a module, or a function that runs text or finds names by it, a test such as `assert f(g(x)) == x` would run
    the text that `g` gives among the tests.
    """
    return name != "" and not (name.startswith("_") or (module == "builtins" and name in _RUNNING_TEXT))


def shared_name(value: Any) -> tuple[str, str] | None:
    """Returns module and name of what is the same in both processes, None for any other value; "" names a module."""
    if isinstance(value, type(sys)):
        name = getattr(value, "__name__", "")
        genuine = name.partition(".")[0] in (*sys.stdlib_module_names, "numpy") and sys.modules.get(name) is value
        return (name, "") if genuine else None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not (isinstance(module, str) and isinstance(name, str)):
        return None
    if module == "builtins" and name in _TYPES_WITHOUT_A_HOME:
        return (module, name) if _TYPES_WITHOUT_A_HOME[name] is value else None
    if module in _SHARED_MODULES or _is_listed(value, module, name):
        return (module, name) if getattr(sys.modules.get(module), name, None) is value else None
    return None


def shared(module: str, name: str) -> Any:
    """Returns what `shared_name` named at the other end, None for what is not listed."""
    if not name:
        known = module.partition(".")[0] in (*sys.stdlib_module_names, "numpy")
    else:
        known = (
            module in _SHARED_MODULES or module in _EXCEPTION_MODULES or f"{_public(module)}.{name}" in _SHARED_TYPES
        )
    if not known:
        return None
    if module == "builtins" and name in _TYPES_WITHOUT_A_HOME:
        return _TYPES_WITHOUT_A_HOME[name]
    home = importlib.import_module(module)
    value = getattr(home, name) if name else home
    # no dictionary or module that lies under a name in it
    return value if shared_name(value) == (module, name) else None


def is_of_library(kind: type) -> bool:
    """Returns whether a type is one of Python's own library, under its own name."""
    module = kind.__module__
    return module.partition(".")[0] in sys.stdlib_module_names and (
        getattr(sys.modules.get(module), kind.__qualname__, None) is kind
    )


def is_exception(kind: Any) -> bool:
    """Returns whether `kind` is a class of exceptions."""
    return isinstance(kind, type) and issubclass(kind, BaseException)


def builtin_base(kind: type) -> type:
    """Returns the nearest class of builtins that `kind` derives from."""
    return next(base for base in kind.__mro__ if getattr(builtins, base.__name__, None) is base)


def raisable(kind: type[BaseException], arguments: list[Any], state: dict[str, Any]) -> BaseException:
    """Returns an exception of these arguments and attributes, without running what Python code its class has."""
    try:
        written_in_python = isinstance(kind.__init__, types.FunctionType)
        error = kind.__new__(kind, *arguments) if written_in_python else kind(*arguments)
    except Exception:
        error = kind.__new__(kind)
    if [*map(id, error.args)] != [*map(id, arguments)]:
        error.args = tuple(arguments)
    error.__dict__.update((name, value) for name, value in state.items() if not hasattr(kind, name))
    return error


def _is_listed(value: Any, module: str, name: str) -> bool:
    if not isinstance(value, type):
        return False
    return f"{_public(module)}.{name}" in _SHARED_TYPES or (module in _EXCEPTION_MODULES and is_exception(value))
