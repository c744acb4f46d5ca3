"""The raw answer in the app: kept with every code, one click away where it is another, in all that is taken away."""

import csv
import io
import json
import shutil

import pytest

from app.compare.boards.board import Board
from app.compare.boards.comparisons import Comparisons
from app.compare.boards.exports import Exports
from app.compare.boards.listings import Listings
from app.compare.figures.arm_cards import board_html
from app.page.pieces.as_written import as_written_html
from app.page.pieces.predictions import chosen_rows, predictions_html
from app.page.services import Services
from app.studies.figures.study_rows import rows_html
from ddpt_core.backbone.frozen_lm import Generation
from ddpt_core.data.task import Task

CODE = "sum(xs)"
RAW = f"Sure, <b>here</b>:\n```python\n{CODE}\n```\n<script>alert(1)</script>"
ROW = {"id": "1", "arm": "ddpt", "kind": "ddpt", "seeds": "", "key": "0:0", "instruction": "add", "reference": CODE}


@pytest.fixture
def exports(tiny, prompts, tmp_path, monkeypatch):
    """Exports over a tiny backbone that writes RAW."""
    monkeypatch.setenv("DDPT_HOME", str(tmp_path / "home"))
    for method, folder in prompts.items():
        shutil.copytree(folder, tmp_path / "home" / "prompts" / f"tiny-{method}")
    monkeypatch.setattr(type(tiny), "generate", lambda self, _, asked, *more: [Generation(RAW, 9) for _ in asked])
    return Exports(Comparisons(Services(tmp_path / "cache")))


@pytest.fixture
def board(exports):
    """An answered board of three columns."""
    chosen = {"prompt-tuning": "tiny-prompt-tuning", "ddpt": "tiny-ddpt"}
    question = exports.comparisons.question("add up", CODE, prompts=chosen)
    columns = question.columns(("manual", "prompt-tuning", "ddpt"))
    cards = [exports.comparisons.ask(question, column, lambda share, text: None) for column in columns]
    return Board(question, tuple(cards))


def test_what_differs_from_the_code_is_shown_escaped_and_nothing_else_is():
    html = as_written_html(CODE, RAW)
    assert html.startswith("<details") and "Answer as written" in html and "open" not in html.partition(">")[0]
    assert "&lt;script&gt;" in html and "<script>" not in html and "<b>" not in html
    assert as_written_html(CODE, CODE) == as_written_html(CODE, None) == ""


def test_every_card_of_a_comparison_shows_the_code_and_keeps_the_answer(board):
    html = board_html(board)
    assert html.count('<details class="as-written">') == 3 and "<script>" not in html
    assert all((card.result.code, card.result.answer) == (CODE, RAW) for card in board.cards)
    assert all(card.result.metrics["exact_match"] == 1 for card in board.cards)


def test_what_is_taken_away_holds_code_and_answer(exports, board):
    table = csv.DictReader(io.StringIO(exports.write([board], "csv")[1], newline=""))
    arms = json.loads(exports.write([board], "json")[1])["comparisons"][0]["arms"]
    assert [(row["code"], row["answer"]) for row in table] == [(CODE, RAW)] * 3
    assert [(arm["code"], arm["answer"]) for arm in arms] == [(CODE, RAW)] * 3


def test_the_script_cuts_its_answers_by_the_same_rule(exports, board, capsys):
    names = {"__name__": "comparison"}
    exec(compile(exports.write([board], "python")[1], "comparison.py", "exec"), names)
    assert names["main"]() == 0
    assert "NOT as shown" not in capsys.readouterr().out


def test_a_list_is_judged_by_its_codes(exports):
    listings = Listings(exports.comparisons)
    chosen = {"prompt-tuning": "tiny-prompt-tuning"}
    listing = listings.listing([Task("1", "add up", CODE)], ("manual",), prompts=chosen)
    (arm,) = listings.ask_all(listing, lambda share, text: None).as_json()["rows"][0]["arms"]
    assert (arm["code"], arm["answer"], arm["metrics"]["exact_match"]) == (CODE, RAW, 1)


def shown_in_evaluate(row):
    """The row as Evaluate shows it."""
    return predictions_html([row], [0])


def shown_in_studies(row):
    """The row as a study shows it."""
    return rows_html([row])


@pytest.mark.parametrize("shown", [shown_in_evaluate, shown_in_studies])
def test_predictions_show_the_answer_where_it_was_kept(shown):
    with_answer, without = shown(ROW | {"prediction": CODE, "answer": RAW}), shown(ROW | {"prediction": CODE})
    assert with_answer.count("as-written") == 1 and "&lt;script&gt;" in with_answer and "<script>" not in with_answer
    assert "as-written" not in without


def test_predictions_are_found_by_what_was_written_around_the_code():
    rows = [ROW | {"prediction": CODE, "answer": RAW}, ROW | {"prediction": CODE}]
    assert chosen_rows(rows, "", "", "sure, ") == [0]
