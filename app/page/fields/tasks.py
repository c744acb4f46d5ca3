"""A menu of tasks: the project's examples, or those of a visitor's own file."""

from collections.abc import Sequence
from typing import Any

from app.page.sources import Examples
from app.page.uploads import in_a_line, read_task_file
from ddpt_core.data.task import Task

OWN = "file/"  # before the id of a task of the visitor's file, so that no example is taken for it
EXAMPLE = "Example"
Choices = list[tuple[str, str]]


class TaskMenu:
    """What the menu offers; `source` is the path of the visitor's file, "" for the project's `examples`."""

    def __init__(self, examples: Examples):
        self.own = examples

    def examples(self) -> Choices:
        """Returns (name, value) of every example."""
        tasks = self.own.tasks.values()
        is_function = {task.id: task.reference.startswith(("def ", "class ")) for task in tasks}
        return [(task.id.replace("-", " ") + " · function" * is_function[task.id], task.id) for task in tasks]

    def task(self, source: str, value: str | None) -> Task | None:
        """Returns the task that is chosen, None if none is; raises DataError if the file is gone."""
        if not value:
            return None
        if value.startswith(OWN):
            return read_task_file(source).tasks.get(value.removeprefix(OWN)) if source else None
        return self.own.tasks.get(value)

    def tasks(self, source: str, values: Sequence[str]) -> list[Task]:
        """Returns the chosen tasks; one that is not there any longer is left out. Raises DataError if the file is."""
        own = any(value.startswith(OWN) for value in values) and source
        of_file = {OWN + task.id: task for task in read_task_file(source).tasks.values()} if own else {}
        known = self.own.tasks | of_file
        return [known[value] for value in values if value in known]

    def choices(self, source: str) -> Choices:
        """Returns what the menu offers now: the tasks of the file, or the examples without one."""
        return self.of_file(source)[0] if source else self.examples()

    def of_file(self, source: str) -> tuple[Choices, str]:
        """Returns (name, value) of every task of a file, and what it holds in a line; raises DataError."""
        file = read_task_file(source)
        return [(in_a_line(task), OWN + task.id) for task in file.tasks.values()], file.about()


def fields_of(task: Task, value: str | None = None) -> list[Any]:
    """Returns what a task puts into the form: its place in the menu, then its text."""
    return [value, task.instruction, task.reference, task.setup, "\n".join(task.tests)]
