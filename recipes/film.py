"""The film that README opens with: a run over the vocabulary, and the code that it leads to, as an animated SVG.

    python -m recipes.film [RUN]

Writes assets/film.svg from a shipped run and the code along it (see app/explore/runs/ship.py); deterministic. The
picture holds no script and fetches nothing; where less motion is asked for, it shows the end.
"""

import gzip
import json
import sys
import textwrap
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from app.viewer.coded import PACKED
from app.viewer.example_files import CODE, example_file
from app.viewer.library_marks import library_of
from app.viewer.view import key_of
from ddpt_core import Trajectory, load_backbone
from ddpt_core.backbone import registry
from ddpt_core.data.styles import STYLES
from ddpt_core.errors import ArtifactError
from ddpt_core.files import write_files
from ddpt_core.interpret.shared_axes import load_axes

FILM, RUN = "film.svg", "11-styles"
WIDTH, HEIGHT = 1200, 600
MAP = (24, 64, 640, 440)  # left, top, width, height of the picture of the vocabulary
SIDE = 700  # left edge of what stands beside it
STRIP = (24, 540, 1152, 14)
SECONDS, MOVING = 15, 0.8  # of a round, and the share in which the run goes on; then its end stands
FRAMES = 50
TOKENS = 6_000  # dots of the vocabulary
SEED = 0
LINE, MOST_LINES = 50, 9  # characters of a line of code, and lines
CSS = f"""
text{{font:15px ui-sans-serif,system-ui,sans-serif;fill:#d5dbe3}}
.code text{{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}}
.code{{opacity:0}}.code.end{{opacity:1}}
.at,.code{{animation-duration:{SECONDS}s;animation-iteration-count:infinite;animation-timing-function:linear}}
.code{{animation-timing-function:step-end}}
@media (prefers-reduced-motion:reduce){{.at,.code{{animation:none}}}}
"""


def film(folder: Path) -> str:
    """Returns the film of the run in a folder; raises ArtifactError where no code along it ships."""
    run, codes = Trajectory.load(folder), codes_of(folder)
    backbone = load_backbone()
    axes = load_axes(registry.ASSETS / "maps", backbone.sha256)
    if axes is None:
        raise ArtifactError("There are no axes of this backbone in assets/maps; ship the runs first.")
    frames = np.unique(np.linspace(0, run.steps, FRAMES + 1).round().astype(int))
    paths = axes.place(run.in_backbone_space(run.x[frames]))[..., :2]  # (F,P,2)
    table = axes.place(backbone.embedding_table.cpu().numpy())[:, :2]
    dots = table[np.sort(np.random.default_rng(SEED).choice(len(table), TOKENS, replace=False))]
    library = library_of(run.info)
    marks = axes.place(library[0])[:, :2] if library else np.empty((0, 2))
    to_screen = scale_of(np.concatenate([paths.reshape(-1, 2), marks]))
    task = telling(codes)
    rows = task["paths"]["state"]["rows"]
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="#11161d"/>',
        '<clipPath id="map"><rect x="{}" y="{}" width="{}" height="{}" rx="6"/></clipPath>'.format(*MAP),
        '<rect x="{}" y="{}" width="{}" height="{}" rx="6" fill="#171d26"/><g clip-path="url(#map)">'.format(*MAP),
        f'<path d="{dotted(to_screen(dots))}" stroke="#5f7894" stroke-width="2" opacity=".45" stroke-linecap="round"/>',
        *(library_paths(to_screen(marks), library[1], run.x.shape[1]) if library else ()),
        *moving(to_screen(paths), frames / run.steps),
        "</g>",
        text(24, 40, "A prompt comes out of noise", "font-size:21px;font-weight:600"),
        text(SIDE, 40, "and the code changes with it", "font-size:21px;font-weight:600"),
        text(
            24,
            526,
            f"{TOKENS:,} of {len(table):,} tokens, {run.x.shape[1]} positions, PCA"
            + (" · ■ the library’s prompts, by style" if library else ""),
            "fill:#8b97a6;font-size:13px",
        ),
        *wrapped(SIDE, 84, "\n".join(textwrap.wrap(task["instruction"], 58)), 58, "fill:#8b97a6"),
        *coded(rows, run),
        *strip(rows, run.steps),
    ]
    style = CSS + keyframes(to_screen(paths), frames / run.steps, rows, run.steps)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="A prompt comes out of noise, and the code changes with it">'
        f"<style>{style}</style>{''.join(parts)}</svg>\n"
    )


