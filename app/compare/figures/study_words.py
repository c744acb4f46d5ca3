"""What may be said of a study in words: whether one arm beats another beyond the interval, and no more than that."""

from __future__ import annotations

from app.page.pieces.result_table import interval, number
from ddpt_core.arms import ALL_ARMS, DDPT, MANUAL, PROMPT_TUNING
from ddpt_core.metrics.measures import listed
from ddpt_core.study.results import Pair, StudyData

IN_SENTENCE = {MANUAL: "the manual context", PROMPT_TUNING: "prompt tuning"}  # after a verb


def sentences(data: StudyData, name: str = "") -> list[str]:
    """Returns what the study says of DDPT on one data set by the measure `name`, "" for the one that counts most."""
    wanted = name or data.main
    said = [_claim(data, PROMPT_TUNING, wanted), _doubt(data, PROMPT_TUNING, wanted)]
    if not name:
        said.append(_others(data, wanted))
    said += [_claim(data, MANUAL, wanted), _doubt(data, MANUAL, wanted)]
    return [sentence for sentence in dict.fromkeys(said) if sentence]


def _claim(data: StudyData, baseline: str, name: str) -> str:
    """Returns whether DDPT beats the baseline by one measure, and by how much."""
    who, other = ALL_ARMS[DDPT].phrase, IN_SENTENCE[baseline]
    measure, pair = data.measure(name), data.pairs.get((DDPT, baseline), {}).get(name)
    first, second = (measure.scores.get(arm) if measure else None for arm in (DDPT, baseline))
    if measure is None or pair is None or first is None or second is None:
        return f"On “{data.name}” {who} was not compared with {other}."
    if pair.difference_interval is None:
        verdict = f"{who} cannot be told from {other}, as there is no interval"
    elif pair.better is None and pair.apart is not None:
        verdict = (
            f"{who} is {'above' if pair.apart else 'below'} {other} beyond the interval, but not once p is corrected "
            f"for all comparisons of the table (Holm: {number(pair.p_holm)})"
        )
    elif pair.better is None:
        verdict = f"{who} does not beat {other} beyond the interval"
    else:
        verdict = f"{who} {'beats' if pair.better else 'falls short of'} {other} beyond the interval"
    label, _, unit = measure.label.partition(", ")  # "Loss, nats per token"
    unit = " %" if measure.percent else unit and f" {unit}"
    values = f"{label} {number(first.value)}{unit if measure.percent else ''} against {number(second.value)}{unit}"
    return f"On “{data.name}” {verdict}: {values}{_how_much(pair)}."


def _how_much(pair: Pair) -> str:
    if pair.ratio is not None and not pair.loss:
        ends = f" ({interval(pair.ratio_interval)})" if pair.ratio_interval else ""
        return f", {number(pair.ratio)} times{ends}"
    if pair.difference is None:
        return ""
    ends = f" ({interval(pair.difference_interval)})" if pair.difference_interval else ""
    return f", a difference of {number(pair.difference)}{ends}"


def _doubt(data: StudyData, baseline: str, name: str) -> str:
    """Returns what the spread over training seeds says against a difference beyond the interval, "" if nothing."""
    measure, pair = data.measure(name), data.pairs.get((DDPT, baseline), {}).get(name)
    if measure is None or pair is None or pair.better is None or pair.difference is None:
        return ""
    spreads = {arm: score.trainings for arm in (DDPT, baseline) if (score := measure.scores.get(arm))}
    wide = {arm: spread for arm, spread in spreads.items() if spread and spread > abs(pair.difference)}
    if not wide:
        return ""
    arm = max(wide, key=lambda one: wide[one])
    return (
        f"Yet trainings of {IN_SENTENCE.get(arm, ALL_ARMS[arm].phrase)} differ by more than that among themselves: "
        f"±{number(wide[arm])} over their seeds."
    )


def _others(data: StudyData, left_out: str) -> str:
    found: dict[str, list[str]] = {"better": [], "worse": [], "not told apart": []}
    compared = data.pairs.get((DDPT, PROMPT_TUNING), {})
    words = {True: "better", False: "worse", None: "not told apart"}
    for measure in data.measures:
        if measure.name != left_out and measure.name in compared:
            found[words[compared[measure.name].better]].append(measure.label.partition(",")[0])
    parts = [f"{word} in {listed(labels)}" for word, labels in found.items() if labels]
    return f"By the other measures it is {'; '.join(parts)}." if parts else ""
