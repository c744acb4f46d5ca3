"""The name of a figure as HTML, with what it means over it: shown on hover, on focus and at a tap, closed by Esc."""

from collections.abc import Iterable
from pathlib import Path

from app.page.pieces.code import escaped
from ddpt_core.metrics.table import METRICS, SECONDS, TOKENS, figure_named

CSS = Path(__file__).with_suffix(".css")
# A note stays closed until pointer and focus have left its name.
CLOSE_AT_ESC = """
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  for (const name of document.querySelectorAll(".metric:is(:hover, :focus-within)")) name.dataset.closed = "";
});
for (const kind of ["pointerout", "focusout"]) {
  document.addEventListener(kind, event => delete event.target.closest?.(".metric")?.dataset.closed);
}
"""


def metric_name_html(name: str, label: str, place: str) -> str:
    """Returns `label` with the note of the figure `name`; `place` makes its id differ from that of other tables."""
    ident = escaped(f"note-{place}-{name}")
    return (
        f'<span class="metric"><button type="button" aria-describedby="{ident}">{escaped(label)}</button>'
        f'<span role="tooltip" id="{ident}">{escaped(figure_named(name).note)}</span></span>'
    )


def notes_style() -> str:
    """Returns the CSS of names and notes."""
    return CSS.read_text(encoding="utf-8")


def metric_notes_html(figures: Iterable[tuple[str, str]], title: str = "What these figures mean") -> str:
    """Returns the notes of all `figures`, (name, label), folded away under `title`."""
    rows = "".join(f"<dt>{escaped(label)}</dt><dd>{escaped(figure_named(name).note)}</dd>" for name, label in figures)
    return f'<details class="metric-notes"><summary>{escaped(title)}</summary><dl>{rows}</dl></details>'


def figures_of_an_answer() -> list[tuple[str, str]]:
    """Returns name and label of every figure that stands on a card."""
    return [*_of_texts(), *((name, figure_named(name).label) for name in (SECONDS, TOKENS))]


def figures_of_many() -> list[tuple[str, str]]:
    """Returns name and label of every figure of an evaluation."""
    return [("pass_at", "pass@k"), *_of_texts()]


def _of_texts() -> list[tuple[str, str]]:
    return [(name, metric.label) for name, metric in METRICS.items()]
