"""Prompt tuning, the baseline: P vectors learned directly (Lester et al. 2021, arXiv 2104.08691)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from ddpt_core.arms import PROMPT_TUNING
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.prompts.checkpoint import write_prompt
from ddpt_core.prompts.method import Method, Piece, llm_loss
from ddpt_core.prompts.prompt import Prompt
from ddpt_core.settings import TrainConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class PromptTuningPrompt(Prompt):
    """P vectors learned directly (Lester et al. 2021, arXiv 2104.08691).

    `context` is (P, D) in the backbone's space.
    """

    context: torch.Tensor
    method = PROMPT_TUNING

    @property
    def positions(self) -> int:
        """P, how many vectors the context has."""
        return len(self.context)

    def final_context(self, seed: int = 0, steps: int | None = None) -> torch.Tensor:
        """Returns the learned vectors; there is no noise, so `seed` and `steps` change nothing."""
        return self.context


def save_vectors(context: torch.Tensor, folder: Path, info: dict[str, Any]) -> None:
    """Writes a prompt that is P vectors, (P, D): of prompt tuning or of the residual method."""
    write_prompt(folder, {"context": context}, info)


class PromptTuningMethod(Method):
    """The baseline: P free vectors, which are peft's prompt encoder (Lester et al. 2021, arXiv 2104.08691).

    peft's own text start adds an end mark and its random start ignores the embedding's scale; so the vectors are set to
    the same embedded context as DDPT's x_0. `num_transformer_submodules` is 1, else half of the rows never learn. The
    backbone reads them as any context: peft's models put vectors before the instruction just so, but only those of
    transformers' own encoder-decoders and decoders.
    """

    def __init__(self, backbone: FrozenLM, config: TrainConfig):
        from peft import PromptEmbedding, PromptTuningConfig

        start = backbone.embed(config.context, config.context_length)
        if config.start_noise:
            apart = torch.randn(start.shape, generator=torch.Generator().manual_seed(config.seed)).to(start)
            start = start + config.start_noise * backbone.embedding_table.std(0) * apart
        self.backbone, self.config = backbone, config
        sizes = PromptTuningConfig(
            num_virtual_tokens=config.context_length,
            token_dim=start.shape[1],
            num_transformer_submodules=1,
        )
        self.module: torch.nn.Module = PromptEmbedding(sizes, backbone.model.get_input_embeddings()).to(start.device)
        with torch.no_grad():
            self.vectors.copy_(start)

    @property
    def vectors(self) -> torch.nn.Parameter:
        """The P learned vectors, (P, D)."""
        return cast(torch.nn.Parameter, self.module.get_parameter("embedding.weight"))

    def loss(self, tasks: Sequence[Task], rng: torch.Generator, piece: Piece | None = None) -> torch.Tensor:
        """Returns FrozenLM.loss with the learned vectors before the instructions; no randomness."""
        return llm_loss(self.backbone, self.vectors, tasks, self.config, piece)

    def context(self, rng: torch.Generator) -> torch.Tensor:
        """Returns the learned vectors."""
        return self.vectors.detach()

    def save(self, folder: Path, info: dict[str, Any]) -> None:
        """Writes the learned vectors."""
        save_vectors(self.vectors.detach(), folder, info)

    @staticmethod
    def load(tensors: dict[str, torch.Tensor], device: torch.device, **common: Any) -> PromptTuningPrompt:
        """Returns the prompt of the learned vectors."""
        return PromptTuningPrompt(context=tensors["context"], **common)
