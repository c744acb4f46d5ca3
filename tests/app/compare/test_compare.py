"""The Compare tab without a browser: what it asks the arms, what it shows of their answers, and what it refuses."""

import html
import io
import json
import keyword
import re
import shutil
import threading
import tokenize
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

from app.compare.boards.board import Board, Card
from app.compare.boards.columns import columns_of
from app.compare.boards.comparisons import Comparisons
from app.compare.figures.arm_cards import SHORT_ANSWER, board_html, verdict
from app.compare.form import EDITED, fitting
from app.compare.session import CANCELLED
from app.main import build_app
from app.page.fields.setting_fields import NUMBERS
from app.page.pieces.code import code_html
from app.page.stream import Cancelled
from ddpt_core.answering import arms
from ddpt_core.answering.arms import ArmResult
from ddpt_core.arms import ALL_ARMS, ARMS, trained_arms
from ddpt_core.backbone import registry
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.data.task import Task
from ddpt_core.errors import DDPTError
from ddpt_core.metrics.execution import Limits, execute
from ddpt_core.prompts.checkpoint import load_prompt

PROMPTS = {"prompt-tuning": "prompt-tuning", "ddpt": "ddpt"}
THREE = ["manual", "prompt-tuning", "ddpt"]
CHOSEN = [PROMPTS.get(arm) for arm in trained_arms()]
SETTINGS = [THREE, "", *CHOSEN, "0", 1, 6, 1.0, 0, "", 1.0, ""]  # as the form gives them, but six tokens at most
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}</script>\u202e\x00"


def silent(share, text):
    """Hears of progress and does nothing with it."""


@pytest.fixture
def comparisons(answering):
    return Comparisons(answering)


def asked(**query):
    return SimpleNamespace(query_params=query, session_hash="a-session")


def result(name="ddpt", code="sorted(a)", reference="sorted(a)", tests=(), setup="a = [2, 1]"):
    """A result as run_arm makes it, with the real metrics and the real sandbox, for code written here."""
    from ddpt_core.metrics.text_metrics import score

    run = execute(code, tests, setup=setup) if tests else None
    return ArmResult(name, code, 0.25, 7, score([code], [reference]), run)


def column(name):
    return columns_of([name])[0]


def card(name, result=None, **more):
    return Card(column(name), result, **more)


def board_of(*results, **task):
    question = SimpleNamespace(task=Task("own", "sort it", **task), seeds=(0,), settings=GenerationSettings(), note="")
    return Board(question, tuple(card(r.name, r) for r in results))


def text_of(markup):
    return html.unescape(re.sub(r"<[^>]+>", " ", markup))


def test_every_arm_answers_as_the_core_lets_it(comparisons, prompts, tiny):
    question = comparisons.question("sort list `a`", "sorted(a)", "a = [1]", "assert _", prompts=PROMPTS, seeds=5)
    shown = comparisons.ask_all(question, silent)["arms"]
    loaded = {method: load_prompt(folder, tiny) for method, folder in prompts.items()}
    expected = arms.compare(
        "sort list `a`", "sorted(a)", ["assert _"], "a = [1]", backbone=tiny, prompts=loaded, seed=5
    )
    assert [arm["name"] for arm in shown] == list(ARMS)
    for arm, one in zip(shown, expected, strict=True):
        assert (arm["code"], arm["tokens"], arm["metrics"]) == (one.code, one.tokens, one.metrics)
        assert arm["execution"]["status"] == one.execution.status


def test_every_arm_of_the_core_has_its_words_and_its_colour():
    for arm in ALL_ARMS.values():
        assert all((arm.label, arm.phrase, arm.in_report, arm.note, arm.symbol)) and arm.colour.startswith("#")


def test_the_endpoints_result_is_json(comparisons):
    question = comparisons.question("sort", "sorted(a)", tests=["assert True"], prompts=PROMPTS, max_new_tokens=4)
    said = json.loads(json.dumps(comparisons.ask_all(question, silent)))
    assert said["settings"] == {**vars(GenerationSettings()), "max_new_tokens": 4}
    assert {"name", "code", "seconds", "tokens", "metrics", "execution", "missing"} <= said["arms"][0].keys()


