"""The figures of a study: each arm's metrics over its seeds, and the arms compared in pairs on the same tasks.

An arm with several seeds has, for every task, the mean of the statistics of its answers; so a metric over them is that
of all its answers taken as one corpus, and an interval over tasks resamples a task with all its answers.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ddpt_core.arms import MANUAL, NONE, trained_arms
from ddpt_core.metrics.statistics import Reduce, bootstrap_interval, holm, paired_bootstrap, score_of
from ddpt_core.metrics.table import LOSS, METRICS, PASS
from ddpt_core.metrics.text_metrics import item_statistics
from ddpt_core.study.answers import Run
from ddpt_core.study.names import chief

RESAMPLES = 10_000  # of a pair: the least p-value is one over it, and is multiplied by the number of comparisons

Items = dict[str, np.ndarray]  # metric -> statistics (n, F)


def _mean(sums: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums[..., 0] / sums[..., 1]


def _reduce(metric: str) -> Reduce:
    return METRICS[metric].sums.reduce if metric in METRICS else _mean


@dataclass(frozen=True)
class Scored:
    """One run with its items' statistics."""

    run: Run
    items: Items

    def figure(self, metric: str) -> float | None:
        """The corpus metric of this run."""
        return score_of(self.items[metric], _reduce(metric))


def score_runs(runs: Sequence[Run], tests: bool) -> list[Scored]:
    """Returns the runs on one data set with their statistics; an answer that several runs gave is scored once.

    The metrics are those of METRICS, `loss` in nats per token of the references, and with `tests` `pass_at_1`.
    """
    pairs = {(row["prediction"], row["reference"]): None for run in runs for row in run.rows}
    place = {pair: number for number, pair in enumerate(pairs)}
    text = item_statistics([answer for answer, _ in pairs], [reference for _, reference in pairs])
    scored = []
    for run in runs:
        where = [place[row["prediction"], row["reference"]] for row in run.rows]
        items = {name: values[where] for name, values in text.items()}
        items[LOSS] = _pairs([(row["loss"] or 0.0, row["tokens"] or 0) for row in run.rows])
        if tests:
            items[PASS] = _pairs([(row["status"] == "passed", row["status"] is not None) for row in run.rows])
        scored.append(Scored(run, items))
    return scored


def _pairs(values: Sequence[tuple[float, float]]) -> np.ndarray:
    return np.array(values, dtype=float).reshape(-1, 2)


def averaged(scored: Sequence[Scored]) -> Items:
    """Returns for every task the mean of its statistics over the runs."""
    return {name: np.mean([one.items[name] for one in scored], axis=0) for name in scored[0].items}


def figures_of_arm(scored: Sequence[Scored], samples: int = 1000) -> dict[str, dict[str, Any]]:
    """Returns for each metric of one arm's runs value, interval and spreads; None for what is undefined.

    `ci95` is over tasks. `training_spread` is the standard deviation over training seeds of the mean over sampling
    seeds, `sampling_spread` the root mean square over training seeds of that over sampling seeds.
    """
    items, figures = averaged(scored), {}
    for metric, values in items.items():
        interval = bootstrap_interval(values, _reduce(metric), samples)
        by_training: dict[int | None, list[float]] = {}
        for one in scored:
            if (value := one.figure(metric)) is not None:
                by_training.setdefault(one.run.training_seed, []).append(value)
        trained = [statistics.fmean(several) for several in by_training.values()]
        sampled = [statistics.variance(several) for several in by_training.values() if len(several) > 1]
        figures[metric] = {
            "value": score_of(values, _reduce(metric)),
            "ci95": None if interval is None else list(interval),
            "training_spread": statistics.stdev(trained) if len(trained) > 1 else None,
            "sampling_spread": statistics.fmean(sampled) ** 0.5 if sampled else None,
            "seeds": len(scored),
        }
    return figures


def compared(
    treatment: Sequence[Scored], baseline: Sequence[Scored], samples: int = RESAMPLES
) -> dict[str, dict[str, Any]]:
    """Returns for each metric the ratio and the difference of two arms, paired by task, with intervals and p-value."""
    first, second = averaged(baseline), averaged(treatment)
    found = {}
    for metric in first:
        pair = paired_bootstrap(first[metric], second[metric], _reduce(metric), samples)
        found[metric] = {
            "ratio": pair.ratio,
            "ratio_ci95": None if pair.ratio_ci95 is None else list(pair.ratio_ci95),
            "difference": pair.difference,
            "difference_ci95": None if pair.difference_ci95 is None else list(pair.difference_ci95),
            "p_value": pair.p_value,
        }
    return found


def pairs_of(kinds: dict[str, str]) -> list[tuple[str, str]]:
    """Returns the pairs (treatment, baseline) of entries to compare, given name -> arm.

    Every entry of an arm is compared with the first entry of each arm of its baselines, and with the first of its own.
    """
    first: dict[str, str] = {}
    for name, kind in kinds.items():
        first.setdefault(kind, name)
    pairs = [
        (name, first[baseline])
        for treatment, baseline in _baselines()
        if baseline in first
        for name, kind in kinds.items()
        if kind == treatment
    ]
    return pairs + [(name, first[kind]) for name, kind in kinds.items() if first[kind] != name]


def _baselines() -> list[tuple[str, str]]:
    """Returns (treatment, baseline): each arm that learns with the manual one and those that learn before it."""
    learned = trained_arms()
    pairs = [(one, other) for place, one in enumerate(learned) for other in (MANUAL, *learned[:place])]
    return [(MANUAL, NONE), *pairs]


def figures_of_data(runs: Sequence[Run], tests: bool) -> dict[str, Any]:
    """Returns `arms`, `paired` and `runs` (each seed's own figures) of one data set, as results.json holds them."""
    scored = score_runs(runs, tests)
    arms: dict[str, list[Scored]] = {}
    for one in scored:
        arms.setdefault(one.run.arm, []).append(one)
    kinds = {arm: several[0].run.kind or arm for arm, several in arms.items()}
    return {
        "arms": {arm: figures_of_arm(several) for arm, several in arms.items()},
        "paired": {
            f"{treatment}/{baseline}": compared(arms[treatment], arms[baseline])
            for treatment, baseline in pairs_of(kinds)
        },
        "runs": [_of_run(one) | {metric: one.figure(metric) for metric in one.items} for one in scored],
    }


def _of_run(one: Scored) -> dict[str, Any]:
    run = one.run
    seeds = {"training_seed": run.training_seed, "sampling_seed": run.sampling_seed}
    seconds = None if run.seconds is None else round(run.seconds, 4)
    return {"arm": run.arm, **seeds, "sampler": run.sampler, "seconds": seconds, "cell": run.cell or None}


def correct(several: Sequence[dict[str, Any]]) -> None:
    """Adds `p_holm` to the comparisons of a part's data sets: their p-values by Holm's correction over one table.

    The table of a part has every pair on every data set, each by its chief metric. Another metric of a data set is
    corrected over all pairs on all data sets by that metric.
    """
    pairs = [pair for data in several for pair in data["paired"].values()]
    for metric in dict.fromkeys(metric for pair in pairs for metric in pair):
        _correct([pair[metric] for pair in pairs if metric in pair])
    _correct([pair[chief(data)] for data in several for pair in data["paired"].values()])


def _correct(family: Sequence[dict[str, Any]]) -> None:
    for one, p_value in zip(family, holm([one["p_value"] for one in family]), strict=True):
        one["p_holm"] = p_value
