"""What is learned: each method is a module with parameters, and its loss on a batch of tasks.

All start from the same context text and call the frozen backbone once per step, so a step costs the same budget.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import torch
import torch.nn.functional as F

from ddpt_core.backbone.frozen_lm import IGNORED, FrozenLM, bounded
from ddpt_core.data.task import Task
from ddpt_core.diffusion.denoiser import MODULATIONS, DenoiserConfig
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.tuning.arm_names import DDPT, PROMPT_TUNING, RESIDUAL
from ddpt_core.tuning.checkpoint import save_ddpt, save_vectors
from ddpt_core.tuning.config import TrainConfig
from ddpt_core.tuning.prompt import new_ddpt


class Method(Protocol):
    """A way to learn a prompt; `module` holds the parameters that learn, nothing else does."""

    name: str
    module: torch.nn.Module

    def loss(self, tasks: Sequence[Task], rng: torch.Generator) -> torch.Tensor:
        """Returns the loss of a batch to learn from."""

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

    def loss(self, tasks: Sequence[Task], rng: torch.Generator) -> torch.Tensor:
        """Returns L_LLM, or the full objective, over noise levels t ~ U(1..T)."""
        prompt = self.prompt
        timesteps = torch.randint(1, prompt.schedule.timesteps + 1, (len(tasks),), generator=rng).to(prompt.x0.device)
        estimate = prompt.estimate(prompt.noised(timesteps, rng), timesteps)  # (B,P,D)
        loss = self.backbone.loss(prompt.in_backbone_space(estimate), tasks, self.config.bound)
        if self.config.diffusion_weight:
            loss = loss + self.config.diffusion_weight * (estimate - prompt.x0).square().mean()
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
    """The baseline: P free vectors, learned through peft (Lester et al. 2021, arXiv 2104.08691).

    peft's own text start adds an end mark and its random start ignores the embedding's scale; so the vectors are set to
    the same embedded context as DDPT's x_0. `num_transformer_submodules` is 1, else half of the rows never learn.
    """

    name = PROMPT_TUNING

    def __init__(self, backbone: FrozenLM, config: TrainConfig):
        from peft import PromptTuningConfig, TaskType, get_peft_model
        from peft.tuners.prompt_tuning import PromptTuningInit

        start = backbone.embed(config.context, config.context_length)
        self.backbone, self.config = backbone, config
        self.peft_model = get_peft_model(
            backbone.model,
            PromptTuningConfig(
                task_type=TaskType.SEQ_2_SEQ_LM,
                num_virtual_tokens=config.context_length,
                num_transformer_submodules=1,
                prompt_tuning_init=PromptTuningInit.RANDOM,
            ),
        )
        self.module: torch.nn.Module = self.peft_model.prompt_encoder
        with torch.no_grad():
            self.vectors.copy_(start)

    @property
    def vectors(self) -> torch.nn.Parameter:
        """The P learned vectors, (P, D)."""
        return cast(torch.nn.Parameter, self.peft_model.get_parameter("prompt_encoder.default.embedding.weight"))

    def loss(self, tasks: Sequence[Task], rng: torch.Generator) -> torch.Tensor:
        """Returns FrozenLM.loss with the learned vectors before the instructions, by peft's model; no randomness."""
        ids, mask = self.backbone.instruction_ids([task.instruction for task in tasks])
        labels = self.backbone.target_ids([task.reference for task in tasks])
        logits = self.peft_model(input_ids=ids, attention_mask=mask, labels=labels).logits  # (B,L,V)
        losses = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none")
        return bounded(losses, self.config.bound).sum() / (labels != IGNORED).sum()

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

    def vectors(self) -> torch.Tensor:
        """Returns x_0 + f(x_0) in the backbone's space, (P, D)."""
        prompt, sizes = self.prompt, self.prompt.denoiser.config
        untimed = prompt.x0.new_zeros(1, sizes.layers, MODULATIONS, sizes.hidden)
        return prompt.in_backbone_space(prompt.x0 + prompt.denoiser.direction(prompt.x0[None], untimed)[0])

    def loss(self, tasks: Sequence[Task], rng: torch.Generator) -> torch.Tensor:
        """Returns FrozenLM.loss with the vectors that the network makes; no randomness."""
        return self.backbone.loss(self.vectors(), tasks, self.config.bound)

    @torch.no_grad()
    def context(self, rng: torch.Generator) -> torch.Tensor:
        """Returns the vectors that the network makes now."""
        return self.vectors()

    def save(self, folder: Path, info: dict[str, Any]) -> None:
        """Writes the vectors; the network is not needed to use them."""
        save_vectors(self.context(torch.Generator()), folder, info)


def _sizes(backbone: FrozenLM, config: TrainConfig) -> DenoiserConfig:
    width = backbone.embedding_table.shape[1]
    return DenoiserConfig(width, config.context_length, config.hidden, config.stages, config.heads)


METHODS: dict[str, Callable[[FrozenLM, TrainConfig], Method]] = {
    DDPT: DDPTMethod,
    PROMPT_TUNING: PromptTuningMethod,
    RESIDUAL: ResidualMethod,
}
