"""What kind of Python text a vocabulary token is: the colour of its point in the picture."""

import builtins
import keyword
import re
import string
from collections.abc import Collection, Sequence

from app.page.theme import KIND_COLOURS

KINDS = tuple(KIND_COLOURS)  # a token's kind is stored as its index here

_QUOTES = re.compile(r"['\"]")
_NUMBER = re.compile(r"0[xXbBoO][0-9a-fA-F_]+|\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?[jJ]?|\.\d+")
_WORD = re.compile(r"\w+")
_BUILTINS = frozenset(dir(builtins))


def kind_of(token: str, special: bool = False) -> str:
    """Returns the kind, one of KINDS, of one readable token.

    A word with a blank before it, or one that Python itself defines, is a name; letters without one may
    continue a word and are a word piece. A token with a quote mark is a string, punctuation is an operator.
    `special` marks the tokenizer's own control tokens, whatever they look like.
    """
    text = token.strip()
    if special:
        return "special"
    if not text:
        return "white space" if token else "other"
    if keyword.iskeyword(text):
        return "keyword"
    if _NUMBER.fullmatch(text):
        return "number"
    if _QUOTES.search(text):
        return "string"
    if all(character in string.punctuation and character != "_" for character in text):
        return "operator"
    if text.isidentifier() and (token[0].isspace() or text in _BUILTINS):
        return "name"
    if text.isascii() and _WORD.fullmatch(text):
        return "word piece"
    return "other"


def kinds_of(tokens: Sequence[str], special_ids: Collection[int] = ()) -> list[int]:
    """Returns the index in KINDS of every token's kind; `special_ids` are the tokenizer's control tokens."""
    special = frozenset(special_ids)
    return [KINDS.index(kind_of(token, index in special)) for index, token in enumerate(tokens)]
