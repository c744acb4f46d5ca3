"""Adherence: which share of the answers that a context leads to is of the style asked for, by a rule on their code."""

from collections import Counter
from collections.abc import Sequence

import torch

from ddpt_core.answering.writing import Answer, write_all
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import OWN_TASKS, load_tasks
from ddpt_core.data.styles import OWN_STYLES, style_of
from ddpt_core.data.task import Task
from ddpt_core.settings import GenerationSettings

HELD_OUT = "value"  # held out by what: requests as in training, of values that no training answer has
WRITING = GenerationSettings(max_new_tokens=96)


def held_out_tasks(style: str, count: int) -> list[Task]:
    """Returns held-out tasks, their answers in a style of our own, else as they are."""
    behind = f":{style}" if style in OWN_STYLES else ":expression"
    return load_tasks(f"{OWN_TASKS}{HELD_OUT}{behind}", 4 * count)[:count]


def styles_of(answers: Sequence[Answer]) -> list[str | None]:
    """Returns the style of each answer's code."""
    return [style_of(answer.code) for answer in answers]


def adherence(backbone: FrozenLM, context: torch.Tensor | None, style: str, tasks: Sequence[Task]) -> float:
    """Returns the share of answers, one for each task, whose code is of the style; greedy."""
    found = Counter(styles_of(write_all(backbone, context, tasks, WRITING)))
    return found[style] / len(tasks)
