"""What every DDPT checkpoint must say of itself: does its output depend on the noise, and what do the steps add?

With the LLM loss alone nothing asks the denoiser to use the noise. It can collapse to one fixed vector, and then 2000
steps, 50 steps and one call give the same prompt. So the spread over seeds and the loss at fewer steps are reported.
"""

from pathlib import Path
from typing import Any

import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import Sources, load_all_tasks
from ddpt_core.diffusion.sampler import last_step
from ddpt_core.tuning.batches import split, validation_loss
from ddpt_core.tuning.card import prompt_card
from ddpt_core.tuning.checkpoint import load_prompt, update_metrics
from ddpt_core.tuning.processes import processes
from ddpt_core.tuning.prompt import DDPTPrompt

SEEDS = range(8)
FEWER_STEPS = (500, 50, 10, 1)  # beside all T; 1 is one call at T


def finish(out: Path, backbone: FrozenLM, data: Sources) -> dict:
    """Adds to prompt.json what a DDPT prompt must say (once), writes the card of any prompt, returns prompt.json.

    Of several processes all must call it.
    """
    prompt = load_prompt(Path(out), backbone)
    found: dict[str, Any] = {}
    if isinstance(prompt, DDPTPrompt) and "seed_spread" not in prompt.info["metrics"]:
        _, validation = split(load_all_tasks(data), prompt.info["config"]["validation_share"])
        found["seed_spread"] = seed_spread(prompt)
        found["steps_ablation"] = steps_ablation(prompt, backbone, validation, prompt.info["config"].get("bound", 0.0))
    return processes().on_main(lambda: update_metrics(Path(out), found, prompt_card))


def seed_spread(prompt: DDPTPrompt) -> float:
    """Returns the standard deviation over 8 seeds of the final context, over that of the vocabulary; 0 is collapse.

    The mean over positions and dimensions of the normalised space, in which the vocabulary's deviation is 1.
    """
    return last_step(prompt, prompt.schedule.timesteps, list(SEEDS)).x.std(0).mean().item()


@torch.no_grad()
def steps_ablation(prompt: DDPTPrompt, backbone: FrozenLM, validation, bound: float = 0.0) -> dict[str, float]:
    """Returns number of DDPM steps -> validation loss per token of the context that seed 0 ends on (FrozenLM.loss)."""
    losses = {}
    longest = prompt.schedule.timesteps
    for steps in (longest, *(steps for steps in FEWER_STEPS if steps < longest)):
        losses[str(steps)] = validation_loss(backbone, prompt.final_context(0, steps), validation, bound)
    return losses
