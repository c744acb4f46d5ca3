"""The columns of a comparison: built from arms, seeds and typed contexts, answered as the core does, kept and named."""

import json
import re
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.compare.address import NOT_TAKEN, Asked, asked_columns
from app.compare.boards.board import Board, Card
from app.compare.boards.columns import MAX_COLUMNS, columns_of, contexts_of, named_in_a_sentence, seeds_of
from app.compare.boards.comparisons import Comparisons
from app.compare.figures.arm_cards import board_html, verdict
from ddpt_core.answering import arms
from ddpt_core.answering.arms import ArmResult, make_arms, run_arm
from ddpt_core.arms import ALL_ARMS, ARMS, trained_arms
from ddpt_core.errors import DDPTError
from ddpt_core.prompts.checkpoint import load_prompt

PROMPTS = {"prompt-tuning": "prompt-tuning", "ddpt": "ddpt"}
TYPED = ("sort list", "sum of list")  # at most eight tokens each


def silent(share, text):
    """Hears of progress and does nothing with it."""


def asked(**query):
    return SimpleNamespace(query_params=query, session_hash="a-session")


def keys(columns):
    return [column.key for column in columns]


@pytest.fixture
def comparisons(answering):
    return Comparisons(answering)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0", (0,)),
        ("0, 1, 2", (0, 1, 2)),
        ("0-3", (0, 1, 2, 3)),
        (" 7 ;2 - 4, 3", (7, 2, 3, 4)),
        ("5\u20136", (5, 6)),
        ([3, 3, 1], (3, 1)),
        (9, (9,)),
        (str(2**63 - 1), (2**63 - 1,)),
    ],
)
def test_seeds_are_read_from_lists_and_ranges(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "No seed is given; write them as 0, 1, 2 or 0-3."),
        ([], "No seed is given"),
        ("a", "Seeds must be whole numbers from 0 up, got 'a'; write them as 0, 1, 2 or 0-3."),
        ("-1", "Seeds must be whole numbers from 0 up, got '-1'"),
        ("1.5", "Seeds must be whole numbers"),
        ("3-1", "must begin with the smaller, got '3-1'; write 1-3."),
        ("0-12", "at most 12 seeds, got 13"),
        ("0-999999999999", "at most 12 seeds, got 1,000,000,000,000"),
        ("0-9, 20-29", "at most 12 seeds, got 20"),
        (str(2**63), "Seed must be from 0 to"),
        ([-1], "Seed must be from 0 to"),
        ([None], "Seed must be a whole number, got nothing"),
    ],
)
def test_other_seeds_are_refused_in_a_sentence(text, sentence):
    with pytest.raises(DDPTError, match=re.escape(sentence)):
        seeds_of(text)


def test_contexts_are_lines_each_once():
    assert contexts_of(" one \n\n two\none") == contexts_of(["one", "two", " "]) == ("one", "two")
    assert contexts_of("") == contexts_of(None) == contexts_of([]) == ()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [("x" * 1001, "at most 1,000 characters, got 1,001"), ([1], "must be texts"), ({"a": 1}, "must be texts")],
)
def test_other_contexts_are_refused_in_a_sentence(given, sentence):
    with pytest.raises(DDPTError, match=sentence):
        contexts_of(given)


def test_every_arm_is_a_column_and_ddpt_one_at_each_seed():
    columns = columns_of(["manual", "ddpt", "ddpt-full"], (5, 7), TYPED, "by hand")
    assert keys(columns) == ["manual", "ddpt", "ddpt@7", "ddpt-full", "ddpt-full@7", "typed", "typed-2"]
    assert [column.seed for column in columns] == [None, 5, 7, 5, 7, None, None]
    assert [column.context for column in columns] == ["by hand", "", "", "", "", *TYPED]
    assert [column.arm for column in columns if column.typed] == ["manual", "manual"]
    assert [column.label for column in columns[1:6]] == [
        "DDPT, seed 5",
        "DDPT, seed 7",
        "DDPT, full objective, seed 5",
        "DDPT, full objective, seed 7",
        "Your context",
    ]
    assert columns[4].phrase == "DDPT (full objective, seed 7)"


def test_at_one_seed_a_column_is_named_as_its_arm():
    columns = columns_of(ALL_ARMS, (3,))
    assert keys(columns) == list(ALL_ARMS) and not any("seed" in column.label for column in columns)


