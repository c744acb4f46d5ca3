"""What the backbone makes of a recorded run on the way: the code that it writes, its loss on the examples.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.explore.runs.path_loss import OPENING, LossPath, PathLosses
from app.explore.runs.run_entry import RunEntry
from app.explore.runs.runs import Runs
from app.page.examples import Examples
from app.page.pieces.csv_table import csv_table
from app.page.stream import Tell
from ddpt_core.data.differences import changes
from ddpt_core.data.task import Task, check_instruction

CODES, MOST_CODES = 12, 24  # steps at which code is written: spread evenly, and with those that narrow down a change


@dataclass(frozen=True)
class CodeStep:
    """The code of one step; `pieces` are its parts, each with whether the final code has it otherwise.

    `even` says whether it is one of the steps that are spread evenly, not one that narrows down a change.
    """

    step: int
    timestep: int
    noise: float
    code: str
    pieces: tuple[tuple[str, bool], ...]
    parses: bool
    even: bool = True
    answer: str = ""  # out of which the code is cut

    def as_json(self) -> dict[str, Any]:
        """Returns the step as plain JSON."""
        said = {"step": self.step, "timestep": self.timestep, "noise_level": self.noise, "code": self.code}
        pieces = [list(piece) for piece in self.pieces]
        return said | {"parses": self.parses, "pieces": pieces, "answer": self.answer}


@dataclass(frozen=True)
class CodePath:
    """What was written for an instruction along a run of `steps` steps, the end last, and how long writing took."""

    run: RunEntry
    steps: int
    instruction: str
    rows: tuple[CodeStep, ...]
    seconds: float

    def as_csv(self, for_spreadsheets: bool = False) -> str:
        """Returns the table as CSV; see `csv_table`."""
        rows = ((row.step, row.timestep, f"{row.noise:.6g}", row.parses, row.code, row.answer) for row in self.rows)
        return csv_table(("step", "timestep", "noise_level", "parses", "code", "answer"), rows, for_spreadsheets)


class PathProbe:
    """Probes runs; `services` gives runs, backbones and the lock around the model."""

    def __init__(self, services):
        self.services = services

    @property
    def examples(self) -> dict[str, Task]:
        """The example tasks by id."""
        return self.services.of(Examples).tasks

    @cached_property
    def losses(self) -> PathLosses:
        """The losses along runs."""
        return PathLosses(self.services, self.examples)

    def code(self, name: str, instruction: str, tell: Tell, visitor: str | None = None) -> CodePath:
        """Returns what the backbone writes along the visitor's run `name`; raises DDPTError for a bad question."""
        from ddpt_core.interpret.probe import code_along, steps_to_probe
        from ddpt_core.metrics.text_metrics import score

        instruction = check_instruction(instruction or "")
        entry = self.services.of(Runs).entry(name, visitor)
        done = 0

        def on_round(steps: int) -> None:
            nonlocal done
            said = f"Writing code at {steps} steps…" if not done else "Narrowing down since when the final code stands…"
            tell(0.3 + 0.7 * done / MOST_CODES, said)
            done += steps

        with self.services.model(tell):
            tell(0.0, OPENING)
            backbone = self.services.backbone(entry.info["backbone"]["name"])
            run = self.services.of(Runs).recent.load(entry, backbone, tell)
            started = time.monotonic()
            written = code_along(run, backbone, instruction, CODES, most=MOST_CODES, on_round=on_round)
            seconds = time.monotonic() - started
        final, even = written[-1].code, set(steps_to_probe(run.steps, CODES))
        rows = (
            CodeStep(
                step,
                timestep,
                float(run.noise_level[step]),
                code,
                tuple(changes(code, final)),
                bool(score([code], [None])["valid_python"]),
                step in even,
                answer,
            )
            for step, timestep, code, answer in written
        )
        return CodePath(entry, run.steps, instruction, tuple(rows), seconds)

    def loss(self, name: str, tell: Tell, visitor: str | None = None) -> LossPath:
        """Returns the loss on the examples along the visitor's run `name`; it is kept for the next time."""
        return self.losses.of(self.services.of(Runs).entry(name, visitor), tell)
