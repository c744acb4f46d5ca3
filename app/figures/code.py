"""Python as HTML with its kinds of token marked, also where it is no whole program; every character is escaped."""

import builtins
import html
import keyword
import re
import unicodedata

_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_CONSTANTS = ("True", "False", "None")
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
    """Returns `text` as HTML; what cannot be seen (controls, marks that turn the direction) is spelled out."""
    return "".join(_spelled(c) if _unseen(c) else c for c in html.escape(text))


def code_html(code: str) -> str:
    """Returns `code` as HTML: spans of class comment, string, number, keyword, builtin around what is not plain."""
    parts = []
    for match in TOKEN.finditer(code):
        kind, text = str(match.lastgroup), match.group()
        shown = escaped(text)
        if kind == "word":
            kind = word_kind(text)
        parts.append(shown if kind in ("name", "blank", "other") else f'<span class="{kind}">{shown}</span>')
    return "".join(parts)


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


def _unseen(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn")


def _spelled(character: str) -> str:
    number = ord(character)
    return f'<span class="unseen">\\{f"u{number:04x}" if number < 0x10000 else f"U{number:08x}"}</span>'
