"""The fold of the Train tab in which a prompt with styles is asked for: its library first, then its denoiser."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.page.fields.setting_fields import marked_number
from app.page.uploads import on_a_space
from ddpt_core.arms import ALL_ARMS, DISTRIBUTION
from ddpt_core.data.styles import STYLES

FIRST = ("print", "lambda", "function")  # chosen at first
TRAININGS, PASSES = 3, 40  # of each style, and LLM passes of each of them
NOTE = (
    f"{ALL_ARMS[DISTRIBUTION].note} First a library is tuned, prompts for every style; other languages are tuned on "
    "what the backbone itself writes in them. Backbone, context, its positions, name and seed are those above. A "
    "library that is stopped goes on when it is asked for again under its name."
)


@dataclass(frozen=True)
class StylesForm:
    """The components; `inputs` in the order of `styles_asked`."""

    go: gr.Button
    inputs: list[gr.components.Component]


def styles_form() -> StylesForm:
    """Adds the fold."""
    with gr.Accordion("A prompt with styles", open=False, elem_id="train-styles"):
        gr.Markdown(NOTE)
        styles = gr.CheckboxGroup(
            [(style.label, name) for name, style in STYLES.items()], value=list(FIRST), label="Styles"
        )
        with gr.Row():
            trainings = marked_number("Trainings of each style", TRAININGS)
            passes = marked_number("LLM passes of each", PASSES)
            steps = marked_number("Steps of the denoiser", ALL_ARMS[DISTRIBUTION].steps or 0)
            go = gr.Button(
                "Train with styles", elem_id="train-styles-go", interactive=not on_a_space(), min_width=200, scale=0
            )
    return StylesForm(go, [styles, trainings, passes, steps])


def styles_asked(values: list[Any]) -> dict[str, Any]:
    """Returns the fold's values by the names that `Trainings.with_styles` takes."""
    styles, trainings, passes, steps = values
    return {"styles": styles, "trainings": trainings, "passes": passes, "steps": steps}
