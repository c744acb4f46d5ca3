"""The charts of a study as Plotly figures in the page's own ink: arms with intervals, samplers by time, transfer."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from app.page.pieces.interval_plot import INK, LINE, REMOVED
from app.page.theme import SANS
from app.studies.figures.study_tables import called, scales
from ddpt_core.arms import ALL_ARMS

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROW, MARGINS = 30, 120  # pixels: of an arm, and of what stands around them
CELLS, ON_CELLS = [[0, "#E4EEF6"], [1, "#7DB8E0"]], "#1C2128"
LONGEST_NAME = 34  # letters of an arm's name beside the plot


def arms_plot(part: dict[str, Any], data: dict[str, Any], metric: str) -> go.Figure | None:
    """Returns for each arm a dot at its score by one metric and a bar over its 95 % interval; None without a metric."""
    import plotly.graph_objects as go

    if not metric:
        return None
    label, factor, unit = scales()[metric]
    known = [(name, of[metric]) for name, of in data["arms"].items() if (of.get(metric) or {}).get("value") is not None]
    kinds = [part["variants"][part["entries"][name]] for name, _ in known]
    values = [factor * found["value"] for _, found in known]
    ends = [[factor * end for end in found["ci95"] or [found["value"]] * 2] for _, found in known]
    figure = go.Figure(
        go.Scatter(
            mode="markers",
            x=values,
            y=list(range(len(known))),
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - value for value, (_, high) in zip(values, ends, strict=True)],
                "arrayminus": [value - low for value, (low, _) in zip(values, ends, strict=True)],
                "thickness": 2,
                "width": 4,
                "color": INK,
            },
            marker={
                "color": [ALL_ARMS[kind].colour for kind in kinds],
                "symbol": [ALL_ARMS[kind].symbol for kind in kinds],
                "size": 10,
            },
            customdata=[[html.escape(called(name)), *end] for (name, _), end in zip(known, ends, strict=True)],
            hovertemplate="%{customdata[0]}: %{x:.3g}<br>%{customdata[1]:.3g} to %{customdata[2]:.3g}<extra></extra>",
        )
    )
    about = f"{data['name']}, {data['tasks']:,} tasks: 95 % intervals"
    named = [_short(called(name)) for name, _ in known]
    _styled(figure, MARGINS + ROW * len(known), f"{label}{unit}<br>{html.escape(about)}")
    figure.update_layout(margin={"l": 8, "r": 18, "t": 10, "b": 64}, showlegend=False)
    figure.update_yaxes(
        tickvals=list(range(len(known))), ticktext=named, range=[len(known) - 0.5, -0.5], automargin=True
    )
    return figure


def charts_of(results: dict[str, Any], part: dict[str, Any], data: dict[str, Any]) -> list[go.Figure]:
    """Returns the further charts of a data set: quality against time or size, and transfer between data sets."""
    import plotly.graph_objects as go

    from ddpt_core.study.charts import Dots, Matrix, charts_of_grid, charts_of_part
    from ddpt_core.study.plotly_figures import figure as described

    alike = [one for one in results["parts"] if one["of"] == part["of"]]
    charts = [chart for chart in charts_of_part(part | {"data": [data]}) if not isinstance(chart, Dots)]
    figures = []
    for chart in (*charts, *charts_of_grid(alike)):
        figure = go.Figure(described(chart))
        _styled(figure, figure.layout.height, figure.layout.xaxis.title.text or "")
        if isinstance(chart, Matrix):  # its cells have a colour of their own, on which one ink is read in both themes
            figure.update_traces(colorscale=CELLS, textfont={"color": ON_CELLS, "size": 13})
            figure.update_xaxes(showgrid=False)
            figure.update_yaxes(showgrid=False)
        title = html.escape(chart.title)
        figure.update_layout(title={"text": title, "font": {"size": 13}, "x": 0, "xref": "container", "y": 0.99})
        figure.update_layout(margin={"l": 60, "r": 44, "t": 84, "b": 56})
        figures.append(figure)
    return figures


def _styled(figure: go.Figure, height: float, below: str) -> None:
    figure.update_layout(
        height=height,
        font={"family": ", ".join(SANS), "size": 12, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        modebar={"remove": REMOVED},
        dragmode=False,
        hoverlabel={"font": {"family": ", ".join(SANS)}},
    )
    figure.update_xaxes(title={"text": below, "font": {"size": 12}}, fixedrange=True, gridcolor=LINE, zeroline=False)
    figure.update_yaxes(fixedrange=True, gridcolor=LINE, zeroline=False)


def _short(name: str) -> str:
    return html.escape(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")
