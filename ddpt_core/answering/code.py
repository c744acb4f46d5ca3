"""The one rule that cuts code out of a raw answer, for every arm, data set and metric.

Language models wrap code in what was asked of them elsewhere: fences, a sentence before and after, the marks of a data
set's prompt. In turn:

1. Line ends are those of Unix, and a byte order mark is left out.
2. Between `[BEGIN]` and `[DONE]` stands the code (the prompt of MBPP, Austin et al. 2021).
3. A text that is Python is code as it stands, to the last character; so references come through unchanged.
4. Otherwise the first fenced block that holds code is it (fences.py), also if it is of another language.
5. What was typed at the prompts of an interactive session is code; backticks around the whole are left out.
6. Sentences before and after code are left out (prose.py).
7. A last statement that breaks off, where the model had no tokens left, is left out behind a whole program; also a
   name that nothing else mentions, behind a definition (step 3 knows this one exception).

What none of this fits stays as it is: other languages, Python 2, a single cut line, prose alone. The steps are taken
until nothing changes any more, so the code of a code is that code.
"""

import re
import textwrap

from ddpt_core.answering import fences
from ddpt_core.answering.prose import among_sentences, from_session, without_ticks
from ddpt_core.answering.source import code_tree, is_code, string_lines, without_cut_name, without_cut_tail
from ddpt_core.data.programs import parsed, unfinished_function
from ddpt_core.data.task import Task

RULE = 1  # to be raised when answers are cut otherwise: figures that are kept are then made again
BEGIN = re.compile(r"(?:^[ \t]*\[BEGIN\][ \t]*\n\s*)+", re.MULTILINE)
MARK = re.compile(r"^[ \t]*\[BEGIN\][ \t]*$|[ \t]*\[DONE\][ \t]*$", re.MULTILINE)
LANGUAGE_LINE = re.compile(r"\s*(?:python3?|py)[ \t]*\n+(?=[^\n])", re.IGNORECASE)


def code_of(answer: str, task: Task | None = None) -> str:
    """Returns the code that a raw answer holds, the answer itself if no part of it is told to be code.

    Never blank unless the answer is. For a task that is an unfinished function (HumanEval) a body keeps its
    indentation, which programs.program_of reads; elsewhere lines that are all indented are moved to the margin.
    """
    completes = task is not None and unfinished_function(task.instruction) is not None
    code = answer
    while True:
        shorter = _cut(code, completes)
        if shorter == code or not shorter.strip():
            return code
        code = shorter


def _cut(text: str, completes: bool) -> str:
    """Returns the text after the first of the steps that changes it; each makes it shorter or leaves it."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff\u200b")
    if plain != text:
        return plain
    tree = parsed(text)
    quoted = set() if tree is None else string_lines(tree)
    between = _between_marks(text, quoted)
    if between is not None:
        return between
    named = LANGUAGE_LINE.match(text)
    if named and is_code(text[named.end() :]):
        return text[named.end() :]
    fence = fences.first_fence(text)
    if tree is not None and (fence is None or text.count("\n", 0, fence) in quoted):
        return without_cut_name(text, tree)
    if fence is not None:
        before = _unfenced(text[:fence], completes) if text[:fence].strip() else ""
        if is_code(before):
            return before.rstrip()
        block = fences.chosen(text)
        return text if block is None else block
    return _unfenced(text, completes)


def _unfenced(text: str, completes: bool) -> str:
    """Returns the code of a text in which no fence stands, the text if there is none to be told."""
    if code_tree(text) is not None:
        return _at_margin(text, completes)
    for cut in (from_session(text), without_ticks(text), without_cut_tail(text), among_sentences(text)):
        if cut is not None and cut != text:
            return cut
    return text


def _at_margin(text: str, completes: bool) -> str:
    """Returns lines that are all indented moved to the margin, unless they are the body that a task asks for."""
    if completes or not text[:1].isspace() or parsed(text) is not None:
        return text
    return textwrap.dedent(text)


def _between_marks(text: str, quoted: set[int]) -> str | None:
    """Returns what stands between the marks [BEGIN] and [DONE], or before the first mark; None without them."""
    marks = [mark.start() for mark in MARK.finditer(text) if text.count("\n", 0, mark.start()) not in quoted]
    if not marks:
        return None
    begin = BEGIN.match(text, marks[0])
    start = begin.end() if begin and not is_code(text[: begin.start()]) else 0
    end = next((mark for mark in marks if mark >= start and text[start:mark].strip()), len(text))
    between = text[start:end].strip("\n").rstrip()
    return between if between.strip() else None
