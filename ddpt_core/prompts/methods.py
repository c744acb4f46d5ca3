"""What is learned: each method is a module with parameters, and its loss on a batch of tasks.

All start from the same context text and call the frozen backbone once per step, so a step costs the same budget.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import torch

from ddpt_core.arms import DDPT, PROMPT_TUNING, RESIDUAL
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.diffusion.denoiser import MODULATIONS, DenoiserConfig
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.prompts.checkpoint import save_ddpt, save_vectors
from ddpt_core.prompts.prompt import new_ddpt
from ddpt_core.settings import TrainConfig


@dataclass(frozen=True)
class Piece:
    """The part of a batch that one process reads at once: which of its tasks, and the target tokens of all of them."""

    where: slice
    tokens: int


class Method(Protocol):
    """A way to learn a prompt; `module` holds the parameters that learn, nothing else does."""

    name: str
    module: torch.nn.Module

    def loss(self, tasks: Sequence[Task], rng: torch.Generator, piece: Piece | None = None) -> torch.Tensor:
        """Returns the loss of a batch to learn from, or the share of it that a piece bears: these add up to the whole.

        Random numbers are drawn for the whole batch, so that they do not depend on how it is shared.
        """

    def context(self, rng: torch.Generator) -> torch.Tensor:
        """Returns a context (P, D) as the backbone would be given it now."""

    def save(self, folder: Path, info: dict[str, Any]) -> None:
        """Writes the prompt as it is now."""


class DDPTMethod:
    """The denoiser learns with the backbone's loss at one random noise level per task (arXiv 2504.04351).

    With `diffusion_weight` = lambda > 0 the full objective L_LLM + lambda * |x0_hat - x_0|^2, which the paper drops.
    """

    name = DDPT

    def __init__(self, backbone: FrozenLM, config: TrainConfig):
        schedule = NoiseSchedule(config.timesteps, config.noise_schedule)
        self.prompt = new_ddpt(backbone, config.context, _sizes(backbone, config), schedule, config.seed)
        self.backbone, self.config = backbone, config
        self.module: torch.nn.Module = self.prompt.denoiser

    def loss(self, tasks: Sequence[Task], rng: torch.Generator, piece: Piece | None = None) -> torch.Tensor:
        """Returns L_LLM, or the full objective, over noise levels t ~ U(1..T)."""
        prompt, where = self.prompt, piece.where if piece else slice(None)
        timesteps = torch.randint(1, prompt.schedule.timesteps + 1, (len(tasks),), generator=rng).to(prompt.x0.device)
        noisy = prompt.noised(timesteps, rng)
        estimate = prompt.estimate(noisy[where], timesteps[where])  # (B,P,D)
        loss = _llm_loss(self.backbone, prompt.in_backbone_space(estimate), tasks, self.config, piece)
        if self.config.diffusion_weight:
            distance = (estimate - prompt.x0).square().mean() * (len(estimate) / len(tasks))
            loss = loss + self.config.diffusion_weight * distance
        return loss

    @torch.no_grad()
    def context(self, rng: torch.Generator) -> torch.Tensor:
        """Returns the estimate from pure noise at T: one call, a stand-in for the whole run while training."""
        timesteps = torch.tensor([self.prompt.schedule.timesteps], device=self.prompt.x0.device)
        noise = torch.randn(1, *self.prompt.x0.shape, generator=rng).to(self.prompt.x0)
        return self.prompt.in_backbone_space(self.prompt.estimate(noise, timesteps))[0]

    def save(self, folder: Path, info: dict[str, Any]) -> None:
        """Writes denoiser, original context and normalisation."""
        save_ddpt(self.prompt, folder, info)


class PromptTuningMethod:
    """The baseline: P free vectors, which are peft's prompt encoder (Lester et al. 2021, arXiv 2104.08691).

    peft's own text start adds an end mark and its random start ignores the embedding's scale; so the vectors are set to
    the same embedded context as DDPT's x_0. `num_transformer_submodules` is 1, else half of the rows never learn. The
    backbone reads them as any context: peft's models put vectors before the instruction just so, but only those of
    transformers' own encoder-decoders and decoders.
    """

    name = PROMPT_TUNING

    def __init__(self, backbone: FrozenLM, config: TrainConfig):
        from peft import PromptEmbedding, PromptTuningConfig, TaskType

        start = backbone.embed(config.context, config.context_length)
        self.backbone, self.config = backbone, config
        kind = TaskType.SEQ_2_SEQ_LM if backbone.is_encoder_decoder else TaskType.CAUSAL_LM
        sizes = PromptTuningConfig(
            task_type=kind,
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
        return _llm_loss(self.backbone, self.vectors, tasks, self.config, piece)

    def context(self, rng: torch.Generator) -> torch.Tensor:
        """Returns the learned vectors."""
        return self.vectors.detach()

    def save(self, folder: Path, info: dict[str, Any]) -> None:
        """Writes the learned vectors."""
        save_vectors(self.vectors.detach(), folder, info)


class ResidualMethod:
    """The denoiser's network reads x_0 itself, without noise and timestep: what is left of DDPT without diffusion.

    Residual Prompt Tuning (Razdaibiedina et al. 2023, arXiv 2305.03937) with this network in place of its MLP.
    """

    name = RESIDUAL

    def __init__(self, backbone: FrozenLM, config: TrainConfig):
        self.prompt = new_ddpt(backbone, config.context, _sizes(backbone, config), NoiseSchedule(), config.seed)
        self.backbone, self.config = backbone, config
        self.module: torch.nn.Module = self.prompt.denoiser
        for unread in (self.prompt.denoiser.time, self.prompt.denoiser.modulate):
            unread.requires_grad_(False)

    def vectors(self) -> torch.Tensor:
        """Returns x_0 + f(x_0) in the backbone's space, (P, D)."""
        prompt, sizes = self.prompt, self.prompt.denoiser.config
        untimed = prompt.x0.new_zeros(1, sizes.layers, MODULATIONS, sizes.hidden)
        return prompt.in_backbone_space(prompt.x0 + prompt.denoiser.direction(prompt.x0[None], untimed)[0])

    def loss(self, tasks: Sequence[Task], rng: torch.Generator, piece: Piece | None = None) -> torch.Tensor:
        """Returns FrozenLM.loss with the vectors that the network makes; no randomness."""
        return _llm_loss(self.backbone, self.vectors(), tasks, self.config, piece)

    @torch.no_grad()
    def context(self, rng: torch.Generator) -> torch.Tensor:
        """Returns the vectors that the network makes now."""
        return self.vectors()

    def save(self, folder: Path, info: dict[str, Any]) -> None:
        """Writes the vectors; the network is not needed to use them."""
        save_vectors(self.context(torch.Generator()), folder, info)


def _llm_loss(
    backbone: FrozenLM, context: torch.Tensor, tasks: Sequence[Task], config: TrainConfig, piece: Piece | None
) -> torch.Tensor:
    """Returns FrozenLM.loss of a batch, or a piece's share of it; a context for each task is the piece's own."""
    if piece is None:
        return backbone.loss(context, tasks, config.bound)
    losses, _ = backbone.summed_losses(context, tasks[piece.where], config.bound)
    return losses.sum() / piece.tokens


def _sizes(backbone: FrozenLM, config: TrainConfig) -> DenoiserConfig:
    width = backbone.embedding_table.shape[1]
    return DenoiserConfig(width, config.context_length, config.hidden, config.stages, config.heads)


METHODS: dict[str, Callable[[FrozenLM, TrainConfig], Method]] = {
    DDPT: DDPTMethod,
    PROMPT_TUNING: PromptTuningMethod,
    RESIDUAL: ResidualMethod,
}
