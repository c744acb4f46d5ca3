"""The Compare tab: one instruction, and what the frozen model writes for it under each arm, seed and typed context."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from app.compare import against_panel, api, export_panel, history_panel, list_panel, study_panel
from app.compare.address import (
    ARMS_IN_ADDRESS,
    CONTEXTS_IN_ADDRESS,
    EXAMPLE_IN_ADDRESS,
    RUN_AT_CTRL_ENTER,
    SEEDS_IN_ADDRESS,
)
from app.compare.boards.board import Board
from app.compare.boards.exports import Exports
from app.compare.figures.arm_cards import board_html, style
from app.compare.form import answer_fields, task_fields
from app.compare.session import Compare
from app.page.fields.arm_fields import about_arms, arm_boxes
from app.page.fields.setting_fields import PROMPTS, setting_fields
from app.page.fields.tasks import back_to_examples
from app.page.pieces.kept_scroll import keep_scroll
from app.page.pieces.metric_name import CLOSE_AT_ESC, figures_of_an_answer, metric_notes_html, notes_style
from app.page.services import Services, as_toast


def build(services: Services) -> None:
    """Adds the tab's components and events to the page that is being built."""
    compare = Compare(services)
    tab = gr.context.Context.block
    with gr.Column(elem_id="compare"):
        with gr.Row():
            with gr.Column(scale=3, min_width=280):
                instruction = gr.Textbox(
                    label="Instruction (Ctrl + Enter compares)",
                    lines=3,
                    max_lines=8,
                    placeholder="Say in a sentence what the Python code should do.",
                )
            with gr.Column(scale=2, min_width=280):
                example, upload, examples, said = task_fields(compare.menu.examples())
                with gr.Row():
                    go = gr.Button("Compare", variant="primary", elem_id="compare-go", min_width=120)
                    cancel = gr.Button("Cancel", interactive=False, elem_id="compare-cancel", min_width=80)
        with gr.Row(elem_classes="task-file"):
            arms = arm_boxes("compare-arms", min_width=280)
        about_arms("compare-arms")
        with gr.Row():
            with gr.Column(scale=3, min_width=280), gr.Accordion("Reference, setup and tests", open=False):
                reference, setup, tests = answer_fields()
            with gr.Column(scale=2, min_width=280), gr.Accordion("Contexts and generation", open=False):
                settings = setting_fields(compare.comparisons.prompts, several=True)
        listed = list_panel.list_fields(compare.menu.examples())
        against = against_panel.against_field()
        shown = gr.HTML(
            board_html(Board()),
            css_template=style(),
            js_on_load=RUN_AT_CTRL_ENTER + CLOSE_AT_ESC + keep_scroll(".arms.in-a-row"),
            apply_default_css=False,
            elem_id="compare-board",
        )
        gr.HTML(metric_notes_html(figures_of_an_answer()), css_template=notes_style(), padding=False)
        _, exported = export_panel.export_row("compare-export")
        history = history_panel.history_fields()
    answered, source = gr.State(None), gr.State("")  # the Board that the session sees; the path of its file
    filled, outputs = [example, instruction, reference, setup, tests], [shown, answered, go, cancel]
    form, prompts, file = [source, *filled, arms, *settings], settings[PROMPTS], [upload, examples, said]
    seeds, typed = settings[PROMPTS.stop], settings[-1]
    chosen = [arms, seeds, typed]  # what makes the columns
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so

    task_and_board, changed = [*filled, *outputs], [arms.input, seeds.submit, typed.submit]
    at_once = {"trigger_mode": "multiple", **several}
    asking = [
        go.click(as_toast(compare.run), form, task_and_board, trigger_mode="once", **several),
        tab.select(as_toast(compare.first), [answered, *form], [*filled, *chosen, *prompts, *outputs], **several),
        example.input(as_toast(compare.chosen), form, task_and_board, **at_once),
        gr.on(changed, as_toast(compare.columned), [answered, *chosen], outputs, **at_once),
        upload.upload(as_toast(compare.uploaded), [upload, *form[1:]], [source, *file, *task_and_board], **several),
        list_panel.add(compare, listed, [source, arms, *settings], [*filled, *chosen, *outputs]),
        history_panel.add(compare, history, [*filled, arms, *settings, *outputs]),
    ]
    for event in asking:
        event.then(settling(compare), answered, [against, *history.outputs], queue=False, **hidden)
    against_panel.add(compare.against, against, answered, shown)
    export_panel.add(Exports(compare.comparisons), exported, answered, lambda board: [board] if board else [])
    example.input(None, example, js=EXAMPLE_IN_ADDRESS)
    arms.input(None, arms, js=ARMS_IN_ADDRESS)
    for text, script in ((seeds, SEEDS_IN_ADDRESS), (typed, CONTEXTS_IN_ADDRESS)):
        text.change(None, text, js=script)  # a text of several lines tells of no input
    examples.click(lambda: back_to_examples(compare.menu), None, [source, example, *file], queue=False, **hidden)
    cancel.click(compare.cancel, None, cancel, queue=False, **hidden)
    api.add(compare.comparisons)
    study_panel.add(tab)


def settling(compare: Compare) -> Callable[[gr.Request, Board | None], list[Any]]:
    """Returns the event that notes a finished board in the history, and offers its columns to set others against."""

    def settled(request: gr.Request, board: Board | None) -> list[Any]:
        session = request.session_hash
        compare.histories.keep(session, board)
        told = history_panel.listed(compare.histories, session)
        return [against_panel.offered(compare.against, session, board), *told]

    return settled
