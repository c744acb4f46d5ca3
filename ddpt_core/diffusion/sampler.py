"""The reverse process: from Gaussian noise to a context embedding, one DenoiseStep at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from ddpt_core.diffusion.denoiser import Denoiser
from ddpt_core.diffusion.schedule import SCHEDULERS, NoiseSchedule, updates
from ddpt_core.errors import ConfigError, require_range

__all__ = ["SCHEDULERS", "DenoiseStep", "Diffusion", "sample"]

NOISE_BLOCK = 64  # steps whose noise is drawn at once
MAX_SEED = 2**63 - 1


class Diffusion(Protocol):
    """What a prompt must have to be sampled: see ddpt_core.tuning.prompt.DDPTPrompt."""

    denoiser: Denoiser
    schedule: NoiseSchedule
    x0: torch.Tensor  # (P, D), the original context in the normalised space
    mean: torch.Tensor  # (D,), of the vocabulary: normalised = (embedding - mean) / std
    std: torch.Tensor  # (D,)


@dataclass(frozen=True)
class DenoiseStep:
    """One moment of a run: before the first call (index 0, pure noise) to after the last (index S, the end).

    `x` is the diffusion state in the normalised space, `context` the estimate of the end point in the backbone's own
    space, which the backbone would be given if the process stopped here. Both (P, D) float32, or (B, P, D) for several
    seeds, on the denoiser's device. `timestep` goes from T to 0.
    """

    index: int
    timestep: int
    x: torch.Tensor
    context: torch.Tensor


@torch.no_grad()
def sample(
    prompt: Diffusion, steps: int = 2000, seed: int | Sequence[int] = 0, scheduler: str = "ddpm"
) -> Iterator[DenoiseStep]:
    """Yields the S + 1 steps of a reverse run, with x0-prediction; S calls of the denoiser.

    The same seed gives the same run, also among several seeds, but for float rounding. Raises ConfigError for an unknown
    scheduler, for steps outside 1..T and for a prompt that has no denoiser.
    """
    if not hasattr(prompt, "denoiser"):
        raise ConfigError("Only a DDPT prompt can be sampled, and this prompt has no denoiser; choose a DDPT prompt.")
    run = updates(prompt.schedule, scheduler, steps)
    seeds = [seed] if isinstance(seed, int) else list(seed)
    for one in seeds:
        require_range("seed", one, 0, MAX_SEED)
    x0, mean, std = prompt.x0, prompt.mean, prompt.std
    noise = NoiseStream(seeds, x0)
    x = noise.draw()  # (B,P,D)
    single = isinstance(seed, int)
    previous = torch.zeros_like(x)
    denoise = prompt.denoiser.eval()
    modulation = denoise.modulation(torch.as_tensor(run.timesteps[:-1], device=x0.device))  # (S,layers,4,H)
    for i in range(steps):
        estimate = x0 + denoise.direction(x, modulation[i : i + 1])
        yield _step(i, run.timesteps, x, estimate * std + mean, single)
        x = float(run.a[i]) * estimate + float(run.b[i]) * x
        if run.c[i]:
            x = x + float(run.c[i]) * noise.draw()
        if run.d[i]:
            x = x + float(run.d[i]) * previous
        previous = estimate
    yield _step(steps, run.timesteps, x, x * std + mean, single)


def _step(index: int, timesteps: np.ndarray, x: torch.Tensor, context: torch.Tensor, single: bool) -> DenoiseStep:
    return DenoiseStep(index, int(timesteps[index]), x[0] if single else x, context[0] if single else context)


class NoiseStream:
    """Standard normal noise (B, P, D), each seed with a generator of its own, drawn on the CPU so that devices agree."""

    def __init__(self, seeds: Sequence[int], like: torch.Tensor):
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.shape, self.device = like.shape, like.device
        self.block: torch.Tensor = torch.empty(0)
        self.used = 0

    def draw(self) -> torch.Tensor:
        """Returns the next noise of every seed."""
        if self.used == len(self.block):
            drawn = [torch.randn(NOISE_BLOCK, *self.shape, generator=g) for g in self.generators]
            self.block, self.used = torch.stack(drawn, 1).to(self.device), 0  # (NOISE_BLOCK,B,P,D)
        self.used += 1
        return self.block[self.used - 1]
