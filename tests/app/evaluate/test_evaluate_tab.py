"""The Evaluate tab without a browser: what it evaluates, shows, keeps for one session alone, and refuses."""

import html
import json
import re
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from app.evaluate import evaluations as module
from app.evaluate.form import EXAMPLES, HELD_OUT, OWN_FILE, decimal, example_choices, settings_of, whole_numbers
from app.evaluate.tab import lay_out
from app.main import build_app
from app.page.pieces.components import components_of
from app.page.pieces.predictions import PAGE, chosen_rows, outcome_choices, predictions_html
from app.page.stream import Cancelled, Note, in_words
from app.page.uploads import TaskFile
from ddpt_core.answering import unit_tests
from ddpt_core.arms import trained_arms
from ddpt_core.data.readers import load_tasks
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError, DDPTError
from ddpt_core.metrics.execution import Execution, TestOutcome
from ddpt_core.metrics.text_metrics import METRICS
from families.splits import HELD_OUT_BY

PROMPTS = {"prompt-tuning": "prompt-tuning", "ddpt": "ddpt"}
# As the form gives them, but six tokens at most.
SETTINGS = ["", *(PROMPTS.get(arm) for arm in trained_arms()), 0, 1, 6, 1.0, 0, "", 1.0]
FORM = [["manual", "ddpt"], 3, True, 1, "", "1", *SETTINGS]  # arms, tasks, tests, samples, temperature, k
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}</script>\u202e"


def silent(share, text):
    """Hears of progress and does nothing with it."""


@pytest.fixture
def tab(answering):
    with gr.Blocks():
        return lay_out(answering)


def session(name="a-session", **event):
    return SimpleNamespace(session_hash=name, **event)


def file_of(*tasks):
    return TaskFile("mine.jsonl", {task.id: task for task in tasks})


def task(number=0, **fields):
    made = {
        "instruction": f"sort list `a` {number}",
        "reference": "sorted(a)",
        "tests": ("assert _",),
        "setup": "a = [1]",
    }
    return Task(str(number), **(made | fields))


def refuse(programs, *given, **named):
    """What execute_many answers where there is no sandbox."""
    refused = [TestOutcome("assert _", "not reached")]
    return [
        Execution("refused", tuple(refused), 0.0, "The sandbox needs Landlock, which this kernel lacks.")
        for _ in programs
    ]


def text_of(markup):
    return html.unescape(re.sub(r"<[^>]+>", " ", markup))


def test_an_evaluation_writes_what_the_core_writes(tab):
    wanted = tab.evaluations.wanted(file_of(task(0), task(1)), prompts=PROMPTS, samples=2, k=[1, 2], max_new_tokens=4)
    told = []
    made = tab.evaluations.run(wanted, lambda share, text: told.append((share, text)))
    assert sorted(path.name for path in made.folder.iterdir()) == ["metrics.json", "predictions.jsonl"]
    assert made.report["data"] == {"source": "mine.jsonl", "tasks": 2}
    assert list(made.report["arms"]) == ["manual", "prompt-tuning", "ddpt"] and made.report["tests"]["samples"] == 2
    assert set(made.report["arms"]["ddpt"]["pass_at"]) == {"1", "2"}
    assert len(made.rows()) == 2 * 3 * (1 + 2) and made.tasks["1"].setup == "a = [1]"
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[-1] == 1
    assert {text.split(":")[0] for _, text in told} >= {"Manual", "Prompt tuning, tests", "DDPT, tests", "references"}


