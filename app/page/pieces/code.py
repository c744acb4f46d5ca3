"""Python as HTML with its kinds of token marked, also where it is no whole program; every character is escaped."""

import builtins
import html
import keyword
import re
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from sandbox.signs import MISLEADING

CARDS = Path(__file__).with_name("cards.css")  # of what stands in a card: code, tests, chips
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_CONSTANTS = ("True", "False", "None")
PLAIN = ("name", "blank", "other")  # kinds that are not marked
# The last quote may be missing: what a model writes can stop in the middle of a string.
_STRING = (
    r"[rbfuRBFU]{0,2}(?:'{3}(?:\\.|[^\\])*?(?:'{3}|\Z)|\"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z)"
    r"|'(?:\\.|[^\\'\n])*'?|\"(?:\\.|[^\\\"\n])*\"?)"
)
TOKEN = re.compile(
    rf"(?P<comment>\#[^\n]*)|(?P<string>{_STRING})"
    r"|(?P<number>0[xXbBoO][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?[jJ]?)"
    r"|(?P<word>[^\W\d]\w*)|(?P<blank>\s+)|(?P<other>.)",
    re.DOTALL,
)


def escaped(text: str) -> str:
    """Returns `text` as HTML; controls, and marks that turn the direction of writing, are spelled out."""
    return MISLEADING.sub(_spelled, html.escape(text))


def code_html(code: str) -> str:
    """Returns `code` as HTML: spans of class comment, string, number, keyword, builtin around what is not plain."""
    return pieces_html([code])[0]


def pieces_html(pieces: Sequence[str]) -> list[str]:
    """Returns each of the pieces, which joined are one piece of code, as HTML marked as `code_html` marks the whole."""
    return [
        "".join(
            escaped(text) if kind in PLAIN else f'<span class="{kind}">{escaped(text)}</span>' for text, kind in parts
        )
        for parts in kinds_of(pieces)
    ]


def kinds_of(pieces: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Returns each of the pieces, which joined are one piece of code, as (text, kind): those of TOKEN, a word told by
    `word_kind`.
    """
    shown: list[list[tuple[str, str]]] = [[] for _ in pieces]
    ends = list(accumulate(map(len, pieces)))
    piece = 0
    for match in TOKEN.finditer("".join(pieces)):
        kind = word_kind(match.group()) if match.lastgroup == "word" else str(match.lastgroup)
        place = match.start()
        while place < match.end():
            while ends[piece] <= place:
                piece += 1
            stop = min(ends[piece], match.end())
            shown[piece].append((match.string[place:stop], kind))
            place = stop
    return shown


def instruction_html(text: str) -> str:
    """Returns an instruction as HTML; one of several lines is code, as HumanEval's are, and keeps its columns."""
    if "\n" in text:
        return f'<pre class="instruction"><code>{code_html(text)}</code></pre>'
    return f'<p class="instruction">{escaped(text)}</p>'


def word_kind(word: str) -> str:
    """Returns "keyword", "builtin" or "name"."""
    if word in _CONSTANTS or keyword.iskeyword(word):
        return "keyword"
    return "builtin" if word in _BUILTINS else "name"


def _spelled(found: re.Match[str]) -> str:
    return found[0] if found[0] in "\n\t" else f'<span class="unseen">\\u{ord(found[0]):04x}</span>'
