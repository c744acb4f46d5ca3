"""Makes a failing `assert` say what the values were, and `type(x)` the type of an object of the program."""

import ast
import re
from types import CodeType
from typing import Any

from sandbox.signs import MISLEADING

EXPLAIN, TYPE_OF, CLASS_OF = "@explain", "@type", "@class"  # no test can bind such names
_LEFT, _RIGHT = "@left", "@right"
_SHOWN_CHARACTERS = 200  # of a value
_SHOWN_SOURCE, _SHOWN_LINES = 500, 100  # characters and lines of what does not hold
# Python spells out every sign that it does not call printable, joiners and wide blanks too.
_ESCAPED = re.compile(r"(?<!\\)(?P<before>(?:\\\\)*)\\(?P<number>u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4})")
_SIGNS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


class Explained(ast.NodeTransformer):
    """Rewrites every `assert a == b, m` so that its error holds the source and both values, run once each."""

    def __init__(self, source: str) -> None:
        self._lines = [line.encode() for line in source.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        self._classes_asked_for = "type" in source or "__class__" in source

    def visit(self, node: ast.AST) -> Any:
        """Returns what stands for a node; what holds neither an assert nor a type stays as it is, unvisited."""
        if isinstance(node, ast.expr) and not self._classes_asked_for:
            return node  # sets have tests of megabytes, most of it one list
        return node if type(node) is ast.Constant else super().visit(node)

    def compile(self, tree: ast.Module, name: str) -> CodeType:
        """Returns the code of `tree`, whose namespace must hold `explain` and, of remote.py, what TYPE_OF and CLASS_OF
        stand for."""
        return compile(ast.fix_missing_locations(self.visit(tree)), name, "exec", dont_inherit=True)

    def _segment(self, node: ast.expr) -> str:
        """Returns the source of an expression, its beginning if it is long; ast's own way reads all of it each time."""
        first, last = node.lineno - 1, min(node.end_lineno or node.lineno, node.lineno + _SHOWN_LINES) - 1
        rows = self._lines[first : last + 1]
        if last + 1 == node.end_lineno:
            rows[-1] = rows[-1][: node.end_col_offset]
        rows[0] = rows[0][node.col_offset :]
        return b"\n".join(row[: 4 * _SHOWN_SOURCE] for row in rows).decode(errors="ignore")[:_SHOWN_SOURCE]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Returns a call of `type` with one argument as one that knows the program's objects, any other as it is."""
        self.generic_visit(node)
        alone = len(node.args) == 1 and not (node.keywords or isinstance(node.args[0], ast.Starred))
        if alone and isinstance(node.func, ast.Name) and node.func.id == "type":
            return ast.copy_location(ast.Call(_load(TYPE_OF), [node.func, *node.args], []), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Returns `x.__class__` as a call that knows the program's objects, any other attribute as it is."""
        self.generic_visit(node)
        if node.attr == "__class__" and isinstance(node.ctx, ast.Load):
            return ast.copy_location(ast.Call(_load(CLASS_OF), [node.value], []), node)
        return node

    def visit_Assert(self, node: ast.Assert) -> Any:
        """Returns the statements that stand for one assert."""
        source = self._segment(node.test)
        self.generic_visit(node)
        test, known = node.test, []
        statements: list[ast.stmt] = []
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            for name, value in ((_LEFT, test.left), (_RIGHT, test.comparators[0])):
                statements.append(ast.Assign([ast.Name(name, ast.Store())], value))
            known = [ast.Constant(_SIGNS[type(test.ops[0])]), _load(_LEFT), _load(_RIGHT)]
            test = ast.Compare(_load(_LEFT), test.ops, [_load(_RIGHT)])
        arguments = [ast.Constant(source), node.msg or ast.Constant(None), *known]
        error = ast.Call(_load("AssertionError"), [ast.Call(_load(EXPLAIN), arguments, [])], [])
        statements.append(ast.If(ast.UnaryOp(ast.Not(), test), [ast.Raise(error)], []))
        return [ast.copy_location(statement, node) for statement in statements]


def explain(source: str, message: object, sign: str = "", left: object = None, right: object = None) -> str:
    """Returns "a == b does not hold: 3 == 4 (message)"."""
    values = f": {_shown(left)} {sign} {_shown(right)}" if sign else ""
    note = f" ({_shown(message) if not isinstance(message, str) else message})" if message is not None else ""
    return f"{source} does not hold{values}{note}"


def _shown(value: object) -> str:
    try:
        text = _ESCAPED.sub(_plain, repr(value))
    except Exception:
        return f"<a value of type {type(value).__name__} that cannot be shown>"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}... ({len(text):,} characters)"


def _plain(escape: re.Match[str]) -> str:
    sign = chr(int(escape["number"][1:], 16))
    return escape[0] if MISLEADING.match(sign) else escape["before"] + sign


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())
