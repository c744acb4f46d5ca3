"""Task files that a visitor uploads: read with limits, and told of in words."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ddpt_core.data.readers import load_tasks
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError

MAX_BYTES = 5 << 20
MAX_TASKS = 2_000
SHOWN = 90  # characters of an instruction in a list of tasks
LIMITS = f"JSONL, at most {MAX_BYTES >> 20} MB; the first {MAX_TASKS:,} tasks are read"


@dataclass(frozen=True)
class TaskFile:
    """The tasks of one file by id, and the file's name; `cut` if it holds more than are read."""

    name: str
    tasks: dict[str, Task]
    cut: bool = False

    def about(self) -> str:
        """Returns what the file holds, in a line."""
        tests = sum(bool(task.tests) for task in self.tasks.values())
        count = f"{len(self.tasks):,} task{'s' * (len(self.tasks) > 1)}"
        kept = f"the first {count}" if self.cut else count
        some = f"{tests:,} with tests" if tests else "none with tests"
        having = "all with tests" if tests == len(self.tasks) else some
        return f"{self.name}: {kept}, {having}"


def read_task_file(path: str | Path, at_most: int = MAX_TASKS) -> TaskFile:
    """Returns what an uploaded file holds; raises DataError, which names the file as its owner does."""
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError:
        raise DataError(f"The file {path.name} is not kept any longer; upload it again.") from None
    if size > MAX_BYTES:
        raise DataError(
            f"The file {path.name} must have at most {MAX_BYTES >> 20} MB, got {size / (1 << 20):.3g}; "
            "upload a part of it."
        )
    try:
        tasks = load_tasks(path, at_most + 1)
    except DataError as error:
        raise DataError(str(error).replace(str(path), path.name)) from None
    return TaskFile(path.name, {task.id: task for task in tasks[:at_most]}, len(tasks) > at_most)


def read_data_set(name: str) -> TaskFile:
    """Returns the tasks of a data set of the Hugging Face hub; raises DataError, also for the path of a file here.

    On a Space none is downloaded: there everybody may ask, and a data set may fill its disk.
    """
    if on_a_space():
        raise DataError("A Space loads no data set of the hub; upload a JSONL file instead.")
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name) or os.path.lexists(name):
        raise DataError(
            f"{name[:80]!r} is no data set of the Hugging Face hub; write owner/name, or upload a JSONL file."
        )
    tasks = load_tasks(name, MAX_TASKS + 1)
    return TaskFile(name, {task.id: task for task in tasks[:MAX_TASKS]}, len(tasks) > MAX_TASKS)


def on_a_space() -> bool:
    """Returns whether the app runs as a Hugging Face Space, open to everybody."""
    return bool(os.environ.get("SPACE_ID"))


def in_a_line(task: Task) -> str:
    """Returns a task as a list shows it: what is searched there is the id and the instruction."""
    line = " ".join(task.instruction.split())
    return f"{task.id} · {line if len(line) <= SHOWN else f'{line[:SHOWN]}…'}"
