"""What the figures of prompts with styles say: do they follow the style asked for, and what do steps and seeds add."""

import json
from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.page.pieces.code import escaped
from app.page.services import Services
from ddpt_core.arms import DISTRIBUTION
from ddpt_core.backbone import registry
from ddpt_core.settings import PROMPT_FILE
from ddpt_core.steering.card import FIGURES
from ddpt_core.steering.words import CAVEAT, found, interval, label_of, number, share

NONE_HERE = (
    "No prompt with styles is here. `python -m ddpt_core library` tunes a library of prompts, and `train --method "
    "distribution` learns a distribution from it."
)


def build(services: Services) -> None:
    """Adds the panel to the page that is being built; its figures are read anew whenever it is opened."""
    with gr.Accordion("Does it follow the style? Figures of prompts with styles", open=False) as panel:
        shown = gr.HTML(elem_id="steering-figures")
    panel.expand(lambda: figures_html(services), None, shown, api_visibility="private", show_progress="hidden")


def figures_html(services: Services) -> str:
    """Returns a section for each prompt with styles, or what to do to have one; text from files is escaped."""
    sections = "".join(_section(name, info) for name, info in _described(services))
    return sections or f'<p class="empty">{escaped(NONE_HERE)}</p>'


def _described(services: Services) -> Iterator[tuple[str, dict[str, Any]]]:
    folders = registry.available("prompts", PROMPT_FILE)
    for name in services.prompt_names(DISTRIBUTION):
        yield name, json.loads((folders[name] / PROMPT_FILE).read_text(encoding="utf-8"))


def _section(name: str, info: dict[str, Any]) -> str:
    library, figures = info["library"], info["metrics"].get(FIGURES)
    cost = (
        f"{len(info['styles'])} styles, from {library['prompts']:,} tuned prompts: {library['llm_passes']:,} LLM "
        f"passes, {library['seconds'] / 60:.0f} minutes."
    )
    if not figures:
        return f"<section><h3>{escaped(name)}</h3><p>{cost} It has not been measured.</p></section>"
    sentences = "".join(f"<li>{escaped(sentence)}</li>" for sentence in found(figures))
    return (
        f"<section><h3>{escaped(name)}</h3><p>{cost}</p><ul>{sentences}</ul>"
        f"{_by_steps(figures)}{_by_style(figures)}<p>{escaped(CAVEAT)}</p></section>"
    )


def _by_steps(figures: dict[str, Any]) -> str:
    rows = [
        (f"{one['steps']:,}", f"{share(one['adherence'])} {interval(one['adherence_ci95'])}", number(one["loss"]))
        for one in figures["steps"]
    ]
    return _table(("Steps", "Adherence", "Loss, nats per token"), rows)


def _by_style(figures: dict[str, Any]) -> str:
    at, seeds = figures["sizes"]["at"], figures["seeds"]
    here = next(one for one in figures["guidance"] if one["guidance"] == 1)
    head = ("Style", f"Adherence at {at} steps", "Loss, nats per token", f"Of {seeds['count']} runs without a style")
    rows = [
        (label_of(style), share(value), number(here["loss_by_style"].get(style)), f"{seeds['by_library'][style]}")
        for style, value in here["adherence_by_style"].items()
    ]
    return _table(head, rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    first = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escaped(name)}</th>{"".join(f"<td>{escaped(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table></div>'
