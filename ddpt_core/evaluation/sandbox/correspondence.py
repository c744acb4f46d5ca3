"""The tests' end of the line to the program: asks it, and lends it functions of the tests."""

import builtins
from collections.abc import Callable, Iterator
from typing import Any

from ddpt_core.evaluation.sandbox.remote import Remote, number_of, set_data
from ddpt_core.evaluation.sandbox.wire import Codec, Line, WireError, is_safe_from_program

_STEPS = ("__next__", "send", "throw")
UNREADABLE = "the program's answer cannot be read"
_VIEWS: tuple[Any, ...] = (type({}.keys()), type({}.values()), type({}.items()))


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
        self._lent: list[Callable[..., Any]] = []
        self._failed: AssertionError | None = None  # of a test's function that the program called
        self._steps: set[int] = set()  # methods of iterators that the test took by name
        self.lost: ProgramLost | None = None  # why nothing can be asked any more

    def ask(self, operation: str, *operands: Any) -> Any:
        """Returns the program's answer; raises what the program raised, or ProgramLost."""
        try:
            answer = self.send(operation, [self.encode(operand) for operand in operands], operands)
        except StopIteration as error:  # as inside a generator: it must not end a loop of the test
            if operation in ("run", "next") or number_of(operands[0]) in self._steps:
                raise
            raise RuntimeError("the program raised StopIteration") from error
        if operation == "getattr" and operands[1] in _STEPS and type(answer) is Remote:
            self._steps.add(number_of(answer))
        return answer

    def send(self, operation: str, forms: list[Any], operands: tuple[Any, ...] = ()) -> Any:
        """As `ask`, for operands that are written already."""
        try:
            if self.lost is None:
                self._line.send([operation, *forms])
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
            if kind != "callback":
                raise WireError("no answer")
            self._line.send(self._call_lent(*rest))

    def _call_lent(self, number: int, arguments: Any, keywords: Any) -> list[Any]:
        try:
            return [
                "returned",
                self.encode(self._lent[number](*self.decode(arguments), **self.decode(keywords))),
            ]
        except AssertionError as error:
            if hasattr(error, "place"):  # the program's own, on its way back to it
                return ["raised", "AssertionError", str(error)]
            self._failed = self._failed or error  # whatever the program makes of it, which learns nothing of the values
            return ["raised", "AssertionError", ""]
        except Exception as error:
            return ["raised", type(error).__name__, str(error)]

    def _exception(
        self, base: str, name: str, kind: Any, message: str, arguments: Any, place: str, printed: str
    ) -> Any:
        """Returns an exception like the program's, with `place` and `type_name` as attributes."""
        self._on_output(str(printed))
        made_from = _builtin_exception(base) if kind is None else self.decode(kind)
        if not (isinstance(made_from, type) and issubclass(made_from, BaseException)):
            raise WireError("an exception of no known kind")
        try:
            error = made_from(*self.decode(arguments))
        except Exception:
            error = RuntimeError(str(message))
        error.place, error.type_name = str(place), str(name)  # type: ignore[attr-defined]
        return error

    def encode(self, value: Any) -> Any:
        """Returns the JSON form of `value`; a stand-in is written as the object it stands for."""
        return ["object", number_of(value)] if type(value) is Remote else super().encode(value)

    def shared(self, module: str, name: str) -> Any:
        """Returns a function or type of Python's; raises WireError for one that no program hands to the tests."""
        if not is_safe_from_program(module, name):
            raise WireError(f"{module}.{name} is not for the tests")
        return super().shared(module, name)

    def export(self, value: Any) -> Any:
        """Returns the number under which a function or iterator of the tests is lent to the program."""
        if isinstance(value, _VIEWS):
            return self.encode(list(value))
        for number, kind in self._exceptions.items():
            if value is kind:
                return ["object", number]
        if isinstance(value, type):
            return super().export(value)
        if isinstance(value, Iterator):
            return ["iterator", self._lend(value.__next__)]
        return ["callback", self._lend(value)] if callable(value) else super().export(value)

    def _lend(self, function: Callable[..., Any]) -> int:
        self._lent.append(function)
        return len(self._lent) - 1

    def resolve(self, tag: Any, parts: list[Any]) -> Any:
        """Returns the stand-in for an object of the program, or the tests' function that it gives back."""
        if tag == "callback":
            return self._lent[parts[0]]
        if tag == "exception":
            number, name, base = parts
            return self._exceptions.setdefault(number, type(str(name), (_builtin_exception(base),), {}))
        if tag != "object":
            return super().resolve(tag, parts)
        number, name, data = parts
        stand_in = self._stand_ins.get(number)
        if stand_in is None:
            stand_in = self._stand_ins[number] = Remote(self.ask, number, str(name))
        if data is not None:
            set_data(stand_in, self.decode(data))
        return stand_in


def _builtin_exception(name: str) -> type[BaseException]:
    kind = getattr(builtins, name)
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        raise WireError("an exception of no known kind")
    return kind


def _replace_content(mine: Any, new: Any) -> None:
    """Makes a container of the test hold what the program left in its copy of it."""
    if isinstance(mine, list | bytearray):
        mine[:] = new
    elif isinstance(mine, dict | set):
        mine.clear()
        mine.update(new)
    elif hasattr(mine, "extend") and hasattr(mine, "clear"):  # deque
        mine.clear()
        mine.extend(new)
    elif hasattr(mine, "dtype") and mine.shape == new.shape:
        mine[...] = new
