"""The main tables of a study in Markdown, from results.json alone: for the report, the card and README."""

from collections.abc import Callable, Sequence
from typing import Any

from ddpt_core.evaluation.text_metrics import METRICS
from ddpt_core.study.scoring import LOSS, PASS
from ddpt_core.tuning.arm_names import DDPT, DDPT_FULL, MANUAL, NONE, PROMPT_TUNING, RESIDUAL

Results = dict[str, Any]

NAMES = {
    NONE: "no context",
    MANUAL: "best manual context",
    PROMPT_TUNING: "prompt tuning",
    RESIDUAL: "residual",
    DDPT: "DDPT",
    DDPT_FULL: "DDPT, full objective",
}
CAVEAT = (
    "Intervals and p-values are over tasks, for the seeds that were run; other trainings may order the arms otherwise. "
    "They are not corrected for how many there are."
)
SHOWN = ("bleu", "codebleu", "chrf", "exact_match", "valid_python")
LABELS = {name: metric.label for name, metric in METRICS.items()} | {PASS: "pass@1", LOSS: "loss"}
LABELS |= {"exact_match": "exact", "valid_python": "parses"}
PERCENT = ("exact_match", "valid_python")
JUDGED = (
    (PROMPT_TUNING, MANUAL),
    (DDPT, MANUAL),
    (DDPT, PROMPT_TUNING),
    (DDPT_FULL, MANUAL),
    (DDPT_FULL, PROMPT_TUNING),
)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a Markdown table."""
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in (head, *rows)]
    first, *others = ["| " + " | ".join(row) + " |" for row in escaped]
    return [first, "|" + "---|" * len(head), *others]


def main_tables(results: Results) -> list[str]:
    """Returns the lines of the tables of a study: text metrics of the data without tests, pass@1 of those with."""
    texts = [data for data in results["data"] if not data["tests"]]
    tested = [data for data in results["data"] if data["tests"]]
    lines: list[str] = []
    for data in texts:
        head = [f"{data['name']}, {data['tasks']} tasks", *(LABELS[metric] for metric in SHOWN)]
        rows = [[NAMES[arm], *(figure(of, metric) for metric in SHOWN)] for arm, of in data["arms"].items()]
        lines += [*table(head, rows), ""]
    if tested:
        head = ["pass@1", *(f"{data['name']}, {data['tasks']} tasks" for data in tested)]
        arms = list(tested[0]["arms"])
        rows = [[NAMES[arm], *(figure(data["arms"][arm], PASS) for data in tested)] for arm in arms]
        lines += [*table(head, rows), ""]
    return [*lines, _legend(results)]


def loss_unit(results: Results) -> str:
    """Returns what the validation losses of a study are counted in."""
    bound = results["plan"].get("bound", 0)
    return f"generalised cross-entropy, q = {bound:g}" if bound else "nats per token"


def _legend(results: Results) -> str:
    said = "In brackets 95 % bootstrap intervals over tasks"
    every = [figures for data in results["data"] for of in data["arms"].values() for figures in of.values()]
    kinds = [
        kind
        for kind, name in (("training", "training_spread"), ("sampling", "sampling_spread"))
        if any(figures[name] is not None for figures in every)
    ]
    if kinds:
        said += f"; below them the standard deviation over {' / '.join(f'{kind} seeds' for kind in kinds)}"
    return said + "."


def figure(of_arm: dict[str, Any], metric: str) -> str:
    """Returns "5.82 [4.22, 7.34]", with the spreads over seeds on a second line if there are any."""
    found = of_arm.get(metric)
    if found is None or found["value"] is None:
        return "not run"
    show = shown(metric)
    text = show(found["value"]) + (" %" if metric in PERCENT else "")
    if found["ci95"]:
        text += f" [{show(found['ci95'][0])}, {show(found['ci95'][1])}]"
    spreads = [found[name] for name in ("training_spread", "sampling_spread") if found[name] is not None]
    return text + (f"<br>± {' / '.join(map(show, spreads))}" if spreads else "")


def shown(metric: str) -> Callable[[float], str]:
    """Returns how a figure of this metric is written."""
    if metric == PASS:
        return lambda value: f"{value:.3f}"
    if metric in PERCENT:
        return lambda value: f"{100 * value:.3g}"
    return lambda value: f"{value:.3g}"


def comparison_table(results: Results) -> list[str]:
    """Returns the lines of the table of pairs: by its chief metric the ratio on every data set, with its p-value."""
    pairs = [pair for pair in results["data"][0]["paired"] if tuple(pair.split("/")) in JUDGED]
    head = ["", *(f"{data['name']}, {LABELS[chief(data)]}" for data in results["data"])]
    rows = []
    for pair in pairs:
        treatment, baseline = pair.split("/")
        cells = [_ratio(data["paired"][pair][chief(data)]) for data in results["data"]]
        rows.append([f"{NAMES[treatment]} / {NAMES[baseline]}", *cells])
    return table(head, rows) if rows else []


def _ratio(pair: dict[str, Any]) -> str:
    if pair["ratio"] is None:
        return "undefined"
    text = f"{pair['ratio']:.2f}"
    if pair["ratio_ci95"]:
        text += " [{:.2f}, {:.2f}]".format(*pair["ratio_ci95"])
    return text + ("" if pair["p_value"] is None else f", p = {pair['p_value']:.2g}")


def chief(data: dict[str, Any]) -> str:
    """Returns the metric that a data set is judged by."""
    return PASS if data["tests"] else "bleu"


def verdicts(results: Results) -> list[str]:
    """Returns a sentence for each data set that says which arm is better than which beyond the interval."""
    return [said for data in results["data"] if (said := _verdict(data))]


def _verdict(data: dict[str, Any]) -> str:
    metric = chief(data)
    kinds: dict[str, list[str]] = {"better": [], "worse": [], "no difference": []}
    for treatment, baseline in JUDGED:
        pair = data["paired"].get(f"{treatment}/{baseline}", {}).get(metric)
        if pair and pair["difference_ci95"]:
            low, high = pair["difference_ci95"]
            kind, word = (
                ("better", "than") if low > 0 else ("worse", "than") if high < 0 else ("no difference", "against")
            )
            said = f"{pair['difference']:+.3g} [{low:+.3g}, {high:+.3g}]"
            kinds[kind].append(f"{NAMES[treatment]} {word} {NAMES[baseline]} ({said})")
    told = [f"{kind} beyond the interval: {', '.join(pairs)}" for kind, pairs in kinds.items() if pairs]
    return f"{data['name']}, {LABELS[metric]}: " + "; ".join(told) + "." if told else ""