def test_too_many_columns_are_refused_in_a_sentence():
    assert len(columns_of(["ddpt"], range(MAX_COLUMNS))) == MAX_COLUMNS
    with pytest.raises(DDPTError, match=r"at most 12 columns, got 14; choose fewer arms, seeds or contexts\."):
        columns_of(["ddpt", "ddpt-full"], range(6), TYPED)


def test_seeds_of_one_arm_share_a_bracket_in_a_sentence():
    columns = columns_of(["manual", "ddpt", "ddpt-full"], (0, 1, 2), TYPED)
    assert named_in_a_sentence(columns) == (
        "Manual, DDPT (seeds 0, 1 and 2), DDPT (full objective, seeds 0, 1 and 2), your context and your context 2"
    )
    assert named_in_a_sentence(columns[:2]) == "Manual and DDPT (seed 0)"


def test_a_seed_column_answers_as_the_core_does_at_that_seed(comparisons, prompts, tiny):
    question = comparisons.question("sort list `a`", "sorted(a)", prompts=PROMPTS, seeds="5, 8", max_new_tokens=12)
    shown = comparisons.ask_all(question, silent)["arms"]
    loaded = {method: load_prompt(folder, tiny) for method, folder in prompts.items()}
    assert [arm["name"] for arm in shown] == [*ARMS, "ddpt@8"]
    for seed, arm in zip((5, 8), shown[2:], strict=True):
        (core,) = arms.compare(
            "sort list `a`",
            "sorted(a)",
            backbone=tiny,
            prompts=loaded,
            seed=seed,
            names=("ddpt",),
            settings=question.settings,
        )
        assert (arm["code"], arm["tokens"], arm["metrics"]) == (core.code, core.tokens, core.metrics)


def test_two_seeds_have_two_contexts(comparisons, prompts, tiny):
    question = comparisons.question("sort", prompts=PROMPTS, seeds=[5, 8])
    made = [comparisons.arm(question, tiny, column, silent)[0] for column in question.columns(["ddpt"])]
    prompt = load_prompt(prompts["ddpt"], tiny)
    assert [arm.name for arm in made] == ["ddpt", "ddpt@8"]
    for arm, seed in zip(made, (5, 8), strict=True):
        assert arm.context.equal(prompt.final_context(seed))
    assert not made[0].context.equal(made[1].context)


def test_a_typed_context_answers_as_the_cores_manual_arm_with_that_text(comparisons, prompts, tiny):
    question = comparisons.question("sort list `a`", prompts=PROMPTS, typed=list(TYPED), max_new_tokens=12)
    manual, *typed = question.columns(["manual"])
    loaded = {method: load_prompt(folder, tiny) for method, folder in prompts.items()}
    for column, text in zip(typed, TYPED, strict=True):
        answer = comparisons.ask(question, column, silent)
        (arm,) = make_arms(tiny, loaded, text, names=("manual",))
        core = run_arm(tiny, arm, question.task, question.settings)
        assert (answer.result.name, answer.result.code) == (column.key, core.code)
        assert comparisons.arm(question, tiny, column, silent)[0].context.equal(arm.context)
    assert manual.context == question.context  # it stays beside them


def test_a_typed_context_says_how_many_tokens_it_has(comparisons, tiny):
    question = comparisons.question("sort", prompts=PROMPTS, typed="sort")
    (column,) = question.columns([])
    count = len(tiny.token_ids("sort"))
    about = comparisons.arm(question, tiny, column, silent)[1]
    assert about.startswith(f"“sort” · {count} token")


def test_a_typed_context_that_is_too_long_says_so_and_the_others_answer(comparisons):
    question = comparisons.question("sort", prompts=PROMPTS, typed=["x " * 400, "sort"], max_new_tokens=4)
    long, short = comparisons.ask_all(question, silent, [])["arms"]
    assert "A manual context must have at most 256 tokens" in long["missing"] and long["code"] is None
    assert short["code"] is not None


def test_what_was_asked_of_each_column_is_json(comparisons):
    question = comparisons.question("sort", prompts=PROMPTS, seeds=[1, 2], typed=["sort"], max_new_tokens=4)
    said = json.loads(json.dumps(comparisons.ask_all(question, silent, ["ddpt"])))
    assert said["seed"] == 1 and said["seeds"] == [1, 2]
    assert [one["name"] for one in said["columns"]] == [arm["name"] for arm in said["arms"]]
    assert [(one["arm"], one["seed"], one["context"]) for one in said["columns"]] == [
        ("ddpt", 1, ""),
        ("ddpt", 2, ""),
        ("manual", None, "sort"),
    ]


