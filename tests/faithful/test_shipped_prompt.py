"""The shipped prompt and the default backbone's vocabulary, against diffusers' own loop and brute force.

That the same holds for made-up denoisers and tables is tested beside each module; here are the real ones.
"""

import copy

import numpy as np
import pytest
import torch
from diffusers.schedulers import scheduling_ddpm
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from ddpt_core.backbone.fetch import place
from ddpt_core.backbone.load_options import LoadOptions
from ddpt_core.backbone.loading import load_folder
from ddpt_core.backbone.registry import ASSETS, DEFAULT
from ddpt_core.diffusion.sampler import sample
from ddpt_core.interpret.nearest_tokens import NearestTokens
from ddpt_core.prompts.checkpoint import load_prompt

pytestmark = pytest.mark.slow

T, SEED = 2000, 3
COMMON = {"beta_start": 1e-4, "beta_end": 0.02, "prediction_type": "sample", "timestep_spacing": "trailing"}
REFERENCES = {
    "ddpm": lambda: DDPMScheduler(T, clip_sample=False, **COMMON),
    "ddim": lambda: DDIMScheduler(T, clip_sample=False, **COMMON),
    "dpmsolver++": lambda: DPMSolverMultistepScheduler(T, algorithm_type="dpmsolver++", **COMMON),
}


@pytest.fixture(scope="module")
def prompt():
    """The shipped DDPT prompt."""
    folder = ASSETS / "prompts" / "ddpt"
    if not folder.exists():
        pytest.skip("assets/prompts is empty until a study ships its prompts")
    return load_prompt(folder)


@pytest.fixture
def in_double(monkeypatch):
    """Makes a scheduler of diffusers compute in float64, and draw its noise as float32 as we do."""

    def widen(scheduler):
        for name, value in vars(scheduler).items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                setattr(scheduler, name, value.double())
        return scheduler

    def drawn(shape, generator=None, device=None, dtype=None, **_):
        return torch.randn(shape, generator=generator).to(dtype)

    monkeypatch.setattr(scheduling_ddpm, "randn_tensor", drawn)
    return widen


@torch.no_grad()
def states_of(scheduler, prompt, steps: int) -> torch.Tensor:
    """Returns x of every step, (S+1, P, D), of a plain loop over diffusers in the scheduler's own precision."""
    generator = torch.Generator().manual_seed(SEED)
    scheduler.set_timesteps(steps)
    kind = scheduler.alphas_cumprod.dtype
    x0, denoiser = prompt.x0.to(kind), copy.deepcopy(prompt.denoiser).to(kind)
    modulations = prompt.denoiser.modulation(scheduler.timesteps + 1).to(kind)  # diffusers counts from 0
    x = torch.randn(1, *x0.shape, generator=generator).to(kind)
    states = [x]
    options = {"generator": generator} if isinstance(scheduler, DDPMScheduler) else {}
    for timestep, modulation in zip(scheduler.timesteps, modulations, strict=True):
        estimate = x0 + denoiser.direction(x, modulation[None])
        x = scheduler.step(estimate, timestep, x, **options).prev_sample
        states.append(x)
    return torch.cat(states)


@pytest.mark.parametrize("steps", [1, 50])
@pytest.mark.parametrize("scheduler", REFERENCES)
def test_a_path_is_within_1e_5_of_diffusers_own_loop(prompt, scheduler, steps):
    ours = torch.stack([step.x for step in sample(prompt, steps, SEED, scheduler)])
    torch.testing.assert_close(ours, states_of(REFERENCES[scheduler](), prompt, steps), rtol=0, atol=1e-5)
    assert ours[-1].std() > 0.1


# diffusers keeps noise levels in float32: near the end of many steps 1 - abar has lost its digits, and they differ from
# ours by more than the paths may. So the loop is diffusers', its numbers are float64, and ours remain float32.
@pytest.mark.parametrize(("scheduler", "steps"), [("ddpm", 500), ("ddim", 500), ("dpmsolver++", 500)])
def test_a_path_of_many_steps_is_within_1e_5_of_diffusers_loop_in_float64(prompt, in_double, scheduler, steps):
    ours = torch.stack([step.x for step in sample(prompt, steps, SEED, scheduler)])
    expected = states_of(in_double(REFERENCES[scheduler]()), prompt, steps)
    torch.testing.assert_close(ours.double(), expected, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def table():
    """The default backbone's embedding table, (V, D)."""
    if (folder := place()) is None:
        pytest.fail("This test needs the default backbone; run python -m ddpt_core fetch, as `make test` does.")
    return load_folder(folder, DEFAULT, "cpu", LoadOptions("float32")).embedding_table.numpy()


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_nearest_tokens_of_the_whole_vocabulary_are_those_of_brute_force(table, metric):
    rng = np.random.default_rng(0)
    noise, tokens = rng.standard_normal((2, 4, table.shape[1])), table[rng.integers(len(table), size=(2, 4))]
    path = np.concatenate([noise * table.std(), tokens + 0.3 * noise * table.std()]).astype(np.float32)  # (4,P,D)
    found = NearestTokens(table, metric).run(path, 10)
    wide, vectors = table.astype(np.float64), path.reshape(-1, path.shape[-1]).astype(np.float64)
    products = vectors @ wide.T
    sizes, of_tokens = ((rows**2).sum(1) for rows in (vectors, wide))
    if metric == "cosine":
        scores = products / np.sqrt(np.outer(sizes, of_tokens))
    else:
        scores = -np.sqrt(np.maximum(sizes[:, None] + of_tokens - 2 * products, 0))
    best = np.sort(scores, axis=1)[:, :-11:-1]  # (n,10), closest first
    sign = 1 if metric == "cosine" else -1
    np.testing.assert_allclose(found.scores.reshape(-1, 10), sign * best, rtol=2e-6)
    ids = found.ids.reshape(-1, 10)
    assert all(len(set(row)) == 10 for row in ids.tolist())
    np.testing.assert_allclose(np.take_along_axis(scores, ids, 1), best, rtol=2e-6)  # whoever is tied with whom
