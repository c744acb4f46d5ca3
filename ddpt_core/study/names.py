"""How a study's arms and metrics are called in its reports, and which metric counts."""

from typing import Any

from ddpt_core.arms import DDPT, DDPT_FULL, MANUAL, NONE, PROMPT_TUNING, RESIDUAL
from ddpt_core.metrics.text_metrics import METRICS

PASS, LOSS = "pass_at_1", "loss"  # metrics beside those of the text
NAMES = {
    NONE: "no context",
    MANUAL: "best manual context",
    PROMPT_TUNING: "prompt tuning",
    RESIDUAL: "residual",
    DDPT: "DDPT",
    DDPT_FULL: "DDPT, full objective",
}
SCHEDULER_LABELS = {"ddpm": "DDPM", "ddim": "DDIM", "dpmsolver++": "DPM-Solver++"}
LABELS = {name: metric.label for name, metric in METRICS.items()} | {PASS: "pass@1", LOSS: "loss"}
LABELS |= {"exact_match": "exact", "valid_python": "parses"}


def called(name: str) -> str:
    """Returns how an entry is called in a text: "ddpt, ddim 10" is "DDPT, DDIM 10"; a name of the plan's own stays."""
    variant, _, sampler = name.rpartition(", ")
    scheduler, _, steps = sampler.partition(" ")
    if variant and scheduler in SCHEDULER_LABELS:
        return f"{NAMES.get(variant, variant)}, {SCHEDULER_LABELS[scheduler]} {steps}".rstrip()
    return NAMES.get(name, name)


def chief(data: dict[str, Any]) -> str:
    """Returns the metric that a data set is judged by."""
    return PASS if data["tests"] else "bleu"
