"""The 95 % intervals of every arm and measure as a Plotly figure."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.page.theme import SANS
from ddpt_core.arms import ALL_ARMS
from ddpt_core.metrics.measures import Measure
from ddpt_core.study.charts import Point
from ddpt_core.study.plotly_figures import dots, rows

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROW, TOP, BOTTOM = 54, 34, 58  # pixels: each measure, the legend, the axis and what stands below it
ARM, LINE_OF_LEGEND = 13, 20  # pixels: between two arms, and of a line of the legend, which holds three arms
INK = "#7C8693"  # readable on both themes and on the white of a saved picture
SAVE = """() => {
  const plot = document.querySelector("#ELEMENT .js-plotly-plot");
  const layout = {...plot.layout, paper_bgcolor: "#FFFFFF", font: {...plot.layout.font, color: "#1C2128"}};
  const picture = {format: "png", scale: 2, width: plot.clientWidth, height: plot.clientHeight, filename: "NAME"};
  window.Plotly.downloadImage({data: plot.data, layout}, picture);
}"""  # on white, whatever the theme
LINE = "rgba(128,138,150,0.28)"
REMOVED = ["toImage", "zoom", "pan", "select", "lasso", "zoomIn", "zoomOut", "autoScale", "resetScale"]


def save_script(elem_id: str, name: str) -> str:
    """Returns the script that saves the plot of that element as the picture `name`.png."""
    return SAVE.replace("ELEMENT", elem_id).replace("NAME", name)


def interval_plot(measures: Sequence[Measure], about: str = "", close: bool = False) -> go.Figure:
    """Returns a row for each measure, in it for each arm a dot at its score and a bar over its interval, 0 to 100.

    `about` stands below the axis, so that a saved picture says of what it is. `close` lets the axis end where the
    intervals do, as a loss needs.
    """
    import plotly.graph_objects as go

    arms = list(measures[0].scores) if measures else []
    row_height = max(ROW, ARM * (len(arms) + 2))
    top = TOP + LINE_OF_LEGEND * max(0, -(-len(arms) // 3) - 1)
    traces = []
    for place, name in enumerate(arms):
        arm, offset = ALL_ARMS[name], (place - (len(arms) - 1) / 2) * ARM / row_height
        known = [(row + offset, m.label, score) for row, m in enumerate(measures) if (score := m.scores.get(name))]
        points = [Point(label, s.value, s.interval, arm.colour, symbol=arm.symbol) for _, label, s in known]
        traces.append(dots(points, [height for height, *_ in known], arm.label))
    figure = go.Figure({"data": traces, "layout": {"yaxis": rows([measure.label for measure in measures])}})
    in_page_ink(figure, html.escape(about))
    figure.update_layout(
        height=top + row_height * len(measures) + BOTTOM,
        margin={"l": 96, "r": 18, "t": top, "b": BOTTOM},
        legend={
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "y": 1,
            "yref": "container",
            "xanchor": "left",
            "yanchor": "top",
            "entrywidth": 0,  # as wide as its text
            "itemclick": False,
            "itemdoubleclick": False,
        },
    )
    figure.update_xaxes(title={"standoff": 8})
    figure.update_yaxes(showgrid=False)
    if not close:
        figure.update_xaxes(range=[-2, 102], dtick=20)
    for row in range(1, len(measures)):
        figure.add_hline(row - 0.5, line={"color": LINE, "width": 1})
    return figure


def in_page_ink(figure: go.Figure, below: str) -> None:
    """Gives a figure the page's letters, lines and manners; `below` stands under its axis."""
    figure.update_layout(
        font={"family": ", ".join(SANS), "size": 12, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        modebar={"remove": REMOVED},
        dragmode=False,
        hoverlabel={"font": {"family": ", ".join(SANS)}},
    )
    figure.update_xaxes(title={"text": below, "font": {"size": 12}}, fixedrange=True, gridcolor=LINE, zeroline=False)
    figure.update_yaxes(fixedrange=True, gridcolor=LINE, zeroline=False)
