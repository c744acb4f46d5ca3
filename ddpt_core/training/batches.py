"""Batches of tasks: which are for training and which for validation, in which order they come, and their loss."""

import hashlib
import random
from collections.abc import Sequence

import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError
from ddpt_core.prompts.method import Contexts
from ddpt_core.settings import TrainConfig
from ddpt_core.training.processes import processes

POOL = 16  # batches that are sorted by length together


def split(tasks: Sequence[Task], share: float) -> tuple[list[Task], list[Task]]:
    """Returns (training, validation); a task's instruction decides its side, so it never stands on both.

    Raises DataError if a side would be empty.
    """
    usable = [task for task in tasks if task.reference.strip()]
    marks = [int(hashlib.sha256(t.instruction.encode()).hexdigest()[:8], 16) / 2**32 < share for t in usable]
    training = [t for t, marked in zip(usable, marks, strict=True) if not marked]
    validation = [t for t, marked in zip(usable, marks, strict=True) if marked]
    if not training or not validation:
        raise DataError(
            f"Training needs tasks with references for both training and validation, got {len(training)} and "
            f"{len(validation)} from {len(tasks)} tasks; give more tasks (20 or so at least)."
        )
    return training, validation


def spread(tasks: Sequence[Task], count: int) -> list[Task]:
    """Returns `count` of the tasks, evenly spaced, so that every source has its share; all if there are no more."""
    count = min(count, len(tasks))
    return [tasks[place * len(tasks) // count] for place in range(count)]


def parts_of(tasks: Sequence[Task], config: TrainConfig) -> tuple[list[Task], list[Task]]:
    """Returns the tasks that a training learns from, and those that each of its validations reads; see `split`."""
    training, held_out = split(tasks, config.validation_share)
    return training, spread(held_out, config.read_at_once)


class Batches:
    """Draws batches without end: every task once per round, in an order that `seed` gives.

    A batch is as wide as its longest task, so tasks of like length stand together: within each `POOL` batches of a
    round's random order the tasks are sorted by length, then the batches are mixed.
    """

    def __init__(self, tasks: Sequence[Task], size: int, seed: int):
        self.tasks, self.size, self.seed = tasks, min(size, len(tasks)), seed
        self.batches: list[list[Task]] = []
        self.round = -1

    def at(self, step: int) -> list[Task]:
        """Returns the batch of a step; it depends on nothing but the step, so resuming needs no state."""
        number, place = divmod(step, len(self.tasks) // self.size)
        if number != self.round:
            self.round, self.batches = number, self._mixed(random.Random(f"{self.seed}/{number}"))
        return self.batches[place]

    def _mixed(self, rng: random.Random) -> list[list[Task]]:
        size, pool = self.size, self.size * POOL
        order = rng.sample(self.tasks, len(self.tasks) // size * size)
        pools = [sorted(order[i : i + pool], key=_length) for i in range(0, len(order), pool)]
        batches = [tasks[i : i + size] for tasks in pools for i in range(0, len(tasks), size)]
        return rng.sample(batches, len(batches))


def _length(task: Task) -> tuple[int, int]:
    return len(task.reference), len(task.instruction)


@torch.no_grad()
def validation_loss(
    backbone: FrozenLM, context: Contexts | None, tasks: Sequence[Task], bound: float = 0.0, batch: int = 64
) -> float:
    """Returns the mean loss per token over `tasks` for one context (P, D), one each or none; see FrozenLM.loss.

    Several processes share the work, so all of them must ask for it.
    """
    here, ordered = processes(), sorted(tasks, key=_length)
    total, count = 0.0, 0
    for start in range(0, len(ordered), batch * here.count):
        together = ordered[start : start + batch * here.count]
        (where,) = here.part(len(together))
        own = together[where] or together[:1]
        losses, counts = backbone.summed_losses(context(own) if callable(context) else context, own, bound)
        if together[where]:  # all read a batch, even if there is none left: with FSDP they do so hand in hand
            total, count = total + losses.sum().item(), count + int(counts.sum())
    loss, tokens = here.sum([total, count])
    return loss / tokens