def test_another_seed_or_context_is_asked_alone(tab, monkeypatch):
    told = []
    question = tab.comparisons.question("sort", prompts=PROMPTS, max_new_tokens=4)
    columns = question.columns(["manual", "ddpt"])
    *_, (board, _) = tab.boards(Board(question, ()).with_columns(columns), threading.Event())
    ask = tab.comparisons.ask
    monkeypatch.setattr(tab.comparisons, "ask", lambda q, column, tell: told.append(column.key) or ask(q, column, tell))
    *_, last = tab.columned(asked(), board, ["manual", "ddpt"], "0, 4", "sort")
    more = last[tab.page.answered]
    assert told == ["ddpt@4", "typed"] and keys(card.column for card in more.cards) == [
        "manual",
        "ddpt",
        "ddpt@4",
        "typed",
    ]
    assert more.question.seeds == (0, 4) and more.question.typed == ("sort",)
    *_, last = tab.columned(asked(), more, ["ddpt"], "4", "")
    assert told == ["ddpt@4", "typed"]  # seed 4 is known under its other name
    assert last[tab.page.answered].cards[0].result == replace(more.cards[2].result, name="ddpt")


def test_bad_seeds_are_said_above_the_answers_which_stay(tab):
    question = tab.comparisons.question("sort", prompts=PROMPTS)
    card = Card(question.columns(["ddpt"])[0], ArmResult("ddpt", "a", metrics={}))
    (output,) = tab.columned(asked(), Board(question, (card,)), ["ddpt"], "x", "")
    assert "Seeds must be whole numbers" in output[tab.page.shown]
    assert output[tab.page.answered].cards == (card,)


def test_the_verdict_speaks_of_columns_where_an_arm_has_several():
    columns = columns_of(["manual", "ddpt"], (0, 1), ["sort"])
    cards = [Card(one, ArmResult(one.key, code)) for one, code in zip(columns, "abba", strict=True)]
    assert verdict(cards) == "Manual and your context wrote the same code; DDPT (seeds 0 and 1) share another."
    same = [Card(one, ArmResult(one.key, "a")) for one in columns]
    assert verdict(same) == "All four columns wrote the same code."


def test_many_columns_stand_in_one_row_that_can_be_scrolled_by_keyboard():
    shown = board_html(Board(None, tuple(Card(column) for column in columns_of(ALL_ARMS, (0, 1)))))
    count = len(ALL_ARMS) + sum(arm.sampled for arm in ALL_ARMS.values())
    assert f'class="arms in-a-row" style="--columns: {count}" tabindex="0" role="region"' in shown


def test_a_typed_context_never_becomes_markup():
    hostile = "<img src=x onerror=alert(1)>${alert(2)}"
    columns = columns_of(["manual"], contexts=[hostile], manual=hostile)
    cards = tuple(Card(one, ArmResult(one.key, None, missing=hostile), about=hostile) for one in columns)
    assert "<img" not in board_html(Board(None, cards))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, None),
        ({"example": "digit-sum"}, None),
        ({"arms": "ddpt,none"}, Asked(["none", "ddpt"])),
        ({"seeds": "0-2"}, Asked(list(ARMS), "0-2")),
        ({"context": "one\ntwo"}, Asked(list(ARMS), "0", "one\ntwo")),
    ],
)
def test_an_address_asks_for_columns(query, found):
    assert asked_columns(query) == found


@pytest.mark.parametrize("query", [{"seeds": "x"}, {"seeds": "0-99"}, {"context": "\n".join(map(str, range(11)))}])
def test_what_an_address_asks_for_is_checked_like_any_input(query):
    found = asked_columns(query)
    assert (found.arms, found.seeds, found.typed) == (list(ARMS), "0", "")
    assert found.note.startswith(NOT_TAKEN)


def test_the_first_look_shows_the_columns_that_the_address_names(tab):
    page = tab.page
    prompts = [PROMPTS.get(arm) for arm in trained_arms()]
    empty = [None, "", "", "", "", list(ARMS), "", *prompts, "0", 1, 4, 1.0, 0, "", 1.0, ""]
    outputs = list(tab.first(asked(arms="ddpt", seeds="1,2", context="sort"), None, "", *empty))
    assert [outputs[0][field] for field in page.columns] == [["ddpt"], "1,2", "sort"]
    assert keys(card.column for card in outputs[-1][page.answered].cards) == ["ddpt", "ddpt@2", "typed"]
    bad = next(tab.first(asked(seeds="x"), None, "", *empty))
    assert "Seeds must be whole numbers" in bad[page.shown]
    assert [bad[field] for field in page.columns] == [list(ARMS), "0", ""]
