"""The form that starts a study: its file, its name, the data folder, a limit; and what it will cost, before it runs."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.page.pieces.status_line import status_line
from app.page.uploads import on_a_space
from app.studies.figures.studies_list import style
from app.studies.study_file import DATA_FOLDER, FIRST, MAX_BYTES, NOT_HERE, YOUR_FILE, about_file, ready_files

UPLOAD_NOTE = f"YAML as in `studies/`, at most {MAX_BYTES // 1000} kB; it is checked at once, key by key"
BEFORE = (
    "A study trains and compares every arm that its file names. First it says what it will cost here; nothing runs "
    "before you start it."
)


@dataclass(frozen=True)
class Form:
    """The components of the form; `asked` are those that the cost depends on, the path of the upload first.

    `costed` holds what was asked when the cost that is shown was counted, None without one.
    """

    fold: gr.Accordion
    file: gr.Dropdown
    upload: gr.UploadButton
    said: gr.HTML
    name: gr.Textbox
    asked: list[gr.components.Component]
    cost: gr.Button
    start: gr.Button
    status: gr.HTML
    estimate: gr.HTML
    source: gr.State
    costed: gr.State

    @property
    def counted(self) -> list[Any]:
        """Those that show the cost."""
        return [self.status, self.estimate, self.cost, self.start, self.costed]

    def uncounted(self, line: str) -> dict[Any, Any]:
        """Returns what they show without a cost."""
        return {self.status: line, self.estimate: "", self.start: gr.Button(visible=False), self.costed: None}


def study_form() -> Form:
    """Adds the form, folded away; on a Space it says why nothing can be started."""
    plain, small = {"apply_default_css": False}, {"size": "sm", "min_width": 120, "scale": 0}
    with gr.Accordion("Start a study", open=False, elem_id="study-new") as fold:
        with gr.Row():
            file = gr.Dropdown(
                file_choices(),
                value=FIRST if FIRST in ready_files() else None,
                label="Study file",
                scale=4,
                min_width=280,
                elem_id="study-file",
            )
            name = gr.Textbox(label="Name", placeholder="by itself", max_lines=1, min_width=140, elem_id="study-name")
            limit = gr.Number(
                None,
                precision=0,
                label="Tasks per data set (0: all)",
                placeholder="all",
                min_width=170,
                elem_id="study-limit",
            )
            folder = gr.Textbox(
                DATA_FOLDER, label="Data folder", max_lines=1, scale=2, min_width=180, elem_id="study-folder"
            )
        with gr.Row(elem_classes="task-file"):
            upload = gr.UploadButton("Your study file…", file_types=[".yaml", ".yml"], elem_id="study-upload", **small)
            said = gr.HTML(status_line(UPLOAD_NOTE), elem_id="study-file-said", min_width=250, **plain)
        with gr.Row(elem_classes="task-file"):
            here = not on_a_space()
            wide = {"min_width": 190, "scale": 0}
            cost = gr.Button("What will it cost?", interactive=here, elem_id="study-cost", **wide)
            start = gr.Button("Start", variant="primary", visible=False, elem_id="study-start", **wide)
            status = gr.HTML(
                status_line(BEFORE if here else NOT_HERE), elem_id="study-form-status", min_width=250, **plain
            )
        estimate = gr.HTML("", css_template=style(), elem_id="study-estimate", **plain)
    source, costed = gr.State(""), gr.State(None)
    asked = [source, file, folder, limit]
    return Form(fold, file, upload, said, name, asked, cost, start, status, estimate, source, costed)


def file_choices(own: str = "") -> list[tuple[str, Any]]:
    """Returns the menu of study files; `own` is the name of an uploaded one."""
    ready = [(f"{name} · {_first_sentence(about_file(path))}", name) for name, path in ready_files().items()]
    return [*ready, *([(own, YOUR_FILE)] if own else [])]


def _first_sentence(text: str, longest: int = 72) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
