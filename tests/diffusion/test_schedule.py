"""Noise levels against their papers, and timesteps against diffusers."""

import math

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

from ddpt_core.diffusion.schedule import SCHEDULES, NoiseSchedule
from ddpt_core.errors import ConfigError

STEPS = (1, 2, 3, 7, 50, 300, 2000)  # some that do not divide T


def test_the_linear_schedule_keeps_the_product_of_what_evenly_spread_betas_leave():
    kept = [1.0]
    for i in range(2000):
        kept.append(kept[-1] * (1 - (1e-4 + (0.02 - 1e-4) * i / 1999)))
    np.testing.assert_allclose(NoiseSchedule().alphas_cumprod, kept, rtol=2e-4)  # diffusers multiplies in float32


def test_the_cosine_schedule_is_that_of_nichol_and_dhariwal():
    def kept(t: float) -> float:  # eq. 17, with s = 0.008
        return math.cos((t / 2000 + 0.008) / 1.008 * math.pi / 2) ** 2

    expected = [kept(t) / kept(0) for t in range(1999)]  # beta is cut at 0.999 near T
    np.testing.assert_allclose(NoiseSchedule(kind="cosine").alphas_cumprod[:1999], expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_noise_grows_from_none_to_nearly_all(kind):
    level = NoiseSchedule(kind=kind).noise_level
    assert level[0] == 0
    assert (np.diff(level[:-1]) > 0).all()
    assert 1 - 1e-6 < level[-1] <= 1


def test_the_noise_level_is_what_diffusers_adds():
    scheduler = DDPMScheduler(2000, beta_start=1e-4, beta_end=0.02)
    timesteps = torch.arange(2000)
    added = scheduler.add_noise(torch.zeros(2000), torch.ones(2000), timesteps).numpy()
    np.testing.assert_allclose(NoiseSchedule().noise_level[1:], added, rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 5, 8, 50, 500, 2000])
def test_timesteps_are_one_above_diffusers_trailing_ones(steps):
    scheduler = DDPMScheduler(2000, timestep_spacing="trailing")
    scheduler.set_timesteps(steps)
    expected = [*(scheduler.timesteps.numpy() + 1), 0]
    np.testing.assert_array_equal(NoiseSchedule().timesteps_of(steps), expected)


@pytest.mark.parametrize("steps", STEPS)
def test_a_run_of_any_length_goes_down_from_pure_noise_to_none(steps):
    timesteps = NoiseSchedule().timesteps_of(steps)
    assert (timesteps[0], timesteps[-1], len(timesteps)) == (2000, 0, steps + 1)
    assert (np.diff(timesteps) < 0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NoiseSchedule().timesteps_of(0), "steps must be from 1 to 2,000, got 0"),
        (lambda: NoiseSchedule().timesteps_of(2001), "steps must be from 1 to 2,000, got 2,001"),
        (lambda: NoiseSchedule(kind="sine"), "Unknown noise schedule 'sine'; choose one of cosine, linear"),
        (lambda: NoiseSchedule(timesteps=1), "timesteps must be from 2 to 100,000, got 1"),
    ],
)
def test_what_cannot_be_is_refused_with_the_limit_and_what_was_given(make, message):
    with pytest.raises(ConfigError) as error:
        make()
    assert str(error.value).startswith(message)
