"""The charts of a study as plain data: pictures.py draws them as SVG, plotly_figures.py describes them to Plotly."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ddpt_core.arms import ALL_ARMS, DDPT, NONE
from ddpt_core.diffusion.samplers import label_of_sampler
from ddpt_core.study.names import called, chief, label_of

# Of Okabe and Ito 2008, as the arms' own.
SERIES = ("#009E73", "#D55E00", "#0072B2", "#CC79A7", "#E69F00", "#56B4E9")


@dataclass(frozen=True)
class Point:
    """A value with its interval, None for none; `x` is used by curves alone, `symbol` (Plotly's) by dots."""

    label: str
    value: float
    interval: tuple[float, float] | None
    colour: str
    x: float = 0.0
    symbol: str = "circle"


@dataclass(frozen=True)
class Dots:
    """One line for each point, with its interval."""

    title: str
    axis: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Curves:
    """Points of several series over a logarithmic x."""

    title: str
    x_axis: str
    axis: str
    series: Mapping[str, Sequence[Point]]


@dataclass(frozen=True)
class Matrix:
    """Values of rows by columns, None for what was not run; each column has a scale of its own."""

    title: str
    row_axis: str
    column_axis: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]


Chart = Dots | Curves | Matrix


def charts_of_part(part: dict[str, Any]) -> Iterator[Chart]:
    """Yields the charts of one part: for each data set all arms, quality against seconds, quality against size."""
    for data in part["data"]:
        metric = chief(data)
        arms = dots_of(part, data, metric)
        if not arms.points:
            continue
        yield arms
        where = f"{data['name']}, {data['tasks']} tasks"
        if front := _against_seconds(part, data, metric):
            yield Curves(
                f"{part['name']}: quality against time, {where}", "seconds of sampling", label_of(metric), front
            )
        elif sizes := _against_size(part, data, metric):
            title = f"{part['name']}: quality against size, {where}"
            yield Curves(title, "trained parameters", label_of(metric), sizes)


def dots_of(part: dict[str, Any], data: dict[str, Any], metric: str, factor: float = 1.0) -> Dots:
    """Returns a data set's arms by one metric, those that have a value, each times `factor`."""
    points = []
    for name, of in data["arms"].items():
        if (of.get(metric) or {}).get("value") is not None:
            arm = ALL_ARMS[_kind(part, name)]
            points.append(_point(called(name), of[metric], arm.colour, symbol=arm.symbol, factor=factor))
    return Dots(f"{part['name']}: {data['name']}, {data['tasks']} tasks", label_of(metric), points)


def charts_of_grid(parts: Sequence[dict[str, Any]]) -> Iterator[Matrix]:
    """Yields for each arm of the parts of one grid, which differ in what they trained on, a matrix of transfer."""
    sources = list(dict.fromkeys(part["train"] for part in parts))
    if len(sources) < 2 or len(sources) < len(parts):  # a grid over backbones too has several parts for a source
        return
    entries = dict.fromkeys(name for part in parts for data in part["data"] for name in data["arms"])
    columns = list(dict.fromkeys(data["name"] for part in parts for data in part["data"]))
    for entry in entries:
        if _kind(parts[0], entry) == NONE:
            continue
        for metric in ("bleu", "chrf"):  # where all answers to a data set have BLEU-4 0, chrF can still tell them apart
            values = [[_value(part, column, entry, metric) for column in columns] for part in parts]
            if all(any(row) for row in zip(*values, strict=True)):
                break
        title = f"{parts[0]['of']}: {called(entry)}, {label_of(metric)}"
        yield Matrix(title, "trained on", "evaluated on", sources, columns, values)


def _value(part: dict[str, Any], column: str, entry: str, metric: str) -> float | None:
    arms: dict[str, Any] = next((data["arms"] for data in part["data"] if data["name"] == column), {})
    return arms[entry][metric]["value"] if entry in arms else None


def _kind(part: dict[str, Any], entry: str) -> str:
    """Returns the arm of an entry."""
    return part["variants"][part["entries"][entry]]


def _point(
    label: str, figure: dict[str, Any], colour: str, x: float = 0.0, symbol: str = "circle", factor: float = 1.0
) -> Point:
    ends = figure.get("ci95")
    interval = None if ends is None else (factor * ends[0], factor * ends[1])
    return Point(label, factor * figure["value"], interval, colour, x, symbol)


def _against_seconds(part: dict[str, Any], data: dict[str, Any], metric: str) -> dict[str, list[Point]]:
    """Returns series of a sampler's steps by the seconds that they took; {} if all were sampled in the same way."""
    seconds: dict[str, list[float]] = {}
    samplers: dict[str, str] = {}
    for run in data["runs"]:
        if run["seconds"] is not None:
            seconds.setdefault(run["arm"], []).append(run["seconds"])
            samplers[run["arm"]] = run["sampler"]
    variants = {part["entries"][name] for name in samplers}
    if len(set(samplers.values())) < 2 or len(samplers) == len(variants):
        return {}
    series: dict[str, list[Point]] = {}
    for name, sampler in samplers.items():
        scheduler, _, steps = sampler.partition(" ")
        label = label_of_sampler(scheduler)
        line = label if len(variants) == 1 else f"{part['entries'][name]}, {label}"
        colour = SERIES[list(series).index(line) % len(SERIES)] if line in series else SERIES[len(series) % len(SERIES)]
        of = data["arms"][name][metric]
        if of["value"] is not None:
            series.setdefault(line, []).append(_point(steps, of, colour, statistics.median(seconds[name])))
    return {name: sorted(points, key=lambda point: point.x) for name, points in series.items()}


def _against_size(part: dict[str, Any], data: dict[str, Any], metric: str) -> dict[str, list[Point]]:
    """Returns one series of the DDPT variants by trained parameters; {} unless there are at least three sizes."""
    points = []
    for name, of in data["arms"].items():
        trainings = part["trainings"].get(name) or ()
        sizes = [one["trainable_parameters"] for one in trainings if one.get("trainable_parameters")]
        if sizes and _kind(part, name) == DDPT and of[metric]["value"] is not None:
            points.append(_point(called(name), of[metric], ALL_ARMS[DDPT].colour, sizes[0]))
    if len({point.x for point in points}) < 3:
        return {}
    return {ALL_ARMS[DDPT].in_report: sorted(points, key=lambda point: point.x)}
