"""What an evaluation found, as HTML: what may be said, the table of all measures, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.page.pieces.code import escaped
from app.page.pieces.test_rows import NOT_RUN_HERE
from ddpt_core.arms import ALL_ARMS
from ddpt_core.metrics.measures import Measure, Score, differences

CSS = Path(__file__).with_suffix(".css")
INTERVALS = "In grey the 95 % interval, from 1,000 resamples of the tasks."
NO_WIDTH = "Where all answers fared alike the interval has no width; that is no proof that others would."
ALONE = "An interval needs two tasks."
OUTCOMES = {"passed": "passed", "failed": "failed", "error": "error", "timeout": "timed out", "memory": "out of memory"}
FEW = 3  # arms whose columns also fit a phone; of more each becomes a line of its own there
COUNTED = OUTCOMES | {"error": "with an error"}


def result_html(report: dict[str, Any], measures: list[Measure]) -> str:
    """Returns the whole result; all text from outside is escaped."""
    said = differences(measures) or ["There is nothing to compare: at most one arm has an interval."]
    sentences = "".join(f"<li>{escaped(sentence)}</li>" for sentence in said)
    arms = [name for name in ALL_ARMS if name in report["arms"]]
    return (
        f'<section class="result" aria-label="Result"><ul class="said">{sentences}</ul>'
        f"{table_html(arms, measures, _outcomes(report, arms))}{_notes(report, measures)}</section>"
    )


def table_html(arms: Sequence[str], measures: Sequence[Measure], tail: str = "") -> str:
    """Returns a row for each measure and a column for each arm as HTML; `tail` is further rows."""
    heads = "".join(
        f'<th scope="col" style="--arm: var(--arm-{arm})" title="{escaped(ALL_ARMS[arm].note)}"><span><i></i>'
        f"{ALL_ARMS[arm].label}</span></th>"
        for arm in arms
    )
    rows = "".join(
        f'<tr><th scope="row">{measure.label}</th>{"".join(_cell(measure, arm) for arm in arms)}<td class="n">'
        f"{measure.n:,}</td></tr>"
        for measure in measures
    )
    many = ' class="many"' if len(arms) > FEW else ""
    return (
        f'<table{many}><thead><tr><th></th>{heads}<th scope="col" class="n" title="Number of tasks">n</th></tr></thead>'
        f"<tbody>{rows}{tail}</tbody></table>"
    )


def _cell(measure: Measure, arm: str) -> str:
    score, named = measure.scores.get(arm), named_cell(arm)
    if score is None:
        return f'<td{named} title="Not defined: it needs a reference or tests.">–</td>'
    unit = " %" if measure.percent else ""
    return (
        f"<td{named}><b>{number(score.value)}{unit}</b> <small>{interval(score.interval)}</small>{_spread(score)}</td>"
    )


def _spread(score: Score) -> str:
    """Returns the deviation over seeds of training and, behind a stroke, of sampling, "" where neither is known."""
    known = [("training", score.trainings), ("sampling", score.samplings)]
    if not any(value is not None for _, value in known):
        return ""
    title = "Standard deviation over seeds of " + " / ".join(what for what, value in known if value is not None)
    values = " / ".join(f"{value:.2g}" for _, value in known if value is not None)
    return f' <small title="{title}">±{values}</small>'


def named_cell(arm: str) -> str:
    """Returns the attributes of a cell that say of which arm it is where the heads of the table are out of sight."""
    return f' data-arm="{ALL_ARMS[arm].label}" style="--arm: var(--arm-{arm})"'


def interval(ends: tuple[float, float] | None) -> str:
    """Returns an interval as low–high, "" for none."""
    if ends is None:
        return ""
    return "–".join(map(number, ends)) if min(ends) >= 0 else " to ".join(map(number, ends))


def number(value: float) -> str:
    """Returns three significant digits: 100, 44.0, 9.91, 0, −0.031."""
    if value < 0:
        return f"−{number(-value)}"
    if value in (0, 100):
        return f"{value:.3g}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}" if value >= 0.9995 else f"{value:.3f}"


def _outcomes(report: dict[str, Any], arms: list[str]) -> str:
    """Returns the row that counts what became of the answers under test."""
    counts = {arm: report["arms"][arm].get("outcomes") for arm in arms}
    if not any(counts.values()):
        return ""
    cells = []
    for arm in arms:
        parts = [f"{n:,} {COUNTED.get(name, name)}" for name, n in (counts[arm] or {}).items() if n]
        cells.append(f'<td class="outcomes"{named_cell(arm)}>{escaped(", ".join(parts)) or "–"}</td>')
    total = max(sum((count or {}).values()) for count in counts.values())
    return f'<tr><th scope="row">Tested answers</th>{"".join(cells)}<td class="n">{total:,}</td></tr>'


def _notes(report: dict[str, Any], measures: list[Measure]) -> str:
    data, tests = report["data"], report.get("tests")
    settings = report["settings"]
    how = "greedy" if settings["num_beams"] == 1 else f"{settings['num_beams']} beams"
    notes = [
        f"{data['tasks']:,} task{'s' * (data['tasks'] > 1)} of {data['source']}, seed {report['seed']:,}, {how}, at "
        f"most {settings['max_new_tokens']:,} tokens. {INTERVALS if data['tasks'] > 1 else ALONE}"
    ]
    if any(
        score and score.interval and score.interval[0] == score.interval[1]
        for m in measures
        for score in m.scores.values()
    ):
        notes.append(NO_WIDTH)
    notes += [
        f"{ALL_ARMS[arm].phrase if arm in ALL_ARMS else arm} was not run: {why}."
        for arm, why in report["not_run"].items()
    ]
    lines = "".join(f"<p>{escaped(note)}</p>" for note in notes)
    return f'<div class="notes">{lines}{_tests_notes(tests, data["tasks"]) if tests else ""}</div>'


def _tests_notes(tests: dict[str, Any], total: int) -> str:
    if tests["not_run"]:
        refused = not tests["left_out"] and tests["without_tests"] < total  # there were tests to run
        what = f"{NOT_RUN_HERE}: the tests." if refused else "No test was run."
        return f'<p class="refused"><b>{what}</b> {escaped(tests["not_run"])}</p>{_left_out(tests["left_out"])}'
    samples = tests["samples"]
    heat = f"temperature {tests['temperature']:g}" if tests["temperature"] else "greedy"
    drawn = f"{samples:,} answer{'s' * (samples > 1)} a task ({heat})"
    said = f"pass@k of {tests['tasks']:,} tasks, {drawn}; {tests['timeout']:g} s and {tests['memory_mb']:,} MB each."
    if tests["without_tests"]:
        said += f" {_tasks(tests['without_tests'])} without tests: not in pass@k."
    return f"<p>{escaped(said)}</p>{_left_out(tests['left_out'])}"


def _left_out(tasks: list[dict[str, Any]]) -> str:
    """Returns the list, folded away, of the tasks whose own reference fails."""
    if not tasks:
        return ""
    rows = "".join(
        f"<li><b>{escaped(task['id'])}</b> {escaped(OUTCOMES.get(task['status'], task['status']))} "
        f"<code>{escaped(task['detail'])}</code></li>"
        for task in tasks
    )
    summary = f"{_tasks(len(tasks))} left out of pass@k: their own reference does not pass the tests."
    return f"<details><summary>{summary}</summary><ul>{rows}</ul></details>"


def _tasks(count: int) -> str:
    return f"{count:,} task{'s' * (count != 1)}"
