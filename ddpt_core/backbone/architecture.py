"""What every kind of model does with a context: it scores targets, and writes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from ddpt_core.backbone.texts import IGNORED, Texts
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError


class Architecture(ABC):
    """How a kind of model reads [context ; instruction] and goes on with the target.

    `kind` is what `info` calls it, `spoken` what a sentence does; `loader` is the class of transformers that loads it,
    `families` are the model types that are read rightly (see kinds.py). A context is None, (P, D) for all alike, or
    (B, P, D).
    """

    kind: ClassVar[str]
    spoken: ClassVar[str]
    loader: ClassVar[str]
    families: ClassVar[tuple[str, ...]] = ()
    texts: Texts

    @classmethod
    @abstractmethod
    def reads(cls, config) -> bool:
        """Returns whether models of a config are of this kind."""

    @classmethod
    def settle(cls, name: str, config, marks) -> None:
        """Completes the config of the model `name` by its generation config; raises BackboneError if that fails."""
        return

    @abstractmethod
    def __init__(self, model, tokenizer): ...

    @property
    @abstractmethod
    def layers(self) -> str:
        """How many layers there are, in words."""

    @property
    @abstractmethod
    def reach(self) -> str:
        """What a context can reach, in words."""

    @property
    def has_chat_template(self) -> bool:
        """Whether a chat template says how an answer begins."""
        return False

    @abstractmethod
    def score(
        self, context: torch.Tensor | None, instructions: Sequence[str], references: Sequence[str]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns logits (B,L,V), differentiable in `context`, and labels (B,L), IGNORED where none is asked."""

    def losses(
        self, context: torch.Tensor | None, tasks: Sequence[Task], bound: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns each task's summed loss (B,) and its number of tokens (B,), by `target_losses`."""
        instructions, references = [task.instruction for task in tasks], [task.reference for task in tasks]
        return target_losses(*self.score(context, instructions, references), bound)

    @abstractmethod
    def write(
        self, context: torch.Tensor | None, instructions: Sequence[str], options: dict[str, Any]
    ) -> list[torch.Tensor]:
        """Returns the tokens written for each instruction, with `options` of transformers' generate."""

    @abstractmethod
    def instruction_ids(self, instructions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the tokens (B, N) that follow the context, and their mask."""

    def pooled(self, instructions: Sequence[str]) -> torch.Tensor:
        """Returns the mean of the last hidden states over each instruction, read without a context, (B, W).

        Raises ConfigError where a kind does not tell.
        """
        raise ConfigError(f"What {self.spoken} makes of an instruction is not known; take another backbone.")

    @abstractmethod
    def target_ids(self, references: Sequence[str]) -> torch.Tensor:
        """Returns the tokens to be written as labels (B, L), IGNORED where padded."""

    @abstractmethod
    def instruction_lengths(self, instructions: Sequence[str]) -> list[int]:
        """Returns how many tokens of each text are read, before anything is cut."""

    @abstractmethod
    def target_lengths(self, references: Sequence[str]) -> list[int]:
        """Returns how many tokens of each text are to be written, before anything is cut."""

    def through_layers(self, context: torch.Tensor, instruction: str) -> torch.Tensor | None:
        """Returns what the layers that read a context (P, D) make of it, (L+1, P, W), its own vectors first.

        None where a kind does not tell.
        """
        return None

    def read_out(self, hidden: torch.Tensor) -> torch.Tensor | None:
        """Returns the logits (n, P, V) that the model ends with if its last layer leaves hidden states (n, P, W).

        None where those that read a context do not write.
        """
        return None

    def beside(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """Returns what the model needs beside the tokens (B, N), or their embeddings, to read them once."""
        return {}


def mean_where(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Returns the means (B, W) of hidden states (B, N, W) where the mask (B, N) is set, float32."""
    there = mask[..., None].float()
    return (hidden.float() * there).sum(1) / there.sum(1)


def target_losses(logits: torch.Tensor, labels: torch.Tensor, bound: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns each row's summed cross-entropy (B,), in nats without `bound`, and its number of tokens (B,).

    Of logits (B,L,V) and labels (B,L), IGNORED where none is asked.
    """
    losses = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none")
    return bounded(losses, bound).view_as(labels).sum(1), (labels != IGNORED).sum(1)


def bounded(losses: torch.Tensor, bound: float) -> torch.Tensor:
    """Returns the generalised cross-entropy (1 - p^q) / q of tokens, given -ln p and q = `bound`; -ln p itself for 0.

    Zhang and Sabuncu 2018, arXiv 1805.07836, eq. 6. A token that the model cannot guess costs at most 1/q and pulls
    little, where its cross-entropy would outweigh all those that a better context could set right.
    """
    return (1 - torch.exp(-bound * losses)) / bound if bound else losses


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
