"""Stopping a command, and what a process of its own tells."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("method", ["ddpt", "prompt-tuning"])
def test_training_that_is_stopped_says_how_it_goes_on_and_does(
    method, command, told, train, short_process, tmp_path, monkeypatch
):
    from ddpt_core.prompts.method import method_named

    loss, seen = method_named(method).loss, []

    def interrupted(self, tasks, rng):
        seen.append(tasks)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return loss(self, tasks, rng)

    with monkeypatch.context() as patch:
        patch.setattr(method_named(method), "loss", interrupted)
        code, out, err = command(*train(method, "--out", tmp_path / "out"))
    assert (code, out, err) == (130, "", "Stopped; the training goes on with --resume.\n")
    code, _, err = command(*train(method, "--out", tmp_path / "out"))
    assert code == 2 and "go on with --resume or remove it" in err
    code, _, err = command(*train(method, "--out", tmp_path / "out", "--resume", "--lr", "0.5"))
    assert code == 2 and "has lr = 0.0" in err and ", not 0.5; resume it" in err
    parts = told(*train(method, "--out", tmp_path / "out", "--resume"))
    whole = told(*train(method, "--out", tmp_path / "whole"))
    assert {**parts, "out": 0, "seconds": 0} == {**whole, "out": 0, "seconds": 0}


def test_stopped_sampling_leaves_nothing(command, prompts, tmp_path, monkeypatch):
    import safetensors.numpy

    def interrupted(tensors, path):
        Path(path).touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(safetensors.numpy, "save_file", interrupted)
    assert command("sample", "--prompt", prompts["ddpt"], "--steps", 2, "--out", tmp_path / "run")[0] == 130
    assert list(tmp_path.iterdir()) == []


def test_process_of_its_own_tells_one_line_and_exits_with_2(tmp_path):
    start = [sys.executable, "-m", "ddpt_core", "sample", "--out", str(tmp_path / "run"), "--steps", "many", "--json"]
    done = subprocess.run(start, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--steps" in done.stderr


@pytest.mark.slow
def test_one_line_and_nothing_else_from_a_process_of_its_own(tiny_folder, tmp_path):
    """No bar, no warning of a library, no traceback beside the line: the model is loaded before the fault is seen."""
    arguments = ["compare", "--instruction", "sort", "--context", "a " * 2000, "--backbone", str(tiny_folder)]
    done = subprocess.run(
        [sys.executable, "-m", "ddpt_core", *arguments, "--json"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith("A manual context must have at most 256 tokens, got ")


@pytest.mark.slow
def test_ctrl_c_in_a_process_of_its_own_stops_in_one_line_and_the_training_goes_on(train, tmp_path):
    arguments = train("prompt-tuning", "--out", tmp_path / "out", "--steps", "3000", "--json")
    start = [sys.executable, "-m", "ddpt_core", *map(str, arguments)]
    process = subprocess.Popen(start, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out" / "weights.safetensors").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "Stopped; the training goes on with --resume.\n")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "prompt.json",
        "training.safetensors",
        "weights.safetensors",
    ]
