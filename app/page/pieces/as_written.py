"""A raw answer as HTML, one click away from the code that was cut out of it."""

from typing import Any

from app.page.pieces.code import escaped


def as_written_html(code: str, answer: Any) -> str:
    """Returns the raw answer to be opened, "" where it is no other than the code, or was not kept.

    All of it is escaped: what a model writes around its code is markup as often as not.
    """
    if not isinstance(answer, str) or answer == code:
        return ""
    return (
        '<details class="as-written"><summary>Answer as written</summary>'
        f'<pre tabindex="0"><code>{escaped(answer)}</code></pre></details>'
    )
