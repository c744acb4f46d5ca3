"""The Compare tab's history of the session: what was compared, each line of which shows its board again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.compare.boards.board import Board
from app.compare.boards.comparisons import Question
from app.compare.boards.history import Histories
from app.compare.figures.history_list import CSS, SHOW_SCRIPT, history_html
from app.compare.session import Compare, Shown
from app.page.fields.tasks import fields_of
from app.page.pieces.components import components_of
from app.page.services import as_toast
from ddpt_core.arms import ALL_ARMS, trained_arms
from ddpt_core.errors import DataError

TITLE = "History of this session"
TO_BOARD = '() => document.querySelector("#compare-board").scrollIntoView({ block: "nearest" })'


@dataclass(frozen=True)
class HistoryFields:
    """The history's components: what is folded away, the list in it, and the button that empties it."""

    fold: gr.Accordion
    entries: gr.HTML
    clear: gr.Button

    def of(self, histories: Histories, session: str | None) -> Shown:
        """Returns what the components show of the session's history."""
        entries = histories.of(session)
        title = f"{TITLE} ({len(entries)})" if entries else TITLE
        clear = gr.Button(interactive=bool(entries))
        return {self.fold: gr.Accordion(label=title), self.entries: history_html(entries), self.clear: clear}


def history_fields() -> HistoryFields:
    """Adds the history, folded away."""
    with gr.Accordion(TITLE, open=False, elem_id="compare-history") as fold:
        entries = gr.HTML(
            history_html([]),
            css_template=CSS.read_text(encoding="utf-8"),
            js_on_load=SHOW_SCRIPT,
            apply_default_css=False,
            elem_id="compare-history-list",
        )
        clear = gr.Button("Clear the history", size="sm", interactive=False, elem_id="compare-history-clear")
    return HistoryFields(fold, entries, clear)


def entry_of(histories: Histories, session: str | None, number: Any) -> Board:
    """Returns the board of a line; raises DataError if it is gone."""
    entry = histories.entry(session, number) if isinstance(number, int) else None
    if entry is None:
        raise DataError("This comparison is not in the history any longer; ask again.")
    return entry.board


def form_of(board: Board) -> list[Any]:
    """Returns what fills the form as it was asked: the task's fields, the arms, and the settings."""
    question, arms = board.question, {card.column.arm for card in board.cards if not card.column.typed}
    return [*fields_of(question.task), [arm for arm in ALL_ARMS if arm in arms], *settings_of(question)]


def settings_of(question: Question) -> list[Any]:
    """Returns what setting_fields of several columns hold for this question, in their order."""
    how = question.settings
    return [
        question.context,
        *(question.prompts.get(arm) for arm in trained_arms()),
        ", ".join(map(str, question.seeds)),
        how.num_beams,
        how.max_new_tokens,
        how.repetition_penalty,
        how.no_repeat_ngram_size,
        question.style,
        question.guidance,
        "\n".join(question.typed),
    ]


def add(compare: Compare, fields: HistoryFields) -> Any:
    """Adds the events, and returns that of a line which is shown again."""
    form = compare.page.form[1:]

    def show(request: gr.Request, event: gr.EventData) -> Iterator[Shown]:
        board = entry_of(compare.histories, request.session_hash, event.number)
        asked = dict(zip(form, form_of(board), strict=True))
        for shown in compare.answered(request.session_hash, board):
            yield asked | shown

    def clear(request: gr.Request) -> Shown:
        compare.histories.forget(request.session_hash)
        return fields.of(compare.histories, request.session_hash)

    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    shown = fields.entries.show_entry(as_toast(show), None, [*form, *compare.page.board], queue=False, **hidden)
    shown.success(None, js=TO_BOARD)
    fields.clear.click(clear, None, components_of(fields), queue=False, **hidden)
    return shown
