"""Which positions carry a prompt: its loss and its style with each position put back to where it began.

The vector of one position at a time gives way to that of the manual context, the text that the prompt started from.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ddpt_core.answering.writing import write_all
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError
from ddpt_core.interpret.effect import mean_interval
from ddpt_core.steering.adherence import WRITING, styles_of

WRITTEN = 4  # of the tasks, that answers are written to; these take most of the time
ROWS_AT_ONCE = 32  # rows scored side by side: 300 MB of logits at 48 tokens and V = 49,152


@dataclass(frozen=True)
class Ablation:
    """A context with nothing replaced, with each of its P positions replaced, and with all of them.

    losses: (P+2, n) nats per token on n tasks, in that order. styles: for each of them the styles of the answers to the
    first WRITTEN tasks, None for none; `style` is the one asked for, "" if it is not known.
    """

    losses: np.ndarray
    styles: list[list[str | None]]
    style: str

    @property
    def shares(self) -> list[float | None]:
        """The share of answers in the style, (P+2), None where it is not known."""
        return [names.count(self.style) / len(names) if self.style else None for names in self.styles]

    def as_json(self) -> dict[str, Any]:
        """Returns loss and style of the whole, of the manual context, and of each position replaced."""
        means, shares = self.losses.mean(1), self.shares
        positions = [
            {
                "position": place,
                "loss": float(means[place + 1]),
                "change": float(means[place + 1] - means[0]),
                "change_ci95": mean_interval(self.losses[place + 1] - self.losses[0]),
                "in_style": shares[place + 1],
            }
            for place in range(len(means) - 2)
        ]
        whole = {"loss": float(means[0]), "in_style": shares[0]}
        manual = {"loss": float(means[-1]), "in_style": shares[-1]}
        return {"style": self.style or None, "tasks": self.losses.shape[1], "whole": whole, "manual": manual} | {
            "positions": positions
        }

    @property
    def said(self) -> str:
        """What was found, in a sentence."""
        means, told = self.losses.mean(1), self.as_json()["positions"]
        carrying = [
            str(row["position"]) for row in told if row["change_ci95"] is not None and row["change_ci95"][0] > 0
        ]
        worth = f"All positions together are worth {means[-1] - means[0]:.3g} nats per token"
        if not carrying:
            worth += "; of no single one can it be told that the loss rises without it"
        else:
            those = f"position {carrying[0]}" if len(carrying) == 1 else f"positions {', '.join(carrying)}"
            worth += f"; without {those} the loss rises"
        if not self.style:
            return f"{worth}."
        shares = [row["in_style"] for row in told]
        least = int(np.argmin(shares))
        return (
            f"{worth}. Answers in the style {self.style}: {self.shares[0]:.0%} with all, {shares[least]:.0%} without "
            f"position {least}, which does most, {self.shares[-1]:.0%} with none."
        )


@torch.no_grad()
def ablate(
    backbone: FrozenLM,
    context: torch.Tensor,
    manual: torch.Tensor,
    tasks: Sequence[Task],
    style: str = "",
    progress: Callable[[float], None] | None = None,
) -> Ablation:
    """Returns what a context (P, D) loses where a position is that of the manual context (P, D).

    Without a `style` it is the one that most answers under the whole context have. `progress` hears the share that is
    done, and may raise to cancel. Cost: P + 2 contexts x tasks scored, and x WRITTEN of them written. Raises DataError
    without tasks or for one without a reference.
    """
    if context.shape != manual.shape:
        raise ConfigError(f"Both contexts must have one shape, got {tuple(context.shape)} and {tuple(manual.shape)}.")
    if not tasks or not all(task.reference.strip() for task in tasks):
        raise DataError("The ablation needs tasks that all have a reference; give at least one.")
    tell = progress or (lambda share: None)
    contexts = torch.stack([context, *_replaced(context, manual), manual])  # (P+2,P,D)
    rows = [(place, task) for task in tasks for place in range(len(contexts))]
    losses: list[float] = []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        places, batch = zip(*rows[start : start + ROWS_AT_ONCE], strict=True)
        losses += backbone.task_losses(contexts[list(places)], batch).double().cpu().tolist()
        tell(0.3 * len(losses) / len(rows))
    places, asked = zip(*rows[: WRITTEN * len(contexts)], strict=True)
    answers = write_all(backbone, contexts[list(places)], asked, WRITING, lambda share: tell(0.3 + 0.7 * share))
    names = styles_of(answers)
    styles = [names[place :: len(contexts)] for place in range(len(contexts))]
    most = Counter(name for name in styles[0] if name).most_common(1)
    return Ablation(np.array(losses).reshape(len(tasks), -1).T, styles, style or (most[0][0] if most else ""))


def _replaced(context: torch.Tensor, manual: torch.Tensor) -> list[torch.Tensor]:
    rows = []
    for place in range(len(context)):
        row = context.clone()
        row[place] = manual[place]
        rows.append(row)
    return rows
