"""Writing many answers: instructions of like length together, and no batch waits for the long answers of a few."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch

from ddpt_core.answering.code import code_of
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.generation import Generation
from ddpt_core.data.task import Task
from ddpt_core.settings import GenerationSettings
from ddpt_core.training.processes import processes

BATCH = 64  # instructions written at once
SHARES = (1 / 8, 1 / 4, 3 / 8, 1 / 2)  # of the longest answer: up to where a batch may be written at first

Done = Callable[[float], None]  # is told what share is done


@dataclass(frozen=True)
class Answer:
    """What was written to a task, of how many tokens; `code` is cut out of it (see code_of)."""

    task: Task
    text: str
    tokens: int

    @cached_property
    def code(self) -> str:
        """The code that metrics and tests judge."""
        return code_of(self.text, self.task)

    def row(self, **who: Any) -> dict[str, Any]:
        """Returns a line of predictions.jsonl; `who` wrote it stands behind the task's id."""
        task = self.task
        asked = {"id": task.id, **who, "instruction": task.instruction, "reference": task.reference}
        return asked | {"prediction": self.code, "answer": self.text}


def write_all(
    backbone: FrozenLM,
    context: torch.Tensor | None,
    tasks: Sequence[Task],
    settings: GenerationSettings | None = None,
    done: Done | None = None,
    lengths: list[int] | None = None,
) -> list[Answer]:
    """Returns the answer to every task in their order, written in batches; `lengths` as in write_answers.

    `context` is (P, D) for all tasks, (tasks, P, D) for one each, or None. Several processes share the tasks and tell
    each other what they wrote, so all of them must call this.
    """
    here = processes()
    own = [task.instruction for task in tasks[here.rank :: here.count]]
    if context is not None and context.ndim == 3:
        context = context[here.rank :: here.count]
    how, known = settings or GenerationSettings(), [] if lengths is None else lengths

    def write() -> list[tuple[str, int]]:
        written = write_answers(backbone, context, own, BATCH, how, known, done or (lambda share: None))
        return [(answer.text, answer.tokens) for answer in written]

    shares = here.each(write)
    return [Answer(task, *shares[i % here.count][i // here.count]) for i, task in enumerate(tasks)]


def write_answers(
    backbone: FrozenLM,
    context: torch.Tensor | None,
    instructions: Sequence[str],
    size: int,
    settings: GenerationSettings,
    lengths: list[int],
    done: Done,
) -> list[Generation]:
    """Returns the answers to instructions, in batches of `size`: greedy, or by beams.

    A batch takes as long as its longest answer. So greedy answers are written up to a few tokens first, and those that
    go on anew, together, if that is less work by the `lengths` in tokens of answers that are known; those of these
    answers are added to them. Beams look back, so they are written in full at once.
    """
    full = settings.max_new_tokens
    finished: dict[int, Generation] = {}
    order = sorted(
        range(len(instructions)), key=lambda i: len(instructions[i]), reverse=True
    )  # the dearest batch first
    longer: list[int] = []

    def write(batch: Sequence[int], limit: int) -> list[int]:
        """Returns the lengths, `full` for those that go on."""
        given = context[list(batch)] if context is not None and context.ndim == 3 else context
        answers = backbone.generate(given, [instructions[i] for i in batch], replace(settings, max_new_tokens=limit))
        for i, answer in zip(batch, answers, strict=True):
            if limit < full and answer.tokens >= limit:
                longer.append(i)
            else:
                finished[i] = answer
        done(len(finished) / len(instructions))
        return [answer.tokens if answer.tokens < limit else full for answer in answers]

    for start in range(0, len(order), size):
        lengths += write(order[start : start + size], full if settings.num_beams > 1 else first_limit(lengths, full))
    again = list(longer)
    for start in range(0, len(again), size):
        write(again[start : start + size], full)
    return [finished[i] for i in range(len(instructions))]


def first_limit(lengths: Sequence[int], full: int) -> int:
    """Returns up to how many tokens to write at first, so that this and writing the longer ones anew is least work.

    By the lengths of other answers, `full` for those that are not known to end before. Without any it is `full`.
    """
    work = {full: float(full)}
    for limit in (round(full * share) for share in SHARES):
        if lengths and limit > 1:
            work[limit] = limit + full * sum(length >= limit for length in lengths) / len(lengths)
    return min(work, key=work.__getitem__)
