"""The report as one HTML file that needs nothing else: style, data and Plotly's own script are inside."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ddpt_core.study.document import Block, Picture
from ddpt_core.study.pictures import svg
from ddpt_core.study.plotly_figures import figure

HERE = Path(__file__).parent
LONGEST_LINE = 36  # letters of a cell that is not broken


def page(title: str, blocks: Sequence[Block]) -> str:
    """Returns the blocks as an HTML page with charts by Plotly; without plotly installed, as still pictures."""
    charts = [block.chart for block in blocks if isinstance(block, Picture)]
    room = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    room.filters |= {"coded": _coded, "broken": _broken}
    room.tests["short"] = _is_short
    return room.get_template("page.html").render(
        title=title,
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        blocks=[(type(block).__name__, block) for block in blocks],
        svg=svg,
        plotly=plotly_script() if charts else None,
        figures=json.dumps([figure(chart) for chart in charts], allow_nan=False).replace("<", "\\u003c"),
        script=(HERE / "page.js").read_text(encoding="utf-8"),
    )


@lru_cache(maxsize=1)
def plotly_script() -> str | None:
    """Returns Plotly's script as the plotly package carries it, None without the package."""
    try:
        files = metadata.files("plotly") or []
    except metadata.PackageNotFoundError:
        return None
    found = next((file for file in files if file.name == "plotly.min.js"), None)
    if found is None:
        return None
    return re.sub(r"</(?=script)", r"<\\/", Path(str(found.locate())).read_text(encoding="utf-8"), flags=re.IGNORECASE)


def _is_short(cell: str) -> bool:
    return all(len(line) <= LONGEST_LINE for line in cell.split("\n"))


def _broken(text: str) -> Markup:
    """Returns a text whose line breaks are those of HTML."""
    return Markup("<br>").join(text.split("\n"))


def _coded(text: str) -> Markup:
    """Returns a text in which what stands in backticks is code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text)))
