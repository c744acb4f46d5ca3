"""One training of the page: what it has told so far, what it is asked to do, and how it ended."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.page.jobs import Job
from app.train.with_styles import Styles
from ddpt_core.settings import TrainConfig

PAUSE, CANCEL = "pause", "cancel"  # what a training can be asked
PAUSED, CANCELLED = "paused", "cancelled"  # how one can end that was asked to


@dataclass(frozen=True)
class Wanted:
    """What is to be trained: the prompt's name, its backbone, where its tasks are and what they are called."""

    name: str
    backbone: str
    source: str
    data: str
    config: TrainConfig
    uploaded: bool = False  # `source` is then a file that is gone some hours later
    styles: Styles | None = None  # of the library that comes first; `source` is then its folder


@dataclass(frozen=True)
class Point:
    """The losses after a step, in nats per token; None where not measured."""

    step: int
    train: float | None
    validation: float | None


class Training(Job):
    """A training as it goes on: `points` are its losses, `step`, `best` and `best_step` where it stands."""

    def __init__(self, wanted: Wanted, folder: Path):
        super().__init__(wanted.name)
        self.wanted, self.folder = wanted, folder
        self.points: list[Point] = []
        self.step, self.best, self.best_step = 0, None, 0
        self.result: dict[str, Any] | None = None  # prompt.json, once it is done
        self._begun: tuple[int, float] | None = None  # the first step of this turn and when it had ended
        self._known = 0.0  # seconds a step took, as of the latest

    @property
    def steps(self) -> int:
        """How many steps there are in all."""
        return self.wanted.config.steps

    @property
    def stoppable(self) -> bool:
        """Whether it can still be asked to pause or to end."""
        return not (self.outcome or self.asked or self.step == self.steps)

    def ask(self, what: str = PAUSE) -> None:
        """Asks it to PAUSE or CANCEL once the step at work has ended; after the last step it is too late for that."""
        if self.stoppable:
            self.asked = what

    def hear(self, at) -> None:
        """Notes the trainer's Progress."""
        now = time.monotonic()
        if self._begun is None:
            self._begun = at.step, now
        elif at.step > self._begun[0]:
            self._known = (now - self._begun[1]) / (at.step - self._begun[0])
        self.text, self.step = "", at.step
        if at.best_step:
            self.best, self.best_step = at.best_validation_loss, at.best_step
        self.points.append(Point(at.step, at.train_loss, at.validation_loss))

    def seconds_left(self) -> float | None:
        """Returns how long the steps that are missing will take, None as long as that cannot be said."""
        return self._known * (self.steps - self.step) if self._known and self.step >= 3 else None

    def goes_on_from(self, standing: dict[str, Any]) -> None:
        """Takes over what a stopped training had reached: the standing of its state."""
        self.step, self.best_step = standing["step"], standing["best_step"]
        self.best = standing["best"] if self.best_step else None
        self.points = [Point(one["step"], one["train_loss"], one["validation_loss"]) for one in standing["curve"]]
