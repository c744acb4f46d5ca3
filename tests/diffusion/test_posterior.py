"""A DDPM step against Bayes' rule: what is known of a less noisy x, given a noisier one and the end point."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

from ddpt_core.diffusion.samplers import SAMPLERS
from ddpt_core.diffusion.schedule import BETA_END, BETA_START, SCHEDULES, NoiseSchedule


def steps_of(scheduler: str, steps: int, kind: str = "linear") -> tuple[np.ndarray, ...]:
    """Returns the shares of x_0, of x_now and of new noise in x_after at each of S steps, (S,) each, and abar (S+1,).

    At every step x_now is a unit of its own, and so are x_0 and the noise.
    """
    schedule = NoiseSchedule(kind=kind)
    kept = schedule.alphas_cumprod[schedule.timesteps_of(steps)]
    end, now, new = torch.eye(3, dtype=torch.float64)
    shares = []
    for pair in pairwise(kept.tolist()):
        drawn = iter((now, new))
        _, (after, _) = SAMPLERS[scheduler].walk(lambda drawn=drawn: next(drawn), lambda x, i: end, pair)
        shares.append(after.numpy())
    return *np.array(shares).T, kept


def posterior(kept_now: np.ndarray, kept_after: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the mean's share of x_0, its share of x_now, and the variance of q(x_after | x_now, x_0), each (S,).

    Two things are known of x_after: the forward process reaches it from x_0, as sqrt(kept_after) x_0 with the variance
    1 - kept_after, and goes on from it to x_now, as sqrt(ratio) x_after with the variance 1 - ratio. Both are normal,
    so precisions add up and the mean weighs both by theirs.
    """
    ratio = kept_now / kept_after
    from_end, from_now = 1 / (1 - kept_after), ratio / (1 - ratio)  # precisions of x_after
    variance = 1 / (from_end + from_now)
    return variance * from_end * np.sqrt(kept_after), variance * from_now / np.sqrt(ratio), variance


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("steps", [2, 7, 50, 300, 2000])
def test_a_ddpm_step_has_the_mean_and_variance_of_the_posterior(steps, kind):
    a, b, c, kept = steps_of("ddpm", steps, kind)
    of_end, of_now, variance = posterior(kept[:-2], kept[1:-1])  # at the last step x_after is x_0 itself
    np.testing.assert_allclose(a[:-1], of_end, rtol=1e-9)
    np.testing.assert_allclose(b[:-1], of_now, rtol=1e-9)
    np.testing.assert_allclose(c[:-1] ** 2, variance, rtol=1e-9)
    assert c[-1] == 0


def test_single_steps_are_those_of_ho_et_al():
    # Ho et al. 2020, eq. 7, in their own letters: beta_t, alpha_t = 1 - beta_t, and the products of alpha.
    beta = np.linspace(BETA_START, BETA_END, 2000)
    product = np.cumprod(1 - beta)
    a, b, c, _ = steps_of("ddpm", 2000)
    t = np.arange(1999, 0, -1)  # index of beta_t from t = T down to 2
    before = product[t - 1]
    np.testing.assert_allclose(a[:-1], np.sqrt(before) * beta[t] / (1 - product[t]), rtol=2e-3)
    np.testing.assert_allclose(b[:-1], np.sqrt(1 - beta[t]) * (1 - before) / (1 - product[t]), rtol=2e-3)
    np.testing.assert_allclose(c[:-1] ** 2, beta[t] * (1 - before) / (1 - product[t]), rtol=2e-3)  # float32 levels


@pytest.mark.parametrize("steps", [10, 100, 2000])
def test_the_variance_is_the_one_that_diffusers_takes(steps):
    scheduler = DDPMScheduler(2000, BETA_START, BETA_END, timestep_spacing="trailing", variance_type="fixed_small")
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()
    scheduler.set_timesteps(steps)
    expected = [float(scheduler._get_variance(t)) for t in scheduler.timesteps[:-1]]
    np.testing.assert_allclose(steps_of("ddpm", steps)[2][:-1] ** 2, expected, rtol=1e-6)


@pytest.mark.parametrize("scheduler", sorted(set(SAMPLERS) - {"ddpm"}))
def test_the_other_samplers_take_the_least_noisy_way_that_keeps_the_forward_process(scheduler):
    _, b, c, kept = steps_of(scheduler, 50)
    np.testing.assert_allclose(b**2 * (1 - kept[:-1]), 1 - kept[1:], rtol=1e-9)  # all its noise is x's own
    assert not c.any()
