"""The noise schedule.

Timesteps count as in the paper, from T (pure noise) to 0 (no noise); diffusers' index is one less. Noise levels come
from diffusers' DDPMScheduler.
"""

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
