"""What the frozen backbone makes of a run on the way: its loss, step by step; code_path.py has the code.

Read along a run is its "estimate", the context that the backbone would be given if the process stopped at that step, or
its "state", what the vectors are there. A run often stands still for many steps; contexts that are equal cost one pass.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError, DataError, require_choice, require_range
from ddpt_core.trajectory.trajectory import Trajectory

ROWS_AT_ONCE = 32  # tasks scored side by side: 260 MB of logits at 64 tokens and V = 32,100
KINDS = ("state", "estimate")


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
    kind: str = "estimate",
) -> LossAlong:
    """Returns the mean loss per token of the tasks' references with the contexts of `count` steps.

    It is `backbone.loss(run.estimate[step], tasks)`, or of the state, for each of the steps. Cost: different contexts x
    tasks rows read and scored by the backbone, ROWS_AT_ONCE in a pass, those of like length together. `progress` is
    told the share that is done after every pass, and may raise to cancel. Raises DataError without tasks or if one has
    no reference, ArtifactError for a run of another backbone, ConfigError for an unknown kind.
    """
    if not tasks:
        raise DataError("There is no task to score; give at least one with a reference.")
    for task in tasks:
        if not task.reference.strip():
            raise DataError(f"The task {task.id!r} has no reference to score; leave it out or give it one.")
    steps = steps_to_probe(run.steps, count)
    contexts, places = contexts_at(run, backbone, steps, kind)
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


def vectors_at(run: Trajectory, steps: Sequence[int], kind: str) -> np.ndarray:
    """Returns the state or the estimate at steps in the backbone's own space, (n, P, D) float32.

    Raises ConfigError for an unknown kind, ArtifactError for a run that holds no numbers.
    """
    require_choice("kind of vector", kind, KINDS)
    found = run.estimate[list(steps)] if kind == "estimate" else run.in_backbone_space(run.x[list(steps)])
    if not np.isfinite(found).all():
        raise ArtifactError("The run holds vectors that are no numbers; record it anew.")
    return np.ascontiguousarray(found, np.float32)


def contexts_at(
    run: Trajectory, backbone: FrozenLM, steps: Sequence[int], kind: str
) -> tuple[torch.Tensor, np.ndarray]:
    """Returns the different contexts of the steps, (n, P, D), and for each step which of them is its.

    Raises ConfigError for an unknown kind, ArtifactError for a run of another backbone or one that holds no numbers.
    """
    made_on = run.info.get("backbone") or {}
    if made_on.get("sha256") != backbone.sha256:
        raise ArtifactError(
            f"The run was made with another backbone than {backbone.name!r}, or another version of it; "
            "give the run's own, or make the run again."
        )
    contexts = vectors_at(run, steps, kind)
    flat, places = np.unique(contexts.reshape(len(contexts), -1), axis=0, return_inverse=True)
    return torch.from_numpy(flat.reshape(-1, *contexts.shape[1:])).to(backbone.device), places.reshape(-1)
