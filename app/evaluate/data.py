"""The data that the Evaluate tab takes: examples, our own tasks, a visitor's file, rows by the API, data of the hub."""

import json
import tempfile
from pathlib import Path
from typing import Any

from app.evaluate.evaluations import MAX_EVALUATED
from app.evaluate.form import EXAMPLES, OWN_FILE
from app.page.sources import Examples
from app.page.uploads import TaskFile, read_data_set, read_task_file
from ddpt_core.data.readers import OWN_TASKS, load_tasks
from ddpt_core.errors import DataError


class EvaluateData:
    """Finds the tasks that are asked for; never a file of the server's by its path."""

    def __init__(self, examples: Examples):
        self.examples = examples

    def named(self, name: str | None, upload: str = "") -> TaskFile:
        """Returns the examples, our own tasks, the uploaded file, or a data set of the hub; raises DDPTError."""
        name = (name or "").strip()
        if name == EXAMPLES and self.examples.tasks:
            return TaskFile(EXAMPLES, self.examples.tasks)
        if name == OWN_FILE and upload:
            return read_task_file(upload)
        if name.startswith(OWN_TASKS):
            return TaskFile(name, {task.id: task for task in load_tasks(name, MAX_EVALUATED)})
        if name in ("", EXAMPLES, OWN_FILE):
            raise DataError("No data is chosen; choose the examples or upload a JSONL file of tasks.")
        return read_data_set(name)

    def rows(self, rows: list[dict[str, Any]]) -> TaskFile:
        """Returns rows of any known format as tasks, by the same rules and limits as an uploaded file."""
        if not isinstance(rows, list):
            raise DataError(f"The tasks must be a list of objects, got {type(rows).__name__}; give one for each task.")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tasks"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            return read_task_file(path)
