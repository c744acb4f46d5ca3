"""A study from plan to results: what its cells hold, and that one which was stopped goes on and redoes nothing."""

import json
import shutil

import pytest
import torch

from ddpt_core.__main__ import main
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.data.readers import load_all_tasks, load_tasks
from ddpt_core.errors import ArtifactError, ConfigError, DataError
from ddpt_core.evaluation.arms import Arm
from ddpt_core.evaluation.evaluate import evaluate, write_all
from ddpt_core.evaluation.text_metrics import score
from ddpt_core.study import answers, choosing
from ddpt_core.study.choosing import final_contexts
from ddpt_core.study.materials import gather
from ddpt_core.study.plan import read_plan
from ddpt_core.study.study import run_study
from ddpt_core.tuning.checkpoint import load_prompt
from ddpt_core.tuning.trainer import split, validation_loss

SHORT = GenerationSettings(max_new_tokens=6)
FIRST = {"prompt-tuning": "0.5-0", "ddpt": "0.01-0"}  # the chosen rate, the first seed


def timeless(results):
    """Results without what differs from one run to the next."""
    text = json.dumps({key: value for key, value in results.items() if key not in ("created", "command")})
    return json.loads(text, object_hook=lambda one: {k: v for k, v in one.items() if k != "seconds"})


def rows_of(out, data, arm, run):
    """The predictions in a cell."""
    lines = (out / "cells" / "answers" / data / arm / run / "predictions.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_results_hold_what_the_app_and_readme_show(studied, tiny):
    out, results, plan = studied
    assert json.loads((out / "results.json").read_text()) == results and results["format"] == 1
    assert results["backbone"] == {"name": tiny.name, "sha256": tiny.sha256} and results["plan"] == plan.raw
    assert set(results["choices"]) == {"manual", "prompt-tuning", "ddpt"}
    assert [one["text"] for one in results["choices"]["manual"]["contexts"]] == ["sort list", "sum of"]
    assert [one["seed"] for one in results["trainings"]["ddpt"]] == [0, 1]
    assert all(one["llm_passes"] == 2 and one["lr"] == 0.01 for one in results["trainings"]["ddpt"])
    assert all(
        one["seed_spread"] >= 0 and set(one["steps_ablation"]) == {"20", "10", "1"}
        for one in results["trainings"]["ddpt"]
    )
    assert [data["name"] for data in results["data"]] == ["Dev part", "Tested"]
    for data in results["data"]:
        assert {arm: of["bleu"]["seeds"] for arm, of in data["arms"].items()} == {
            "none": 1,
            "manual": 1,
            "prompt-tuning": 2,
            "ddpt": 6,
        }
        assert set(data["paired"]) >= {"ddpt/manual", "ddpt/prompt-tuning", "prompt-tuning/manual"}
        assert ("pass_at_1" in data["arms"]["none"]) == data["tests"]


def test_choices_are_those_of_lower_loss_where_no_answer_scores(studied, tiny, data_root):
    _, results, _ = studied
    validation = split(load_tasks(data_root / "train.jsonl"), 0.1)[1]
    for one in results["choices"]["manual"]["contexts"]:
        assert one["validation_loss"] == pytest.approx(validation_loss(tiny, tiny.embed(one["text"], 8), validation))
        assert one["bleu"] == 0  # as the untrained model is, so the loss decides
    for choice in results["choices"].values():
        losses = [one["validation_loss"] for one in choice.get("contexts") or choice["rates"]]
        assert choice["chosen"] == losses.index(min(losses))


def test_trained_arms_start_from_the_chosen_context_and_write_what_their_prompts_say(studied, tiny, data_root):
    out, results, _ = studied
    tasks = load_tasks(data_root / "dev.jsonl")
    chosen = results["choices"]["manual"]
    for arm in ("prompt-tuning", "ddpt"):
        rate = results["choices"][arm]["rates"][results["choices"][arm]["chosen"]]["lr"]
        prompt = load_prompt(out / "prompts" / arm / f"{rate:g}-1", tiny)
        assert prompt.context_text == chosen["contexts"][chosen["chosen"]]["text"] and prompt.arm == arm
        for place, context in enumerate(final_contexts(prompt, [0, 1, 2] if arm == "ddpt" else [0])):
            run = f"seed-1-sample-{place}" if arm == "ddpt" else "seed-1"
            rows = rows_of(out, "dev-part", arm, run)
            assert [row["prediction"] for row in rows] == write_all(tiny, Arm(arm, context), tasks, SHORT)
            assert {(row["arm"], row["training_seed"]) for row in rows} == {(arm, 1)}
            losses = tiny.task_losses(context, tasks)
            assert [row["loss"] / row["tokens"] for row in rows] == pytest.approx(losses.tolist(), abs=1e-4)


def test_figures_are_those_of_the_predictions(studied, data_root):
    out, results, _ = studied
    references = [task.reference for task in load_tasks(data_root / "dev.jsonl")]
    several = [rows_of(out, "dev-part", "ddpt", f"seed-{i}-sample-{j}") for i in (0, 1) for j in (0, 1, 2)]
    expected = score([row["prediction"] for rows in several for row in rows], references * 6)
    found = results["data"][0]["arms"]["ddpt"]
    for metric, value in expected.items():
        assert found[metric]["value"] == pytest.approx(value), metric
    rows = [row for rows in several for row in rows]
    assert found["loss"]["value"] == pytest.approx(sum(r["loss"] for r in rows) / sum(r["tokens"] for r in rows))


@pytest.mark.parametrize("place, name", [(0, "dev"), (1, "tested")])
def test_figures_are_those_that_evaluate_gives(place, name, studied, tiny, data_root, tmp_path):
    _, results, _ = studied
    manual, found = results["choices"]["manual"], results["data"][place]
    expected = evaluate(
        data_root / f"{name}.jsonl",
        tmp_path,
        backbone=tiny,
        prompts={arm: load_prompt(studied[0] / "prompts" / arm / folder, tiny) for arm, folder in FIRST.items()},
        names=("none", "manual", "prompt-tuning"),
        manual_context=manual["contexts"][manual["chosen"]]["text"],
        settings=SHORT,
        tests=found["tests"],
    )
    for arm in ("none", "manual"):
        for metric, interval in expected["arms"][arm]["ci95"].items():
            if metric != "pass_at":
                ours = found["arms"][arm][metric]
                assert (ours["value"], ours["ci95"]) == (expected["arms"][arm][metric], interval)
    for run in found["runs"]:
        if run["training_seed"] in (None, 0) and run["arm"] in expected["arms"]:
            theirs = expected["arms"][run["arm"]]
            assert run["chrf"] == theirs["chrf"]
            if found["tests"]:
                assert run["pass_at_1"] == (theirs["pass_at"] and theirs["pass_at"]["1"])


def test_validation_is_the_trainers_own_and_the_answered_part_has_tasks_of_every_source(plan_file, tiny, data_root):
    plan = read_plan(plan_file(train=["train.jsonl", "families:training"], validation_tasks=8))
    materials = gather(plan, tiny, data_root)
    validation = split(load_all_tasks([data_root / "train.jsonl", "families:training"]), 0.1)[1]
    assert materials.validation == validation and len(materials.written) == 8
    first = {task.instruction for task in load_tasks(data_root / "train.jsonl")}
    assert {task.instruction in first for task in materials.written} == {True, False}
    assert gather(plan, tiny, data_root, limit=3).written[0] == validation[0]


def test_seeds_sampled_together_end_where_they_end_alone(studied, tiny):
    prompt = load_prompt(studied[0] / "prompts" / "ddpt" / "0.01-0", tiny)
    for seed, context in zip((4, 2), final_contexts(prompt, [4, 2]), strict=True):
        torch.testing.assert_close(context, prompt.final_context(seed), atol=1e-4, rtol=1e-4)


def test_finished_study_is_told_again_and_nothing_is_done_again(studied, tiny, data_root, tmp_path, monkeypatch):
    out, results, plan = studied
    copy = shutil.copytree(out, tmp_path / "copy")
    for module, name in ((choosing, "train"), (choosing, "write_all"), (choosing, "last_step"), (answers, "write_all")):
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("it was done again"))
    monkeypatch.setattr(answers, "task_losses", lambda *_: pytest.fail("it was done again"))
    told = []
    again = run_study(plan, copy, backbone=tiny, data_root=data_root, resume=True, tell=told.append)
    assert timeless(again) == timeless(results) and told == []
    with pytest.raises(ArtifactError, match="go on with --resume"):
        run_study(plan, copy, backbone=tiny, data_root=data_root)


