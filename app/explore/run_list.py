"""The list of runs as HTML: a picture of each, how it was made, and what can be done to it."""

import html
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from app.explore.runs.run_entry import RunEntry
from app.explore.runs.run_picture import PICTURE_CSS
from app.explore.runs.unsaved import HOURS
from app.page.names import LONGEST
from app.page.pieces.code import escaped
from ddpt_core.diffusion.samplers import label_of_sampler

# A click on a button, or the form with a new name, becomes an event of the component; the window says who it is.
SCRIPT = """
const list = element;
const ACTS = ["open_run", "keep_run", "download_run", "delete_run"];
const row = (target) => target.closest("[data-run]");
function rename(item, on) {
  item.querySelector("form").hidden = !on;
  item.querySelector(".actions").hidden = on;
  const input = item.querySelector("input");
  if (on) { input.value = item.dataset.run; input.focus(); input.select(); }
  else item.querySelector("[data-act=rename]").focus();
}
list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const act = button.dataset.act;
  if (act === "rename" || act === "leave") rename(row(button), act === "rename");
  else if (act === "restore_run") trigger("restore_run", { undo: button.dataset.undo });
  else if (ACTS.includes(act)) trigger(act, { name: row(button).dataset.run });
});
list.addEventListener("submit", (event) => {
  event.preventDefault();
  const item = row(event.target);
  trigger("rename_run", { name: item.dataset.run, to: item.querySelector("input").value });
});
list.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("form.rename *")) rename(row(event.target), false);
});
// The keyboard's place is in a row that may be gone: the answer takes it, and in it what undoes.
watch("value", () => requestAnimationFrame(() => {
  const said = list.querySelector(".said");
  if (said && document.activeElement === document.body) (said.querySelector("button") || said).focus();
}));
"""


def style() -> str:
    """Returns the CSS of the list and of its pictures."""
    return PICTURE_CSS + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


def run_list_html(
    entries: Iterable[RunEntry],
    picture_of: Callable[[RunEntry], str],
    said: str = "",
    undo: str = "",
    failed: bool = False,
) -> str:
    """Returns the list, unsaved ones first; `said` is what was done last, `undo` the word that takes it back."""
    order = {"unsaved": 0, "own": 1, "embedded": 2}
    rows = [_row(entry, picture_of(entry)) for entry in sorted(entries, key=lambda entry: order[entry.origin])]
    count = f"{len(rows):,} run{'s' * (len(rows) != 1)}" if rows else "No runs yet; make one with “+ new run”."
    again = (
        f' <button type="button" data-act="restore_run" data-undo="{html.escape(undo)}">Undo</button>' if undo else ""
    )
    told = f'<p class="said{" failed" * failed}" role="status" tabindex="-1">{escaped(said)}{again}</p>'
    return (
        f'<section class="run-list" aria-label="Runs">{told}<p class="count">{count} · an unsaved one is yours alone, '
        f"and is removed {HOURS} hours after you last used it, unless you keep it</p><ul>{''.join(rows)}</ul></section>"
    )


def _row(entry: RunEntry, picture: str) -> str:
    made, name = entry.describe(), html.escape(entry.name)
    about = f" {entry.name}"
    acts = [("open_run", "Open"), *([("keep_run", "Keep")] if entry.unsaved else [])]
    acts += [] if entry.embedded else [("rename", "Rename")]
    acts += [("download_run", "Download"), *([] if entry.embedded else [("delete_run", "Delete")])]
    buttons = "".join(
        f'<button type="button" data-act="{act}" aria-label="{html.escape(word + about)}">{word}</button>'
        for act, word in acts
    )
    origin = {
        "embedded": "came with the project: not to be renamed or deleted",
        "unsaved": "unsaved, only yours",
        "own": "kept",
    }[entry.origin]
    facts = [
        label_of_sampler(made["scheduler"]),
        f"{made['steps']:,} steps",
        f"seed {made['seed']:,}",
        *entry.steering.words,
        f"prompt {made['prompt']}",
    ]
    form = (
        ""
        if entry.embedded
        else f'<form class="rename" hidden><label>New name <input type="text" maxlength="{LONGEST}" value="{name}" '
        'autocomplete="off" spellcheck="false"></label><button type="submit">Rename</button>'
        '<button type="button" data-act="leave">Leave it</button></form>'
    )
    return (
        f'<li data-run="{name}">{picture or _NO_PICTURE}<div class="about"><h4>{escaped(entry.name)} '
        f'<span class="origin {entry.origin}">{origin}</span></h4><p>{escaped(" · ".join(facts))}</p>'
        f'<p class="context">“{escaped(made["context"])}”</p>'
        f'<p class="when">{escaped(_when(made["created"]))} · {made["bytes"] / 1e6:,.3g} MB</p>'
        f'<div class="actions" role="group" aria-label="{html.escape("Run" + about)}">{buttons}</div>{form}</div></li>'
    )


def _when(created: str) -> str:
    """Returns a date as it is read, in UTC; as it is written if it is none."""
    try:
        return f"{datetime.fromisoformat(created).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return created[:40]


_NO_PICTURE = '<p class="run-picture none">no picture until it is opened</p>'
