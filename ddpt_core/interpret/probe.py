"""What the frozen backbone makes of a run on the way: its loss, and the code that it writes, step by step.

Read along a run is always `run.estimate[step]`, the context that the backbone would be given if the process stopped at
that step. A run often stands still for many steps; contexts that are equal cost one pass.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch

from ddpt_core.answering.code import code_of
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError, DataError, require_range
from ddpt_core.settings import GenerationSettings
from ddpt_core.trajectory.trajectory import Trajectory

ROWS_AT_ONCE = 32  # tasks scored side by side: 260 MB of logits at 64 tokens and V = 32,100
MAX_WRITTEN = 128  # steps at which code is written
AT_ONCE = 3  # steps that a round adds: a gap of 182 steps, 12 of 2,000, is narrowed down in four rounds


class CodeAt(NamedTuple):
    """What the backbone writes with the context of one step: the raw answer, and the code that is cut out of it."""

    step: int
    timestep: int
    code: str
    answer: str


class LossAlong(NamedTuple):
    """The loss (n,), float64, in nats per token, with the contexts of n steps (n,), int64."""

    steps: np.ndarray
    losses: np.ndarray


def steps_to_probe(steps: int, count: int) -> list[int]:
    """Returns `count` of the steps 0..S of a run, spread evenly, the first and the last among them.

    A run of fewer steps gives all of them. Raises ConfigError for less than one step, or a count below two.
    """
    require_range("steps", steps, 1)
    gaps = min(require_range("count", count, 2) - 1, steps)
    return [gap * steps // gaps for gap in range(gaps + 1)]


@torch.no_grad()
def loss_along(
    run: Trajectory,
    backbone: FrozenLM,
    tasks: Sequence[Task],
    count: int = 50,
    progress: Callable[[float], None] | None = None,
) -> LossAlong:
    """Returns the mean loss per token of the tasks' references with the contexts of `count` steps.

    It is `backbone.loss(run.estimate[step], tasks)` for each of the steps. Cost: different contexts x tasks rows read
    and scored by the backbone, ROWS_AT_ONCE in a pass, those of like length together. `progress` is told the share
    that is done after every pass, and may raise to cancel. Raises DataError without tasks or if one has no reference,
    ArtifactError for a run of another backbone.
    """
    if not tasks:
        raise DataError("There is no task to score; give at least one with a reference.")
    for task in tasks:
        if not task.reference.strip():
            raise DataError(f"The task {task.id!r} has no reference to score; leave it out or give it one.")
    steps = steps_to_probe(run.steps, count)
    contexts, places = _contexts(run, backbone, steps)
    by_length = sorted(tasks, key=lambda task: len(task.reference))
    rows = [(task, place) for task in by_length for place in range(len(contexts))]
    losses, tokens = np.zeros(len(contexts)), np.zeros(len(contexts))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        batch, which = zip(*rows[start : start + ROWS_AT_ONCE], strict=True)
        summed, counted = backbone.summed_losses(contexts[list(which)], batch)
        np.add.at(losses, list(which), summed.double().cpu().numpy())
        np.add.at(tokens, list(which), counted.cpu().numpy())
        if progress:
            progress(min(1.0, (start + ROWS_AT_ONCE) / len(rows)))
    return LossAlong(np.array(steps), (losses / tokens)[places])


@torch.no_grad()
def code_along(
    run: Trajectory,
    backbone: FrozenLM,
    instruction: str,
    count: int = 12,
    settings: GenerationSettings | None = None,
    most: int = 0,
    on_round: Callable[[int], None] | None = None,
) -> list[CodeAt]:
    """Returns what the backbone writes for the instruction with the contexts of `count` steps, the end last.

    If the code changes between them, up to `most` steps in all are written, to find since when the final code stands:
    those added lie between the last step that has other code and the next one, AT_ONCE of them in each round.
    Cost: one batch for the first steps and one for each round, of as many answers as contexts are new. `on_round` is
    told before every batch how many steps it holds, and may raise to cancel. Raises ConfigError for a count that is
    not in 2..MAX_WRITTEN or `most` above it, DataError for an empty or overlong instruction, ArtifactError for a run
    of another backbone.
    """
    steps = steps_to_probe(run.steps, require_range("count", count, 2, MAX_WRITTEN))
    require_range("most", most, 0, MAX_WRITTEN)
    task = Task("own", instruction)
    answers: dict[bytes, tuple[str, str]] = {}  # context -> code and answer
    written: dict[int, tuple[str, str]] = {}  # step -> code and answer
    while steps:
        if on_round:
            on_round(len(steps))
        contexts, places = _contexts(run, backbone, steps)
        names = [context.tobytes() for context in contexts.cpu().numpy()]
        new = [place for place, name in enumerate(names) if name not in answers]
        if new:
            generated = backbone.generate(contexts[new], [instruction] * len(new), settings)
            texts = [answer.text for answer in generated]
            answers |= {names[place]: (code_of(text, task), text) for place, text in zip(new, texts, strict=True)}
        written |= {step: answers[names[place]] for step, place in zip(steps, places, strict=True)}
        steps = _before_the_last_change({step: code for step, (code, _) in written.items()}, most - len(written))
    return [CodeAt(step, int(run.timesteps[step]), *written[step]) for step in sorted(written)]


def _before_the_last_change(written: dict[int, str], left: int) -> list[int]:
    """Returns up to AT_ONCE and `left` steps, spread evenly between the last that is not as the end and the next."""
    steps = sorted(written)
    for after, before in pairwise(reversed(steps)):
        if written[before] != written[steps[-1]]:
            gaps = min(AT_ONCE, left, after - before - 1) + 1
            return [before + gap * (after - before) // gaps for gap in range(1, gaps)]
    return []


def _contexts(run: Trajectory, backbone: FrozenLM, steps: Sequence[int]) -> tuple[torch.Tensor, np.ndarray]:
    """Returns the different contexts of the steps, (n, P, D), and for each step which of them is its."""
    made_on = run.info.get("backbone") or {}
    if made_on.get("sha256") != backbone.sha256:
        raise ArtifactError(
            f"The run was made with another backbone than {backbone.name!r}, or another version of it; "
            "give the run's own, or make the run again."
        )
    contexts = np.asarray(run.estimate[list(steps)], np.float32)
    if not np.isfinite(contexts).all():
        raise ArtifactError("The run holds contexts that are no numbers; record it anew.")
    flat, places = np.unique(contexts.reshape(len(contexts), -1), axis=0, return_inverse=True)
    return torch.from_numpy(flat.reshape(-1, *contexts.shape[1:])).to(backbone.device), places.reshape(-1)
