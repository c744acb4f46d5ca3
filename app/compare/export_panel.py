"""The Compare tab's buttons that take a comparison away: as CSV, as JSON, as a Python script."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from app.compare.boards.board import Board
from app.compare.boards.exports import Exports
from app.page.services import as_toast

LABELS = {"csv": "CSV", "spreadsheet": "For spreadsheets", "json": "JSON", "python": "Python script"}
NOTE = (
    '<p class="export-note">The script writes the same codes again: run it in the repository. In the CSV every text is '
    "as it was written; in the one for spreadsheets an apostrophe stands before what they would run as a formula: "
    "a text that begins with =, +, -, @, a tab or a line break.</p>"
)
STYLE = ".export-note { margin: 0; font: 12.5px/1.4 var(--font); color: var(--body-text-color-subdued); }"
# The file is made when it is asked for and saved by the page, so that nothing of it stays on the server.
SAVE_SCRIPT = """
watch("value", () => {
  if (!props.value) return;
  const { name, text } = JSON.parse(props.value);
  const link = Object.assign(document.createElement("a"), { download: name });
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
});
"""


def export_row(elem_id: str, visible: bool = True) -> tuple[gr.Column, dict[str, gr.Button]]:
    """Adds the buttons, by format, and a note on what they give; returns what holds them, and them."""
    with gr.Column(elem_id=elem_id, visible=visible) as whole:
        with gr.Row(elem_classes="task-file"):
            buttons = {kind: gr.Button(f"{name} ⤓", size="sm", min_width=150, scale=0) for kind, name in LABELS.items()}
        gr.HTML(NOTE, css_template=STYLE, apply_default_css=False)
    return whole, buttons


def add(
    exports: Exports, buttons: dict[str, gr.Button], state: gr.State, boards_of: Callable[[Any], Sequence[Board]]
) -> None:
    """Adds the events: a button saves what `boards_of` makes of the state."""
    saved = gr.HTML("", html_template="<span hidden></span>", js_on_load=SAVE_SCRIPT, apply_default_css=False)

    def writing(kind: str):
        def write(held: Any) -> str:
            name, text = exports.write(boards_of(held), kind)
            return json.dumps({"name": name, "text": text, "at": time.time()})  # the same file again is a new value

        return write

    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    for kind, button in buttons.items():
        asked = button.click(as_toast(writing(kind)), state, saved, concurrency_limit=8, trigger_mode="once", **hidden)
        asked.success(lambda: "", None, saved, queue=False, **hidden)  # or the session would hold the text