def test_the_page_shows_progress_in_words_and_then_the_result(tab):
    page, result = tab.page, tab.page.result
    first, *others, last = tab.run(session(), "", EXAMPLES, *FORM)
    assert "Starting…" in first[page.status] and not first[page.go].interactive and first[page.cancel].interactive
    assert all(output.keys() == controls(tab) for output in [first, *others]), "what was shown before stays"
    assert "Done in" in last[page.status] and last[page.go].interactive and not last[page.cancel].interactive
    assert last[result.whole].visible and "pass@1" in last[result.table] and len(last[result.plot].data) == 2
    assert json.loads(Path(last[result.metrics]).read_text())["data"] == {"source": "examples", "tasks": 3}
    assert len(Path(last[result.predictions]).read_text().splitlines()) == 6
    assert last.keys() == controls(tab) | set(components_of(result))


def controls(tab):
    """What is shown of an evaluation that has no result, or none yet."""
    return {tab.page.status, tab.page.go, tab.page.cancel}


def test_without_tests_only_the_text_is_measured(tab):
    form = [FORM[0], 2, False, 1, "", "1", *SETTINGS]
    *_, last = tab.run(session(), "", EXAMPLES, *form)
    table = last[tab.page.result.table]
    assert "pass@" not in table and "BLEU-4" in table
    made = tab.evaluations.of("a-session")
    assert "tests" not in made.report and {row.get("status") for row in made.rows()} == {None}


def test_where_the_sandbox_refuses_the_page_says_not_run_here_and_why(tab, monkeypatch):
    monkeypatch.setattr(unit_tests, "execute_many", refuse)
    *_, last = tab.run(session(), "", EXAMPLES, *FORM)
    said = text_of(last[tab.page.result.table])
    assert "Not run here: the tests. The sandbox needs Landlock, which this kernel lacks." in " ".join(said.split())
    assert "pass@1" not in said and "BLEU-4" in said
    rows = tab.evaluations.of("a-session").rows()
    assert "not tested" in predictions_html(rows, [0]) and "needs Landlock" in predictions_html(rows, [0])


def test_cancelling_shows_at_once_and_leaves_nothing(tab):
    with tab.services.model():  # another visitor's work, so that it cannot end before it is cancelled
        running = tab.run(session(), "", EXAMPLES, *FORM)
        next(running)
        assert not tab.cancel(session()).interactive
        *_, last = running
    assert "Cancelled; nothing of it was kept." in last[tab.page.status] and last[tab.page.go].interactive
    assert last.keys() == controls(tab) and tab.stops == {}
    with pytest.raises(DataError):
        tab.evaluations.of("a-session")


@pytest.mark.parametrize("where", ["references", "Manual", "DDPT, tests"])
def test_wherever_it_is_cancelled_no_file_stays(tab, where):
    def stop(share, text):
        if text.startswith(where):
            raise Cancelled

    wanted = tab.evaluations.wanted(file_of(task()), prompts=PROMPTS, max_new_tokens=4)
    with pytest.raises(Cancelled):
        tab.evaluations.run(wanted, stop)
    assert list(Path(tab.evaluations._root.name).iterdir()) == []
    with tab.services.model():
        assert tab.services.turns._depth == 1  # it was released as often as it was taken


def test_what_takes_too_long_is_stopped_with_a_sentence(tab, monkeypatch):
    monkeypatch.setattr(module, "MAX_SECONDS", -1)
    wanted = tab.evaluations.wanted(file_of(task()), arms=["manual"], max_new_tokens=4)
    with pytest.raises(ConfigError, match="was stopped after"):
        tab.evaluations.run(wanted, silent)
    assert list(Path(tab.evaluations._root.name).iterdir()) == []


def test_a_session_sees_its_own_evaluation_alone(tab):
    list(tab.run(session("one"), "", EXAMPLES, *FORM))
    with pytest.raises(DataError, match="not kept any longer"):
        tab.filtered(session("two"), "", "", "")
    with pytest.raises(DataError, match="not kept any longer"):
        tab.open(session("two"), SimpleNamespace(row=0))
    assert tab.services.handed == {}
    assert "of 6" in tab.filtered(session("one"), "", "", "")[tab.page.result.paged.where]


