"""The charts of a study as Plotly figures in the page's own ink: arms with intervals, samplers by time, transfer."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from app.page.pieces.interval_plot import in_page_ink
from app.studies.figures.study_tables import scales
from ddpt_core.study.charts import Dots, Matrix, charts_of_grid, charts_of_part, dots_of
from ddpt_core.study.plotly_figures import figure as described

if TYPE_CHECKING:
    import plotly.graph_objects as go

CELLS, ON_CELLS = [[0, "#E4EEF6"], [1, "#7DB8E0"]], "#1C2128"


def arms_plot(part: dict[str, Any], data: dict[str, Any], metric: str) -> go.Figure | None:
    """Returns for each arm a dot at its score by one metric and a bar over its 95 % interval; None without a metric."""
    import plotly.graph_objects as go

    if not metric:
        return None
    label, factor, unit = scales()[metric]
    figure = go.Figure(described(dots_of(part, data, metric, factor)))
    about = f"{data['name']}, {data['tasks']:,} tasks: 95 % intervals"
    in_page_ink(figure, f"{label}{unit}<br>{html.escape(about)}")
    return figure.update_layout(margin={"l": 8, "r": 18, "t": 10, "b": 64})


def charts_of(results: dict[str, Any], part: dict[str, Any], data: dict[str, Any]) -> list[go.Figure]:
    """Returns the further charts of a data set: quality against time or size, and transfer between data sets."""
    import plotly.graph_objects as go

    alike = [one for one in results["parts"] if one["of"] == part["of"]]
    charts = [chart for chart in charts_of_part(part | {"data": [data]}) if not isinstance(chart, Dots)]
    figures = []
    for chart in (*charts, *charts_of_grid(alike)):
        figure = go.Figure(described(chart))
        in_page_ink(figure, figure.layout.xaxis.title.text or "")
        if isinstance(chart, Matrix):  # its cells have a colour of their own, on which one ink is read in both themes
            figure.update_traces(colorscale=CELLS, textfont={"color": ON_CELLS, "size": 13})
            figure.update_xaxes(showgrid=False)
            figure.update_yaxes(showgrid=False)
        title = html.escape(chart.title)
        figure.update_layout(title={"text": title, "font": {"size": 13}, "x": 0, "xref": "container", "y": 0.99})
        figure.update_layout(margin={"l": 60, "r": 44, "t": 84, "b": 56})
        figures.append(figure)
    return figures
