"""The code along a run: the same as asking the backbone step by step, narrowed down, judged and told by style."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError, ConfigError, DataError
from ddpt_core.interpret.code_path import coarse_first, code_along, code_paths, judge, since
from ddpt_core.interpret.probe import steps_to_probe
from ddpt_core.trajectory.trajectory import Trajectory

ASKED = "sort list `a`"


@pytest.fixture
def run(run_folder):
    """The run of 10 steps with vectors that differ by far more than an untrained prompt's, so that the code does."""
    run = Trajectory.load(run_folder)
    rng, size = np.random.default_rng(0), np.linspace(9, 1, 11, dtype=np.float32)[:, None, None]
    context = rng.normal(size=run.context.shape).astype(np.float32) * size
    return replace(run, context=context, x=rng.normal(size=run.x.shape).astype(np.float32) * size)


@pytest.mark.parametrize("kind", ["state", "estimate"])
def test_the_code_is_what_every_context_alone_makes_the_backbone_write(run, tiny, kind):
    found = code_along(run, tiny, ASKED, count=5, most=0, kind=kind)
    assert [at.step for at in found] == [0, 2, 5, 7, 10]
    assert [at.timestep for at in found] == run.timesteps[[0, 2, 5, 7, 10]].tolist()
    for at in found:
        (alone,) = tiny.generate(torch.from_numpy(getattr(run, kind)[at.step]), [ASKED])
        assert at.answer == alone.text
    assert len({at.code for at in found}) > 1


def test_several_tasks_are_each_written_as_if_alone(run, tiny):
    tasks = [Task("one", ASKED), Task("two", "sum the numbers in `b`")]
    *_, found = code_paths(run, tiny, tasks, count=4, most=7)
    assert found == [code_along(run, tiny, task.instruction, count=4, most=7) for task in tasks]


def test_a_change_is_found_to_the_step(run, tiny):
    """A run of 2,000 steps whose context is one of two that are answered otherwise; it changes at step 1,234."""
    contexts = run.context[[3, 7]]
    long = replace(run, context=contexts[np.repeat([0, 1], [1_234, 767])], timesteps=np.arange(2_000, -1, -1))
    rounds = [path for (path,) in code_paths(long, tiny, [Task("own", ASKED)])]
    first, last = (tiny.generate(torch.from_numpy(context), [ASKED])[0].text for context in contexts)
    assert first != last
    found = rounds[-1]
    assert [at.answer for at in found] == [first if at.step < 1_234 else last for at in found]
    steps = [at.step for at in found]
    assert {1_233, 1_234} <= set(steps) and set(steps_to_probe(2_000, 16)) <= set(steps) and len(steps) <= 24
    assert since([at.code for at in found], steps) == 1_234
    assert [len(path) for path in rounds] == list(range(16, len(steps) + 1))


def test_the_first_rounds_are_spread_over_the_run_and_fill_in(run, tiny):
    rounds = [
        [at.step for at in path] for (path,) in code_paths(run, tiny, [Task("own", ASKED)], count=9, most=9, at_once=3)
    ]
    even = steps_to_probe(10, 9)
    assert rounds[0] == [even[0], even[4], even[8]] and rounds[-1] == even and len(rounds) == 3
    assert sorted(coarse_first(even)) == even and coarse_first([4]) == [4]


def test_a_code_that_never_changes_costs_no_further_round(run, tiny):
    still = replace(run, context=np.repeat(run.context[[3]], 11, axis=0))
    assert [len(path) for (path,) in code_paths(still, tiny, [Task("own", ASKED)], count=3)] == [3]


def test_equal_contexts_are_written_once(run, tiny, monkeypatch):
    rows, write = [], tiny.generate
    monkeypatch.setattr(
        tiny, "generate", lambda contexts, *others: rows.append(len(contexts)) or write(contexts, *others)
    )
    still = replace(run, context=np.repeat(run.context[[3, 3, 7]], [5, 1, 5], axis=0))
    assert len(code_along(still, tiny, ASKED, count=11, most=11)) == 11
    assert sum(rows) == 2


def test_progress_may_cancel(run, tiny):
    with pytest.raises(InterruptedError):
        code_along(run, tiny, ASKED, progress=lambda share: (_ for _ in ()).throw(InterruptedError))


def test_codes_are_judged_by_their_tests_and_told_by_style(needs_landlock):
    task = Task("count", "Count", "len(a)", ("assert _ == 2", "assert a == [1, 2]"), "a = [1, 2]")
    codes = ["len(a)", "print(len(a))", "def f(a):\n    return a", "len(a) +", "a.clear()"]
    good, printed, function, broken, cleared = judge([(code, task) for code in codes])
    assert (good.style, good.tests, good.passed, good.detail) == ("expression", (True, True), True, "")
    assert (printed.style, printed.passed) == ("print", True)  # by the value that its form leads to
    assert (function.style, function.tests) == ("function", (False, True))
    assert (broken.style, broken.tests, broken.passed) == (None, (False, False), False) and broken.detail
    assert cleared.tests == (False, False)
    (bare,) = judge([("x = 1", Task("own", "Set x"))])
    assert (bare.tests, bare.passed, bare.style) == (None, None, "assignment")


def test_the_step_since_which_something_stands():
    assert [since(values, [0, 5, 9]) for values in ("aaa", "baa", "aba")] == [0, 5, 9]


def test_what_cannot_be_written_is_refused_in_a_sentence(run, tiny):
    with pytest.raises(DataError, match="no task to write"):
        next(code_paths(run, tiny, []))
    with pytest.raises(DataError, match="instruction is empty"):
        code_along(run, tiny, " ")
    with pytest.raises(ConfigError, match="from 2 to 128, got 129"):
        code_along(run, tiny, ASKED, count=129)
    with pytest.raises(ConfigError, match="most must be from 0 to 128, got 129"):
        code_along(run, tiny, ASKED, most=129)
    with pytest.raises(ArtifactError, match="another backbone than"):
        code_along(replace(run, info={}), tiny, ASKED)
