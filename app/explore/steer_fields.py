"""The fields that steer a new run: one style or two, the share of the first, the guidance.

They are hidden for a prompt without styles.
"""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from app.explore.runs.steering import label_of_style
from app.page.prompts import about_prompt
from ddpt_core.data.styles import GUIDANCE

MIXED = 2  # styles at once
HALF = 50  # percent
MARKS = "0 none · 1 plain · 4 strong"


def styles_of(prompt: str | None) -> list[str]:
    """Returns the styles of an available prompt, none of one that cannot be steered."""
    return list(about_prompt(prompt or "").get("styles") or [])


class SteerFields:
    """The components, in the order of `parts`, and what they show."""

    def __init__(self, prompt: str | None):
        styles = styles_of(prompt)
        self.style = gr.Dropdown(
            choices_of(styles),
            multiselect=True,
            max_choices=MIXED,
            label="Style (or two)",
            visible=bool(styles),
            elem_id="new-run-style",
        )
        self.share = gr.Slider(5, 95, HALF, step=5, label="Share of the first style, %", visible=False)
        self.guidance = gr.Slider(
            *GUIDANCE, 1, step=0.5, label="Guidance", info=MARKS, visible=bool(styles), elem_id="new-run-guidance"
        )
        self.parts = [self.style, self.share, self.guidance]

    def follow(self, prompt: gr.Dropdown) -> None:
        """Adds the events by which the fields follow the prompt, and the share the styles."""
        hidden = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        prompt.change(fitting, [prompt, self.style], self.parts, **hidden)
        self.style.change(lambda names: gr.update(visible=len(names or ()) == MIXED), self.style, self.share, **hidden)


def choices_of(styles: Sequence[str]) -> list[tuple[str, str]]:
    """Returns styles as a list offers them."""
    return [(label_of_style(name), name) for name in styles]


def fitting(prompt: str | None, chosen: Sequence[str] | None) -> list[dict[str, Any]]:
    """Returns the fields as they fit a prompt; of the styles that are chosen those stay that it has."""
    styles = styles_of(prompt)
    kept = [name for name in chosen or () if name in styles]
    return [
        gr.update(choices=choices_of(styles), value=kept, visible=bool(styles)),
        gr.update(visible=len(kept) == MIXED),
        gr.update(visible=bool(styles)),
    ]
