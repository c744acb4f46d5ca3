"""The main tables of a study's part, from results.json alone: for the report, the card and README."""

from collections.abc import Callable
from typing import Any

from ddpt_core.metrics.table import METRICS, PASS, figure_named
from ddpt_core.study.document import Block, Paragraph, Table
from ddpt_core.study.names import called, chief, label_of

Results = dict[str, Any]
Part = dict[str, Any]

ALPHA = 0.05  # a corrected p-value up to this is told as a difference
MOST_TOLD = 8  # pairs in a sentence
CAVEAT = (
    "Intervals and p-values are over tasks, for the seeds that were run; other trainings may order the arms otherwise."
)


def main_tables(part: Part) -> list[Block]:
    """Returns the tables of a part: text metrics of the data without tests, pass@1 of those with."""
    texts = [data for data in part["data"] if not data["tests"]]
    tested = [data for data in part["data"] if data["tests"]]
    columns = [name for name, metric in METRICS.items() if metric.in_tables]
    blocks: list[Block] = []
    for data in texts:
        head = [f"{data['name']}, {data['tasks']} tasks", *(label_of(metric) for metric in columns)]
        rows = [[called(arm), *(figure(of, metric) for metric in columns)] for arm, of in data["arms"].items()]
        blocks.append(Table(head, rows))
    if tested:
        head = ["pass@1", *(f"{data['name']}, {data['tasks']} tasks" for data in tested)]
        arms = list(dict.fromkeys(arm for data in tested for arm in data["arms"]))
        rows = [[called(arm), *(figure(data["arms"].get(arm, {}), PASS) for data in tested)] for arm in arms]
        blocks.append(Table(head, rows))
    return [*blocks, Paragraph(_legend(part))] if blocks else []


def loss_unit(part: Part) -> str:
    """Returns what the validation losses of a part are counted in."""
    bound = part["plan"].get("bound", 0)
    return f"generalised cross-entropy, q = {bound:g}" if bound else "nats per token"


def _legend(part: Part) -> str:
    said = "In brackets 95 % bootstrap intervals over tasks"
    every = [figures for data in part["data"] for of in data["arms"].values() for figures in of.values()]
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
    text = show(found["value"]) + (" %" if _percent(metric) else "")
    if found["ci95"]:
        text += f" [{show(found['ci95'][0])}, {show(found['ci95'][1])}]"
    spreads = [found[name] for name in ("training_spread", "sampling_spread") if found[name] is not None]
    return text + (f"\n± {' / '.join(map(show, spreads))}" if spreads else "")


def shown(metric: str) -> Callable[[float], str]:
    """Returns how a figure of this metric is written."""
    if metric == PASS:
        return lambda value: f"{value:.3f}"
    if _percent(metric):
        return lambda value: f"{100 * value:.3g}"
    return lambda value: f"{value:.3g}"


def _percent(metric: str) -> bool:
    return metric != PASS and figure_named(metric).scale == 1


def comparison_table(part: Part) -> list[Block]:
    """Returns the table of pairs, by the chief metric of every data set, and what its p-values are; or nothing."""
    pairs = list(dict.fromkeys(pair for data in part["data"] for pair in data["paired"]))
    if not pairs:
        return []
    head = ["", *(f"{data['name']}, {label_of(chief(data))}" for data in part["data"])]
    rows = []
    for pair in pairs:
        treatment, baseline = pair.split("/")
        cells = [_ratio(data["paired"].get(pair, {}).get(chief(data))) for data in part["data"]]
        rows.append([f"{called(treatment)} / {called(baseline)}", *cells])
    note = (
        "Ratios with 95 % intervals; p-values are two-sided, from a paired bootstrap over tasks, and behind the arrow "
        f"corrected by Holm's method for the {comparisons(part)} comparisons of this table. {CAVEAT}"
    )
    return [Table(head, rows), Paragraph(note)]


def comparisons(part: Part) -> int:
    """Returns how many p-values the table of pairs has."""
    return sum(pair[chief(data)]["p_value"] is not None for data in part["data"] for pair in data["paired"].values())


def _ratio(pair: dict[str, Any] | None) -> str:
    if pair is None:
        return "not run"
    if pair["ratio"] is None:
        return "undefined"
    text = f"{pair['ratio']:.2f}"
    if pair["ratio_ci95"]:
        text += " [{:.2f}, {:.2f}]".format(*pair["ratio_ci95"])
    return text + ("" if pair["p_value"] is None else f", p = {pair['p_value']:.2g} → {pair['p_holm']:.2g}")


def verdicts(results: Results) -> list[str]:
    """Returns a sentence for each part and data set that says which arms differ, by corrected p-values."""
    several = len(results["parts"]) > 1
    return [
        (f"{part['name']}: " if several else "") + said
        for part in results["parts"]
        for data in part["data"]
        if (said := _verdict(part, data))
    ]


def _verdict(part: Part, data: dict[str, Any]) -> str:
    metric = chief(data)
    measured = {pair: of[metric] for pair, of in data["paired"].items() if of[metric]["p_holm"] is not None}
    if not measured:
        return ""
    found = {pair: one for pair, one in measured.items() if one["p_holm"] <= ALPHA}
    told = []
    for pair, one in sorted(found.items(), key=lambda item: item[1]["p_holm"])[:MOST_TOLD]:
        first, second = map(called, pair.split("/"))
        low, high = one["difference_ci95"]
        word = "better" if one["difference"] > 0 else "worse"
        told.append(
            f"{first} is {word} than {second} ({one['difference']:+.3g} [{low:+.3g}, {high:+.3g}], "
            f"p = {one['p_holm']:.2g})"
        )
    if len(found) > len(told):
        told.append(f"{len(found) - len(told)} more pairs differ")
    rest = len(measured) - len(found)
    if rest:
        which = "any of its" if rest > 1 and not found else "the other" if found else "its"
        told.append(f"no difference can be told in {which} {rest} pair{'s' * (rest > 1)}")
    how = f"p-values corrected by Holm's method for {comparisons(part)} comparisons"
    return f"{data['name']}, {label_of(metric)}: {'; '.join(told)} ({how})."
