"""Charts as SVG, for a report in Markdown: text stays text, and dark pages get a dark picture."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from ddpt_core.study.charts import Chart, Curves, Dots, Matrix, Point

WIDTH = 760
LINE = 24  # height of a row
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1d232b}.t{font-size:14px;font-weight:600}.q{fill:#59636e}"
    ".g{stroke:#d5d9de}.b{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e6e9ee}.q{fill:#9aa4b0}.g{stroke:#39424e}.b{fill:#0e1116}}"
)


@dataclass(frozen=True)
class Scale:
    """Places values between two ends of the picture; `log` for powers of ten."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return self.start + (self.end - self.start) * (value - low) / (high - low)

    def ticks(self) -> list[float]:
        """Returns round values between the ends."""
        if self.log:
            powers = range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1)
            ticks = [10.0**power for power in powers]
            if len(ticks) < 3:  # of a short axis other round values too
                tens = [10.0 ** (power + 1) for power in range(powers.start - 2, powers.stop)]
                ticks = [m * ten for ten in tens for m in (1, 2, 5) if self.low <= m * ten <= self.high]
            return ticks
        step = 10 ** math.floor(math.log10((self.high - self.low) / 3))
        step *= next(m for m in (1, 2, 5, 10) if (self.high - self.low) / (m * step) <= 6)
        first = math.ceil(self.low / step - 1e-9)
        return [step * n for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def svg(chart: Chart) -> str:
    """Returns the chart as a whole SVG file."""
    return DRAW[type(chart)](chart)


def dots(chart: Dots) -> str:
    """Returns a line for each point: its label, its interval and its value."""
    left = min(300, 20 + max(7 * len(point.label) for point in chart.points))
    height = 80 + LINE * len(chart.points)
    x = linear(chart.points, left + 10, WIDTH - 70)
    parts = _grid(x, 40, height - 40, vertical=True)
    for row, point in enumerate(chart.points):
        y = 54 + LINE * row
        parts.append(_text(left, y + 4, _short(point.label, left // 7), 'text-anchor="end"'))
        if point.interval:
            low, high = map(x, point.interval)
            parts.append(f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{point.colour}" stroke-width="3"/>')
        parts.append(f'<circle cx="{x(point.value):.1f}" cy="{y}" r="5" fill="{point.colour}"/>')
        parts.append(_text(WIDTH - 56, y + 4, f"{point.value:.3g}"))
    return _file(chart.title, height, [*parts, _text(left + 10, height - 4, chart.axis, 'class="q"')])


def curves(chart: Curves) -> str:
    """Returns the series over a logarithmic x, each point with its interval and its label.

    Points of the same label that lie together share it.
    """
    every = [point for points in chart.series.values() for point in points]
    low, high = min(point.x for point in every), max(point.x for point in every)
    x = Scale(low / 1.3, high * 1.3, 60, WIDTH - 30, log=True)
    y = linear(every, 330, 60)
    parts = [*_grid(x, 60, 330, vertical=True), *_grid(y, 60, WIDTH - 30, vertical=False)]
    labelled: list[tuple[str, float, float]] = []
    for place, (name, points) in enumerate(chart.series.items()):
        colour = points[0].colour
        at = [(x(point.x), y(point.value)) for point in points]
        parts.append(_text(140 + 150 * place, 46, name, f'style="fill:{colour};font-weight:600"'))
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in at)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" opacity=".7"/>')
        for number, (point, (a, b)) in enumerate(zip(points, at, strict=True)):
            if point.interval:
                ends = f"M{a:.1f} {y(point.interval[0]):.1f}V{y(point.interval[1]):.1f}"
                parts.append(f'<path d="{ends}" stroke="{colour}" opacity=".35"/>')
            parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>')
            if any(text == point.label and abs(c - a) < 40 and abs(d - b) < 30 for text, c, d in labelled):
                continue
            labelled.append((point.label, a, b))
            below, last = is_below(chart, place, number), a > WIDTH - 60 - 6 * len(point.label)
            x_text, anchor = (a - 6, 'text-anchor="end" class="q"') if last else (a + 6, 'class="q"')
            parts.append(_text(x_text, b + (15 if below else -6), point.label, anchor))
    axes = [_text(60, 372, chart.x_axis, 'class="q"'), _text(12, 46, chart.axis, 'class="q"')]
    return _file(chart.title, 384, [*parts, *axes])


def matrix(chart: Matrix) -> str:
    """Returns a table whose cells are the darker the nearer they are to the best of their column."""
    left, wide = 200, (WIDTH - 210) / len(chart.columns)
    parts = [_text(left, 46, f"{chart.column_axis} →", 'class="q"'), _text(12, 66, f"{chart.row_axis} ↓", 'class="q"')]
    for column, name in enumerate(chart.columns):
        parts.append(_text(left + wide * (column + 0.5), 66, _short(name, int(wide / 7)), 'text-anchor="middle"'))
    for row, name in enumerate(chart.rows):
        y = 76 + 36 * row
        parts.append(_text(left - 10, y + 22, _short(name, 26), 'text-anchor="end"'))
        for column, value in enumerate(chart.values[row]):
            at = f'x="{left + wide * column + 1:.1f}" y="{y}" width="{wide - 2:.1f}" height="34"'
            middle = left + wide * (column + 0.5)
            if value is None:
                parts.append(_text(middle, y + 22, "not run", 'text-anchor="middle" class="q"'))
                continue
            parts.append(f'<rect {at} fill="#0072B2" opacity="{0.08 + 0.5 * share(chart, column, value):.2f}"/>')
            parts.append(_text(middle, y + 22, f"{value:.3g}", 'text-anchor="middle"'))
    return _file(chart.title, 86 + 36 * len(chart.rows), parts)


DRAW: dict[type, Callable] = {Dots: dots, Curves: curves, Matrix: matrix}


def is_below(chart: Curves, series: int, point: int) -> bool:
    """Returns whether a label stands below its point: of every second series, or of a single series' second points."""
    return bool((series if len(chart.series) > 1 else point) % 2)


def share(chart: Matrix, column: int, value: float) -> float:
    """Returns a value's part of the highest of its column, 0 to 1."""
    best = max(row[column] or 0.0 for row in chart.values)
    return value / best if best else 0.0


def linear(points: Sequence[Point], start: float, end: float) -> Scale:
    """Returns a scale that holds all points with their intervals, with a little room."""
    values = [value for point in points for value in (point.value, *(point.interval or ()))]
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or abs(high) * 0.1 or 1.0
    return Scale(low - room, high + room, start, end)


def _grid(scale: Scale, start: float, end: float, vertical: bool) -> list[str]:
    parts = []
    for tick in scale.ticks():
        at, text = scale(tick), f"{tick:,.0f}" if tick >= 1000 else f"{tick:.6g}"
        path = f"M{at:.1f} {start}V{end}" if vertical else f"M{start} {at:.1f}H{end}"
        parts.append(f'<path class="g" d="{path}"/>')
        x, y, anchor = (at, end + 14, "middle") if vertical else (start - 6, at + 4, "end")
        parts.append(_text(x, y, text, f'text-anchor="{anchor}" class="q"'))
    return parts


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(text)}</text>'


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _file(title: str, height: float, parts: Sequence[str]) -> str:
    heading = _text(12, 22, title, 'class="t"')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f'<rect class="b" width="{WIDTH}" height="{height:.0f}"/>{heading}'
        f"{''.join(parts)}</svg>\n"
    )
