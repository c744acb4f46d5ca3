"""What an evaluation measured, arm by arm, on one scale of 0 to 100, and what may be said of the differences."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ddpt_core.arms import ALL_ARMS
from ddpt_core.metrics.table import METRICS


@dataclass(frozen=True)
class Score:
    """A value with its 95 % interval, from 0 to 100; the interval is None with fewer than two tasks.

    `trainings` and `samplings`: its standard deviations over seeds of training and of sampling, None where unknown.
    """

    value: float
    interval: tuple[float, float] | None
    trainings: float | None = None
    samplings: float | None = None


@dataclass(frozen=True)
class Measure:
    """One measure of all arms: arm -> score, None where it is not defined; `n` tasks; `percent` if it is a share.

    Higher is better but for a `loss`, which has a scale of its own.
    """

    name: str
    label: str
    n: int
    percent: bool
    scores: dict[str, Score | None]
    loss: bool = False


def measures_of(report: dict[str, Any]) -> list[Measure]:
    """Returns every measure of a metrics.json: pass@k, if tests were run, before those of the text."""
    arms = {name: report["arms"][name] for name in ALL_ARMS if name in report["arms"]}
    found = []
    tests = report.get("tests") or {}
    if any(made.get("pass_at") for made in arms.values()):
        for k in map(str, tests["k"]):
            scores = {
                name: _score(arm["pass_at"].get(k), arm["ci95"]["pass_at"].get(k), 100) for name, arm in arms.items()
            }
            found.append(Measure(f"pass@{k}", f"pass@{k}", tests["tasks"], True, scores))
    for name, metric in METRICS.items():
        scores = {arm: _score(made[name], made["ci95"][name], metric.to_hundred) for arm, made in arms.items()}
        n = max((made["n"] for made in arms.values()), default=0)
        found.append(Measure(name, metric.label, n, metric.scale == 1, scores))
    return found


def differences(measures: list[Measure]) -> list[str]:
    """Returns sentences on which arms differ by more than the intervals, pass@k first; honest where none does.

    Two arms are said to differ where their 95 % intervals do not touch, which asks for more than a test would.
    """
    tests = [measure for measure in measures if measure.name.startswith("pass@")]
    said = [_pass_sentence(measure) for measure in tests]
    text = [measure for measure in measures if measure not in tests]
    apart: dict[tuple[str, str], list[str]] = {}
    for measure in text:
        for better, worse in _apart(measure):
            apart.setdefault((better, worse), []).append(measure.label)
    below: dict[tuple[str, tuple[str, ...]], list[str]] = {}  # (better, labels) -> the arms that it is above in these
    for (better, worse), labels in apart.items():
        below.setdefault((better, tuple(labels)), []).append(ALL_ARMS[worse].phrase)
    said += [
        f"{ALL_ARMS[better].phrase} is above {listed(worse)} in {listed(list(labels))}."
        for (better, labels), worse in below.items()
    ]
    if len(_scored(text)) > 1:
        rest = "For all other pairs and measures of the text" if apart else "In every measure of the text"
        said.append(f"{rest} the intervals overlap: these tasks do not tell the arms apart.")
    return [sentence for sentence in said if sentence]


def listed(names: list[str]) -> str:
    """Returns the names as a phrase: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _pass_sentence(measure: Measure) -> str:
    if len(_scored([measure])) < 2:
        return ""
    pairs = _apart(measure)
    values = {score.value for score in measure.scores.values() if score}
    if values == {0.0}:
        return f"{measure.label}: no arm passes the tests of any task."
    if not pairs:
        return f"{measure.label}: the intervals of all arms overlap; these tests do not tell the arms apart."
    said = []
    for better in dict.fromkeys(better for better, _ in pairs):
        worse = [ALL_ARMS[b].phrase for a, b in pairs if a == better]
        said.append(
            f"{listed(worse)} {'pass' if len(worse) > 1 else 'passes'} fewer tests than {ALL_ARMS[better].phrase}"
        )
    count = len(_scored([measure]))
    rest = "" if len(pairs) == count * (count - 1) // 2 else "; elsewhere they overlap"
    return f"{measure.label}: {listed(said)}, beyond the intervals{rest}."


def _apart(measure: Measure) -> list[tuple[str, str]]:
    """Returns (better, worse) of every two arms whose intervals do not touch."""
    found = []
    known = {arm: score.interval for arm, score in measure.scores.items() if score and score.interval}
    for first, second in combinations(known, 2):
        one, two = known[first], known[second]
        if one[0] > two[1]:
            found.append((first, second))
        elif two[0] > one[1]:
            found.append((second, first))
    return found


def _scored(measures: list[Measure]) -> set[str]:
    return {arm for measure in measures for arm, score in measure.scores.items() if score and score.interval}


def _score(value: float | None, interval: list[float] | None, scale: float) -> Score | None:
    if value is None:
        return None
    return Score(scale * value, None if interval is None else (scale * interval[0], scale * interval[1]))
