"""Which names of a test mean what the program made, and which mean Python's own or the setup's.

In one process a test would see whatever the program left under a name, `abs` and `sorted` included, and a
program could pass by replacing them. Here a name that Python, its library or the setup has too means the
program's object only if that is the one thing which the test asks of the program, as in `assert sum(10, 15)
== 6` for a task that asks for `sum`. Plain data, which cannot do anything, is used under any name, unless the test
calls it: so a test sees what the code did to the setup's variables, but calls the setup's own functions, and these
read the setup's own variables. A name of
several capitals is a constant: what the setup says it is, it stays.
"""

import ast
import builtins
import importlib
import sys
import types
from collections.abc import Collection, Iterator
from typing import Any

from sandbox.remote import Remote

_LIBRARY_ALIASES = {"np": "numpy", "numpy": "numpy"}


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Yields the node and all below it but constants, of which a test of megabytes mostly consists."""
    ahead = [tree]
    while ahead:
        node = ahead.pop()
        yield node
        for name in node._fields:
            value = getattr(node, name, None)
            parts = value if isinstance(value, list) else (value,)
            ahead += [part for part in parts if isinstance(part, ast.AST) and type(part) is not ast.Constant]


def mentioned(tree: ast.AST) -> set[str]:
    """Returns the names that a piece of code reads."""
    return {node.id for node in walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def called(tree: ast.AST) -> set[str]:
    """Returns the names that a piece of code calls directly."""
    calls = (node.func for node in walk(tree) if isinstance(node, ast.Call))
    return {function.id for function in calls if isinstance(function, ast.Name)}


def free(tree: ast.Module) -> set[str]:
    """Returns the names that a piece of code reads and binds nowhere in it."""
    nodes = list(walk(tree))
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    caught = {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name is not None}
    return mentioned(tree) - bound(tree) - arguments - caught


def bound(tree: ast.Module) -> set[str]:
    """Returns the names that a module binds, anywhere in it; a function with nothing in it binds nothing."""
    names: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names |= set() if is_stub(node) else {node.name}
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
    return names


class Earlier:
    """What the tests have bound so far at their top, and the names that each of these leads to.

    A helper that one test defines and another calls reads its names when it is called, so they must be there then.
    """

    def __init__(self) -> None:
        self._leads: dict[str, set[str]] = {}
        self._called: dict[str, set[str]] = {}

    def learn(self, tree: ast.Module) -> None:
        """Takes in the statements of a test."""
        for node in tree.body:
            reads, calls = mentioned(node), called(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names = {node.name}
            else:  # what a test had bound already may have got hold of the rest: `checks.append(lambda: f(1))`
                names = bound(ast.Module([node], [])) | (reads & self._leads.keys())
            for name in names:
                self._leads[name] = self._leads.get(name, set()) | reads
                self._called[name] = self._called.get(name, set()) | calls

    def reached(self, start: Collection[str]) -> set[str]:
        """Returns the names in `start` and those that they lead to."""
        found: set[str] = set()
        ahead = set(start)
        while ahead:
            found |= ahead
            ahead = set().union(*(self._leads.get(name, ()) for name in ahead)) - found
        return found

    def called_by(self, names: Collection[str]) -> set[str]:
        """Returns the names that are called on the way from `names`."""
        return set().union(*(self._called.get(name, ()) for name in names))


def classes(tree: ast.Module) -> set[str]:
    """Returns the names of the classes defined at the top of a module."""
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


def is_stub(node: ast.AST) -> bool:
    """Returns whether a node is a function with nothing in it, as the prompts of HumanEval end with."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and all(
        isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for line in node.body
    )


def choose(
    values: dict[str, Any],
    of_setup: dict[str, Any],
    calls: set[str],
    reads: Collection[str] = (),
    asked: Collection[str] | None = None,
) -> dict[str, Any]:
    """Returns what the names in `values`, all bound by the program, mean for one test.

    of_setup: what the setup bound to names when it ran beside the tests; calls: names that the test calls;
    reads: names that it reads and does not bind itself; asked: the program's names that this test and all before it
    mention, None if that is not known.
    """
    chosen = {}
    is_alone = len(values) == 1 and values.keys() <= set(reads)
    only = asked is not None and set(asked) <= values.keys()  # nothing that an earlier test holds is of another name
    is_alone = is_alone and (only or all(name in values or _is_known(name, of_setup) for name in reads))
    for name, value in values.items():
        library = _LIBRARY_ALIASES.get(name, name if name in sys.stdlib_module_names else "")
        if name in of_setup:
            constant = len(name) > 1 and name.isupper()
            if name in reads and not constant and _is_variable(of_setup[name], value):
                chosen[name] = value
        elif is_alone:
            chosen[name] = value
        elif hasattr(builtins, name):
            if not (callable(value) or name in calls):
                chosen[name] = value
        elif library and type(value) is Remote and name not in calls:  # modules are not called
            chosen[name] = importlib.import_module(library)
        else:
            chosen[name] = value
    return chosen


def _is_known(name: str, of_setup: dict[str, Any]) -> bool:
    """Returns whether a name says nothing of the program: Python's, the library's or a function of the setup."""
    if name in of_setup:
        return callable(of_setup[name]) and type(of_setup[name]) is not Remote
    return hasattr(builtins, name) or name in _LIBRARY_ALIASES or name in sys.stdlib_module_names


def _is_variable(of_setup: Any, now: Any) -> bool:
    """Returns whether a name of the setup holds something that the code may change, and still something harmless."""
    return type(of_setup) is Remote or not (
        callable(of_setup) or isinstance(of_setup, types.ModuleType) or type(now) is Remote
    )
