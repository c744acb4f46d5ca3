"""The losses of a training along its steps, as SVG that follows the theme and says of what it is."""

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.train.training import Point
from sandbox.signs import MISLEADING

BINS = 240  # points of the training loss that are drawn; of more, means of as many steps in a row
SIZES = {"wide": (860, 330), "narrow": (360, 290)}  # of the picture's own coordinates, for screens and for phones
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 34, 58
CHARACTER = 6.6  # width of one, about, at 12 pixels
# The picture is also saved by itself, where none of the page's variables is known: then those of the light theme hold.
STYLE = """
.training-curve text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  fill: var(--body-text-color-subdued, #5A6472); font-variant-numeric: tabular-nums; }
.training-curve .grid { stroke: var(--border-color-primary, #E1E4E8); stroke-width: 1; }
.training-curve .train { fill: none; stroke: var(--body-text-color-subdued, #5A6472); stroke-width: 1.2;
  stroke-opacity: .78; stroke-linejoin: round; }
.training-curve .validation { fill: none; stroke: var(--arm, #009E73); stroke-width: 2.2; stroke-linejoin: round; }
.training-curve .dot { fill: var(--arm, #009E73); }
.training-curve .best { fill: none; stroke: var(--arm, #009E73); stroke-width: 2; }
.training-curve .now { fill: var(--now, #C4125A); }
"""
# Saves the picture of the wider layout on white, as the light theme has it.
SAVE = """() => {
  const svg = document.querySelector("#ELEMENT svg.wide");
  if (!svg) return;
  const [width, height] = svg.getAttribute("viewBox").split(" ").slice(2).map(Number);
  const picture = svg.cloneNode(true);
  picture.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  picture.setAttribute("width", width);
  picture.setAttribute("height", height);
  const arm = getComputedStyle(svg).getPropertyValue("--arm");
  picture.setAttribute("style", `--arm: ${arm}`);
  const image = new Image();
  image.onload = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#FFFFFF";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    const link = document.createElement("a");
    link.download = "training.png";
    link.href = canvas.toDataURL("image/png");
    link.click();
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(picture));
}"""


@dataclass(frozen=True)
class Curve:
    """What is drawn: the losses, how many steps there are in all, the best validation and its step, and a caption."""

    points: Sequence[Point]
    steps: int
    best: float | None = None
    best_step: int = 0
    about: str = ""
    unit: str = "nats per token"


def training_curves(curve: Curve) -> str:
    """Returns the picture in both layouts as HTML, of which the page shows the one that has room."""
    return "".join(training_curve(curve, layout) for layout in SIZES)


def training_curve(curve: Curve, layout: str = "wide") -> str:
    """Returns the picture as SVG: training loss in grey, validation in the colour of its arm, the best with a ring."""
    width, height = SIZES[layout]
    trained = binned([(p.step, p.train) for p in curve.points if p.train is not None])
    checked = [(p.step, p.validation) for p in curve.points if p.validation is not None]
    losses = [loss for _, loss in (*trained, *checked) if math.isfinite(loss)]
    ticks = ticks_between(min(losses), max(losses)) if losses else [0.0, 1.0]
    low, high = ticks[0], ticks[-1]

    def place(step: float, loss: float) -> tuple[float, float]:
        x = LEFT + (width - LEFT - RIGHT) * step / max(1, curve.steps)
        return round(x, 1), round(TOP + (height - TOP - BOTTOM) * (high - loss) / (high - low), 1)

    marks = [
        f'<line class="grid" x1="{LEFT}" x2="{width - RIGHT}" y1="{place(0, tick)[1]}" y2="{place(0, tick)[1]}"/>'
        f'<text x="{LEFT - 8}" y="{place(0, tick)[1] + 4}" text-anchor="end">{tick:.4g}</text>'
        for tick in ticks
        if losses
    ]
    for step, anchor in step_ticks(curve.steps, 6 if layout == "wide" else 3):
        label = f"{step:,}{' steps' * (step == curve.steps)}"
        x = place(step, low)[0]
        marks.append(f'<text x="{x}" y="{height - BOTTOM + 18}" text-anchor="{anchor}">{label}</text>')
    marks.append(f'<path class="train" d="{way(place(*one) for one in trained)}"/>')
    marks.append(f'<path class="validation" d="{way(place(*one) for one in checked)}"/>')
    for step, loss in checked:
        x, y = place(step, loss)
        marks.append(f'<circle class="dot" cx="{x}" cy="{y}" r="3"><title>{_said(step, loss)}</title></circle>')
    if curve.best is not None and curve.best_step:
        x, y = place(curve.best_step, curve.best)
        marks.append(f'<circle class="best" cx="{x}" cy="{y}" r="7"/>')
    if trained and trained[-1][0] < curve.steps:
        x, y = place(*trained[-1])
        marks.append(f'<circle class="now" cx="{x}" cy="{y}" r="3.5"/>')
    room = int((width - LEFT - RIGHT) / CHARACTER)
    about = curve.about if len(curve.about) <= room else f"{curve.about[: room - 1]}…"
    marks.append(f'<text x="{LEFT}" y="{height - 12}">{plain(about)}</text>')
    return (
        f'<svg class="training-curve {layout}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{plain(in_words(curve))}"><style>{STYLE}</style>{_legend(curve, layout)}{"".join(marks)}</svg>'
    )


