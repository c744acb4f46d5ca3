"""A line that says how things stand: what is going on and how far it is, or what went wrong."""

import re

from app.page.pieces.code import escaped


def status_line(text: str, share: float | None = None, failed: bool = False) -> str:
    """Returns the line as HTML, with a bar for `share` from 0 to 1; the text is escaped, `code` in it marked."""
    bar = "" if share is None else f'<progress max="1" value="{share:.3f}" aria-label="Progress"></progress>'
    kind = "run-status failed" if failed else "run-status"
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped(text))
    return f'<div class="{kind}" role="status">{bar}<span>{words}</span></div>'
