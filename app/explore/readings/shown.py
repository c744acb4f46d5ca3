"""A reading as HTML: the finding in a sentence, its figures, and what it cannot tell."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.explore.readings.chart import SHADES, path_chart, shade
from app.page.pieces.code import CARDS, escaped
from ddpt_core.data.styles import STYLES
from ddpt_core.interpret.readings import READINGS
from sandbox.signs import MISLEADING

Found = Mapping[str, Any]
SHORT = 9  # characters of a token in a cell; the whole stands in its title
BLANKS = str.maketrans({" ": "␣", "\n": "↵", "\t": "⇥"})


def style() -> str:
    """Returns the CSS of a reading: that of cards, for chips and code, and its own."""
    return CARDS.read_text(encoding="utf-8") + Path(__file__).with_name("readings.css").read_text(encoding="utf-8")


def script() -> str:
    """Returns the script by which a reading follows the viewer."""
    return Path(__file__).with_name("readings.js").read_text(encoding="utf-8")


def reading_html(found: Found) -> str:
    """Returns a reading as HTML; all text from outside is escaped."""
    how = found["how"]
    told = f"{found['of_run']} · step {found['step']:,} · timestep {found['timestep']:,} · {found['of']}"
    return (
        f'<section class="board reading" aria-label="{READINGS[how].label}" data-run="{escaped(found["run"])}" '
        f'data-step="{found["step"]}" data-kind="{found["of"]}">'
        f'<header class="asked"><p class="verdict">{escaped(found["said"])}</p>'
        f'<p class="how">{escaped(told)} · {found["seconds"]:.2g} s</p></header><p class="at" aria-live="polite"></p>'
        f'{BODIES[how](found)}<p class="notes">{escaped(found["caveat"])}</p></section>'
    )


def token_html(text: str, short: bool = False) -> str:
    """Returns a token as HTML, its blanks shown."""
    shown = text.translate(BLANKS)
    return escaped(f"{shown[: SHORT - 1]}…" if short and len(shown) > SHORT else shown)


def plain(token: str) -> str:
    """Returns a token as text of an attribute, its blanks shown."""
    return html.escape(MISLEADING.sub("□", token.translate(BLANKS)))


def _layers(found: Found) -> str:
    head = found["positions"][0][0]["head"] is not None
    near = found["positions"][0][0]["nearest"] is not None
    parts = []
    if head:
        parts.append(_strip(found, "head", "probability", "Likeliest token by the model’s own head"))
    if near:
        strip = _strip(found, "nearest", "score", "Nearest token of the table, by cosine")
        parts.append(f"<details><summary>By nearest tokens</summary>{strip}</details>" if head else strip)
    note = f'<p class="note">{escaped(found["note"])}</p>' if found["note"] and head else ""
    return "".join(parts) + note


def _strip(found: Found, what: str, value: str, caption: str) -> str:
    """Returns positions x layers as a table of tokens, shaded by their probability or similarity."""
    layers = len(found["positions"][0])
    heads = "".join(f'<th scope="col">{layer or "in"}</th>' for layer in range(layers))
    rows = []
    for place, cells in enumerate(found["positions"]):
        row = "".join(_cell(cell, what, value, place) for cell in cells)
        rows.append(f'<tr><th scope="row">{place}</th>{row}</tr>')
    scale = "".join(f'<i class="v{one}"></i>' for one in range(SHADES))
    return (
        f'<p class="scale">{caption}: <span>0 {scale} 1</span></p>'
        f'<div class="strip" tabindex="0" role="group" aria-label="{caption}, positions by layers"><table>'
        f'<thead><tr><th scope="col">layer</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(cell: Found, what: str, value: str, place: int) -> str:
    first, *others = cell[what]
    told = ", ".join(f"{plain(one['token'])} {one[value]:.2f}" for one in [first, *others[:4]])
    title = f"position {place}, layer {cell['layer'] or 'input'}: {told}"
    return f'<td class="v{shade(first[value])}" title="{title}">{token_html(first["token"], short=True)}</td>'


def _effect(found: Found) -> str:
    rows = "".join(
        f'<tr><th scope="row"><span class="token">{token_html(one["token"])}</span></th>'
        f"<td>{_share(one['without'])}</td><td>{_share(one['probability'])}</td>"
        f'<td class="bar">{_bar(one["gained"], 12)}<span>{one["gained"]:+.2f}</span></td></tr>'
        for one in found["tokens"]
    )
    low_high = f" [{found['kl_ci95'][0]:.3g}, {found['kl_ci95'][1]:.3g}]" if found["kl_ci95"] else ""
    return (
        '<div class="beside"><div><table class="figures-of"><thead><tr><th scope="col">next token</th>'
        '<th scope="col">without</th><th scope="col">with it</th><th scope="col">log p, nats</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f'<p class="how">{found["kl"]:.3g} nats<span class="interval">{low_high}</span> between with and without (KL), '
        f"mean over {found['instructions']} instructions</p></div>{path_chart(found['path'], found['step'])}</div>"
    )


def _words(found: Found) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escaped(row["frame"]).replace("{context}", "<b>context</b>")}</th>'
        f'<td><pre class="code">{escaped(row["answer"]) or "(nothing)"}</pre></td>'
        f'<td class="chips">{_chips(row["named"])}</td></tr>'
        for row in found["frames"]
    )
    return (
        '<table class="figures-of words"><thead><tr><th scope="col">asked</th><th scope="col">the model says</th>'
        f'<th scope="col">styles named</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _chips(styles: Sequence[str]) -> str:
    return "".join(f'<span class="chip">{escaped(STYLES[name].label)}</span>' for name in styles) or "none"


def _ablation(found: Found) -> str:
    style = escaped(STYLES[found["style"]].label) if found["style"] in STYLES else ""
    most = max((abs(row["change"]) for row in found["positions"]), default=0.0) or 1.0

    def line(name: str, row: Found, change: str = "") -> str:
        share, cells = row["in_style"], f'<td>{row["loss"]:.3f}</td><td class="bar">{change}</td>'
        styled = "" if share is None else f'<td class="bar">{_full(share)}<span>{share:.0%}</span></td>'
        return f'<tr><th scope="row">{name}</th>{cells}{styled}</tr>'

    rows = "".join(
        line(str(row["position"]), row, f"{_bar(row['change'], most)}<span>{row['change']:+.3f}</span>")
        for row in found["positions"]
    )
    asked = f'<th scope="col">answers: {style}</th>' if style else ""
    return (
        '<table class="figures-of"><thead><tr><th scope="col">without position</th><th scope="col">loss, nats</th>'
        f'<th scope="col">change</th>{asked}</tr></thead><tbody>{line("nothing replaced", found["whole"])}{rows}'
        f"{line('all replaced', found['manual'])}</tbody></table>"
        f'<p class="how">In its place stands the vector of “{escaped(found["manual_context"])}” · '
        f"{found['tasks']} held-out tasks</p>"
    )


def _bar(value: float, most: float) -> str:
    """Returns a bar that goes right of the middle for what rises, left of it for what falls."""
    part = 50 * min(1.0, abs(value) / most)
    start, kind = (50.0, "up") if value > 0 else (50 - part, "down")
    return f'<i class="{kind}" style="--from: {start:.1f}%; --wide: {part:.1f}%"></i>'


def _full(share: float) -> str:
    return f'<i class="full" style="--from: 0%; --wide: {100 * share:.1f}%"></i>'


def _share(probability: float) -> str:
    return f"{probability:.1%}" if probability >= 0.001 else "< 0.1%"


BODIES: dict[str, Callable[[Found], str]] = {
    "layers": _layers,
    "effect": _effect,
    "words": _words,
    "ablation": _ablation,
}
