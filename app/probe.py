"""What the backbone makes of a recorded run on the way: the code that it writes, its loss on the examples.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

import csv
import io
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.comparisons import Comparisons
from app.progress import Tell
from app.runs import RunEntry
from app.services import WAITING
from app.viewer.view import key_of
from ddpt_core.data.differences import changes
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import DataError

CODES, LOSSES = 12, 50  # steps at which code is written, and at which the loss is taken
KEPT_LOSSES = 32  # runs whose loss is kept: the examples stay the same
OPENING = "Opening the run…"


@dataclass(frozen=True)
class CodeStep:
    """The code of one step; `pieces` are its parts, each with whether the final code has it otherwise."""

    step: int
    timestep: int
    noise: float
    code: str
    pieces: tuple[tuple[str, bool], ...]
    parses: bool

    def as_json(self) -> dict[str, Any]:
        """Returns the step as plain JSON."""
        said = {"step": self.step, "timestep": self.timestep, "noise_level": self.noise, "code": self.code}
        return said | {"parses": self.parses, "pieces": [list(piece) for piece in self.pieces]}


@dataclass(frozen=True)
class CodePath:
    """What was written for an instruction along a run of `steps` steps, the end last."""

    run: RunEntry
    steps: int
    instruction: str
    rows: tuple[CodeStep, ...]

    def as_csv(self) -> str:
        """Returns the table as CSV."""
        rows = ((row.step, row.timestep, f"{row.noise:.6g}", row.parses, row.code) for row in self.rows)
        return table(("step", "timestep", "noise_level", "parses", "code"), rows)


@dataclass(frozen=True)
class LossStep:
    """The loss of one step, in nats per token."""

    step: int
    timestep: int
    noise: float
    loss: float

    def as_json(self) -> dict[str, Any]:
        """Returns the step as plain JSON."""
        return {"step": self.step, "timestep": self.timestep, "noise_level": self.noise, "loss": self.loss}


@dataclass(frozen=True)
class LossPath:
    """The loss on the references of so many `examples` along a run of `steps` steps."""

    run: RunEntry
    steps: int
    examples: int
    rows: tuple[LossStep, ...]

    def as_csv(self) -> str:
        """Returns the curve as CSV."""
        rows = ((row.step, row.timestep, f"{row.noise:.6g}", f"{row.loss:.6g}") for row in self.rows)
        return table(("step", "timestep", "noise_level", "loss"), rows)


class PathProbe:
    """Probes runs; `services` gives runs, backbones and the lock around the model."""

    def __init__(self, services):
        self.services = services
        self.comparisons = Comparisons(services)
        self._losses: OrderedDict[str, LossPath] = OrderedDict()  # key of a run's content -> its loss

    @property
    def examples(self) -> dict[str, Task]:
        """The example tasks by id."""
        return self.comparisons.examples

    def code(self, name: str, instruction: str, tell: Tell) -> CodePath:
        """Returns what the backbone writes along the run `name`; raises DDPTError for what cannot be asked."""
        from ddpt_core.evaluation.text_metrics import score
        from ddpt_core.interpret.probe import code_along

        instruction = check_instruction(instruction or "")
        entry = self.services.runs.entry(name)
        with self.services.model(tell):
            run, backbone = self._open(entry, tell)
            tell(0.5, f"Writing code at {min(CODES, run.steps + 1)} steps…")
            written = code_along(run, backbone, instruction, CODES)
        final = written[-1].code
        rows = (
            CodeStep(
                step,
                timestep,
                float(run.noise_level[step]),
                code,
                tuple(changes(code, final)),
                bool(score([code], [None])["valid_python"]),
            )
            for step, timestep, code in written
        )
        return CodePath(entry, run.steps, instruction, tuple(rows))

    def loss(self, name: str, tell: Tell) -> LossPath:
        """Returns the loss on the examples along the run `name`; it is kept for the next time."""
        entry = self.services.runs.entry(name)
        key = key_of(entry.folder)
        found = self._losses.get(key)
        if found is None:
            with self.services.model(tell):  # another session may have taken it in the meantime
                found = self._losses[key] = self._losses.get(key) or self._take_loss(entry, tell)
                if len(self._losses) > KEPT_LOSSES:
                    self._losses.popitem(last=False)
        return found

    def _take_loss(self, entry: RunEntry, tell: Tell) -> LossPath:
        from ddpt_core.interpret.probe import loss_along

        tasks = [task for task in self.examples.values() if task.reference.strip()]
        if not tasks:
            raise DataError("There are no examples with a reference here, so there is no loss to show.")
        run, backbone = self._open(entry, tell)
        said = f"Taking the loss on {len(tasks)} examples at {min(LOSSES, run.steps + 1)} steps"

        def progress(share: float) -> None:
            tell(share, said)
            self.services.turns.give_way(lambda: tell(share, WAITING))

        rows = (
            LossStep(int(step), int(run.timesteps[step]), float(run.noise_level[step]), float(loss))
            for step, loss in zip(*loss_along(run, backbone, tasks, LOSSES, progress), strict=True)
        )
        return LossPath(entry, run.steps, len(tasks), tuple(rows))

    def _open(self, entry: RunEntry, tell: Tell):
        from ddpt_core import Trajectory

        tell(0.0, OPENING)
        backbone = self.services.backbone(entry.info["backbone"]["name"])
        return Trajectory.load(entry.folder), backbone


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Returns a table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue()
