"""The predictions of an evaluation as HTML: code beside reference, and the test that failed, with its values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.page.pieces.as_written import as_written_html
from app.page.pieces.code import CARDS, code_html, escaped, instruction_html
from app.page.pieces.result_table import OUTCOMES
from app.page.pieces.test_rows import outcome_chip, tests_html, tests_of
from ddpt_core.arms import ALL_ARMS

PAGE = 20  # rows shown at once
NOT_TESTED = "not tested"
OPEN_SCRIPT = """
element.addEventListener("click", event => {
  const button = event.target.closest("button[data-row]");
  if (button) trigger("open_task", { row: Number(button.dataset.row) });
});
"""
Row = dict[str, Any]


def style() -> str:
    """Returns the CSS of the rows: that of the arms' cards, for code and tests, and their own."""
    return CARDS.read_text(encoding="utf-8") + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


def chosen_rows(rows: Sequence[Row], arm: str, outcome: str, text: str) -> list[int]:
    """Returns the places of the rows of an arm and outcome, "" for any, that hold `text` in any letter case."""
    wanted = text.strip().casefold()
    return [
        place
        for place, row in enumerate(rows)
        if arm in ("", row["arm"])
        and outcome in ("", row.get("status") or NOT_TESTED)
        and (not wanted or any(wanted in part.casefold() for part in _texts(row)))
    ]


def predictions_html(rows: Sequence[Row], places: Sequence[int], page: int = 0) -> str:
    """Returns one page of the rows at `places` as HTML; all text from outside is escaped."""
    if not places:
        return '<section class="board rows"><p class="none">No prediction is like that.</p></section>'
    shown = places[page * PAGE : (page + 1) * PAGE]
    return f'<section class="board rows">{"".join(_row(rows[place], place) for place in shown)}</section>'


def _row(row: Row, place: int) -> str:
    arm, status = row["arm"], row.get("status")
    tests = tests_of(row)
    chip = outcome_chip(status, tests) if status else f'<span class="chip">{NOT_TESTED}</span>'
    sample = f" · sample {row['sample'] + 1:,}" if "sample" in row else ""
    code = code_html(row["prediction"]) if row["prediction"] else '<span class="unseen">(an empty answer)</span>'
    reference = code_html(row["reference"]) if row["reference"].strip() else '<span class="unseen">none</span>'
    judged = tests_html(tests, status, row.get("detail", "")) if status else _why(row.get("detail", ""))
    name = ALL_ARMS[arm].label if arm in ALL_ARMS else escaped(arm)
    return (
        f'<article style="--arm: var(--arm-{arm})"><header><h3>{name}</h3>'
        f'<span class="id">{escaped(row["id"])}{sample}</span>{chip}'
        f'<button type="button" data-row="{place}">Open in Compare</button></header>'
        f"{instruction_html(row['instruction'])}"
        f'<div class="pair"><div><h4>Wrote</h4><pre class="code" tabindex="0"><code>{code}</code></pre>'
        f"{as_written_html(row['prediction'], row.get('answer'))}</div>"
        f'<div><h4>Reference</h4><pre class="code" tabindex="0"><code>{reference}</code></pre></div></div>{judged}'
        f"</article>"
    )


def _why(detail: str) -> str:
    return f'<div class="tests"><p class="detail">{escaped(detail)}</p></div>' if detail else ""


def _texts(row: Row) -> list[str]:
    tests = [part for test in row.get("tests") or () for part in (test["test"], test["detail"])]
    written = (row["prediction"], row.get("answer") or "")
    return [row["id"], row["instruction"], *written, row["reference"], row.get("detail") or "", *tests]


def outcome_choices(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Returns (name, value) of "any" and of every outcome that occurs, with how often it does."""
    found: dict[str, int] = {}
    for row in rows:
        status = row.get("status") or NOT_TESTED
        found[status] = found.get(status, 0) + 1
    order = [*OUTCOMES, NOT_TESTED]
    known = sorted(found, key=lambda status: order.index(status) if status in order else len(order))
    return [("Any outcome", ""), *((f"{OUTCOMES.get(name, name)} ({found[name]:,})", name) for name in known)]