def test_the_columns_fill_one_after_the_other(tab):
    seen = []
    question = tab.question("sort list `a`", "", "", "", *SETTINGS[1:])
    for board, _ in tab.boards(Board(question, ()).with_columns(question.columns(ARMS)), threading.Event()):
        answered = [card.key for card in board.cards if card.result]
        assert answered == list(ARMS)[: len(answered)]
        seen.append(len(answered))
    assert seen == sorted(seen) and set(seen) == {0, 1, 2, 3}


def test_only_the_form_that_was_asked_for_is_filled_and_only_once(tab):
    outputs = list(tab.run(asked(), "", None, "sort list `a`", "x", "", "", *SETTINGS))
    assert all(output.keys() == set(tab.page.board) for output in outputs)
    first, *rest = tab.chosen(asked(), "", "round-price", "old text", "", "", "", *SETTINGS)
    _, instruction, _, setup, _ = tab.page.task
    assert first[instruction] == "Round the number `price` to 2 decimal places."
    assert first[setup] == "price = 19.98765"
    assert all(output.keys() == set(tab.page.board) for output in rest)


def test_the_first_look_runs_the_example_that_the_address_names(tab):
    empty = [None, "", "", "", "", *SETTINGS]
    example, _, reference, *_ = tab.page.task
    named = next(tab.first(asked(example="digit-sum"), None, "", *empty))
    assert named[example] == "digit-sum" and "digit_sum" in named[reference]
    other = next(tab.first(asked(example="nonsense"), None, "", *empty))
    assert other[example] == next(iter(tab.comparisons.examples))


def test_a_second_look_changes_nothing_but_the_prompts_on_offer(tab):
    menus = tab.page.prompts
    (output,) = tab.first(asked(arms="none"), Board(), "", None, "", "", "", "", *SETTINGS)
    assert output.keys() == set(menus)
    (typed,) = tab.first(asked(), None, "", None, "my own", "", "", "", *SETTINGS)
    assert typed.keys() == set(menus)
    assert [output[menu].value for menu in menus] == CHOSEN


def test_without_examples_the_tab_opens_empty(laid_out, answering):
    shutil.rmtree(registry.ASSETS / "examples")
    tab, _ = laid_out(answering)
    assert tab.menu.examples() == []
    (output,) = tab.first(asked(), None, "", None, "", "", "", "", *SETTINGS)
    assert output.keys() == set(tab.page.prompts)


def test_the_examples_come_back_when_a_file_is_taken_out(tab, tmp_path):
    path, page = tmp_path / "mine.jsonl", tab.page
    path.write_text('{"instruction": "Sort.", "reference": "sorted(a)"}\n')
    uploaded, first, *_ = tab.uploaded(asked(), str(path), None, "", "", "", "", *SETTINGS)
    assert uploaded[page.source] == str(path) and "mine.jsonl: 1 task" in uploaded[page.said]
    assert uploaded[page.examples].visible and first[page.task[1]] == "Sort."
    back = tab.back_to_examples()
    assert back[page.source] == "" and not back[page.examples].visible
    assert [value for _, value in back[page.task[0]].choices] == list(tab.comparisons.examples)


def test_the_menu_names_every_example_once(tab):
    names = [name for name, _ in tab.menu.examples()]
    assert len(set(names)) == len(names) == len(tab.comparisons.examples)
    assert "digit sum · function" in names


def test_an_arm_without_a_prompt_is_not_run_and_says_why(tab):
    prompts = ["prompt-tuning", *[None] * (len(CHOSEN) - 1)]
    settings = [THREE, "", *prompts, *SETTINGS[2 + len(CHOSEN) :]]
    *_, last = tab.run(asked(), "", None, "sort", "", "", "", *settings)
    before, after = last[tab.page.shown].split("DDPT</h3>")
    assert before.count("arm answered") == 2 and "Not run" not in before
    assert "Not run" in after and "No prompt of this arm is chosen" in after


def test_a_prompt_of_another_backbone_is_not_run_and_the_others_are(comparisons):
    path = registry.ASSETS / "prompts" / "prompt-tuning" / "prompt.json"
    about = json.loads(path.read_text())
    about["backbone"] |= {"name": "other", "sha256": "0" * 64}
    path.write_text(json.dumps(about))
    question = comparisons.question("sort", prompts=PROMPTS, max_new_tokens=4)
    manual, tuned, diffused = comparisons.ask_all(question, silent)["arms"]
    assert "was trained on the backbone 'other'" in tuned["missing"]
    assert manual["code"] is not None and diffused["code"] is not None


