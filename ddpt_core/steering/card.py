"""The card of a steerable prompt: that of any prompt, and what its figures say."""

from typing import Any

from ddpt_core.prompts.card import prompt_card
from ddpt_core.steering.words import CAVEAT, found, number, share

FIGURES = "steering"  # in the metrics of a prompt


def steered_card(info: dict[str, Any]) -> str:
    """Returns the Markdown card of a prompt that has styles: prompt_card, then its library and its figures."""
    library, figures = info["library"], info["metrics"].get(FIGURES)
    lines = [
        prompt_card(info),
        f"Styles: {', '.join(info['styles'])}. Learned from {library['prompts']:,} prompts, whose tuning took "
        f"{library['llm_passes']:,} LLM passes and {library['seconds'] / 60:.0f} minutes.",
        "",
    ]
    if figures:
        lines += ["| steps | adherence | loss, nats per token |", "|---|---|---|"]
        lines += [
            f"| {one['steps']:,} | {share(one['adherence'])} | {number(one['loss'])} |" for one in figures["steps"]
        ]
        lines += ["", *[f"- {sentence}" for sentence in found(figures)], "", CAVEAT, ""]
    return "\n".join(lines)
