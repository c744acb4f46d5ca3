"""What every prompt that reads the instruction says of itself: what the instruction and the steps add to its loss, and
how far apart its contexts lie, beside what one would have had instead.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import Sources, load_all_tasks
from ddpt_core.data.task import Task
from ddpt_core.metrics.statistics import paired_bootstrap
from ddpt_core.prompts.card import prompt_card
from ddpt_core.prompts.checkpoint import load_prompt, update_metrics
from ddpt_core.prompts.instructed import STEPS, InstructedPrompt
from ddpt_core.settings import TrainConfig
from ddpt_core.steering.reading import counted, mean_of
from ddpt_core.training.batches import parts_of

FIGURES = "by_instruction"  # in the metrics of a prompt
COUNTS = (1, 10, STEPS)  # steps of a run
READ_AT_ONCE = 32  # tasks
Tell = Callable[[float, str], None]


def finish(out: Path, backbone: FrozenLM, data: Sources, tell: Tell | None = None) -> dict[str, Any]:
    """Adds to prompt.json what a prompt by instruction must say of itself (once), writes its card, returns it.

    On the tasks that its training validated on.
    """
    prompt = cast(InstructedPrompt, load_prompt(out, backbone))
    if FIGURES in prompt.info["metrics"]:
        return update_metrics(out, {}, instructed_card)
    _, tasks = parts_of(load_all_tasks(data), TrainConfig(**prompt.info["config"]))
    return update_metrics(out, {FIGURES: diagnosed(prompt, backbone, tasks, tell)}, instructed_card)


def diagnosed(
    prompt: InstructedPrompt, backbone: FrozenLM, tasks: Sequence[Task], tell: Tell | None = None
) -> dict[str, Any]:
    """Returns the figures, as JSON holds them; losses are means over tasks, in nats per token.

    `apart` is the mean deviation of the contexts of different instructions, in those of the library, and
    `library_apart` that of the library's own. Cost: seven passes over the tasks.
    """
    say = tell or (lambda share, text: None)
    conditions = prompt.conditions(backbone, [task.instruction for task in tasks])
    found: dict[str, np.ndarray] = {}
    contexts = conditions.new_zeros(0)
    for place, steps in enumerate(COUNTS):
        say(place / 7, f"the loss of {steps} steps")
        contexts = prompt.contexts(conditions, steps=steps)
        found[str(steps)] = losses_of(backbone, contexts, tasks)
    others = {
        "no instruction": prompt.contexts(conditions[:1], guidance=0.0)[0],
        "instructions exchanged": contexts.roll(1, 0),
        "one prompt tuned on all": prompt.generalist,
        "the mean of the library": prompt.library.mean(0),
    }
    for place, (name, context) in enumerate(others.items()):
        say((len(COUNTS) + place) / 7, f"the loss of {name}")
        found[name] = losses_of(backbone, context, tasks)
    own = found[str(STEPS)]
    return {
        "tasks": len(tasks),
        "steps": {str(steps): float(found[str(steps)].mean()) for steps in COUNTS},
        "against": {name: _against(own, found[name]) for name in (str(COUNTS[0]), *others)},
        "apart": float((contexts / prompt.std).std(0).mean()),
        "library_apart": float((prompt.library / prompt.std).std(0).mean()),
    }


@torch.no_grad()
def losses_of(backbone: FrozenLM, contexts: torch.Tensor, tasks: Sequence[Task]) -> np.ndarray:
    """Returns the loss of each task, in nats per token, under one context (P, D) or one for each (n, P, D)."""
    rows = []
    for start in range(0, len(tasks), READ_AT_ONCE):
        own = contexts[start : start + READ_AT_ONCE] if contexts.ndim == 3 else contexts
        rows.append(backbone.task_losses(own, tasks[start : start + READ_AT_ONCE]).cpu().numpy())
    return np.concatenate(rows)


def _against(own: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    """Returns the other's mean loss, and how far this one's lies from it, paired by task."""
    paired = paired_bootstrap(counted(other), counted(own), mean_of)
    return {
        "loss": float(other.mean()),
        "difference": paired.difference,
        "difference_ci95": list(paired.difference_ci95 or ()),
        "p_value": paired.p_value,
    }


def instructed_card(info: dict[str, Any]) -> str:
    """Returns the Markdown card: prompt_card, then what the library cost and the figures."""
    library, figures = info["library"], info["metrics"].get(FIGURES)
    lines = [
        prompt_card(info),
        f"A context for each instruction. Learned from {library['prompts']:,} prompts of {len(info['clusters'])} "
        f"clusters of tasks, whose tuning took {library['llm_passes']:,} LLM passes and "
        f"{library['seconds'] / 60:.0f} minutes.",
        "",
    ]
    if figures:
        lines += [
            f"On {figures['tasks']:,} validation tasks, in nats per token:",
            "",
            "| context | loss |",
            "|---|---|",
        ]
        lines += [f"| a run of {int(steps):,} steps | {loss:.3f} |" for steps, loss in figures["steps"].items()]
        lines += [f"| {name} | {one['loss']:.3f} |" for name, one in figures["against"].items() if not name.isdigit()]
        lines += ["", said_of(figures), ""]
    return "\n".join(lines)


def said_of(figures: dict[str, Any]) -> str:
    """Returns in a sentence or two whether the prompt uses the instruction."""
    one = figures["against"]["instructions exchanged"]
    (low, high), p_value = one["difference_ci95"], one["p_value"]
    uses = (
        "It uses the instruction" if p_value < 0.05 and one["difference"] < 0 else "It makes no use of the instruction"
    )
    return (
        f"{uses}: with those of other instructions in their place its contexts lose {-one['difference']:+.3f} "
        f"[{-high:+.3f}, {-low:+.3f}] nats per token (p {p_value:.2g}). Contexts of different instructions lie "
        f"{figures['apart']:.2f} deviations apart, the library's own {figures['library_apart']:.2f}."
    )
