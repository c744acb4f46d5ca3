"""What is rarely changed, the same in every tab that writes code: contexts, prompts, seed, how to write."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from app.arms import ARM_LABELS, TRAINED
from app.prompts import Prompts

BEAMS, LONGEST, PENALTY, NGRAM = DEFAULTS = (1, 64, 1.0, 0)  # those of GenerationSettings, which would load torch
PROMPTS = slice(1, 1 + len(TRAINED))  # where the prompts stand among the fields
PAPERS = (1.2, 2)  # repetition penalty and no-repeat n-gram size of the paper's experiments
PENALTY_NOTE = (
    "The paper wrote with a repetition penalty of 1.2 and no pair of tokens twice. Both are off by default: forbidding "
    "every repeated pair also forbids right code, such as `x[0], x[0]`."
)


def setting_fields(prompts: Prompts) -> list[gr.components.Component]:
    """Adds what is rarely changed: context, a prompt for each arm of TRAINED, seed, the four settings of generation.

    Returns them in this order, the prompts at PROMPTS. A menu is in sight where there is a choice.
    """
    names, chosen = prompts.names(), prompts.first()
    context = gr.Textbox(prompts.started_from(chosen), label="Manual context", lines=1)
    with gr.Row():
        menus = [
            gr.Dropdown(
                names[arm],
                value=chosen.get(arm),
                label=f"Prompt of {ARM_LABELS[arm]}",
                visible=len(names[arm]) > 1,
                min_width=150,
            )
            for arm in TRAINED
        ]
        seed = gr.Number(0, precision=0, label="Seed of DDPT’s noise", min_width=150)
    with gr.Row():
        beams = gr.Number(BEAMS, precision=0, label="Beams · default 1", min_width=190)
        longest = gr.Number(LONGEST, precision=0, label="New tokens · default 64", min_width=190)
        penalty = gr.Number(PENALTY, label="Repetition penalty · default 1", step=0.1, min_width=190)
        ngram = gr.Number(NGRAM, precision=0, label="No-repeat n-gram · default 0", min_width=190)
    gr.Markdown(PENALTY_NOTE)
    with gr.Row():
        papers = gr.Button("As in the paper: 1.2 and 2", size="sm")
        defaults = gr.Button("Defaults", size="sm")
    papers.click(None, None, [penalty, ngram], js=f"() => {list(PAPERS)}")
    defaults.click(None, None, [beams, longest, penalty, ngram], js=f"() => {list(DEFAULTS)}")
    return [context, *menus, seed, beams, longest, penalty, ngram]


def offered(prompts: Prompts, chosen: Sequence[str | None]) -> tuple[list[str | None], list[gr.Dropdown]]:
    """Returns the prompts that are chosen now, and their menus; one that is gone gives way to the first."""
    known = list(prompts.names().values())
    names = [name if name in offer else next(iter(offer), None) for name, offer in zip(chosen, known, strict=True)]
    menus = [
        gr.Dropdown(choices=offer, value=name, visible=len(offer) > 1) for name, offer in zip(names, known, strict=True)
    ]
    return names, menus


def prompts_and_settings(values: Sequence[Any]) -> dict[str, Any]:
    """Returns what the fields hold by the names that questions and evaluations take."""
    context, *prompts = values[: PROMPTS.stop]
    seed, beams, longest, penalty, ngram = values[PROMPTS.stop :]
    return {
        "context": context,
        "prompts": dict(zip(TRAINED, prompts, strict=True)),
        "seed": seed,
        "num_beams": beams,
        "max_new_tokens": longest,
        "repetition_penalty": penalty,
        "no_repeat_ngram_size": ngram,
    }
