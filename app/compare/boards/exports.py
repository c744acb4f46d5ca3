"""Comparisons to take away: as a table (CSV), as data (JSON), and as a Python script that writes the same code again.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from importlib import metadata
from typing import Any

from app.compare.boards.board import Board
from app.compare.boards.comparisons import Comparisons, described
from app.compare.boards.export_script import as_script
from app.compare.boards.origin import Origin
from app.page.pieces.csv_table import csv_table
from ddpt_core import __version__
from ddpt_core.errors import DataError, require_choice
from ddpt_core.metrics.table import METRICS

PACKAGES = ("torch", "transformers", "sacrebleu", "codebleu")
NOTHING = "There is nothing to take away yet; compare first."


class Exports:
    """Writes boards of one question each, all with the same columns and settings, in each of FORMATS."""

    def __init__(self, comparisons: Comparisons):
        self.comparisons, self.services = comparisons, comparisons.services

    def write(self, boards: Sequence[Board], kind: str) -> tuple[str, str]:
        """Returns the name of the file and its text; raises ConfigError for an unknown kind, DataError for nothing.

        Only what has been answered is written; a column that was not run is left out of the script.
        """
        name, make = FORMATS[require_choice("format", kind, FORMATS)]
        answered = [board for board in boards if board.question and any(card.result for card in board.cards)]
        if not answered:
            raise DataError(NOTHING)
        return name, make(answered, self.origin(answered[0]))

    def origin(self, board: Board) -> Origin:
        """Returns what made the board's answers."""
        prompts, chosen = self.comparisons.prompts, board.question.prompts
        backbone = self.services.backbone(prompts.backbone_of(chosen))
        loaded = {arm: prompts.load(chosen, arm, backbone) for arm in chosen}
        known = {arm: prompt for arm, prompt in loaded.items() if not isinstance(prompt, str)}
        return Origin(
            {"name": backbone.name, "sha256": backbone.sha256},
            {arm: {"name": one.name, "sha256": one.info["weights_sha256"]} for arm, one in known.items()},
            {"ddpt_core": __version__, "python": platform.python_version()}
            | {name: metadata.version(name) for name in PACKAGES},
        )


def as_csv(boards: Sequence[Board], origin: Origin, for_spreadsheets: bool = False) -> str:
    """Returns a row for each instruction and column; every text is exactly what was asked and written.

    `for_spreadsheets` an apostrophe stands before a text that could be run as a formula.
    """
    heads = ("instruction", "column", "arm", "seed", "context", "prompt", "code", "answer", *METRICS)
    rows = []
    for board in boards:
        for card in board.cards:
            if card.result is None:
                continue
            column, result, run = card.column, card.result, card.result.execution
            figures = [result.metrics.get(name) for name in METRICS]
            tests = (
                [run.status, sum(test.outcome == "passed" for test in run.tests), len(run.tests)] if run else [None] * 3
            )
            rows.append(
                [
                    board.question.task.instruction,
                    column.label,
                    column.arm,
                    column.seed,
                    column.context,
                    origin.prompts.get(column.arm, {}).get("name"),
                    result.code,
                    result.answer,
                    *figures,
                    *tests,
                    result.seconds,
                    result.tokens,
                    result.missing,
                ]
            )
    return csv_table(
        (*heads, "tests", "tests_passed", "tests_given", "seconds", "tokens", "not_run"), rows, for_spreadsheets
    )


def as_json(boards: Sequence[Board], origin: Origin) -> str:
    """Returns each comparison as the endpoint /compare gives it, with its task, and once for all what made them."""
    made = {"backbone": origin.backbone, "prompts": origin.prompts, "versions": origin.versions}
    return json.dumps(made | {"comparisons": [_compared(board) for board in boards]}, indent=1, ensure_ascii=False)


def _compared(board: Board) -> dict[str, Any]:
    cards = [card for card in board.cards if card.result]
    task = board.question.task
    given = {"reference": task.reference, "setup": task.setup, "tests": list(task.tests)}
    said = described(board.question, [card.column for card in cards])
    return said | given | {"arms": [asdict(card.result) for card in cards]}


FORMATS = {
    "csv": ("comparison.csv", as_csv),
    "spreadsheet": ("comparison-for-spreadsheets.csv", partial(as_csv, for_spreadsheets=True)),
    "json": ("comparison.json", as_json),
    "python": ("comparison.py", as_script),
}
