"""The Compare tab: one instruction, and what the frozen model writes for it under each arm."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from app.comparisons import Comparisons
from app.figures.arm_cards import CSS, Board, Card, board_html
from app.progress import Done, stream
from app.services import Services, as_toast
from app.tabs import compare_api
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.errors import DDPTError
from ddpt_core.evaluation.arms import ARMS
from ddpt_core.tuning.prompt import DDPT, PROMPT_TUNING

UNEXPECTED = "That failed in a way that is a mistake of this program; the terminal that runs it says more."
WAITING = "Its code appears here."
CANCELLED = "Cancelled before it had an answer."
DEFAULTS = GenerationSettings()
PAPERS = (1.2, 2)  # repetition penalty and no-repeat n-gram of the paper's experiments
PENALTY_NOTE = (
    "The paper wrote with a repetition penalty of 1.2 and no 2-gram twice. Both are off here: forbidding every repeated "
    "pair of tokens also forbids right code, such as `x[0], x[0]`."
)
AT_CTRL_ENTER = """
document.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("#compare")) {
    event.preventDefault();
    document.querySelector("#compare-go").click();
  }
});
"""
EXAMPLE_IN_ADDRESS = """example => {
  const address = new URL(location.href);
  address.searchParams.set("example", example);
  history.replaceState(history.state, "", address);
}"""


def build(services: Services) -> None:
    """Adds the tab's components and events to the page that is being built."""
    compare = Compare(services)
    tab = gr.context.Context.block
    with gr.Column(elem_id="compare"):
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                instruction = gr.Textbox(
                    label="Instruction",
                    lines=3,
                    max_lines=8,
                    placeholder="Say in a sentence what the Python code should do.",
                    elem_id="compare-instruction",
                )
            with gr.Column(scale=3, min_width=300):
                example = gr.Dropdown(compare.choices(), value=None, label="Example", elem_id="compare-example")
                with gr.Row():
                    go = gr.Button("Compare  (Ctrl + Enter)", variant="primary", elem_id="compare-go", min_width=160)
                    cancel = gr.Button("Cancel", interactive=False, elem_id="compare-cancel", min_width=80)
        with gr.Row():
            with gr.Accordion("Reference and tests", open=False), gr.Row():
                reference = gr.Code(label="Reference, to measure against", language="python", lines=3)
                with gr.Column():
                    setup = gr.Code(label="Setup, which runs before the answer", language="python", lines=2)
                    tests = gr.Code(
                        label="Tests, one statement per line; _ is the value of a one-line answer",
                        language="python",
                        lines=2,
                    )
            with gr.Accordion("Contexts and generation", open=False):
                settings = compare.settings()
        shown = gr.HTML(
            board_html(Board()),
            css_template=CSS.read_text(encoding="utf-8"),
            js_on_load=AT_CTRL_ENTER,
            apply_default_css=False,
            elem_id="compare-board",
        )
    board = gr.State(Board)
    form = [instruction, reference, setup, tests, *settings]
    filled = [example, instruction, reference, setup, tests]
    outputs = [shown, board, go, cancel]
    hidden = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