def test_the_manual_context_is_by_default_the_text_that_the_prompts_started_from(comparisons, prompts, tiny):
    question = comparisons.question("sort", prompts=PROMPTS)
    assert question.context == load_prompt(prompts["ddpt"], tiny).context_text
    assert comparisons.question("sort", context=" my words ", prompts=PROMPTS).context == "my words"
    assert comparisons.question("sort", None, None, None, None, prompts=PROMPTS).task.tests == ()  # not filled in yet


def test_a_ddpt_context_is_denoised_once_for_each_seed(comparisons, prompts, tiny):
    prompt, told = load_prompt(prompts["ddpt"], tiny), []
    for seeds in ("1, 2", 1):
        question = comparisons.question("sort", prompts=PROMPTS, seeds=seeds)
        for column in question.columns(["ddpt"]):
            arm, _ = comparisons.arm(question, tiny, column, lambda share, text: told.append(text))
            assert arm.context.equal(prompt.final_context(column.seed))
    steps = prompt.schedule.timesteps
    assert sum(text.endswith(f" 0 of {steps:,}") for text in told) == 2


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"instruction": "  "}, "The instruction is empty"),
        ({"tests": "assert _ =="}, "The tests are not Python (line 1"),
        ({"seeds": 1.5}, "Seed must be a whole number"),
        ({"num_beams": 0}, "num_beams must be from 1 to 16"),
        ({"num_beams": None}, "num_beams must be a whole number, got nothing"),
        ({"repetition_penalty": None}, "repetition_penalty must be a number"),
        ({"repetition_penalty": 3}, "repetition_penalty must be from 0.5 to 2"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(comparisons, wrong, sentence):
    with pytest.raises(DDPTError, match=re.escape(sentence)):
        comparisons.question(**({"instruction": "sort"} | wrong))


def test_a_failure_is_said_where_the_answers_would_stand_and_what_was_typed_stays(tab):
    too_long = "many words " * 40
    outputs, failed = [], tab.run(asked(), "", None, "sort", "", "", "", THREE, too_long, *SETTINGS[2:])
    with pytest.raises(DDPTError, match="A manual context must have at most"):
        outputs.extend(failed)  # keeps what came before the error
    *_, last = outputs
    assert last.keys() == set(tab.page.board) and "A manual context must have at most" in last[tab.page.shown]
    assert last[tab.page.go].interactive and not last[tab.page.cancel].interactive


def test_cancelling_keeps_the_columns_that_are_done(tab):
    running = tab.run(asked(), "", None, "sort", "", "", "", *SETTINGS)
    boards = (output[tab.page.shown] for output in running)
    shown = next(board for board in boards if board.count("arm answered") == 1)
    assert not tab.cancel(asked()).interactive
    *_, last = running
    board = last[tab.page.shown]
    assert board.count("arm answered") == 1 and board.count(CANCELLED) == 2
    assert board.split("arm waiting")[0] == shown.split("arm waiting")[0]
    assert last[tab.page.go].interactive and not last[tab.page.cancel].interactive and tab.stops == {}


def test_cancelling_where_nothing_runs_changes_nothing(tab):
    assert not tab.cancel(asked()).interactive and tab.stops == {}


def test_a_new_question_stops_the_one_before_which_shows_nothing_more(tab):
    old = tab.run(asked(), "", None, "sort", "", "", "", *SETTINGS)
    next(old)
    new = tab.chosen(asked(), "", "round-price", "sort", "", "", "", *SETTINGS)
    next(new)
    assert list(old) == []
    *_, last = new
    assert last[tab.page.shown].count("arm answered") == 3 and tab.stops == {}


def test_a_cancelled_denoising_is_not_taken_for_a_finished_one(comparisons, prompts, tiny):
    question = comparisons.question("sort", prompts=PROMPTS, seeds=9)
    (column,) = question.columns(["ddpt"])

    def stop(share, text):
        if "step 20" in text:
            raise Cancelled

    with pytest.raises(Cancelled):
        comparisons.arm(question, tiny, column, stop)
    arm, _ = comparisons.arm(question, tiny, column, silent)
    assert arm.context.equal(load_prompt(prompts["ddpt"], tiny).final_context(9))


def test_passed_and_failed_tests_stand_with_their_values():
    tests = ("assert _ == [2, 1]", "assert len(_) == 2")
    shown = text_of(board_html(board_of(result(tests=tests))))
    assert "1 of 2 tests" in shown and "_ == [2, 1] does not hold: [1, 2] == [2, 1]" in shown
    passed = text_of(board_html(board_of(result(tests=tests[1:]))))
    assert "✓ 1 of 1 tests" in passed and "does not hold" not in passed


def test_an_error_before_the_tests_is_said_once_and_the_tests_are_not_reached():
    shown = board_html(board_of(result(code="sorted(b)", tests=("assert _", "assert a"))))
    assert text_of(shown).count("NameError: name 'b' is not defined") == 1
    assert text_of(shown).count("not reached") == 2 and "0 of 2 tests" in shown


def test_an_answer_without_a_value_is_explained():
    assert "ends in no expression" in board_html(board_of(result(code="def f(): pass", tests=("assert _ == 1",))))


def test_tests_that_this_system_cannot_run_are_not_called_failed():
    refused = replace(execute("1", ["assert _"]), status="refused", detail="The sandbox needs Linux.")
    shown = board_html(board_of(replace(result(), execution=refused)))
    assert "not run here" in shown and "Not run here." in text_of(shown) and "The sandbox needs Linux." in shown
    cards = [card(name, replace(result(name), execution=refused)) for name in ARMS]
    assert verdict(cards) == "All three arms wrote the same code."


def test_what_the_code_printed_can_be_read():
    assert "seven &lt;b&gt;" in board_html(board_of(result(code="print('seven <b>')", tests=("assert True",))))


def test_without_a_reference_a_dash_stands_and_a_note_says_why():
    shown = board_html(board_of(result(reference="")))
    assert shown.count(">–</span>") == 5 and "nothing to compare with" in shown and SHORT_ANSWER not in shown


def test_bleu_of_an_answer_under_four_tokens_is_explained():
    assert SHORT_ANSWER in board_html(board_of(result(code="a", reference="sorted(a)")))
    assert SHORT_ANSWER not in board_html(board_of(result()))


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (("a", "a", "a"), "All three arms wrote the same code."),
        (("a", "b", "a"), "Manual and DDPT wrote the same code."),
        (("a", "b", "c"), "No two arms wrote the same code."),
        ((None, "b", "b"), "Both arms wrote the same code."),
        ((None, None, "b"), ""),
    ],
)
def test_identical_answers_are_said_to_be_identical(codes, said):
    cards = [card(name, ArmResult(name, code)) for name, code in zip(ARMS, codes, strict=True)]
    assert verdict(cards) == said


