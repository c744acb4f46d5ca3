"""What can be told of a text as Python: whether it is code, says more than words do, or is the beginning of code."""

import ast
import builtins
import codeop
import re
import textwrap
import warnings

from ddpt_core.data.programs import parsed

FAULTS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)  # the last two: nested too deeply
WORDS = (ast.Name, ast.Constant, ast.Tuple, ast.Load, ast.BinOp, ast.UnaryOp, ast.Sub, ast.USub, ast.Div)
# What may have stood behind a text that ends in the middle of a line, or of a string in brackets.
ENDINGS = (" _", "_", ": pass", " _: pass", "(): pass", " in _: pass", " import _", " else _", " = _", "'", '"')
CLOSED = ("", "'", '"')


def code_tree(text: str) -> ast.Module | None:
    """Returns the tree of a text that is Python, also as the body of a function; None of any other.

    All lines of a body may be indented, or all but the first, which loses its indentation where texts are stripped.
    """
    tree = parsed(text)
    if tree is not None:
        return tree
    if text[:1].isspace():
        return parsed(textwrap.dedent(text))
    depths = [len(found) for found in re.findall(r"^[ \t]+(?=\S)", text.partition("\n")[2], re.MULTILINE)]
    return parsed(textwrap.dedent(" " * min(depths) + text)) if depths else None


def is_code(text: str) -> bool:
    """Returns whether the text is Python that says more than single words would: prose such as "Sure" parses too."""
    tree = code_tree(text)
    return tree is not None and any(not _is_word(line) for line in tree.body)


def _is_word(line: ast.stmt) -> bool:
    """Returns whether a statement may be a few words of prose: "Sure", "6", "Note: this", "On-site, 1", "- a name"."""
    if isinstance(line, ast.AnnAssign):
        return line.value is None and isinstance(line.annotation, ast.Name | ast.Constant)
    if not isinstance(line, ast.Expr):
        return False
    item = line.value
    if isinstance(item, ast.UnaryOp) and item.operand.col_offset > item.col_offset + 1:
        return True
    return all(isinstance(node, WORDS) for node in ast.walk(item))


def is_beginning(text: str) -> bool:
    """Returns whether the text is no Python but would be if it went on: it ends inside a bracket, a string, a line."""
    if parsed(text) is not None:
        return False
    return any(_is_incomplete(text + end) for end in CLOSED) or any(parsed(text + end) is not None for end in ENDINGS)


def _is_incomplete(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return codeop.compile_command(text, symbol="exec") is None
    except FAULTS:
        return False


def string_lines(tree: ast.Module) -> set[int]:
    """Returns the numbers, from 0, of the lines that begin inside a string: what stands there is no mark-up."""
    return {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno
        for number in range(node.lineno, node.end_lineno)
    }


def without_cut_tail(text: str) -> str:
    """Returns the text without a last statement that breaks off, if a whole program stands before it.

    Whole is what parses and has a definition or several statements. A statement inside a definition is left out only
    where that definition has come to its end: a function that was cut in the middle is no answer, and stays visible.
    """
    if not is_beginning(text):
        return text
    lines = text.split("\n")
    for start in range(len(lines) - 1, 0, -1):
        before = "\n".join(lines[:start]).rstrip()
        tree = parsed(before)
        if tree is None or not tree.body:
            continue
        definitions = [line for line in tree.body if _defines(line)]
        whole = bool(definitions) or len(tree.body) > 1
        at_top = not lines[start][:1].isspace()
        return before if whole and (at_top or _has_ended(tree.body[-1], lines[start])) else text
    return text


def without_cut_name(text: str, tree: ast.Module) -> str:
    """Returns Python without a last line that is a name which nothing else mentions, behind a definition.

    So a call looks that breaks off before its bracket: it parses, and would end the whole program in a NameError.
    """
    last = tree.body[-1] if tree.body else None
    if not (isinstance(last, ast.Expr) and isinstance(last.value, ast.Name) and any(map(_defines, tree.body))):
        return text
    name = last.value.id
    alone = text.rstrip().endswith(f"\n{name}") and len(re.findall(rf"\b{re.escape(name)}\b", text)) == 1
    return text.rstrip().removesuffix(name).rstrip() if alone and not hasattr(builtins, name) else text


def _defines(line: ast.stmt) -> bool:
    return isinstance(line, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _has_ended(definition: ast.stmt, next_line: str) -> bool:
    """Returns whether a definition is whole before the line: a method follows, or its last line returns or raises."""
    while isinstance(definition, ast.ClassDef):
        if re.match(r"\s+(async\s+def|def|class|@)", next_line):
            return True
        definition = definition.body[-1]
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return isinstance(definition.body[-1], ast.Return | ast.Raise)
