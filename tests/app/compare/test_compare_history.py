"""The history of a session: what is noted, what is not, that nobody else sees it, and how it looks."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.compare.boards.against import NOTHING, REFERENCE, base_of, choices_of
from app.compare.boards.board import Board, Card
from app.compare.boards.columns import columns_of
from app.compare.boards.comparisons import Question
from app.compare.boards.history import LATEST, MOST_CHARACTERS, Histories
from app.compare.figures.arm_cards import board_html
from app.compare.figures.history_list import history_html
from app.compare.history_panel import form_of
from app.compare.tab import settling
from app.page.pieces.test_rows import SHOWN_OUTPUT
from app.page.sessions import PerSession
from ddpt_core.answering.arms import ArmResult
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.data.task import Task
from ddpt_core.metrics.execution import Execution, TestOutcome

HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}</script>\u202e"
TEST = "assert _ == [1]"


def board_of(instruction="sort it", codes=("a", "b"), arms=("manual", "ddpt"), reference="a b", output="", passed=True):
    """A finished board of these codes; None for a column that has not answered."""
    task = Task("own", instruction, reference, (TEST,))
    question = Question(task, "Write code:", GenerationSettings(), (0,), {"ddpt": "ddpt"})
    run = Execution("passed" if passed else "failed", (TestOutcome(TEST, "passed"),), 0.1, output=output)
    cards = [
        Card(column, code and ArmResult(column.key, code, 0.1, 3, {"bleu": 50.0}, run))
        for column, code in zip(columns_of(arms), codes, strict=True)
    ]
    return Board(question, tuple(cards))


def asked_in(histories, session="one"):
    """The instructions that a session's history holds, the latest first."""
    return [entry.board.question.task.instruction for entry in histories.of(session)]


def test_finished_boards_are_noted_the_latest_first_and_others_are_not():
    histories = Histories()
    for board in (board_of("first"), board_of("second"), Board(), None, board_of("third", codes=("a", None))):
        histories.keep("one", board)
    histories.keep("one", replace(board_of("fourth"), failure="It failed."))
    not_run = ArmResult("manual", None, missing="no prompt")
    histories.keep("one", replace(board_of("fifth"), cards=(Card(columns_of(["manual"])[0], not_run),)))
    assert asked_in(histories) == ["second", "first"]


def test_no_session_sees_anothers_history_and_a_client_without_one_has_none():
    histories = Histories()
    histories.keep("one", board_of("mine"))
    histories.keep("other", board_of("theirs"))
    histories.keep(None, board_of("nobody's"))
    assert asked_in(histories) == ["mine"] and asked_in(histories, "other") == ["theirs"]
    assert asked_in(histories, None) == [] and asked_in(histories, "third") == []
    (theirs,) = histories.of("other")
    assert histories.entry("one", theirs.number) is None and histories.entry("other", theirs.number) == theirs
    histories.forget("one")
    assert asked_in(histories) == [] and asked_in(histories, "other") == ["theirs"]


def test_the_same_question_asked_again_takes_the_place_of_the_first():
    histories = Histories()
    histories.keep("one", board_of("same", codes=("a",), arms=("manual",)))
    histories.keep("one", board_of("other"))
    histories.keep("one", board_of("same"))
    assert asked_in(histories) == ["same", "other"] and len(histories.of("one")[0].board.cards) == 2
    histories.keep("one", board_of("same", codes=("a",), arms=("manual",)))  # a column was only taken out of sight
    assert len(histories.of("one")) == 2 and len(histories.of("one")[0].board.cards) == 2
    histories.keep("one", board_of("same", codes=("a",), arms=("none",)))
    assert asked_in(histories) == ["same", "same", "other"]


