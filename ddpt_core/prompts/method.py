"""What it is to learn a prompt: a module with parameters, its loss on a batch of tasks, and a place on disk.

A method is a class in a file of its own here, which its entry in ddpt_core/arms.py names. All start from the same
context text and call the frozen backbone once per step, so a step costs the same budget.
"""

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from ddpt_core.arms import ALL_ARMS, methods
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.errors import require_choice
from ddpt_core.prompts.prompt import Prompt
from ddpt_core.settings import TrainConfig

Contexts = torch.Tensor | Callable[[Sequence[Task]], torch.Tensor]  # (P, D) for all tasks, or tasks -> (B, P, D)


@dataclass(frozen=True)
class Piece:
    """The part of a batch that one process reads at once: which of its tasks, and the target tokens of all of them."""

    where: slice
    tokens: int


class Method(Protocol):
    """A way to learn a prompt; `module` holds the parameters that learn, nothing else does."""

    module: torch.nn.Module

    def __init__(self, backbone: FrozenLM, config: TrainConfig) -> None:
        """Starts from the context text of `config`."""

    def loss(self, tasks: Sequence[Task], rng: torch.Generator, piece: Piece | None = None) -> torch.Tensor:
        """Returns the loss of a batch to learn from, or the share of it that a piece bears: these add up to the whole.

        Random numbers are drawn for the whole batch, so that they do not depend on how it is shared.
        """

    def stepped(self) -> None:
        """Hears that a step was taken; does nothing where that changes nothing."""

    def context(self, rng: torch.Generator) -> Contexts:
        """Returns a context (P, D) as the backbone would be given it now, or what makes one for each task."""

    def save(self, folder: Path, info: dict[str, Any]) -> None:
        """Writes the prompt as it is now."""

    @staticmethod
    def load(tensors: dict[str, torch.Tensor], device: torch.device, **common: Any) -> Prompt:
        """Returns the prompt that `save` wrote; `common` are the fields that every prompt has."""


def method_named(name: str) -> type[Method]:
    """Returns the class that learns by a method; raises ConfigError for an unknown one."""
    require_choice("method", name, methods())
    return pkgutil.resolve_name(ALL_ARMS[name].learned_by)


def llm_loss(
    backbone: FrozenLM, context: torch.Tensor, tasks: Sequence[Task], config: TrainConfig, piece: Piece | None
) -> torch.Tensor:
    """Returns FrozenLM.loss of a batch, or a piece's share of it; a context for each task is the piece's own."""
    if piece is None:
        return backbone.loss(context, tasks, config.bound)
    losses, _ = backbone.summed_losses(context, tasks[piece.where], config.bound)
    return losses.sum() / piece.tokens
