"""What the answers of a board can be set against, word by word: nothing, the reference, or one of the columns."""

from __future__ import annotations

from typing import NamedTuple

from app.compare.boards.board import Board, Card
from app.page.sessions import PerSession

NOTHING, REFERENCE = "nothing", "reference"  # no column has such a key


class Base(NamedTuple):
    """The code that the answers are set against: the column's key, REFERENCE for none, and its name in a sentence."""

    key: str
    phrase: str
    code: str

    def is_of(self, card: Card) -> bool:
        """Returns whether this is the answer of that very card."""
        return self.key == card.key


class Against(PerSession[str]):
    """What each session sets the answers against, NOTHING until it has chosen."""

    def of(self, session: str | None) -> str:
        """Returns the session's choice."""
        return self.get(session) or NOTHING


def base_of(board: Board, against: str) -> Base | None:
    """Returns the code that `against` names; None for NOTHING, and while that column has no answer."""
    if board.question is not None and against == REFERENCE and board.question.task.reference.strip():
        return Base(REFERENCE, "the reference", board.question.task.reference)
    card = board.card(against)
    if card is None or card.result is None or card.result.code is None:
        return None
    return Base(card.key, card.column.phrase, card.result.code)


def choices_of(board: Board | None) -> list[tuple[str, str]]:
    """Returns (label, value) of all that the board's answers can be set against."""
    found = [("nothing", NOTHING)]
    if board is None or board.question is None:
        return found
    if board.question.task.reference.strip():
        found.append(("the reference", REFERENCE))
    return found + [(card.column.label, card.key) for card in board.cards]
