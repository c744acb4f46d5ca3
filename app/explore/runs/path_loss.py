"""The backbone's loss along a recorded run, on the examples; measured once and kept with what the browser fetches.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from app.explore.runs.run_entry import RunEntry
from app.explore.runs.runs import Runs
from app.page.services import WAITING
from app.page.stream import Tell
from app.viewer.example_files import LOSSES, example_file
from app.viewer.view import key_of
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError, require_choice

STEPS = 32  # at which the loss is measured
TASKS = 12  # of the examples, evenly spaced
SECONDS_A_STEP = 1.0  # on one core in bfloat16; only said before the first measurement
EXAMPLES = "written by hand (assets/examples), evenly spaced among them"
OPENING = "Opening the run…"


@dataclass(frozen=True)
class LossStep:
    """The loss of one step, in nats per token."""

    step: int
    timestep: int
    noise_level: float
    loss: float


@dataclass(frozen=True)
class LossPath:
    """The loss on the references of so many `examples`, which are from `source`, along a run."""

    examples: int
    source: str
    rows: tuple[LossStep, ...]

    def as_json(self) -> dict:
        """Returns the curve as plain JSON."""
        return {"examples": self.examples, "source": self.source, "rows": [asdict(row) for row in self.rows]}

    @classmethod
    def from_json(cls, said: Mapping) -> LossPath:
        """Returns the curve that `as_json` wrote."""
        return cls(said["examples"], said["source"], tuple(LossStep(**row) for row in said["rows"]))


class PathLosses:
    """Measures losses and finds those that were; `examples` are the tasks by id."""

    def __init__(self, services, examples: Mapping[str, Task]):
        self.services = services
        tasks = [task for task in examples.values() if task.reference.strip()]
        self.tasks = tasks[:: max(1, len(tasks) // TASKS)][:TASKS]

    def of(self, entry: RunEntry, tell: Tell, kind: str = "estimate") -> LossPath:
        """Returns the loss along the run's states or estimates; raises ConfigError for another kind, DataError without
        examples, ArtifactError for another backbone.
        """
        name = example_file(key_of(entry.folder), LOSSES[require_choice("kind of vector", kind, LOSSES)])
        if not (found := self._kept(name)):
            with self.services.model(tell):  # another session may have measured it in the meantime
                if not (found := self._kept(name)):
                    found = self._measure(entry, tell, kind)
                    self.services.of(Runs).store.replace(name, json.dumps(found.as_json()).encode())
        return found

    def _kept(self, name: str) -> LossPath | None:
        file = self.services.of(Runs).store.find(name)
        return LossPath.from_json(json.loads(file.read_text(encoding="utf-8"))) if file else None

    def _measure(self, entry: RunEntry, tell: Tell, kind: str) -> LossPath:
        from ddpt_core.interpret.probe import loss_along

        if not self.tasks:
            raise DataError("There are no examples with a reference here, so there is no loss to measure.")
        tell(0.0, OPENING)
        backbone = self.services.backbone(entry.info["backbone"]["name"])
        run = self.services.of(Runs).recent.load(entry, backbone, tell)
        said = f"Measuring the loss on {len(self.tasks)} examples at {min(STEPS, run.steps + 1)} steps"

        def progress(share: float) -> None:
            tell(share, said)
            self.services.turns.give_way(lambda: tell(share, WAITING))

        steps, losses = loss_along(run, backbone, self.tasks, STEPS, progress, kind)
        rows = (
            LossStep(int(step), int(run.timesteps[step]), float(run.noise_level[step]), float(loss))
            for step, loss in zip(steps, losses, strict=True)
        )
        return LossPath(len(self.tasks), EXAMPLES, tuple(rows))
