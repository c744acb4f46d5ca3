"""Unit tests of the arms' answers, really run: what is judged, what is counted, and what is told of the rest."""

import json

import pytest

from ddpt_core.answering import unit_tests
from ddpt_core.answering.evaluate import evaluate
from ddpt_core.answering.unit_tests import GREEDY, NO_TESTS, NO_VERDICT, REFERENCE_FAILS, Examination, UnitTests
from ddpt_core.backbone import frozen_lm
from ddpt_core.backbone.frozen_lm import FrozenLM, Generation, GenerationSettings
from ddpt_core.errors import ConfigError, DataError
from ddpt_core.metrics.execution import Execution, Limits
from ddpt_core.metrics.pass_at import mean_pass_at
from ddpt_core.metrics.text_metrics import METRICS

RIGHT, WRONG, BROKEN, ENDLESS = "lambda n: 2 * n", "lambda n: n", "lambda n: m", "while True: pass"
TASKS = [
    {"id": "double", "instruction": "double", "reference": RIGHT, "tests": ["assert _(2) == 4", "assert _(0) == 0"]},
    {
        "id": "twice",
        "instruction": "twice a number",
        "reference": RIGHT,
        "tests": ["assert _(k) == 10"],
        "setup": "k=5",
    },
    {"id": "words", "instruction": "say it", "reference": "print('it')"},
    {"id": "broken", "instruction": "break", "reference": WRONG, "tests": ["assert _(2) == 4", "assert False"]},
    {"id": "unknown", "instruction": "guess", "reference": "", "tests": ["assert _(1) == 2"]},
    {
        "id": "body",
        "instruction": 'def twofold(n):\n    """Twice n."""',
        "reference": "return 2 * n",
        "tests": ["assert twofold(2) == 4"],
    },
]
ANSWERS = {
    "double": [WRONG, RIGHT, RIGHT, BROKEN],
    "twice a number": [RIGHT, WRONG, WRONG, WRONG],
    "say it": ["print('it')"],
    "break": [RIGHT],
    "guess": [BROKEN, BROKEN, "n = (", RIGHT],
    TASKS[5]["instruction"]: ["return 2 * n", "def twofold(n):\n    return n + n", "return n", "return 2 * n"],
}
JUDGED = ["double", "twice", "unknown", "body"]


class Scripted(FrozenLM):
    """A backbone that writes ANSWERS: the first greedily, all of them in turn when it draws."""

    def generate(self, context, instructions, settings=None):
        return [Generation(ANSWERS[text][0], 3) for text in instructions]

    def sample(self, context, instructions, n, temperature, seed=0, settings=None):
        self.drawn = [*getattr(self, "drawn", []), (tuple(instructions), n, temperature, seed)]
        return [[Generation(ANSWERS[text][i % len(ANSWERS[text])], 3) for i in range(n)] for text in instructions]


@pytest.fixture(scope="module")
def scripted(tiny):
    return Scripted(tiny.name, tiny.model, tiny.tokenizer)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "tests.jsonl"
    path.write_text("".join(json.dumps(task) + "\n" for task in TASKS))
    return path


@pytest.fixture
def judge(scripted, data, tmp_path, needs_landlock):
    """Evaluates the tasks with one arm; judge(samples=4) -> (report, rows)."""

    def run(**options):
        options = {"prompts": {}, "manual_context": "sort", "tests": True, "backbone": scripted} | options
        report = evaluate(data, tmp_path / "out", **options)
        lines = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
        assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == report
        return report, [json.loads(line) for line in lines]

    return run


def test_greedy_answers_are_judged_and_counted(judge):
    report, rows = judge()
    manual = report["arms"]["manual"]
    assert manual["pass_at"] == {"1": 0.5}  # twice and body of four
    assert manual["outcomes"] == {"passed": 2, "failed": 1, "error": 1, "timeout": 0, "memory": 0}
    mean, interval = mean_pass_at([(1, 0), (1, 1), (1, 0), (1, 1)], 1)
    assert (mean, manual["ci95"]["pass_at"]) == (0.5, {"1": list(interval)})
    found = {row["id"]: (row["status"], row["detail"]) for row in rows}
    assert found == {
        "double": ("failed", "_(2) == 4 does not hold: 2 == 4"),
        "twice": ("passed", ""),
        "words": (None, NO_TESTS),
        "broken": (None, REFERENCE_FAILS),
        "unknown": ("error", "NameError: name 'm' is not defined (line 1: lambda n: m)"),
        "body": ("passed", ""),
    }
    assert rows[0]["tests"] == [
        {"test": "assert _(2) == 4", "outcome": "failed", "detail": "_(2) == 4 does not hold: 2 == 4"},
        {"test": "assert _(0) == 0", "outcome": "passed", "detail": ""},
    ]
    assert rows[2]["tests"] == [] and all("sample" not in row for row in rows) and len(rows) == len(TASKS)


