"""The viewer as a Gradio component: a static template, its style, and a script assembled from `js/`."""

from pathlib import Path

import gradio as gr

from app.page import addresses

_FOLDER = Path(__file__).parent
# In this order: each file may use the names of those before it; page.js runs last.
SCRIPTS = (
    "data.js",
    "tokens.js",
    "words.js",
    "palette.js",
    "camera.js",
    "drawn.js",
    "field.js",
    "paths.js",
    "second.js",
    "spotlight.js",
    "chip.js",
    "legend.js",
    "pane.js",
    "table.js",
    "truths.js",
    "inspect.js",
    "hover.js",
    "matching.js",
    "search.js",
    "region.js",
    "found_list.js",
    "twin.js",
    "keys.js",
    "time_scale.js",
    "slider.js",
    "ticks.js",
    "timeline.js",
    "strip_cells.js",
    "strip_rows.js",
    "strip.js",
    "measures.js",
    "curve.js",
    "loss.js",
    "curves.js",
    "intro.js",
    "svg.js",
    "save.js",
    "help.js",
    "address.js",
    "maps.js",
    "hand.js",
    "viewer.js",
    "page.js",
)
STYLES = (
    "viewer.css",
    "reading.css",
    "finding.css",
    "time.css",
    "curves.css",
    "sheets.css",
    "narrow.css",
)  # narrow.css overrides the others


def script() -> str:
    """Returns the whole script of the viewer."""
    return addresses.SCRIPT + _joined("js", SCRIPTS)


def style() -> str:
    """Returns the whole style of the viewer."""
    return _joined("css", STYLES)


def _joined(folder: str, names: tuple[str, ...]) -> str:
    return "\n".join((_FOLDER / folder / name).read_text(encoding="utf-8") for name in names)


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
