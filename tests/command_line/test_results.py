"""What each command tells: with --json one object with the keys it promises, else the same in lines."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ddpt_core.commands.evaluate import figure_in_words

ROOT = Path(__file__).resolve().parents[2]


def test_info_tells_what_is_there(told, home, prompts, run_folder, tiny, tiny_folder):
    for kind, folder in (("prompts", prompts["ddpt"]), ("runs", run_folder)):
        (home / kind).mkdir()
        (home / kind / "mine").symlink_to(folder)
    info = told("info", "--backbone", tiny_folder)
    assert "lambda" in info["styles"] and set(info["styles_of_prompts"]) <= set(info["prompts"])
    assert info["prompts"] == info["runs"] == ["mine"] and info["device"] in ("cpu", "cuda")
    assert "Salesforce/codet5p-220m" in info["backbones"] and "embedded" not in info["backbones"]
    assert info["versions"]["torch"] and info["versions"]["python"].startswith("3.")
    rows, width = tiny.embedding_table.shape
    expected = {"name": str(tiny_folder), "sha256": tiny.sha256, "V": rows, "D": width}
    assert expected.items() <= info["backbone"].items()


@pytest.mark.parametrize("method", ["ddpt", "prompt-tuning"])
def test_train_makes_a_prompt_and_tells_its_losses(method, told, train, short_process, tmp_path, tiny):
    result = told(*train(method, "--out", tmp_path / "out"))
    assert {"out": str(tmp_path / "out"), "steps": 4}.items() <= result.items()
    assert min(result[n] for n in ("train_loss", "validation_loss", "seconds", "trainable_parameters")) > 0
    assert ("seed_spread" in result and list(result["steps_ablation"]) == ["20", "10", "1"]) == (method == "ddpt")
    again = told(*train(method, "--out", tmp_path / "out", "--resume"))  # finished already: told again, nothing done
    assert again == result


def test_train_reports_all_2000_steps(told, train, tmp_path, monkeypatch):
    from ddpt_core.diffusion.sampler import sample
    from ddpt_core.training import report

    asked = []

    def first_step(prompt, steps, seed):
        asked.append(steps)
        return sample(prompt, 1, seed)

    monkeypatch.setattr(report, "sample", first_step)
    result = told(*train("ddpt", "--out", tmp_path / "out"))
    assert list(result["steps_ablation"]) == ["2000", "500", "50", "10", "1"] and result["seed_spread"] >= 0
    assert asked == [2000, 2000, 500, 50, 10, 1]  # the spread's eight runs side by side, then each number


def test_sample_records_a_run(told, prompts, tmp_path):
    options = ["--scheduler", "ddim", "--steps", 6, "--seed", 7]
    result = told("sample", "--prompt", prompts["ddpt"], "--out", tmp_path / "run", *options)
    seconds = result.pop("seconds")
    assert seconds >= 0 and result == {
        "run": str(tmp_path / "run"),
        "steps": 6,
        "scheduler": "ddim",
        "seed": 7,
        "style": "",
        "instruction": "",
        "guidance": 1.0,
        "shape": [7, 8, 32],
        "recipe": False,
    }


def test_neighbours_of_a_recipe_are_those_of_the_run_that_was_recorded(told, command, prompts, tmp_path):
    options = ["--prompt", prompts["ddpt"], "--steps", 6, "--seed", 7]
    assert told("sample", "--out", tmp_path / "whole", *options)["recipe"] is False
    assert told("sample", "--out", tmp_path / "recipe", "--recipe", *options)["recipe"] is True
    assert not (tmp_path / "recipe" / "trajectory.safetensors").exists()
    made, read = (
        told("neighbours", tmp_path / name, "--step", 3, "--of", "state", "--prompt", prompts["ddpt"])
        for name in ("recipe", "whole")
    )
    assert [[near["token_id"] for near in row] for row in made["positions"]] == [
        [near["token_id"] for near in row] for row in read["positions"]
    ]
    code, _, err = command("neighbours", tmp_path / "recipe")
    assert code == 2 and "which is not here; put that prompt into prompts/" in err


@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("step, index, timestep", [(0, 0, 20), (3, 3, 14), (10, 10, 0), (-1, 10, 0), (-11, 0, 20)])
def test_neighbours_are_those_of_the_recorded_context(metric, step, index, timestep, told, run_folder, tiny):
    import torch

    from ddpt_core.trajectory.trajectory import Trajectory

    result = told("neighbours", run_folder, "--step", step, "--k", 3, "--metric", metric)
    assert (result["step"], result["timestep"], result["metric"]) == (index, timestep, metric)
    context = torch.from_numpy(Trajectory.load(run_folder).context[index])
    if metric == "cosine":
        expected = torch.nn.functional.cosine_similarity(context[:, None], tiny.embedding_table[None], dim=2).topk(3)
    else:
        expected = torch.cdist(context, tiny.embedding_table).topk(3, largest=False)
    assert [[n["token_id"] for n in row] for row in result["positions"]] == expected.indices.tolist()
    for row, scores in zip(result["positions"], expected.values.tolist(), strict=True):
        assert [n["score"] for n in row] == pytest.approx(scores, abs=1e-4)
        assert [n["token"] for n in row] == [tiny.token_strings()[n["token_id"]] for n in row]


def both(prompts) -> list:
    """The options that name both tiny prompts."""
    return ["--prompt", prompts["ddpt"], "--prompt", prompts["prompt-tuning"]]


def test_compare_tells_what_each_arm_writes(told, prompts, tiny_folder, tmp_path):
    (tmp_path / "tests.py").write_text("assert True\n")
    options = ["--reference", "sorted(a)", "--tests", tmp_path / "tests.py", "--backbone", tiny_folder]
    result = told("compare", "--instruction", "sort list `a`", *options, *both(prompts))
    assert [arm["name"] for arm in result["arms"]] == ["manual", "prompt-tuning", "ddpt"]
    for arm in result["arms"]:
        assert isinstance(arm["code"], str) and isinstance(arm["answer"], str)
        assert arm["seconds"] > 0 and arm["tokens"] > 0
        assert arm["metrics"]["bleu"] is not None and arm["execution"]["tests"][0]["test"] == "assert True"


def test_compare_without_prompts_tells_which_arms_are_not_run(told, tiny_folder):
    options = ["--backbone", tiny_folder, "--context", "sort list"]
    manual, *others = told("compare", "--instruction", "sort", *options)["arms"]
    assert manual["code"] is not None and [arm["code"] for arm in others] == [None, None]
    assert all("prompt of the backbone" in arm["missing"] for arm in others)


def test_evaluate_writes_predictions_and_metrics(told, prompts, tiny_folder, data_file, tmp_path):
    options = ["--arms", "manual,ddpt", "--limit", 3, "--backbone", tiny_folder, *both(prompts)]
    result = told("evaluate", "--data", data_file, "--out", tmp_path / "out", *options)
    assert list(result["arms"]) == ["manual", "ddpt"]
    keys = {"bleu", "codebleu", "chrf", "rouge_l", "exact_match", "valid_python", "n", "ci95"}
    assert all(keys <= scores.keys() and scores["n"] == 3 for scores in result["arms"].values())
    lines = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [set(line) for line in lines] == [{"id", "arm", "instruction", "reference", "prediction", "answer"}] * 6
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["arms"] == result["arms"]


def needs_sandbox():
    """Skips where the sandbox refuses."""
    from ddpt_core.metrics.execution import execute

    if (probe := execute("")).status == "refused":
        pytest.skip(probe.detail)


@pytest.fixture
def tested_file(tmp_path):
    """Three tasks: one with tests that hold, one whose own reference fails, one without tests."""
    rows = [
        {"id": "good", "instruction": "sort list", "reference": "1", "tests": ["assert True"]},
        {"id": "bad", "instruction": "reverse list", "reference": "1", "tests": ["assert _ == 2"]},
        {"id": "bare", "instruction": "sum list", "reference": "1"},
    ]
    (tmp_path / "tested.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "tested.jsonl"


def test_evaluate_with_tests_gives_pass_at_k_of_every_arm(told, command, prompts, tiny_folder, tested_file, tmp_path):
    needs_sandbox()
    options = ["--data", tested_file, "--out", tmp_path / "out", "--backbone", tiny_folder, *both(prompts)]
    options += ["--tests", "--samples", 3, "--temperature", 0.5, "--k", "1,3", "--timeout", 5, "--memory", 256]
    result = told("evaluate", *options, "--max-new-tokens", 4)
    assert result["tests"]["left_out"] == [{"id": "bad", "status": "failed", "detail": "_ == 2 does not hold: 1 == 2"}]
    expected = {"samples": 3, "temperature": 0.5, "k": [1, 3], "timeout": 5.0, "memory_mb": 256, "tasks": 1}
    assert (expected | {"without_tests": 1, "not_run": ""}).items() <= result["tests"].items()
    assert list(result["arms"]) == ["manual", "prompt-tuning", "ddpt"]
    for scores in result["arms"].values():
        assert set(scores["pass_at"]) == {"1", "3"} and sum(scores["outcomes"].values()) == 3
    lines = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [line.get("sample") for line in lines if line["id"] == "good"] == [None, 0, 1, 2] * 3
    code, out, _ = command("evaluate", *options)
    assert code == 0 and ", pass@1 " in out and ", pass@3 " in out
    assert "left out: bad, whose own reference does not pass: failed, _ == 2 does not hold: 1 == 2\n" in out
    assert out.endswith("tests: 1 tasks judged, 1 left out, 1 without tests\n")


def test_evaluate_with_tests_says_when_there_are_none(command, told, tiny_folder, data_file, tmp_path):
    options = ["--data", data_file, "--out", tmp_path, "--backbone", tiny_folder, "--context", "sort", "--limit", 2]
    result = told("evaluate", *options, "--tests")
    assert result["arms"]["manual"]["pass_at"] is None
    assert command("evaluate", *options, "--tests")[1].endswith("tests: not run, None of the 2 tasks has tests.\n")


def test_execute_tells_the_outcome_of_each_test(told, tmp_path):
    (tmp_path / "code.py").write_text("def f(x):\n    return x + 1\n")
    (tmp_path / "tests.py").write_text("assert f(1) == 2\nassert f(1) == 3\n")
    result = told("execute", "--code", tmp_path / "code.py", "--tests", tmp_path / "tests.py", "--timeout", 20)
    assert result["status"] in ("failed", "refused") and result["seconds"] >= 0
    assert [set(test) for test in result["tests"]] == [{"test", "outcome", "detail"}] * 2
    if result["status"] == "failed":
        assert [test["outcome"] for test in result["tests"]] == ["passed", "failed"]


def test_execute_runs_what_a_tests_file_only_defines_and_reads_files_with_a_byte_order_mark(told, tmp_path):
    needs_sandbox()
    (tmp_path / "adds.py").write_bytes(b"\xef\xbb\xbfdef add(a, b):\n    return a + b\n")
    (tmp_path / "subtracts.py").write_text("def add(a, b):\n    return a - b\n")
    (tmp_path / "function.py").write_text("def test_small_numbers():\n    assert add(1, 2) == 3\n")
    (tmp_path / "case.py").write_text(
        "import unittest\n\n\nclass AddTest(unittest.TestCase):\n    def test_small_numbers(self):\n"
        "        self.assertEqual(add(1, 2), 3)\n\n\nif __name__ == '__main__':\n    unittest.main()\n"
    )
    for code, status in (("adds.py", "passed"), ("subtracts.py", "failed")):
        for tests, name in (("function.py", "test_small_numbers()"), ("case.py", "AddTest.test_small_numbers")):
            result = told("execute", "--code", tmp_path / code, "--tests", tmp_path / tests)
            assert (result["status"], result["tests"][-1]["test"]) == (status, name)
            assert result["tests"][-1]["outcome"] == status


def test_what_a_terminal_cannot_show_is_replaced(tmp_path):
    needs_sandbox()
    (tmp_path / "code.py").write_text("def f(x):\n    return 'é😀'\n", encoding="utf-8")
    (tmp_path / "tests.py").write_text("assert f(1) == 'ü'\n", encoding="utf-8")
    command = [sys.executable, "-m", "ddpt_core", "execute", "--code", "code.py", "--tests", "tests.py"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60)
    assert run.returncode == 0 and b"Traceback" not in run.stderr
    assert b"failed: assert f(1) == '?'" in run.stdout


def test_people_are_told_why_a_test_fails(command, tiny_folder, tmp_path):
    needs_sandbox()
    (tmp_path / "code.py").write_text("def f(x):\n    return x + 1\n")
    (tmp_path / "tests.py").write_text("assert f(1) == 2\nassert f(1) == 3\n")
    _, out, _ = command("execute", "--code", tmp_path / "code.py", "--tests", tmp_path / "tests.py")
    first, *lines = out.splitlines()
    assert first.startswith("failed in ") and first.endswith(" s: f(1) == 3 does not hold: 2 == 3")
    failing = ["  failed: assert f(1) == 3", "    f(1) == 3 does not hold: 2 == 3"]
    assert lines == ["  passed: assert f(1) == 2", *failing]
    (tmp_path / "never.py").write_text("assert 1 == 2\n")
    options = ["--backbone", tiny_folder, "--context", "sort list", "--tests", tmp_path / "never.py"]
    _, out, _ = command("compare", "--instruction", "sort", *options)
    assert ", tests " in out and "\ntests: " in out


def test_an_interval_is_told_in_three_digits():
    assert figure_in_words("bleu", 66.512345, [42.59251275710001, 89.8670046610105]) == "bleu 66.5 [42.6, 89.9]"
    assert figure_in_words("bleu", 66.512345, None) == "bleu 66.5"


def test_people_are_told_the_same_in_lines(command, run_folder, prompts, tiny_folder, tmp_path):
    code, out, err = command("neighbours", run_folder, "--k", 2)
    assert (code, err) == (0, "") and out.count("\n") == 9
    assert out.startswith("step 10 of 10, t = 0, cosine, estimate\n")
    options = ["--backbone", tiny_folder, "--prompt", prompts["ddpt"]]
    code, out, err = command("compare", "--instruction", "sort", *options)
    assert (code, err) == (0, "") and "— manual (" in out and "— prompt-tuning (not run)" in out
    code, out, err = command("sample", "--prompt", prompts["ddpt"], "--steps", 2, "--out", tmp_path / "run")
    assert (code, err) == (0, "") and out.startswith(f"{tmp_path / 'run'}: 2 ddpm steps, seed 0, in ")


def test_help_is_told_without_arguments_and_when_asked_for(command):
    assert command()[0] == 2 and "neighbours" in command()[1] and command()[2] == ""
    code, out, err = command("train", "--help")
    assert (code, err) == (0, "") and "--resume" in out
