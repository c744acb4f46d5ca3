"""How one piece of code differs from another, by word, as HTML: what is missing struck out, what is more underlined."""

import re
from pathlib import Path

from app.page.pieces.code import pieces_html
from ddpt_core.data.differences import LOST, NEW, SAME, differences

CSS = Path(__file__).with_suffix(".css")
SAID = {LOST: "missing", NEW: "more"}
TAGS = {LOST: "del", NEW: "ins"}
BLANKS = {" ": "space", "\t": "tab", "\n": "line break"}
SIGNS = {" ": "space-sign", "\t": "tab-sign", "\n": "line-sign"}  # classes that make a blank visible


def diff_html(before: str, after: str) -> str:
    """Returns `after` as HTML, highlighted, with <ins> around what `before` has not, and <del> of what it has more.

    Without the elements del this is the text of `after`, without ins that of `before`; what cannot be seen is spelled
    out as in `code_html`. What each mark means is in its `data-said`, which the style tells to screen readers.
    """
    parts = differences(before, after)
    ours = iter(pieces_html([part.text for part in parts if part.kind != NEW]))
    theirs = iter(pieces_html([part.text for part in parts if part.kind != LOST]))
    shown = []
    for kind, text, words in parts:
        html = next(ours if kind == LOST else theirs)
        if kind == SAME:
            next(ours)
            shown.append(html)
            continue
        said = SAID[kind] if words else f"{SAID[kind]}: {_blanks_said(text)}"
        tag = TAGS[kind]
        shown.append(f'<{tag} data-said="{said}">{_with_blanks(html, alone=not words)}</{tag}>')
    return "".join(shown)


def difference_said(before: str, after: str) -> str:
    """Returns in a few words how much `after` has more than `before`, and how much it lacks."""
    if before == after:
        return "the same"
    parts = differences(before, after)
    more, missing = (sum(part.words for part in parts if part.kind == kind) for kind in (NEW, LOST))
    if not more and not missing:
        return "the same words, other blanks"
    counts = [(more, "more"), (missing, "missing")]
    (first, what), *others = [pair for pair in counts if pair[0]]
    said = f"{first:,} word{'s' * (first != 1)} {what}"
    return said + "".join(f", {count:,} {other}" for count, other in others)


def _with_blanks(html: str, alone: bool) -> str:
    """Returns the HTML of changed code with its line breaks made visible, and all its blanks where it is those alone.

    The blanks inside a tag stay as they are.
    """
    pattern = r"(<[^>]*>)|([ \t\n])" if alone else r"(<[^>]*>)|(\n)"
    return re.sub(pattern, lambda found: found[1] or f'<span class="{SIGNS[found[2]]}">{found[2]}</span>', html)


def _blanks_said(text: str) -> str:
    """Returns what blanks there are in words: 2 spaces, 1 line break."""
    counts = {word: text.count(blank) for blank, word in BLANKS.items()}
    counts["other blank"] = len(text) - sum(counts.values())
    return ", ".join(f"{count} {word}{'s' * (count != 1)}" for word, count in counts.items() if count)
