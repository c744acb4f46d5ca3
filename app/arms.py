"""The arms as the page names and explains them; the core's own list of them would load torch."""

from collections.abc import Iterable
from typing import Any

from ddpt_core.errors import ConfigError, require_choice

ALL_ARMS = ("none", "manual", "prompt-tuning", "residual", "ddpt", "ddpt-full")  # in the order of every table
NONE, MANUAL, PROMPT_TUNING, RESIDUAL, DDPT, DDPT_FULL = ALL_ARMS
ARMS = (MANUAL, PROMPT_TUNING, DDPT)  # compared unless others are asked for
TRAINED = (PROMPT_TUNING, RESIDUAL, DDPT, DDPT_FULL)  # those that need a prompt

ARM_LABELS = {
    NONE: "No context",
    MANUAL: "Manual",
    PROMPT_TUNING: "Prompt tuning",
    RESIDUAL: "Residual",
    DDPT: "DDPT",
    DDPT_FULL: "DDPT, full objective",
}
ARM_NAMES = ARM_LABELS | {DDPT_FULL: "DDPT (full objective)"}  # within a sentence, where a comma would divide
ARM_NOTES = {
    NONE: "The instruction alone: zero-shot, nothing stands before it.",
    MANUAL: "A hard prompt: a text written by hand.",
    PROMPT_TUNING: "A soft prompt: vectors learned directly through the frozen model (Lester et al. 2021).",
    RESIDUAL: "A soft prompt, reparameterised: the denoiser’s network without noise and timestep makes it once "
    "(after Razdaibiedina et al. 2023).",
    DDPT: "A soft prompt, denoised from noise step by step; its denoiser learned the LLM loss alone, as the paper’s.",
    DDPT_FULL: "DDPT whose denoiser also learned the diffusion loss.",
}


def arms_of(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the arms of `names`, each once, in the order of ALL_ARMS; raises ConfigError for none or another."""
    wanted = {require_choice("arm", name, ALL_ARMS) for name in names}
    if not wanted:
        raise ConfigError("No arm is chosen; choose at least one.")
    return tuple(name for name in ALL_ARMS if name in wanted)


def arm_of(description: dict[str, Any]) -> str | None:
    """Returns the arm of a prompt.json, as Prompt.arm does of a prompt, None if it names no method."""
    full = description.get("method") == DDPT and (description.get("config") or {}).get("diffusion_weight", 0) > 0
    return DDPT_FULL if full else description.get("method")


def listed(names: list[str]) -> str:
    """Returns the names as a phrase: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
