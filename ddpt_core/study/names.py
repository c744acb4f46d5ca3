"""How a study's arms, metrics and times are called in its reports, and which metric counts."""

from typing import Any

from ddpt_core.arms import ALL_ARMS
from ddpt_core.diffusion.samplers import SAMPLERS, label_of_sampler
from ddpt_core.metrics.table import PASS, figure_named


def called(name: str) -> str:
    """Returns how an entry is called in a text: "ddpt, ddim 10" is "DDPT, DDIM 10"; a name of the plan's own stays."""
    variant, _, sampler = name.rpartition(", ")
    scheduler, _, steps = sampler.partition(" ")
    if variant and scheduler in SAMPLERS:
        return f"{_arm(variant)}, {label_of_sampler(scheduler)} {steps}".rstrip()
    return _arm(name)


def _arm(name: str) -> str:
    return ALL_ARMS[name].in_report if name in ALL_ARMS else name


def label_of(metric: str) -> str:
    """Returns what heads a metric's column."""
    figure = figure_named(metric)
    return figure.short or figure.label


def chief(data: dict[str, Any]) -> str:
    """Returns the metric that a data set is judged by."""
    return PASS if data["tests"] else "bleu"


def duration(seconds: float) -> str:
    """Returns a time as people say it: "40 s", "12 min", "3.5 h"; never less than a second."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
