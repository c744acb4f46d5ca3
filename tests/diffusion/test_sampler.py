"""Runs against diffusers' own schedulers in a plain loop over the plain denoiser, and what a run promises."""

import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from ddpt_core.diffusion.sampler import sample
from ddpt_core.diffusion.samplers import SAMPLERS
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
@pytest.mark.parametrize("scheduler", REFERENCES)
def test_a_run_is_the_one_that_diffusers_makes_of_the_same_noise(prompt, scheduler, steps):
    x, context = recorded(sample(prompt, steps, 3, scheduler))
    expected_x, expected_context = reference_run(prompt, steps, 3, scheduler)
    torch.testing.assert_close(x, expected_x, rtol=0, atol=2e-5)  # diffusers' noise levels are float32
    torch.testing.assert_close(context, expected_context, rtol=0, atol=2e-5)


@pytest.mark.parametrize("steps", [7, 50])
@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_every_context_is_what_the_plain_denoiser_names_at_that_step(prompt, scheduler, steps):
    for step in list(sample(prompt, steps, 0, scheduler))[:-1]:
        with torch.no_grad():
            estimate = prompt.x0 + prompt.denoiser(step.x[None], torch.tensor([step.timestep]))[0]
        torch.testing.assert_close(step.context, estimate * prompt.std + prompt.mean, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_the_same_seed_gives_the_same_run_and_another_seed_another(prompt, scheduler):
    first, again, other = (recorded(sample(prompt, 7, seed, scheduler)) for seed in (5, 5, 6))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert ((first[0] - other[0]).abs().amax((1, 2)) > 0.01).all()


@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_seeds_sampled_together_give_the_runs_of_each(prompt, scheduler):
    seeds = [4, 0, 11]
    x, context = recorded(sample(prompt, 25, seeds, scheduler))  # (S+1,B,P,D)
    for i, seed in enumerate(seeds):
        alone = recorded(sample(prompt, 25, seed, scheduler))
        torch.testing.assert_close(x[:, i], alone[0], rtol=0, atol=1e-5)
        torch.testing.assert_close(context[:, i], alone[1], rtol=0, atol=1e-5)


def test_one_seed_in_a_list_keeps_the_batch_dimension(prompt):
    assert next(sample(prompt, 2, [0])).x.shape == (1, *prompt.x0.shape)
    assert next(sample(prompt, 2, 0)).x.shape == prompt.x0.shape


@pytest.mark.parametrize("seed", [0, [0, 1]])
@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_steps_that_are_kept_stay_as_they_were(prompt, scheduler, seed):
    kept, copies = [], []
    for step in sample(prompt, 10, seed, scheduler):
        kept.append((step.x, step.context))
        copies.append((step.x.clone(), step.context.clone()))
    for now, then in zip(kept, copies, strict=True):
        assert torch.equal(now[0], then[0]) and torch.equal(now[1], then[1])


@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_steps_are_numbered_from_pure_noise_at_t_to_the_end_at_0(prompt, scheduler):
    steps = list(sample(prompt, 10, 3, scheduler))
    assert [step.index for step in steps] == list(range(11))
    assert [step.timestep for step in steps] == list(range(2000, -1, -200))
    assert torch.equal(steps[0].x, torch.randn(prompt.x0.shape, generator=torch.Generator().manual_seed(3)))


@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_a_run_ends_on_its_last_estimate(prompt, scheduler):
    *_, before, last = sample(prompt, 10, 0, scheduler)
    torch.testing.assert_close(last.context, before.context, rtol=0, atol=1e-5)
    torch.testing.assert_close(last.context, last.x * prompt.std + prompt.mean, rtol=0, atol=1e-5)


@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_without_a_direction_every_run_ends_on_the_original_context(prompt, scheduler):
    torch.nn.init.zeros_(prompt.denoiser.up.weight)
    torch.nn.init.zeros_(prompt.denoiser.up.bias)
    *_, last = sample(prompt, 30, 0, scheduler)
    torch.testing.assert_close(last.context, prompt.x0 * prompt.std + prompt.mean, rtol=0, atol=1e-5)


def test_a_run_leaves_the_callers_gradients_and_random_numbers_alone(prompt):
    before = torch.get_rng_state()
    for step in sample(prompt, 3):
        assert torch.is_grad_enabled()
        assert not step.context.requires_grad and not step.context.is_inference()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_denoiser_that_has_learnt_more_is_sampled_as_it_is_now(prompt):
    *_, before = sample(prompt, 3)
    with torch.no_grad():
        prompt.denoiser.blocks[0].wide.weight.mul_(2)
    *_, after = sample(prompt, 3)
    assert (before.x - after.x).abs().max() > 0.01


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scheduler": "ddmp"}, "Unknown scheduler 'ddmp'; choose one of ddim, ddpm, dpmsolver++, heun."),
        ({"steps": 0}, "steps must be from 1 to 2,000, got 0."),
        ({"steps": 2001}, "steps must be from 1 to 2,000, got 2,001."),
        ({"seed": -1}, "seed must be from 0 to 9,223,372,036,854,775,807, got -1."),
        ({"seed": [1, -2]}, "seed must be from 0 to 9,223,372,036,854,775,807, got -2."),
        ({"seed": []}, "number of seeds must be at least 1, got 0."),
    ],
)
def test_settings_that_cannot_be_sampled_are_refused(prompt, settings, message):
    with pytest.raises(ConfigError) as error:
        next(sample(prompt, **settings))
    assert str(error.value) == message


def test_a_prompt_without_a_denoiser_is_refused():
    with pytest.raises(ConfigError, match="choose a DDPT prompt"):
        next(sample(object()))
