"""Wherever answers are judged, it is the same cut code that is, and the raw answer is kept."""

import json

import pytest

from ddpt_core import code_of
from ddpt_core.answering.arms import choose_prompts, compare
from ddpt_core.answering.evaluate import evaluate
from ddpt_core.backbone.frozen_lm import Generation
from ddpt_core.data.task import Task
from ddpt_core.interpret.code_path import code_along
from ddpt_core.trajectory.trajectory import Trajectory

RIGHT, WRONG = "def total(xs):\n    return sum(xs)", "def total(xs):\n    return len(xs)"
TASK = Task("total", "add up xs", RIGHT, ("assert total([1, 2]) == 3",))
BODY = Task("body", 'def total(xs):\n    """Adds up xs."""', f"{RIGHT}\n", ("assert total([1, 2]) == 3",))


def fenced(code):
    """An answer as a chat model writes it."""
    return f"Here's a function that adds:\n\n```python\n{code}\n```\n\nThis function adds up xs."


@pytest.fixture
def chatty(tiny, monkeypatch):
    """The tiny backbone, which writes the right code between sentences, and draws a wrong one after it."""
    texts = [fenced(RIGHT), fenced(WRONG)]
    monkeypatch.setattr(type(tiny), "generate", lambda self, _, asked, *more: [Generation(texts[0], 9) for _ in asked])
    monkeypatch.setattr(
        type(tiny),
        "sample",
        lambda self, _, asked, n, *more: [[Generation(texts[i % 2], 9) for i in range(n)] for _ in asked],
    )
    return tiny


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "tasks.jsonl"
    rows = [
        {"id": t.id, "instruction": t.instruction, "reference": t.reference, "tests": t.tests} for t in (TASK, BODY)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows_of(folder):
    """The rows of predictions.jsonl."""
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


def test_every_arm_of_a_comparison_is_judged_by_its_code(chatty, prompts, needs_landlock):
    chosen = choose_prompts(chatty, list(prompts.values()))
    results = compare(TASK.instruction, RIGHT, TASK.tests, backbone=chatty, prompts=chosen)
    assert [result.name for result in results] == ["manual", "prompt-tuning", "ddpt"]
    for result in results:
        assert (result.code, result.answer) == (RIGHT, fenced(RIGHT))
        assert result.metrics["exact_match"] == result.metrics["valid_python"] == 1 and result.metrics["bleu"] == 100
        assert result.execution.passed


def test_an_arm_that_was_not_run_has_no_answer(chatty):
    (result,) = compare("add", backbone=chatty, prompts={}, names=["ddpt"])
    assert result.code is None and result.answer is None


def test_an_evaluation_keeps_the_answer_and_judges_its_code(chatty, data, tmp_path, needs_landlock):
    given = {"backbone": chatty, "prompts": {}, "manual_context": "sort", "names": ["none", "manual"]}
    report = evaluate(data, tmp_path / "out", tests=True, **given)
    for figures in report["arms"].values():
        assert figures["exact_match"] == figures["valid_python"] == 1 and figures["pass_at"] == {"1": 1.0}
    for row in rows_of(tmp_path / "out"):
        assert (row["prediction"], row["answer"], row["status"]) == (RIGHT, fenced(RIGHT), "passed")


def test_drawn_answers_are_judged_by_their_code_too(chatty, data, tmp_path, needs_landlock):
    report = evaluate(data, tmp_path / "out", backbone=chatty, prompts={}, names=["none"], tests=True, samples=2)
    assert report["arms"]["none"]["pass_at"] == {"1": 0.5}
    drawn = [row for row in rows_of(tmp_path / "out") if "sample" in row]
    assert [row["prediction"] for row in drawn] == [RIGHT, WRONG] * 2
    assert [row["answer"] for row in drawn] == [fenced(RIGHT), fenced(WRONG)] * 2


def test_code_along_a_run_is_cut_and_keeps_its_answers(chatty, run_folder):
    for at in code_along(Trajectory.load(run_folder), chatty, TASK.instruction, count=3):
        assert (at.code, at.answer) == (code_of(fenced(RIGHT)), fenced(RIGHT))
