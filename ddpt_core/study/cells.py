"""The cells of a study on disk: each a folder whose result is written whole or not at all, and knows what it is of."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ddpt_core.artifact_files import write_files
from ddpt_core.data.task import Task

RESULT = "result.json"


@dataclass(frozen=True)
class Moment:
    """Where a study stands: the cell worked at, how many there are, and the work done and to do in this run.

    Work is counted in passes of one task through the backbone, roughly; what was done before is in neither figure.
    """

    cell: int
    cells: int
    name: str
    done: float
    total: float


class Course:
    """Counts the cells as they are met, and tells where the study stands."""

    def __init__(self, cells: int, work: float, tell: Callable[[Moment], None]) -> None:
        self.cell, self.cells, self.total, self.done, self._tell = 0, cells, work, 0.0, tell
        self._name, self._work = "", 0.0

    def begin(self, name: str, work: float) -> None:
        """Notes that a cell of that much work begins."""
        self.cell, self._name, self._work = self.cell + 1, name, work
        self.share(0.0)

    def share(self, share: float, what: str = "") -> None:
        """Tells that `share` of the present cell is done."""
        name = f"{self._name}, {what}" if what else self._name
        self._tell(Moment(self.cell, self.cells, name, self.done + share * self._work, self.total))

    def end(self) -> None:
        """Notes that the present cell is done."""
        self.done += self._work
        self._work = 0.0
        self.share(0.0)

    def skip(self, work: float) -> None:
        """Passes over a cell that was done before."""
        self.cell, self.total = self.cell + 1, self.total - work


@dataclass(frozen=True)
class Cell:
    """A folder with the result of one piece of work; `key` is everything that the result depends on."""

    folder: Path
    key: dict[str, Any]

    def read(self) -> dict[str, Any] | None:
        """Returns the result, None if it is not there, damaged, or of another key."""
        try:
            result = json.loads((self.folder / RESULT).read_text(encoding="utf-8"))
            return result if result["key"] == json.loads(json.dumps(self.key)) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, result: dict[str, Any], files: dict[str, str] | None = None) -> dict[str, Any]:
        """Writes `files`, and last of all the result; returns it with its key."""
        whole = {"key": self.key, **result}
        write_files(self.folder, {**(files or {}), RESULT: json.dumps(whole, indent=1, ensure_ascii=False) + "\n"})
        return whole


def digest(tasks: Sequence[Task]) -> str:
    """Returns the sha256 of everything in the tasks."""
    return hashlib.sha256(json.dumps([asdict(task) for task in tasks]).encode()).hexdigest()
