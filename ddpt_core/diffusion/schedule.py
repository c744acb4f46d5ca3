"""The noise schedule, and how each sampler steps along it.

Timesteps count as in the paper, from T (pure noise) to 0 (no noise); diffusers' index is one less. Noise levels come
from diffusers' DDPMScheduler; the updates of all samplers are linear,

    x_next = a * x0_hat + b * x + c * noise + d * previous x0_hat,

so a run is described by four columns of numbers, computed once, in double precision.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ddpt_core.errors import require_choice, require_range

BETA_START, BETA_END = 1e-4, 0.02  # linear; with T = 2000 abar_T is 1.6e-9
SCHEDULES = {"linear": "linear", "cosine": "squaredcos_cap_v2"}  # our name -> diffusers' name


@dataclass(frozen=True)
class NoiseSchedule:
    """Forward process with `timesteps` = T levels of noise; T = 2000 is the paper's, the form this project's choice."""

    timesteps: int = 2000
    kind: str = "linear"

    def __post_init__(self) -> None:
        require_choice("noise schedule", self.kind, SCHEDULES)
        require_range("timesteps", self.timesteps, 2, 100_000)

    @property
    def alphas_cumprod(self) -> np.ndarray:
        """abar_t for t = 0..T, (T + 1,), float64; abar_0 = 1."""
        return _alphas_cumprod(self.timesteps, self.kind)

    @property
    def noise_level(self) -> np.ndarray:
        """Standard deviation of the noise in x_t for t = 0..T, sqrt(1 - abar_t), (T + 1,)."""
        return np.sqrt(1.0 - self.alphas_cumprod)

    def timesteps_of(self, steps: int) -> np.ndarray:
        """Returns the S + 1 timesteps of a run, from T to 0, spread evenly ("trailing": short runs start at T too)."""
        require_range("steps", steps, 1, self.timesteps)
        spread = np.round(np.arange(self.timesteps, 0, -self.timesteps / steps))[:steps]
        return np.append(spread, 0).astype(np.int64)


@lru_cache(maxsize=8)
def _alphas_cumprod(timesteps: int, kind: str) -> np.ndarray:
    from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

    scheduler = DDPMScheduler(
        num_train_timesteps=timesteps, beta_start=BETA_START, beta_end=BETA_END, beta_schedule=SCHEDULES[kind]
    )
    return np.append(1.0, scheduler.alphas_cumprod.double().numpy())


@dataclass(frozen=True)
class Updates:
    """The numbers of a run of S steps: `timesteps` (S + 1,) and the columns a, b, c, d, each (S,), float64."""

    timesteps: np.ndarray
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: np.ndarray


def ddpm(now: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, ...]:
    """Posterior q(x_after | x_now, x0) of DDPM, Ho et al. 2020, eq. 6 and 7, over any stride."""
    alpha = now / after
    b = np.sqrt(alpha) * (1 - after) / (1 - now)
    a = np.sqrt(after) * (1 - alpha) / (1 - now)
    variance = (1 - after) / (1 - now) * (1 - alpha)
    return a, b, np.sqrt(variance), np.zeros_like(a)


def ddim(now: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, ...]:
    """DDIM without noise (eta = 0), Song et al. 2021, eq. 12."""
    b = np.sqrt((1 - after) / (1 - now))
    return np.sqrt(after) - b * np.sqrt(now), b, np.zeros_like(b), np.zeros_like(b)


def dpmsolver(now: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, ...]:
    """DPM-Solver++(2M), Lu et al. 2022, algorithm 2; first order at the first step and at the last (on x0_hat)."""
    lambda_now = np.log(now) / 2 - np.log1p(-now) / 2
    with np.errstate(divide="ignore"):
        lambda_after = np.log(after) / 2 - np.log1p(-after) / 2  # infinite at the last step
    h = lambda_after - lambda_now
    b = np.sqrt((1 - after) / (1 - now))
    first_order = -np.sqrt(after) * np.expm1(-h)
    d = np.zeros_like(b)
    if len(h) > 2:
        d[1:-1] = -first_order[1:-1] * h[1:-1] / (2 * h[:-2])
    return first_order - d, b, np.zeros_like(b), d


# Each takes abar at the S timesteps of a run and abar at those that follow, and returns the columns a, b, c, d.
SCHEDULERS: dict[str, Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]]] = {
    "ddpm": ddpm,
    "ddim": ddim,
    "dpmsolver++": dpmsolver,
}


def updates(schedule: NoiseSchedule, scheduler: str, steps: int) -> Updates:
    """Returns the numbers of a run of `steps` steps; raises ConfigError for an unknown scheduler or a bad number."""
    require_choice("scheduler", scheduler, SCHEDULERS)
    timesteps = schedule.timesteps_of(steps)
    levels = schedule.alphas_cumprod[timesteps]
    return Updates(timesteps, *SCHEDULERS[scheduler](levels[:-1], levels[1:]))
