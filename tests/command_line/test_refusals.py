"""Bad input: exit code 2, exactly one line on stderr that says what to do, and nothing half-written."""

import errno
import json
import os
from pathlib import Path

import pytest


def test_unknown_names_are_refused_with_those_that_are_known(
    refused, home, prompts, run_folder, tiny_folder, data_file
):
    for kind, folder in (("prompts", prompts["ddpt"]), ("runs", run_folder)):
        (home / kind).mkdir()
        (home / kind / "known").symlink_to(folder)
    assert "There is no run 'nothing'; choose one of known" in refused("neighbours", "nothing")
    for name in ("nothing", "x" * 5000):
        assert f"There is no prompt {name!r}; choose one of known" in refused(
            "sample", "--prompt", name, "--out", home / "x"
        )
    scheduler = ["--scheduler", "ddmp", "--steps", 2]
    said = refused("sample", "--prompt", "known", *scheduler, "--out", home / "x")
    assert said == "Unknown scheduler 'ddmp'; choose one of ddim, ddpm, dpmsolver++, heun."
    assert "Unknown metric 'dot'; choose one of cosine, l2" in refused("neighbours", "known", "--metric", "dot")
    assert "choose one of estimate, state" in refused("neighbours", "known", "--of", "noise")
    options = ["--data", data_file, "--out", home / "x", "--backbone", tiny_folder]
    arms = "choose one of ddpt, ddpt-full, distribution, instructed, manual, none, prompt-tuning, residual"
    assert arms in refused("evaluate", *options, "--arms", "manual,magic")
    methods = "choose one of ddpt, distribution, instructed, prompt-tuning, residual"
    assert methods in refused("train", *options, "--method", "lora")
    assert "choose one of float16, float32" in refused(
        "sample", "--prompt", "known", "--precision", "int8", "--out", home / "x"
    )


@pytest.mark.parametrize("name", ["Salesforce/codet5p-220m", "nobody/nothing"])
def test_hub_name_without_a_network_is_refused_with_what_to_do(name, refused, data_file, tmp_path):
    said = refused("train", "--method", "ddpt", "--data", data_file, "--backbone", name, "--out", tmp_path / "out")
    assert repr(name) in said and "connect to a network, or give the folder of a downloaded model" in said


def test_folder_that_is_no_backbone_is_refused_by_name(refused, tmp_path):
    assert f"{str(tmp_path)!r} holds no config.json" in refused("info", "--backbone", tmp_path)
    missing = refused("compare", "--instruction", "sort", "--backbone", tmp_path / "none")
    assert f"There is no backbone folder {str(tmp_path / 'none')!r}" in missing


@pytest.mark.parametrize("steps, said", [(0, "got 0"), (-5, "got -5"), (21, "got 21"), (10**20, "got 100,000")])
def test_steps_outside_1_to_t_are_refused_with_the_limits(steps, said, refused, prompts, tmp_path):
    line = refused("sample", "--prompt", prompts["ddpt"], "--steps", steps, "--out", tmp_path / "run")
    assert line.startswith("steps must be from 1 to 20, ") and said in line


@pytest.mark.parametrize("option", ["--seed", "--steps", "--batch-size", "--lr", "--context-length", "--hidden"])
def test_negative_numbers_are_refused_in_training(option, refused, train, tmp_path):
    assert "got -1" in refused(*train("ddpt", "--out", tmp_path / "out", option, -1))


@pytest.mark.parametrize("value", ["nan", "inf", "0"])
def test_learning_rate_that_is_none_is_refused(value, refused, train, tmp_path):
    assert "lr must be above 0 and at most 10" in refused(*train("ddpt", "--out", tmp_path / "out", "--lr", value))


@pytest.mark.parametrize("step", [11, -12, 10**9])
def test_step_outside_the_run_is_refused_as_it_was_given(step, refused, run_folder):
    assert refused("neighbours", run_folder, "--step", step) == f"step must be from -11 to 10, got {step:,}."


@pytest.mark.parametrize("k", [0, -1, 301, 10**6])
def test_more_neighbours_than_tokens_are_refused(k, refused, run_folder, tiny):
    limit = len(tiny.embedding_table)
    assert refused("neighbours", run_folder, "--k", k) == f"k must be from 1 to {limit}, got {k:,}."


@pytest.mark.parametrize("text, said", [("", "is empty"), (" \n", "is empty"), ("x" * 100_000, "got 100,000")])
def test_instruction_that_is_empty_or_endless_is_refused(text, said, refused, tiny_folder):
    assert said in refused("compare", "--instruction", text, "--backbone", tiny_folder)


