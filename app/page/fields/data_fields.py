"""The fields that name data or a model, and take a file of tasks, the same in the tabs that ask for many tasks."""

from typing import Any

import gradio as gr

from app.page.pieces.status_line import status_line
from app.page.uploads import on_a_space


def open_menu(choices: list[Any], value: Any, label: str, with_names: str, **layout: Any) -> gr.Dropdown:
    """Adds a menu that takes typed names too, then labelled `with_names`; on a Space it takes its choices alone."""
    closed = on_a_space()
    names = {"label": label if closed else with_names, "allow_custom_value": not closed}
    return gr.Dropdown(choices, value=value, **names, **layout)


def task_file(tab: str, note: str) -> tuple[gr.UploadButton, gr.HTML]:
    """Adds the button that takes a file of tasks, and beside it the line that says what it may hold, or did."""
    with gr.Row(elem_classes="task-file"):
        upload = gr.UploadButton("Your task file…", elem_id=f"{tab}-upload", size="sm", min_width=120, scale=0)
        said = gr.HTML(status_line(note), apply_default_css=False, min_width=250, elem_id=f"{tab}-file-said")
    return upload, said
