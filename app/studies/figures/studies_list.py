"""The studies that there are as HTML: a table with a button for each, and the cost of one before it is begun."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.page.pieces import predictions, result_table
from app.page.pieces.code import escaped
from app.studies.kept.study_folders import RUNNING, SHIPPED
from ddpt_core.study.names import duration

CSS = Path(__file__).with_suffix(".css")
# The address names the study that is chosen, as long as the list is in sight.
OPEN_SCRIPT = """
element.addEventListener("click", event => {
  const button = event.target.closest("button[data-study]");
  if (button) trigger("open_study", { name: button.dataset.study });
});
const inAddress = () => requestAnimationFrame(() => {
  const chosen = element.querySelector("button[aria-current]");
  if (!chosen || !element.offsetParent) return;
  const address = new URL(location.href);
  address.searchParams.set("study", chosen.dataset.study);
  history.replaceState(history.state, "", address);
});
watch("value", inAddress);
inAddress();
"""
NONE_YET = "No study is here yet. Start one below, or run `python -m ddpt_core study studies/first.yaml`."


def style() -> str:
    """Returns the CSS of everything that is shown of studies."""
    whole = result_table.CSS.read_text(encoding="utf-8") + predictions.style()
    return whole + CSS.read_text(encoding="utf-8")


def list_html(studies: Sequence[dict[str, Any]], chosen: str = "") -> str:
    """Returns the table of the studies, as Studies.described tells of them; `chosen` is marked."""
    if not studies:
        return f'<section class="studies"><p class="none">{escaped(NONE_YET)}</p></section>'
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Study", "State", "Date", "Backbone", "Parts", "Cells"))
    rows = "".join(_row(study, study["name"] == chosen) for study in studies)
    return (
        f'<section class="studies" aria-label="Studies"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        "</table></section>"
    )


def _row(study: dict[str, Any], chosen: bool) -> str:
    name = study["name"]
    current = ' aria-current="true"' if chosen else ""
    title = "The study that comes with the project" if name == SHIPPED else name
    failed = f" · {study['failed']:,} failed" if study["failed"] else ""
    limit = f" · limit {study['limit']:,}" if study["limit"] else ""
    problem = f'<small class="bad">{escaped(study["problem"])}</small>' if study["problem"] else ""
    cells = [  # the words in <i> are for a phone, where the heads are out of sight
        f'<span class="state {study["state"]}">{study["state"]}</span>{escaped(failed)}{problem}',
        escaped(str(study["created"] or "–")),
        escaped(", ".join(map(str, study["backbones"])) or "–"),
        f"{_count(study['parts'])}<i> part{'s' * (study['parts'] != 1)}</i>",
        f"{'…' if study['state'] == RUNNING else _count(study['cells'])}<i> cells</i>{escaped(limit)}",
    ]
    shown = "".join(f"<td>{cell}</td>" for cell in cells)
    button = f'<button type="button" data-study="{html.escape(name)}"{current}>{escaped(title)}</button>'
    return f'<tr><th scope="row">{button}</th>{shown}</tr>'


def estimate_html(estimate: dict[str, Any]) -> str:
    """Returns what a study will cost: in a sentence, and for each part where there are several."""
    missing = "".join(
        f"<li>{escaped(str(name))} cannot be had, and its parts will be told as failed: {escaped(str(why))}</li>"
        for name, why in estimate["missing"].items()
    )
    parts = estimate["parts"]
    table = ""
    if len(parts) > 1:
        heads = ("Part", "Cells", "Trainings", "LLM passes", "Answers", "Time")
        top = "".join(f'<th scope="col">{head}</th>' for head in heads)
        body = "".join(
            f'<tr><th scope="row">{escaped(str(part["name"]))}</th>'
            + "".join(f"<td>{_count(part[key])}</td>" for key in ("cells", "trainings", "passes", "written"))
            + f"<td>{duration(part['seconds'])}</td></tr>"
            for part in parts
        )
        table = (
            '<div class="scroll" tabindex="0" role="region" aria-label="Cost of each part"><table class="parts"><thead>'
            f"<tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
        )
    return (
        f'<section class="estimate" aria-label="What it will cost"><p class="first">{escaped(estimate["sentence"])}</p>'
        f"{f'<ul>{missing}</ul>' if missing else ''}{table}</section>"
    )


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"
