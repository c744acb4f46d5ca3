"""The Compare tab's list: many instructions answered by the same columns, in a table whose rows open in the board."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.compare import export_panel
from app.compare.boards.board import Board
from app.compare.boards.exports import Exports
from app.compare.boards.listings import MAX_INSTRUCTIONS, Listing, Listings, tasks_of
from app.compare.figures import list_table
from app.compare.figures.list_table import list_html
from app.compare.session import Compare, Shown
from app.page.fields.setting_fields import columns_and_settings
from app.page.fields.tasks import Choices, fields_of
from app.page.pieces.code import CARDS
from app.page.pieces.kept_scroll import keep_scroll
from app.page.pieces.status_line import status_line
from app.page.services import as_toast
from app.page.stream import Cancelled, Done, Stops, sentence_of, stream, unless
from ddpt_core.arms import ALL_ARMS
from ddpt_core.errors import DataError

LIMITS = f"At most {MAX_INSTRUCTIONS} instructions; every column above answers all of them."
FIRST = 10  # tasks that one click puts into the list
FIRST_OF = f"Choose the first {FIRST}"


@dataclass(frozen=True)
class ListFields:
    """The list's components; `listing` is the Listing that the session sees."""

    lines: gr.Textbox
    tasks: gr.Dropdown
    first: gr.Button
    go: gr.Button
    cancel: gr.Button
    said: gr.HTML
    table: gr.HTML
    export: gr.Column
    exported: dict[str, gr.Button]
    listing: gr.State


def list_fields(choices: Choices) -> ListFields:
    """Adds the list's form, folded away, and below it the place of its table."""
    with gr.Accordion("A list of instructions", open=False, elem_id="compare-list"):
        with gr.Row():
            with gr.Column(scale=3, min_width=280):
                lines = gr.Textbox(label="Instructions, one per line", lines=5, max_lines=12)
            with gr.Column(scale=2, min_width=280):
                tasks = gr.Dropdown(
                    choices,
                    value=[],
                    multiselect=True,
                    label="Tasks with their references and tests",
                    elem_id="compare-list-tasks",
                )
                first = gr.Button(FIRST_OF, size="sm")
        with gr.Row(elem_classes="task-file"):
            go = gr.Button("Compare on the list", variant="primary", min_width=240, scale=0, elem_id="compare-list-go")
            cancel = gr.Button("Cancel", interactive=False, min_width=80, scale=0, elem_id="compare-list-cancel")
        said = gr.HTML(status_line(LIMITS), apply_default_css=False, elem_id="compare-list-said")
    style = (CARDS.read_text(encoding="utf-8"), list_table.CSS.read_text(encoding="utf-8"))
    table = gr.HTML(
        "",
        css_template="".join(style),
        js_on_load=list_table.OPEN_SCRIPT + keep_scroll(".listing .rows"),
        apply_default_css=False,
        elem_id="compare-list-table",
    )
    export, exported = export_panel.export_row("compare-list-export", visible=False)
    return ListFields(lines, tasks, first, go, cancel, said, table, export, exported, gr.State(None))


def add(compare: Compare, fields: ListFields) -> Any:
    """Adds the events, and returns that of a row which is opened."""
    tab, page, listing = ListTab(compare, fields), compare.page, fields.listing
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so
    outputs = [fields.table, listing, fields.said, fields.go, fields.cancel]
    asked = [fields.lines, fields.tasks, page.source, page.arms, *page.settings]
    ran = fields.go.click(as_toast(tab.run), asked, outputs, trigger_mode="once", **several)
    ran.then(lambda held: gr.Column(visible=held is not None), listing, fields.export, queue=False, **hidden)
    export_panel.add(Exports(compare.comparisons), fields.exported, listing, boards_of)
    fields.cancel.click(tab.cancel, None, fields.cancel, queue=False, **hidden)
    page.source.change(as_toast(tab.offered), page.source, fields.tasks, queue=False, **hidden)
    fields.first.click(as_toast(tab.first), page.source, fields.tasks, queue=False, **hidden)
    filled = [*page.task, *page.columns, *page.board]
    return fields.table.open_row(as_toast(tab.opened), listing, filled, trigger_mode="multiple", **several)


