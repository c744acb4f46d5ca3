"""The tests' end of the line to the program: asks it, and lends it functions of the tests."""

import types
from collections import ChainMap
from collections.abc import Callable, Iterator
from typing import Any

from sandbox import namedtuples, standard
from sandbox.remote import Remote, number_of, set_data
from sandbox.wire import Codec, Line, Needs, WireError

_STEPS = ("__next__", "send", "throw")
UNREADABLE = "the program's answer cannot be read"


class ProgramLost(BaseException):
    """The program ended, or gave an answer that is none; no `except Exception` of a test catches it."""


class Correspondent(Codec):
    """Sends requests to the program and turns its answers into values, stand-ins and exceptions.

    Everything that arrives comes from code that may be hostile: it is read as data, and a form that cannot be
    read ends the conversation. `on_output` is given what the program printed meanwhile.
    """

    def __init__(self, line: Line, on_output: Callable[[str], None]) -> None:
        self._line = line
        self._on_output = on_output
        self._stand_ins: dict[int, Remote] = {}
        self._exceptions: dict[int, type[BaseException]] = {}
        self._own_exceptions: list[type[BaseException]] = []  # of the tests, which the program has been told of
        self._tuples: dict[tuple[str, ...], type] = {}  # namedtuples of the tests, by name and fields
        self._lent: list[Callable[..., Any]] = []
        self._failed: AssertionError | None = None  # of a test's function that the program called
        self._steps: set[int] = set()  # methods of iterators that the test took by name
        self.lost: ProgramLost | None = None  # why nothing can be asked any more
        self.needed: Needs | None = None  # the first that the test under way needs and cannot have

    def ask(self, operation: str, *operands: Any) -> Any:
        """Returns the program's answer; raises what the program raised, or ProgramLost."""
        if operation == "lacks":
            raise self.lack(*operands)
        try:
            answer = self.send(operation, [self.encode(operand) for operand in operands], operands)
        except StopIteration as error:  # as inside a generator: it must not end a loop of the test
            if operation in ("run", "next") or number_of(operands[0]) in self._steps:
                raise
            raise RuntimeError("the program raised StopIteration") from error
        if operation == "getattr" and operands[1] in _STEPS and type(answer) is Remote:
            self._steps.add(number_of(answer))
        return answer

    def lack(self, what: str) -> Needs:
        """Returns the error that says what the test needs, which is noted: the test is no verdict on the program."""
        self.needed = self.needed or Needs(f"this test needs {what}")
        return self.needed

    def send(self, operation: str, forms: list[Any], operands: tuple[Any, ...] = ()) -> Any:
        """As `ask`, for operands that are written already."""
        try:
            if self.lost is None:
                self._ask(operation, forms)
                result, error = self._answer(operands)
        except (OSError, EOFError):
            self.lost = ProgramLost("the program ended before it answered")
        except Exception as reason:
            self.lost = ProgramLost(f"{UNREADABLE}: {reason}")
        if self.lost is not None:
            raise self.lost
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        if error is not None:
            raise error
        return result

    def _ask(self, operation: str, forms: list[Any]) -> None:
        try:
            self._line.send([operation, *forms])
        except WireError as reason:
            raise self.lack(f"to hand over more than the sandbox carries: {reason}") from None

    def _answer(self, operands: tuple[Any, ...]) -> tuple[Any, BaseException | None]:
        while True:
            kind, *rest = self._line.receive()
            if kind == "value":
                form, changes, printed = rest
                self._on_output(str(printed))
                for key, changed in changes:
                    argument = operands[1][key] if isinstance(key, int) else operands[2][key]
                    _replace_content(argument, self.decode(changed))
                return self.decode(form), None
            if kind == "raised":
                return None, self._exception(*rest)
            if kind == "needs":
                return None, self.lack(str(rest[0])[:200])
            if kind != "callback":
                raise WireError("no answer")
            reply = self._call_lent(*rest)
            try:
                self._line.send(reply)
            except WireError as reason:
                self.lack(f"to hand over more than the sandbox carries: {reason}")
                self._line.send(self._raised(RuntimeError()))

    def _call_lent(self, number: int, arguments: Any, keywords: Any) -> list[Any]:
        try:
            return [
                "returned",
                self.encode(self._lent[number](*self.decode(arguments), **self.decode(keywords))),
            ]
        except AssertionError as error:
            if "place" in vars(error):  # the program's own, on its way back to it
                return self._raised(error)
            self._failed = self._failed or error  # whatever the program makes of it
            return self._raised(error)
        except Needs:
            return self._raised(RuntimeError())
        except Exception as error:
            return self._raised(error)

    def _raised(self, error: Exception) -> list[Any]:
        try:
            return ["raised", *self.error_parts(error)]
        except Needs:
            return ["raised", *self.error_parts(RuntimeError(str(error)))]

    def _exception(
        self, name: str, kind: Any, arguments: Any, state: Any, message: str, place: str, printed: str
    ) -> BaseException:
        """Returns an exception like the program's, with `place` and `type_name` as attributes."""
        self._on_output(str(printed))
        try:
            error = self.error(kind, arguments, state)
        except WireError:
            raise
        except Exception:
            error = RuntimeError(str(message))
        error.place, error.type_name = str(place), str(name)  # type: ignore[attr-defined]
        return error

    def error_parts(self, error: BaseException) -> list[Any]:
        """As in Codec; of an assertion of the tests the program learns nothing but that it failed."""
        known = not isinstance(error, AssertionError | BaseExceptionGroup) or "place" in vars(error)
        return super().error_parts(error if known else AssertionError())

    def attributes(self, error: BaseException) -> dict[str, Any]:
        """Returns the attributes of an exception that cross with it: not those which say where it came from."""
        return {name: value for name, value in vars(error).items() if name not in ("place", "type_name")}

    def encode(self, value: Any) -> Any:
        """Returns the JSON form of `value`; a stand-in is written as the object it stands for."""
        return ["object", number_of(value)] if type(value) is Remote else super().encode(value)

    def share(self, value: Any) -> Any:
        """Returns the form of what is the same in both processes, any type of Python's library among it."""
        form = super().share(value)
        if form is None and isinstance(value, type) and standard.is_of_library(value):
            form = ["library", value.__module__, value.__qualname__]
        return form

    def shared(self, module: str, name: str) -> Any:
        """Returns a function or type of Python's; raises WireError for one that no program hands to the tests."""
        if not standard.is_safe_from_program(module, name):
            raise WireError(f"{module}.{name} is not for the tests")
        return super().shared(module, name)

    def export(self, value: Any) -> Any:
        """Returns what a value of the tests is to the program, a function or iterator the number it is lent under.

        Raises Needs for a value that cannot be handed over.
        """
        for number, known in self._exceptions.items():
            if value is known:
                return ["object", number]
        if isinstance(value, type):
            return self._class(value)
        if namedtuples.is_plain(type(value)):
            return ["namedtuple", self._namedtuple(type(value)), *map(self.encode, value)]
        if isinstance(value, BaseException) and standard.is_exception(type(value)):
            return ["error", *self.error_parts(value)]
        if isinstance(value, Iterator):
            return ["iterator", self._lend(value.__next__)]
        if callable(value):
            return ["callback", self._lend(value)]
        kind = type(value).__name__
        raise self.lack(f"to hand the program a value of type {kind}, which stays with the tests")

    def _class(self, value: type) -> list[Any]:
        """Returns the form of a class of the tests; raises Needs for one that the program cannot be told of."""
        if namedtuples.is_plain(value):
            return ["namedtuple class", self._namedtuple(value)]
        if not standard.is_exception(value):
            raise self.lack(f"to hand the program the class {value.__name__}, which stays with the tests")
        if value not in self._own_exceptions:
            self._own_exceptions.append(value)
        bases = [self.encode(base) for base in value.__bases__ if standard.is_exception(base)]
        return ["exception of tests", self._own_exceptions.index(value), value.__name__, bases]

    def _namedtuple(self, kind: Any) -> list[str]:
        self._tuples[kind.__name__, *kind._fields] = kind
        return [kind.__name__, *kind._fields]

    def _lend(self, function: Callable[..., Any]) -> int:
        self._lent.append(function)
        return len(self._lent) - 1

    def resolve(self, tag: Any, parts: list[Any]) -> Any:
        """Returns the stand-in for an object of the program, or the tests' function that it gives back."""
        if tag == "callback":
            return self._lent[parts[0]]
        if tag == "exception":
            number, name, bases = parts
            if number not in self._exceptions:
                self._exceptions[number] = _exception_class(str(name), [self.decode(base) for base in bases])
            return self._exceptions[number]
        if tag == "exception of tests":
            return self._own_exceptions[parts[0]]
        if tag == "namedtuple":
            return namedtuples.made(self._tuples[tuple(parts[0])], [self.decode(part) for part in parts[1:]])
        if tag == "namedtuple class":
            return self._tuples[tuple(parts[0])]
        if tag != "object":
            return super().resolve(tag, parts)
        number, name, data = parts
        stand_in = self._stand_ins.get(number)
        if stand_in is None:
            stand_in = self._stand_ins[number] = Remote(self.ask, number, str(name))
        if data is not None:
            set_data(stand_in, self.decode(data))
        return stand_in


def _exception_class(name: str, bases: list[Any]) -> type[BaseException]:
    """Returns a class that stands for one of the program's: caught wherever one of its `bases` is."""
    if not bases or not all(map(standard.is_exception, bases)):
        raise WireError("an exception of no known kind")
    return type(name, tuple(bases), {})


def _replace_content(mine: Any, new: Any) -> None:
    """Makes a container of the test hold what the program left in its copy of it."""
    if isinstance(mine, list | bytearray) or hasattr(mine, "typecode"):  # an array of array
        mine[:] = new
    elif isinstance(mine, types.SimpleNamespace):
        mine.__dict__.clear()
        mine.__dict__.update(new.__dict__)
    elif isinstance(mine, ChainMap):
        mine.maps[:] = new.maps
    elif isinstance(mine, dict | set):
        mine.clear()
        mine.update(new)
    elif hasattr(mine, "extend") and hasattr(mine, "clear"):  # deque
        mine.clear()
        mine.extend(new)
    elif hasattr(mine, "dtype") and mine.shape == new.shape:
        mine[...] = new
