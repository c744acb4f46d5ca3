"""What a backbone makes of contexts that are asked for styles: the style of each answer, and the loss on each task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ddpt_core.answering.writing import write_all
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import load_tasks
from ddpt_core.data.styles import LANGUAGES, OWN_STYLES, style_of
from ddpt_core.data.task import Task
from ddpt_core.metrics.statistics import bootstrap_interval
from ddpt_core.prompts.library import TASKS
from ddpt_core.steering.adherence import WRITING, held_out_tasks
from ddpt_core.training.batches import split

VALIDATION_SHARE = 0.1  # of a style's own tasks, as its trainings have it
TASKS_AT_ONCE = 32
Done = Callable[[float], None]


@dataclass(frozen=True)
class Held:
    """Held-out requests of a style, on which answers are written, and tasks with answers in it, on which a loss is."""

    requests: tuple[Task, ...]
    tasks: tuple[Task, ...]


def held_out(styles: Sequence[str], count: int, folder: Path | None = None) -> dict[str, Held]:
    """Returns what each style is measured on: `count` requests and tasks of values that no training answer has.

    The tasks of a language are those that its trainings kept out, in the folder of the prompt or its library; none
    without it.
    """
    held = {}
    for style in styles:
        requests = held_out_tasks(style, count)
        path = folder / TASKS / f"{style}.jsonl" if folder else None
        if style in OWN_STYLES:
            tasks = requests
        else:
            tasks = split(load_tasks(path), VALIDATION_SHARE)[1][:count] if path and path.is_file() else []
        held[style] = Held(tuple(requests), tuple(tasks))
    return held


@dataclass(frozen=True)
class Reading:
    """n contexts for each of K styles, each asked R requests.

    found: the style of each answer, [style][context][request], None for none of them; losses: of each style (n, tasks)
    in nats per token, means over each task's tokens.
    """

    styles: tuple[str, ...]
    found: list[list[list[str | None]]]
    losses: list[np.ndarray]

    @property
    def adhered(self) -> np.ndarray:
        """The share of a request's contexts whose answer is of the style asked for, (K, R)."""
        rows = [
            [[one == style for one in answers] for answers in contexts]
            for style, contexts in zip(self.styles, self.found, strict=True)
        ]
        return np.asarray(rows, np.float64).mean(1)

    @property
    def told(self) -> dict[str, object]:
        """Adherence and loss with their 95 % intervals over requests, and of each style."""
        adhered = self.adhered
        by_loss = {style: float(loss.mean()) for style, loss in zip(self.styles, self.losses, strict=True) if loss.size}
        return {
            "adherence": float(adhered.mean()),
            "adherence_ci95": interval(adhered.ravel()),
            "loss": float(np.mean(list(by_loss.values()))) if by_loss else None,
            "loss_ci95": interval(self.task_losses),
            "adherence_by_style": dict(zip(self.styles, adhered.mean(1).tolist(), strict=True)),
            "loss_by_style": by_loss,
        }

    @property
    def task_losses(self) -> np.ndarray:
        """The loss of every task of every style, means over the contexts, in one row."""
        return np.concatenate([loss.mean(0) for loss in self.losses])


def read(
    backbone: FrozenLM, contexts: Mapping[str, torch.Tensor | None], held: Mapping[str, Held], done: Done | None = None
) -> Reading:
    """Returns what comes of each style's contexts, (n, P, D) with the same n for all, or None for no context.

    Cost: n R answers and n passes over the tasks for each style.
    """
    tell = done or (lambda share: None)
    styles = tuple(contexts)
    rows = {style: [None] if given is None else list(given) for style, given in contexts.items()}
    asked = [(row, task) for style in styles for row in rows[style] for task in held[style].requests]
    names = iter(_styles_of(backbone, asked, lambda share: tell(0.6 * share)))
    found = [[[next(names) for _ in held[style].requests] for _ in rows[style]] for style in styles]
    losses = []
    for place, style in enumerate(styles):
        losses.append(np.stack([_losses(backbone, row, held[style].tasks) for row in rows[style]]))
        tell(0.6 + 0.4 * (place + 1) / len(styles))
    return Reading(styles, found, losses)


def _styles_of(backbone: FrozenLM, asked: Sequence[tuple[torch.Tensor | None, Task]], done: Done) -> list[str | None]:
    """Returns the style of the answer to each task under its context; contexts of one length are written together."""
    found: dict[int, str | None] = {}
    for length in {None if context is None else len(context) for context, _ in asked}:
        places = [i for i, (context, _) in enumerate(asked) if (None if context is None else len(context)) == length]
        contexts = [context for context, _ in (asked[i] for i in places) if context is not None]
        answers = write_all(
            backbone, torch.stack(contexts) if contexts else None, [asked[i][1] for i in places], WRITING
        )
        found |= {i: style_of(answer.code) for i, answer in zip(places, answers, strict=True)}
        done(len(found) / len(asked))
    return [found[i] for i in range(len(asked))]


@torch.no_grad()
def _losses(backbone: FrozenLM, context: torch.Tensor | None, tasks: Sequence[Task]) -> np.ndarray:
    parts = [tasks[start : start + TASKS_AT_ONCE] for start in range(0, len(tasks), TASKS_AT_ONCE)]
    with backbone.mixed_precision():
        return np.concatenate([np.empty(0), *(backbone.task_losses(context, part).float().cpu() for part in parts)])


def interval(values: np.ndarray) -> tuple[float, float] | None:
    """Returns the 95 % bootstrap interval of the mean of `values` (n,)."""
    return bootstrap_interval(counted(values), mean_of)


def counted(values: np.ndarray) -> np.ndarray:
    """Returns values (n,) as statistics of items whose mean is asked for, (n, 2)."""
    return np.stack([values, np.ones_like(values)], 1)


def mean_of(sums: np.ndarray) -> np.ndarray:
    """Returns the means of (..., 2) sums of values and their number."""
    return sums[..., 0] / sums[..., 1]


def is_told(style: str) -> bool:
    """Returns whether a rule tells this style from code."""
    return style in OWN_STYLES or style in LANGUAGES
