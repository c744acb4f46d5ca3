"""The arms of a comparison, one entry each: what they are called, how they are drawn, and how their context is had.

Torch-free, for whoever must name an arm. A new arm is one entry here and, if it learns in a way of its own, one file in
ddpt_core/prompts/, which `learned_by` names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ddpt_core.errors import ConfigError, require_choice

# Methods, each also the name of an arm.
DDPT, PROMPT_TUNING, RESIDUAL, DISTRIBUTION = "ddpt", "prompt-tuning", "residual", "distribution"
INSTRUCTED = "instructed"
NONE, MANUAL, DDPT_FULL = "none", "manual", "ddpt-full"  # further arms: no context, a text, DDPT by the full objective


@dataclass(frozen=True)
class Arm:
    """One arm. `label` heads its column, `phrase` stands within a sentence, `in_report` in a study's own tables.

    `symbol` is Plotly's. An arm that learns has a `method`, by the name of the first arm that does; the class that
    learns, "module:Class" (see ddpt_core.prompts.method.Method); a default rate, and steps where they are not
    TrainConfig's. `sampled`: it has a context for every seed of the noise. `from_library`: it learns from a library of
    prompts, so that styles may be asked of it.
    """

    name: str
    label: str
    phrase: str
    in_report: str
    note: str
    colour: str
    symbol: str = "circle"
    method: str | None = None
    learned_by: str = ""
    rate: float | None = None
    steps: int | None = None
    sampled: bool = False
    from_library: bool = False


# In the order of every table. Colours: Okabe and Ito, "Color Universal Design", 2008, readable with every common form
# of colour blindness; the grey is darker than theirs, so that it is not taken for purple (protanopia). Rates: of two
# each, the one of higher validation BLEU-4 after 60 steps of 10 tasks of CoNaLa (studies/prompts.yaml).
ALL_ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm(
            NONE,
            label="No context",
            phrase="No context",
            in_report="no context",
            note="The instruction alone: zero-shot, nothing stands before it.",
            colour="#5E6876",
            symbol="triangle-up",
        ),
        Arm(
            MANUAL,
            label="Manual",
            phrase="Manual",
            in_report="best manual context",
            note="A hard prompt: a text written by hand.",
            colour="#E69F00",
        ),
        Arm(
            PROMPT_TUNING,
            label="Prompt tuning",
            phrase="Prompt tuning",
            in_report="prompt tuning",
            note="A soft prompt: vectors learned directly through the frozen model (Lester et al. 2021).",
            colour="#56B4E9",
            method=PROMPT_TUNING,
            learned_by="ddpt_core.prompts.prompt_tuning:PromptTuningMethod",
            rate=1e-2,
        ),
        Arm(
            RESIDUAL,
            label="Residual",
            phrase="Residual",
            in_report="residual",
            note="A soft prompt, reparameterised: the denoiser’s network without noise and timestep makes it once "
            "(after Razdaibiedina et al. 2023).",
            colour="#CC79A7",
            symbol="square",
            method=RESIDUAL,
            learned_by="ddpt_core.prompts.residual:ResidualMethod",
            rate=1e-2,
        ),
        Arm(
            DDPT,
            label="DDPT",
            phrase="DDPT",
            in_report="DDPT",
            note="A soft prompt, denoised from noise step by step; its denoiser learned the LLM loss alone, as the "
            "paper’s.",
            colour="#009E73",
            method=DDPT,
            learned_by="ddpt_core.prompts.ddpt:DDPTMethod",
            rate=1e-2,
            sampled=True,
        ),
        Arm(
            DDPT_FULL,
            label="DDPT, full objective",
            phrase="DDPT (full objective)",  # within a sentence a comma would divide
            in_report="DDPT, full objective",
            note="DDPT whose denoiser also learned the diffusion loss.",
            colour="#0072B2",
            symbol="diamond",
            method=DDPT,
            learned_by="ddpt_core.prompts.ddpt:DDPTMethod",
            rate=1e-2,
            sampled=True,
        ),
        Arm(
            DISTRIBUTION,
            label="DDPT, distribution",
            phrase="DDPT (distribution)",
            in_report="DDPT, distribution",
            note="A soft prompt, denoised from noise by a denoiser that learned a library of prompts tuned to styles; "
            "it follows the style asked for, or chooses one by its seed.",
            colour="#D55E00",
            symbol="star",
            method=DISTRIBUTION,
            learned_by="ddpt_core.prompts.distribution:DistributionMethod",
            rate=1e-3,
            steps=2_000,
            sampled=True,
            from_library=True,
        ),
        Arm(
            INSTRUCTED,
            label="DDPT, by instruction",
            phrase="DDPT (by instruction)",
            in_report="DDPT, by instruction",
            note="A soft prompt for each instruction: its denoiser reads what the frozen model makes of the "
            "instruction, and learned a library of prompts tuned to clusters of tasks.",
            colour="#822BD9",
            symbol="hexagon",
            method=INSTRUCTED,
            learned_by="ddpt_core.prompts.instructed:InstructedMethod",
            rate=1e-3,
            steps=2_000,
            sampled=True,
            from_library=True,
        ),
    )
}
ARMS = (MANUAL, PROMPT_TUNING, DDPT)  # compared unless others are asked for


def trained_arms() -> tuple[str, ...]:
    """Returns the arms that need a prompt, in the order of every table."""
    return tuple(name for name, arm in ALL_ARMS.items() if arm.method)


def arms_of(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the arms of `names`, each once, in the order of ALL_ARMS; raises ConfigError for none or another."""
    wanted = {require_choice("arm", name, ALL_ARMS) for name in names}
    if not wanted:
        raise ConfigError("No arm is chosen; choose at least one.")
    return tuple(name for name in ALL_ARMS if name in wanted)


def methods(from_tasks: bool = False) -> tuple[str, ...]:
    """Returns the ways to learn a prompt, those whose prompts are sampled first; or those that need tasks alone."""
    own = [arm for name, arm in ALL_ARMS.items() if arm.method == name and not (from_tasks and arm.from_library)]
    return tuple(arm.name for arm in sorted(own, key=lambda arm: not arm.sampled))


def arm_of(description: dict[str, Any]) -> str | None:
    """Returns the arm of a prompt.json: "ddpt-full" if it learned with the diffusion term, else its method, or None."""
    method = description.get("method")
    full = method == DDPT and (description.get("config") or {}).get("diffusion_weight", 0) > 0
    return DDPT_FULL if full else method
