"""What was compared in this session, as HTML: a line for each comparison, which shows it again."""

from collections.abc import Sequence
from pathlib import Path

from app.compare.boards.columns import named_in_a_sentence
from app.compare.boards.history import LATEST, Entry
from app.compare.figures.arm_cards import who_passes
from app.page.pieces.code import escaped

CSS = Path(__file__).with_suffix(".css")
NOTHING_YET = "Nothing has been compared in this session yet."
SHOWN = 120  # characters of an instruction
# The times are those of the reader's clock. `watch` tells of every new list.
SHOW_SCRIPT = """
const tell = () => element.querySelectorAll("time").forEach(time => {
  time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
});
tell();
watch("value", tell);
element.addEventListener("click", event => {
  const button = event.target.closest("button[data-number]");
  if (button) trigger("show_entry", { number: Number(button.dataset.number) });
});
"""


def history_html(entries: Sequence[Entry]) -> str:
    """Returns the list, the latest first; all text from outside is escaped."""
    if not entries:
        return f'<p class="history none">{NOTHING_YET}</p>'
    full = f'<p class="history none">The latest {LATEST}.</p>' if len(entries) == LATEST else ""
    return f'<ol class="history">{"".join(map(_row, entries))}</ol>{full}'


def _row(entry: Entry) -> str:
    board = entry.board
    line = " ".join(board.question.task.instruction.split())
    line = line[:SHOWN] + "…" * (len(line) > SHOWN)
    columns = named_in_a_sentence([card.column for card in board.cards])
    said = who_passes(board.cards) or "No tests."
    return (
        f'<li><button type="button" data-number="{entry.number}" title="Show it again, without asking the model">'
        f'<time datetime="{entry.when.isoformat(timespec="seconds")}">{entry.when:%H:%M} UTC</time> '
        f'<span class="what">{escaped(line)}</span> <span class="who">{escaped(columns)}</span> '
        f'<span class="passes">{escaped(said)}</span></button></li>'
    )
