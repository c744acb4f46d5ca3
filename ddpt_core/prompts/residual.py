"""The residual method: a network makes P vectors of the original context (Razdaibiedina et al. 2023)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ddpt_core.arms import RESIDUAL
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.diffusion.denoiser import MODULATIONS
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.prompts.ddpt import new_ddpt, sizes_of
from ddpt_core.prompts.method import Method, Piece, llm_loss
from ddpt_core.prompts.prompt_tuning import PromptTuningPrompt, save_vectors
from ddpt_core.settings import TrainConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class ResidualPrompt(PromptTuningPrompt):
    """P vectors that a network made of the original context (Razdaibiedina et al. 2023, arXiv 2305.03937).

    The network is the denoiser's without noise and timestep; it is not needed once it has made the vectors.
    """

    method = RESIDUAL


class ResidualMethod(Method):
    """The denoiser's network reads x_0 itself, without noise and timestep: what is left of DDPT without diffusion.

    Residual Prompt Tuning (Razdaibiedina et al. 2023, arXiv 2305.03937) with this network in place of its MLP.
    """

    def __init__(self, backbone: FrozenLM, config: TrainConfig):
        self.prompt = new_ddpt(backbone, config.context, sizes_of(backbone, config), NoiseSchedule(), config.seed)
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
        return llm_loss(self.backbone, self.vectors(), tasks, self.config, piece)

    @torch.no_grad()
    def context(self, rng: torch.Generator) -> torch.Tensor:
        """Returns the vectors that the network makes now."""
        return self.vectors()

    def save(self, folder: Path, info: dict[str, Any]) -> None:
        """Writes the vectors; the network is not needed to use them."""
        save_vectors(self.context(torch.Generator()), folder, info)

    @staticmethod
    def load(tensors: dict[str, torch.Tensor], device: torch.device, **common: Any) -> ResidualPrompt:
        """Returns the prompt of the vectors that the network made."""
        return ResidualPrompt(context=tensors["context"], **common)
