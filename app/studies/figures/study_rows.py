"""The predictions of a study as HTML: who wrote what, beside the reference, with the figure that they are sorted by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.page.pieces.as_written import as_written_html
from app.page.pieces.code import code_html, escaped, instruction_html
from app.page.pieces.result_table import OUTCOMES, number
from app.studies.figures.study_tables import scales
from app.studies.kept.study_predictions import LOSS, PASSED
from ddpt_core.study.names import called

PAGE = 20  # rows shown at once
OPEN_SCRIPT = """
element.addEventListener("click", event => {
  const button = event.target.closest("button[data-key]");
  if (button) trigger("open_task", { key: button.dataset.key });
});
"""


def rows_html(rows: Sequence[dict[str, Any]], by: str = "") -> str:
    """Returns predictions as HTML, with their figure `by`; all text from outside is escaped."""
    if not rows:
        return '<section class="board rows"><p class="none">No prediction is like that.</p></section>'
    return f'<section class="board rows">{"".join(_row(row, by) for row in rows)}</section>'


def _row(row: dict[str, Any], by: str) -> str:
    code = code_html(row["prediction"]) if row["prediction"] else '<span class="unseen">(an empty answer)</span>'
    reference = code_html(row["reference"]) if row["reference"].strip() else '<span class="unseen">none</span>'
    detail = str(row.get("detail") or "")
    why = f'<div class="tests"><p class="detail">{escaped(detail)}</p></div>' if detail else ""
    return (
        f'<article style="--arm: var(--arm-{escaped(row["kind"])})"><header><h3>{escaped(called(row["arm"]))}</h3>'
        f'<span class="id">{escaped(row["id"])} · {escaped(row["seeds"])}</span>{_chips(row, by)}'
        f'<button type="button" data-key="{escaped(row["key"])}">Open in Compare</button></header>'
        f"{instruction_html(row['instruction'])}"
        f'<div class="pair"><div><h4>Wrote</h4><pre class="code" tabindex="0"><code>{code}</code></pre>'
        f"{as_written_html(row['prediction'], row.get('answer'))}</div>"
        f'<div><h4>Reference</h4><pre class="code" tabindex="0"><code>{reference}</code></pre></div></div>{why}'
        f"</article>"
    )


def _chips(row: dict[str, Any], by: str) -> str:
    """Returns what the tests came to, and the figure that the rows are sorted by."""
    chips = ""
    if status := row.get("status"):
        good = status == "passed"
        said = f"{'✓' if good else '✗'} tests {OUTCOMES.get(status, status)}"
        chips += f'<span class="chip {"good" if good else "bad"}">{escaped(said)}</span>'
    if by not in ("", PASSED):
        label, _, unit = scales()[LOSS if by == LOSS else by]
        value = "–" if row["value"] is None else f"{number(row['value'])}{unit}"
        chips += f'<span class="chip">{escaped(label.partition(",")[0])} {value}</span>'
    return chips
