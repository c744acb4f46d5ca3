"""One part of a study while it is done: where it stands, and what of it failed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ddpt_core.errors import DDPTError
from ddpt_core.study.materials import Materials
from ddpt_core.study.plan import Plan
from ddpt_core.study.work import Key, Work


@dataclass(frozen=True)
class Moment:
    """Where a study stands: the cell worked at, how many there are, and the work done and to do in this run.

    Work is counted in seconds as the probe estimated them; what was done before is in neither figure.
    """

    cell: int
    cells: int
    name: str
    done: float
    total: float


class Course:
    """Counts the cells of a study as they are met, each once, and tells where it stands."""

    def __init__(self, work: dict[Key, Work], tell: Callable[[Moment], None]) -> None:
        self.cells, self.done, self._tell = len(work), 0.0, tell
        self._left = {key: one.seconds for key, one in work.items()}
        self._name, self._work = "", 0.0

    def begin(self, key: Key, name: str) -> None:
        """Notes that a cell begins."""
        self._name, self._work = name, self._left.pop(key, 0.0)
        self.share(0.0)

    def share(self, share: float, what: str = "") -> None:
        """Tells that `share` of the present cell is done."""
        name = f"{self._name}, {what}" if what else self._name
        total = self.done + self._work + sum(self._left.values())
        self._tell(Moment(self.cells - len(self._left), self.cells, name, self.done + share * self._work, total))

    def end(self) -> None:
        """Notes that the present cell is done."""
        self.done += self._work
        self._work = 0.0
        self.share(0.0)

    def skip(self, key: Key) -> None:
        """Passes over a cell that was done before, or that cannot be done."""
        self._left.pop(key, None)


@dataclass
class Job:
    """A part with what it works on, the study's folder, the course of the whole study, and the cells that failed."""

    plan: Plan
    materials: Materials
    out: Path
    course: Course
    failed: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def cell(self, key: Key, name: str, **about: Any) -> Iterator[None]:
        """Counts a cell while it is made; an error that a user can mend is noted in `failed`, and the rest goes on."""
        self.course.begin(key, name)
        try:
            yield
        except DDPTError as error:
            self.fail(name, str(error), **about)
        self.course.end()

    def fail(self, name: str, why: str, **about: Any) -> None:
        """Notes that a cell failed."""
        self.failed.append({"what": name, **about, "why": why})
