"""A study that is stopped, killed or fails in part goes on: what is done is not made again, and what failed is told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import weakref
from copy import copy as shallow
from pathlib import Path

import pytest

from ddpt_core.__main__ import main
from ddpt_core.errors import ArtifactError, BackboneError, ConfigError
from ddpt_core.study import answers, cells, choosing

ROOT = Path(__file__).resolve().parents[2]
ONE_DATA = [{"name": "dev", "data": "dev.jsonl"}]


def timeless(results):
    """Results without what differs from one run to the next."""
    text = json.dumps({key: value for key, value in results.items() if key not in ("created", "command")})
    return json.loads(text, object_hook=lambda one: {k: v for k, v in one.items() if k != "seconds"})


def contents(out):
    """Path -> content of all that the cells and prompts hold."""
    found = [path for kind in ("cells", "prompts") for path in (out / kind).rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in found}


def test_finished_study_is_told_again_and_nothing_is_done_again(studied, plan_file, run, tmp_path, monkeypatch):
    out, results, _ = studied
    copy = shutil.copytree(out, tmp_path / "copy")
    before = contents(copy)
    for module, name in ((choosing, "train"), (choosing, "write_all"), (answers, "write_all"), (answers, "denoised")):
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("it was done again"))
    monkeypatch.setattr(answers, "task_losses", lambda *_: pytest.fail("it was done again"))
    told = []
    again = run(plan_file(), "copy", resume=True, tell=told.append)
    assert timeless(again) == timeless(results) and told == [] and contents(copy) == before
    with pytest.raises(ArtifactError, match="go on with --resume"):
        run(plan_file(), "copy")


@pytest.mark.parametrize("stop_at", ["training", "answering", "writing a cell"])
def test_study_that_is_stopped_goes_on_and_ends_the_same(
    stop_at, studied, plan_file, data_root, tmp_path, monkeypatch, capsys
):
    from ddpt_core.prompts.ddpt import DDPTMethod
    from ddpt_core.study.cells import Cell

    _, whole, _ = studied
    place, name, calls = {
        "training": (DDPTMethod, "loss", 4),  # two calls are the probe's
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
    assert capsys.readouterr().err.splitlines()[-1] == "Stopped; the study goes on with --resume."
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


def test_study_whose_process_is_killed_goes_on_and_redoes_nothing(studied, plan_file, run, data_root, tmp_path):
    path, out = plan_file(), tmp_path / "out"
    command = [sys.executable, "-m", "ddpt_core", "study", str(path), "--out", str(out), "--data-root", str(data_root)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)
    while len(list(out.glob("cells/answers/*/result.json"))) < 3 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL and not (out / "results.json").exists()
    done = {path: path.stat().st_mtime_ns for path in out.glob("cells/*/*/result.json")}
    again = run(path, "out", resume=True)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert timeless(again) == timeless(studied[1])


def test_cells_of_another_plan_are_made_beside_those_that_are_there(studied, part, plan_file, run, tmp_path):
    copy = shutil.copytree(studied[0], tmp_path / "copy")
    before = contents(copy)
    data = [{"name": "Dev part", "data": "dev.jsonl", "limit": 2}]
    (again,) = run(plan_file(data=data, max_new_tokens=6), "copy", resume=True)["parts"]
    assert again["choices"] == part["choices"] and again["data"][0]["tasks"] == 2
    assert len((copy / again["data"][0]["runs"][0]["cell"] / "predictions.jsonl").read_text().splitlines()) == 2
    (longer,) = run(plan_file(data=data, steps=3), "copy", resume=True)["parts"]
    assert [one["llm_passes"] for one in longer["trainings"]["ddpt"]] == [3, 3]
    assert before.items() <= contents(copy).items()


def test_training_that_ends_in_no_number_is_told_and_left_out(plan_file, run, tmp_path, monkeypatch):
    from ddpt_core.prompts.prompt_tuning import PromptTuningMethod

    real, steps = PromptTuningMethod.loss, []

    def broken(self, *given):
        steps.append(self.config.lr)
        return real(self, *given) * (float("nan") if self.config.lr == 0.5 and steps.count(0.5) % 4 == 0 else 1)

    monkeypatch.setattr(PromptTuningMethod, "loss", broken)
    path = plan_file(data=ONE_DATA, arms={"prompt-tuning": {"rates": [0.5, 0.003]}})
    for resume in (False, True):  # told again, and not tried again
        steps.clear()
        (part,) = run(path, resume=resume)["parts"]
        first, second = part["choices"]["prompt-tuning"]["rates"]
        assert first["validation_loss"] is None and "nan" in first["failed"]
        assert part["choices"]["prompt-tuning"]["chosen"] == 1 and second["validation_loss"] > 0
        assert part["failed"] == [
            {"what": "prompt-tuning, rate 0.5, seed 0", "arm": "prompt-tuning", "lr": 0.5, "seed": 0}
            | {"why": first["failed"]}
        ]
        assert len(steps) == 2 + (0 if resume else 2 + 2 + 2)  # the probe's are made each time
    assert "nan" in (tmp_path / "out" / "report.md").read_text()


def test_arm_none_of_whose_trainings_came_to_anything_is_left_out_and_the_rest_goes_on(plan_file, run, monkeypatch):
    real = choosing.train

    def train(backbone, data, folder, config, **more):
        if config.method == "ddpt":
            raise ConfigError("It cannot be.")
        return real(backbone, data, folder, config, **more)

    monkeypatch.setattr(choosing, "train", train)
    (part,) = run(plan_file(data=ONE_DATA))["parts"]
    assert part["choices"]["ddpt"]["chosen"] is None and part["trainings"]["ddpt"] == []
    assert [one["what"] for one in part["failed"]] == ["ddpt, rate 0.01, seed 0"]
    assert list(part["data"][0]["arms"]) == ["none", "manual", "prompt-tuning"]


def test_disk_that_is_full_fails_the_cell_alone_and_it_is_made_with_resume(plan_file, run, tmp_path, monkeypatch):
    path = plan_file(data=ONE_DATA, arms={"none": {}, "manual": {}})
    real = cells.write_files

    def full(folder, files):
        if folder.name.startswith("none-"):
            raise ArtifactError(f"result.json cannot be written to {folder.name} (No space left on device).")
        real(folder, files)

    with monkeypatch.context() as patch:
        patch.setattr(cells, "write_files", full)
        (part,) = run(path)["parts"]
    (failed,) = part["failed"]
    assert failed["what"] == "dev, none" and "No space left on device" in failed["why"]
    assert list(part["data"][0]["arms"]) == ["manual"]
    assert "dev, none: result.json cannot be written" in (tmp_path / "out" / "report.md").read_text()
    (part,) = run(path, resume=True)["parts"]
    assert part["failed"] == [] and list(part["data"][0]["arms"]) == ["none", "manual"]


def test_part_none_of_whose_contexts_can_be_validated_is_told(plan_file, run, monkeypatch):
    def full(*given):
        raise ArtifactError("No space left.")

    monkeypatch.setattr(choosing, "_validated", full)
    (part,) = run(plan_file(data=ONE_DATA))["parts"]
    assert [one["what"] for one in part["failed"]] == ["manual context 1", "manual context 2", "the whole part"]
    assert part["data"] == [] and part["choices"] == {}


def test_a_grid_over_backbones_has_one_in_memory_at_a_time_and_tells_those_that_cannot_be_had(
    plan_file, tiny, data_root, run
):
    loaded, held = [], []

    def load(name):
        loaded.append(name)
        assert [one() for one in held] == [None] * len(held)  # those before are gone
        if name == "too/large":
            raise BackboneError("It does not fit.")
        backbone = shallow(tiny)
        held.append(weakref.ref(backbone))
        return backbone

    path = plan_file(arms={"none": {}, "manual": {}}, data=ONE_DATA, backbone=None, backbones=["a/b", "too/large"])
    results = run(path, load=load)
    first, second = results["parts"]
    assert first["data"][0]["arms"].keys() == {"none", "manual"} and first["failed"] == []
    assert second["failed"] == [{"what": "the whole part", "why": "It does not fit."}] and second["data"] == []
    assert loaded == ["a/b", "too/large", "a/b"]  # tried before the first cell, and loaded again after the other
    only = plan_file(arms={"none": {}}, data=ONE_DATA, backbone="too/large")
    with pytest.raises(BackboneError, match="It does not fit"):
        run(only, "other", load=load)