def test_contexts_that_are_equal_are_answered_once(plan_file, tiny, data_root, tmp_path, monkeypatch):
    written = []
    real = answers.write_all
    monkeypatch.setattr(answers, "write_all", lambda *given: written.append(given[1]) or real(*given))
    monkeypatch.setattr(answers, "final_contexts", lambda prompt, seeds: [tiny.embed("sort list", 8)] * len(seeds))
    plan = read_plan(plan_file(data=[{"name": "dev", "data": "dev.jsonl"}], manual_contexts=["sum of"]))
    results = run_study(plan, tmp_path / "out", backbone=tiny, data_root=data_root)
    assert len(written) == 3  # none, manual, and one for both trained arms with all their seeds
    (data,) = results["data"]
    assert data["arms"]["ddpt"]["chrf"]["value"] == data["arms"]["prompt-tuning"]["chrf"]["value"]
    assert rows_of(tmp_path / "out", "dev", "ddpt", "seed-1-sample-2")[0]["sampling_seed"] == 2


@pytest.mark.parametrize("stop_at", ["training", "answering", "writing a cell"])
def test_study_that_is_stopped_goes_on_and_ends_the_same(
    stop_at, studied, plan_file, data_root, tmp_path, monkeypatch, capsys
):
    from ddpt_core.study.cells import Cell
    from ddpt_core.tuning.methods import DDPTMethod

    _, whole, _ = studied
    place, name, calls = {
        "training": (DDPTMethod, "loss", 2),
        "answering": (answers, "write_all", 5),
        "writing a cell": (Cell, "write", 12),
    }[stop_at]
    real, seen = getattr(place, name), []

    def interrupted(*given, **named):
        seen.append(name)
        if len(seen) == calls:
            raise KeyboardInterrupt
        return real(*given, **named)

    arguments = ["study", str(plan_file()), "--out", str(tmp_path / "out"), "--data-root", str(data_root)]
    with monkeypatch.context() as patch:
        patch.setattr(place, name, interrupted)
        assert main(arguments) == 130
    assert capsys.readouterr().err == "Stopped; the study goes on with --resume.\n"
    assert not (tmp_path / "out" / "results.json").exists()
    assert main(arguments) == 2 and "go on with --resume" in capsys.readouterr().err
    done = {path: path.read_bytes() for path in (tmp_path / "out" / "cells").rglob("result.json")}
    assert done
    assert main([*arguments, "--resume", "--json"]) == 0
    out = capsys.readouterr().out
    assert timeless(json.loads(out)) == timeless(
        whole | {"out": str(tmp_path / "out"), "written": [str(tmp_path / "out")]}
    )
    assert all(path.read_bytes() == content for path, content in done.items())