def test_context_of_too_many_tokens_is_refused(refused, train, prompts, tiny_folder, tmp_path):
    long = "sort list and reverse list and more"
    limit = "The context must have at most 8 tokens, got "
    assert limit in refused(*train("ddpt", "--out", tmp_path / "out", "--context", long))
    options = ["--instruction", "sort", "--backbone", tiny_folder, "--prompt", prompts["ddpt"]]
    assert "A manual context must have at most 256 tokens, got " in refused("compare", *options, "--context", 60 * long)
    assert "The context is empty" in refused(*train("ddpt", "--out", tmp_path / "out", "--context", ""))


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("nonsense", "Line 1 of "),
        ('{"question": "a", "answer": "b"}', "answer, question, which fit no known format"),
        ('{"instruction": "a", "reference": "b"}\n{"instruction": 3}', "Line 2 of "),
        ('{"instruction": "a", "reference": "b"}\n{"instruct', "Line 2 of "),
        ('{"instruction": "", "reference": "b"}', "The instruction is empty"),
        ('{"instruction": "only one", "reference": "b"}', "give more tasks"),
    ],
    ids=["empty", "blank", "not JSON", "unknown keys", "bad line", "cut line", "no instruction", "one task"],
)
def test_data_that_cannot_be_used_is_refused_by_line(content, said, refused, train, tiny_folder, tmp_path):
    (tmp_path / "data.jsonl").write_text(content)
    options = ["--data", tmp_path / "data.jsonl", "--out", tmp_path / "out"]
    assert said in refused(*train("prompt-tuning", *options))
    if "more tasks" not in said:
        assert said in refused("evaluate", *options, "--backbone", tiny_folder)


def test_data_that_is_not_there_is_refused(refused, train, tmp_path):
    for data in (tmp_path / "none.jsonl", tmp_path, "owner/name"):
        assert str(data) in refused(*train("ddpt", "--data", data, "--out", tmp_path / "out"))


def test_damaged_weights_are_refused_by_folder(refused, prompts, run_folder, tiny_folder, copy, tmp_path):
    prompt, run = copy(prompts["ddpt"]), copy(run_folder)
    sampling = ["sample", "--prompt", prompt, "--out", tmp_path / "out"]
    comparing = ["compare", "--instruction", "sort", "--backbone", tiny_folder, "--prompt", prompt]
    weights, tensors = prompt / "weights.safetensors", run / "trajectory.safetensors"
    whole = weights.read_bytes()
    for content in (b"", whole[: len(whole) // 2], (prompts["prompt-tuning"] / "weights.safetensors").read_bytes()):
        weights.write_bytes(content)
        assert f"The prompt {prompt} is damaged" in refused(*sampling)
        assert f"The prompt {prompt} is damaged" in refused(*comparing)
    weights.write_bytes(whole[:-4] + b"\0\0\0\0")
    assert f"The prompt {prompt} does not match its prompt.json" in refused(*sampling)
    for content, said in ((tensors.read_bytes()[:-4], "is damaged"), (whole, "is damaged")):
        tensors.write_bytes(content)
        assert f"The run {run} {said}" in refused("neighbours", run)


def test_newer_formats_are_refused(refused, prompts, run_folder, copy, tmp_path):
    for folder, name, arguments in (
        (copy(prompts["ddpt"]), "prompt.json", ["sample", "--out", tmp_path / "out", "--prompt"]),
        (copy(run_folder), "run.json", ["neighbours"]),
    ):
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
        assert "has format 99, newer than 1; update this program" in refused(*arguments, folder)


def test_prompt_and_run_of_another_backbone_are_refused(refused, prompts, run_folder, tiny_folder, copy):
    from safetensors.torch import load_file, save_file

    other = copy(tiny_folder)
    tensors = load_file(other / "model.safetensors")
    tensors["shared.weight"][0] += 1
    save_file(tensors, other / "model.safetensors", metadata={"format": "pt"})
    options = ["--backbone", other, "--prompt", prompts["ddpt"]]
    assert "choose a prompt of this backbone" in refused("compare", "--instruction", "sort", *options)
    assert "name its own with --backbone" in refused("neighbours", run_folder, "--backbone", other)


def test_run_that_does_not_name_its_backbone_asks_for_it(refused, told, run_folder, copy):
    path = copy(run_folder) / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"backbone": None}))
    assert "name it with --backbone" in refused("neighbours", path.parent)


@pytest.mark.parametrize("place", ["file", "file/below", "/dev/full", "/dev/full/x", "/proc/x"])
@pytest.mark.parametrize("name", ["train", "sample", "evaluate"])
def test_output_that_cannot_be_written_is_refused_before_the_work(
    name, place, refused, train, prompts, tiny_folder, data_file, tmp_path
):
    (tmp_path / "file").write_text("mine")
    out = ["--out", tmp_path / place]
    arguments = {
        "train": train("prompt-tuning", *out),
        "sample": ["sample", "--prompt", prompts["ddpt"], "--steps", 2, *out],
        "evaluate": ["evaluate", "--data", data_file, "--backbone", tiny_folder, *out],
    }
    said = refused(*arguments[name])
    assert "cannot be written" in said or "already holds something" in said


def test_folder_that_holds_a_result_is_not_overwritten(refused, train, prompts, run_folder, tmp_path, copy):
    prompt, run = copy(prompts["ddpt"]), copy(run_folder)
    assert "already holds a trained prompt" in refused(*train("ddpt", "--out", prompt))
    assert "already holds something" in refused("sample", "--prompt", prompt, "--steps", 2, "--out", run)


