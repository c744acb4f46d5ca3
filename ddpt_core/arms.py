"""The arms of a comparison by name, for whoever must not load torch to name them."""

from typing import Any

DDPT, PROMPT_TUNING, RESIDUAL = "ddpt", "prompt-tuning", "residual"  # methods, each also the name of an arm
NONE, MANUAL, DDPT_FULL = "none", "manual", "ddpt-full"  # further arms: no context, a text, DDPT by the full objective
ALL_ARMS = (NONE, MANUAL, PROMPT_TUNING, RESIDUAL, DDPT, DDPT_FULL)  # in the order of every table
ARMS = (MANUAL, PROMPT_TUNING, DDPT)  # compared unless others are asked for


def arm_of(description: dict[str, Any]) -> str | None:
    """Returns the arm of a prompt.json: "ddpt-full" if it learned with the diffusion term, else its method, or None."""
    method = description.get("method")
    full = method == DDPT and (description.get("config") or {}).get("diffusion_weight", 0) > 0
    return DDPT_FULL if full else method
