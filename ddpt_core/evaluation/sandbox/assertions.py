"""Makes a failing `assert` say what the values were, and `type(x)` the type of an object of the program."""

import ast
import re
from types import CodeType
from typing import Any

from ddpt_core.evaluation.sandbox.signs import MISLEADING

EXPLAIN, TYPE_OF, CLASS_OF = "@explain", "@type", "@class"  # no test can bind such names
_LEFT, _RIGHT = "@left", "@right"
_SHOWN_CHARACTERS = 200  # of a value
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
        self._source = source

    def compile(self, tree: ast.Module, name: str) -> CodeType:
        """Returns the code of `tree`, whose namespace must hold `explain` and, of remote.py, what TYPE_OF and CLASS_OF
        stand for."""
        return compile(ast.fix_missing_locations(self.visit(tree)), name, "exec", dont_inherit=True)

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
        source = ast.get_source_segment(self._source, node.test) or ast.unparse(node.test)
        if "type" in source or "__class__" in source:  # else spare it, which may be deeply nested
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
    return f"{source[:500]} does not hold{values}{note}"


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