def test_no_more_is_kept_than_there_is_room_for():
    histories = Histories()
    for i in range(LATEST + 5):
        histories.keep("one", board_of(str(i)))
    assert asked_in(histories) == [str(i) for i in range(LATEST + 4, 4, -1)]
    for i in range(5):
        histories.keep("one", board_of(str(i), codes=("a" * (MOST_CHARACTERS // 4), "b")))
    assert asked_in(histories) == ["4", "3", "2"]
    remembered = PerSession(room=2)
    for session in ("a", "b", "a", "c"):
        remembered.put(session, session)
    assert [remembered.get(session) for session in "abc"] == ["a", None, "c"]


def test_of_what_a_program_printed_only_what_is_shown_is_kept():
    histories = Histories()
    board = board_of(output="x" * 60_000)
    histories.keep("one", board)
    (entry,) = histories.of("one")
    assert len(entry.board.cards[0].result.execution.output) == SHOWN_OUTPUT + 1
    assert board_html(entry.board) == board_html(board)


def test_a_line_says_when_what_who_and_who_passed_and_nothing_in_it_is_markup():
    histories = Histories()
    histories.keep("one", board_of(f"sort it\nplease {HOSTILE}" + "!" * 200))
    histories.keep("one", board_of("another", passed=False))
    shown = history_html(histories.of("one"))
    assert shown.count("<li>") == 2 and "<img" not in shown and "\u202e" not in shown
    latest, first = re.findall("<li>.*?</li>", shown)
    assert "another" in latest and "Manual and DDPT" in latest and "None passes the tests." in latest
    assert "sort it please &lt;img" in first and "…" in first and "All pass the tests." in first
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT[\d:]+\+00:00">\d\d:\d\d UTC</time>', latest)
    assert "Nothing has been compared" in history_html([])


def test_a_line_is_shown_again_with_the_form_as_it_was_asked(laid_out, answering):
    compare, beside = laid_out(answering)
    request = SimpleNamespace(session_hash="one")
    board = board_of("sort it")
    settling(compare, beside)(request, board)
    (entry,) = compare.histories.of("one")
    (shown,) = compare.answered("one", entry.board)
    assert shown[compare.page.shown] == board_html(board) and shown[compare.page.answered] == board
    form = form_of(board)
    fields, arms, settings = form[:5], form[5], form[6:]
    assert fields == [None, "sort it", "a b", "", TEST] and arms == ["manual", "ddpt"]
    assert compare.question(*fields[1:], *settings) == board.question


@pytest.mark.parametrize("against", ["manual", "ddpt", REFERENCE])
def test_answers_are_set_against_what_is_chosen(against):
    shown = board_html(board_of(codes=("f(x)", "f(y)"), reference="f(z)"), against)
    code = {"manual": "x", "ddpt": "y", REFERENCE: "z"}[against]
    assert shown.count(f'<del data-said="missing">{code}</del>') == (2 if against == REFERENCE else 1)
    assert shown.count("1 word more, 1 missing") == (2 if against == REFERENCE else 1)
    assert shown.count("the others are set against this") == (0 if against == REFERENCE else 1)


def test_without_a_choice_or_without_its_code_nothing_is_marked():
    board = board_of(codes=("a", None), reference=" ")
    for against in (NOTHING, "ddpt", "residual", REFERENCE):
        assert base_of(board, against) is None
        assert "<del" not in board_html(board, against) and 'class="against"' not in board_html(board, against)
    assert [value for _, value in choices_of(board)] == [NOTHING, "manual", "ddpt"]
    assert REFERENCE in dict(map(reversed, choices_of(board_of()))) and choices_of(Board()) == [("nothing", NOTHING)]


def test_a_choice_is_the_sessions_own_and_falls_back_when_its_column_is_gone(laid_out, answering):
    compare, beside = laid_out(answering)
    compare.against.put("one", "ddpt")
    one, other = SimpleNamespace(session_hash="one"), SimpleNamespace(session_hash="other")
    assert settling(compare, beside)(one, board_of())[beside.against].value == "ddpt"
    assert settling(compare, beside)(other, board_of())[beside.against].value == NOTHING
    assert settling(compare, beside)(one, board_of(codes=("a",), arms=("manual",)))[beside.against].value == NOTHING
    assert compare.against.of("one") == NOTHING
