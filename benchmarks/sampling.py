"""The reverse process: against a plain loop over diffusers, with guidance against without, and 8 seeds against 8 runs.

*sampling*: 2000 DDPM steps at P = 16, D = 1024 through `sample`, against the same denoiser's plain `forward` in a loop
over diffusers' DDPMScheduler. Both record x and context of every step and start from the same noise. The largest
difference of the two is told too: it comes from diffusers' noise levels, which are float32 and therefore rough at the
last steps.
*sampling-guidance*: the same run under a style with guidance 2, two calls a step, against one without a style.
*sampling-seeds*: one batch of 8 seeds, against the same 8 seeds one after the other, both through `sample`.

Both sides keep the number of threads that torch finds, which is what a user gets; `sample` takes one of them for a
single run. A batch gains most from several threads, so expect more than the goal with `OMP_NUM_THREADS=1`.
"""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

from benchmarks.pairs import Result, in_turn
from ddpt_core.diffusion.denoiser import Denoiser, DenoiserConfig
from ddpt_core.diffusion.sampler import sample
from ddpt_core.diffusion.schedule import BETA_END, BETA_START, NoiseSchedule

GOAL, GUIDED_GOAL, SEEDS_GOAL = 0.6, 2.1, 0.5
STYLES = ("print", "lambda")
POSITIONS, WIDTH, HIDDEN, STAGES, STEPS = 16, 1024, 256, 2, 2000
SEEDS = range(8)
WEIGHT_DEVIATION = 0.02

Recorded = tuple[torch.Tensor, torch.Tensor]  # x and context of every step


def measure() -> Iterator[Result]:
    """Yields three results; takes some minutes."""
    prompt = random_prompt()
    ours, other = record(prompt, 0), diffusers_loop(prompt, 0)  # warms both up
    apart = max((a - b).abs().max().item() for a, b in zip(ours, other, strict=True))
    pairs = in_turn(lambda: record(prompt, 0), lambda: diffusers_loop(prompt, 0))
    seconds = dict(zip(("sample", "diffusers"), pairs.medians(), strict=True))
    details = {"threads": torch.get_num_threads(), "largest_difference": apart}
    yield Result("sampling", pairs.ratio, GOAL, seconds, len(pairs.ours), details)

    pairs = in_turn(lambda: record(prompt, 0, STYLES[0], 2.0), lambda: record(prompt, 0))
    seconds = dict(zip(("guidance 2", "no style"), pairs.medians(), strict=True))
    yield Result(
        "sampling-guidance", pairs.ratio, GUIDED_GOAL, seconds, len(pairs.ours), {"threads": torch.get_num_threads()}
    )

    pairs = in_turn(lambda: record(prompt, SEEDS), lambda: [record(prompt, seed) for seed in SEEDS])
    seconds = dict(zip(("batch", "8 runs"), pairs.medians(), strict=True))
    details = {"threads": torch.get_num_threads(), "seeds": len(SEEDS)}
    yield Result("sampling-seeds", pairs.ratio, SEEDS_GOAL, seconds, len(pairs.ours), details)


def random_prompt() -> SimpleNamespace:
    """Returns what `sample` reads of a DDPT prompt, all of it random."""
    torch.manual_seed(0)
    sizes = DenoiserConfig(WIDTH, POSITIONS, HIDDEN, STAGES, conditions=len(STYLES))
    denoiser = Denoiser(sizes).eval()
    for parameter in denoiser.parameters():
        torch.nn.init.normal_(parameter, std=WEIGHT_DEVIATION)
    x0, mean, std = torch.randn(POSITIONS, WIDTH), torch.randn(WIDTH), torch.rand(WIDTH) + 0.5
    return SimpleNamespace(denoiser=denoiser, schedule=NoiseSchedule(STEPS), x0=x0, mean=mean, std=std, styles=STYLES)


def record(prompt: SimpleNamespace, seed: int | Sequence[int], style: str = "", guidance: float = 1.0) -> Recorded:
    """Returns x and context, (S+1, P, D) or with a batch of seeds (S+1, B, P, D)."""
    batch = () if isinstance(seed, int) else (len(seed),)
    x, context = (torch.empty(STEPS + 1, *batch, POSITIONS, WIDTH) for _ in range(2))
    for step in sample(prompt, STEPS, seed, style=style, guidance=guidance):
        x[step.index], context[step.index] = step.x, step.context
    return x, context


@torch.no_grad()
def diffusers_loop(prompt: SimpleNamespace, seed: int) -> Recorded:
    """Returns the same as `record` does, by diffusers and the plain denoiser."""
    scheduler = DDPMScheduler(STEPS, BETA_START, BETA_END, prediction_type="sample", clip_sample=False)
    scheduler.set_timesteps(STEPS)
    generator = torch.Generator().manual_seed(seed)
    x, context = (torch.empty(STEPS + 1, POSITIONS, WIDTH) for _ in range(2))
    state = torch.randn(1, POSITIONS, WIDTH, generator=generator)
    for i, timestep in enumerate(scheduler.timesteps):
        estimate = prompt.x0 + prompt.denoiser(state, timestep[None] + 1)  # diffusers counts from 0
        x[i], context[i] = state[0], estimate[0] * prompt.std + prompt.mean
        state = scheduler.step(estimate, timestep, state, generator=generator).prev_sample
    x[STEPS], context[STEPS] = state[0], state[0] * prompt.std + prompt.mean
    return x, context
