"""The 95 % intervals of every arm and measure as a Plotly figure."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.page.theme import SANS
from ddpt_core.arms import ALL_ARMS
from ddpt_core.metrics.measures import Measure

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

    figure = go.Figure()
    arms = list(measures[0].scores) if measures else []
    row_height = max(ROW, ARM * (len(arms) + 2))
    top = TOP + LINE_OF_LEGEND * max(0, -(-len(arms) // 3) - 1)
    for place, arm in enumerate(arms):
        offset = (place - (len(arms) - 1) / 2) * ARM / row_height
        known = [(row, m.label, m.scores[arm]) for row, m in enumerate(measures) if m.scores.get(arm)]
        ends = [score.interval or (score.value, score.value) for *_, score in known]
        figure.add_trace(
            go.Scatter(
                name=ALL_ARMS[arm].label,
                mode="markers",
                x=[score.value for *_, score in known],
                y=[row + offset for row, *_ in known],
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [end[1] - score.value for (*_, score), end in zip(known, ends, strict=True)],
                    "arrayminus": [score.value - end[0] for (*_, score), end in zip(known, ends, strict=True)],
                    "thickness": 2,
                    "width": 4,
                },
                marker={"color": ALL_ARMS[arm].colour, "size": 9, "symbol": ALL_ARMS[arm].symbol},
                customdata=[[label, *end] for (_, label, _), end in zip(known, ends, strict=True)],
                hovertemplate="%{customdata[0]}: %{x:.3g}<br>%{customdata[1]:.3g} to %{customdata[2]:.3g}",
            )
        )
    figure.update_layout(
        height=top + row_height * len(measures) + BOTTOM,
        margin={"l": 96, "r": 18, "t": top, "b": BOTTOM},
        font={"family": ", ".join(SANS), "size": 12, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
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
        modebar={"remove": REMOVED},
        dragmode=False,
        hoverlabel={"font": {"family": ", ".join(SANS)}},
    )
    figure.update_xaxes(fixedrange=True, gridcolor=LINE, zeroline=False, ticks="")
    if not close:
        figure.update_xaxes(range=[-2, 102], dtick=20)
    for row in range(1, len(measures)):
        figure.add_hline(row - 0.5, line={"color": LINE, "width": 1})
    figure.update_xaxes(title={"text": html.escape(about), "font": {"size": 12}, "standoff": 8})
    figure.update_yaxes(
        tickvals=list(range(len(measures))),
        ticktext=[measure.label for measure in measures],
        range=[len(measures) - 0.5, -0.5],
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        ticks="",
    )
    return figure
