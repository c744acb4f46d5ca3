"""Rows of predictions that are shown a page at a time: the components, and what they show of one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.page.pieces.status_line import status_line


@dataclass(frozen=True)
class PagedRows:
    """The components; `page` counts from 0."""

    rows: gr.HTML
    where: gr.HTML
    back: gr.Button
    on: gr.Button
    page: gr.State

    def of(self, count: int, size: int, page: int, html_of: Callable[[int], str], more: str = "") -> dict[Any, Any]:
        """Returns what they show of the page nearest to `page` that `count` rows have, `size` of them on each.

        html_of: the rows of a page as HTML. more: what is said behind their place.
        """
        pages = max(1, -(-count // size))
        page = min(max(0, page), pages - 1)
        first, last = page * size + 1, min((page + 1) * size, count)
        return {
            self.rows: html_of(page),
            self.where: status_line((f"{first:,} to {last:,} of {count:,}" if count else "") + more),
            self.back: gr.Button(interactive=page > 0),
            self.on: gr.Button(interactive=page < pages - 1),
            self.page: page,
        }

    def none(self, why: str) -> dict[Any, Any]:
        """Returns what they show where there are no rows, with a sentence that says why, "" for none."""
        said = f'<section class="board rows"><p class="none">{why}</p></section>' if why else ""
        off = gr.Button(interactive=False)
        return {self.rows: said, self.where: "", self.back: off, self.on: off, self.page: 0}


def paged_rows(elem_id: str, css: str, script: str) -> PagedRows:
    """Adds the rows, and below them the buttons that turn the page and the place of what is shown."""
    plain = {"apply_default_css": False}
    rows = gr.HTML(css_template=css, js_on_load=script, elem_id=elem_id, **plain)
    with gr.Row(elem_classes="task-file"):
        small = {"size": "sm", "min_width": 80, "scale": 0, "interactive": False}
        back, on = gr.Button("Back", **small), gr.Button("More", elem_id=f"{elem_id}-on", **small)
        where = gr.HTML(min_width=120, **plain)
    return PagedRows(rows, where, back, on, gr.State(0))
