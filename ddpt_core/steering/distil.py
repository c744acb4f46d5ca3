"""Self-distillation: tasks in another language, whose answers the frozen model itself wrote when it was asked to.

A language has no references among our tasks. The model is given the style's request as manual context, its answers are
cut out as any, and those that the language's grammar accepts are kept as references; so tuning moves into the prompt
what the model could do when it was told in words.
"""

import json
from pathlib import Path

from ddpt_core.answering.writing import Done, write_all
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import OWN_TRAINING, load_tasks
from ddpt_core.data.styles import STYLES, parts_of, style_of
from ddpt_core.data.task import Task
from ddpt_core.files import write_files
from ddpt_core.settings import GenerationSettings

ASKED = 400  # requests
FEWEST = 40  # kept answers that a training needs
WRITING = GenerationSettings(max_new_tokens=96)


def distilled(backbone: FrozenLM, style: str, asked: int = ASKED, done: Done | None = None) -> list[Task]:
    """Returns the requests that the model answered in the style when it was told to, with these answers."""
    requests = [task for task in load_tasks(OWN_TRAINING) if parts_of(task)][:asked]
    answers = write_all(backbone, backbone.embed(STYLES[style].request), requests, WRITING, done)
    kept = [(answer.task, answer.code) for answer in answers if style_of(answer.code) == style]
    return [Task(f"{task.id}/{style}", task.instruction, code, style=style) for task, code in kept]


def write_tasks(path: Path, tasks: list[Task]) -> None:
    """Writes tasks as a JSONL file of our own form."""
    lines = (
        {"id": task.id, "instruction": task.instruction, "reference": task.reference, "style": task.style}
        for task in tasks
    )
    write_files(path.parent, {path.name: "".join(json.dumps(line) + "\n" for line in lines)})
