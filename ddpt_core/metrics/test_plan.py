"""What is run of a list of tests: their statements, and then what these only define.

A file that defines `test_...` functions or test classes leaves it to a runner to call them, and HumanEval leaves it to
its harness to call `check(candidate)`. Run as they stand they would ask nothing of a program, and so pass with any.
"""

import ast
import builtins
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ddpt_core.errors import DataError
from sandbox.names import walk

BYTE_ORDER_MARK = "\ufeff"  # which editors put before a text, and Python passes over in a file
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
CHECKS_NOTHING = (
    "The tests check nothing: there is no assert in what they run, and nothing of the program is asked; "
    "write at least one assert."
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)


@dataclass(frozen=True)
class Step:
    """One thing that is run and has an outcome of its own.

    shown: what it is called; source: the statements; case, method: instead of them, a method of a test class; lacks:
    what it needs and cannot have, "" mostly; is_call: whether it is one that a runner would make.
    """

    shown: str
    source: str = ""
    case: str = ""
    method: str = ""
    lacks: str = ""
    is_call: bool = False


def steps_of(tests: Sequence[str], entry_point: str | None = None) -> list[Step]:
    """Returns the statements of `tests` and then the calls that they leave to a runner.

    entry_point: the function of the program that a bare `check(candidate)` is to be called with, None if it is not
    known. Raises DataError for tests that check nothing.
    """
    steps = [Step(test, test) for test in tests]
    if not any(word in test for test in tests for word in ("def ", "class ")) and any(
        test.startswith("assert") for test in tests
    ):
        return steps  # most are plain asserts, some of them megabytes of these
    trees = [_parsed(test) for test in tests]
    module = _Module([node for tree in trees if tree is not None for node in tree.body])
    calls = [*module.cases(), *module.calls(entry_point)]
    if None not in trees and not module.checks({name for name, _ in calls}):
        raise DataError(CHECKS_NOTHING)
    return [*steps, *(step for _, step in calls)]


@dataclass
class _Module:
    """All statements of the tests together."""

    body: list[ast.stmt]
    definitions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = field(init=False)
    used: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.definitions = {node.name: node for node in self.body if isinstance(node, _DEFINITIONS)}
        self.used = self.reached(_read(part) for node in self.body for part in _run_at_once(node))

    def reached(self, start: Iterator[set[str]]) -> set[str]:
        """Returns the names of `start`, and those that their definitions lead to."""
        found: set[str] = set()
        ahead = set().union(*start)
        while ahead:
            found |= ahead
            ahead = set().union(*(_read(self.definitions[name]) for name in ahead & self.definitions.keys())) - found
        return found

    def cases(self) -> Iterator[tuple[str, Step]]:
        """Yields class and step for the methods of test classes: all of unittest's, of pytest's what nothing uses."""
        for name, node in self.definitions.items():
            if isinstance(node, ast.ClassDef) and (
                self._is_unittest(node, set()) or (name.startswith("Test") and name not in self.used)
            ):
                methods = self._methods(node, set())
                for method in sorted(filter(lambda method: method.startswith("test"), methods)):
                    lacks = _lacks(methods[method], 1)
                    yield name, Step(f"{name}.{method}", case=name, method=method, lacks=lacks, is_call=True)

    def calls(self, entry_point: str | None) -> Iterator[tuple[str, Step]]:
        """Yields name and step for the functions that a runner or harness would call."""
        for name, node in self.definitions.items():
            if name in self.used or not isinstance(node, _FUNCTIONS):
                continue
            if name == "check" and _required(node):
                if entry_point is None:
                    raise DataError(
                        "The tests define check(candidate) and never call it, and which function it is for is not "
                        "known; add a line that calls check with the name of the function."
                    )
                yield name, Step(f"check({entry_point})", f"check({entry_point})", is_call=True)
            elif name.startswith("test_") or name in ("test", "check"):
                yield name, Step(f"{name}()", f"{name}()", lacks=_lacks(node, 0), is_call=True)

    def checks(self, called: set[str]) -> bool:
        """Returns whether what is run, the definitions `called` among it, could ever fail because of a program."""
        reached = self.reached(iter([self.used | called]))
        running = [part for node in self.body for part in _run_at_once(node)]
        running += [self.definitions[name] for name in reached & self.definitions.keys()]
        own = _bound(self.body) | set(dir(builtins))
        for node in (inner for part in running for inner in walk(part)):
            if isinstance(node, ast.Assert | ast.Raise):
                return True
            if isinstance(node, ast.Attribute) and node.attr.startswith(("assert", "fail")):
                return True
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in own:
                return True  # something of the program
        return False

    def _is_unittest(self, node: ast.ClassDef, seen: set[str]) -> bool:
        """Returns whether a class derives from one that is called ...TestCase, as those of unittest are."""
        for base in node.bases:
            name = base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
            own = self.definitions.get(name)
            if isinstance(own, ast.ClassDef) and name not in seen:
                if self._is_unittest(own, seen | {name}):
                    return True
            elif name.endswith("TestCase"):
                return True
        return False

    def _methods(self, node: ast.ClassDef, seen: set[str]) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
        """Returns the methods of a class and of those of its bases that the tests define too."""
        found: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        for base in reversed(node.bases):
            own = self.definitions.get(base.id) if isinstance(base, ast.Name) else None
            if isinstance(own, ast.ClassDef) and own.name not in seen:
                found |= self._methods(own, seen | {own.name})
        return found | {inner.name: inner for inner in node.body if isinstance(inner, _FUNCTIONS)}


def _run_at_once(node: ast.stmt) -> list[ast.AST]:
    """Returns the parts of a statement that run when it is reached: of a definition all but what waits for a call."""
    if isinstance(node, _FUNCTIONS):
        return [*node.decorator_list, *node.args.defaults, *(value for value in node.args.kw_defaults if value)]
    if isinstance(node, ast.ClassDef):
        inner = [part for line in node.body for part in _run_at_once(line)]
        return [*node.decorator_list, *node.bases, *(word.value for word in node.keywords), *inner]
    return [node]


def _read(node: ast.AST) -> set[str]:
    return {inner.id for inner in walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)}


def _bound(body: list[ast.stmt]) -> set[str]:
    found: set[str] = set()
    for node in (inner for line in body for inner in walk(line)):
        if isinstance(node, _DEFINITIONS):
            found.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found


def _required(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Returns the names of the arguments that a call must give."""
    positional = [*node.args.posonlyargs, *node.args.args]
    positional = positional[: len(positional) - len(node.args.defaults)]
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return [argument.arg for argument in [*positional, *(key for key, default in pairs if default is None)]]


def _lacks(node: ast.FunctionDef | ast.AsyncFunctionDef, given: int) -> str:
    """Returns what a test function needs that nothing here gives it, "" for most."""
    if isinstance(node, ast.AsyncFunctionDef):
        return "an event loop, which the sandbox does not have"
    names = [] if node.decorator_list else _required(node)[given:]  # a decorator may give them
    return f"the argument {names[0]}, which nothing here gives it" if names else ""


def _parsed(source: str) -> ast.Module | None:
    """Returns the tree of a test, None for one that is no Python: its outcome will say so."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
