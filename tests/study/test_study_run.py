"""A study from its file to its results: what its cells hold, and that they are made once, whatever stops it."""

import json
from pathlib import Path

import pytest
import torch

from ddpt_core.__main__ import main
from ddpt_core.answering.evaluate import evaluate
from ddpt_core.answering.writing import write_all
from ddpt_core.backbone.frozen_lm import Generation, GenerationSettings
from ddpt_core.data.readers import load_all_tasks, load_tasks
from ddpt_core.errors import ConfigError, DataError
from ddpt_core.metrics.text_metrics import score
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.study import answers, choosing
from ddpt_core.study.answers import sampled
from ddpt_core.study.materials import gather
from ddpt_core.study.plan import Sampler
from ddpt_core.study.plan_file import read_study
from ddpt_core.study.study import Shelf, check
from ddpt_core.training.batches import split, spread, validation_loss

SHORT = GenerationSettings(max_new_tokens=6)
ROOT = Path(__file__).resolve().parents[2]
SIZES = {"timesteps": 20, "hidden": 16, "stages": 1, "heads": 2}
ONE_DATA = [{"name": "dev", "data": "dev.jsonl"}]


def rows_of(out, run):
    """The predictions in the cell of one of the `runs` of results.json."""
    lines = (out / run["cell"] / "predictions.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def runs_of(part, data, arm):
    """The runs of an arm on a data set."""
    return [one for one in part["data"][data]["runs"] if one["arm"] == arm]


def test_results_hold_what_the_app_and_readme_show(studied, part, tiny):
    out, results, study = studied
    assert json.loads((out / "results.json").read_text()) == results and results["format"] == 2
    assert (results["name"], part["name"], part["of"]) == ("study",) * 3 and part["train"] == "train.jsonl"
    assert part["backbone"] == {"name": tiny.name, "sha256": tiny.sha256} and part["plan"] == study.parts[0].raw
    assert part["variants"] == part["entries"] == {a: a for a in ("none", "manual", "prompt-tuning", "ddpt")}
    assert set(part["choices"]) == {"manual", "prompt-tuning", "ddpt"}
    assert [one["text"] for one in part["choices"]["manual"]["contexts"]] == ["sort list", "sum of"]
    for one in part["trainings"]["ddpt"]:
        assert one["llm_passes"] == 2 and one["lr"] == 0.01 and one["trainable_parameters"] > 1000
        assert one["seed_spread"] >= 0 and set(one["steps_ablation"]) == {"20", "10", "1"}
        assert load_prompt(out / one["prompt"], tiny).info["config"]["seed"] == one["seed"]
    assert [data["name"] for data in part["data"]] == ["Dev part", "Tested"]
    for data in part["data"]:
        assert {arm: of["bleu"]["seeds"] for arm, of in data["arms"].items()} == {
            "none": 1,
            "manual": 1,
            "prompt-tuning": 2,
            "ddpt": 6,
        }
        assert set(data["paired"]) >= {"ddpt/manual", "ddpt/prompt-tuning", "prompt-tuning/manual"}
        assert ("pass_at_1" in data["arms"]["none"]) == data["tests"]


def test_a_cell_holds_config_seed_versions_metrics_and_predictions(studied, part):
    out = studied[0]
    (run,) = [one for one in runs_of(part, 0, "ddpt") if (one["training_seed"], one["sampling_seed"]) == (1, 2)]
    told = json.loads((out / run["cell"] / "result.json").read_text())
    assert told["key"]["sampling_seed"] == 2 and told["key"]["sampler"] == run["sampler"] == "ddpm 20"
    assert set(told["versions"]) >= {"python", "torch", "transformers"} and told["sampling_seconds"] > 0
    assert (told["config"]["method"], told["config"]["seed"], told["config"]["lr"]) == ("ddpt", 1, 0.01)
    metrics = json.loads((out / run["cell"] / "metrics.json").read_text())
    assert metrics == {key: value for key, value in run.items() if key not in ("arm", "cell")}
    for place, seed in enumerate((0, 1)):
        prompt = part["trainings"]["ddpt"][place]["prompt"]
        (cell,) = (out / "cells" / "trainings").glob(f"ddpt-0.01-{seed}-*")
        told = json.loads((cell / "result.json").read_text())
        config = json.loads((out / prompt / "prompt.json").read_text())["config"]
        assert told["key"]["config"] == config and config["seed"] == seed
        assert told["bleu"] == part["trainings"]["ddpt"][place]["validation_bleu"]
        assert len((cell / "predictions.jsonl").read_text().splitlines()) == 2  # validation_tasks


def test_choices_are_those_of_lower_loss_where_no_answer_scores(part, tiny, data_root):
    validation = spread(split(load_tasks(data_root / "train.jsonl"), 0.1)[1], 2)  # validation_tasks
    for one in part["choices"]["manual"]["contexts"]:
        assert one["validation_loss"] == pytest.approx(validation_loss(tiny, tiny.embed(one["text"]), validation))
        assert one["bleu"] == 0  # as the untrained model is, so the loss decides
    for choice in part["choices"].values():
        losses = [one["validation_loss"] for one in choice.get("contexts") or choice["rates"]]
        assert choice["chosen"] == losses.index(min(losses))


def test_trained_arms_start_from_the_chosen_context_and_write_what_their_prompts_say(studied, part, tiny, data_root):
    out = studied[0]
    tasks = load_tasks(data_root / "dev.jsonl")
    chosen = part["choices"]["manual"]
    for arm in ("prompt-tuning", "ddpt"):
        prompt = load_prompt(out / part["trainings"][arm][1]["prompt"], tiny)
        assert prompt.context_text == chosen["contexts"][chosen["chosen"]]["text"] and prompt.arm == arm
        for run in runs_of(part, 0, arm):
            if run["training_seed"] != 1:
                continue
            context = prompt.final_context(run["sampling_seed"] or 0)
            rows = rows_of(out, run)
            assert [row["answer"] for row in rows] == [one.text for one in write_all(tiny, context, tasks, SHORT)]
            losses = tiny.task_losses(context, tasks)
            assert [row["loss"] / row["tokens"] for row in rows] == pytest.approx(losses.tolist(), abs=1e-4)


def test_figures_are_those_of_the_predictions(studied, part, data_root):
    references = [task.reference for task in load_tasks(data_root / "dev.jsonl")]
    rows = [row for run in runs_of(part, 0, "ddpt") for row in rows_of(studied[0], run)]
    expected = score([row["prediction"] for row in rows], references * 6)
    found = part["data"][0]["arms"]["ddpt"]
    for metric, value in expected.items():
        assert found[metric]["value"] == pytest.approx(value), metric
    assert found["loss"]["value"] == pytest.approx(sum(r["loss"] for r in rows) / sum(r["tokens"] for r in rows))


@pytest.mark.parametrize("place, name", [(0, "dev"), (1, "tested")])
def test_figures_are_those_that_evaluate_gives(place, name, studied, part, tiny, data_root, tmp_path):
    manual, found = part["choices"]["manual"], part["data"][place]
    prompts = {arm: load_prompt(studied[0] / several[0]["prompt"], tiny) for arm, several in part["trainings"].items()}
    expected = evaluate(
        data_root / f"{name}.jsonl",
        tmp_path,
        backbone=tiny,
        prompts=prompts,
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
    for one in found["runs"]:
        if one["training_seed"] in (None, 0) and one["arm"] in expected["arms"]:
            theirs = expected["arms"][one["arm"]]
            assert one["chrf"] == theirs["chrf"]
            if found["tests"]:
                assert one["pass_at_1"] == (theirs["pass_at"] and theirs["pass_at"]["1"])


def test_validation_is_the_trainers_own_and_the_answered_part_has_tasks_of_every_source(plan_file, tiny, data_root):
    (plan,) = read_study(plan_file(train=["train.jsonl", "families:training"], validation_tasks=8)).parts
    materials = gather(plan, tiny, data_root)
    validation = split(load_all_tasks([data_root / "train.jsonl", "families:training"]), 0.1)[1]
    assert materials.validation == validation and len(materials.written) == 8
    first = {task.instruction for task in load_tasks(data_root / "train.jsonl")}
    assert {task.instruction in first for task in materials.written} == {True, False}
    assert gather(plan, tiny, data_root, limit=3).written[0] == validation[0]


@pytest.mark.parametrize("scheduler, steps", [("ddpm", None), ("ddim", 5), ("dpmsolver++", 3), ("heun", 4)])
def test_a_sampler_runs_its_own_steps_and_tells_what_they_took(scheduler, steps, studied, part, tiny):
    from ddpt_core.diffusion.sampler import sample

    prompt = load_prompt(studied[0] / part["trainings"]["ddpt"][0]["prompt"], tiny)
    context, seconds = sampled(prompt, Sampler(scheduler, steps), 4)
    *_, last = sample(prompt, steps or 20, 4, scheduler)
    assert torch.equal(context, last.context) and 0 < seconds < 60


def test_a_study_judges_the_code_that_is_cut_out_of_its_answers(plan_file, tiny, run, monkeypatch, tmp_path):
    raw = "Here it is:\n```python\n1\n```\nThat is one."
    monkeypatch.setattr(type(tiny), "generate", lambda self, _, asked, *more: [Generation(raw, 9) for _ in asked])
    given = {"arms": {"none": {}, "manual": {}}, "data": [{"name": "Tested", "data": "tested.jsonl"}]}
    (part,) = run(plan_file(**given))["parts"]
    (cell,) = {Path(one["cell"]).parent for one in part["data"][0]["runs"]}
    files = [*(tmp_path / "out" / cell).rglob("predictions.jsonl"), *(tmp_path / "out").rglob("manual-*/pred*.jsonl")]
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert {(row["prediction"], row["answer"]) for row in rows} == {("1", raw)} and len(files) >= 4
    assert part["data"][0]["arms"]["none"]["exact_match"]["value"] == 0.5  # of the references 1 and 2


def test_contexts_that_are_equal_are_answered_once(plan_file, tiny, run, monkeypatch, tmp_path):
    written = []
    real, equal = answers.write_all, tiny.embed("sort list")
    monkeypatch.setattr(answers, "write_all", lambda *given: written.append(given[1]) or real(*given))
    monkeypatch.setattr(answers, "sampled", lambda *given: (equal, 0.1))
    monkeypatch.setattr("ddpt_core.prompts.prompt_tuning.PromptTuningPrompt.final_context", lambda *given: equal)
    (part,) = run(plan_file(data=ONE_DATA, manual_contexts=["sum of"]))["parts"]
    assert len(written) == 3  # none, manual, and one for both trained arms with all their seeds
    (data,) = part["data"]
    assert data["arms"]["ddpt"]["chrf"]["value"] == data["arms"]["prompt-tuning"]["chrf"]["value"]
    assert len({one["cell"] for one in data["runs"]}) == len(data["runs"]) == 1 + 1 + 2 + 6


def test_parts_share_the_cells_that_they_have_in_common(plan_file, tiny, run, monkeypatch, tmp_path):
    trained, written = [], []
    train, write = choosing.train, answers.write_all
    monkeypatch.setattr(choosing, "train", lambda *given, **named: trained.append(given[3]) or train(*given, **named))
    monkeypatch.setattr(answers, "write_all", lambda *given: written.append(given[1]) or write(*given))
    ddpt = {"rates": [0.01], "options": SIZES}
    parts = [
        {"name": "First", "arms": {"manual": {}, "ddpt": ddpt}},
        {"name": "Second", "arms": {"none": {}, "manual": {}, "mine": {"arm": "ddpt", **ddpt}}},
        {"name": "Third", "samplers": [{"scheduler": "ddim", "steps": [20, 1]}], "arms": {"ddpt": ddpt}},
    ]
    path = plan_file(data=ONE_DATA, training_seeds=[0], arms=None, parts=parts, sampling_seeds=[0, 1])
    told = []
    results = run(path, tell=told.append, announce=told.append)
    assert len(trained) == 1 and len(written) == 1 + 2 + 1 + 2 * 2
    estimate, *moments = told
    assert estimate.cells == moments[-1].cell == moments[-1].cells == 2 + 1 + len(written)
    assert sum(cells for _, cells, _ in estimate.parts) == (2 + 1 + 3) + (2 + 1 + 4) + (2 + 1 + 4)
    assert moments[-1].done == pytest.approx(moments[-1].total) == pytest.approx(estimate.work.seconds)
    first, second, third = results["parts"]
    assert first["data"][0]["arms"]["ddpt"] == second["data"][0]["arms"]["mine"]
    assert first["trainings"]["ddpt"] == second["trainings"]["mine"] == third["trainings"]["ddpt"]
    assert list(third["data"][0]["arms"]) == ["ddpt, ddim 20", "ddpt, ddim 1"]
    assert list(third["data"][0]["paired"]) == ["ddpt, ddim 1/ddpt, ddim 20"]
    assert {one["sampler"] for one in third["data"][0]["runs"]} == {"ddim 20", "ddim 1"}


def test_progress_names_the_cell_and_grows_to_the_whole(plan_file, run):
    told = []
    run(plan_file(arms={"none": {}, "manual": {}}, data=ONE_DATA), tell=told.append)
    assert {moment.cells for moment in told} == {4} and sorted({moment.cell for moment in told}) == [1, 2, 3, 4]
    assert told[-1].done == pytest.approx(told[-1].total)
    assert [moment.done for moment in told] == sorted(moment.done for moment in told)
    assert told[-1].name == "dev, manual"


def test_estimate_counts_what_the_study_then_does(plan_file, tiny, data_root, studied, capsys):
    found = check(read_study(plan_file()), Shelf(lambda name: tiny), data_root).estimate
    contexts, trainings, answered = 2, 5, 2 * (1 + 1 + 2 + 6)
    assert found.cells == contexts + trainings + answered
    assert (found.work.trainings, found.work.passes) == (trainings, 2 * trainings)
    assert found.work.written == 2 * (contexts + trainings) + (1 + 1 + 2 + 6) * (4 + 2)
    assert found.work.seconds > 0
    told = f"{found.cells} cells: 5 trainings of 10 LLM passes in all, {found.work.written} answers, "
    assert found.sentence().startswith(told)


def test_estimate_alone_is_printed_and_nothing_is_written(plan_file, data_root, tmp_path, capsys):
    arguments = ["study", str(plan_file(data=ONE_DATA)), "--out", str(tmp_path / "out"), "--data-root", str(data_root)]
    assert main([*arguments, "--estimate", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["cells"] == 17 and told["seconds"] > 0 and [one["name"] for one in told["parts"]] == ["study"]
    assert not (tmp_path / "out").exists()


def test_pictures_are_copied_and_the_command_names_what_was_asked(plan_file, data_root, tmp_path, capsys):
    path, out, pictures = plan_file(arms={"none": {}}, data=ONE_DATA), tmp_path / "out", tmp_path / "pictures"
    arguments = ["study", str(path), "--out", str(out), "--data-root", str(data_root), "--limit", "2", "--json"]
    assert main([*arguments, "--pictures", str(pictures)]) == 0
    shown = capsys.readouterr()
    results = json.loads(shown.out)
    assert results["command"] == f"python -m ddpt_core study {path} --limit 2 --out DIR"
    assert "3 cells: 0 trainings of 0 LLM passes in all" in shown.err
    (picture,) = pictures.iterdir()
    assert picture.read_text() == (out / picture.name).read_text() and str(picture) in results["written"]


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"train": "none.jsonl"}, "none.jsonl'; name the folder"),
        ({"train": "families:value"}, "held out for evaluation"),
        ({"data": [{"name": "a", "data": "none.jsonl"}]}, "none.jsonl'; name the folder"),
        ({"data": [{"name": "a", "data": "dev.jsonl", "tests": True}]}, "No task of dev.jsonl has tests"),
        ({"manual_contexts": ["a " * 300]}, "A manual context must have at most 256 tokens"),
        ({"context": "a " * 200}, "The context must have at most 8 tokens"),
        ({"parts": [{"name": "a"}, {"name": "b", "train": "none.jsonl"}]}, "none.jsonl'; name the folder"),
    ],
)
def test_what_would_fail_later_is_told_before_anything_runs(changes, said, plan_file, run, tmp_path):
    with pytest.raises((DataError, ConfigError), match=said):
        run(plan_file(**changes))
    assert not (tmp_path / "out").exists()


def test_limit_caps_every_data_set_and_the_answers_of_validation(plan_file, run):
    (part,) = run(plan_file(arms={"none": {}}), limit=1)["parts"]
    assert [data["tasks"] for data in part["data"]] == [1, 1] and part["validation"]["written"] == 1
