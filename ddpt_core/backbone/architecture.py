"""What every kind of model does with a context: it scores targets, and writes."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from ddpt_core.backbone.texts import Texts
from ddpt_core.errors import ConfigError, DataError


class Architecture(Protocol):
    """How a kind of model reads [context ; instruction] and goes on with the target.

    A context is None, (P, D) for all alike, or (B, P, D).
    """

    texts: Texts
    is_encoder_decoder: bool

    @property
    def layers(self) -> str:
        """How many layers there are, in words."""

    @property
    def reach(self) -> str:
        """What a context can reach, in words."""

    def score(
        self, context: torch.Tensor | None, instructions: Sequence[str], references: Sequence[str]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns logits (B,L,V), differentiable in `context`, and their labels (B,L), IGNORED where none is asked."""

    def write(
        self, context: torch.Tensor | None, instructions: Sequence[str], options: dict[str, Any]
    ) -> list[torch.Tensor]:
        """Returns the tokens written for each instruction, with `options` of transformers' generate."""

    def instruction_ids(self, instructions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the tokens (B, N) that follow the context, and their mask."""

    def target_ids(self, references: Sequence[str]) -> torch.Tensor:
        """Returns the tokens to be written as labels (B, L), IGNORED where padded."""


def one_for_each(context: torch.Tensor, rows: int, width: int) -> torch.Tensor:
    """Returns a context (P, D) or (B, P, D) as (B, P, D); raises ConfigError for any other shape."""
    if context.ndim == 2:
        context = context.expand(rows, -1, -1)
    if context.ndim != 3 or context.shape[0] != rows or context.shape[2] != width:
        raise ConfigError(
            f"The context must have shape (P, {width}) or ({rows}, P, {width}), got {tuple(context.shape)}."
        )
    return context


def most_positions(config) -> int | None:
    """Returns how many positions a model was made for; None if it counts them relatively, as T5 does."""
    if hasattr(config, "relative_attention_num_buckets"):
        return None
    return getattr(config, "max_position_embeddings", None)


def check_positions(what: str, needed: int, most: int | None) -> None:
    """Raises DataError if a model would have to read more positions than it has."""
    if most is not None and needed > most:
        raise DataError(
            f"{what} would take {needed:,} positions, but the backbone has {most:,}; shorten the context or the task, "
            "or ask for fewer new tokens."
        )
