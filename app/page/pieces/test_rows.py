"""What became of tests, as HTML: each test with its outcome in a word, the reason, and what the run took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.page.pieces.code import code_html, escaped

if TYPE_CHECKING:
    from ddpt_core.metrics.execution import Execution, TestOutcome

MARKS = {"passed": "✓", "failed": "✗", "error": "✗", "timed out": "✗", "out of memory": "✗", "not reached": "–"}
STOPPED = {"timeout": "timed out", "memory": "out of memory"}  # status of a run -> what its last test came to
NO_VALUE = ": the answer ends in no expression, so it has no value"
NOT_RUN_HERE = "Not run here"
SHOWN_OUTPUT = 2_000  # characters of what a program printed


def tests_html(tests: Sequence[TestOutcome], status: str, detail: str, more: str = "") -> str:
    """Returns the tests of one run as HTML; `more`, HTML too, goes below them."""
    if status == "refused":
        why = f'<p class="refused"><b>{NOT_RUN_HERE}.</b> {escaped(detail)}</p>'
        return f'<div class="tests">{why}<ol>{"".join(_row(test, "") for test in tests)}</ol></div>'
    rows = "".join(_row(test, _word(test, status)) for test in tests)
    told = {test.detail for test in tests}
    why = "" if not detail or detail in told else f'<p class="detail">{escaped(detail)}</p>'
    return f'<div class="tests">{why}<ol>{rows}</ol>{more}</div>'


def run_html(run: Execution) -> str:
    """Returns the tests of a run, what it printed, and what it took, as HTML."""
    printed = escaped(run.output[:SHOWN_OUTPUT]) + ("…" if len(run.output) > SHOWN_OUTPUT else "")
    output = f"<details><summary>It printed</summary><pre>{printed}</pre></details>" if run.output.strip() else ""
    memory = "" if run.peak_memory_mb is None else f", at most {run.peak_memory_mb:.3g} MB"
    took = f'<p class="took" title="Wall-clock time and peak memory in the sandbox">{run.seconds:.2g} s{memory}</p>'
    return tests_html(run.tests, run.status, run.detail, output + took)


def outcome_chip(status: str, tests: Sequence[TestOutcome]) -> str:
    """Returns the verdict on one run in two or three words, with a mark that needs no colour."""
    if status == "refused":
        return '<span class="chip">not run here</span>'
    passed = sum(test.outcome == "passed" for test in tests)
    text = f"{passed} of {len(tests)} tests" + (f", {STOPPED[status]}" if status in STOPPED else "")
    good = status == "passed"
    return f'<span class="chip {"good" if good else "bad"}">{"✓" if good else "✗"} {text}</span>'


def tests_of(row: dict[str, Any]) -> list[TestOutcome]:
    """Returns the tests of a row of predictions.jsonl, [] where none were run."""
    from ddpt_core.metrics.execution import TestOutcome

    return [TestOutcome(test["test"], test["outcome"], test["detail"]) for test in row.get("tests") or ()]


def _word(test: TestOutcome, status: str) -> str:
    """Returns what became of one test: a test in which the run was stopped is said to have been that."""
    return STOPPED[status] if status in STOPPED and test.outcome == "error" else test.outcome


def _row(test: TestOutcome, word: str) -> str:
    hint = NO_VALUE if test.detail == "NameError: name '_' is not defined" else ""
    detail = f'<p class="detail">{escaped(test.detail)}{hint}</p>' if test.detail else ""
    mark = f'<span class="mark">{MARKS.get(word, "–")}</span>'
    said = f'<span class="word">{word}</span> ' if word not in ("", "passed") else ""
    label = f' aria-label="{word}"' if word else ""
    return (
        f'<li class="{word.replace(" ", "-")}"{label}>{mark}<div>{said}<code>{code_html(test.test)}</code>'
        f"{detail}</div></li>"
    )