def test_cells_of_another_plan_are_made_anew(studied, plan_file, tiny, data_root, tmp_path):
    out, results, _ = studied
    copy = shutil.copytree(out, tmp_path / "copy")
    data = [{"name": "Dev part", "data": "dev.jsonl", "limit": 2}]
    again = run_study(read_plan(plan_file(data=data)), copy, backbone=tiny, data_root=data_root, resume=True)
    assert again["choices"] == results["choices"] and again["data"][0]["tasks"] == 2
    assert len(rows_of(copy, "dev-part", "none", "only")) == 2
    with pytest.raises(ConfigError, match="resume it with the same settings"):
        run_study(read_plan(plan_file(steps=3)), copy, backbone=tiny, data_root=data_root, resume=True)


def test_training_that_ends_in_no_number_is_told_and_left_out(plan_file, tiny, data_root, tmp_path, monkeypatch):
    from ddpt_core.tuning.methods import PromptTuningMethod

    real, steps = PromptTuningMethod.loss, []

    def broken(self, tasks, rng):
        steps.append(self.config.lr)
        return real(self, tasks, rng) * (float("nan") if self.config.lr == 0.5 and len(steps) % 2 == 0 else 1)

    monkeypatch.setattr(PromptTuningMethod, "loss", broken)
    data = [{"name": "dev", "data": "dev.jsonl"}]
    arms = {"prompt-tuning": {"rates": [0.5, 0.003]}}
    plan = read_plan(plan_file(data=data, arms=arms))
    for resume in (False, True):  # told again, and not tried again
        results = run_study(plan, tmp_path / "out", backbone=tiny, data_root=data_root, resume=resume)
        first, second = results["choices"]["prompt-tuning"]["rates"]
        assert first["validation_loss"] is None and "The loss is nan" in first["failed"]
        assert results["choices"]["prompt-tuning"]["chosen"] == 1 and second["validation_loss"] > 0
        assert len(steps) == 2 + 2 + 2
    assert "The loss is nan" in (tmp_path / "out" / "report.md").read_text()


def test_progress_names_the_cell_and_grows_to_the_whole(plan_file, tiny, data_root, tmp_path):
    told = []
    plan = read_plan(plan_file(arms={"none": {}, "manual": {}}, data=[{"name": "dev", "data": "dev.jsonl"}]))
    run_study(plan, tmp_path / "out", backbone=tiny, data_root=data_root, tell=told.append)
    assert {moment.cells for moment in told} == {4} and sorted({moment.cell for moment in told}) == [1, 2, 3, 4]
    assert told[-1].done == pytest.approx(told[-1].total)
    assert [moment.done for moment in told] == sorted(moment.done for moment in told)
    assert told[-1].name == "dev, manual"


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"train": "none.jsonl"}, "none.jsonl'; name the folder"),
        ({"train": "families:value"}, "held out for evaluation"),
        ({"data": [{"name": "a", "data": "none.jsonl"}]}, "none.jsonl'; name the folder"),
        ({"data": [{"name": "a", "data": "dev.jsonl", "tests": True}]}, "No task of dev.jsonl has tests"),
        ({"manual_contexts": ["a " * 200]}, "The context must have at most 8 tokens"),
        ({"context": "a " * 200}, "The context must have at most 8 tokens"),
    ],
)
def test_what_would_fail_later_is_told_before_anything_runs(changes, said, plan_file, tiny, data_root, tmp_path):
    plan = read_plan(plan_file(**changes))
    with pytest.raises((DataError, ConfigError), match=said):
        run_study(plan, tmp_path / "out", backbone=tiny, data_root=data_root)
    assert not (tmp_path / "out").exists()


def test_limit_caps_every_data_set_and_the_answers_of_validation(plan_file, tiny, data_root, tmp_path):
    plan = read_plan(plan_file(arms={"none": {}}))
    results = run_study(plan, tmp_path / "out", backbone=tiny, data_root=data_root, limit=1)
    assert [data["tasks"] for data in results["data"]] == [1, 1] and results["validation"]["written"] == 1
