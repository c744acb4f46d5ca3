"""What a training would learn from, before it starts: how many tasks, how long they are, what is cut or left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.settings import TrainConfig
from ddpt_core.training.batches import split


@dataclass(frozen=True)
class Lengths:
    """Tokens of many texts, marks counted: half have at most `median`, 95 % at most `most`; `cut` are too long."""

    median: int
    most: int
    longest: int
    cut: int


@dataclass(frozen=True)
class DataCheck:
    """What a training makes of its data.

    rows: all tasks. usable: those with a reference. training, validation: how these are divided. repeated: usable rows
    with instruction and reference of an earlier one. variants: such with the instruction alone of an earlier one.
    limit: tokens at which an instruction or a reference is cut. context_tokens: of the context's text, which are
    repeated to fill `positions`. rounds: how often a task of the training part is seen.
    """

    rows: int
    usable: int
    training: int
    validation: int
    repeated: int
    variants: int
    instructions: Lengths
    references: Lengths
    limit: int
    context_tokens: int
    positions: int
    rounds: float

    @property
    def left_out(self) -> int:
        """The tasks without a reference."""
        return self.rows - self.usable


@torch.no_grad()
def check_data(tasks: Sequence[Task], backbone: FrozenLM, config: TrainConfig) -> DataCheck:
    """Returns what a training with `config` on `backbone` would make of `tasks`; the backbone reads the longest once.

    Raises DataError where the training would: too few tasks with references, a context that is too long, and a task
    that has no room in the backbone's positions.
    """
    training, validation = split(tasks, config.validation_share)
    usable = [task for task in tasks if task.reference.strip()]
    pairs = {(task.instruction, task.reference) for task in usable}
    context = backbone.embed(config.context, config.context_length)
    asked = backbone.architecture.instruction_lengths([task.instruction for task in usable])
    answered = backbone.architecture.target_lengths([task.reference for task in usable])
    both = [one + other for one, other in zip(asked, answered, strict=True)]
    longest = {max(range(len(usable)), key=counts.__getitem__) for counts in (asked, answered, both)}
    backbone.task_losses(context, [usable[place] for place in sorted(longest)])  # says if one has no room
    return DataCheck(
        rows=len(tasks),
        usable=len(usable),
        training=len(training),
        validation=len(validation),
        repeated=len(usable) - len(pairs),
        variants=len(pairs) - len({instruction for instruction, _ in pairs}),
        instructions=lengths_of(asked, backbone.max_tokens),
        references=lengths_of(answered, backbone.max_tokens),
        limit=backbone.max_tokens,
        context_tokens=len(backbone.token_ids(config.context)),
        positions=config.context_length,
        rounds=config.steps * min(config.batch_size, len(training)) / len(training),
    )


def lengths_of(counts: Sequence[int], limit: int) -> Lengths:
    """Returns what is said of the lengths of at least one text."""
    ordered, last = sorted(counts), len(counts) - 1
    cut = sum(count > limit for count in ordered)
    return Lengths(ordered[last // 2], ordered[round(0.95 * last)], ordered[last], cut)