def test_a_new_evaluation_takes_the_place_of_the_old_and_few_are_kept(tab, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    folders = []
    for name in ("one", "one", "two", "three"):
        folder = Path(tab.evaluations._root.name) / str(len(folders))
        folder.mkdir()
        folders.append(folder)
        tab.evaluations.keep(name, module.Evaluation(folder, {}))
    assert [folder.exists() for folder in folders] == [False, False, True, True]
    with pytest.raises(DataError):
        tab.evaluations.of("one")


def test_a_row_opens_its_task_in_compare(tab):
    list(tab.run(session(), "", EXAMPLES, *FORM))
    tab.open(session(), SimpleNamespace(row=4))
    rows = tab.evaluations.of("a-session").rows()
    assert tab.services.handed["a-session"] == tab.data.examples.tasks[rows[4]["id"]]


@pytest.mark.parametrize("row", [-1, 6, "0", None, 1.0])
def test_a_row_that_is_not_there_opens_nothing(tab, row):
    list(tab.run(session(), "", EXAMPLES, *FORM))
    tab.open(session(), SimpleNamespace(row=row))
    assert tab.services.handed == {}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"arms": []}, "No arm is chosen"),
        ({"arms": ["gpt"]}, "Unknown arm 'gpt'"),
        ({"limit": 0}, "Tasks must be from 1 to 500, got 0"),
        ({"limit": 501}, "Tasks must be from 1 to 500, got 501"),
        ({"limit": "many"}, "Tasks must be a whole number"),
        ({"samples": 51}, "Samples must be from 1 to 50, got 51"),
        ({"samples": 2, "temperature": 0.0}, "At temperature 0 all samples are the same"),
        ({"temperature": "hot"}, "Temperature must be a number"),
        ({"k": [2]}, "k of pass@k must be from 1 to the number of samples, 1, got 2"),
        ({"max_new_tokens": 0}, "max_new_tokens must be from 1"),
        ({"seed": None}, "Seed must be a whole number"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_before_anything_is_loaded(tab, changes, sentence):
    with pytest.raises(DDPTError, match=re.escape(sentence)):
        tab.evaluations.wanted(file_of(task()), **changes)


def test_the_limits_of_a_page_for_everybody_hold(tab):
    many = file_of(*(task(number) for number in range(600)))
    assert len(tab.evaluations.wanted(many).tasks) == 500
    with pytest.raises(ConfigError, match="must be at most 6,000, got 7,500; choose fewer"):
        tab.evaluations.wanted(many, samples=5)
    with pytest.raises(DataError, match="Task 0: There must be at most 50 tests, got 51"):
        tab.evaluations.wanted(file_of(task(tests=("assert 1",) * 51)))


def test_a_refusal_stands_in_the_status_line_and_the_result_before_stays(tab):
    form = [[], *FORM[1:]]
    *_, last = tab.run(session(), "", EXAMPLES, *form)
    said = last[tab.page.status]
    assert "failed" in said and "No arm is chosen" in said and last[tab.page.go].interactive
    assert last.keys() == controls(tab)


def test_other_work_has_its_turn_in_between(tab):
    import threading

    seen, waiting = [], threading.Event()

    def other():
        with tab.services.model(lambda share, text: None):
            seen.append("other")

    def tell(share, text):
        if text.startswith("Manual:") and not waiting.is_set():
            waiting.set()
            threading.Thread(target=other, daemon=True).start()
            while not tab.services.turns._waiting and not seen:
                threading.Event().wait(0.005)
        if text.startswith("Manual, tests"):
            seen.append("evaluation")

    wanted = tab.evaluations.wanted(file_of(task(0), task(1)), prompts=PROMPTS, arms=["manual"], max_new_tokens=4)
    tab.evaluations.run(wanted, tell)
    assert seen[0] == "other" and "evaluation" in seen


def test_a_prompt_that_is_not_there_is_told_and_the_other_arms_run(tab):
    wanted = tab.evaluations.wanted(file_of(task(0), task(1)), prompts={"ddpt": "ddpt"}, max_new_tokens=4)
    made = tab.evaluations.run(wanted, silent)
    assert list(made.report["arms"]) == ["manual", "ddpt"]
    assert made.report["not_run"] == {"prompt-tuning": "No prompt of this arm is chosen, or there is none yet"}
    assert json.loads(made.metrics.read_text()) == made.report


def test_a_file_is_offered_and_chosen_and_a_bad_one_changes_nothing(tab, tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"instruction": "Sort.", "reference": "sorted(a)", "tests": ["assert _"]}\n')
    form, shown = tab.page.form, tab.uploaded(str(path))
    source, data = shown[form.source], shown[form.data]
    assert source == str(path) and data.value == OWN_FILE
    assert ("mine.jsonl: 1 task, all with tests", OWN_FILE) in data.choices
    assert tab.data.named(OWN_FILE, source).tasks["line-1"].instruction == "Sort."
    path.write_text("")
    shown = tab.uploaded(str(path))
    assert shown.keys() == {form.upload, form.said}
    assert "failed" in shown[form.said] and "mine.jsonl is empty" in shown[form.said]


@pytest.mark.parametrize("by", HELD_OUT)
def test_our_own_held_out_tasks_are_on_offer(tab, by):
    (choice,) = [name for label, name in example_choices(0) if HELD_OUT[by] in label]
    assert list(tab.data.named(choice).tasks.values())[:20] == load_tasks(f"families:{by}", 20)
    assert set(HELD_OUT) == set(HELD_OUT_BY)


@pytest.mark.parametrize("name", [None, "", OWN_FILE])
def test_data_that_is_not_chosen_is_asked_for(tab, name):
    with pytest.raises(DataError, match="No data is chosen"):
        tab.data.named(name)


def test_rows_through_the_api_are_read_like_a_file(tab):
    rows = [{"task_id": 3, "text": "Double.", "code": "def f(x): return 2 * x", "test_list": ["assert f(1) == 2"]}]
    assert tab.data.rows(rows).tasks["3"].tests == ("assert f(1) == 2",)
    with pytest.raises(DataError, match="Line 1 of tasks has the keys a"):
        tab.data.rows([{"a": 1}])
    with pytest.raises(DataError, match="The tasks must be a list of objects, got str"):
        tab.data.rows("app/main.py")


def row(name, arm, instruction="Turn", prediction="p", status=None, detail="", tests=(), **more):
    """A row of predictions.jsonl; `tests` as (test, outcome, detail)."""
    made = [dict(zip(("test", "outcome", "detail"), test, strict=True)) for test in tests]
    about = {"id": name, "arm": arm, "instruction": instruction, "reference": "r", "prediction": prediction}
    return about | {"status": status, "detail": detail, "tests": made} | more


ROWS = [
    row("a", "manual", "Sort", status="passed", tests=[("assert 1", "passed", "")]),
    row("b", "ddpt", prediction="SORT(x)", status="failed", tests=[("assert 2", "failed", "3 == 4")], sample=0),
    row("c", "ddpt", prediction="", detail="why"),
]


@pytest.mark.parametrize(
    ("arm", "outcome", "text", "places"),
    [
        ("", "", "", [0, 1, 2]),
        ("ddpt", "", "", [1, 2]),
        ("", "failed", "", [1]),
        ("", "not tested", "", [2]),
        ("", "", " sort ", [0, 1]),
        ("", "", "3 == 4", [1]),
        ("manual", "failed", "", []),
    ],
)
def test_predictions_are_found_by_arm_outcome_and_text(arm, outcome, text, places):
    assert chosen_rows(ROWS, arm, outcome, text) == places


def test_each_prediction_stands_beside_its_reference_with_the_failing_test_and_its_values():
    shown = predictions_html(ROWS, [1])
    assert "SORT" in shown and "assert" in shown and "3 == 4" in shown and "sample 1" in shown
    assert "0 of 1 tests" in shown and 'data-row="1"' in shown
    assert "No prediction is like that." in predictions_html(ROWS, [])
    assert "(an empty answer)" in predictions_html(ROWS, [2]) and "why" in predictions_html(ROWS, [2])


def test_the_outcomes_on_offer_are_those_that_occur():
    names = [("Any outcome", ""), ("passed (1)", "passed"), ("failed (1)", "failed"), ("not tested (1)", "not tested")]
    assert outcome_choices(ROWS) == names


def test_pages_turn_within_the_rows_there_are(tab):
    rows, paged = [ROWS[0]] * (2 * PAGE + 1), tab.page.result.paged
    first = tab.page.result.rows_of(rows, "", "", "", 0)
    assert first[paged.rows].count("<article") == PAGE and "1 to 20 of 41" in first[paged.where]
    assert first[paged.page] == 0 and not first[paged.back].interactive and first[paged.on].interactive
    last = tab.page.result.rows_of(rows, "", "", "", 99)
    assert last[paged.rows].count("<article") == 1 and "41 to 41 of 41" in last[paged.where]
    assert last[paged.page] == 2 and last[paged.back].interactive and not last[paged.on].interactive
    assert tab.page.result.rows_of(rows, "", "", "", -1)[paged.page] == 0


def test_nothing_from_outside_becomes_markup():
    tests = [(f"assert {HOSTILE!r}", "failed", HOSTILE)]
    texts = {"instruction": HOSTILE, "prediction": HOSTILE, "detail": HOSTILE, "reference": HOSTILE}
    rows = [row(HOSTILE, "ddpt", status="failed", tests=tests, **texts), row(HOSTILE, "ddpt", **texts)]
    shown = predictions_html(rows, [0, 1])
    assert "<img" not in shown and "</script" not in shown and "\u202e" not in shown
    assert shown.count("&lt;img") == 11


@pytest.mark.parametrize(("text", "numbers"), [("1", [1]), (" 1, 10 ,", [1, 10])])
def test_k_is_read_from_a_text_with_commas(text, numbers):
    assert whole_numbers(text) == numbers


@pytest.mark.parametrize("text", ["", None, "a", "1.5", "-1", "1;2", "9" * 30])
def test_a_k_that_is_no_number_is_refused(text):
    with pytest.raises(ConfigError, match="write 1, 5"):
        whole_numbers(text)


def test_an_empty_temperature_is_the_default():
    assert (decimal(""), decimal(None), decimal(" 0.7 ")) == (None, None, 0.7)
    with pytest.raises(ConfigError, match="must be a number, got 'warm'"):
        decimal("warm")


def test_the_forms_values_have_the_names_of_the_core():
    assert settings_of(FORM)["prompts"] == {arm: PROMPTS.get(arm) for arm in trained_arms()}
    assert settings_of(FORM)["max_new_tokens"] == 6


@pytest.mark.parametrize(
    ("share", "elapsed", "said"),
    [
        (0.01, 50, "Manual"),
        (0.5, 2, "Manual"),
        (0.5, 30, "Manual · about 30 s left"),
        (0.25, 60, "Manual · about 3 min left"),
        (1.0, 30, "Manual · about 1 s left"),
    ],
)
def test_the_time_left_is_told_once_it_can_be_known(share, elapsed, said):
    assert in_words(Note(share, "Manual"), elapsed) == said


def test_the_metrics_shown_are_all_the_core_has_and_the_endpoint_has_a_name(answering):
    page = build_app(answering)
    endpoint = page.get_api_info()["named_endpoints"]["/evaluate"]
    names = [parameter["parameter_name"] for parameter in endpoint["parameters"]]
    assert {"data", "tasks", "arms", "limit", "tests", "samples", "temperature", "k"} <= set(names) and METRICS
