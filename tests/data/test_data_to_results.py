"""What becomes of odd data on its way to results: repeated ids stay apart, empty references count for nothing."""

import json

import pytest

from ddpt_core.__main__ import main

ROWS = [{"question_id": 7, "intent": f"sort list `{name}`", "snippet": f"sorted({name})"} for name in "abcdefghij" * 4]
ROWS = [row | {"intent": f"{row['intent']} {number}"} for number, row in enumerate(ROWS)]


@pytest.fixture
def data(tmp_path):
    """Writes rows as a JSONL file; returns its path."""

    def write(rows) -> str:
        path = tmp_path / "tasks.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def evaluate(tiny_folder, tmp_path, capsys):
    """Evaluates a file from the command line with the manual arm; returns (exit code, stderr, folder of results)."""

    def run(path: str):
        options = [
            "--backbone",
            str(tiny_folder),
            "--arms",
            "manual",
            "--context",
            "sort list",
            "--max-new-tokens",
            "4",
        ]
        code = main(["evaluate", "--data", path, "--out", str(tmp_path / "out"), *options])
        return code, capsys.readouterr().err, tmp_path / "out"

    return run


def test_tasks_of_one_id_have_a_prediction_each_beside_their_own_reference(data, evaluate):
    code, _, out = evaluate(data([*ROWS, ROWS[0]]))
    rows = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert code == 0 and len({row["id"] for row in rows}) == len(rows) == 41
    assert [(row["instruction"], row["reference"]) for row in rows] == [
        (row["intent"], row["snippet"]) for row in [*ROWS, ROWS[0]]
    ]
    assert json.loads((out / "metrics.json").read_text())["arms"]["manual"]["n"] == 41


def test_without_any_reference_an_evaluation_is_refused_in_a_sentence_and_writes_nothing(data, evaluate):
    code, told, out = evaluate(data([row | {"snippet": " "} for row in ROWS]))
    assert code == 2 and told.count("\n") == 1 and "None of the 40 tasks of" in told and "give tasks that do" in told
    assert not out.exists()


def test_tasks_without_a_reference_change_no_figure_that_needs_one(data, evaluate):
    _, _, out = evaluate(data(ROWS[:12]))
    whole = json.loads((out / "metrics.json").read_text())["arms"]["manual"]
    code, _, out = evaluate(data([*ROWS[:12], *(row | {"snippet": ""} for row in ROWS[12:15])]))
    padded = json.loads((out / "metrics.json").read_text())["arms"]["manual"]
    assert code == 0 and (whole["n"], padded["n"]) == (12, 15)
    for name in ("bleu", "codebleu", "chrf", "rouge_l", "exact_match"):
        assert padded[name] == pytest.approx(whole[name]), name


def test_training_reads_only_tasks_with_a_reference_and_says_of_how_many_it_learned(
    data, tiny_folder, tmp_path, capsys
):
    rows = [*ROWS, *(row | {"intent": f"{row['intent']} again", "snippet": ""} for row in ROWS)]
    small = ["--steps", "4", "--batch-size", "4", "--hidden", "16", "--context-length", "8"]
    options = ["--backbone", str(tiny_folder), "--context", "sort list", "--method", "prompt-tuning", *small]
    assert main(["train", "--data", data(rows), "--out", str(tmp_path / "prompt"), *options]) == 0
    told = json.loads((tmp_path / "prompt" / "prompt.json").read_text())["data"]
    assert told["training_tasks"] + told["validation_tasks"] == 40
    capsys.readouterr()
    none = data([row | {"snippet": ""} for row in ROWS])
    assert main(["train", "--data", none, "--out", str(tmp_path / "none"), *options]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "tasks with references" in said and "from 40 tasks" in said
    assert not (tmp_path / "none").exists()
