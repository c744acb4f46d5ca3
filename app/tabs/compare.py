"""The Compare tab: one instruction, and what the frozen model writes for it under each arm, seed and typed context."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from app.against import Against
from app.arms import TRAINED
from app.board import Board, Card
from app.columns import contexts_of, seeds_of
from app.comparisons import Comparisons, Question
from app.exports import Exports
from app.figures.arm_cards import board_html, style
from app.figures.kept_scroll import keep_scroll
from app.figures.metric_name import CLOSE_AT_ESC, figures_of_an_answer, metric_notes_html, notes_style
from app.figures.status_line import status_line
from app.history import Histories
from app.progress import Cancelled, Done, Stops, stream, unless
from app.services import UNEXPECTED, Services, as_toast
from app.tabs import compare_against, compare_api, compare_export, compare_history, compare_list, compare_study
from app.tabs.arm_fields import about_arms, arm_boxes
from app.tabs.compare_address import (
    ARMS_IN_ADDRESS,
    CONTEXTS_IN_ADDRESS,
    EXAMPLE_IN_ADDRESS,
    RUN_AT_CTRL_ENTER,
    SEEDS_IN_ADDRESS,
    asked_columns,
)
from app.tabs.compare_form import answer_fields, fitting, task_fields
from app.tabs.compare_tasks import TaskMenu, back_to_examples, fields_of
from app.tabs.setting_fields import PROMPTS, columns_and_settings, offered, setting_fields
from ddpt_core.arms import ALL_ARMS
from ddpt_core.data.task import Task
from ddpt_core.errors import DDPTError

CANCELLED = "Cancelled before there was an answer."
FIELDS = 5  # of a task: its place in the menu, instruction, reference, setup, tests


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
        listed = compare_list.list_fields(compare.menu.examples())
        against = compare_against.against_field()
        shown = gr.HTML(
            board_html(Board()),
            css_template=style(),
            js_on_load=RUN_AT_CTRL_ENTER + CLOSE_AT_ESC + keep_scroll(".arms.in-a-row"),
            apply_default_css=False,
            elem_id="compare-board",
        )
        gr.HTML(metric_notes_html(figures_of_an_answer()), css_template=notes_style(), padding=False)
        _, exported = compare_export.export_row("compare-export")
        history = compare_history.history_fields()
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
        compare_list.add(compare, listed, [source, arms, *settings], [*filled, *chosen, *outputs]),
        compare_history.add(compare, history, [*filled, arms, *settings, *outputs]),
    ]
    for event in asking:
        event.then(compare.settled, answered, [against, *history.outputs], queue=False, **hidden)
    compare_against.add(compare.against, against, answered, shown)
    compare_export.add(Exports(compare.comparisons), exported, answered, lambda board: [board] if board else [])
    example.input(None, example, js=EXAMPLE_IN_ADDRESS)
    arms.input(None, arms, js=ARMS_IN_ADDRESS)
    for text, script in ((seeds, SEEDS_IN_ADDRESS), (typed, CONTEXTS_IN_ADDRESS)):
        text.change(None, text, js=script)  # a text of several lines tells of no input
    examples.click(lambda: back_to_examples(compare.menu), None, [source, example, *file], queue=False, **hidden)
    cancel.click(compare.cancel, None, cancel, queue=False, **hidden)
    compare_api.add(compare.comparisons)
    compare_study.add(tab)


class Compare:
    """The tab's events; each yields what its outputs should show next."""

    def __init__(self, services: Services):
        self.handed, self.handed_prompts = services.handed, services.handed_prompts
        self.handed_arms = services.handed_arms
        self.comparisons = Comparisons(services)
        self.menu = TaskMenu(self.comparisons)
        self.stops = Stops()  # of what each session last asked and is not answered yet
        self.against, self.histories = Against(), Histories()

    def first(self, request: gr.Request, board: Board | None, source: str, *form: Any) -> Iterator[list[Any]]:
        """Offers the prompts that there are now, and runs the task, or with the prompt, that another tab handed over.

        At the first look it runs the example and the columns that the address names, or the first and the usual ones.
        """
        arms, context, *others = form[FIELDS:]
        handed = self.handed.pop(request.session_hash, None)
        prompt = self.handed_prompts.pop(request.session_hash, "")
        handed_arms = self.handed_arms.pop(request.session_hash, None)
        names, menus = offered(self.comparisons.prompts, others[: PROMPTS.stop - 1], prompt)
        seeds, *how, typed = others[PROMPTS.stop - 1 :]
        wanted, examples = request.query_params.get("example"), self.comparisons.examples
        said, note = [gr.skip()] * 3, ""
        asked = asked_columns(request.query_params) if board is None else None
        if asked:
            arms, seeds, typed, note = *(said := [asked.arms, asked.seeds, asked.typed]), asked.note
        if prompt in names:
            arms = [*arms, TRAINED[names.index(prompt)]]
            said = [[arm for arm in ALL_ARMS if arm in arms], *said[1:]]
        if handed is not None and handed_arms:
            arms = handed_arms
            said = [arms, *said[1:]]
        seen = board is not None or form[1]  # then only another prompt is a reason to ask
        if handed is None and (not (form[1] or examples) or (seen and prompt not in names)):
            yield [*[gr.skip()] * FIELDS, *said, *menus, *[gr.skip()] * 4]
            return
        name = wanted if wanted in examples else next(iter(examples), "")
        if handed is not None:
            fields = fields_of(handed)
        else:
            fields = form[:FIELDS] if form[1] or not examples else fields_of(examples[name], name)
        settings = [arms, context, *names, seeds, *how, typed]
        for shown in self.asked(request.session_hash, fields, form[:FIELDS], note, settings):
            yield [*shown[:FIELDS], *said, *menus, *shown[FIELDS:]]

    def chosen(self, request: gr.Request, source: str, value: str, *form: Any) -> Iterator[list[Any]]:
        """Fills in the task that is chosen in the menu and compares the arms on it."""
        task = self.menu.task(source, value)
        if task is not None:
            yield from self.asked(request.session_hash, fields_of(task, value), [value, *form[:4]], "", form[4:])

    def uploaded(self, request: gr.Request, path: str, *form: Any) -> Iterator[list[Any]]:
        """Puts the tasks of a file into the menu and compares the arms on the first; a bad file changes nothing."""
        try:
            choices, about = self.menu.of_file(path)
        except DDPTError as error:
            said = status_line(str(error), failed=True)
            yield [gr.skip(), gr.UploadButton(value=None), gr.skip(), said, *[gr.skip()] * 9]
            return
        value = choices[0][1]
        menu = gr.Dropdown(choices=choices, value=value, label=f"Task ({len(choices):,}): type to search")
        file = [path, gr.skip(), gr.Button(visible=True), status_line(about)]
        yield [*file, menu, *[gr.skip()] * 8]
        for shown in self.chosen(request, path, value, *form[1:]):
            yield [*[gr.skip()] * 4, *shown]

    def run(self, request: gr.Request, source: str, *form: Any) -> Iterator[list[Any]]:
        """Compares the arms on what is typed."""
        fields, note = fitting(self.origin(source, form[0]), *form[:FIELDS])
        yield from self.asked(request.session_hash, fields, form[:FIELDS], note, form[FIELDS:])

    def origin(self, source: str, value: str | None) -> Task | None:
        """Returns the task that the menu shows, None if its file is gone by now."""
        try:
            return self.menu.task(source, value)
        except DDPTError:
            return None

    def cancel(self, request: gr.Request) -> gr.Button:
        """Stops what the session asked, as soon as the arm at work tells how far it is."""
        self.stops.stop(request.session_hash)
        return gr.Button(interactive=False)

    def columned(
        self, request: gr.Request, board: Board | None, arms: list[str], seeds: str, typed: str
    ) -> Iterator[list[Any]]:
        """Shows other columns for the question that is shown: what has been answered stays, the rest is asked."""
        if board is None or board.question is None:
            yield [gr.skip()] * 4
            return
        try:
            question = replace(board.question, seeds=seeds_of(seeds), typed=contexts_of(typed))
            board = replace(board, question=question).with_columns(question.columns(arms))
        except DDPTError as error:
            board = replace(board, failure=str(error))
        yield from self.answered(request.session_hash, board)

    def asked(self, session, fields: Sequence, before: Sequence, note: str, settings: Sequence) -> Iterator[list[Any]]:
        """Fills the form where it is not as `before`, then asks column after column; typing goes on meanwhile."""
        arms, *others = settings
        question = replace(self.question(*fields[1:], *others), note=note)
        filled = [gr.skip() if new == old else new for new, old in zip(fields, before, strict=True)]
        for shown in self.answered(session, Board(question, ()).with_columns(question.columns(arms))):
            yield [*filled, *shown]
            filled = [gr.skip()] * len(fields)

    def answered(self, session: str | None, board: Board) -> Iterator[list[Any]]:
        """Yields the board as it fills; what the session asked before is stopped, and shows nothing more."""
        self.stops.stop(session)
        with self.stops.under_way(session) as stop:
            for shown, buttons in self.boards(board, stop):
                if self.stops.get(session) is not stop:
                    return
                yield [board_html(shown, self.against.of(session)), shown, *buttons]

    def settled(self, request: gr.Request, board: Board | None) -> list[Any]:
        """Notes the board in the session's history, if it is finished, and offers its columns to set others against."""
        session = request.session_hash
        self.histories.keep(session, board)
        return [compare_against.offered(self.against, session, board), *compare_history.listed(self.histories, session)]

    def boards(self, board: Board, stop: threading.Event) -> Iterator[tuple[Board, list[gr.Button]]]:
        """Yields the board as it fills, with the buttons that belong to it; `stop` ends it where it is."""
        question, missing = board.question, [card.column for card in board.cards if not card.result]
        if missing:
            yield board, busy()
        try:
            for column in missing:
                for message in stream(
                    lambda tell, column=column: self.comparisons.ask(question, column, unless(stop, tell))
                ):
                    if isinstance(message, Done):
                        board = board.with_card(Card(column, message.result.result, message.result.about))
                    else:
                        board = board.with_card(Card(column, note=message.text, share=message.share))
                    yield board, busy(stop.is_set())
        except Cancelled:
            board = board.stopped(CANCELLED)
        except Exception as error:
            sentence = str(error) if isinstance(error, DDPTError) else UNEXPECTED
            yield replace(board.stopped("No answer."), failure=sentence), ready()
            raise
        yield board, ready()

    def question(self, instruction, reference, setup, tests, *settings: Any) -> Question:
        """Returns the question that the form asks; raises DDPTError for what cannot be asked."""
        return self.comparisons.question(instruction, reference, setup, tests, **columns_and_settings(settings))


def ready() -> list[gr.Button]:
    """Returns the two buttons as they are when nothing runs."""
    return [gr.Button("Compare", interactive=True), gr.Button(interactive=False)]


def busy(stopping: bool = False) -> list[gr.Button]:
    """Returns the two buttons while the arms write."""
    return [
        gr.Button("Stopping…" if stopping else "Comparing…", interactive=False),
        gr.Button(interactive=not stopping),
    ]
