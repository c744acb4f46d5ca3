"""The report of a study in Markdown, from results.json alone."""

from typing import Any

from ddpt_core.study.plan import SAMPLED
from ddpt_core.study.tables import (
    CAVEAT,
    LABELS,
    NAMES,
    Results,
    comparison_table,
    figure,
    loss_unit,
    main_tables,
    table,
    verdicts,
)


def report(results: Results) -> str:
    """Returns the whole report: tables, comparisons in words, choices, trainings, and the command that makes it."""
    backbone, plan = results["backbone"], results["plan"]
    lines = [
        "# Prompts compared",
        "",
        f"Backbone `{backbone['name']}` (sha256 {backbone['sha256'][:12]}…), {results['created']}:",
        "",
        f"    {results['command']}",
        "",
        *main_tables(results),
        "",
        *_comparisons(results),
        "## Chosen on validation",
        "",
        f"By {LABELS[plan.get('choose_by', 'bleu')]}. Of the training data {results['validation']['tasks']:,} tasks "
        f"were kept out for the loss; {results['validation']['written']:,} of them were answered for BLEU-4.",
        "",
        *_choices(results),
        "",
        "## Trainings",
        "",
        *_trainings(results),
    ]
    for data in results["data"]:
        lines += ["", f"## {data['name']}: all figures", "", *_all_figures(data)]
        if data["tests_refused"]:
            lines += ["", f"Its tests were not run: {data['tests_refused']}"]
    return "\n".join(lines) + "\n"


def _comparisons(results: Results) -> list[str]:
    pairs = comparison_table(results)
    if not pairs:
        return []
    return [
        "## Which is better",
        "",
        *pairs,
        "",
        "Ratios with 95 % intervals; p-values of the difference are two-sided, from a paired bootstrap over tasks.",
        CAVEAT,
        "",
        *(f"- {sentence}" for sentence in verdicts(results)),
        "",
    ]


def _choices(results: Results) -> list[str]:
    rows = []
    for arm, choice in results["choices"].items():
        candidates = choice["contexts"] if arm == "manual" else choice["rates"]
        for place, one in enumerate(candidates):
            what = f"“{one['text']}”" if arm == "manual" else f"rate {one['lr']:g}"
            mark = "chosen" if place == choice["chosen"] else one.get("failed", "")
            rows.append([NAMES[arm], what, _number(one["validation_loss"], ".4f"), _number(one["bleu"], ".3g"), mark])
    return table(["arm", "candidate", f"validation loss, {loss_unit(results)}", "BLEU-4", ""], rows)


def _trainings(results: Results) -> list[str]:
    rows, lines = [], []
    for arm, several in results["trainings"].items():
        for one in several:
            spread = _number(one.get("seed_spread"), ".2g") if arm in SAMPLED else "–"
            steps = ", ".join(f"{number}: {loss:.4f}" for number, loss in one.get("steps_ablation", {}).items())
            rows.append(
                [
                    NAMES[arm],
                    str(one["seed"]),
                    f"{one['lr']:g}",
                    f"{one['llm_passes']:,}",
                    f"{one['best_step']:,}",
                    f"{one['validation_loss']:.4f}",
                    _number(one.get("validation_bleu"), ".3g"),
                    f"{one['seconds']:.0f} s",
                    spread,
                    steps or "–",
                ]
            )
    if rows:
        head = [
            "arm",
            "seed",
            "rate",
            "LLM passes",
            "best step",
            "loss",
            "BLEU-4",
            "time",
            "seed spread",
            "loss by steps",
        ]
        lines += table(head, rows)
        lines += [
            "",
            "Seed spread: standard deviation of the final context over 8 seeds, over the vocabulary's; near 0 the",
            "denoiser ignores the noise. Loss by steps: validation loss of the context that so many steps lead to.",
        ]
    for one in results["failed"]:
        lines += ["", f"Left out: {NAMES[one['arm']]}, rate {one['lr']:g}, seed {one['seed']}: {one['why']}"]
    return lines


def _all_figures(data: dict[str, Any]) -> list[str]:
    metrics = list(next(iter(data["arms"].values())))
    rows = [
        [NAMES[arm], str(of[metrics[0]]["seeds"]), *(figure(of, metric) for metric in metrics)]
        for arm, of in data["arms"].items()
    ]
    return table(["arm", "runs", *(LABELS[metric] for metric in metrics)], rows)


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"
