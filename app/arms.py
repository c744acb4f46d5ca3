"""The arms as the page names and explains them."""

from collections.abc import Iterable

from ddpt_core.arms import ALL_ARMS, DDPT, DDPT_FULL, MANUAL, NONE, PROMPT_TUNING, RESIDUAL
from ddpt_core.errors import ConfigError, require_choice

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


def listed(names: list[str]) -> str:
    """Returns the names as a phrase: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
