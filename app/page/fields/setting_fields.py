"""What is rarely changed, the same in every tab that writes code: contexts, prompts, seed, how to write."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from app.page.prompts import Prompts
from ddpt_core.arms import ALL_ARMS, DISTRIBUTION, trained_arms
from ddpt_core.settings import GenerationSettings

USUAL = GenerationSettings()
DEFAULTS = (USUAL.num_beams, USUAL.max_new_tokens, USUAL.repetition_penalty, USUAL.no_repeat_ngram_size)
PROMPTS = slice(1, 1 + len(trained_arms()))  # where the prompts stand among the fields
NUMBERS = ("Beams", "New tokens", "Repetition penalty", "No-repeat n-gram")
PAPERS = (1.2, 2)  # repetition penalty and no-repeat n-gram size of the paper's experiments
PENALTY_NOTE = (
    "The paper wrote with a repetition penalty of 1.2 and no pair of tokens twice. Both are off by default: forbidding "
    "every repeated pair also forbids right code, such as `x[0], x[0]`."
)

STYLE_EXAMPLE = "none asked; lambda, or lambda=0.7,print=0.3"
TYPED_LABEL = "Your contexts, one per line: each its own column"
TYPED_EXAMPLE = "Write short Python code:"
MARK = """value => {
  const changed = value !== DEFAULT;
  const label = `NAME · ${changed ? "changed from" : "default"} DEFAULT`;
  return {__type__: "update", label, elem_classes: changed ? ["setting", "changed"] : ["setting"]};
}"""


def setting_fields(prompts: Prompts, several: bool = False) -> list[gr.components.Component]:
    """Adds what is rarely changed: context, a prompt for each trained arm, seed, four settings of generation, style and
    guidance of a prompt with styles.

    Returns them in this order, the prompts at PROMPTS. A menu is in sight where there is a choice. With `several` the
    seed is a text that may name several, and a last field takes further contexts, as columns_and_settings reads them.
    """
    names, chosen = prompts.names(), prompts.first()
    context = gr.Textbox(prompts.started_from(chosen), label="Manual context", lines=1)
    typed = []
    if several:
        typed = [gr.Textbox(label=TYPED_LABEL, placeholder=TYPED_EXAMPLE, lines=2, max_lines=8)]
    with gr.Row():
        menus = [
            gr.Dropdown(
                names[arm],
                value=chosen.get(arm),
                label=f"Prompt of {ALL_ARMS[arm].label}",
                visible=len(names[arm]) > 1,
                min_width=150,
            )
            for arm in trained_arms()
        ]
        if several:
            seed = gr.Textbox("0", label="Seeds of DDPT’s noise, e.g. 0-3", max_lines=1, min_width=150)
        else:
            seed = gr.Number(0, precision=0, label="Seed of DDPT’s noise", min_width=150)
    with gr.Row():
        numbers = [marked_number(name, default) for name, default in zip(NUMBERS, DEFAULTS, strict=True)]
    styles = prompts.styles(chosen)
    with gr.Row(visible=bool(styles)):
        label = f"Style of {ALL_ARMS[DISTRIBUTION].label}, or several"
        style = gr.Textbox("", label=label, placeholder=STYLE_EXAMPLE, info=", ".join(styles), max_lines=1)
        guidance = marked_number("Guidance", 1.0, step=0.5)
    gr.Markdown(PENALTY_NOTE)
    with gr.Row():
        papers = gr.Button("As in the paper: 1.2 and 2", size="sm")
        defaults = gr.Button("Defaults", size="sm")
    papers.click(None, None, numbers[2:], js=f"() => {list(PAPERS)}")
    defaults.click(None, None, numbers, js=f"() => {list(DEFAULTS)}")
    return [context, *menus, seed, *numbers, style, guidance, *typed]


def marked_number(name: str, default: float, step: float = 0.1, **more: Any) -> gr.Number:
    """Adds a number that names its default, is marked while it is another, and has a button that puts it back.

    A whole number is changed by 1 at a time, another by `step`.
    """
    label = f"{name} · default {default:g}"
    # With a precision of 0 a penalty of 1.2 would be rounded away.
    precision = {} if isinstance(default, float) else {"precision": 0}
    back = gr.Button(f"↺ {default:g}", render=False)
    field = gr.Number(
        default,
        label=label,
        step=step if isinstance(default, float) else 1,
        min_width=190,
        buttons=[back],
        elem_classes=["setting"],
        **precision,
        **more,
    )
    field.change(None, field, field, js=MARK.replace("DEFAULT", f"{default:g}").replace("NAME", name))
    back.click(None, None, field, js=f"() => {default:g}")
    return field


def offered(
    prompts: Prompts, chosen: Sequence[str | None], handed: str = ""
) -> tuple[list[str | None], list[gr.Dropdown]]:
    """Returns the prompts that are chosen now, and their menus; one that is gone gives way to another that fits.

    `handed` is a prompt that another tab wants to be chosen.
    """
    known = list(prompts.names().values())
    names = list(prompts.fitting(dict(zip(trained_arms(), chosen, strict=True)), handed).values())
    menus = [
        gr.Dropdown(choices=offer, value=name, visible=len(offer) > (name is not None))
        for name, offer in zip(names, known, strict=True)
    ]
    return names, menus


def prompts_and_settings(values: Sequence[Any]) -> dict[str, Any]:
    """Returns what the fields hold by the names that questions and evaluations take."""
    context, *prompts = values[: PROMPTS.stop]
    seed, beams, longest, penalty, ngram, style, guidance = values[PROMPTS.stop :]
    return {
        "context": context,
        "prompts": dict(zip(trained_arms(), prompts, strict=True)),
        "seed": seed,
        "num_beams": beams,
        "max_new_tokens": longest,
        "repetition_penalty": penalty,
        "no_repeat_ngram_size": ngram,
        "style": style,
        "guidance": guidance,
    }


def columns_and_settings(values: Sequence[Any]) -> dict[str, Any]:
    """Returns what the fields of `several` hold by the names that Comparisons.question takes."""
    *values, typed = values
    said = prompts_and_settings(values)
    return said | {"seeds": said.pop("seed"), "typed": typed}
