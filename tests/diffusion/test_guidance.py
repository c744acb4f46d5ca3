"""Classifier-free guidance: the estimate is put together from those of the conditions as its definition says."""

from types import SimpleNamespace

import pytest
import torch

from ddpt_core.diffusion.denoiser import Denoiser, DenoiserConfig
from ddpt_core.diffusion.sampler import Guided, last_step, styles_asked
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.errors import ConfigError

STYLES = ("print", "lambda", "sql")


@pytest.fixture
def steered() -> SimpleNamespace:
    """What `sample` reads of a prompt with styles, its denoiser random."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        denoiser = Denoiser(DenoiserConfig(12, 6, 16, 1, 2, conditions=len(STYLES)))
        for parameter in denoiser.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    numbers = torch.Generator().manual_seed(1)
    x0, mean = torch.randn(6, 12, generator=numbers), torch.zeros(12)
    schedule = NoiseSchedule(100)
    return SimpleNamespace(denoiser=denoiser, schedule=schedule, x0=x0, mean=mean, std=mean + 1, styles=STYLES)


@pytest.mark.parametrize("guidance", [-2.0, 0.0, 0.5, 1.0, 4.0])
@pytest.mark.parametrize("style", ["lambda", "print=1,sql=3"])
def test_the_estimate_is_u_and_guidance_times_the_mixed_directions_from_it(steered, style, guidance):
    timesteps = steered.schedule.timesteps_of(10)
    x = torch.randn(2, 6, 12, generator=torch.Generator().manual_seed(2))

    def plain(condition):
        return steered.x0 + steered.denoiser(x, torch.tensor([int(timesteps[4])]), condition)

    u, eye = plain(None), torch.eye(3)
    torch.testing.assert_close(u, plain(torch.zeros(3)))  # no condition is the empty one
    directions = {"lambda": plain(eye[1]) - u, "print=1,sql=3": 0.25 * (plain(eye[0]) - u) + 0.75 * (plain(eye[2]) - u)}
    with torch.no_grad():
        found = Guided(steered, timesteps[:-1], 2, styles_asked(steered, style), guidance).estimate(x, 4)
    torch.testing.assert_close(found, (u + guidance * directions[style]).detach(), atol=1e-4, rtol=1e-4)


def test_a_step_asks_no_more_than_the_guidance_needs(steered):
    def calls(style, guidance):
        timesteps = steered.schedule.timesteps_of(10)[:-1]
        return len(Guided(steered, timesteps, 1, styles_asked(steered, style), guidance).parts)

    assert [calls("", 1), calls("lambda", 0), calls("lambda", 1), calls("lambda", 3)] == [1, 1, 1, 2]
    assert [calls("lambda,sql", 1), calls("lambda,sql", 2)] == [2, 3]


def test_a_style_changes_the_run_and_guidance_0_is_the_run_without_one(steered):
    free, zero, one, two = (
        last_step(steered, 10, 3, *given).x for given in ((), ("lambda", 0.0), ("lambda",), ("sql",))
    )
    assert torch.equal(free, zero) and not torch.allclose(one, two) and not torch.allclose(one, free)


@pytest.mark.parametrize("guidance", [-5.1, 20.5, float("nan")])
def test_guidance_out_of_range_is_refused(steered, guidance):
    with pytest.raises(ConfigError, match="guidance must be from -5 to 20"):
        last_step(steered, 10, 0, "lambda", guidance)


@pytest.mark.parametrize("guidance", [0.0, 1.0, 3.0])
def test_runs_under_conditions_of_their_own_are_those_that_each_has_alone(steered, guidance):
    conditions = torch.randn(3, 3, generator=torch.Generator().manual_seed(5))
    together = last_step(steered, 10, [3, 4, 3], guidance=guidance, condition=conditions).x
    for seed, condition, found in zip((3, 4, 3), conditions, together, strict=True):
        alone = last_step(steered, 10, seed, guidance=guidance, condition=condition).x
        torch.testing.assert_close(found, alone, atol=1e-4, rtol=1e-4)
    assert torch.allclose(together[0], together[2]) == (guidance == 0)
