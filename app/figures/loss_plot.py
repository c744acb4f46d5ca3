"""The loss along a run's path as a Plotly figure."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from app.figures.interval_plot import INK, LINE, REMOVED
from app.theme import ARM_COLOURS, SANS

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from app.probe import LossPath

LEAST_SPAN = 0.1  # nats that the axis spans at least: a loss that stands still is drawn as a flat line


def loss_plot(path: LossPath) -> go.Figure:
    """Returns the loss in nats per token over the steps of the run, the end as a ring."""
    import plotly.graph_objects as go

    steps, losses = [row.step for row in path.rows], [row.loss for row in path.rows]
    colour = ARM_COLOURS["ddpt"]
    low, high = min(losses), max(losses)
    room = max(LEAST_SPAN, 1.16 * (high - low)) / 2
    figure = go.Figure(
        go.Scatter(
            x=steps,
            y=losses,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={
                "color": [colour] * (len(steps) - 1) + ["rgba(0,0,0,0)"],
                "size": [5] * (len(steps) - 1) + [11],
                "line": {"color": colour, "width": [0] * (len(steps) - 1) + [2]},
            },
            customdata=[[f"{row.timestep:,}", f"{row.noise * 100:.1f} %"] for row in path.rows],
            hovertemplate="step %{x:,} · timestep %{customdata[0]} · noise %{customdata[1]}<br>"
            "%{y:.4g} nats per token<extra></extra>",
        )
    )
    about = f"step of {path.run.label}, {path.steps:,} steps"
    figure.update_layout(
        height=340,
        margin={"l": 58, "r": 18, "t": 12, "b": 58},
        font={"family": ", ".join(SANS), "size": 12, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        modebar={"remove": REMOVED},
        dragmode=False,
        hoverlabel={"font": {"family": ", ".join(SANS)}},
    )
    figure.update_xaxes(
        title={"text": html.escape(about), "font": {"size": 12}, "standoff": 8},
        range=[-0.02 * path.steps, 1.02 * path.steps],
        fixedrange=True,
        gridcolor=LINE,
        zeroline=False,
        tickformat=",",
    )
    figure.update_yaxes(
        title={"text": "loss, nats per token", "font": {"size": 12}, "standoff": 8},
        range=[(low + high) / 2 - room, (low + high) / 2 + room],
        fixedrange=True,
        gridcolor=LINE,
        zeroline=False,
    )
    return figure


def said(path: LossPath) -> str:
    """Returns in a sentence how the loss goes from the first step to the last."""
    losses = [row.loss for row in path.rows]
    least = min(path.rows, key=lambda row: row.loss)
    told = f"Loss on {path.examples} examples at {len(losses)} steps: "
    if max(losses) - min(losses) < 0.001:
        return told + f"{losses[-1]:.3f} nats per token all along."
    told += f"{losses[0]:.3f} nats per token at the noise, {losses[-1]:.3f} at the end"
    return told + (f"; least {least.loss:.3f} at step {least.step:,}." if least.loss < losses[-1] - 0.0005 else ".")
