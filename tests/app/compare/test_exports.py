"""What can be taken away of a comparison: the table and the data hold it exactly, the script writes it again."""

import ast
import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import ddpt_core
from app.compare.boards.board import Board
from app.compare.boards.comparisons import Comparisons
from app.compare.boards.exports import FORMATS, Exports
from app.compare.boards.listings import Listings
from app.compare.export_panel import LABELS
from app.page.services import Services
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError
from ddpt_core.metrics.text_metrics import METRICS
from ddpt_core.prompts.checkpoint import load_prompt

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "sort `a`'''\"\"\"\\\n$shown ${made}\u202e{x}; import os  # é\r=1+1"
TESTS = ["assert _ == [1]", "assert True"]


@pytest.fixture
def exports(prompts, tmp_path, monkeypatch):
    """Exports whose tiny prompts lie where another process finds them too: in the user's own folder."""
    monkeypatch.setenv("DDPT_HOME", str(tmp_path / "home"))
    for method, folder in prompts.items():
        shutil.copytree(folder, tmp_path / "home" / "prompts" / f"tiny-{method}")
    return Exports(Comparisons(Services(tmp_path / "cache")))


def silent(share, text):
    """Hears of progress and does nothing with it."""


def board_of(exports, instruction="sort list `a`", arms=("none", "manual", "prompt-tuning", "ddpt"), **asked):
    """A finished board, asked and answered as the page does."""
    usual = {"seeds": "0, 5", "typed": "reverse list", "max_new_tokens": 8}
    chosen = {"prompt-tuning": "tiny-prompt-tuning", "ddpt": "tiny-ddpt"}
    question = exports.comparisons.question(instruction, prompts=chosen, **(usual | asked))
    return Board(question, tuple(exports.comparisons.ask(question, one, silent) for one in question.columns(arms)))


def run_script(text, folder, env=None):
    """Runs a script in a process of its own, in the repository, as its first lines say."""
    path = folder / "comparison.py"
    path.write_text(text, encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | (env or {})
    return subprocess.run([sys.executable, path], capture_output=True, text=True, encoding="utf-8", cwd=ROOT, env=env)


def printed(boards):
    """What the script prints, if it writes the codes that the boards show."""
    columns = [card.column for card in boards[0].cards]
    return "".join(
        f"# {column.key}: {board.question.task.instruction!r}\n{board.card(column.key).result.code}\n\n"
        for column in columns
        for board in boards
    )


@pytest.mark.slow
def test_the_script_writes_the_same_codes_in_a_process_of_its_own(exports, tmp_path):
    board = board_of(exports, HOSTILE)
    assert len({card.result.code for card in board.cards}) > 1  # or the comparison below would say little
    name, text = exports.write([board], "python")
    done = run_script(text, tmp_path)
    assert name == "comparison.py" and done.stdout == printed([board]) and done.stderr == "" and done.returncode == 0


@pytest.mark.slow
def test_the_script_of_a_list_writes_every_row_and_tells_what_is_not_as_shown(exports, tmp_path):
    tasks = [Task(str(i), text) for i, text in enumerate(["sort list `a`", "the length of `b`, please", "sum of `c`"])]
    chosen = {"prompt-tuning": "tiny-prompt-tuning", "ddpt": "tiny-ddpt"}
    listings = Listings(exports.comparisons)
    listing = listings.listing(tasks, ["manual", "ddpt"], prompts=chosen, max_new_tokens=8)
    listing = listings.ask_all(listing, silent)
    boards = [listing.board(place) for place in range(len(tasks))]
    _, text = exports.write(boards, "python")
    assert run_script(text, tmp_path).stdout == printed(boards)
    card = boards[1].card("ddpt")
    boards[1] = boards[1].with_card(replace(card, result=replace(card.result, code="something else")))
    done = run_script(exports.write(boards, "python")[1], tmp_path)
    assert done.returncode == 1 and done.stdout.count("NOT as shown") == 1


def test_the_script_uses_public_names_alone_and_holds_texts_as_literals(exports):
    _, text = exports.write([board_of(exports, HOSTILE, typed=HOSTILE.replace("\n", "").replace("\r", ""))], "python")
    tree = ast.parse(text)
    taken = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [node.module for node in taken] == ["ddpt_core"]
    assert {alias.name for alias in taken[0].names} <= set(ddpt_core.__all__)
    given = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }
    assert ast.literal_eval(given["INSTRUCTIONS"]) == [HOSTILE]
    assert "\u202e" not in text


