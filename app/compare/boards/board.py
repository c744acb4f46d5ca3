"""The board: the question that was put, and a card for each column, which fills as the columns answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.compare.boards.columns import Column, usual_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.compare.boards.comparisons import Question
    from ddpt_core.answering.arms import ArmResult

WAITING = "Waiting…"


@dataclass(frozen=True)
class Card:
    """One column: its result, or until then a note on what is going on; `share` of the work from 0 to 1."""

    column: Column
    result: ArmResult | None = None
    about: str = ""
    note: str = ""
    share: float | None = None

    @property
    def key(self) -> str:
        """The column's key, which is also its result's name."""
        return self.column.key

    def called(self, column: Column) -> Card:
        """Returns the card under another column of the same source, which may be called otherwise."""
        result = self.result and replace(self.result, name=column.key)
        return replace(self, column=column, result=result)


@dataclass(frozen=True)
class Board:
    """What the tab shows: the question that was put, None before the first, and a card for each column."""

    question: Question | None = None
    cards: tuple[Card, ...] = tuple(Card(column) for column in usual_columns())
    failure: str = ""

    def card(self, key: str) -> Card | None:
        """Returns the card of the column `key`, None if there is none."""
        return next((card for card in self.cards if card.key == key), None)

    def with_card(self, card: Card) -> Board:
        """Returns the board with one card replaced."""
        return replace(self, cards=tuple(card if card.key == old.key else old for old in self.cards))

    def with_columns(self, columns: Sequence[Column]) -> Board:
        """Returns the board with these columns; what has been answered stays."""
        known = {card.column.source: card for card in self.cards if card.result}
        cards = tuple(
            known[one.source].called(one) if one.source in known else Card(one, note=WAITING) for one in columns
        )
        return Board(self.question, cards)

    def stopped(self, note: str) -> Board:
        """Returns the board with `note` on every card that has no result."""
        return replace(self, cards=tuple(c if c.result else Card(c.column, note=note) for c in self.cards))
