"""Every walk, taken apart: which multiple of the end, of the first noise and of later noise each state is.

Heun's walk against k-diffusion's sample_heun, written here from its definition, on data of which the best estimate is
known: x_0 ~ N(MEAN, DEVIATION^2).
"""

import math
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch

from ddpt_core.diffusion.samplers import SAMPLERS
from ddpt_core.diffusion.schedule import SCHEDULES, NoiseSchedule

STEPS = (1, 2, 3, 7, 50, 300, 2000)  # some that do not divide T
MEAN, DEVIATION = 0.7, 0.5


def kept_of(steps: int, kind: str = "linear") -> np.ndarray:
    """abar of a run's moments, (S+1,)."""
    schedule = NoiseSchedule(kind=kind)
    return schedule.alphas_cumprod[schedule.timesteps_of(steps)]


def parts(scheduler: str, steps: int, kind: str = "linear") -> np.ndarray:
    """The states (S+1, 2 + steps) of a walk whose estimates are all the end.

    As multiples of the end and of every noise that was drawn.
    """
    units = torch.eye(steps + 2, dtype=torch.float64)
    noises = iter(units[1:])
    walk = SAMPLERS[scheduler].walk(lambda: next(noises), lambda x, i: units[0], kept_of(steps, kind).tolist())
    return torch.stack([x for x, _ in walk]).numpy()


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_a_walk_that_knows_the_end_follows_the_forward_process(scheduler, steps, kind):
    # Every state is sqrt(abar) x_0 and noise of the variance 1 - abar, but for the end's share in pure noise.
    states, kept = parts(scheduler, steps, kind), kept_of(steps, kind)
    missing = math.sqrt(kept[0])  # pure noise holds none of the end, where the forward process leaves a little
    np.testing.assert_allclose(states[:, 0], np.sqrt(kept), atol=1.01 * missing)
    np.testing.assert_allclose((states[:, 1:] ** 2).sum(1), 1 - kept, atol=1.01 * kept[0] + 1e-9)
    np.testing.assert_allclose(states[-1], np.eye(steps + 2)[0], atol=1e-12)


def test_only_ddpm_draws_noise_again():
    drawn = {name: (parts(name, 50)[:, 2:] != 0).any() for name in SAMPLERS}
    assert {name for name, again in drawn.items() if again} == {"ddpm"}


@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_a_step_asks_the_denoiser_as_often_as_it_says_but_for_the_last(scheduler):
    asked = []

    def estimate(x, i):
        asked.append(i)
        return torch.zeros(1)

    moments = list(SAMPLERS[scheduler].walk(lambda: torch.ones(1), estimate, kept_of(8).tolist()))
    assert len(moments) == 9 and all(0 <= i < 8 for i in asked)
    assert len(asked) == SAMPLERS[scheduler].calls * 7 + 1


def exact(kept: np.ndarray):
    """The mean of x_0 given x = sqrt(abar) x_0 + sqrt(1 - abar) z at moment i of `kept`: by Bayes' rule."""

    def estimate(x: torch.Tensor, i: int) -> torch.Tensor:
        signal, noise = kept[i], 1 - kept[i]
        gain = math.sqrt(signal) * DEVIATION**2 / (signal * DEVIATION**2 + noise)
        return MEAN + gain * (x - math.sqrt(signal) * MEAN)

    return estimate


def start() -> torch.Tensor:
    """Pure noise, in double precision."""
    return torch.randn(64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def k_diffusions_heun(kept: np.ndarray) -> tuple[torch.Tensor, int]:
    """The states (S, ...) of k-diffusion's sample_heun without churn, in the normalised space, and its model calls.

    Its x is x_0 + sigma z, so ours is x sqrt(abar) with sigma = sqrt((1 - abar) / abar), and its model is given x.
    """
    sigmas = np.sqrt((1 - kept) / kept)
    calls, states = [], []

    def model(x: torch.Tensor, i: int) -> torch.Tensor:
        calls.append(i)
        return exact(kept)(x * math.sqrt(kept[i]), i)

    def to_d(x: torch.Tensor, i: int) -> torch.Tensor:
        return (x - model(x, i)) / sigmas[i]

    x = start() / math.sqrt(kept[0])
    for i in range(len(sigmas) - 1):
        states.append(x * math.sqrt(kept[i]))
        d, dt = to_d(x, i), sigmas[i + 1] - sigmas[i]
        slope = d if sigmas[i + 1] == 0 else (d + to_d(x + d * dt, i + 1)) / 2
        x = x + slope * dt
    return torch.stack([*states, x]), len(calls)


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 20, 50, 333])
def test_heun_is_k_diffusions(steps, kind):
    kept, asked = kept_of(steps, kind), []

    def estimate(x, i):
        asked.append(i)
        return exact(kept)(x, i)

    moments = list(SAMPLERS["heun"].walk(start, estimate, kept.tolist()))
    expected, calls = k_diffusions_heun(kept)
    torch.testing.assert_close(torch.stack([x for x, _ in moments]), expected, rtol=1e-8, atol=1e-8)
    assert len(asked) == calls
    for i, (x, end) in enumerate(moments[:-1]):
        assert torch.equal(end, exact(kept)(x, i))


def error(scheduler: str, steps: int) -> float:
    """How far a walk through a part of the noise levels ends from the exact solution of the probability flow.

    That keeps (x - mean) / deviation of the forward process's x. The levels are spread evenly in log sigma from 10 down
    to 0.1, so that steps of all lengths are of one kind.
    """
    sigmas = np.geomspace(10, 0.1, steps + 1)
    kept = 1 / (1 + sigmas**2)
    deviation = np.sqrt(kept * DEVIATION**2 + 1 - kept)
    z = start()
    begun = math.sqrt(kept[0]) * MEAN + deviation[0] * z
    *_, (end, _) = SAMPLERS[scheduler].walk(lambda: begun, exact(kept), kept.tolist())
    return float((end - (math.sqrt(kept[-1]) * MEAN + deviation[-1] * z)).abs().max())


@pytest.mark.parametrize(("scheduler", "order"), [("ddim", 1), ("dpmsolver++", 2), ("heun", 2)])
def test_twice_the_steps_take_the_error_down_by_the_order_of_the_sampler(scheduler, order):
    errors = [error(scheduler, steps) for steps in (80, 160, 320)]
    orders = [math.log2(more / less) for more, less in pairwise(errors)]
    assert orders == pytest.approx([order, order], abs=0.15)


def test_samplers_are_named_without_anything_heavy():
    code = "import sys; from ddpt_core.diffusion.samplers import SAMPLERS; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "diffusers"} & set(done.stdout.split())


def test_every_sampler_has_a_label_of_its_own():
    labels = [method.label for method in SAMPLERS.values()]
    assert all(labels) and len(set(labels)) == len(labels)
