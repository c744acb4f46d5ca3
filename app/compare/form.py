"""The Compare tab's form: which task, what an answer is measured against, and what belongs together."""

import re
from typing import Any

import gradio as gr

from app.page.fields.tasks import EXAMPLE
from app.page.fields.typed_tests import remark
from app.page.pieces.status_line import status_line
from app.page.uploads import LIMITS
from ddpt_core.data.task import Task

EDITED = "The instruction was changed; reference and tests are still the task’s."
TAKEN_OUT = "The task’s reference, setup and tests were taken out: the new instruction is not about {}."


def answer_fields() -> tuple[gr.Code, gr.Code, gr.Code]:
    """Adds what an answer is measured against: reference, setup, tests, and what is to be said of the tests."""
    code = {
        "language": "python",
        "lines": 2,
        "max_lines": 12,
        "show_line_numbers": False,
        "interactive": True,
        "buttons": [],
    }
    reference = gr.Code(label="Reference: a right answer to measure against", **code)
    setup = gr.Code(label="Setup: runs before the answer", **code)
    tests = gr.Code(label="Tests: one statement per line", elem_id="compare-tests", **code)
    said = gr.HTML(tests_line("", ""), elem_id="compare-tests-said", apply_default_css=False)
    clear = gr.Button("Clear these three", size="sm")
    clear.click(None, None, [reference, setup, tests], js="() => ['', '', '']")
    while_typing = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    gr.on([tests.change, setup.change], tests_line, [setup, tests], said, trigger_mode="always_last", **while_typing)
    return reference, setup, tests


def tests_line(setup: str, tests: str) -> str:
    """Returns what is to be said of setup and tests as they stand, as HTML."""
    fine, sentence = remark(setup, tests)
    return status_line(sentence, failed=not fine)


def task_fields(choices: list[tuple[str, str]]) -> tuple[gr.Dropdown, gr.UploadButton, gr.Button, gr.HTML]:
    """Adds the menu of tasks, the button that puts a file's tasks there, the one that takes them out, and a line."""
    task = gr.Dropdown(choices, value=None, label=EXAMPLE, elem_id="compare-example")
    with gr.Row(elem_classes="task-file"):
        upload = gr.UploadButton("Your task file…", size="sm", min_width=120, scale=0, elem_id="compare-upload")
        examples = gr.Button("Back to the examples", size="sm", min_width=120, scale=0, visible=False)
        said = gr.HTML(status_line(LIMITS), elem_id="compare-file-said", apply_default_css=False, min_width=250)
    return task, upload, examples, said


def fitting(origin: Task | None, example, instruction, reference, setup, tests) -> tuple[list[Any], str]:
    """Returns the five fields without what is left of a task that the instruction is not about, and a note.

    An instruction that still names what the task's does may be the same in other words: nothing is taken out.
    """
    given = [reference, setup, tests]
    unchanged = [example, instruction, *given]
    if origin is None or (instruction or "").strip() == origin.instruction:
        return unchanged, ""
    fields = [origin.reference, origin.setup, "\n".join(origin.tests)]
    left = [bool(value) and value.strip() == field for value, field in zip(given, fields, strict=True)]
    asked = (instruction or "").strip()
    missing = [name for name in re.findall(r"`(\w+)", origin.instruction) if not re.search(rf"\b{name}\b", asked)]
    if not any(left) or not asked:
        return unchanged, ""
    if not missing:
        return unchanged, EDITED
    kept = ["" if old else value for old, value in zip(left, given, strict=True)]
    return [None, instruction, *kept], TAKEN_OUT.format(missing[0])
