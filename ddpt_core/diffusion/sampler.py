"""The reverse process: from Gaussian noise to a context embedding, one DenoiseStep at a time."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from ddpt_core.data.styles import check_guidance, weights_of
from ddpt_core.diffusion.denoiser import Denoiser
from ddpt_core.diffusion.inference import ConditionedDenoiser, PreparedDenoiser
from ddpt_core.diffusion.samplers import SAMPLERS
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.errors import ConfigError, require_choice, require_range

MAX_SEED = 2**63 - 1
ROUNDING = 1e-9  # of weights that add up to 1


class Diffusion(Protocol):
    """What a prompt must have to be sampled, none of which changes: see ddpt_core.prompts.ddpt.DDPTPrompt."""

    @property
    def denoiser(self) -> Denoiser: ...

    @property
    def schedule(self) -> NoiseSchedule: ...

    @property
    def x0(self) -> torch.Tensor:
        """The original context in the normalised space, (P, D)."""

    @property
    def mean(self) -> torch.Tensor:
        """The vocabulary's mean, (D,): normalised = (embedding - mean) / std."""

    @property
    def std(self) -> torch.Tensor:
        """The vocabulary's standard deviation, (D,)."""

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that may be asked for; none of a denoiser without a condition."""


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
    prompt: Diffusion,
    steps: int = 2000,
    seed: int | Sequence[int] = 0,
    scheduler: str = "ddpm",
    style: str = "",
    guidance: float = 1.0,
    condition: torch.Tensor | None = None,
) -> Iterator[DenoiseStep]:
    """Yields the S + 1 steps of a reverse run, with x0-prediction; `scheduler` is one of SAMPLERS.

    `style`: one, or several with weights as "lambda=0.7,print=0.3" (see `weights_of`), "" for an unconditional run;
    `guidance` as in `Guided`. In place of a style may stand the `condition` itself, (C,) for all seeds or (B, C) for
    each its own. The same seed gives the same run, and but for rounding also among several seeds. Raises
    ConfigError for an unknown scheduler or style, a guidance that is out of range, for steps outside 1..T, for no seed
    at all and for a prompt that has no denoiser.
    """
    if not hasattr(prompt, "denoiser"):
        raise ConfigError("Only a DDPT prompt can be sampled, and this prompt has no denoiser; choose a DDPT prompt.")
    walk = SAMPLERS[require_choice("scheduler", scheduler, SAMPLERS)].walk
    timesteps = prompt.schedule.timesteps_of(steps)
    seeds = [seed] if isinstance(seed, int) else list(seed)
    require_range("number of seeds", len(seeds), 1)
    for one in seeds:
        require_range("seed", one, 0, MAX_SEED)
    single = isinstance(seed, int)
    noise = NoiseStream(seeds, prompt.x0)
    if condition is not None and style:
        raise ConfigError(f"A run is either under a condition or asked for a style, got both; leave {style!r} out.")
    shares = styles_asked(prompt, style) if condition is None else [(1.0, condition)]
    denoiser = Guided(prompt, timesteps[:-1], len(seeds), shares, guidance)
    moments = walk(noise.draw, denoiser.estimate, prompt.schedule.alphas_cumprod[timesteps].tolist())
    for index, (timestep, (x, estimate)) in enumerate(zip(timesteps.tolist(), moments, strict=True)):
        context = torch.addcmul(prompt.mean, estimate, prompt.std)
        yield DenoiseStep(index, timestep, x[0] if single else x, context[0] if single else context)


def last_step(
    prompt: Diffusion,
    steps: int,
    seed: int | Sequence[int],
    style: str = "",
    guidance: float = 1.0,
    condition: torch.Tensor | None = None,
) -> DenoiseStep:
    """Returns the end of a DDPM run; see `sample`. No step before it is kept."""
    run = sample(prompt, steps, seed, style=style, guidance=guidance, condition=condition)
    (last,) = deque(run, maxlen=1)
    return last


class Guided:
    """Classifier-free guidance (arXiv 2207.12598) of the estimate: u + w sum_k a_k (h_k - u).

    u is the estimate under the empty condition, h_k that under style k with weight a_k, w the guidance: 0 is
    unconditional, 1 plain. Cost of a step: one call for each style, and one more unless w is 1.
    """

    def __init__(
        self,
        prompt: Diffusion,
        timesteps: np.ndarray,
        batch: int,
        shares: Sequence[tuple[float, torch.Tensor]],
        guidance: float,
    ):
        """`shares` are pairs (a_k, c_k), none for an unconditional run; a condition is (C,), or (B, C)."""
        check_guidance(guidance)
        rest = 1 - guidance * sum(share for share, _ in shares)
        one = PreparedDenoiser(prompt.denoiser, prompt.x0, timesteps, batch)
        self.parts: list[tuple[float, PreparedDenoiser | ConditionedDenoiser]] = [
            (guidance * share, one.under(condition)) for share, condition in shares if guidance
        ]
        if abs(rest) > ROUNDING:
            self.parts.append((rest, one))

    def estimate(self, x: torch.Tensor, step: int) -> torch.Tensor:
        """Returns x0_hat for x (B, P, D) at timesteps[step], (B, P, D)."""
        (weight, first), *others = self.parts
        estimate = first.estimate(x, step)
        if others or weight != 1:
            estimate = estimate * weight
        for weight, denoiser in others:
            estimate.add_(denoiser.estimate(x, step), alpha=weight)
        return estimate


def styles_asked(prompt: Diffusion, style: str) -> list[tuple[float, torch.Tensor]]:
    """Returns the styles that are asked for as pairs of weight and condition (C,); see `weights_of`."""
    conditions = torch.eye(len(prompt.styles), device=prompt.x0.device)
    shares = weights_of(style, prompt.styles)
    return [(share, conditions[prompt.styles.index(name)]) for name, share in shares.items()]


class NoiseStream:
    """Standard normal noise, (B, P, D): each seed with a generator of its own, on the CPU so that all devices agree."""

    def __init__(self, seeds: Sequence[int], like: torch.Tensor):
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.like = like  # (P, D)

    def draw(self) -> torch.Tensor:
        """Returns the next noise of every seed."""
        noise = torch.empty(len(self.generators), *self.like.shape)
        for own, generator in zip(noise, self.generators, strict=True):
            own.normal_(generator=generator)
        return noise.to(self.like.device)
