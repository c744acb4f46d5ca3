"""DDPT: a denoiser that turns noise into a context, learned with the backbone's loss (arXiv 2504.04351)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ddpt_core.arms import DDPT
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.diffusion.denoiser import Denoiser, DenoiserConfig
from ddpt_core.diffusion.sampler import last_step
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.prompts.checkpoint import write_prompt
from ddpt_core.prompts.method import Method, Piece, llm_loss
from ddpt_core.prompts.prompt import Prompt
from ddpt_core.settings import TrainConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class DDPTPrompt(Prompt):
    """A denoiser that turns noise into a context (arXiv 2504.04351).

    `x0` (P, D) is the original context in the normalised space; `mean` and `std` (D,) are the vocabulary's, or a
    library's, so that normalised = (embedding - mean) / std. All on one device. `styles` may be asked for.
    """

    denoiser: Denoiser
    schedule: NoiseSchedule
    x0: torch.Tensor
    mean: torch.Tensor
    std: torch.Tensor
    styles: tuple[str, ...] = ()
    method = DDPT

    @property
    def positions(self) -> int:
        """P, how many vectors the context has."""
        return len(self.x0)

    def final_context(self, seed: int = 0, steps: int | None = None) -> torch.Tensor:
        """Returns the end of a DDPM run of `steps` steps (default T) from the noise of `seed`."""
        return last_step(self, steps or self.schedule.timesteps, seed).context

    def estimate(self, x: torch.Tensor, timesteps: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        """Returns x0_hat = x_0 + f(x_t, t, c) in the normalised space, (B, P, D)."""
        return self.x0 + self.denoiser(x, timesteps, condition)

    def in_backbone_space(self, x: torch.Tensor) -> torch.Tensor:
        """Returns normalised vectors (..., D) in the backbone's own space."""
        return x * self.std + self.mean

    def noised(self, timesteps: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Returns x_t drawn from q(x_t | x_0) for each of `timesteps` (B,) -> (B, P, D)."""
        abar = torch.as_tensor(self.schedule.alphas_cumprod, device=self.x0.device)[timesteps].float()[:, None, None]
        noise = torch.randn(len(timesteps), *self.x0.shape, generator=generator).to(self.x0)
        return abar.sqrt() * self.x0 + (1 - abar).sqrt() * noise


def new_denoiser(config: DenoiserConfig, seed: int) -> Denoiser:
    """Returns an untrained denoiser; the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # the layers' own initialisation takes no generator
        return Denoiser(config)


def new_ddpt(backbone, context_text: str, config: DenoiserConfig, schedule: NoiseSchedule, seed: int) -> DDPTPrompt:
    """Returns an untrained DDPT prompt that starts from `context_text`, filled up to P = config.positions tokens."""
    table = backbone.embedding_table
    mean, std = table.mean(0), table.std(0).clamp_min(1e-6)
    x0 = (backbone.embed(context_text, config.positions) - mean) / std
    return DDPTPrompt(
        name=DDPT,
        context_text=context_text,
        denoiser=new_denoiser(config, seed).to(backbone.device),
        schedule=schedule,
        x0=x0,
        mean=mean,
        std=std,
    )


def save_ddpt(prompt: DDPTPrompt, folder: Path, info: dict[str, Any]) -> None:
    """Writes a DDPT prompt: the denoiser's weights, x0, mean and std, with the sizes they need in prompt.json.

    The denoiser's weights are stored in half precision, at half the size; they are loaded in single precision.
    """
    tensors = {f"denoiser.{name}": value.half() for name, value in prompt.denoiser.state_dict().items()}
    tensors |= {"x0": prompt.x0, "mean": prompt.mean, "std": prompt.std}
    write_prompt(
        folder, tensors, info | {"denoiser": asdict(prompt.denoiser.config), "schedule": asdict(prompt.schedule)}
    )


class DDPTMethod(Method):
    """The denoiser learns with the backbone's loss at one random noise level per task (arXiv 2504.04351).

    With `diffusion_weight` = lambda > 0 the full objective L_LLM + lambda * |x0_hat - x_0|^2, which the paper drops.
    """

    def __init__(self, backbone: FrozenLM, config: TrainConfig):
        schedule = NoiseSchedule(config.timesteps, config.noise_schedule)
        self.prompt = new_ddpt(backbone, config.context, sizes_of(backbone, config), schedule, config.seed)
        self.backbone, self.config = backbone, config
        self.module: torch.nn.Module = self.prompt.denoiser

    def loss(self, tasks: Sequence[Task], rng: torch.Generator, piece: Piece | None = None) -> torch.Tensor:
        """Returns L_LLM, or the full objective, over noise levels t ~ U(1..T)."""
        prompt, where = self.prompt, piece.where if piece else slice(None)
        timesteps = torch.randint(1, prompt.schedule.timesteps + 1, (len(tasks),), generator=rng).to(prompt.x0.device)
        noisy = prompt.noised(timesteps, rng)
        estimate = prompt.estimate(noisy[where], timesteps[where])  # (B,P,D)
        loss = llm_loss(self.backbone, prompt.in_backbone_space(estimate), tasks, self.config, piece)
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

    @staticmethod
    def load(tensors: dict[str, torch.Tensor], device: torch.device, **common: Any) -> DDPTPrompt:
        """Returns the prompt of denoiser, original context and normalisation."""
        denoiser = Denoiser(DenoiserConfig(**common["info"]["denoiser"]))
        own = {n.removeprefix("denoiser."): t for n, t in tensors.items() if n.startswith("denoiser.")}
        denoiser.load_state_dict(own)
        return DDPTPrompt(
            denoiser=denoiser.to(device).requires_grad_(False).eval(),
            schedule=NoiseSchedule(**common["info"]["schedule"]),
            x0=tensors["x0"],
            mean=tensors["mean"],
            std=tensors["std"],
            **common,
        )


def sizes_of(backbone: FrozenLM, config: TrainConfig) -> DenoiserConfig:
    """Returns the denoiser's sizes for a training on a backbone."""
    width = backbone.embedding_table.shape[1]
    return DenoiserConfig(width, config.context_length, config.hidden, config.stages, config.heads)