def codes_of(folder: Path) -> list[dict[str, Any]]:
    """Returns the code along a shipped run, of each example."""
    path = registry.ASSETS / "views" / (example_file(key_of(folder), CODE) + PACKED)
    if not path.is_file():
        raise ArtifactError(f"No code along the run {folder.name} ships; python -m app.explore.runs.ship writes it.")
    return json.loads(gzip.decompress(path.read_bytes()))


def telling(codes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns the example with most steps at which the tests pass, as long as its style changes on the way."""

    def score(task: dict[str, Any]) -> tuple[bool, int]:
        rows = task["paths"]["state"]["rows"]
        return rows[0]["style"] != rows[-1]["style"], sum(bool(row["tests"]) and all(row["tests"]) for row in rows)

    return max(codes, key=score)


def scale_of(points: np.ndarray):
    """Returns what places (..., 2) on the screen: all of these points inside the map, both axes on one scale."""
    low, high = points.min(0), points.max(0)
    left, top, width, height = MAP
    unit = 0.9 * min(width / (high - low)[0], height / (high - low)[1])
    middle = np.array([left + width / 2, top + height / 2])
    return lambda places: middle + (np.asarray(places) - (low + high) / 2) * [unit, -unit]


def dotted(points: np.ndarray) -> str:
    """Returns a path of dots (n, 2), those outside of the map left out."""
    left, top, width, height = MAP
    inside = (points > [left, top]).all(1) & (points < [left + width, top + height]).all(1)
    return "".join(f"M{x:.0f} {y:.0f}h0" for x, y in points[inside])


def library_paths(points: np.ndarray, told: dict[str, Any], positions: int) -> list[str]:
    """Returns a path of marks for every style of the library."""
    labels = np.repeat(told["labels"], positions)
    return [
        f'<path d="{dotted(points[labels == place])}" stroke="{style["colour"]}" stroke-width="6" opacity=".7" '
        'stroke-linecap="square"/>'
        for place, style in enumerate(told["styles"])
    ]


def moving(paths: np.ndarray, shares: np.ndarray) -> list[str]:
    """Returns for each position its path (F, P, 2) and the dot that goes along it."""
    lines = [
        '<path d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in path) + '" fill="none" stroke="#fff" opacity=".12"/>'
        for path in paths.swapaxes(0, 1)
    ]
    ends = paths[-1]
    return lines + [
        f'<circle r="5.5" fill="#ff5c8a" stroke="#11161d" stroke-width="1.5" class="at" '
        f'style="transform:translate({x:.1f}px,{y:.1f}px);animation-name:p{i}"/>'
        for i, (x, y) in enumerate(ends)
    ]


def keyframes(paths: np.ndarray, shares: np.ndarray, rows: Sequence[dict[str, Any]], steps: int) -> str:
    """Returns the animations: of each position, of each row of code, and of the mark on the strip."""
    found = []
    for i, path in enumerate(paths.swapaxes(0, 1)):
        stops = [
            f"{100 * MOVING * s:.1f}%{{transform:translate({x:.1f}px,{y:.1f}px)}}"
            for s, (x, y) in zip(shares, path, strict=True)
        ]
        x, y = path[-1]
        found.append(f"@keyframes p{i}{{{''.join(stops)}to{{transform:translate({x:.1f}px,{y:.1f}px)}}}}")
    edges = [100 * MOVING * row["step"] / steps for row in rows] + [100.0]
    for i, (start, end) in enumerate(pairwise(edges)):
        before = "0%{opacity:0}" if start else ""
        after = f"{end:.2f}%{{opacity:0}}" if end < 100 else ""
        found.append(f"@keyframes c{i}{{{before}{start:.2f}%{{opacity:1}}{after}}}")
    found.append(
        f"@keyframes now{{0%{{transform:translateX(0)}}{100 * MOVING:.0f}%,to{{transform:translateX({STRIP[2]}px)}}}}"
    )
    return "".join(found)


def coded(rows: Sequence[dict[str, Any]], run: Trajectory) -> list[str]:
    """Returns a group for each row: step and noise, the style's chip, the tests, and the code."""
    parts = []
    for i, row in enumerate(rows):
        style, passes = STYLES.get(row["style"] or ""), bool(row["tests"]) and all(row["tests"])
        label, colour = (style.label, style.colour) if style else ("no style", "#5f6b7a")
        inside = [
            text(SIDE, 160, f"step {row['step']} of {run.steps} · noise {run.noise_level[row['step']]:.0%}"),
            f'<rect x="{SIDE}" y="178" width="{9 * len(label) + 36}" height="28" rx="14" fill="{colour}"/>',
            text(SIDE + 18, 197, label, "fill:#fff;font-weight:600"),
            text(
                SIDE + 9 * len(label) + 52,
                197,
                "✓ passes its tests" if passes else "✗ fails its tests",
                f"fill:{'#5fd38d' if passes else '#ff8f8f'}",
            ),
            f'<rect x="{SIDE}" y="222" width="476" height="{22 * MOST_LINES + 26}" rx="6" fill="#171d26"/>',
            *wrapped(SIDE + 16, 250, row["code"], LINE, "font-size:14px", MOST_LINES),
        ]
        end = " end" if i == len(rows) - 1 else ""
        parts.append(f'<g class="code{end}" style="animation-name:c{i}">{"".join(inside)}</g>')
    return parts


def strip(rows: Sequence[dict[str, Any]], steps: int) -> list[str]:
    """Returns the styles along the run as a strip, and the mark of now."""
    left, top, width, height = STRIP
    parts = []
    for row, end in zip(rows, [row["step"] for row in rows[1:]] + [steps], strict=True):
        style = STYLES.get(row["style"] or "")
        parts.append(
            f'<rect x="{left + width * row["step"] / steps:.1f}" y="{top}" '
            f'width="{width * (end - row["step"]) / steps:.1f}" height="{height}" '
            f'fill="{style.colour if style else "#2a323d"}"/>'
        )
    parts.append(
        f'<rect class="at" x="{left - 1}" y="{top - 5}" width="3" height="{height + 10}" fill="#ff5c8a" '
        f'style="transform:translateX({width}px);animation-name:now"/>'
    )
    return [
        *parts,
        text(left, top + height + 22, "style of the code, from noise to the end", "fill:#8b97a6;font-size:13px"),
    ]


def wrapped(x: int, y: int, words: str, most: int, style: str = "", lines: int = 3) -> list[str]:
    """Returns a text in lines of at most `most` characters, cut after so many lines."""
    found = [line[i : i + most] for line in words.splitlines() for i in range(0, max(1, len(line)), most)]
    if len(found) > lines:
        found = [*found[: lines - 1], f"{found[lines - 1][: most - 1]}…"]
    return [text(x, y + 22 * i, line, style) for i, line in enumerate(found)]


def text(x: int, y: int, words: str, style: str = "") -> str:
    """Returns a line of text; blanks are kept, and characters that XML does not know are shown as �."""
    known = "".join(c if c >= " " and c not in "\ufffe\uffff" else "\ufffd" for c in words.replace("\t", "    "))
    return f'<text x="{x}" y="{y}" xml:space="preserve" style="{style}">{escape(known)}</text>'


def main() -> int:
    """Writes the film; returns 0."""
    name = sys.argv[1] if len(sys.argv) > 1 else RUN
    content = film(registry.ASSETS / "runs" / name)
    write_files(registry.ASSETS, {FILM: content})
    print(f"{registry.ASSETS / FILM}: {len(content.encode()):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
