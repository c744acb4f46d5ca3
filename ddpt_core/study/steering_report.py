"""The report of a steering study, from its results alone, as blocks that Markdown and HTML share."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ddpt_core.arms import ALL_ARMS, DISTRIBUTION
from ddpt_core.data.styles import STYLES
from ddpt_core.steering.words import (
    CAVEAT,
    answer,
    found,
    interval,
    label_of,
    number,
    said_of_lock_in,
    said_of_seeds,
    share,
)
from ddpt_core.study.charts import SERIES, Chart, Curves, Dots, Point
from ddpt_core.study.document import Block, Bullets, Command, Heading, Paragraph, Picture, Table

COLOUR = ALL_ARMS[DISTRIBUTION].colour


def report(results: Mapping[str, Any]) -> list[Block]:
    """Returns the whole report."""
    figures, prompt = results["figures"], results["prompt"]
    library = results["library"]
    cost = (
        f"The library: {library['prompts']:,} prompts of {len(prompt['styles'])} styles, {library['llm_passes']:,} LLM "
        f"passes and {library['seconds'] / 60:.0f} minutes of tuning."
    )
    return [
        Heading(f"Study: {results['name']}", 1),
        Paragraph(f"Made on {results['created']} of the prompt `{prompt['name']}` by"),
        Command(results["command"]),
        Paragraph(cost),
        Heading("What was found"),
        Bullets(found(figures)),
        Heading("The paper's open question"),
        Paragraph(answer(figures)),
        Heading("Steps"),
        *_curve("Adherence against steps", "steps of the run", "adherence", figures["steps"], "adherence", "steps"),
        *_curve("Loss against steps", "steps of the run", "nats per token", figures["steps"], "loss", "steps"),
        _sampled_table(figures["steps"], "steps"),
        Paragraph("Each number of steps against the least, paired by request and by task; p corrected (Holm):"),
        _more_steps(figures["more_steps"]),
        Heading("Guidance"),
        *_dots("Adherence against guidance", "adherence", _by_guidance(figures["guidance"], "adherence")),
        _sampled_table(figures["guidance"], "guidance"),
        Heading("Against what one would do instead"),
        *_dots("Adherence", "adherence", _against(figures, "adherence")),
        *_dots("Loss on held-out tasks of the style", "nats per token", _against(figures, "loss")),
        Heading("Each style"),
        _by_style(results),
        Heading("Seeds without a style"),
        *_dots("Where runs without a style end", "runs", _ends(figures["seeds"])),
        Paragraph(said_of_seeds(figures["seeds"])),
        Heading("When the style is decided"),
        Bullets(said_of_lock_in(figures["lock_in"])),
        *_llm_weights(results["llm_weights"]),
        Paragraph(CAVEAT),
    ]


def _picture(chart: Chart) -> list[Block]:
    return [Picture(f"{re.sub(r'[^a-z0-9]+', '-', chart.title.lower()).strip('-')}.svg", chart)]


def _points(rows: Sequence[Mapping[str, Any]], what: str, by: str) -> list[Point]:
    return [
        Point(f"{row[by]:,}", row[what], _pair(row[f"{what}_ci95"]), COLOUR, row[by])
        for row in rows
        if row[what] is not None
    ]


def _pair(ends: Sequence[float] | None) -> tuple[float, float] | None:
    return None if ends is None else (ends[0], ends[1])


def _curve(title: str, x: str, axis: str, rows: Sequence[Mapping[str, Any]], what: str, by: str) -> list[Block]:
    points = _points(rows, what, by)
    return _picture(Curves(title, x, axis, {ALL_ARMS[DISTRIBUTION].in_report: points})) if len(points) > 1 else []


def _dots(title: str, axis: str, points: Sequence[Point]) -> list[Block]:
    return _picture(Dots(title, axis, points)) if points else []


def _by_guidance(rows: Sequence[Mapping[str, Any]], what: str) -> list[Point]:
    return [
        Point(f"guidance {point.label}", point.value, point.interval, COLOUR)
        for point in _points(rows, what, "guidance")
    ]


def _against(figures: Mapping[str, Any], what: str) -> list[Point]:
    rows = {f"a run of {row['steps']:,} steps": row for row in figures["guidance"] if row["guidance"] == 1}
    named = rows | dict(figures["against"])
    return [
        Point(name, row[what], _pair(row[f"{what}_ci95"]), COLOUR if name in rows else SERIES[2])
        for name, row in named.items()
        if row[what] is not None
    ]


def _ends(seeds: Mapping[str, Any]) -> list[Point]:
    return [
        Point(label_of(style), count, None, STYLES[style].colour if style in STYLES else COLOUR)
        for style, count in seeds["by_library"].items()
    ]


def _sampled_table(rows: Sequence[Mapping[str, Any]], by: str) -> Block:
    head = (by, "adherence", "nats per token", "distance to the library", "spread over seeds")
    return Table(
        head,
        [
            [
                f"{row[by]:,g}",
                f"{share(row['adherence'])} {interval(row['adherence_ci95'])}",
                f"{number(row['loss'])} {interval(row['loss_ci95'], 1, 3)}",
                f"{row['distance']:.3f}",
                f"{row['spread']:.3f}",
            ]
            for row in rows
        ],
    )


def _more_steps(rows: Sequence[Mapping[str, Any]]) -> Block:
    return Table(
        ("steps", "what", "difference", "p", "p corrected"),
        [
            [
                f"{row['steps']:,} against {row['than']}",
                row["what"],
                f"{row['difference']:+.3f} {interval(row['difference_ci95'], 1, 3)}",
                f"{row['p_value']:.2g}",
                f"{row['p_corrected']:.2g}",
            ]
            for row in rows
            if row["p_value"] is not None
        ],
    )


def _by_style(results: Mapping[str, Any]) -> Block:
    figures = results["figures"]
    here = next((row for row in figures["guidance"] if row["guidance"] == 1), figures["steps"][-1])
    against = figures["against"]
    columns = {"conditional run": here} | against
    head = ["style", *[f"{name}: adherence" for name in columns], "conditional run: loss", "own tuned prompt: loss"]
    own = against["the style's own tuned prompt"]["loss_by_style"]
    rows = [
        [
            label_of(style),
            *[share(row["adherence_by_style"].get(style)) for row in columns.values()],
            number(here["loss_by_style"].get(style)),
            number(own.get(style)),
        ]
        for style in results["prompt"]["styles"]
    ]
    return Table(head, rows)


def _llm_weights(rows: Sequence[Mapping[str, Any]]) -> list[Block]:
    if not rows:
        return []
    several = [f"{one['steps']:,} steps: {what}" for one in rows[0]["steps"] for what in ("adherence", "loss")]
    head = ["LLM weight", *several, "styles hit", "bits", "spread"]
    told = [
        [
            f"{row['llm_weight']:g}",
            *[text for one in row["steps"] for text in (share(one["adherence"]), number(one["loss"]))],
            f"{sum(count > 0 for count in row['seeds']['by_library'].values())}",
            f"{row['seeds']['entropy_bits']:.2f}",
            f"{row['seeds']['spread']:.3f}",
        ]
        for row in rows
    ]
    return [Heading("What the LLM loss does"), Table(head, told)]
