"""The Compare tab: one instruction, and what the frozen model writes for it under each arm, seed and typed context."""

from collections.abc import Callable
from dataclasses import dataclass

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
from app.compare.boards.comparisons import Comparisons
from app.compare.boards.exports import Exports
from app.compare.figures.arm_cards import board_html, style
from app.compare.form import answer_fields, task_fields
from app.compare.session import Compare, Page, Shown
from app.page.fields.arm_fields import about_arms, arm_boxes
from app.page.fields.setting_fields import setting_fields
from app.page.fields.tasks import TaskMenu
from app.page.pieces.components import components_of
from app.page.pieces.kept_scroll import keep_scroll
from app.page.pieces.metric_name import CLOSE_AT_ESC, figures_of_an_answer, metric_notes_html, notes_style
from app.page.services import Services, as_toast
from app.page.sources import Examples


@dataclass(frozen=True)
class Beside:
    """What stands around the question and its board."""

    listed: list_panel.ListFields
    against: gr.Dropdown
    exported: dict[str, gr.Button]
    history: history_panel.HistoryFields


def build(services: Services) -> None:
    """Adds the tab's components and events to the page that is being built."""
    tab = gr.context.Context.block
    compare, beside = lay_out(services)
    page, against, history = compare.page, beside.against, beside.history
    example, *_ = page.task
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so

    file = [page.source, page.upload, page.examples, page.said]
    task_and_board, looked = [*page.task, *page.board], [*page.task, *page.columns, *page.prompts, *page.board]
    arms, seeds, typed = page.columns
    changed, at_once = [arms.input, seeds.submit, typed.submit], {"trigger_mode": "multiple", **several}
    asking = [
        page.go.click(as_toast(compare.run), page.form, task_and_board, trigger_mode="once", **several),
        tab.select(as_toast(compare.first), [page.answered, *page.form], looked, **several),
        example.input(as_toast(compare.chosen), page.form, task_and_board, **at_once),
        gr.on(changed, as_toast(compare.columned), [page.answered, *page.columns], page.board, **at_once),
        page.upload.upload(
            as_toast(compare.uploaded), [page.upload, *page.form[1:]], [*file, *task_and_board], **several
        ),
        list_panel.add(compare, beside.listed),
        history_panel.add(compare, history),
    ]
    settled = [against, *components_of(history)]
    for event in asking:
        event.then(settling(compare, beside), page.answered, settled, queue=False, **hidden)
    against_panel.add(compare.against, against, page.answered, page.shown)
    exports = Exports(compare.comparisons)
    export_panel.add(exports, beside.exported, page.answered, lambda board: [board] if board else [])
    example.input(None, example, js=EXAMPLE_IN_ADDRESS)
    arms.input(None, arms, js=ARMS_IN_ADDRESS)
    for text, script in ((seeds, SEEDS_IN_ADDRESS), (typed, CONTEXTS_IN_ADDRESS)):
        text.change(None, text, js=script)  # a text of several lines tells of no input
    page.examples.click(compare.back_to_examples, None, [*file, example], queue=False, **hidden)
    page.cancel.click(compare.cancel, None, page.cancel, queue=False, **hidden)
    api.add(compare.comparisons)
    study_panel.add(tab)


def lay_out(services: Services) -> tuple[Compare, Beside]:
    """Adds the tab's components, and returns what they do, and what stands beside."""
    comparisons, menu = Comparisons(services), TaskMenu(services.of(Examples))
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
                example, upload, examples, said = task_fields(menu.examples())
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
                settings = setting_fields(comparisons.prompts, several=True)
        listed = list_panel.list_fields(menu.examples())
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
    task = [example, instruction, reference, setup, tests]
    states = {"source": gr.State(""), "answered": gr.State(None)}
    page = Page(task, arms, settings, upload, examples, said, go, cancel, shown, **states)
    return Compare(services, comparisons, menu, page), Beside(listed, against, exported, history)


def settling(compare: Compare, beside: Beside) -> Callable[[gr.Request, Board | None], Shown]:
    """Returns the event that notes a finished board in the history, and offers its columns to set others against."""

    def settled(request: gr.Request, board: Board | None) -> Shown:
        session = request.session_hash
        compare.histories.keep(session, board)
        choices = {beside.against: against_panel.offered(compare.against, session, board)}
        return choices | beside.history.of(compare.histories, session)

    return settled
