"""Listings: many instructions, put to the same columns in batches, and what came of each.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app.compare.boards.board import WAITING, Board, Card
from app.compare.boards.columns import Column
from app.compare.boards.comparisons import Comparisons, Question, described
from app.page.fields.typed_tests import check_limits
from app.page.stream import Tell
from ddpt_core.data.programs import program_of
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from ddpt_core.metrics.execution import Execution

MAX_INSTRUCTIONS = 50
ROWS_AT_ONCE = 64  # answers, or beams of them, that the model writes side by side


@dataclass(frozen=True)
class Overall:
    """One column over all its answers: how many there are (`n`), with a reference, with tests that ran and that passed.

    metrics: corpus figures of the answers, as text_metrics.score gives them; BLEU is that of all with a reference
    together, not a mean of single ones.
    """

    n: int
    with_reference: int
    tested: int
    passed: int
    metrics: dict[str, float | None]


@dataclass(frozen=True)
class Listing:
    """One question put to many tasks: `question` holds all but the task, `answers` is column's key -> place -> answer.

    `overall` is column's key -> its figures over what it has answered.
    """

    question: Question
    tasks: tuple[Task, ...]
    columns: tuple[Column, ...]
    answers: Mapping[str, Mapping[int, Card]] = field(default_factory=dict)
    overall: Mapping[str, Overall] = field(default_factory=dict)

    def answer(self, key: str, place: int) -> Card | None:
        """Returns what the column `key` answered to the task at `place`, None if it has not yet."""
        return self.answers.get(key, {}).get(place)

    def with_answers(self, key: str, found: Mapping[int, Card]) -> Listing:
        """Returns the listing with these answers of a column, by place, beside those that are there."""
        answers = {**self.answers, key: {**self.answers.get(key, {}), **found}}
        return replace(self, answers=answers, overall={**self.overall, **self._overall(key, answers[key])})

    def missing(self, column: Column) -> list[int]:
        """Returns the places of the tasks that the column has not answered."""
        done = self.answers.get(column.key, {})
        return [place for place in range(len(self.tasks)) if place not in done]

    def board(self, place: int) -> Board:
        """Returns the board of one task, with what has been answered."""
        cards = [self.answer(column.key, place) or Card(column, note=WAITING) for column in self.columns]
        return Board(replace(self.question, task=self.tasks[place]), tuple(cards))

    def _overall(self, key: str, answers: Mapping[int, Card]) -> dict[str, Overall]:
        from ddpt_core.metrics.text_metrics import score

        found = {place: answer.result for place, answer in answers.items() if answer.result.code is not None}
        if not found:
            return {}
        references = [self.tasks[place].reference for place in found]
        runs = [result.execution for result in found.values() if result.execution]
        ran = [run for run in runs if run.status != "refused"]
        known = sum(bool(text.strip()) for text in references)
        metrics = score([result.code or "" for result in found.values()], references)
        return {key: Overall(len(found), known, len(ran), sum(run.passed for run in ran), metrics)}

    def as_json(self) -> dict[str, Any]:
        """Returns what was asked, a row for each instruction with what every column answered, and the figures."""
        said = {name: value for name, value in described(self.question, self.columns).items() if name != "instruction"}
        rows = []
        for place, task in enumerate(self.tasks):
            answers = [self.answer(column.key, place) for column in self.columns]
            results = [asdict(answer.result) for answer in answers if answer]
            rows.append({"instruction": task.instruction, "reference": task.reference, "arms": results})
        return said | {"rows": rows, "overall": {key: asdict(one) for key, one in self.overall.items()}}


class Listings:
    """Puts lists of tasks to the columns; `comparisons` makes the contexts."""

    def __init__(self, comparisons: Comparisons):
        self.comparisons, self.services = comparisons, comparisons.services

    def listing(self, tasks: Sequence[Task], arms: Sequence[str], **asked: Any) -> Listing:
        """Returns the listing, nothing answered; `asked` is what Comparisons.question takes beside the task.

        Raises DDPTError for no task or too many, for one that cannot be asked, and for what no column could answer.
        """
        if not tasks:
            raise DataError("The list is empty; write one instruction a line, or choose tasks.")
        if len(tasks) > MAX_INSTRUCTIONS:
            raise ConfigError(
                f"A list must have at most {MAX_INSTRUCTIONS} instructions, got {len(tasks):,}; leave some out."
            )
        for task in tasks:
            check_limits(task.reference, task.setup, task.tests)
        question = self.comparisons.question(tasks[0].instruction, **asked)
        return Listing(question, tuple(tasks), question.columns(arms))

    def batches(self, listing: Listing, column: Column) -> Iterator[list[int]]:
        """Yields the places that the column is to answer, as many at once as the model writes side by side."""
        missing = listing.missing(column)
        size = max(1, ROWS_AT_ONCE // listing.question.settings.num_beams)
        yield from (missing[start : start + size] for start in range(0, len(missing), size))

    def ask(self, listing: Listing, column: Column, places: Sequence[int], tell: Tell) -> dict[int, Card]:
        """Returns what the column answers to the tasks at `places`, written in one batch, tests run.

        The tests run after the model is free again; a program that another column was tested with is not run twice.
        """
        question, tasks = listing.question, [listing.tasks[place] for place in places]
        share = 1 - len(listing.missing(column)) / len(listing.tasks)
        writing = f"Writing code for {len(tasks)} instruction{'s' * (len(tasks) > 1)}…"
        written = self.comparisons.written(question, column, tasks, tell, share, (share, writing))
        cards = dict(zip(places, written, strict=True))
        runs = {} if written[0].result.code is None else self._tested(listing, cards, tell)
        return {
            place: replace(card, result=replace(card.result, seconds=None, execution=runs.get(place)))
            for place, card in cards.items()
        }

    def ask_all(self, listing: Listing, tell: Tell) -> Listing:
        """Returns the listing with every answer."""
        for column in listing.columns:
            for places in self.batches(listing, column):
                listing = listing.with_answers(column.key, self.ask(listing, column, places, tell))
        return listing

    def _tested(self, listing: Listing, cards: Mapping[int, Card], tell: Tell) -> dict[int, Execution]:
        from ddpt_core.metrics.execution import execute_many

        code = {place: card.result.code for place, card in cards.items() if listing.tasks[place].tests}
        found = {place: run for place in code if (run := _known_run(listing, place, code[place]))}
        rest = [place for place in code if place not in found]
        if rest:
            tasks = [listing.tasks[place] for place in rest]
            programs = [(program_of(code[place], task), task) for place, task in zip(rest, tasks, strict=True)]

            def told(done: int) -> None:
                tell(1.0, f"Running the tests, {done} of {len(rest)}")

            told(0)
            found |= dict(zip(rest, execute_many(programs, progress=told), strict=True))
        return found


def _known_run(listing: Listing, place: int, code: str) -> Execution | None:
    """Returns what became of this code where another column wrote it for the same task, None if none did."""
    answers = (listing.answer(column.key, place) for column in listing.columns)
    same = (answer.result.execution for answer in answers if answer and answer.result.code == code)
    return next((run for run in same if run), None)


def tasks_of(instructions: Sequence[str], references: Sequence[str] | None = None) -> list[Task]:
    """Returns a task for each instruction; raises DataError for a bad one, or if the references are not as many."""
    texts, known = list(instructions or ()), [""] * len(instructions or ()) if references is None else list(references)
    if not all(isinstance(text, str) for text in (*texts, *known)):
        raise DataError("Instructions and references must be texts; give lists of them.")
    if len(known) != len(texts):
        raise DataError(
            f"Each instruction needs one reference, got {len(known):,} for {len(texts):,} instructions; "
            'pass "" for one that has none.'
        )
    pairs = enumerate(zip(texts, known, strict=True), start=1)
    return [Task(f"line-{i}", check_instruction(text), reference.strip()) for i, (text, reference) in pairs]