def test_references_run_first_and_a_task_that_its_own_fails_is_told_and_left_out(judge):
    report, _ = judge(samples=4, k=(4, 1, 4), limits=Limits(timeout=7))
    assert report["tests"] == {
        "samples": 4,
        "temperature": 0.8,
        "top_p": 0.95,
        "k": [1, 4],
        "timeout": 7,
        "memory_mb": 512,
        "tasks": 4,
        "without_tests": 1,
        "left_out": [{"id": "broken", "status": "failed", "detail": "_(2) == 4 does not hold: 2 == 4"}],
        "not_run": "",
        "shown": False,
    }
    assert report["data"]["tasks"] == report["arms"]["manual"]["n"] == 6  # text metrics leave nothing out


def test_a_task_whose_tests_judge_nothing_is_left_out_by_name_and_the_others_are_judged(judge, data, monkeypatch):
    huge = {"id": "huge", "instruction": "big", "reference": "1", "tests": [f"assert _ == {'1' * 5_000_000}"]}
    given = [huge, TASKS[4] | {"id": "empty", "tests": ["x = 1"]}, TASKS[1]]
    data.write_text("".join(json.dumps(task) + "\n" for task in given))
    monkeypatch.setitem(ANSWERS, "big", ["1"])
    report, rows = judge()
    left_out = {task["id"]: (task["status"], task["detail"]) for task in report["tests"]["left_out"]}
    assert {status for status, _ in left_out.values()} == {"error"} and report["tests"]["tasks"] == 1
    assert "at most 4,000,000 characters" in left_out["huge"][1] and "check nothing" in left_out["empty"][1]
    assert [row["detail"] for row in rows] == [NO_VERDICT, NO_VERDICT, ""]


def test_pass_at_k_comes_from_the_samples(judge):
    report, rows = judge(samples=4, k=(1, 2, 4))
    counts = [(4, 2), (4, 1), (4, 1), (4, 3)]
    manual = report["arms"]["manual"]
    for k in (1, 2, 4):
        mean, interval = mean_pass_at(counts, k)
        assert manual["pass_at"][str(k)] == mean and manual["ci95"]["pass_at"][str(k)] == list(interval)
    assert manual["pass_at"]["1"] == pytest.approx(7 / 16) and manual["pass_at"]["4"] == 1.0
    assert manual["outcomes"] == {"passed": 7, "failed": 5, "error": 4, "timeout": 0, "memory": 0}
    for task in TASKS:
        greedy, *samples = [row for row in rows if row["id"] == task["id"]]
        answers = ANSWERS[task["instruction"]]
        assert "sample" not in greedy and greedy["status"] is None and greedy["prediction"] == answers[0]
        if task["id"] in JUDGED:
            assert greedy["detail"] == GREEDY and [row["sample"] for row in samples] == [0, 1, 2, 3]
            assert [row["prediction"] for row in samples] == answers
        else:
            assert greedy["detail"] in (NO_TESTS, REFERENCE_FAILS) and samples == []
    twice = [row["status"] for row in rows if row["id"] == "twice"]
    assert twice == [None, "passed", "failed", "failed", "failed"]


def test_text_metrics_are_those_of_the_greedy_answers_with_tests_or_without(judge, scripted, data, tmp_path):
    plain = evaluate(data, tmp_path / "plain", backbone=scripted, prompts={}, manual_context="sort")["arms"]["manual"]
    drawn = judge(samples=4)[0]["arms"]["manual"]
    assert {name: drawn[name] for name in METRICS} == {name: plain[name] for name in METRICS}
    assert "pass_at" not in plain and "pass_at" not in plain["ci95"]


def test_equal_programs_of_equal_tests_run_once(judge, monkeypatch):
    run = []
    really = unit_tests.execute_many

    def counted(programs, *rest, **options):
        run.extend(pairs := list(programs))
        return really(pairs, *rest, **options)

    monkeypatch.setattr(unit_tests, "execute_many", counted)
    report, _ = judge(samples=40)
    assert report["arms"]["manual"]["outcomes"]["passed"] == 70
    keys = [(code, task.setup, task.tests) for code, task in run]
    assert len(keys) == len(set(keys)) == 4 + 2 + 1 + 3 + 2  # references; new answers to double, twice, guess, body


def test_equal_programs_with_another_setup_are_another_run(judge, data):
    data.write_text("".join(json.dumps(TASKS[1] | {"setup": setup, "id": setup}) + "\n" for setup in ("k=5", "k=4")))
    report, _ = judge()
    assert [task["id"] for task in report["tests"]["left_out"]] == ["k=4"] and report["tests"]["tasks"] == 1


