"""The report of a steering study, from its results alone, as blocks that Markdown and HTML share."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ddpt_core.arms import ALL_ARMS, DISTRIBUTION
from ddpt_core.data.styles import STYLES
from ddpt_core.study.charts import SERIES, Chart, Curves, Dots, Point
from ddpt_core.study.document import Block, Bullets, Command, Heading, Paragraph, Picture, Table

TOLD = 0.05  # corrected p-value below which two are told apart
COLOUR = ALL_ARMS[DISTRIBUTION].colour
QUESTION = (
    "DDPT's authors leave open whether conditional inputs (a target language, a complexity) lead to embeddings that "
    "outperform a generalist one on their subtasks (arXiv 2504.04351)."
)


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
        Bullets(found(results)),
        Heading("The paper's open question"),
        Paragraph(answer(results)),
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
        Paragraph(_seeds(figures["seeds"])),
        Heading("When the style is decided"),
        Bullets(_locked(figures["lock_in"])),
        *_llm_weights(results["llm_weights"]),
        Paragraph(CAVEAT),
    ]


CAVEAT = (
    "Adherence is a rule on the parsed code of one greedy answer to each request, and says nothing of whether the code "
    "is right. Intervals are 95 % bootstraps over requests; one denoiser was trained, from one seed."
)


def found(results: Mapping[str, Any]) -> list[str]:
    """Returns what was found, a sentence each."""
    figures = results["figures"]
    at = figures["sizes"]["at"]
    here = next(row for row in figures["guidance"] if row["guidance"] == 1) if figures["guidance"] else None
    said = []
    if here:
        said.append(f"At {at} steps {share(here['adherence'])} of the answers are of the style asked for.")
        others = [f"{name} {share(row['adherence'])}" for name, row in figures["against"].items()]
        said.append(f"Instead of it: {'; '.join(others)}.")
        own = figures["against"]["the style's own tuned prompt"]
        if here["loss"] and own["loss"]:
            more = here["loss"] / own["loss"] - 1
            said.append(
                f"Its loss is {here['loss']:.3f} nats per token, {abs(more):.1%} {'above' if more > 0 else 'below'} "
                f"that of the style's own tuned prompt ({own['loss']:.3f})."
            )
    said.append(best_steps(figures))
    said.append(_seeds(figures["seeds"]))
    said += _locked(figures["lock_in"])
    return said


def best_steps(figures: Mapping[str, Any]) -> str:
    """Returns whether more steps than the fewest are told to be better, and by how much."""
    better = [
        row
        for row in figures["more_steps"]
        if row["p_corrected"] is not None
        and row["p_corrected"] < TOLD
        and (row["difference"] > 0) == (row["what"] == "adherence")
    ]
    if not better:
        return "No number of steps is told to be better than one."
    most = max(better, key=lambda row: abs(row["difference"]))
    unit = (
        f"{most['difference'] * 100:+.0f} points" if most["what"] == "adherence" else f"{most['difference']:+.3f} nats"
    )
    return (
        f"More steps than {most['than']} are better: {most['steps']:,} steps change {most['what']} by {unit} "
        f"(corrected p {most['p_corrected']:.2g}); {len(better)} of {len(figures['more_steps'])} comparisons say so."
    )


def answer(results: Mapping[str, Any]) -> str:
    """Returns the answer to the paper's open question, in figures."""
    figures = results["figures"]
    here = next((row for row in figures["guidance"] if row["guidance"] == 1), figures["steps"][-1])
    mixed = figures["against"]["one prompt tuned on all styles"]
    text = figures["against"].get("a text that names the style")
    better = here["adherence"] > mixed["adherence"]
    said = [
        QUESTION,
        f"Here, on {len(results['prompt']['styles'])} styles of code, conditional runs reach an adherence of "
        f"{share(here['adherence'])} {interval(here['adherence_ci95'])} and {number(here['loss'])} nats per token;",
        f"one prompt tuned on all styles reaches {share(mixed['adherence'])} and {number(mixed['loss'])}",
        f"(a text that names the style {share(text['adherence'])})." if text else ".",
        "So a condition does what a generalist cannot: one vector set must serve all styles, and says which of them "
        "is meant by nothing."
        if better
        else "So the condition gains nothing over the generalist here.",
    ]
    return " ".join(said)


def share(value: float | None) -> str:
    """Returns a share in percent."""
    return "not known" if value is None else f"{value * 100:.0f} %"


def number(value: float | None) -> str:
    """Returns a loss."""
    return "not known" if value is None else f"{value:.3f}"


def interval(ends: Sequence[float] | None, scale: float = 100.0, digits: int = 0) -> str:
    """Returns an interval in brackets, "" for none."""
    return "" if ends is None else f"[{ends[0] * scale:.{digits}f}, {ends[1] * scale:.{digits}f}]"


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
        Point(_label(style), count, None, STYLES[style].colour if style in STYLES else COLOUR)
        for style, count in seeds["by_library"].items()
    ]


def _label(style: str) -> str:
    return STYLES[style].label if style in STYLES else style


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
            _label(style),
            *[share(row["adherence_by_style"].get(style)) for row in columns.values()],
            number(here["loss_by_style"].get(style)),
            number(own.get(style)),
        ]
        for style in results["prompt"]["styles"]
    ]
    return Table(head, rows)


def _seeds(seeds: Mapping[str, Any]) -> str:
    hit = [style for style, count in seeds["by_library"].items() if count]
    missed = [_label(style) for style, count in seeds["by_library"].items() if not count]
    never = f" (never on {', '.join(missed)})" if missed else ""
    return (
        f"Without a style {seeds['count']} seeds end on {len(hit)} of {len(seeds['by_library'])} styles"
        f"{never}, {seeds['entropy_bits']:.2f} bits; their ends lie {seeds['distance']:.2f} of a deviation from the "
        f"nearest prompt of the library, whose own trainings of one style lie {number(seeds['distance_of_library'])} "
        "apart."
    )


def _locked(lock_in: Mapping[str, Any]) -> list[str]:
    said = []
    for of, row in lock_in.items():
        if "median" not in row:
            said.append(f"By the {of}, no path ends on a style.")
            continue
        said.append(
            f"By the {of}, the style of the code no longer changes from step {row['median']:.0f} of {row['steps']} on "
            f"(quartiles {row['quartiles'][0]:.0f} and {row['quartiles'][1]:.0f}, noise {row['noise']:.0%}); "
            f"{row['at_start']:.0%} of {row['paths']} paths show that style at step 0."
        )
    return said


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
