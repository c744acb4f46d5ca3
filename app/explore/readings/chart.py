"""The effect of a context along its run, as SVG that follows the theme."""

from collections.abc import Mapping, Sequence
from typing import Any

SHADES = 8  # of viridis, in readings.css
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 230, 44, 14, 16, 44  # in the picture's own coordinates
KEYS = {
    "with": "from going without, nats",
    "to-end": "to the end of the run, nats",
    "cells": "share of nearest tokens that stand",
}


def shade(share: float) -> int:
    """Returns which of the SHADES a share from 0 to 1 has."""
    return min(SHADES - 1, max(0, int(share * SHADES)))


def path_chart(path: Sequence[Mapping[str, Any]], step: int) -> str:
    """Returns the curves of both divergences, and below them the share of tokens that stand, with `step` marked.

    path: what the reading of an effect tells of each step.
    """
    top = max(max(row["kl"], row["kl_to_end"]) for row in path) or 1.0
    last, floor, right = path[-1]["step"] or 1, HEIGHT - BOTTOM, WIDTH - RIGHT

    def across(at: int) -> float:
        return LEFT + (right - LEFT) * at / last

    def curve(value: str, kind: str) -> str:
        points = " ".join(f"{across(row['step']):.1f},{floor - (floor - TOP) * row[value] / top:.1f}" for row in path)
        return f'<polyline class="{kind}" points="{points}"/>'

    def cell(row: Mapping[str, Any], end: int) -> str:
        wide = max(across(end) - across(row["step"]), 2)
        told = f"step {row['step']:,}: {row['locked']:.0%} of the nearest tokens stand"
        place = f'x="{across(row["step"]):.1f}" y="{floor + 6}" width="{wide:.1f}" height="9"'
        return f'<rect class="v{shade(row["locked"])}" {place}><title>{told}</title></rect>'

    ends = [*(row["step"] for row in path[1:]), last]
    grid = "".join(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y}" y2="{y}"/>' for y in (TOP, floor))
    here = f'<line class="now" x1="{across(step):.1f}" x2="{across(step):.1f}" y1="{TOP}" y2="{floor + 15}"/>'
    words = (
        f'<text x="{LEFT - 6}" y="{TOP + 4}" text-anchor="end">{top:.3g}</text>'
        f'<text x="{LEFT - 6}" y="{floor + 4}" text-anchor="end">0</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 10}">step 0</text>'
        f'<text x="{right}" y="{HEIGHT - 10}" text-anchor="end">{last:,}</text>'
    )
    curves = curve("kl", "with") + curve("kl_to_end", "to-end")
    cells = "".join(cell(row, end) for row, end in zip(path, ends, strict=True))
    keys = "".join(f'<span class="key {kind}">{text}</span>' for kind, text in KEYS.items())
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="The effect along the run">'
    return f"<figure>{svg}{grid}{words}{curves}{cells}{here}</svg><figcaption>{keys}</figcaption></figure>"