def in_words(curve: Curve) -> str:
    """Returns what the picture shows as a sentence, for who cannot see it."""
    if not curve.points:
        return "No step has been trained yet."
    last = curve.points[-1]
    trained = "" if last.train is None else f", training loss {last.train:.3f}"
    checked = [point for point in curve.points if point.validation is not None]
    validation = f", validation loss {checked[-1].validation:.3f}" if checked else ""
    best = f", best {curve.best:.3f} at step {curve.best_step:,}" if curve.best_step else ""
    return f"{curve.about}: step {last.step:,} of {curve.steps:,}{trained}{validation}{best} ({curve.unit})."


def _legend(curve: Curve, layout: str) -> str:
    items = [("train", "training"), ("validation", "validation")]
    if curve.best_step:
        at = f"best, {curve.best:.3f} at step {curve.best_step:,}" if layout == "wide" else f"best, {curve.best:.3f}"
        items.append(("best", at))
    drawn, x = [], 8 if layout == "narrow" else LEFT
    for kind, label in items:
        sign = f'<line class="{kind}" x1="{x}" x2="{x + 16}" y1="14" y2="14"/>'
        if kind == "best":
            sign = f'<circle class="best" cx="{x + 8}" cy="14" r="5"/>'
        drawn.append(f'{sign}<text x="{x + 22}" y="18">{label}</text>')
        x += 38 + round(len(label) * CHARACTER)
    if layout == "wide":
        drawn.append(f'<text x="{SIZES[layout][0] - RIGHT}" y="18" text-anchor="end">{plain(curve.unit)}</text>')
    return "".join(drawn)


def plain(text: str) -> str:
    """Returns `text` as SVG may hold it, also in an attribute: without markup; a box for each sign that misleads."""
    return html.escape(MISLEADING.sub("□", text))


def binned(points: Sequence[tuple[int, float]], bins: int = BINS) -> list[tuple[float, float]]:
    """Returns at most `bins` points: means of as many neighbours each, the last of which ends at the last step."""
    size = -(-len(points) // bins) if points else 1
    groups = [points[max(0, end - size) : end] for end in range(len(points), 0, -size)][::-1]
    return [(group[-1][0], math.fsum(loss for _, loss in group) / len(group)) for group in groups]


def way(places: Iterable[tuple[float, float]]) -> str:
    """Returns the points as the path of a line; those that are not finite leave a gap."""
    drawn, pen = [], "M"
    for x, y in places:
        if math.isfinite(y):
            drawn.append(f"{pen}{x} {y}")
        pen = "L" if math.isfinite(y) else "M"
    return "".join(drawn)


def ticks_between(low: float, high: float, about: int = 5) -> list[float]:
    """Returns round numbers, evenly spaced, from at most `low` to at least `high`."""
    span = max(high - low, abs(high) * 0.02, 1e-6)
    rough = span / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * unit for unit in (1, 2, 2.5, 5, 10) if power * unit >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, max(last, first + 1) + 1)]


def step_ticks(steps: int, about: int) -> list[tuple[int, str]]:
    """Returns round numbers of steps, each with the side at which its text begins; always the first and the last."""
    between = [int(tick) for tick in ticks_between(0, steps, about) if 0 < tick < 0.9 * steps and tick == int(tick)]
    return [(0, "start"), *((tick, "middle") for tick in between), (steps, "end")]


def _said(step: int, loss: float) -> str:
    return f"step {step:,}: {loss:.4f}"
