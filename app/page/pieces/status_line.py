"""A line that says how things stand: what is going on and how far it is, or what went wrong."""

import re

from app.page.pieces.code import escaped
from app.page.stream import FAILED, Told


def status_line(text: str, share: float | None = None, failed: bool = False) -> str:
    """Returns the line as HTML, with a bar for `share` from 0 to 1; the text is escaped, `code` in it marked."""
    bar = "" if share is None else f'<progress max="1" value="{share:.3f}" aria-label="Progress"></progress>'
    kind = "run-status failed" if failed else "run-status"
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped(text))
    return f'<div class="{kind}" role="status">{bar}<span>{words}</span></div>'


def line_of(told: Told) -> str:
    """Returns how long work stands as such a line."""
    return status_line(told.text, told.share, failed=told.state == FAILED)
