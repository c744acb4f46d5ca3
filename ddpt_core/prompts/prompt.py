"""The prompts that can be trained: what they are in memory. How they lie on disk is in checkpoint.py."""

from dataclasses import dataclass, field
from pathlib import Path

import torch

from ddpt_core.arms import DDPT, PROMPT_TUNING, RESIDUAL, arm_of
from ddpt_core.diffusion.denoiser import Denoiser, DenoiserConfig
from ddpt_core.diffusion.sampler import last_step
from ddpt_core.diffusion.schedule import NoiseSchedule


@dataclass(frozen=True, kw_only=True, eq=False)
class Prompt:
    """What every trained prompt has: a name, the text that it started from, and prompt.json as `info`.

    Two prompts are equal only if they are one object, so that results can be kept by prompt.
    """

    name: str
    context_text: str
    info: dict = field(default_factory=dict)
    folder: Path | None = None

    @property
    def method(self) -> str:
        """ "ddpt", "prompt-tuning" or "residual"."""
        raise TypeError("A Prompt is a DDPTPrompt or a PromptTuningPrompt.")

    @property
    def arm(self) -> str:
        """The arm of a comparison that this is."""
        return arm_of(self.info | {"method": self.method}) or self.method

    @property
    def positions(self) -> int:
        """P, how many vectors the context has."""
        raise TypeError("A Prompt is a DDPTPrompt or a PromptTuningPrompt.")

    def final_context(self, seed: int = 0, steps: int | None = None) -> torch.Tensor:
        """Returns the context that the backbone is given, (P, D), in its own space."""
        raise TypeError("A Prompt is a DDPTPrompt or a PromptTuningPrompt.")


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


@dataclass(frozen=True, kw_only=True, eq=False)
class ResidualPrompt(PromptTuningPrompt):
    """P vectors that a network made of the original context (Razdaibiedina et al. 2023, arXiv 2305.03937).

    The network is the denoiser's without noise and timestep; it is not needed once it has made the vectors.
    """

    method = RESIDUAL


@dataclass(frozen=True, kw_only=True, eq=False)
class DDPTPrompt(Prompt):
    """A denoiser that turns noise into a context (arXiv 2504.04351).

    `x0` (P, D) is the original context in the normalised space; `mean` and `std` (D,) are the vocabulary's, so that
    normalised = (embedding - mean) / std. All on one device.
    """

    denoiser: Denoiser
    schedule: NoiseSchedule
    x0: torch.Tensor
    mean: torch.Tensor
    std: torch.Tensor
    method = DDPT

    @property
    def positions(self) -> int:
        """P, how many vectors the context has."""
        return len(self.x0)

    def final_context(self, seed: int = 0, steps: int | None = None) -> torch.Tensor:
        """Returns the end of a DDPM run of `steps` steps (default T) from the noise of `seed`."""
        return last_step(self, steps or self.schedule.timesteps, seed).context

    def estimate(self, x: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """Returns x0_hat = x_0 + f(x_t, t) in the normalised space, (B, P, D)."""
        return self.x0 + self.denoiser(x, timesteps)

    def in_backbone_space(self, x: torch.Tensor) -> torch.Tensor:
        """Returns normalised vectors (..., D) in the backbone's own space."""
        return x * self.std + self.mean

    def noised(self, timesteps: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Returns x_t drawn from q(x_t | x_0) for each of `timesteps` (B,) -> (B, P, D)."""
        abar = torch.as_tensor(self.schedule.alphas_cumprod, device=self.x0.device)[timesteps].float()[:, None, None]
        noise = torch.randn(len(timesteps), *self.x0.shape, generator=generator).to(self.x0)
        return abar.sqrt() * self.x0 + (1 - abar).sqrt() * noise


def new_ddpt(backbone, context_text: str, config: DenoiserConfig, schedule: NoiseSchedule, seed: int) -> DDPTPrompt:
    """Returns an untrained DDPT prompt that starts from `context_text`, filled up to P = config.positions tokens."""
    table = backbone.embedding_table
    mean, std = table.mean(0), table.std(0).clamp_min(1e-6)
    x0 = (backbone.embed(context_text, config.positions) - mean) / std
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # the layers' own initialisation takes no generator
        denoiser = Denoiser(config)
    return DDPTPrompt(
        name=DDPT,
        context_text=context_text,
        denoiser=denoiser.to(backbone.device),
        schedule=schedule,
        x0=x0,
        mean=mean,
        std=std,
    )
