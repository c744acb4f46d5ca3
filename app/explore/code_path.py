"""The code along a run's path as HTML: a row for each step, and in it marked what the end has otherwise."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from app.page.pieces.code import CARDS, escaped, instruction_html, pieces_html

if TYPE_CHECKING:
    from app.explore.runs.probe import CodePath, CodeStep

MISSING = '<mark class="missing" title="The end has more here"></mark>'
MOST_LINES = 8  # for which room is kept above the table, so that nothing below jumps while the step moves


def style() -> str:
    """Returns the CSS of the table: that of the arms' cards, for code and chips, and its own."""
    return CARDS.read_text(encoding="utf-8") + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


def script() -> str:
    """Returns the script by which the table follows the viewer and moves it."""
    return Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def code_path_html(path: CodePath) -> str:
    """Returns the table as HTML, with what it says in a sentence; all text from outside is escaped."""
    rows = "".join(_row(path, row) for row in path.rows)
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Step", "Time", "What is written", "As Python"))
    name = f"code-along-{path.run.name}"
    links = csv_link(path.as_csv(), name), safe_csv_link(path.as_csv(for_spreadsheets=True), name)
    lines = min(MOST_LINES, max(row.code.count("\n") + 1 for row in path.rows))
    return (
        f'<section class="board code-path" aria-label="Code along the path" data-run="{escaped(path.run.name)}">'
        f'<header class="asked"><p class="verdict" aria-live="polite">{escaped(said(path))}</p>'
        f'{instruction_html(path.instruction)}<p class="how">{escaped(path.run.label)} · greedy · {cost(path)} · '
        f"{' '.join(links)}</p></header>"
        f'<div class="now" style="--lines: {lines}"><p class="at"></p>'
        '<pre class="code" tabindex="0" aria-label="Code at this step"><code></code></pre></div>'
        f'<div class="steps" tabindex="0" role="group" aria-label="Code at each step">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        '<p class="notes"><mark>Marked</mark> is what the end has otherwise; ‸ stands where the end has more. '
        "At every step the backbone gets the estimate of the end point, the context it would have if the process "
        "stopped there. Between two written steps it may write something else again.</p></section>"
    )


def said(path: CodePath) -> str:
    """Returns in a sentence how many answers there are, and since when the last one stands."""
    different = len({row.code for row in path.rows})
    if different == 1:
        return f"The same code at all {len(path.rows)} steps."
    since = last_change(path)
    before, step = path.rows[since - 1].step, path.rows[since].step
    told = f"{different} different answers at {len(path.rows)} steps; the final one "
    if step == path.steps and before == step - 1:
        return f"{told}comes with the last step."
    if before == step - 1:
        return f"{told}stands from step {step:,} on."
    return f"{told}stands since a step between {before:,} and {step:,}."


def last_change(path: CodePath) -> int:
    """Returns the number of the row since which the final code stands."""
    since = len(path.rows) - 1
    while since and path.rows[since - 1].code == path.rows[-1].code:
        since -= 1
    return since


def cost(path: CodePath) -> str:
    """Returns in words at how many steps was written, why there, and how long it took."""
    even = sum(row.even for row in path.rows)
    more = len(path.rows) - even
    narrowed = f" and {more} to find since when the final code stands" * bool(more)
    return f"{even} steps spread evenly{narrowed}, {path.seconds:.2g} s"


def csv_link(text: str, name: str, kind: str = "save", label: str = "CSV") -> str:
    """Returns a link of the class `kind` that saves `text` as a CSV file."""
    plain = re.sub(r"[^\w.+-]+", "-", name)
    data = base64.b64encode(text.encode()).decode()
    return f'<a class="{kind}" download="{plain}.csv" href="data:text/csv;charset=utf-8;base64,{data}">{label} ⤓</a>'


def safe_csv_link(text: str, name: str) -> str:
    """Returns the link that saves `text`, in which no spreadsheet finds a formula."""
    return csv_link(text, f"{name}-for-spreadsheets", "save-safe", "for spreadsheets")


def marked_code(pieces: tuple[tuple[str, bool], ...]) -> str:
    """Returns code as `code_html` shows it, with marks around the changed pieces."""
    shown = pieces_html([text for text, _ in pieces])
    marked = zip(pieces, shown, strict=True)
    return "".join(
        (f"<mark>{html}</mark>" if text else MISSING) if changed else html for (text, changed), html in marked
    )


def _row(path: CodePath, row: CodeStep) -> str:
    address = urlencode({"tab": "explore", "run": path.run.name, "step": row.step})
    code = marked_code(row.pieces)
    code = code if row.code else f'<span class="unseen">(an empty answer)</span>{code}'
    parses = (
        '<span class="chip good">✓ parses</span>' if row.parses else '<span class="chip bad">✗ does not parse</span>'
    )
    told = "the end" if row.step == path.steps else "as at the end" if row.code == path.rows[-1].code else ""
    chip = f'<span class="chip">{told}</span>' if told else ""
    return (
        f'<tr data-step="{row.step}" data-changes="{sum(changed for _, changed in row.pieces)}">'
        f'<th scope="row"><a href="?{escaped(address)}" title="Show this step in the viewer">{row.step:,}</a></th>'
        f'<td class="when"><span>timestep {row.timestep:,}</span> <span>noise {row.noise * 100:.1f} %</span></td>'
        f'<td><pre class="code" tabindex="0"><code>{code}</code></pre></td><td class="chips">{parses}{chip}</td></tr>'
    )
