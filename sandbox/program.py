"""The process that holds the program: runs setup and code once, then answers what the tests ask of it.

It never learns what the tests expect: it is told which function to call with which arguments, and gives back
what that returned. Nothing it says is a verdict, so there is nothing here worth forging; it is the program's
own process, and the program may do with it as it likes.
"""

import ast
import contextlib
import importlib
import io
import json
import linecache
import mmap
import sys
import types
from typing import Any

from sandbox import namedtuples, standard
from sandbox.operations import OPERATIONS, has_data, plain_data
from sandbox.wire import Codec, Line, WireError

FILE_NAME = "<program>"
SETUP_NAME = "<setup>"
_KEPT_OUTPUT_CHARACTERS = 1 << 16
_RESERVE_BYTES = 4 << 20
_MUTABLE_FORMS = ("list", "dict", "set", "bytearray", "value", "array")


class Program(Codec):
    """The program's namespace, and the objects in it that the tests hold on to."""

    def __init__(self, line: Line, setup: str, code: str) -> None:
        self._line = line
        self._setup = setup
        self._code = code
        self._objects: list[Any] = []
        self._places: dict[int, int] = {}
        self._of_tests: dict[str, type] = {}  # classes made after those of the tests, by their form as JSON
        self._output = _Output()
        self._reserve = mmap.mmap(-1, _RESERVE_BYTES)
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self._names = module.__dict__

    def serve(self) -> None:
        """Answers requests [operation, operand, ...] until the tests are done."""
        sys.stdout = self._output
        while True:
            try:
                request = self._line.receive()
            except EOFError:
                return
            answer = self._answer(request)
            try:
                self._line.send(answer)
            except WireError as error:  # too large
                self._line.send(["needs", f"to be given more than the sandbox carries: {error}"])
            if self._reserve.closed:
                with contextlib.suppress(OSError):
                    self._reserve = mmap.mmap(-1, _RESERVE_BYTES)

    def _answer(self, request: list[Any]) -> list[Any]:
        operation, *forms = request
        try:
            if operation == "run":
                self._run()
                if forms[0]:
                    _wait_for_threads()
                return ["value", None, [], self._output.take()]
            if operation == "names":
                known = [[name, self._write(self._names[name])] for name in forms if name in self._names]
                return ["value", ["dict", *known], [], ""]
            operands = [self.decode(form) for form in forms]
            result = self._write(OPERATIONS[operation](*operands))
            changes = self._changes(forms, operands) if operation == "call" else []
            return ["value", result, changes, self._output.take()]
        except BaseException as error:
            self._reserve.close()  # where memory ran out, there is none left to say so without this
            return self._failure(error)

    def _run(self) -> None:
        """Runs setup, then the code; binds the value of a last expression to `_`.

        A setup that needs a name of the code, as some of MBPP's do, runs again once the code has run.
        """
        late = False
        try:
            self._execute(self._setup, SETUP_NAME)
        except NameError:
            late = True
        self._execute(self._code, FILE_NAME)
        if late:
            self._execute(self._setup, SETUP_NAME)

    def _execute(self, source: str, name: str) -> None:
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        tree = ast.parse(source, name)
        if name == FILE_NAME and tree.body and isinstance(tree.body[-1], ast.Expr):
            last = tree.body[-1]
            target = ast.copy_location(ast.Name("_", ast.Store()), last)
            tree.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)
        try:
            exec(compile(tree, name, "exec", dont_inherit=True), self._names)
        except SystemExit as error:
            if error.code not in (None, 0):
                raise

    def _failure(self, error: BaseException) -> list[Any]:
        """Returns ["raised", type's name, type, arguments, attributes, message, place, output]."""
        try:
            message = str(error)[:2000]
        except BaseException:
            message = ""
        try:
            parts = self.error_parts(error)
        except BaseException:
            base = ["shared", "builtins", standard.builtin_base(type(error)).__name__]
            parts = [base, ["list", message], ["dict"]]
        return ["raised", type(error).__name__, *parts, message, _place(error), self._output.take()]

    def attributes(self, error: BaseException) -> dict[str, Any]:
        """Returns the attributes of an exception that cross with it, those of its class too if that is an own one."""
        found: dict[str, Any] = {}
        for kind in reversed(type(error).__mro__):
            if kind.__module__ == "__main__":
                found |= {name: value for name, value in vars(kind).items() if not callable(value)}
        return {name: value for name, value in found.items() if not hasattr(value, "__get__")} | vars(error)

    def _changes(self, forms: list[Any], operands: list[Any]) -> list[Any]:
        """Returns [index or keyword, new form] for each argument of a call that the function changed."""
        before_positional, before_named = forms[1][1:], forms[2][1:]
        positional, named = operands[1], operands[2]
        pairs = [*enumerate(before_positional), *before_named]
        changed = []
        for key, before in pairs:
            if isinstance(before, list) and before[0] in _MUTABLE_FORMS:
                after = self.encode(positional[key] if isinstance(key, int) else named[key])
                if after != before:
                    changed.append([key, after])
        return changed

    def _write(self, value: Any) -> Any:
        try:
            return self.encode(value)
        except RecursionError:  # it contains itself
            return ["object", self._number(value), type(value).__name__, None]

    def share(self, value: Any) -> Any:
        """Returns the form of a function or type of Python's, None for what stays here."""
        form = super().share(value)
        return form if form is not None and standard.is_safe_from_program(*form[1:]) else None

    def export(self, value: Any) -> list[Any]:
        """Returns ["object", number, type's name, data or null]: the object stays here."""
        if isinstance(value, _Callback):
            return ["callback", value.number]
        for form, kind in self._of_tests.items():
            if value is kind:
                return json.loads(form)
            if type(value) is kind and isinstance(value, tuple):
                return ["namedtuple", json.loads(form)[1], *map(self.encode, value)]
        number = self._number(value)
        if standard.is_exception(value):
            bases = [self.encode(base) for base in value.__bases__ if standard.is_exception(base)]
            return ["exception", number, value.__name__, bases]
        return ["object", number, _type_name(type(value)), self._data(value)]

    def _number(self, value: Any) -> int:
        number = self._places.setdefault(id(value), len(self._objects))
        if number == len(self._objects):
            self._objects.append(value)
        return number

    def _data(self, value: Any) -> Any:
        """Returns the form of the plain value inside an object whose type derives from a plain one, or None."""
        return self.encode(plain_data(value)) if has_data(value) else None

    def resolve(self, tag: Any, parts: list[Any]) -> Any:
        """Returns the object, or the way to the function of the tests, that a request names."""
        if tag == "object":
            return self._objects[parts[0]]
        if tag == "callback":
            return _Callback(self, parts[0])
        if tag == "iterator":
            return _iterate(_Callback(self, parts[0]))
        if tag == "library":
            return getattr(importlib.import_module(parts[0]), parts[1])
        if tag == "namedtuple":
            return namedtuples.made(self._namedtuple(parts[0]), [self.decode(part) for part in parts[1:]])
        if tag == "namedtuple class":
            return self._namedtuple(parts[0])
        if tag == "exception of tests":
            number, name, bases = parts
            form = json.dumps(["exception of tests", number])
            if form not in self._of_tests:
                self._of_tests[form] = type(name, tuple(map(self.decode, bases)), {})
            return self._of_tests[form]
        return super().resolve(tag, parts)

    def _namedtuple(self, name_and_fields: list[str]) -> type:
        form = json.dumps(["namedtuple class", name_and_fields])
        if form not in self._of_tests:
            self._of_tests[form] = namedtuples.same(name_and_fields[0], name_and_fields[1:])
        return self._of_tests[form]

    def call_back(self, number: int, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Returns what a function of the tests gives; requests that it makes meanwhile are answered."""
        self._line.send(["callback", number, self.encode(list(arguments)), self.encode(keywords)])
        while True:
            reply = self._line.receive()
            if reply[0] == "returned":
                return self.decode(reply[1])
            if reply[0] == "raised":
                raise self.error(*reply[1:])
            self._line.send(self._answer(reply))


class _Callback:
    """A function of the tests that was passed to the program."""

    def __init__(self, program: Program, number: int) -> None:
        self._program = program
        self.number = number

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._program.call_back(self.number, arguments, keywords)


def _iterate(step: _Callback) -> Any:
    while True:
        try:
            item = step()
        except StopIteration:
            return
        yield item


class _Output(io.TextIOWrapper):
    """The program's standard output; keeps what was printed since the last answer, for tests that capture it."""

    def __init__(self) -> None:
        super().__init__(io.FileIO(1, "w", closefd=False), encoding="utf-8", errors="replace", line_buffering=True)
        self._kept: list[str] = []
        self._room = _KEPT_OUTPUT_CHARACTERS

    def write(self, text: str) -> int:
        """Writes and keeps `text`; returns its length."""
        if self._room > 0:
            self._kept.append(text[: self._room])
            self._room -= len(text)
        return super().write(text)

    def take(self) -> str:
        """Returns and forgets what was kept."""
        self.flush()
        text, self._kept, self._room = "".join(self._kept), [], _KEPT_OUTPUT_CHARACTERS
        return text


def _type_name(kind: type) -> str:
    """Returns the name of a type: of one of Python's library with its module, and of one of the program's without."""
    return standard.name_of(kind) if standard.is_of_library(kind) else kind.__name__


def _wait_for_threads() -> None:
    """Joins what the program started, as an interpreter does before it ends."""
    threading = sys.modules.get("threading")
    for thread in threading.enumerate() if threading else ():
        if thread is not threading.current_thread() and not thread.daemon:  # type: ignore[union-attr]
            thread.join()


def _place(error: BaseException) -> str:
    """Returns "line N: source" for the last line of the program or setup that `error` went through, or ""."""
    if isinstance(error, SyntaxError) and error.filename in (FILE_NAME, SETUP_NAME):
        return f"line {error.lineno}: {(error.text or '').strip()}"[:200]
    place = ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name in (FILE_NAME, SETUP_NAME):
            of_setup = " of the setup" if name == SETUP_NAME else ""
            place = f"line {trace.tb_lineno}{of_setup}: {linecache.getline(name, trace.tb_lineno).strip()}"[:200]
        trace = trace.tb_next
    return place
