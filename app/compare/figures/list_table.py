"""A listing as HTML: a row for each instruction, a cell for each column's code in one line, the figures over all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.compare.figures.arm_cards import how_written
from app.page.pieces.code import code_html, escaped

if TYPE_CHECKING:
    from app.compare.boards.board import Card
    from app.compare.boards.columns import Column
    from app.compare.boards.listings import Listing, Overall

CSS = Path(__file__).with_suffix(".css")
SHOWN = 160  # characters of an answer in its cell; the whole is in the board that a row opens
# A click opens the row's answers in the board below, and marks the row.
OPEN_SCRIPT = """
element.addEventListener("click", event => {
  const button = event.target.closest("button[data-row]");
  if (!button) return;
  element.querySelectorAll("button[aria-current]").forEach(one => one.removeAttribute("aria-current"));
  button.setAttribute("aria-current", "true");
  trigger("open_row", { row: Number(button.dataset.row) });
  document.querySelector("#compare-board").scrollIntoView({ block: "nearest" });
});
"""
NOTE = (
    "BLEU-4 in a cell is that of the single answer, 0 where no four tokens in a row match; below it is that of all "
    "answers with a reference together."
)


def list_html(listing: Listing | None) -> str:
    """Returns the table, "" without a listing; all text from outside is escaped."""
    if listing is None:
        return ""
    heads = "".join(_head(column) for column in listing.columns)
    rows = "".join(_row(listing, place) for place in range(len(listing.tasks)))
    figures = "".join(_over_all(listing, column) for column in listing.columns)
    note = f'<p class="notes">{NOTE}</p>' if any(one.with_reference for one in listing.overall.values()) else ""
    return (
        f'<section class="board listing" aria-label="Answers to the list" style="--columns: {len(listing.columns)}">'
        f'<p class="how">{escaped(how_written(listing.question))}</p>'
        '<div class="rows" tabindex="0" role="region" aria-label="Table of the answers, scrolls both ways">'
        f'<table><thead><tr><th scope="col">Instruction</th>{heads}</tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row">Over all</th>{figures}</tr></tfoot></table></div>{note}</section>'
    )


def _head(column: Column) -> str:
    about = f"<small>{escaped(column.context)}</small>" if column.context else ""
    return f'<th scope="col" style="--arm: var({column.colour})"><i></i>{escaped(column.label)}{about}</th>'


def _row(listing: Listing, place: int) -> str:
    instruction = listing.tasks[place].instruction
    line = escaped(" ".join(instruction.split()))
    cells = "".join(_cell(listing.answer(column.key, place), column) for column in listing.columns)
    button = f'<button type="button" data-row="{place}" title="Show the answers in full below">{line}</button>'
    return f'<tr><th scope="row"><div><span>{place + 1}</span>{button}</div></th>{cells}</tr>'


def _cell(answer: Card | None, column: Column) -> str:
    head = f'<td data-column="{column.key}" data-label="{escaped(column.label)}" style="--arm: var({column.colour})">'
    if answer is None:
        return f'{head}<span class="empty" role="img" aria-label="not answered">…</span></td>'
    result = answer.result
    if result.code is None:
        return f'{head}<span class="empty">Not run</span><small>{escaped(result.missing)}</small></td>'
    line = " ↵ ".join(part.strip() for part in result.code.split("\n") if part.strip())
    shown = code_html(line[:SHOWN]) + ("…" if len(line) > SHOWN else "") if line else "(an empty answer)"
    return f"{head}<code>{shown}</code><small>{_marks(answer)}</small></td>"


def _marks(answer: Card) -> str:
    """Returns what became of an answer: its tests, or whether it parses, and its BLEU where there is a reference."""
    run, bleu = answer.result.execution, answer.result.metrics.get("bleu")
    if run and run.status != "refused":
        passed = sum(test.outcome == "passed" for test in run.tests)
        said = _mark(run.passed, f"{passed} of {len(run.tests)} tests")
    else:
        parses = bool(answer.result.metrics.get("valid_python"))
        said = _mark(parses, "parses" if parses else "does not parse")
    return said + ("" if bleu is None else f" · BLEU {bleu:.3g}")


def _mark(good: bool, text: str) -> str:
    return f'<b class="{"good" if good else "bad"}">{"✓" if good else "✗"} {text}</b>'


def _over_all(listing: Listing, column: Column) -> str:
    found = listing.overall.get(column.key)
    head = f'<td data-column="{column.key}" data-label="{escaped(column.label)}" style="--arm: var({column.colour})">'
    return f"{head}{_figures(found)}</td>" if found else f'{head}<span class="empty">not run</span></td>'


def _figures(found: Overall) -> str:
    bleu, parses = found.metrics.get("bleu"), found.metrics.get("valid_python")
    lines = []
    if bleu is not None:
        lines.append(f"BLEU-4 <b>{bleu:.3g}</b> <span>n = {found.with_reference}</span>")
    if found.tested:
        lines.append(f"tests <b>{found.passed}</b> of {found.tested} pass")
    if parses is not None:
        lines.append(f"<b>{round(parses * found.n)}</b> of {found.n} parse")
    return "".join(f"<div>{line}</div>" for line in lines)
