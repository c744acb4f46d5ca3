"""Lists of instructions: answered in batches as one by one, filled column by column, cancelled, opened as boards."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.compare.boards.board import Card
from app.compare.boards.comparisons import Comparisons
from app.compare.boards.listings import MAX_INSTRUCTIONS, Listings, tasks_of
from app.compare.figures.list_table import list_html
from app.compare.list_panel import FIRST, ListTab
from app.page.stream import Cancelled
from ddpt_core.answering.arms import ArmResult
from ddpt_core.arms import ARMS, trained_arms
from ddpt_core.data.task import Task
from ddpt_core.errors import DDPTError
from ddpt_core.metrics.text_metrics import score

PROMPTS = {"prompt-tuning": "prompt-tuning", "ddpt": "ddpt"}
INSTRUCTIONS = ["sort list `a`", "reverse the list `a`", "the sum of `c` and every other number there is", "max of `d`"]
REFERENCES = ["sorted(a)", "a[::-1]", "", "max(d)"]
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}</script>\u202e"


def silent(share, text):
    """Hears of progress and does nothing with it."""


def asked(session="a-session"):
    return SimpleNamespace(query_params={}, session_hash=session)


def settings(typed="", seeds="0", tokens=6):
    return ["", *(PROMPTS.get(arm) for arm in trained_arms()), seeds, 1, tokens, 1.0, 0, "", 1.0, typed]


@pytest.fixture
def listings(answering):
    return Listings(Comparisons(answering))


@pytest.fixture
def tab(laid_out, answering):
    """What the list does."""
    compare, beside = laid_out(answering)
    return ListTab(compare, beside.listed)


def test_a_list_is_answered_as_one_by_one(listings):
    how = {"prompts": PROMPTS, "seeds": "0, 3", "typed": "sum of list", "max_new_tokens": 16}
    listing = listings.ask_all(listings.listing(tasks_of(INSTRUCTIONS, REFERENCES), ARMS, **how), silent)
    for place, (text, reference) in enumerate(zip(INSTRUCTIONS, REFERENCES, strict=True)):
        alone = listings.comparisons.question(text, reference, **how)
        for column in alone.columns(ARMS):
            one = listings.comparisons.ask(alone, column, silent)
            many = listing.answer(column.key, place)
            assert many.about == one.about
            assert replace(many.result, seconds=None) == replace(one.result, seconds=None), (text, column.key)


def test_tests_run_and_equal_programs_run_once(listings, monkeypatch):
    from ddpt_core.metrics import execution

    ran, execute = [], execution.execute
    monkeypatch.setattr(execution, "execute", lambda *given: ran.append(given) or execute(*given))
    tasks = [Task("a", "sort list `a`", "sorted(a)", ("assert True", "assert _ == 1"), "a = [1]")]
    listing = listings.listing(tasks, ["ddpt"], prompts=PROMPTS, seeds="0, 1", max_new_tokens=4)
    listing = listings.ask_all(listing, silent)
    codes = {listing.answer(column.key, 0).result.code for column in listing.columns}
    assert len(ran) == len(codes)
    runs = [listing.answer(column.key, 0).result.execution for column in listing.columns]
    assert all(len(run.tests) == 2 and run.status in ("failed", "error") for run in runs)
    assert listing.overall["ddpt"].tested == 1 and listing.overall["ddpt"].passed == 0


def test_the_last_row_holds_the_cores_figures_over_all_answers(listings):
    listing = listings.listing(tasks_of(INSTRUCTIONS, REFERENCES), ["manual"], max_new_tokens=4)
    codes = ["sorted(a)", "a[::-1] (", "c", "max(d, e)"]
    found = {
        place: Card(listing.columns[0], ArmResult("manual", code, None, 3, score([code], [REFERENCES[place]])))
        for place, code in enumerate(codes)
    }
    overall = listing.with_answers("manual", found).overall["manual"]
    assert overall.metrics == score(codes, REFERENCES)
    assert (overall.n, overall.with_reference, overall.tested) == (4, 3, 0)
    shown = text_of(list_html(listing.with_answers("manual", found)))
    assert f"BLEU-4 {score(codes, REFERENCES)['bleu']:.3g} n = 3" in shown and "3 of 4 parse" in shown


def text_of(markup):
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


@pytest.mark.parametrize(
    ("instructions", "references", "sentence"),
    [
        ([], None, "The list is empty; write one instruction a line, or choose tasks."),
        (["sort"] * (MAX_INSTRUCTIONS + 1), None, "at most 50 instructions, got 51; leave some out"),
        (["sort", " "], None, "The instruction is empty"),
        (["x" * 8001], None, "at most 8,000 characters"),
        (["sort"], ["a", "b"], "one reference, got 2 for 1 instructions"),
        (["sort", 1], None, "must be texts"),
        (["sort"], ["x" * 20001], "The reference must have at most 20,000 characters"),
    ],
)
def test_a_bad_list_is_refused_before_anything_runs(listings, instructions, references, sentence):
    with pytest.raises(DDPTError, match=sentence):
        listings.listing(tasks_of(instructions, references), ARMS)


def test_more_beams_make_smaller_batches(listings):
    tasks = tasks_of(["sort"] * 40)
    greedy = listings.listing(tasks, ["manual"])
    wide = listings.listing(tasks, ["manual"], num_beams=4)
    column = greedy.columns[0]
    assert [len(batch) for batch in listings.batches(greedy, column)] == [40]
    assert [len(batch) for batch in listings.batches(wide, column)] == [16, 16, 8]


def test_the_columns_fill_one_after_the_other_and_typed_lines_come_first(tab):
    chosen = [value for _, value in tab.menu.examples()[:2]]
    outputs = list(tab.run(asked(), "sort list `a`\n\n sum of `b` ", chosen, "", list(ARMS), *settings("sort list")))
    listings = listings_of(tab, outputs)
    assert [len(listing.answers) for listing in listings] == [0, 1, 2, 3, 4]
    last = listings[-1]
    examples = list(tab.menu.own.tasks.values())[:2]
    assert [task.instruction for task in last.tasks] == [
        "sort list `a`",
        "sum of `b`",
        *(e.instruction for e in examples),
    ]
    assert all(not last.missing(column) for column in last.columns)
    last, fields = outputs[-1], tab.fields
    assert "Done: 4 of 4 columns answered 4 instructions" in last[fields.said]
    assert last[fields.go].interactive and not last[fields.cancel].interactive and tab.stops == {}


def listings_of(tab, outputs):
    """The listings that were shown, one after the other."""
    return [output[tab.fields.listing] for output in outputs if tab.fields.listing in output]


def test_cancelling_keeps_the_columns_that_are_there(tab):
    running = tab.run(asked(), "sort\nsum", [], "", list(ARMS), *settings())
    shown = (output.get(tab.fields.listing) for output in running)
    listing = next(listing for listing in shown if listing and listing.answers)
    assert not tab.cancel(asked()).interactive
    *_, last = running
    assert list(listing.answers) == ["manual"] and "Cancelled: 1 of 3 columns answered" in last[tab.fields.said]
    assert last[tab.fields.go].interactive and tab.stops == {}


def test_a_failure_is_said_beside_the_button_and_what_is_there_stays(tab, monkeypatch):
    too_long = ["many words " * 40, *settings()[1:]]
    outputs, failed = [], tab.run(asked(), "sort", [], "", ["none", "manual"], *too_long)
    with pytest.raises(DDPTError, match="A manual context must have at most"):
        outputs.extend(failed)
    said, go = outputs[-1][tab.fields.said], outputs[-1][tab.fields.go]
    assert "A manual context must have at most" in said and go.interactive
    kept = listings_of(tab, outputs)[-1]
    assert list(kept.answers) == ["none"]


def test_a_cancelled_batch_leaves_nothing_half(listings):
    def stop(share, text):
        if "Writing code" in text:
            raise Cancelled

    listing = listings.listing(tasks_of(["sort"]), ["manual"], prompts=PROMPTS, max_new_tokens=4)
    with pytest.raises(Cancelled):
        listings.ask(listing, listing.columns[0], [0], stop)
    assert listing.answers == {} and listings.ask(listing, listing.columns[0], [0], silent)[0].result.code is not None


def test_a_row_opens_as_the_board_of_its_instruction(tab):
    (*_, first), listing = finished(tab, "sort list `a`\nsum of `b`", "0, 2", "sort list")
    assert tab.fields.listing not in first
    page = tab.compare.page
    (output,) = tab.opened(asked(), listing, SimpleNamespace(row=1))
    asked_by = [output[field] for field in (*page.task, *page.columns)]
    assert asked_by == [None, "sum of `b`", "", "", "", list(ARMS), "0, 2", "sort list"]
    board = output[page.answered]
    assert [card.key for card in board.cards] == [*ARMS, "ddpt@2", "typed"]
    assert [card.result.code for card in board.cards] == [listing.answer(c.key, 1).result.code for c in board.cards]
    assert output[page.shown].count("arm answered") == 5 and output[page.go].interactive


def finished(tab, lines, seeds="0", typed=""):
    outputs = list(tab.run(asked(), lines, [], "", list(ARMS), *settings(typed, seeds)))
    return outputs, listings_of(tab, outputs)[-1]


def test_what_a_cancelled_list_left_out_is_asked_when_its_row_opens(tab):
    _, listing = finished(tab, "sort list `a`")
    half = replace(listing, answers={"manual": listing.answers["manual"]})
    *_, last = tab.opened(asked(), half, SimpleNamespace(row=0))
    assert [card.result.code for card in last[tab.compare.page.answered].cards] == [
        listing.answer(arm, 0).result.code for arm in ARMS
    ]


@pytest.mark.parametrize("row", [-1, 1, "0", None, 0.0])
def test_a_row_that_is_not_there_is_refused(tab, row):
    _, listing = finished(tab, "sort")
    with pytest.raises(DDPTError, match="This row is not there any longer"):
        list(tab.opened(asked(), listing, SimpleNamespace(row=row)))
    with pytest.raises(DDPTError, match="This row is not there any longer"):
        list(tab.opened(asked(), None, SimpleNamespace(row=0)))


def test_the_tasks_of_a_file_can_be_chosen(tab, tmp_path):
    path = tmp_path / "own.jsonl"
    rows = [{"id": str(i), "instruction": f"sort list `{i}`", "reference": f"sorted({i})"} for i in range(12)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    offered = tab.offered(str(path))
    assert len(offered.choices) == 12 and offered.value == []
    chosen = tab.first(str(path))
    assert len(chosen) == FIRST
    assert [task.reference for task in tab.menu.tasks(str(path), chosen)] == [f"sorted({i})" for i in range(FIRST)]
    assert tab.menu.tasks("", chosen) == []  # the file was taken out


def test_nothing_from_outside_becomes_markup(listings):
    tasks = [Task("a", HOSTILE, HOSTILE)]
    listing = listings.listing(tasks, ["manual", "ddpt"], typed=[HOSTILE])
    wrote = Card(listing.columns[0], ArmResult("manual", HOSTILE, None, 3, score([HOSTILE], [HOSTILE])), HOSTILE)
    missing = Card(listing.columns[1], ArmResult("ddpt", None, missing=HOSTILE))
    shown = list_html(listing.with_answers("manual", {0: wrote}).with_answers("ddpt", {0: missing}))
    assert "<img" not in shown and "</script" not in shown and "\u202e" not in shown
    assert shown.count("&lt;img") >= 4


def test_a_listing_as_json_names_every_column_in_every_row(listings):
    listing = listings.listing(tasks_of(INSTRUCTIONS[:2]), ["ddpt"], prompts=PROMPTS, seeds=[0, 1], max_new_tokens=4)
    said = json.loads(json.dumps(listings.ask_all(listing, silent).as_json()))
    assert [one["name"] for one in said["columns"]] == ["ddpt", "ddpt@1"]
    assert [row["instruction"] for row in said["rows"]] == INSTRUCTIONS[:2]
    assert all([arm["name"] for arm in row["arms"]] == ["ddpt", "ddpt@1"] for row in said["rows"])
    assert said["overall"]["ddpt"]["n"] == 2 and said["overall"]["ddpt"]["metrics"]["bleu"] is None