def test_disk_that_fills_up_is_told_in_one_line(command, train, prompts, tiny_folder, data_file, tmp_path, monkeypatch):
    """Folders can be made and tried, as on a full disk, but content finds no space."""
    import safetensors.numpy
    from safetensors import SafetensorError

    def full(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full_too(tensors, path):
        Path(path).touch()
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(safetensors.numpy, "save_file", full_too)
    evaluating = ["evaluate", "--data", data_file, "--limit", 1, "--context", "sort list", "--backbone", tiny_folder]
    for name, arguments in {
        "train": train("prompt-tuning"),
        "sample": ["sample", "--prompt", prompts["ddpt"], "--steps", 2],
        "evaluate": evaluating,
    }.items():
        code, out, err = command(*arguments, "--out", tmp_path / name)
        assert (code, out, err.count("\n")) == (2, "", 1) and "No space left on device" in err
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_tests_and_code_that_cannot_be_read_are_refused(refused, tmp_path, tiny_folder):
    (tmp_path / "code.py").write_text("x = 1")
    (tmp_path / "bad.py").write_text("assert (")
    for code, tests in (("code.py", "none.py"), ("none.py", "code.py"), ("code.py", "bad.py"), ("code.py", ".")):
        refused("execute", "--code", tmp_path / code, "--tests", tmp_path / tests)
    options = ["--instruction", "sort", "--backbone", tiny_folder, "--tests", tmp_path / "bad.py"]
    assert "are not Python (line 1" in refused("compare", *options)


@pytest.mark.parametrize(
    ("name", "tests", "said"),
    [
        ("tests.py", "def check(candidate):\n    assert candidate(1)\n", "never call it"),
        ("tests.py", "x = 1\n", "check nothing"),
        ("tests.json", '["assert f() == \\ud800"]', "half of a surrogate pair"),
    ],
)
def test_tests_that_cannot_judge_are_refused(name, tests, said, refused, tmp_path):
    (tmp_path / "code.py").write_text("x = 1")
    (tmp_path / name).write_text(tests)
    assert said in refused("execute", "--code", tmp_path / "code.py", "--tests", tmp_path / name)


@pytest.mark.parametrize("limit", [["--timeout", "0"], ["--timeout", "nan"], ["--memory", "1"], ["--memory", "-1"]])
def test_limits_out_of_range_are_refused(limit, refused, tmp_path):
    (tmp_path / "code.py").write_text("x = 1")
    assert "must be" in refused("execute", "--code", tmp_path / "code.py", "--tests", tmp_path / "code.py", *limit)


@pytest.mark.parametrize(
    "options, said",
    [
        (["--tests", "--k", "1,10"], "k of pass@k must be from 1 to the number of samples, 1, got 10; draw more"),
        (["--tests", "--samples", 5, "--k", "0"], "got 0"),
        (["--tests", "--k", "one"], "--k must be whole numbers separated by commas, such as 1,10, got 'one'."),
        (["--tests", "--samples", 0], "The number of samples must be from 1 to 1,000, got 0."),
        (["--tests", "--samples", 2, "--temperature", 0], "At temperature 0 all samples are the same"),
        (["--tests", "--temperature", "nan"], "The temperature must be from 0 to 2, got nan."),
        (["--tests", "--timeout", 0], "The timeout must be above 0"),
        (["--tests", "--memory", 1], "The memory limit in MB must be"),
        (["--samples", 5], "are of unit tests; add --tests, or leave them out."),
        (["--k", "2"], "add --tests"),
        (["--show-tests"], "add --tests"),
        (["--temperature", 1], "add --tests"),
        (["--max-new-tokens", 0], "max_new_tokens must be from 1 to 1,024, got 0."),
    ],
)
def test_options_of_unit_tests_that_do_not_fit_are_refused(options, said, refused, data_file, tiny_folder, tmp_path):
    arguments = ["--data", data_file, "--out", tmp_path / "out", "--backbone", tiny_folder]
    assert said in refused("evaluate", *arguments, *options)


@pytest.mark.parametrize(
    "arguments",
    ["frobnicate", "sample", "sample --out x --steps many", "neighbours", "neighbours a b", "info --colour"],
)
def test_what_the_parser_refuses_is_one_line_that_points_to_the_help(arguments, refused):
    assert refused(*arguments.split()).endswith("See --help.")


def test_an_instruction_is_not_asked_of_a_prompt_that_reads_none(refused, prompts, tmp_path):
    said = refused("sample", "--prompt", prompts["ddpt"], "--instruction", "sort", "--out", tmp_path / "run")
    assert "does not read the instruction; choose one that does" in said


def test_clusters_need_tasks_and_take_the_place_of_styles(refused, tiny_folder, tmp_path):
    given = ("library", "--backbone", tiny_folder, "--out", tmp_path / "library", "--clusters", 3)
    assert "made of the tasks of --data and take the place of styles" in refused(*given)
    assert "take the place of styles" in refused(*given, "--style", "lambda", "--data", "x")
