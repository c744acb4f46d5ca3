"""The report of a study from results.json alone, as blocks that Markdown and HTML share."""

import itertools
import re
from collections.abc import Sequence
from typing import Any

from ddpt_core.arms import ALL_ARMS
from ddpt_core.study.charts import Chart, charts_of_grid, charts_of_part
from ddpt_core.study.document import Block, Bullets, Command, Heading, Paragraph, Picture, Table
from ddpt_core.study.names import called, label_of
from ddpt_core.study.tables import (
    Part,
    Results,
    comparison_table,
    figure,
    loss_unit,
    main_tables,
    verdicts,
)


def report(results: Results) -> list[Block]:
    """Returns the whole report: what was found, and of every part charts, tables, choices, trainings, command."""
    several = len(results["parts"]) > 1
    said = verdicts(results)
    blocks: list[Block] = [
        Heading(f"Study: {results['name']}", 1),
        Paragraph(f"Made on {results['created']} with {_versions(results)} by"),
        Command(results["command"]),
    ]
    if results["limit"]:
        blocks.append(Paragraph(f"Only the first {results['limit']:,} tasks of every data set were used (`--limit`)."))
    if said:
        blocks += [Heading("Which is better"), Bullets(said)]
    names = _Names()
    for _, group in itertools.groupby(results["parts"], key=lambda part: part["of"]):
        parts = list(group)
        transfer = list(charts_of_grid(parts))
        if transfer:
            blocks += [Heading(f"{parts[0]['of']}: transfer"), *names.pictures(transfer)]
        for part in parts:
            blocks += _part(part, results["command"], names, several)
    return blocks


def pictures_of(blocks: Sequence[Block]) -> list[Picture]:
    """Returns the pictures among the blocks."""
    return [block for block in blocks if isinstance(block, Picture)]


class _Names:
    """Gives every picture a file's name of its own."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def pictures(self, charts: Sequence[Chart]) -> list[Block]:
        """Returns the charts as pictures."""
        return [Picture(self._name(chart.title), chart) for chart in charts]

    def _name(self, title: str) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:80] or "chart"
        name = next(one for n in itertools.count(1) if (one := f"{slug}{f'-{n}' * (n > 1)}.svg") not in self.used)
        self.used.add(name)
        return name


def _part(part: Part, command: str, names: _Names, several: bool) -> list[Block]:
    backbone = part["backbone"]
    known = f" (sha256 {backbone['sha256'][:12]}…)" if backbone["sha256"] else ""
    about = f"Backbone `{backbone['name']}`{known}, trained on {part['train']}."
    blocks: list[Block] = [Heading(part["name"]), Paragraph(about)]
    blocks += names.pictures(list(charts_of_part(part)))
    blocks += main_tables(part)
    blocks += comparison_table(part)
    if refused := [data for data in part["data"] if data["tests_refused"]]:
        blocks.append(
            Bullets([f"The tests of {data['name']} were not run: {data['tests_refused']}" for data in refused])
        )
    if part["failed"]:
        blocks += [
            Paragraph("What failed; the rest went on:"),
            Bullets([f"{one['what']}: {one['why']}" for one in part["failed"]]),
        ]
    if part["choices"]:
        blocks += _choices(part)
    blocks += _trainings(part)
    for data in part["data"]:
        if data["arms"]:
            blocks += [Heading(f"{data['name']}: all figures", 3), _all_figures(data)]
    if several:
        blocks += [Paragraph("These tables and pictures are made by"), Command(command)]
    return blocks


def _choices(part: Part) -> list[Block]:
    rows = []
    for arm, choice in part["choices"].items():
        candidates = choice.get("contexts") or choice["rates"]
        for place, one in enumerate(candidates):
            what = f"“{' '.join(one['text'].split())}”" if "text" in one else f"rate {one['lr']:g}"
            mark = "chosen" if place == choice["chosen"] else one.get("failed", "")
            rows.append([called(arm), what, _number(one["validation_loss"], ".4f"), _number(one["bleu"], ".3g"), mark])
    held = part["validation"]
    by = label_of(part["plan"].get("choose_by", "bleu"))
    note = (
        f"By {by}. Of the training data {held['tasks']:,} tasks were kept out for the loss; {held['written']:,} of "
        "them were answered for BLEU-4."
    )
    head = ["arm", "candidate", f"validation loss, {loss_unit(part)}", "BLEU-4", ""]
    return [Heading("Chosen on validation", 3), Paragraph(note), Table(head, rows)]


def _trainings(part: Part) -> list[Block]:
    rows = []
    for arm, several in part["trainings"].items():
        for one in several:
            kind = ALL_ARMS.get(part["variants"].get(arm, ""))
            steps = ", ".join(f"{number}: {loss:.4f}" for number, loss in one.get("steps_ablation", {}).items())
            rows.append(
                [
                    called(arm),
                    str(one["seed"]),
                    f"{one['lr']:g}",
                    _number(one.get("trainable_parameters"), ","),
                    f"{one['llm_passes']:,}",
                    f"{one['best_step']:,}",
                    f"{one['validation_loss']:.4f}",
                    _number(one.get("validation_bleu"), ".3g"),
                    f"{one['seconds']:.0f} s",
                    _number(one.get("seed_spread"), ".2g") if kind and kind.sampled else "–",
                    steps or "–",
                ]
            )
    if not rows:
        return []
    head = ["arm", "seed", "rate", "parameters", "LLM passes", "best step", "loss", "BLEU-4", "time", "seed spread"]
    note = (
        "Seed spread: standard deviation of the final context over 8 seeds, over the vocabulary's; near 0 the denoiser "
        "ignores the noise. Loss by steps: validation loss of the context that so many steps lead to."
    )
    return [Heading("Trainings", 3), Table([*head, "loss by steps"], rows), Paragraph(note)]


def _all_figures(data: dict[str, Any]) -> Table:
    metrics = list(next(iter(data["arms"].values())))
    seconds: dict[str, list[float]] = {}
    for run in data["runs"]:
        if run.get("seconds") is not None:
            seconds.setdefault(run["arm"], []).append(run["seconds"])
    rows = [
        [called(arm), str(of[metrics[0]]["seeds"]), *(figure(of, metric) for metric in metrics)]
        + ([f"{sum(seconds[arm]) / len(seconds[arm]):.3g} s" if arm in seconds else "–"] if seconds else [])
        for arm, of in data["arms"].items()
    ]
    return Table(["arm", "runs", *(label_of(metric) for metric in metrics), *(["sampling"] if seconds else [])], rows)


def _versions(results: Results) -> str:
    return ", ".join(f"{name} {version}" for name, version in results["versions"].items())


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"
