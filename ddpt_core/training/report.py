"""What every DDPT checkpoint must say of itself: does its output depend on the noise, and what do the steps add?

With the LLM loss alone nothing asks the denoiser to use the noise. It can collapse to one fixed vector, and then 2000
steps, 50 steps and one call give the same prompt. So the spread over seeds and the loss at fewer steps are reported.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import Sources, load_all_tasks
from ddpt_core.diffusion.sampler import DenoiseStep, sample
from ddpt_core.prompts.card import prompt_card
from ddpt_core.prompts.checkpoint import load_prompt, update_metrics
from ddpt_core.prompts.ddpt import DDPTPrompt
from ddpt_core.prompts.distribution import DistributionPrompt
from ddpt_core.settings import TrainConfig
from ddpt_core.training.batches import parts_of, validation_loss
from ddpt_core.training.processes import processes

SEEDS = range(8)
FEWER_STEPS = (500, 50, 10, 1)  # beside all T; 1 is one call at T
TOLD_EVERY = 50  # steps of a run
Tell = Callable[[float, str], None]
Done = Callable[[float], None]


def _nobody(share: float) -> None:
    """Is told where nobody asks."""


def finish(out: Path, backbone: FrozenLM, data: Sources, tell: Tell | None = None) -> dict:
    """Adds to prompt.json what a DDPT prompt must say (once), writes the card of any prompt, returns prompt.json.

    `tell` gets the share done and a word on it; what it raises ends the work, which a later call does then. Cost: 8
    runs side by side, 5 runs and 5 readings of the validation tasks. Of several processes all must call it.
    """
    prompt = load_prompt(Path(out), backbone)
    found: dict[str, Any] = {}
    known = isinstance(prompt, DistributionPrompt) or "seed_spread" in prompt.info["metrics"]
    if isinstance(prompt, DDPTPrompt) and not known:
        config = TrainConfig(**prompt.info["config"])
        _, validation = parts_of(load_all_tasks(data), config)
        say = tell or (lambda share, text: None)
        found["seed_spread"] = seed_spread(prompt, lambda share: say(0.4 * share, "measuring the spread over seeds"))
        found["steps_ablation"] = steps_ablation(
            prompt,
            backbone,
            validation,
            config.bound,
            lambda share: say(0.4 + 0.6 * share, "measuring the loss with fewer steps"),
        )
    return processes().on_main(lambda: update_metrics(Path(out), found, prompt_card))


def seed_spread(prompt: DDPTPrompt, done: Done = _nobody) -> float:
    """Returns the standard deviation over 8 seeds of the final context, over that of the vocabulary; 0 is collapse.

    The mean over positions and dimensions of the normalised space, in which the vocabulary's deviation is 1.
    """
    return _end(prompt, prompt.schedule.timesteps, list(SEEDS), done).x.std(0).mean().item()


@torch.no_grad()
def steps_ablation(
    prompt: DDPTPrompt, backbone: FrozenLM, validation, bound: float = 0.0, done: Done = _nobody
) -> dict[str, float]:
    """Returns number of DDPM steps -> validation loss per token of the context that seed 0 ends on (FrozenLM.loss)."""
    losses = {}
    longest = prompt.schedule.timesteps
    counts = (longest, *(steps for steps in FEWER_STEPS if steps < longest))
    for place, steps in enumerate(counts):
        end = _end(prompt, steps, 0, partial(_within, done, place, len(counts)))
        losses[str(steps)] = validation_loss(backbone, end.context, validation, bound)
    return losses


def _within(done: Done, place: int, count: int, share: float) -> None:
    """Tells the share of the whole, given that of one of `count` stages, whose first half is the run."""
    done((place + 0.5 * share) / count)


def _end(prompt: DDPTPrompt, steps: int, seed: int | list[int], done: Done) -> DenoiseStep:
    """Returns the end of a DDPM run, telling on the way."""
    for step in sample(prompt, steps, seed):
        if step.index % TOLD_EVERY == 0:
            done(step.index / steps)
    return step
