"""The process that holds the tests: runs each against the program in the other process, reports the outcomes.

Nothing of the program runs here. Its values arrive as data and are compared with the real operators of a
fresh interpreter, so that nothing the program does to its own process (to builtins, to `==`, to frames, to
the exit code) can turn a failing test into a passing one.
"""

import ast
import sys
import types
from typing import Any

from sandbox import names
from sandbox.assertions import CLASS_OF, EXPLAIN, TYPE_OF, Explained, explain
from sandbox.cases import Skipped, is_skip, leave_running_to_us, run_case, tell_of_patches
from sandbox.correspondence import Correspondent, ProgramLost
from sandbox.remote import Remote, class_of, type_of
from sandbox.signs import MISLEADING
from sandbox.wire import Line, Needs

_SHOWN_CHARACTERS = 2_000  # of a message of the program
# which no exception of the program's own can be
_KINDS = {kind.__name__: kind for kind in (ProgramLost, MemoryError, Needs, Skipped)}


class Judge:
    """The tests' namespace and the line to the program; `report` is a Line to the supervisor.

    tests: for each its source; where a method of a class is to run instead, the names of both; and what it needs that
    it cannot have, "" mostly.
    """

    def __init__(self, line: Line, report: Line, setup: str, tests: list[tuple[str, str, str, str]]) -> None:
        self._program = Correspondent(line, self._relay)
        self._report = report
        self._own_output = sys.stdout
        self._setup_source = setup
        self._tests = tests
        self._injected: dict[str, tuple[Any, Any]] = {}  # name -> what was bound, what it hides
        self._earlier = names.Earlier()
        self._asked: set[str] = set()  # names of the program that the tests have mentioned so far
        module = types.ModuleType("__main__")  # where unittest, dataclasses and others look for what a class is from
        sys.modules["__main__"] = module
        self._names: dict[str, Any] = module.__dict__
        self._names |= {EXPLAIN: explain, TYPE_OF: type_of, CLASS_OF: class_of}

    def run(self) -> None:
        """Reports ["ran"] or ["ran", kind, detail] of an error, then ["began", i] and
        ["outcome", i, outcome, kind, detail] per test, and at the end ["done"], unless the program was lost.
        """
        try:
            self._program.ask("run", not self._tests)
            self._prepare()
        except BaseException as error:
            self._report.send(["ran", *_describe(error)])
            return
        self._report.send(["ran"])
        if any("unittest" in source for source, *_ in self._tests):
            leave_running_to_us()
        if any("mock" in source for source, *_ in self._tests):
            tell_of_patches(self._program.lack)
        for index, test in enumerate(self._tests):
            self._report.send(["began", index])
            outcome, kind, detail = self._outcome(*test)
            self._own_output.flush()  # before the supervisor may end this process
            self._report.send(["outcome", index, outcome, kind, detail])
            if self._program.lost is not None:
                return
        self._report.send(["done"])

    def _outcome(self, source: str, case: str, method: str, lacks: str) -> tuple[str, str, str]:
        outcome: tuple[str, str, str] = ("passed", "", "")
        self._program.needed = None
        try:
            if lacks:
                raise self._program.lack(lacks)
            if case:
                self._take_names({case}, ast.Module([], []))
                run_case(self._names, case, method)
            else:
                self._run(source)
        except AssertionError as error:
            outcome = ("failed", *_describe(error))
        except ModuleNotFoundError as error:
            if "place" not in vars(error):
                self._program.lack(f"the module {_on_one_line(str(error.name))}, which the sandbox does not have")
            outcome = ("error", *_describe(error))
        except MemoryError as error:
            if "place" not in vars(error):  # not the program's
                self._program.lack("more memory than it is given; give it more")
            outcome = ("error", *_describe(error))
        except BaseException as error:
            outcome = ("not reached" if is_skip(error) else "error", *_describe(error))
        if self._program.lost is not None:  # even if the test took that for an exception that it expected
            return ("error", *_describe(self._program.lost))
        if self._program.needed is not None:
            return ("error", *_describe(self._program.needed))
        return outcome

    def _run(self, test: str) -> None:
        tree = ast.parse(test, "<test>")
        self._take_names(names.mentioned(tree), tree)
        self._earlier.learn(tree)
        exec(Explained(test).compile(tree, "<test>"), self._names)

    def _prepare(self) -> None:
        """Runs the setup here too; its classes are the program's, so that it can be passed instances of them."""
        if not self._tests:
            return
        tree = ast.parse(self._setup_source, "<setup>")
        self._setup_mentions = names.mentioned(tree)
        self._setup_binds = names.bound(tree) - names.classes(tree)
        self._take_names(set(), tree)
        kept = [node for node in tree.body if not (isinstance(node, ast.ClassDef) or names.is_stub(node))]
        exec(Explained(self._setup_source).compile(ast.Module(kept, []), "<setup>"), self._names)
        made = {name for name in self._setup_binds if _is_class_of_setup(self._names.get(name))}
        for name in made:
            del self._names[name]
        self._setup_binds -= made

    def _take_names(self, mentioned: set[str], tree: ast.Module) -> None:
        """Binds the names that a test and the setup mention to what the program has under them now."""
        for name, (given, before) in self._injected.items():
            if self._names.get(name) is given:  # otherwise a test has bound the name itself
                self._names.pop(name)
                self._names.update({} if before is None else {name: before})
        own = {name: self._names[name] for name in self._setup_binds if name in self._names}
        earlier = self._earlier.reached(mentioned)
        mentioned = mentioned | earlier
        wanted = (mentioned | self._setup_mentions) - (self._names.keys() - own.keys())
        given = self._program.send("names", sorted(wanted))
        values = {name: given[name] for name in wanted if name in given} if type(given) is dict else {}
        self._asked |= values.keys()
        calls = names.called(tree) | self._earlier.called_by(earlier)
        reads = names.free(tree) | (earlier - names.mentioned(tree))
        chosen = names.choose(values, own, calls, reads & mentioned, self._asked)
        self._injected = {name: (value, self._names.get(name)) for name, value in chosen.items()}
        self._names.update(chosen)

    def _relay(self, printed: str) -> None:
        if sys.stdout is not self._own_output:  # the test captures output
            sys.stdout.write(printed)


def _is_class_of_setup(value: Any) -> bool:
    """Returns whether a value is a class that the setup made without a class statement, such as a namedtuple."""
    return type(value) is not Remote and isinstance(value, type) and value.__module__ == "__main__"


def _describe(error: BaseException) -> tuple[str, str]:
    """Returns the type's name and a line: type, message, and where in the program it came from."""
    name = _on_one_line(getattr(error, "type_name", type(error).__name__))
    place = getattr(error, "place", "")
    try:
        message = _on_one_line(str(error))
    except BaseException:  # it holds an object of the program, which does not say what it is
        message = ""
    plain = isinstance(error, AssertionError | ProgramLost | Needs) and message
    line = message if plain else f"{name}: {message}" if message else name
    kind = name if name not in _KINDS or isinstance(error, _KINDS[name]) else "Exception"
    return kind, f"{line} ({_on_one_line(place)})" if place else line


def _on_one_line(text: str) -> str:
    """Returns `text`, which the program may have chosen, as something that can be shown and written anywhere."""
    shown = " ".join(line.strip() for line in text[:_SHOWN_CHARACTERS].splitlines())
    shown = MISLEADING.sub(lambda found: found[0].encode("unicode_escape").decode(), shown)
    return shown if len(text) <= _SHOWN_CHARACTERS else f"{shown}... ({len(text):,} characters)"