def test_a_column_that_was_not_run_is_left_out_of_the_script(exports):
    board = board_of(exports, arms=("manual", "residual"), seeds=0, typed="")
    assert board.card("residual").result.missing
    _, text = exports.write([board], "python")
    assert "'residual'" not in text and "'manual'" in text
    only = replace(board, cards=(board.card("residual"),))
    with pytest.raises(DataError, match="No column was run"):
        exports.write([only], "python")


def test_the_table_has_a_row_for_each_column_and_keeps_every_text_as_it_is(exports):
    board = board_of(exports, HOSTILE, reference="=1+1", setup="a = [1]", tests=TESTS)
    name, text = exports.write([board], "csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert name == "comparison.csv" and [row["column"] for row in rows] == [c.column.label for c in board.cards]
    for row, card in zip(rows, board.cards, strict=True):
        result = card.result
        assert (row["instruction"], row["code"]) == (HOSTILE, result.code)
        assert (row["arm"], row["context"], row["seed"]) == (
            card.column.arm,
            card.column.context,
            "" if card.column.seed is None else str(card.column.seed),
        )
        assert {name: float(row[name]) for name in METRICS} == pytest.approx(result.metrics)
        assert (row["tests"], row["tests_given"]) == (result.execution.status, "2")
        assert (float(row["seconds"]), int(row["tokens"])) == (result.seconds, result.tokens)
    assert {row["prompt"] for row in rows} == {"", "tiny-prompt-tuning", "tiny-ddpt"}


def test_the_table_for_spreadsheets_is_the_same_with_formulas_made_text(exports):
    """The rest of the world reads the first as it is; a spreadsheet runs what begins like a formula."""
    board = board_of(exports, "=HYPERLINK(1)", arms=("manual",), seeds=0, typed="@SUM(1)")
    exact, safe = (
        next(csv.DictReader(io.StringIO(exports.write([board], kind)[1], newline="")))
        for kind in ("csv", "spreadsheet")
    )
    assert exact["instruction"] == "=HYPERLINK(1)" and safe["instruction"] == "'=HYPERLINK(1)"
    assert {key: text.removeprefix("'") for key, text in safe.items()} == exact


def test_the_data_are_those_of_the_endpoint_with_what_made_them(exports, prompts, tiny):
    board = board_of(exports, reference="sorted(a)", tests=TESTS, seeds=0, typed="")
    name, text = exports.write([board], "json")
    found = json.loads(text)
    again = exports.comparisons.ask_all(board.question, silent, ["none", "manual", "prompt-tuning", "ddpt"])
    (said,) = found["comparisons"]
    assert name == "comparison.json" and set(said) == set(again) | {"reference", "setup", "tests"}
    for one, other in zip(said["arms"], again["arms"], strict=True):
        assert all(one[key] == other[key] for key in ("name", "code", "tokens", "metrics"))
    assert said["tests"] == TESTS and said["settings"] == again["settings"]
    assert found["backbone"]["sha256"] == tiny.sha256
    weights = {arm: load_prompt(folder).info["weights_sha256"] for arm, folder in prompts.items()}
    assert {arm: prompt["sha256"] for arm, prompt in found["prompts"].items()} == weights
    assert found["versions"]["ddpt_core"] == ddpt_core.__version__ and "torch" in found["versions"]


def test_nothing_and_an_unknown_format_are_refused_in_a_sentence(exports):
    with pytest.raises(DataError, match="compare first"):
        exports.write([Board()], "csv")
    with pytest.raises(ConfigError, match="Unknown format 'xls'; choose one of csv, json, python, spreadsheet"):
        exports.write([Board()], "xls")
    assert set(FORMATS) == set(LABELS) == {"csv", "spreadsheet", "json", "python"}