def test_progress_ends_at_one_even_if_every_answer_has_been_run_before(judge, data):
    data.write_text(json.dumps(TASKS[1]) + "\n")
    told = []
    report, _ = judge(progress=lambda share, text: told.append(share))
    assert report["arms"]["manual"]["pass_at"] == {"1": 1.0} and told[-1] == 1.0


def test_samples_are_drawn_for_judged_tasks_alone_alike_for_every_arm_and_anew_for_every_batch(
    judge, scripted, monkeypatch
):
    monkeypatch.setattr(unit_tests, "ROWS_AT_ONCE", 8)
    scripted.drawn = []
    judge(samples=4, seed=5, temperature=0.3)
    first = scripted.drawn
    assert [text for texts, *_ in first for text in texts] == sorted(
        (task["instruction"] for task in TASKS if task["id"] in JUDGED), key=len
    )
    assert {(n, temperature) for _, n, temperature, _ in first} == {(4, 0.3)}
    assert len({seed for *_, seed in first}) == len(first) == 2
    scripted.drawn = []
    judge(samples=4, seed=6)
    assert {seed for *_, seed in scripted.drawn}.isdisjoint(seed for *_, seed in first)


def test_arms_draw_with_the_same_seeds_and_the_seed_decides_what_is_drawn(tiny, data, tmp_path, needs_landlock):
    def rows(name, **options):
        evaluate(
            data,
            tmp_path / name,
            backbone=tiny,
            prompts={},
            manual_context="sort",
            settings=GenerationSettings(max_new_tokens=4),
            tests=True,
            samples=3,
            **options,
        )
        return [
            (row["id"], row.get("sample"), row["prediction"], row["status"])
            for row in map(json.loads, (tmp_path / name / "predictions.jsonl").read_text().splitlines())
        ]

    first = rows("first", seed=1)
    assert rows("again", seed=1) == first != rows("other", seed=2)


def test_program_that_never_ends_costs_its_limit_and_counts_as_timeout(judge, monkeypatch):
    monkeypatch.setitem(ANSWERS, "double", [ENDLESS])
    report, rows = judge(limits=Limits(timeout=0.4))
    assert report["arms"]["manual"]["outcomes"]["timeout"] == 1 and rows[0]["status"] == "timeout"


def test_where_the_sandbox_refuses_all_but_pass_at_is_there(judge, monkeypatch):
    monkeypatch.setattr(
        unit_tests,
        "execute_many",
        lambda programs, limits, progress: [Execution("refused", (), 0.0, "No walls.") for _ in programs],
    )
    report, rows = judge(samples=4, k=(1, 4))
    assert report["tests"]["not_run"] == "No walls." and report["tests"]["left_out"] == []
    manual = report["arms"]["manual"]
    assert manual["pass_at"] is manual["outcomes"] is manual["ci95"]["pass_at"] is None
    assert manual["valid_python"] is not None and len(rows) == len(TASKS)
    assert [row["detail"] for row in rows] == [NO_TESTS if i == 2 else "No walls." for i in range(len(TASKS))]


def test_refusal_on_the_way_leaves_no_figure_of_any_arm(judge, monkeypatch):
    really = unit_tests.execute_many
    calls = []

    def fails_later(programs, limits, progress):
        calls.append(1)
        found = really(programs, limits, progress=progress)
        return found if len(calls) < 2 else [Execution("refused", e.tests, 0.0, "Too busy.") for e in found]

    monkeypatch.setattr(unit_tests, "execute_many", fails_later)
    monkeypatch.setattr(unit_tests, "ROWS_AT_ONCE", 4)
    report, rows = judge(samples=4)
    assert report["tests"]["not_run"] == "Too busy." and report["arms"]["manual"]["pass_at"] is None
    assert len(calls) == 2 and {row["status"] for row in rows} >= {"refused", None}


@pytest.mark.parametrize(
    "kept, reason",
    [
        ([2], "None of the 1 tasks has tests."),
        ([2, 3], "Of the 1 tasks with tests none has a reference that passes them."),
    ],
)
def test_without_a_task_to_judge_it_says_why_and_gives_no_figure(kept, reason, judge, data):
    data.write_text("".join(json.dumps(TASKS[i]) + "\n" for i in kept))
    report, _ = judge()
    assert report["tests"]["not_run"] == reason
    assert report["arms"]["manual"]["pass_at"] is report["arms"]["manual"]["outcomes"] is None


