"""How an answer becomes the program that the tests ask: the one rule for all formats.

Most answers are whole programs and stay as they are: MBPP's, CodeAlpaca's, those of our own form. HumanEval's
instructions are themselves code that ends in an unfinished function, of which only signature and docstring are there,
and an answer may be its body alone or the whole function:

- An answer that defines the function itself follows what stands before it in the instruction: imports and helpers.
- Any other answer completes it: the instruction, then the answer, as in the data set's own harness (Chen et al. 2021,
  arXiv 2107.03374). Generated text comes stripped, so the indentation that its first line or all its lines lack is
  given back.
- What does not compile is cut at the stop sequences of that paper, if the rest then does.

Whether instruction and answer are of that kind is read from the texts, so a task typed by hand is treated alike.
"""

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator

from ddpt_core.data.task import Task

STOP_SEQUENCES = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")  # Chen et al. 2021, section 2.1
FUTURE = re.compile(r"^from __future__ import [^\n(]+(?:\n|\Z)", re.MULTILINE)
INDENT = "    "


def program_of(answer: str, task: Task) -> str:
    """Returns the program that the task's tests are to ask for this answer."""
    function = unfinished_function(task.instruction)
    if function is None:
        return answer
    definition = re.compile(rf"^(async\s+)?def\s+{re.escape(function)}\b", re.MULTILINE)
    if own := definition.search(answer):
        before = task.instruction[: [found.start() for found in definition.finditer(task.instruction)][-1]]
        forms = [_joined(before, form) for form in _whole_and_cut(answer, own.end())]
    else:
        forms = [f"{task.instruction}\n{form}" for body in _indented(answer) for form in _whole_and_cut(body, 0)]
    return next((form for form in forms if _compiles(form)), forms[0])


def unfinished_function(instruction: str) -> str | None:
    """Returns the name of the function with no more than a docstring in which the instruction ends, None without one.

    The instruction must be Python as a whole; a signature at its very end, without a docstring, will do too.
    """
    for text in (instruction, f"{instruction}\n{INDENT}pass"):
        tree = parsed(text)
        if tree is None:
            continue
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef) and all(map(_does_nothing, last.body)):
            return last.name
        return None
    return None


def _joined(before: str, answer: str) -> str:
    """Returns the answer behind what stands before it, its imports from __future__ first, as Python wants them."""
    futures = "".join(f"{line[0].strip()}\n" for line in FUTURE.finditer(answer))
    return futures + before + FUTURE.sub("", answer)


def _does_nothing(line: ast.stmt) -> bool:
    return isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))


def _indented(answer: str) -> Iterator[str]:
    """Yields the answer as the body it may be: as it is, all its lines indented, or its first line alone."""
    if answer[:1].isspace():
        yield answer
    yield textwrap.indent(answer, INDENT)
    yield INDENT + answer


def _whole_and_cut(text: str, start: int) -> Iterator[str]:
    """Yields the text, and if there is a stop sequence from `start` on, the text before the first."""
    yield text
    places = [place for stop in STOP_SEQUENCES if (place := text.find(stop, start)) >= 0]
    if places:
        yield text[: min(places)]


def _compiles(source: str) -> bool:
    """Returns whether the source is a program; parsing alone lets a `return` stand outside a function."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd but valid code, such as "\d"
            compile(source, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # the last two: nested too deeply
        return False
    return True


def parsed(source: str) -> ast.Module | None:
    """Returns the syntax tree of a source that is Python, None of any other."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