def test_each_column_names_the_others_that_wrote_the_same():
    board = board_of(*(result(name, code) for name, code in zip(ARMS, ("a", "b", "a"), strict=True)))
    said = re.findall(r'<p class="same">(.*?)</p>', board_html(board))
    assert said == ["identical to DDPT", "", "identical to Manual"]


def test_the_verdict_waits_for_every_arm_and_names_those_that_pass():
    tests = ("assert _ == [1, 2]",)
    right, wrong = result("manual", tests=tests), result("prompt-tuning", "a", tests=tests)
    cards = [card("manual", right), card("prompt-tuning", wrong), card("ddpt")]
    assert verdict(cards) == ""
    cards[2] = card("ddpt", result(tests=tests))
    assert verdict(cards) == "Manual and DDPT wrote the same code. Manual and DDPT pass the tests."
    cards = [card(name, replace(wrong, name=name)) for name in ARMS]
    assert verdict(cards).endswith("None passes the tests.")


def test_nothing_from_outside_becomes_markup():
    tests = (f"assert {HOSTILE!r} == 1",)
    hostile = replace(result(code=f"print({HOSTILE!r})\n{HOSTILE}"), execution=execute("1", tests))
    board = board_of(hostile, reference=HOSTILE, setup=HOSTILE)
    board = replace(board, cards=(*board.cards, card("manual", about=HOSTILE, note=HOSTILE)), failure=HOSTILE)
    missing = card("prompt-tuning", ArmResult("prompt-tuning", None, missing=HOSTILE))
    board.question.task = replace(board.question.task, instruction=HOSTILE)
    board.question.note = HOSTILE
    shown = board_html(replace(board, cards=(*board.cards, missing)))
    assert "<img" not in shown and "</script" not in shown and "\u202e" not in shown and "\x00" not in shown
    assert shown.count("&lt;img") >= 9


