"""The benchmark of evaluation: its other side writes what ours does, so that their times can be compared."""

import torch

from benchmarks import evaluation
from ddpt_core.answering.arms import make_arms
from ddpt_core.answering.writing import write_all
from ddpt_core.data.task import Task


def test_plain_generate_writes_what_evaluation_writes(tiny, tasks, monkeypatch):
    some: list[Task] = tasks[:7]
    monkeypatch.setattr(evaluation, "load_tasks", lambda source, limit: some)
    monkeypatch.setattr(evaluation, "make_arms", lambda backbone, prompts: arms)
    arms = make_arms(tiny, {}, "sort list", names=["manual"])
    inputs = evaluation.inputs_of(tiny, {}, 3)
    assert [len(batch["inputs_embeds"]) for batch in inputs] == [3, 3, 1]
    assert torch.equal(inputs[0]["inputs_embeds"][0, : len(arms[0].context)], arms[0].context)
    assert evaluation.generate(tiny, inputs) == [answer.text for answer in write_all(tiny, arms[0].context, some)]


def test_best_size_is_the_one_of_least_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.process_time", lambda: now[0])

    def side(size: int) -> None:
        now[0] += {32: 5.0, 48: 2.0, 96: 3.0}[size]

    assert evaluation.best_size(side) == 48