class ListTab:
    """The list's events; each yields what the components that change should show next."""

    def __init__(self, compare: Compare, fields: ListFields):
        self.compare, self.menu, self.fields = compare, compare.menu, fields
        self.listings = Listings(compare.comparisons)
        self.stops = Stops()  # of the list that each session has under way

    def run(
        self, request: gr.Request, lines: str, chosen: list[str] | None, source: str, arms: list[str], *settings: Any
    ) -> Iterator[Shown]:
        """Answers the list, column after column; the table fills as they do."""
        typed = [line for line in (lines or "").split("\n") if line.strip()]
        tasks = [*tasks_of(typed), *self.menu.tasks(source, chosen or [])]
        listing = self.listings.listing(tasks, arms, **columns_and_settings(settings))
        self.stops.stop(request.session_hash)
        with self.stops.under_way(request.session_hash) as stop:
            yield self.filled(listing) | self.busy("Waiting…")
            yield from self.filling(listing, stop)

    def filling(self, listing: Listing, stop: threading.Event) -> Iterator[Shown]:
        """Yields the table as it fills, and what is going on; `stop` ends it where it is."""
        count = len(listing.columns)
        try:
            for number, column in enumerate(listing.columns, start=1):
                where = f"{column.label} ({number} of {count}): "
                for places in self.listings.batches(listing, column):
                    asked = listing
                    for message in stream(
                        lambda tell, a=asked, c=column, p=places: self.listings.ask(a, c, p, unless(stop, tell))
                    ):
                        if isinstance(message, Done):
                            listing = listing.with_answers(column.key, message.result)
                            yield self.filled(listing)
                        else:
                            share = (number - 1 + message.share) / count
                            yield self.busy(where + message.text, share, stop.is_set())
        except Cancelled:
            yield self.ready(f"Cancelled: {told(listing)}")
        except Exception as error:
            yield self.ready(sentence_of(error), failed=True)
            raise
        else:
            yield self.ready(f"Done: {told(listing)}")

    def cancel(self, request: gr.Request) -> gr.Button:
        """Stops the session's list; what has been answered stays."""
        self.stops.stop(request.session_hash)
        return gr.Button(interactive=False)

    def offered(self, source: str) -> gr.Dropdown:
        """Offers the tasks of the file, or the examples, with none of them chosen."""
        return gr.Dropdown(choices=self.menu.choices(source), value=[], multiselect=True)

    def first(self, source: str) -> list[str]:
        """Chooses the first tasks on offer."""
        return [value for _, value in self.menu.choices(source)[:FIRST]]

    def opened(self, request: gr.Request, listing: Listing | None, data: gr.EventData) -> Iterator[Shown]:
        """Shows a row in the board, with the form as it was asked; what has not been answered yet is asked."""
        row = data.row
        if listing is None or not isinstance(row, int) or not 0 <= row < len(listing.tasks):
            raise DataError("This row is not there any longer; compare on the list again.")
        question, arms = listing.question, {column.arm for column in listing.columns if not column.typed}
        seeds, typed = ", ".join(map(str, question.seeds)), "\n".join(question.typed)
        columns = [[arm for arm in ALL_ARMS if arm in arms], seeds, typed]
        page, values = self.compare.page, [*fields_of(listing.tasks[row]), *columns]
        form = dict(zip([*page.task, *page.columns], values, strict=True))
        for shown in self.compare.answered(request.session_hash, listing.board(row)):
            yield form | shown
            form = {}

    def filled(self, listing: Listing) -> Shown:
        """Returns the table as it is by now."""
        return {self.fields.table: list_html(listing), self.fields.listing: listing}

    def ready(self, sentence: str, failed: bool = False) -> Shown:
        """Returns the line and the two buttons as they are when nothing runs."""
        fields = self.fields
        buttons = {fields.go: gr.Button(interactive=True), fields.cancel: gr.Button(interactive=False)}
        return buttons | {fields.said: status_line(sentence, failed=failed)}

    def busy(self, sentence: str, share: float | None = None, stopping: bool = False) -> Shown:
        """Returns the line and the two buttons while the columns write."""
        fields = self.fields
        buttons = {fields.go: gr.Button(interactive=False), fields.cancel: gr.Button(interactive=not stopping)}
        return buttons | {fields.said: status_line(sentence, share)}


def boards_of(listing: Listing | None) -> list[Board]:
    """Returns the board of every row."""
    return [listing.board(place) for place in range(len(listing.tasks))] if listing else []


def told(listing: Listing) -> str:
    """Returns how much of the list has been answered, in words."""
    done = sum(not listing.missing(column) for column in listing.columns)
    return f"{done} of {len(listing.columns)} columns answered {len(listing.tasks)} instructions. A row opens below."
