"""The code along a run's path as HTML: a row for each step, and in it marked what the end has otherwise."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from app.figures import arm_cards
from app.figures.code import TOKEN, escaped, instruction_html, word_kind

if TYPE_CHECKING:
    from app.probe import CodePath, CodeStep

# A click on a step moves the viewer if it shows this run; otherwise the link opens the run at that step.
SEEK_SCRIPT = """
element.addEventListener("click", event => {
  const link = event.target.closest("a[data-step]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const open = document.querySelector("#viewer .pick-run")?.value;
  if (!link || !plain || !window.ddptViewer || open !== link.dataset.run) return;
  event.preventDefault();
  window.ddptViewer.seek(Number(link.dataset.step));
  document.querySelector("#viewer").scrollIntoView({ block: "start" });
});
"""
PLAIN = ("name", "blank", "other")
MISSING = '<mark class="missing" title="The end has more here"></mark>'


def style() -> str:
    """Returns the CSS of the table: that of the arms' cards, for code and chips, and its own."""
    return arm_cards.CSS.read_text(encoding="utf-8") + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


def code_path_html(path: CodePath) -> str:
    """Returns the table as HTML, with what it says in a sentence; all text from outside is escaped."""
    rows = "".join(_row(path, row) for row in path.rows)
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Step", "Time", "What is written", "As Python"))
    return (
        f'<section class="board code-path" aria-label="Code along the path">'
        f'<header class="asked"><p class="verdict" aria-live="polite">{escaped(said(path))}</p>'
        f'{instruction_html(path.instruction)}<p class="how">{escaped(path.run.label)} · greedy · '
        f"{csv_link(path.as_csv(), f'code-along-{path.run.name}')}</p></header>"
        f'<div class="steps" tabindex="0" role="group" aria-label="Code at each step">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        '<p class="notes"><mark>Marked</mark> is what the end has otherwise; ‸ stands where the end has more. '
        "At every step the backbone gets the estimate of the end point, the context it would have if the process "
        "stopped there.</p></section>"
    )


def said(path: CodePath) -> str:
    """Returns in a sentence how many answers there are, and since when the last one stands."""
    different = len({row.code for row in path.rows})
    if different == 1:
        return f"The same code at all {len(path.rows)} steps."
    since = path.rows[-1].step
    for row in reversed(path.rows):
        if row.code != path.rows[-1].code:
            break
        since = row.step
    last = "comes at the end" if since == path.steps else f"stands from step {since:,} on"
    return f"{different} different answers at {len(path.rows)} steps; the final one {last}."


def csv_link(text: str, name: str) -> str:
    """Returns a link that saves `text` as a CSV file."""
    plain = re.sub(r"[^\w.+-]+", "-", name)
    data = base64.b64encode(text.encode()).decode()
    return f'<a class="save" download="{plain}.csv" href="data:text/csv;charset=utf-8;base64,{data}">CSV ⤓</a>'


def marked_code(pieces: tuple[tuple[str, bool], ...]) -> str:
    """Returns code as `code_html` shows it, with marks around the changed pieces."""
    code, edges, gaps, changed = "".join(text for text, _ in pieces), [], [], []
    place = 0
    for text, other in pieces:
        (gaps if not text else edges).append(place)
        changed += [other] * len(text)
        place += len(text)
    parts = []
    for start, stop, kind in _cut(code, sorted({*edges, *gaps})):
        shown = escaped(code[start:stop])
        shown = shown if kind in PLAIN else f'<span class="{kind}">{shown}</span>'
        parts.append(MISSING * (start in gaps) + (f"<mark>{shown}</mark>" if changed[start] else shown))
    return "".join(parts) + MISSING * (place in gaps)


def _cut(code: str, edges: list[int]) -> Iterator[tuple[int, int, str]]:
    """Yields start, stop and kind of every token of `code`, cut in two where an edge lies inside."""
    for match in TOKEN.finditer(code):
        kind = word_kind(match.group()) if match.lastgroup == "word" else str(match.lastgroup)
        inside = [edge for edge in edges if match.start() < edge < match.end()]
        yield from ((a, b, kind) for a, b in zip([match.start(), *inside], [*inside, match.end()], strict=True))


def _row(path: CodePath, row: CodeStep) -> str:
    address = urlencode({"tab": "explore", "run": path.run.name, "step": row.step})
    name = escaped(path.run.name)
    code = marked_code(row.pieces)
    code = code if row.code else f'<span class="unseen">(an empty answer)</span>{code}'
    parses = (
        '<span class="chip good">✓ parses</span>' if row.parses else '<span class="chip bad">✗ does not parse</span>'
    )
    told = "the end" if row.step == path.steps else "as at the end" if row.code == path.rows[-1].code else ""
    chip = f'<span class="chip">{told}</span>' if told else ""
    return (
        f'<tr><th scope="row"><a href="?{escaped(address)}" data-run="{name}" data-step="{row.step}" '
        f'title="Show this step in the viewer">{row.step:,}</a></th>'
        f'<td class="when"><span>timestep {row.timestep:,}</span> <span>noise {row.noise * 100:.1f} %</span></td>'
        f'<td><pre class="code" tabindex="0"><code>{code}</code></pre></td><td class="chips">{parses}{chip}</td></tr>'
    )
