"""Runs against diffusers' own schedulers in a plain loop over the plain denoiser, and what a run promises."""

import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from ddpt_core.diffusion.sampler import SCHEDULERS, sample
from ddpt_core.errors import ConfigError

T = 2000
COMMON = {"beta_start": 1e-4, "beta_end": 0.02, "prediction_type": "sample", "timestep_spacing": "trailing"}
REFERENCES = {
    "ddpm": lambda: DDPMScheduler(T, clip_sample=False, **COMMON),
    "ddim": lambda: DDIMScheduler(T, clip_sample=False, **COMMON),
    "dpmsolver++": lambda: DPMSolverMultistepScheduler(T, algorithm_type="dpmsolver++", **COMMON),
}


@torch.no_grad()
def reference_run(prompt, steps: int, seed: int, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns x and context, (S+1,P,D), of diffusers' scheduler; the seed's stream is the same as ours."""
    scheduler, generator = REFERENCES[name](), torch.Generator().manual_seed(seed)
    scheduler.set_timesteps(steps)
    noise = {} if name == "ddim" else {"generator": generator}
    x = torch.randn(1, *prompt.x0.shape, generator=generator)
    states, contexts = [x], []
    for t in scheduler.timesteps:
        estimate = prompt.x0 + prompt.denoiser(x, t[None] + 1)  # diffusers counts from 0
        contexts.append(estimate * prompt.std + prompt.mean)
        x = scheduler.step(estimate, t, x, **noise).prev_sample
        states.append(x)
    contexts.append(x * prompt.std + prompt.mean)
    return torch.cat(states), torch.cat(contexts)


def recorded(steps) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns x and context of all steps, stacked."""
    steps = list(steps)
    return torch.stack([step.x for step in steps]), torch.stack([step.context for step in steps])


# Only steps that divide T: where they do not, diffusers' DDPM and DDIM take the next timestep to be T // S below and so
# miss the end, while ours step to the true next timestep (test_schedule tests what such updates must keep).
@pytest.mark.parametrize("steps", [1, 2, 20, 100])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_run_is_the_one_that_diffusers_makes_of_the_same_noise(prompt, scheduler, steps):
    x, context = recorded(sample(prompt, steps, 3, scheduler))
    expected_x, expected_context = reference_run(prompt, steps, 3, scheduler)
    torch.testing.assert_close(x, expected_x, rtol=0, atol=2e-3)  # diffusers' noise levels are float32: see below
    torch.testing.assert_close(context, expected_context, rtol=0, atol=2e-3)


@pytest.mark.parametrize("steps", [7, 50])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_context_is_what_the_plain_denoiser_names_at_that_step(prompt, scheduler, steps):
    for step in list(sample(prompt, steps, 0, scheduler))[:-1]:
        with torch.no_grad():
            estimate = prompt.x0 + prompt.denoiser(step.x[None], torch.tensor([step.timestep]))[0]
        torch.testing.assert_close(step.context, estimate * prompt.std + prompt.mean, rtol=1e-5, atol=1e-5)
