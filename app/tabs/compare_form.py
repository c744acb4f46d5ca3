"""The Compare tab's form: what an answer is measured against, what is rarely changed, and what belongs together."""

import re
from typing import Any

import gradio as gr

from app.comparisons import DDPT, PROMPT_TUNING, Comparisons
from ddpt_core.data.task import Task

EDITED = "The instruction was changed; reference and tests are still the example’s."
TAKEN_OUT = "The example’s reference, setup and tests were taken out: the new instruction is not about {}."
BEAMS, LONGEST, PENALTY, NGRAM = DEFAULTS = (1, 64, 1.0, 0)  # those of GenerationSettings, which would load torch
PAPERS = (1.2, 2)  # repetition penalty and no-repeat n-gram size of the paper's experiments
PENALTY_NOTE = (
    "The paper wrote with a repetition penalty of 1.2 and no pair of tokens twice. Both are off by default: forbidding "
    "every repeated pair also forbids right code, such as `x[0], x[0]`."
)


def answer_fields() -> tuple[gr.Code, gr.Code, gr.Code]:
    """Adds what an answer is measured against: reference, setup, tests."""
    code = {
        "language": "python",
        "lines": 2,
        "max_lines": 12,
        "show_line_numbers": False,
        "interactive": True,
        "buttons": [],
    }
    reference = gr.Code(label="Reference: a right answer to measure against", **code)
    setup = gr.Code(label="Setup: runs before the answer", **code)
    tests = gr.Code(label="Tests: one statement per line; _ is the value of a one-line answer", **code)
    clear = gr.Button("Clear these three", size="sm")
    clear.click(None, None, [reference, setup, tests], js="() => ['', '', '']")
    return reference, setup, tests


def setting_fields(comparisons: Comparisons) -> list[gr.components.Component]:
    """Adds what is rarely changed; returns context, the two prompts, seed and the four settings of generation."""
    names = comparisons.prompt_names()
    chosen = {method: known[0] for method, known in names.items() if known}
    context = gr.Textbox(comparisons.started_from(chosen), label="Manual context", lines=1)
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


def fitting(origin: Task | None, example, instruction, reference, setup, tests) -> tuple[list[Any], str]:
    """Returns the five fields without what is left of an example that the instruction is not about, and a note.

    An instruction that still names what the example's does may be the same in other words: nothing is taken out.
    """
    given = [reference, setup, tests]
    unchanged = [example, instruction, *given]
    if origin is None or (instruction or "").strip() == origin.instruction:
        return unchanged, ""
    fields = [origin.reference, origin.setup, "\n".join(origin.tests)]
    left = [bool(value) and value.strip() == field for value, field in zip(given, fields, strict=True)]
    asked = (instruction or "").strip()
    missing = [name for name in re.findall(r"`(\w+)", origin.instruction) if not re.search(rf"\b{name}\b", asked)]
    if not any(left) or not asked:
        return unchanged, ""
    if not missing:
        return unchanged, EDITED
    kept = ["" if old else value for old, value in zip(left, given, strict=True)]
    return [None, instruction, *kept], TAKEN_OUT.format(missing[0])
