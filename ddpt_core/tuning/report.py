"""What every DDPT checkpoint must say of itself: does its output depend on the noise, and what do the steps add?

With the LLM loss alone nothing asks the denoiser to use the noise. It can collapse to one fixed vector, and then 2000
steps, 50 steps and one call give the same prompt. So the spread over seeds and the loss at fewer steps are reported.
"""

import json
from pathlib import Path

import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import load_tasks
from ddpt_core.diffusion.sampler import sample
from ddpt_core.tuning.card import prompt_card
from ddpt_core.tuning.checkpoint import DESCRIPTION, load_prompt
from ddpt_core.tuning.prompt import DDPTPrompt
from ddpt_core.tuning.trainer import split, validation_loss

SEEDS = range(8)
STEPS = (2000, 500, 50, 10, 1)  # 1 is one call at T


def finish(out: Path, backbone: FrozenLM, data: str | Path) -> dict:
    """Adds seed spread and steps ablation to a DDPT prompt's prompt.json (once), writes the card, returns prompt.json."""
    prompt = load_prompt(out, backbone)
    info = prompt.info
    if isinstance(prompt, DDPTPrompt) and "seed_spread" not in info["metrics"]:
        _, validation = split(load_tasks(data), info["config"]["validation_share"])
        info["metrics"]["seed_spread"] = seed_spread(prompt)
        info["metrics"]["steps_ablation"] = steps_ablation(prompt, backbone, validation)
        part = out / (DESCRIPTION + ".part")
        part.write_text(json.dumps(info, indent=1) + "\n")
        part.replace(out / DESCRIPTION)
    (out / "README.md").write_text(prompt_card(info), encoding="utf-8")
    return info


def seed_spread(prompt: DDPTPrompt) -> float:
    """Returns the standard deviation over 8 seeds of the final context, over that of the vocabulary; 0 is collapse.

    The mean over positions and dimensions of the normalised space, in which the vocabulary's deviation is 1.
    """
    *_, last = sample(prompt, prompt.schedule.timesteps, list(SEEDS))
    return last.x.std(0).mean().item()


@torch.no_grad()
def steps_ablation(prompt: DDPTPrompt, backbone: FrozenLM, validation) -> dict[str, float]:
    """Returns number of DDPM steps -> validation loss in nats per token of the context that seed 0 ends on."""
    losses = {}
    for steps in STEPS:
        if steps <= prompt.schedule.timesteps:
            losses[str(steps)] = validation_loss(backbone, prompt.final_context(0, steps), validation)
    return losses
