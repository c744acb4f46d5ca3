"""How two pieces of code differ, by word: what both have, what only the first has, what only the second has.

A word is a name, a number or a single sign; camelCase is two, as for the metrics (see metrics/code_tokens.py).
"""

import re
from difflib import SequenceMatcher
from itertools import groupby, takewhile
from typing import NamedTuple

SAME, LOST, NEW = "same", "lost", "new"  # in both; in the first alone; in the second alone

# As metrics/code_tokens.py splits: blanks, each symbol alone, and before a capital that follows a small letter.
_EDGE = re.compile(r"(\s+|[^A-Za-z0-9_\s])|(?<=[a-z])(?=[A-Z])")


class Part(NamedTuple):
    """A stretch of text of one kind, SAME, LOST or NEW; `words` is how many words it holds, 0 for blanks alone."""

    kind: str
    text: str
    words: int


def differences(before: str, after: str) -> list[Part]:
    """Returns the way from `before` to `after`, none of its parts empty, what is lost before what is new.

    SAME and LOST parts joined are `before`, SAME and NEW ones `after`. Words are compared, and the blanks before
    those that are the same.
    """
    ours, theirs = split_words(before), split_words(after)
    matcher = SequenceMatcher(None, [word for _, word in ours], [word for _, word in theirs], autojunk=False)
    parts: list[Part] = []
    for kind, start, stop, other, last in matcher.get_opcodes():
        if kind != "equal":
            parts += [_part(LOST, ours[start:stop]), _part(NEW, theirs[other:last])]
            continue
        for (blank, word), (blank_there, _) in zip(ours[start:stop], theirs[other:last], strict=True):
            if blank == blank_there:
                parts.append(Part(SAME, blank, 0))
            else:
                parts += [Part(LOST, blank, 0), Part(NEW, blank_there, 0)]
            parts.append(Part(SAME, word, int(bool(word))))
    return _joined(parts)


def changes(code: str, final: str) -> list[tuple[str, bool]]:
    """Returns `code` in pieces, each with whether the final code has it otherwise; joined they are `code` again.

    A changed piece "" stands where the final code has something that is missing here.
    """
    pieces: list[tuple[str, bool]] = []
    for kind, text, _ in differences(code, final):
        if kind != NEW:
            pieces.append((text, kind == LOST))
        elif not pieces or not pieces[-1][1]:
            pieces.append(("", True))
    return pieces


def split_words(code: str) -> list[tuple[str, str]]:
    """Returns each word with the blanks before it; the last word is "", so that no blank is lost."""
    words, blank = [], ""
    for part in filter(None, _EDGE.split(code)):
        if part.isspace():
            blank = part
        else:
            words.append((blank, part))
            blank = ""
    return [*words, (blank, "")]


def _part(kind: str, words: list[tuple[str, str]]) -> Part:
    return Part(kind, "".join(blank + word for blank, word in words), sum(bool(word) for _, word in words))


def _joined(parts: list[Part]) -> list[Part]:
    """Returns the parts that hold text; between two SAME ones all that is lost is one, and all that is new."""
    joined: list[Part] = []
    for same, group in groupby((part for part in parts if part.text), key=lambda part: part.kind == SAME):
        found = list(group)
        if same:
            joined.append(_sum(SAME, found))
        else:
            joined += _without_shared_blanks(_sum(LOST, found), _sum(NEW, found))
    merged = groupby((part for part in joined if part.text), key=lambda part: part.kind)
    return [_sum(kind, list(group)) for kind, group in merged]


def _without_shared_blanks(lost: Part, new: Part) -> list[Part]:
    """Returns a change with the blanks taken out with which both its sides begin, or both end."""
    start = _shared_blanks(lost.text, new.text)
    stop = _shared_blanks(lost.text[start:][::-1], new.text[start:][::-1])
    before, after = lost.text[:start], lost.text[len(lost.text) - stop :]
    changed = [part._replace(text=part.text[start : len(part.text) - stop]) for part in (lost, new)]
    return [Part(SAME, before, 0), *changed, Part(SAME, after, 0)]


def _shared_blanks(first: str, second: str) -> int:
    """Returns with how many blanks both texts begin."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1] and pair[0].isspace(), pairs))


def _sum(kind: str, parts: list[Part]) -> Part:
    chosen = [part for part in parts if part.kind == kind]
    return Part(kind, "".join(part.text for part in chosen), sum(part.words for part in chosen))
