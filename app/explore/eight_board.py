"""Eight seeds as small multiples: the paths of each on one pair of axes, its style, and the code that it ends in."""

import base64
import html
import re
from pathlib import Path

import numpy as np

from app.explore.runs.eight import Eight, SeedPath
from app.explore.runs.run_picture import HEIGHT, PICTURE_CSS, WIDTH, run_picture
from app.explore.runs.steering import label_of_style
from app.page.pieces.code import code_html, escaped
from ddpt_core.data.styles import STYLES
from ddpt_core.diffusion.samplers import label_of_sampler

COLUMNS, CAPTION, GAP, TOP = 4, 84, 16, 46  # of the saved picture: pictures in a row, and pixels
LINES, LETTERS = 4, 44  # of code below a picture that is saved
NO_STYLE = "#5E6876"
SCRIPT = """
element.addEventListener("click", (event) => {
  const seed = event.target.closest("[data-seed]");
  if (!seed) return;
  const asked = JSON.parse(seed.closest("[data-asked]").dataset.asked);
  trigger("open_seed", { ...asked, seed: Number(seed.dataset.seed) });
});
"""
# Of a picture that is saved there is no page to take colours from.
_SAVED = (
    ".tokens{stroke:#5A6472;stroke-width:2.5;opacity:.35}.ways{stroke:#1C2128;stroke-width:1.2;opacity:.6}"
    ".run-picture{fill:none;stroke-linecap:round;stroke-linejoin:round}.ends{stroke-width:8}"
    "text{font:12px sans-serif;fill:#1C2128}.code{font:11px monospace;white-space:pre}"
)


def style() -> str:
    """Returns the CSS of the board and of its pictures."""
    return PICTURE_CSS + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


def board_html(eight: Eight, asked: str) -> str:
    """Returns the eight as HTML; `asked` is JSON with which one of them is asked for again."""
    pictures = zip(eight.rows, pictures_of(eight), strict=True)
    cells = "".join(_cell(row, picture) for row, picture in pictures)
    saved = base64.b64encode(as_svg(eight).encode()).decode()
    name = re.sub(r"[^\w.+-]+", "-", f"eight-{eight.asked.prompt}{eight.steering.in_name}-{eight.asked.first}")
    return (
        f'<section class="eight" aria-label="Eight seeds" data-asked="{html.escape(asked)}"><p>{escaped(said(eight))} '
        f'<a download="{name}.svg" href="data:image/svg+xml;base64,{saved}">picture, SVG ⤓</a></p>'
        f'<div class="grid">{cells}</div></section>'
    )


def said(eight: Eight) -> str:
    """Returns how the eight were sampled, and which styles they end in."""
    asked = eight.asked
    made = [asked.prompt, *(eight.steering.words or ["no style asked"]), label_of_sampler(asked.scheduler)]
    ends = [row.style for row in eight.rows]
    counted = ", ".join(f"{ends.count(name)} {name_of(name)}" for name in dict.fromkeys(ends))
    return f"{' · '.join(made)} {asked.steps:,} · “{eight.instruction}” · end in: {counted}."


def name_of(name: str | None) -> str:
    """Returns a style as it is read, or that there is none."""
    return label_of_style(name) if name else "no style"


def colour_of(name: str | None) -> str:
    """Returns the colour of a style, grey for none."""
    return STYLES[name].colour if name in STYLES else NO_STYLE


def pictures_of(eight: Eight) -> list[str]:
    """Returns the picture of each of the eight as SVG, all on one scale, their ends in the colour of their style."""
    around = np.concatenate([row.paths.reshape(-1, 2) for row in eight.rows])
    return [
        run_picture(eight.tokens, row.paths, f"The paths of seed {row.seed:,}", beside=around).replace(
            '<path class="ends"', f'<path class="ends" style="stroke: {colour_of(row.style)}"'
        )
        for row in eight.rows
    ]


def as_svg(eight: Eight) -> str:
    """Returns the eight as one picture that stands alone."""
    cells = []
    for place, (row, picture) in enumerate(zip(eight.rows, pictures_of(eight), strict=True)):
        x, y = place % COLUMNS * (WIDTH + GAP), TOP + place // COLUMNS * (HEIGHT + CAPTION)
        lines = [line[:LETTERS] for line in row.code.splitlines()[:LINES]]
        code = "".join(
            f'<text class="code" y="{HEIGHT + 30 + 13 * i}">{escaped(line)}</text>' for i, line in enumerate(lines)
        )
        shown = picture.replace("<svg ", f'<svg width="{WIDTH}" height="{HEIGHT}" ')
        words = f'<text y="{HEIGHT + 14}">seed {row.seed} · {escaped(name_of(row.style))}</text>'
        cells.append(f'<g transform="translate({x} {y})">{shown}{words}{code}</g>')
    width, height = COLUMNS * (WIDTH + GAP), TOP + len(eight.rows) // COLUMNS * (HEIGHT + CAPTION)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 0 {width + 12} {height}"><style>{_SAVED}</style>'
        f'<rect x="-12" width="100%" height="100%" fill="#fff"/><text y="24">{escaped(said(eight))}</text>'
        f"{''.join(cells)}</svg>"
    )


def _cell(row: SeedPath, picture: str) -> str:
    code = code_html(row.code) if row.code else "(an empty answer)"
    chip = f'<i style="background: {colour_of(row.style)}"></i>{escaped(name_of(row.style))}'
    return (
        f'<figure><button type="button" data-seed="{row.seed}" title="Open this run in the picture">{picture}</button>'
        f'<figcaption><b>seed {row.seed:,}</b> <span class="style">{chip}</span><pre><code>{code}</code></pre>'
        "</figcaption></figure>"
    )
