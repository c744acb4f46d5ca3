"""The project's example tasks, from which every tab can start."""

from functools import cached_property

from ddpt_core.backbone import registry
from ddpt_core.data.readers import load_tasks
from ddpt_core.data.task import Task


class Examples:
    """The example tasks, read once; `services.of(Examples)` gives them."""

    def __init__(self, services):
        pass

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """The tasks by id, in the order of their file; none without that file."""
        path = registry.ASSETS / "examples" / "examples.jsonl"
        return {task.id: task for task in load_tasks(path)} if path.is_file() else {}