def test_tasks_with_tests_need_no_reference(judge, data):
    data.write_text(json.dumps(TASKS[4]) + "\n")
    report, _ = judge(samples=4)
    manual = report["arms"]["manual"]
    assert manual["pass_at"] == {"1": 0.25} and manual["ci95"]["pass_at"] == {"1": None} and manual["bleu"] is None


def test_progress_grows_to_one_and_names_references_arm_and_tests(judge):
    for options in ({}, {"samples": 4}):
        told = []
        judge(progress=lambda share, text, told=told: told.append((share, text.split(":")[0])), **options)
        shares = [share for share, _ in told]
        assert shares == sorted(shares) and shares[-1] == 1.0
        assert list(dict.fromkeys(name for _, name in told)) == ["references", "manual", "manual, tests"]


def test_tests_can_be_shown_to_the_backbone_where_it_would_have_to_guess_the_name(judge, monkeypatch):
    shown = "double Your code should pass these tests:\n\nassert _(2) == 4\nassert _(0) == 0"
    monkeypatch.setattr(Scripted, "generate", lambda self, context, texts, settings: [Generation(t, 1) for t in texts])
    report, rows = judge(show_tests=True)
    assert report["tests"]["shown"] is True
    assert rows[0]["instruction"] == rows[0]["prediction"] == shown  # told and asked alike
    for place in (2, 5):  # without tests; names its function
        assert rows[place]["prediction"] == TASKS[place]["instruction"]


def test_tests_too_long_to_be_shown_are_refused_with_the_limit(judge, data):
    data.write_text(json.dumps(TASKS[0] | {"tests": [f"assert _(2) == 4  # {'x' * 9000}"]}) + "\n")
    with pytest.raises(DataError, match="The instruction must have at most 8,000 characters, got 9,0"):
        judge(show_tests=True)


@pytest.mark.parametrize("stage", ["references", "manual, tests"])
def test_stopping_on_the_way_leaves_an_earlier_evaluation_as_it_was(stage, judge, tmp_path):
    judge()
    before = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}

    def stop(share, text):
        if text.startswith(stage):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(samples=4, progress=stop)
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.parametrize(
    "options, said",
    [
        ({"k": (1, 2)}, "k of pass@k must be from 1 to the number of samples, 1, got 2; draw more samples"),
        ({"k": (0,)}, "got 0"),
        ({"k": ()}, "No k of pass@k"),
        ({"samples": 0}, "The number of samples must be from 1 to 1,000, got 0"),
        ({"samples": 1001}, "got 1,001"),
        ({"temperature": -1.0}, "The temperature must be from 0 to 2, got -1"),
        ({"temperature": float("nan")}, "got nan"),
        ({"samples": 2, "temperature": 0.0}, "At temperature 0 all samples are the same"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_anything_is_read(options, said, tiny, tmp_path):
    with pytest.raises(ConfigError, match=said):
        evaluate("no-such-file", tmp_path / "out", backbone=tiny, tests=True, **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options, temperature",
    [({}, 0.0), ({"samples": 5}, 0.8), ({"temperature": 0.0}, 0.0), ({"temperature": 0.2}, 0.2)],
)
def test_temperature_is_greedy_for_one_sample_unless_it_is_given(options, temperature):
    settings = UnitTests(**options)
    assert settings.heat == temperature
    assert Examination(settings, []).described()["top_p"] == (frozen_lm.TOP_P if temperature else None)


def test_processes_share_the_drawing_and_the_main_one_judges_what_one_would(
    scripted, data, monkeypatch, needs_landlock
):
    """The other process draws first, since here one after the other takes its part."""
    from ddpt_core.data.readers import load_tasks
    from ddpt_core.training.processes import Processes

    drawn: list[list] = []

    class One(Processes):
        def __init__(self, rank: int):
            self.rank, self.count = rank, 2

        def each(self, work):
            drawn.append(work())
            return [drawn[1], drawn[0]] if self.rank == 0 else []

    def judged(process):
        with monkeypatch.context() as patch:
            patch.setattr(unit_tests, "processes", lambda: process)
            patch.setattr(unit_tests, "is_main", lambda: process.rank == 0)
            return examination.judge(scripted, None, [], 7, None, lambda share: None)

    monkeypatch.setattr(unit_tests, "ROWS_AT_ONCE", 4)  # an instruction each time
    examination = Examination(UnitTests(samples=4), load_tasks(data))
    examination.run_references(lambda share: None)
    expected = judged(Processes())
    assert judged(One(1)) == {} and judged(One(0)) == expected and len(expected) == len(JUDGED)
    mine, other = ({i for i, _ in share} for share in drawn[::-1])
    assert not mine & other and mine | other == set(examination.judged) and len(mine) == len(other) == 2
