"""Charts as Plotly reads them: plain dicts, so that the core needs no plotly to describe them."""

from collections.abc import Sequence
from html import escape
from typing import Any

from ddpt_core.study.charts import Chart, Curves, Dots, Matrix, Point
from ddpt_core.study.pictures import is_below, share

Figure = dict[str, Any]  # "data" and "layout", or a part of them
LONGEST_LABEL = 34  # letters beside a plot


def figure(chart: Chart) -> Figure:
    """Returns a chart as a Plotly figure; colours of text and grid are left to the page, which knows its theme."""
    match chart:
        case Dots():
            return _dots(chart)
        case Curves():
            return _curves(chart)
        case Matrix():
            return _matrix(chart)


def dots(points: Sequence[Point], rows: Sequence[float], name: str = "") -> Figure:
    """Returns the trace of points of one colour with their intervals, each at the height of its row."""
    looks = {"color": points[0].colour, "symbol": points[0].symbol} if points else {}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _plain(name),
        "x": [point.value for point in points],
        "y": list(rows),
        "marker": {"size": 10, **looks},
        "error_x": _bars(points),
        "customdata": [[_plain(point.label), *(point.interval or [point.value] * 2)] for point in points],
        "hovertemplate": "%{customdata[0]}: %{x:.3g}<br>%{customdata[1]:.3g} to %{customdata[2]:.3g}"
        f"<extra>{_plain(name)}</extra>",
    }


def rows(labels: Sequence[str]) -> Figure:
    """Returns a y axis of named rows, the first of them on top."""
    names = [_plain(label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…") for label in labels]
    return {"tickvals": list(range(len(names))), "ticktext": names, "range": [len(names) - 0.5, -0.5]}


def _dots(chart: Dots) -> Figure:
    traces = [dots([point], [row]) for row, point in enumerate(chart.points)]
    y = rows([point.label for point in chart.points]) | {"automargin": True}
    axes = {"xaxis": {"title": {"text": chart.axis}}, "yaxis": y}
    return _figure(traces, axes | {"height": 120 + 30 * len(traces), "showlegend": False})


def _curves(chart: Curves) -> Figure:
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers+text",
            "name": _plain(name),
            "x": [point.x for point in points],
            "y": [point.value for point in points],
            "text": [_plain(point.label) for point in points],
            "textposition": [
                "bottom center" if is_below(chart, place, number) else "top center" for number in range(len(points))
            ],
            "line": {"color": points[0].colour},
            "error_y": _bars(points),
            "hovertemplate": "%{text}: %{y:.4g} at %{x:.3g}<extra>" + _plain(name) + "</extra>",
        }
        for place, (name, points) in enumerate(chart.series.items())
    ]
    x = [point.x for points in chart.series.values() for point in points]
    ticks = {"dtick": 1} if max(x) > 30 * min(x) else {}  # powers of ten alone, if there are several
    axes = {
        "xaxis": {"type": "log", "title": {"text": chart.x_axis}, **ticks},
        "yaxis": {"title": {"text": chart.axis}},
    }
    return _figure(traces, axes | {"height": 420, "legend": {"orientation": "h", "y": 1.12}})


def _matrix(chart: Matrix) -> Figure:
    shares = [
        [None if value is None else share(chart, place, value) for place, value in enumerate(row)]
        for row in chart.values
    ]
    trace = {
        "type": "heatmap",
        "x": list(map(_plain, chart.columns)),
        "y": list(map(_plain, chart.rows)),
        "z": shares,
        "text": [["not run" if value is None else f"{value:.3g}" for value in row] for row in chart.values],
        "texttemplate": "%{text}",
        "colorscale": [[0, "rgba(0,114,178,0.08)"], [1, "rgba(0,114,178,0.58)"]],
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "hovertemplate": f"{chart.row_axis} %{{y}}, {chart.column_axis} %{{x}}: %{{text}}<extra></extra>",
        "xgap": 2,
        "ygap": 2,
    }
    axes = {
        "xaxis": {"title": {"text": chart.column_axis}, "side": "top"},
        "yaxis": {"title": {"text": chart.row_axis}, "autorange": "reversed", "automargin": True},
    }
    return _figure([trace], axes | {"height": 140 + 46 * len(chart.rows)})


def _bars(points: Sequence[Point]) -> Figure:
    """Returns the intervals as error bars; a point without one has bars of no length."""

    def reach(point: Point, end: int) -> float:
        return abs(point.interval[end] - point.value) if point.interval else 0.0

    ends = {"array": [reach(point, 1) for point in points], "arrayminus": [reach(point, 0) for point in points]}
    return {"type": "data", "symmetric": False, "thickness": 2, "width": 4, **ends}


def _plain(text: str) -> str:
    """Returns a text that Plotly, which reads some markup, shows as it is."""
    return escape(text, quote=False)


def _figure(traces: list[Figure], layout: Figure) -> Figure:
    margins = {"margin": {"l": 60, "r": 30, "t": 40, "b": 50}}
    see_through = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}
    return {"data": traces, "layout": {**margins, **see_through, **layout}}
