"""The Compare tab: one instruction, and what the frozen model writes for it under each arm."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from app.arms import arms_of
from app.comparisons import Comparisons, Question
from app.figures.arm_cards import CSS, Board, Card, board_html
from app.figures.status_line import status_line
from app.progress import Cancelled, Done, Stops, Tell, stream
from app.services import UNEXPECTED, Services, as_toast
from app.tabs import compare_api, compare_study
from app.tabs.arm_fields import about_arms, arm_boxes
from app.tabs.compare_address import ARMS_IN_ADDRESS, EXAMPLE_IN_ADDRESS, RUN_AT_CTRL_ENTER, asked_arms
from app.tabs.compare_form import answer_fields, fitting, task_fields
from app.tabs.compare_tasks import TaskMenu, back_to_examples, fields_of
from app.tabs.setting_fields import PROMPTS, offered, prompts_and_settings, setting_fields
from ddpt_core.data.task import Task
from ddpt_core.errors import DDPTError

CANCELLED = "Cancelled before there was an answer."


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
                settings = setting_fields(compare.comparisons.prompts)
        shown = gr.HTML(
            board_html(Board()),
            css_template=CSS.read_text(encoding="utf-8"),
            js_on_load=RUN_AT_CTRL_ENTER,
            apply_default_css=False,
            elem_id="compare-board",
        )
    answered, source = gr.State(None), gr.State("")  # the Board that the session sees; the path of its file
    filled, outputs = [example, instruction, reference, setup, tests], [shown, answered, go, cancel]
    form, prompts, file = [source, *filled, arms, *settings], settings[PROMPTS], [upload, examples, said]
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so

    go.click(as_toast(compare.run), form, [*filled, *outputs], trigger_mode="once", **several)
    tab.select(as_toast(compare.first), [answered, *form], [*filled, arms, *prompts, *outputs], **several)
    example.input(as_toast(compare.chosen), form, [*filled, *outputs], trigger_mode="multiple", **several)
    example.input(None, example, js=EXAMPLE_IN_ADDRESS)
    arms.input(as_toast(compare.armed), [answered, arms], outputs, trigger_mode="multiple", **several)
    arms.input(None, arms, js=ARMS_IN_ADDRESS)
    upload.upload(as_toast(compare.uploaded), [upload, *form[1:]], [source, *file, *filled, *outputs], **several)
    examples.click(lambda: back_to_examples(compare.menu), None, [source, example, *file], queue=False, **hidden)
    cancel.click(compare.cancel, None, cancel, queue=False, **hidden)
    compare_api.add(compare.comparisons)
    compare_study.add(tab)


class Compare:
    """The tab's events; each yields what its outputs should show next."""

    def __init__(self, services: Services):
        self.handed = services.handed
        self.comparisons = Comparisons(services)
        self.menu = TaskMenu(self.comparisons)
        self.stops = Stops()  # of what each session last asked and is not answered yet

    def first(self, request: gr.Request, board: Board | None, source: str, *form: Any) -> Iterator[list[Any]]:
        """Offers the prompts that there are now, and runs the task that another tab handed over.

        At the first look it runs the example and the arms that the address names, or the first and the usual ones.
        """
        arms, (context, *others) = form[5], form[6:]
        names, menus = offered(self.comparisons.prompts, others[: PROMPTS.stop - 1])
        wanted, examples = request.query_params.get("example"), self.comparisons.examples
        handed = self.handed.pop(request.session_hash, None)
        boxes = gr.skip()
        if board is None and "arms" in request.query_params:
            arms = boxes = asked_arms(request.query_params["arms"])
        if handed is None and (board is not None or form[1] or not examples):
            yield [*[gr.skip()] * 5, boxes, *menus, *[gr.skip()] * 4]
            return
        settings = [arms, context, *names, *others[PROMPTS.stop - 1 :]]
        name = wanted if wanted in examples else next(iter(examples), "")
        fields = fields_of(handed) if handed else fields_of(examples[name], name)
        for shown in self.asked(request.session_hash, fields, form[:5], "", settings):
            yield [*shown[:5], boxes, *menus, *shown[5:]]

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
        fields, note = fitting(self.origin(source, form[0]), *form[:5])
        yield from self.asked(request.session_hash, fields, form[:5], note, form[5:])

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

    def armed(self, request: gr.Request, board: Board | None, arms: list[str]) -> Iterator[list[Any]]:
        """Shows other arms for the question that is shown: what has been answered stays, the rest is asked."""
        if board is None or board.question is None:
            yield [gr.skip()] * 4
            return
        try:
            board = board.for_arms(arms_of(arms))
        except DDPTError as error:
            board = replace(board.for_arms([]), failure=str(error))
        yield from self.answered(request.session_hash, board)

    def asked(self, session, fields: Sequence, before: Sequence, note: str, settings: Sequence) -> Iterator[list[Any]]:
        """Fills the form where it is not as `before`, then asks one arm after the other; typing goes on meanwhile."""
        arms, *others = settings
        question = replace(self.question(*fields[1:], *others), note=note)
        filled = [gr.skip() if new == old else new for new, old in zip(fields, before, strict=True)]
        for shown in self.answered(session, Board(question, ()).for_arms(arms_of(arms))):
            yield [*filled, *shown]
            filled = [gr.skip()] * len(fields)

    def answered(self, session: str | None, board: Board) -> Iterator[list[Any]]:
        """Yields the board as it fills; what the session asked before is stopped, and shows nothing more."""
        self.stops.stop(session)
        with self.stops.under_way(session) as stop:
            for shown, buttons in self.boards(board, stop):
                if self.stops.get(session) is not stop:
                    return
                yield [board_html(shown), shown, *buttons]

    def boards(self, board: Board, stop: threading.Event) -> Iterator[tuple[Board, list[gr.Button]]]:
        """Yields the board as it fills, with the buttons that belong to it; `stop` ends it where it is."""
        question, missing = board.question, [card.name for card in board.cards if not card.result]
        if missing:
            yield board, busy()
        try:
            for name in missing:
                for message in stream(lambda tell, name=name: self.comparisons.ask(question, name, unless(stop, tell))):
                    if isinstance(message, Done):
                        board = board.with_card(Card(name, message.result.result, message.result.about))
                    else:
                        board = board.with_card(Card(name, note=message.text, share=message.share))
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
        return self.comparisons.question(instruction, reference, setup, tests, **prompts_and_settings(settings))


def unless(stop: threading.Event, tell: Tell) -> Tell:
    """Returns `tell` that raises Cancelled once `stop` is set; a stream's own event serves one stream alone."""

    def tell_or_stop(share: float, text: str) -> None:
        if stop.is_set():
            raise Cancelled
        tell(share, text)

    return tell_or_stop


def ready() -> list[gr.Button]:
    """Returns the two buttons as they are when nothing runs."""
    return [gr.Button("Compare", interactive=True), gr.Button(interactive=False)]


def busy(stopping: bool = False) -> list[gr.Button]:
    """Returns the two buttons while the arms write."""
    return [
        gr.Button("Stopping…" if stopping else "Comparing…", interactive=False),
        gr.Button(interactive=not stopping),
    ]
