"""The Train tab's form: what is learned from, on which backbone, by which method, and what people vary."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.page.fields.data_fields import open_menu, task_file
from app.page.fields.setting_fields import marked_number
from app.page.pieces.status_line import status_line
from app.page.sources import UPLOAD_NOTE, YOUR_FILE
from app.page.uploads import on_a_space
from app.train.styles_form import StylesForm, styles_form
from ddpt_core.arms import ALL_ARMS, DDPT, PROMPT_TUNING, methods
from ddpt_core.backbone.registry import DEFAULT, HUB_BACKBONES
from ddpt_core.data.readers import OWN_TRAINING, OWN_TRAINING_COUNT
from ddpt_core.settings import DEFAULT_CONTEXT, TrainConfig

USUAL = TrainConfig(DDPT)
# Setting -> its label; the defaults are the command line's.
NUMBERS = {
    "steps": "Steps",
    "batch_size": "Tasks a step",
    "seed": "Seed",
    "context_length": "Positions of the context",
    "validate_every": "Steps between validations",
}
DENOISER = {"hidden": "Width of the denoiser", "diffusion_weight": "Weight of the diffusion loss"}
TRUST_LABEL = "Run Python code that comes with this backbone"
TRUST_NOTE = (
    "Some models of the hub, CodeT5+ 2B to 16B among them, bring a program of their own. It runs on this machine with "
    "all your rights: it can read and change your files. Read it first; the choice holds until this server ends."
)


@dataclass(frozen=True)
class Form:
    """The components of the form; `inputs` in the order of `settings_of`, `source` the path of the session's file."""

    data: gr.Dropdown
    upload: gr.UploadButton
    said: gr.HTML
    trust: gr.Checkbox
    inputs: list[gr.components.Component]
    source: gr.State
    styles: StylesForm


def train_form() -> Form:
    """Adds the form: what must be chosen in sight, what is rarely changed folded away."""
    with gr.Row():
        data = open_menu(
            data_choices(),
            OWN_TRAINING,
            "Data: our own tasks or your file",
            "Data: our own, a path, or owner/name of the hub",
            scale=3,
            min_width=260,
            elem_id="train-data",
        )
        backbone = open_menu(
            [DEFAULT] if on_a_space() else [DEFAULT, *HUB_BACKBONES],
            DEFAULT,
            "Backbone",
            "Backbone: a name of the hub, or a folder",
            scale=2,
            min_width=220,
            elem_id="train-backbone",
        )
        method = gr.Dropdown(
            [(ALL_ARMS[one].label, one) for one in methods(from_tasks=True)],
            value=DDPT,
            label="Method",
            min_width=150,
            elem_id="train-method",
        )
    upload, said = task_file("train", UPLOAD_NOTE)
    with gr.Row():
        context = gr.Textbox(
            DEFAULT_CONTEXT, label="Context: the text that the prompt starts from", max_lines=1, scale=3, min_width=260
        )
        name = gr.Textbox(
            label="Name of the prompt",
            placeholder="made up if you leave it empty",
            max_lines=1,
            scale=2,
            min_width=200,
            elem_id="train-name",
        )
    with gr.Row():
        steps = marked_number(NUMBERS["steps"], USUAL.steps)
        batch = marked_number(NUMBERS["batch_size"], USUAL.batch_size)
        rates = {one: _rate(one) for one in methods(from_tasks=True)}
        seed = marked_number(NUMBERS["seed"], USUAL.seed)
    with gr.Row():
        with gr.Column(scale=1, min_width=280), gr.Accordion("Sizes and the objective", open=False):
            with gr.Row():
                length = marked_number(NUMBERS["context_length"], USUAL.context_length)
                every = marked_number(NUMBERS["validate_every"], USUAL.validate_every)
            with gr.Row() as denoiser:
                hidden = marked_number(DENOISER["hidden"], USUAL.hidden)
                weight = marked_number(DENOISER["diffusion_weight"], USUAL.diffusion_weight)
            note = gr.HTML(status_line(ALL_ARMS[DDPT].note), apply_default_css=False)
        code = {"label": "Code that comes with a model", "open": False, "visible": not on_a_space()}
        with gr.Column(scale=1, min_width=280), gr.Accordion(**code):
            trust = gr.Checkbox(False, label=TRUST_LABEL, container=False, elem_id="train-trust")
            gr.Markdown(TRUST_NOTE)
    styles = styles_form()
    method.change(
        _fields_of,
        method,
        [*rates.values(), denoiser, weight, note],
        queue=False,
        api_visibility="private",
        show_progress="hidden",
    )
    numbers = [steps, batch, seed, length, every, hidden, weight]
    inputs = [backbone, method, context, name, trust, *rates.values(), *numbers]
    return Form(data, upload, said, trust, inputs, gr.State(""), styles)


def data_choices(own_file: str = "") -> list[tuple[str, str]]:
    """Returns the menu of data; `own_file` is what to say of an uploaded file."""
    own = (f"Our own tasks, {OWN_TRAINING_COUNT:,} of them", OWN_TRAINING)
    return [own, *([(own_file, YOUR_FILE)] if own_file else [])]


def settings_of(values: list[Any]) -> dict[str, Any]:
    """Returns the form's values by the names that config_of takes, and backbone, name and trusted."""
    backbone, method, context, name, trusted, *others = values
    rates, (steps, batch, seed, length, every, hidden, weight) = (
        others[: len(methods(from_tasks=True))],
        others[len(methods(from_tasks=True)) :],
    )
    return {
        "backbone": backbone,
        "name": name,
        "trusted": bool(trusted),
        "method": method,
        "context": context,
        "lr": rates[methods(from_tasks=True).index(method)],
        "steps": steps,
        "batch_size": batch,
        "seed": seed,
        "context_length": length,
        "validate_every": every,
        "hidden": hidden,
        "diffusion_weight": weight,
    }


def _rate(method: str) -> gr.Number:
    """Adds the rate of one method, in sight if it is the one that is chosen at first."""
    rate = ALL_ARMS[method].rate or TrainConfig.lr
    return marked_number("Rate", rate, step=rate / 10, visible=method == DDPT)


def _fields_of(method: str) -> list[Any]:
    """Shows the settings that the method has."""
    rates = [gr.Number(visible=one == method) for one in methods(from_tasks=True)]
    return [
        *rates,
        gr.Row(visible=method != PROMPT_TUNING),
        gr.Number(visible=method == DDPT),
        status_line(ALL_ARMS[method].note),
    ]
