"""What is rarely changed, the same in every tab that writes code: contexts, prompts, seed, how to write."""

from collections.abc import Sequence

import gradio as gr

from app.prompts import DDPT, PROMPT_TUNING, Prompts

BEAMS, LONGEST, PENALTY, NGRAM = DEFAULTS = (1, 64, 1.0, 0)  # those of GenerationSettings, which would load torch
PAPERS = (1.2, 2)  # repetition penalty and no-repeat n-gram size of the paper's experiments
PENALTY_NOTE = (
    "The paper wrote with a repetition penalty of 1.2 and no pair of tokens twice. Both are off by default: forbidding "
    "every repeated pair also forbids right code, such as `x[0], x[0]`."
)


def setting_fields(prompts: Prompts) -> list[gr.components.Component]:
    """Adds what is rarely changed; returns context, the two prompts, seed and the four settings of generation."""
    names, chosen = prompts.names(), prompts.first()
    context = gr.Textbox(prompts.started_from(chosen), label="Manual context", lines=1)
    with gr.Row():
        tuned, diffused = (
            gr.Dropdown(names[method], value=chosen.get(method), label=label, min_width=130)
            for method, label in ((PROMPT_TUNING, "Prompt tuning"), (DDPT, "DDPT"))
        )
        seed = gr.Number(0, precision=0, label="Seed of DDPT", min_width=130)
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
    return [context, tuned, diffused, seed, beams, longest, penalty, ngram]


def offered(prompts: Prompts, chosen: Sequence[str | None]) -> tuple[list[str | None], list[gr.Dropdown]]:
    """Returns the two prompts that are chosen now, and their menus; one that is gone gives way to the first."""
    known = list(prompts.names().values())
    names = [name if name in offer else next(iter(offer), None) for name, offer in zip(chosen, known, strict=True)]
    return names, [gr.Dropdown(choices=offer, value=name) for name, offer in zip(names, known, strict=True)]
