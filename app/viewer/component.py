"""The viewer as a Gradio component: a static template, its style, and a script joined from the modules in `js/`."""

from pathlib import Path

import gradio as gr

from app.viewer import modules

_FOLDER = Path(__file__).parent
STYLES = (
    "viewer.css",
    "reading.css",
    "finding.css",
    "time.css",
    "curves.css",
    "code.css",
    "sheets.css",
    "narrow.css",
)  # narrow.css overrides the others


def script() -> str:
    """Returns the whole script of the viewer: page.js and the modules that it needs, in one request with the page."""
    return modules.joined(_FOLDER / "js" / "page.js")


def style() -> str:
    """Returns the whole style of the viewer."""
    return "\n".join((_FOLDER / "css" / name).read_text(encoding="utf-8") for name in STYLES)


def trajectory_viewer(**settings) -> gr.HTML:
    """Returns the viewer; its value is the JSON of `view.describe`, its events `open_run`, `second_run`, `umap`,
    `own_axes`.

    Neither template holds a placeholder: what a template interpolates is run as code, so data reaches the
    page only through the script, as text.
    """
    return gr.HTML(
        html_template=(_FOLDER / "viewer.html").read_text(encoding="utf-8"),
        css_template=style(),
        js_on_load=script(),
        apply_default_css=False,
        **settings,
    )
