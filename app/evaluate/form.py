"""The Evaluate tab's form: which data, which arms, whether the code is tested, and how many samples are drawn."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.evaluate.evaluations import MAX_EVALUATED, MAX_SAMPLES
from app.page.fields.arm_fields import about_arms, arm_boxes
from app.page.fields.data_fields import open_menu, task_file
from app.page.fields.setting_fields import PROMPTS, prompts_and_settings, setting_fields
from app.page.prompts import Prompts
from app.page.uploads import LIMITS
from ddpt_core.data.readers import OWN_TASKS
from ddpt_core.errors import ConfigError

EXAMPLES, OWN_FILE = "examples", "your file"
HELD_OUT = {"value": "names and values", "phrasing": "wordings", "family": "kinds of task"}
TESTS_NOTE = (
    "pass@k is the chance that one of k answers passes the tests. One sample is the greedy answer; "
    "with more samples the temperature is 0.8 unless you say otherwise."
)


@dataclass(frozen=True)
class Form:
    """The components of the form; `inputs` in the order of `settings_of`, `source` the path of the session's file."""

    data: gr.Dropdown
    upload: gr.UploadButton
    said: gr.HTML
    inputs: list[gr.components.Component]
    prompts: list[gr.Dropdown]
    source: gr.State


def evaluate_form(prompts: Prompts, example_count: int) -> Form:
    """Adds the form: data and arms in sight, what is rarely changed folded away."""
    with gr.Row():
        data = open_menu(
            example_choices(example_count),
            EXAMPLES if example_count else None,
            "Data: examples or your file",
            "Data: examples, your file, or owner/name of the hub",
            scale=3,
            min_width=280,
            elem_id="evaluate-data",
        )
        limit = gr.Number(100, precision=0, label=f"Tasks, at most {MAX_EVALUATED}", min_width=130)
        arms = arm_boxes("evaluate-arms", scale=6, min_width=280)
    upload, said = task_file("evaluate", LIMITS)
    about_arms("evaluate-arms")
    with gr.Row():
        with gr.Column(scale=1, min_width=280), gr.Accordion("Tests, samples and pass@k", open=False):
            tests = gr.Checkbox(True, label="Run the tests of the tasks", elem_id="evaluate-tests", container=False)
            with gr.Row():
                samples = gr.Number(1, precision=0, label=f"Samples a task, at most {MAX_SAMPLES}", min_width=150)
                temperature = gr.Textbox(label="Temperature", placeholder="by default", min_width=150)
                k = gr.Textbox("1", label="k of pass@k, with commas", min_width=150)
            gr.Markdown(TESTS_NOTE)
        with gr.Column(scale=1, min_width=280), gr.Accordion("Contexts and generation", open=False):
            settings = setting_fields(prompts)
    inputs = [arms, limit, tests, samples, temperature, k, *settings]
    return Form(data, upload, said, inputs, settings[PROMPTS], gr.State(""))


def example_choices(count: int) -> list[tuple[str, str]]:
    """Returns the menu of data without a file."""
    examples = [(f"Examples of the project ({count} tasks)", EXAMPLES)] if count else []
    return examples + [(f"Our own tasks: {what} that no training saw", OWN_TASKS + by) for by, what in HELD_OUT.items()]


def settings_of(values: list[Any]) -> dict[str, Any]:
    """Returns the form's values as Evaluations.wanted takes them; raises ConfigError for a k that is no number."""
    arms, limit, tests, samples, temperature, k = values[:6]
    return {
        "arms": arms,
        "limit": limit,
        "tests": tests,
        "samples": samples,
        "temperature": decimal(temperature),
        "k": whole_numbers(k),
        **prompts_and_settings(values[6:]),
    }


def whole_numbers(text: str) -> list[int]:
    """Returns the whole numbers of a text with commas; raises ConfigError for anything else."""
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise ConfigError(f"k of pass@k must be whole numbers with commas between them, got {text!r:.40}; write 1, 5.")
    return [int(part) for part in parts]


def decimal(text: str) -> float | None:
    """Returns the number that a text is, None for an empty one; raises ConfigError for anything else."""
    try:
        return float(text) if (text or "").strip() else None
    except ValueError:
        raise ConfigError(f"The temperature must be a number, got {text!r:.40}; write 0.8, or nothing.") from None
