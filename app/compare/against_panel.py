"""The Compare tab's choice of what the answers are set against, word by word; it asks the model nothing."""

import gradio as gr

from app.compare.boards.against import NOTHING, Against, choices_of
from app.compare.boards.board import Board
from app.compare.figures.arm_cards import board_html

LABEL = "Mark differences against"


def against_field() -> gr.Dropdown:
    """Adds the menu, above the board."""
    with gr.Row(elem_classes="task-file"):
        return gr.Dropdown(
            choices_of(None), value=NOTHING, label=LABEL, elem_id="compare-against", min_width=260, scale=0
        )


def add(against: Against, field: gr.Dropdown, answered: gr.State, shown: gr.HTML) -> None:
    """Adds the event: another choice marks the answers that are there, also while others are still to come."""

    def chosen(request: gr.Request, board: Board | None, value: str | None) -> str:
        against.put(request.session_hash, value or NOTHING)
        return board_html(board or Board(), value or NOTHING)

    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    field.input(chosen, [answered, field], shown, queue=False, trigger_mode="always_last", **hidden)


def offered(against: Against, session: str | None, board: Board | None) -> gr.Dropdown:
    """Returns the menu for the board that is shown; a column that is gone is no longer chosen."""
    choices = choices_of(board)
    value = against.of(session)
    if value not in dict(choices).values():
        against.put(session, value := NOTHING)
    return gr.Dropdown(choices=choices, value=value)