def test_the_message_of_a_failing_assertion_is_shown_as_text():
    failed = result(code="1", tests=(f"assert _ == 2, {HOSTILE[:28]!r}",))
    shown = board_html(board_of(failed))
    assert failed.execution.status == "failed" and HOSTILE[:28] in failed.execution.tests[0].detail
    assert "<img" not in shown and "&lt;img src=x onerror=alert(1)" in shown.split('class="detail"')[1]


def test_a_test_in_which_the_run_was_stopped_is_said_to_have_timed_out():
    limits = Limits(timeout=0.5)
    run = execute("1", ("assert _ == 1", "while True: pass", "assert 0"), limits)
    shown = text_of(board_html(board_of(replace(result(), execution=run))))
    assert "✗ 1 of 3 tests, timed out" in shown
    assert "✗ timed out while True" in " ".join(shown.split()) and "not reached" in shown
    assert shown.count("stopped after 0.5 seconds") == 1


def test_what_a_run_took_is_told():
    shown = text_of(board_html(board_of(result(tests=("assert _",)))))
    assert re.search(r"[\d.]+ s, at most [\d.]+ MB", shown)


PROGRAMS = [
    'def f(x, *, y=0x1F):\n    """Says <b>."""\n    return [i ** 2.5e-3 for i in range(10) if i != None]  # why\n',
    "class A(B):\n    async def go(self):\n        return await self.x if True else rb'\\x00' + f'{y}'\n",
]


@pytest.mark.parametrize("code", [*PROGRAMS, "def f(:\n  'open", '"""never closed\n}', "a\tb\r\n\\", "'" * 7, ""])
def test_marked_code_is_the_code_and_nothing_else(code):
    shown = code_html(code)
    assert html.unescape(re.sub(r"</?span[^>]*>", "", shown)).replace("\\u000d", "\r") == code
    assert set(re.findall(r"<(?!/?span)", shown)) == set()


@pytest.mark.parametrize("code", PROGRAMS)
def test_kinds_agree_with_pythons_own_tokenizer(code):
    kinds = {tokenize.NUMBER: "number", tokenize.STRING: "string", tokenize.COMMENT: "comment"}
    wanted = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type in kinds:
            wanted.append((kinds[token.type], token.string))
        elif token.type == tokenize.NAME and keyword.iskeyword(token.string):
            wanted.append(("keyword", token.string))
    marked = re.findall(r'<span class="(keyword|number|string|comment)">(.*?)</span>', code_html(code), re.DOTALL)
    assert [(kind, html.unescape(text)) for kind, text in marked] == wanted


ORIGIN = Task("e", "Sort the list `a`.", "sorted(a)", ("assert _",), "a = [1]")


@pytest.mark.parametrize(
    ("instruction", "reference", "left", "note"),
    [
        ("Sort the list `a`.", "sorted(a)", ["e", "sorted(a)", "a = [1]", "assert _"], ""),
        ("Order list a upwards", "sorted(a)", ["e", "sorted(a)", "a = [1]", "assert _"], EDITED),
        ("Reverse `word`", "sorted(a)", [None, "", "", ""], "taken out"),
        ("Reverse `word`", "word[::-1]", [None, "word[::-1]", "", ""], "taken out"),
        ("", "sorted(a)", ["e", "sorted(a)", "a = [1]", "assert _"], ""),
    ],
)
def test_what_is_left_of_an_example_goes_when_the_instruction_is_about_something_else(
    instruction, reference, left, note
):
    fields, said = fitting(ORIGIN, "e", instruction, reference, "a = [1]", "assert _")
    assert [fields[0], *fields[2:]] == left and (note in said if note else said == "")


def test_the_forms_defaults_are_the_cores_and_every_action_has_a_name(answering):
    page = build_app(answering)
    numbers = {block.label: block.value for block in page.blocks.values() if isinstance(block, gr.Number)}
    shown = [value for label, value in numbers.items() if (label or "").split(" · ")[0] in NUMBERS]
    assert sorted(shown) == sorted(vars(GenerationSettings()).values())
    assert {"/compare", "/compare_list", "/examples"} <= page.get_api_info()["named_endpoints"].keys()
