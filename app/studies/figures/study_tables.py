"""The results of a study as HTML: what may be said, every arm by every metric, the arms in pairs, what failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.page.pieces.code import escaped
from app.page.pieces.result_table import interval, number
from ddpt_core.metrics.table import LOSS, PASS, study_figures
from ddpt_core.study.names import called

FEW_PAIRS = 12  # that are shown before the rest is folded away
ALPHA = 0.05
SPREADS = ("training_spread", "sampling_spread")
HOW = (
    "In grey the 95 % interval over the tasks, from 1,000 resamples, then ± the standard deviation over training seeds "
    "/ over the noise that DDPT starts from."
)
PAIRS_NOTE = (
    "The first arm against the second on the same tasks. p is two-sided, from a paired bootstrap over tasks; behind "
    "the arrow it is corrected by Holm’s method for every pair on every data set of the part. ▲ better, ▼ worse where "
    "the corrected p is at most 0.05."
)


def scales() -> dict[str, tuple[str, float, str]]:
    """Returns metric -> (label, factor to what is shown, unit), in the order of the tables."""
    return {
        name: (figure.label, figure.to_hundred, " %" if figure.scale == 1 else "")
        for name, figure in study_figures().items()
    }


def metrics_of(data: dict[str, Any]) -> list[str]:
    """Returns the metrics that a data set has figures of, in the order of the tables."""
    return [
        metric
        for metric in scales()
        if any((of.get(metric) or {}).get("value") is not None for of in data["arms"].values())
    ]


def chief_of(data: dict[str, Any]) -> str:
    """Returns the metric that a data set is judged by: pass@1 with tests, else BLEU-4; "" without figures."""
    known = metrics_of(data)
    return next((name for name in ([PASS] if data["tests"] else []) + ["bleu", *known] if name in known), "")


def results_html(part: dict[str, Any], data: dict[str, Any], said: Sequence[str]) -> str:
    """Returns the sentences and the table of all arms by all metrics on one data set."""
    sentences = "".join(f"<li>{escaped(one)}</li>" for one in said)
    metrics, shown = metrics_of(data), scales()
    heads = "".join(f'<th scope="col">{shown[metric][0]}</th>' for metric in metrics)
    rows = "".join(
        f'<tr style="--arm: var(--arm-{_kind(part, name)})"><th scope="row"><span><i></i>{escaped(called(name))}</span>'
        f"</th>{''.join(_cell(of.get(metric), metric) for metric in metrics)}</tr>"
        for name, of in data["arms"].items()
    )
    notes = [f"{data['tasks']:,} tasks. {HOW}"]
    if data.get("tests_refused"):
        notes.append(f"The tests were not run: {data['tests_refused']}")
    lines = "".join(f"<p>{escaped(note)}</p>" for note in notes)
    return (
        f'<section class="result of-study" aria-label="Results"><ul class="said">{sentences}</ul>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Arms by metrics, scrolls sideways">'
        f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        f'<div class="notes">{lines}</div></section>'
    )


def pairs_html(data: dict[str, Any], metric: str) -> str:
    """Returns the arms in pairs by one metric, with p-values before and after Holm's correction; "" without pairs."""
    rows = [_pair(pair, of[metric], metric) for pair, of in data["paired"].items() if metric and of.get(metric)]
    if not rows:
        return ""
    label = scales()[metric][0]
    more = rows[FEW_PAIRS:]
    folded = f"<details><summary>{len(more):,} more pairs</summary>{_pairs_table(more)}</details>" if more else ""
    return (
        f'<section class="result of-study"><h3>One arm against another, by {label.partition(",")[0]}</h3>'
        f'{_pairs_table(rows[:FEW_PAIRS])}{folded}<div class="notes"><p>{PAIRS_NOTE}</p></div></section>'
    )


def facts_html(results: dict[str, Any], part: dict[str, Any]) -> str:
    """Returns what failed in a part, and how the study was made."""
    failed = "".join(f"<li><b>{escaped(_what(one))}</b> {escaped(str(one.get('why')))}</li>" for one in part["failed"])
    head = f"{len(part['failed']):,} failed in this part" if failed else ""
    made = [f"Made {results['created']}"] if results.get("created") else []
    backbone = part["backbone"] or {}
    made.append(f"backbone {backbone.get('name')} ({str(backbone.get('sha256') or 'not loaded')[:12]})")
    made += [f"{name} {version}" for name, version in (results.get("versions") or {}).items()]
    told = f'<h3>{head}</h3><ul class="failed">{failed}</ul>' if failed else ""
    command = escaped(str(results.get("command") or "not known"))
    return (
        f'<section class="result of-study">{told}<h3>The command that makes it</h3><pre tabindex="0">{command}</pre>'
        f'<div class="notes"><p>{escaped(" · ".join(made))}</p></div></section>'
    )


def _cell(found: dict[str, Any] | None, metric: str) -> str:
    if not found or found.get("value") is None:
        return '<td title="Not defined: it needs a reference or tests.">–</td>'
    _, factor, unit = scales()[metric]
    spreads = [factor * found[name] for name in SPREADS if found.get(name) is not None]
    over = " / ".join(f"{value:.2g}" for value in spreads)
    spread = f' <small title="Standard deviation over seeds">±{over}</small>' if spreads else ""
    ends = interval(_ends(found.get("ci95"), factor))
    return f"<td><b>{number(factor * found['value'])}{unit}</b> <small>{ends}</small>{spread}</td>"


def _pairs_table(rows: Sequence[str]) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Ratio", "Difference", "p → corrected"))
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Pairs of arms"><table class="pairs"><thead><tr>'
        f"<th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _pair(pair: str, found: dict[str, Any], metric: str) -> str:
    treatment, _, baseline = pair.partition("/")
    factor, mark = scales()[metric][1], ""
    corrected, difference = found.get("p_holm"), found.get("difference")
    if corrected is not None and corrected <= ALPHA and difference:
        mark = "▲ " if (difference > 0) != (metric == LOSS) else "▼ "
    ratio = "–" if found.get("ratio") is None else f"{number(found['ratio'])}×"
    moved = "–" if difference is None else f"{'+' if difference > 0 else ''}{number(factor * difference)}"
    p = "–" if found.get("p_value") is None else f"{found['p_value']:.2g}"
    chance = p if corrected is None else f"{p} → {corrected:.2g}"
    return (
        f'<tr><th scope="row">{escaped(called(treatment))} / {escaped(called(baseline))}</th>'
        f"<td><b>{mark}{ratio}</b> <small>{interval(_ends(found.get('ratio_ci95'), 1))}</small></td>"
        f"<td>{moved} <small>{interval(_ends(found.get('difference_ci95'), factor))}</small></td><td>{chance}</td></tr>"
    )


def _ends(ends: Any, factor: float) -> tuple[float, float] | None:
    return None if ends is None else (factor * ends[0], factor * ends[1])


def _kind(part: dict[str, Any], name: str) -> str:
    return escaped(part["variants"][part["entries"][name]])


def _what(failed: dict[str, Any]) -> str:
    return f"{failed.get('what') or failed.get('arm') or 'a cell'}:"
