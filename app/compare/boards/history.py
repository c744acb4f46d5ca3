"""What each session compared last, so that it can be shown again without the model; never another session's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from app.compare.boards.board import Board, Card
from app.page.pieces.test_rows import SHOWN_OUTPUT
from app.page.sessions import PerSession

LATEST = 50  # comparisons of one session that are kept
MOST_CHARACTERS = 2_000_000  # of all that one session keeps


@dataclass(frozen=True)
class Entry:
    """A finished comparison: its number within the session, when it was done (UTC), and the board."""

    number: int
    when: datetime
    board: Board


class Histories(PerSession[tuple[Entry, ...]]):
    """The finished boards of each session, the latest last."""

    def __init__(self):
        super().__init__()
        self._numbers = count(1)

    def keep(self, session: str | None, board: Board | None) -> None:
        """Notes a board in which every column has answered.

        It takes the place of those of the same question that hold no other column; where one holds more, nothing is
        noted.
        """
        if board is None or not finished(board):
            return
        before = self.get(session) or ()
        alike = {one.number: _sources(one.board) for one in before if one.board.question == board.question}
        if any(sources > _sources(board) for sources in alike.values()):
            return
        covered = {number for number, sources in alike.items() if sources <= _sources(board)}
        kept = [one for one in before if one.number not in covered]
        entries = [*kept, Entry(next(self._numbers), datetime.now(UTC), _small(board))][-LATEST:]
        while len(entries) > 1 and sum(map(_characters, entries)) > MOST_CHARACTERS:
            del entries[0]
        self.put(session, tuple(entries))

    def of(self, session: str | None) -> list[Entry]:
        """Returns the session's entries, the latest first."""
        return list(reversed(self.get(session) or ()))

    def entry(self, session: str | None, number: int) -> Entry | None:
        """Returns the session's entry of that number, None if it has none such."""
        return next((one for one in self.of(session) if one.number == number), None)


def _sources(board: Board) -> set[tuple]:
    """Returns what the board's columns are made of."""
    return {card.column.source for card in board.cards}


def finished(board: Board) -> bool:
    """Returns whether every column has answered, or said why it was not run, and one has answered."""
    results = [card.result for card in board.cards]
    done = board.question is not None and all(results) and not board.failure
    return done and any(result.code is not None for result in results)


def _small(board: Board) -> Board:
    """Returns the board with no more of what the programs printed than is shown."""
    return replace(board, cards=tuple(map(_small_card, board.cards)))


def _small_card(card: Card) -> Card:
    run = card.result.execution
    if run is None or len(run.output) <= SHOWN_OUTPUT:
        return card
    cut = replace(run, output=run.output[: SHOWN_OUTPUT + 1])  # one more, so that it is seen to go on
    return replace(card, result=replace(card.result, execution=cut))


def _characters(entry: Entry) -> int:
    """Returns about how much text an entry holds."""
    task = entry.board.question.task
    asked = len(task.instruction) + len(task.reference) + len(task.setup) + sum(map(len, task.tests))
    results = [card.result for card in entry.board.cards]
    runs = [result.execution for result in results if result.execution]
    details = sum(len(test.detail) for run in runs for test in run.tests)
    return (
        asked
        + sum(len(result.code or "") + len(result.answer or "") for result in results)
        + sum(len(run.output) for run in runs)
        + details
    )
