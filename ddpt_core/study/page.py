"""The report as one HTML file that needs nothing else: style, data and Plotly's own script are inside."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from importlib import metadata
from pathlib import Path

from ddpt_core.study.document import Block, Bullets, Command, Heading, Paragraph, Picture, Table
from ddpt_core.study.pictures import svg
from ddpt_core.study.plotly_figures import figure

STYLE = Path(__file__).with_name("page.css")
LONGEST_LINE = 36  # letters of a cell that is not broken
SCRIPT = Path(__file__).with_name("page.js")


def page(title: str, blocks: Sequence[Block]) -> str:
    """Returns the blocks as an HTML page with charts by Plotly; without plotly installed, as still pictures."""
    charts = [block for block in blocks if isinstance(block, Picture)]
    plotly = plotly_script() if charts else None
    body = "\n".join(_html(block, plotly is not None) for block in blocks)
    figures = json.dumps([figure(one.chart) for one in charts], allow_nan=False).replace("<", "\\u003c")
    drawn = ""
    if plotly:
        code = f"const figures = {figures};\n{SCRIPT.read_text(encoding='utf-8')}"
        drawn = f"<script>{plotly}</script>\n<script>\n{code}</script>\n"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE.read_text(encoding='utf-8')}</style></head>\n"
        f"<body><main>\n{body}\n</main>\n{drawn}</body></html>\n"
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


def _html(block: Block, plotly: bool) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Bullets(items):
            return f"<ul>{''.join(f'<li>{_marked(item)}</li>' for item in items)}</ul>"
        case Command(text):
            return f'<pre tabindex="0">{escape(text)}</pre>'
        case Table(head, rows):
            first = "".join(f'<th scope="col">{_cell(cell)}</th>' for cell in head)
            body = "".join(f"<tr>{_row(row)}</tr>" for row in rows)
            table = f"<table><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>"
            return f'<div class="scroll" tabindex="0">{table}</div>'
        case Picture(_, chart):
            inside = "" if plotly else svg(chart)
            return f'<figure><figcaption>{escape(chart.title)}</figcaption><div class="chart">{inside}</div></figure>'
        case Paragraph(text):
            return f"<p>{_marked(text)}</p>"


def _row(row: Sequence[str]) -> str:
    first, *others = row
    cells = [f"<td{' class=figures' if _is_short(cell) else ''}>{_cell(cell)}</td>" for cell in others]
    return f'<th scope="row">{_cell(first)}</th>' + "".join(cells)


def _is_short(cell: str) -> bool:
    return all(len(line) <= LONGEST_LINE for line in cell.split("\n"))


def _cell(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _marked(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))
