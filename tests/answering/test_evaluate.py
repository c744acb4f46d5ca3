"""Every arm on a data set: the two files, their keys, and figures that do not depend on how tasks are batched."""

import json

import pytest

from ddpt_core.answering import evaluate as module
from ddpt_core.answering import writing
from ddpt_core.answering.arms import choose_prompts, make_arms
from ddpt_core.answering.evaluate import evaluate
from ddpt_core.answering.writing import write_all
from ddpt_core.arms import ALL_ARMS, ARMS
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.errors import ArtifactError, ConfigError, DataError
from ddpt_core.metrics.text_metrics import METRICS, score

SHORT = GenerationSettings(max_new_tokens=6)


@pytest.fixture(scope="module")
def chosen(tiny, prompts):
    """Both tiny prompts, by method."""
    return choose_prompts(tiny, list(prompts.values()))


@pytest.fixture(scope="module")
def evaluated(tiny, chosen, data_file, tmp_path_factory):
    """(folder, report) of all arms on the first ten tasks."""
    out = tmp_path_factory.mktemp("evaluation")
    return out, evaluate(data_file, out, backbone=tiny, prompts=chosen, limit=10, settings=SHORT)


def rows(folder):
    """The predictions in a folder."""
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


def test_two_files_are_written_and_the_report_is_one_of_them(evaluated):
    out, report = evaluated
    assert sorted(p.name for p in out.iterdir()) == ["metrics.json", "predictions.jsonl"]
    assert json.loads((out / "metrics.json").read_text()) == report


def test_every_arm_has_every_metric_with_its_interval(evaluated, tiny):
    _, report = evaluated
    assert list(report["arms"]) == list(ARMS) and report["not_run"] == {}
    for scores in report["arms"].values():
        assert set(scores) == {*METRICS, "n", "ci95", "seconds"} and scores["n"] == 10
        for name in METRICS:
            low, high = scores["ci95"][name]
            assert low <= scores[name] <= high
    assert report["backbone"] == {"name": tiny.name, "sha256": tiny.sha256}
    assert report["prompts"] == {"ddpt": "ddpt", "prompt-tuning": "prompt-tuning"}
    assert report["data"] == {"source": "tasks.jsonl", "tasks": 10} and report["settings"]["max_new_tokens"] == 6


def test_predictions_are_those_of_the_arms_contexts_and_make_the_metrics(evaluated, tiny, chosen, tasks):
    out, report = evaluated
    assert [(row["arm"], row["id"]) for row in rows(out)] == [(arm, task.id) for arm in ARMS for task in tasks[:10]]
    for arm in make_arms(tiny, chosen):
        own = [row for row in rows(out) if row["arm"] == arm.name]
        (alone,) = tiny.generate(arm.context, [tasks[3].instruction], SHORT)
        assert own[3]["answer"] == alone.text and own[3]["instruction"] == tasks[3].instruction
        expected = score([row["prediction"] for row in own], [row["reference"] for row in own])
        assert {name: report["arms"][arm.name][name] for name in METRICS} == expected


def test_order_and_size_of_batches_change_nothing(tiny, chosen, tasks, monkeypatch):
    (arm,) = make_arms(tiny, chosen, names=["ddpt"])
    whole = write_all(tiny, arm.context, tasks[:9], SHORT)
    assert len({answer.text for answer in whole}) > 1
    monkeypatch.setattr(writing, "BATCH", 2)
    assert write_all(tiny, arm.context, tasks[:9], SHORT) == whole
    assert write_all(tiny, arm.context, tasks[:9][::-1], SHORT) == whole[::-1]


def test_arms_that_cannot_be_run_are_told_and_not_scored(tiny, data_file, tmp_path):
    report = evaluate(
        data_file, tmp_path, backbone=tiny, prompts={}, limit=2, manual_context="sort list", settings=SHORT
    )
    assert list(report["arms"]) == ["manual"] and set(report["not_run"]) == {"prompt-tuning", "ddpt"}
    assert report["not_run"]["ddpt"] == f"no ddpt prompt of the backbone {tiny.name!r} was given"
    assert {row["arm"] for row in rows(tmp_path)} == {"manual"}


def test_only_the_named_arms_are_run_each_once(tiny, chosen, data_file, tmp_path):
    names = ["prompt-tuning", "manual", "manual"]
    report = evaluate(data_file, tmp_path, backbone=tiny, prompts=chosen, names=names, limit=2, settings=SHORT)
    assert list(report["arms"]) == ["prompt-tuning", "manual"] and len(rows(tmp_path)) == 4


def test_progress_grows_to_one_over_all_arms(tiny, chosen, data_file, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(writing, "BATCH", 3)
    evaluate(
        data_file,
        tmp_path,
        backbone=tiny,
        prompts=chosen,
        names=["manual", "prompt-tuning"],
        limit=6,
        settings=SHORT,
        progress=lambda share, text: told.append((share, text.split(":")[0])),
    )
    assert told == [(0.25, "manual"), (0.5, "manual"), (0.75, "prompt-tuning"), (1.0, "prompt-tuning")]


@pytest.mark.parametrize("names", [["manual", "magic"], [""]])
def test_unknown_arm_is_refused_before_anything_is_read(names, tiny, tmp_path):
    with pytest.raises(ConfigError, match=f"Unknown arm .*; choose one of {', '.join(sorted(ALL_ARMS))}"):
        evaluate("no-such-file", tmp_path / "out", backbone=tiny, names=names)
    assert not (tmp_path / "out").exists()


def test_tasks_without_any_reference_are_refused(tiny, tmp_path):
    (tmp_path / "data.jsonl").write_text('{"instruction": "sort", "reference": " "}\n' * 3)
    with pytest.raises(DataError, match=r"None of the 3 tasks .* has a reference"):
        evaluate(tmp_path / "data.jsonl", tmp_path / "out", backbone=tiny, prompts={})
    assert not (tmp_path / "out").exists()


def test_folder_that_cannot_be_written_is_refused_before_the_work(tiny, data_file, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "write_all", lambda *_: pytest.fail("it worked in vain"))
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ArtifactError, match=r"cannot be written \(File exists\)"):
        evaluate(data_file, tmp_path / "out", backbone=tiny, prompts={})
    assert (tmp_path / "out").read_text() == "mine"


def test_failure_on_the_way_leaves_an_earlier_evaluation_as_it_was(tiny, data_file, tmp_path, monkeypatch):
    (tmp_path / "metrics.json").write_text("earlier")

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(module, "write_all", fail)
    with pytest.raises(MemoryError):
        evaluate(data_file, tmp_path, backbone=tiny, prompts={}, manual_context="sort list")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"metrics.json": "earlier"}
