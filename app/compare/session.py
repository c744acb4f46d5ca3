"""What the Compare tab does: it puts questions to columns, and shows the board as it fills."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from app.compare.address import asked_columns
from app.compare.boards.against import Against
from app.compare.boards.board import Board, Card
from app.compare.boards.columns import contexts_of, seeds_of
from app.compare.boards.comparisons import Comparisons, Question
from app.compare.boards.history import Histories
from app.compare.figures.arm_cards import board_html
from app.compare.form import fitting
from app.page.fields.setting_fields import PROMPTS, columns_and_settings, offered
from app.page.fields.tasks import EXAMPLE, TaskMenu, fields_of
from app.page.pieces.status_line import status_line
from app.page.services import Services
from app.page.stream import Cancelled, Done, Stops, sentence_of, stream, unless
from app.page.uploads import LIMITS
from ddpt_core.arms import ALL_ARMS, trained_arms
from ddpt_core.data.task import Task
from ddpt_core.errors import DDPTError

CANCELLED = "Cancelled before there was an answer."
Shown = dict[Any, Any]  # component -> what it shows next
FIELDS = 5  # of a task: its place in the menu, instruction, reference, setup, tests


@dataclass(frozen=True)
class Page:
    """The tab's components: `task` in the order of fields_of, `settings` in that of setting_fields for several columns.

    `source` is the path of the session's file, `answered` the Board that it sees.
    """

    task: list[gr.components.Component]
    arms: gr.CheckboxGroup
    settings: list[gr.components.Component]
    upload: gr.UploadButton
    examples: gr.Button
    said: gr.HTML
    go: gr.Button
    cancel: gr.Button
    shown: gr.HTML
    source: gr.State
    answered: gr.State

    @property
    def prompts(self) -> list[gr.components.Component]:
        """The menus of prompts, one for each arm that has some."""
        return self.settings[PROMPTS]

    @property
    def columns(self) -> list[gr.components.Component]:
        """What makes the columns: arms, seeds and typed contexts."""
        return [self.arms, self.settings[PROMPTS.stop], self.settings[-1]]

    @property
    def form(self) -> list[gr.components.Component]:
        """All that is asked by."""
        return [self.source, *self.task, self.arms, *self.settings]

    @property
    def board(self) -> list[gr.components.Component]:
        """What `Compare.answered` fills."""
        return [self.shown, self.answered, self.go, self.cancel]


class Compare:
    """The tab's events; each yields what the components that change should show next."""

    def __init__(self, services: Services, comparisons: Comparisons, menu: TaskMenu, page: Page):
        self.handed, self.handed_prompts = services.handed, services.handed_prompts
        self.handed_arms = services.handed_arms
        self.comparisons, self.menu, self.page = comparisons, menu, page
        self.stops = Stops()  # of what each session last asked and is not answered yet
        self.against, self.histories = Against(), Histories()

    def first(self, request: gr.Request, board: Board | None, source: str, *form: Any) -> Iterator[Shown]:
        """Offers the prompts that there are now, and runs the task, or with the prompt, that another tab handed over.

        At the first look it runs the example and the columns that the address names, or the first and the usual ones.
        """
        page, (arms, context, *others) = self.page, form[FIELDS:]
        handed = self.handed.pop(request.session_hash, None)
        prompt = self.handed_prompts.pop(request.session_hash, "")
        handed_arms = self.handed_arms.pop(request.session_hash, None)
        names, menus = offered(self.comparisons.prompts, others[: PROMPTS.stop - 1], prompt)
        seeds, *how, typed = others[PROMPTS.stop - 1 :]
        wanted, examples = request.query_params.get("example"), self.comparisons.examples
        said, note = dict(zip(page.prompts, menus, strict=True)), ""
        asked = asked_columns(request.query_params) if board is None else None
        if asked:
            arms, seeds, typed, note = asked.arms, asked.seeds, asked.typed, asked.note
            said |= zip(page.columns, [arms, seeds, typed], strict=True)
        if prompt in names:
            chosen = {*arms, trained_arms()[names.index(prompt)]}
            arms = said[page.arms] = [arm for arm in ALL_ARMS if arm in chosen]
        if handed is not None and handed_arms:
            arms = said[page.arms] = handed_arms
        seen = board is not None or form[1]  # then only another prompt is a reason to ask
        if handed is None and (not (form[1] or examples) or (seen and prompt not in names)):
            yield said
            return
        name = wanted if wanted in examples else next(iter(examples), "")
        if handed is not None:
            fields = fields_of(handed)
        else:
            fields = form[:FIELDS] if form[1] or not examples else fields_of(examples[name], name)
        settings = [arms, context, *names, seeds, *how, typed]
        for shown in self.asked(request.session_hash, fields, form[:FIELDS], note, settings):
            yield shown | said

    def chosen(self, request: gr.Request, source: str, value: str, *form: Any) -> Iterator[Shown]:
        """Fills in the task that is chosen in the menu and compares the arms on it."""
        task = self.menu.task(source, value)
        if task is not None:
            yield from self.asked(request.session_hash, fields_of(task, value), [value, *form[:4]], "", form[4:])

    def uploaded(self, request: gr.Request, path: str, *form: Any) -> Iterator[Shown]:
        """Puts the tasks of a file into the menu and compares the arms on the first; a bad file changes nothing."""
        page = self.page
        try:
            choices, about = self.menu.of_file(path)
        except DDPTError as error:
            yield {page.upload: gr.UploadButton(value=None), page.said: status_line(str(error), failed=True)}
            return
        value = choices[0][1]
        menu = gr.Dropdown(choices=choices, value=value, label=f"Task ({len(choices):,}): type to search")
        file = {page.source: path, page.examples: gr.Button(visible=True), page.said: status_line(about)}
        yield file | {page.task[0]: menu}
        yield from self.chosen(request, path, value, *form[1:])

    def back_to_examples(self) -> Shown:
        """Takes the tasks of the file out of the menu."""
        page = self.page
        menu = gr.Dropdown(choices=self.menu.examples(), value=None, label=EXAMPLE)
        file = {page.source: "", page.upload: gr.UploadButton(value=None), page.examples: gr.Button(visible=False)}
        return file | {page.said: status_line(LIMITS), page.task[0]: menu}

    def run(self, request: gr.Request, source: str, *form: Any) -> Iterator[Shown]:
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
    ) -> Iterator[Shown]:
        """Shows other columns for the question that is shown: what has been answered stays, the rest is asked."""
        if board is None or board.question is None:
            yield gr.skip()
            return
        try:
            question = replace(board.question, seeds=seeds_of(seeds), typed=contexts_of(typed))
            board = replace(board, question=question).with_columns(question.columns(arms))
        except DDPTError as error:
            board = replace(board, failure=str(error))
        yield from self.answered(request.session_hash, board)

    def asked(self, session, fields: Sequence, before: Sequence, note: str, settings: Sequence) -> Iterator[Shown]:
        """Fills the form where it is not as `before`, then asks column after column; typing goes on meanwhile."""
        arms, *others = settings
        question = replace(self.question(*fields[1:], *others), note=note)
        fresh = zip(self.page.task, fields, before, strict=True)
        filled = {field: new for field, new, old in fresh if new != old}
        for shown in self.answered(session, Board(question, ()).with_columns(question.columns(arms))):
            yield filled | shown
            filled = {}

    def answered(self, session: str | None, board: Board) -> Iterator[Shown]:
        """Yields the board as it fills; what the session asked before is stopped, and shows nothing more."""
        self.stops.stop(session)
        with self.stops.under_way(session) as stop:
            for shown, buttons in self.boards(board, stop):
                if self.stops.get(session) is not stop:
                    return
                page = {self.page.shown: board_html(shown, self.against.of(session)), self.page.answered: shown}
                yield page | buttons

    def boards(self, board: Board, stop: threading.Event) -> Iterator[tuple[Board, Shown]]:
        """Yields the board as it fills, with the buttons that belong to it; `stop` ends it where it is."""
        question, missing = board.question, [card.column for card in board.cards if not card.result]
        if missing:
            yield board, self.busy()
        try:
            for column in missing:
                for message in stream(
                    lambda tell, column=column: self.comparisons.ask(question, column, unless(stop, tell))
                ):
                    if isinstance(message, Done):
                        board = board.with_card(message.result)
                    else:
                        board = board.with_card(Card(column, note=message.text, share=message.share))
                    yield board, self.busy(stop.is_set())
        except Cancelled:
            board = board.stopped(CANCELLED)
        except Exception as error:
            sentence = sentence_of(error)
            yield replace(board.stopped("No answer."), failure=sentence), self.ready()
            raise
        yield board, self.ready()

    def question(self, instruction, reference, setup, tests, *settings: Any) -> Question:
        """Returns the question that the form asks; raises DDPTError for what cannot be asked."""
        return self.comparisons.question(instruction, reference, setup, tests, **columns_and_settings(settings))

    def ready(self) -> Shown:
        """Returns the two buttons as they are when nothing runs."""
        return {self.page.go: gr.Button("Compare", interactive=True), self.page.cancel: gr.Button(interactive=False)}

    def busy(self, stopping: bool = False) -> Shown:
        """Returns the two buttons while the arms write."""
        go = gr.Button("Stopping…" if stopping else "Comparing…", interactive=False)
        return {self.page.go: go, self.page.cancel: gr.Button(interactive=not stopping)}
