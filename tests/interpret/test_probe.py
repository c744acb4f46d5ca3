"""The probe along a path: the same as asking the backbone step by step."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError, ConfigError, DataError
from ddpt_core.interpret import probe
from ddpt_core.interpret.probe import code_along, loss_along, steps_to_probe
from ddpt_core.trajectory.trajectory import Trajectory


@pytest.fixture
def run(run_folder, tiny):
    """The run of 10 steps with contexts that differ by far more than an untrained prompt's, so that the code does."""
    run = Trajectory.load(run_folder)
    noise = np.random.default_rng(0).normal(size=run.context.shape).astype(np.float32)
    return replace(run, context=noise * np.linspace(9, 1, 11, dtype=np.float32)[:, None, None])


@pytest.mark.parametrize("steps", [1, 2, 11, 50, 1999, 2000])
@pytest.mark.parametrize("count", [2, 3, 12, 50])
def test_the_steps_are_spread_evenly_from_the_first_to_the_last(steps, count):
    found = steps_to_probe(steps, count)
    assert (found[0], found[-1], len(found)) == (0, steps, min(count, steps + 1))
    gaps = np.diff(found)
    assert gaps.min() >= 1 and gaps.max() - gaps.min() <= 1


@pytest.mark.parametrize(("steps", "count"), [(0, 12), (10, 1), (10, -3)])
def test_too_few_steps_are_refused(steps, count):
    with pytest.raises(ConfigError, match="at least"):
        steps_to_probe(steps, count)


def test_the_loss_is_that_of_every_context_alone(run, tiny, tasks):
    chosen = [*tasks[:6], Task("long", "a longer one", "def long(a):\n    return " + " + ".join("a" * 30))]
    found = loss_along(run, tiny, chosen, count=6)
    assert found.steps.tolist() == [0, 2, 4, 6, 8, 10]
    alone = [tiny.loss(torch.from_numpy(run.context[step]), chosen).item() for step in found.steps]
    np.testing.assert_allclose(found.losses, alone, rtol=1e-5)
    assert np.ptp(found.losses) > 1e-3


def test_equal_contexts_are_scored_and_written_once(run, tiny, tasks, monkeypatch):
    rows = {"loss": 0, "generate": 0}
    score, write = tiny.summed_losses, tiny.generate
    still = replace(run, context=np.repeat(run.context[[3, 3, 7]], [5, 1, 5], axis=0))

    def scoring(contexts, batch):
        rows["loss"] += len(batch)
        return score(contexts, batch)

    def writing(contexts, *others):
        rows["generate"] += len(contexts)
        return write(contexts, *others)

    monkeypatch.setattr(tiny, "summed_losses", scoring)
    monkeypatch.setattr(tiny, "generate", writing)
    losses = loss_along(still, tiny, tasks[:4], count=11).losses
    codes = [at.code for at in code_along(still, tiny, "sort list `a`", count=11)]
    assert rows == {"loss": 2 * 4, "generate": 2}
    assert len(set(losses[:6])) == len(set(losses[6:])) == 1 and losses[0] != losses[6]
    assert len(set(codes[:6])) == len(set(codes[6:])) == 1 and codes[0] != codes[6]


def test_progress_is_told_after_every_pass_and_may_cancel(run, tiny, tasks, monkeypatch):
    monkeypatch.setattr(probe, "ROWS_AT_ONCE", 5)
    shares = []
    loss_along(run, tiny, tasks[:3], count=4, progress=shares.append)
    assert shares == [5 / 12, 10 / 12, 1.0]
    with pytest.raises(InterruptedError):
        loss_along(run, tiny, tasks[:3], count=4, progress=lambda share: (_ for _ in ()).throw(InterruptedError))


def test_the_code_is_what_every_context_alone_makes_the_backbone_write(run, tiny):
    found = code_along(run, tiny, "sort list `a`", count=5)
    assert [at.step for at in found] == [0, 2, 5, 7, 10]
    assert [at.timestep for at in found] == run.timesteps[[0, 2, 5, 7, 10]].tolist()
    for at in found:
        (alone,) = tiny.generate(torch.from_numpy(run.context[at.step]), ["sort list `a`"])
        assert at.code == alone.text
    assert len({at.code for at in found}) > 1


def test_the_step_since_which_the_final_code_stands_is_narrowed_down_in_a_few_rounds(run, tiny, monkeypatch):
    """A run of 2,000 steps whose context is one of two that are answered otherwise; it changes at step 1,234."""
    contexts, rounds = run.context[[3, 7]], []
    since = replace(run, context=contexts[np.repeat([0, 1], [1_234, 767])], timesteps=np.arange(2_000, -1, -1))
    found = code_along(since, tiny, "sort list `a`", most=24, on_round=rounds.append)
    first, last = (tiny.generate(torch.from_numpy(context), ["sort list `a`"])[0].text for context in contexts)
    assert first != last
    assert [at.code for at in found] == [first if at.step < 1_234 else last for at in found]
    steps = [at.step for at in found]
    assert {1_233, 1_234} <= set(steps) and set(steps_to_probe(2_000, 12)) <= set(steps)
    assert rounds[0] == 12 and max(rounds[1:]) <= 3 and len(rounds) <= 5 and sum(rounds) == len(steps) <= 24
    few = [at.step for at in code_along(since, tiny, "sort list `a`", most=14)]
    assert len(few) == 14 and all(1_090 < step < 1_273 for step in set(few) - set(steps_to_probe(2_000, 12)))


def test_a_code_that_never_changes_costs_no_further_round(run, tiny):
    still, rounds = replace(run, context=np.repeat(run.context[[3]], 11, axis=0)), []
    assert len(code_along(still, tiny, "sort list `a`", count=3, most=24, on_round=rounds.append)) == 3
    assert rounds == [3]


def test_what_cannot_be_probed_is_refused_in_a_sentence(run, tiny, tasks):
    with pytest.raises(DataError, match="no task to score"):
        loss_along(run, tiny, [])
    with pytest.raises(DataError, match="'bare' has no reference"):
        loss_along(run, tiny, [*tasks[:2], Task("bare", "sort list `a`", " ")])
    with pytest.raises(DataError, match="instruction is empty"):
        code_along(run, tiny, " ")
    with pytest.raises(ConfigError, match="from 2 to 128, got 129"):
        code_along(run, tiny, "sort list `a`", count=129)
    with pytest.raises(ConfigError, match="most must be from 0 to 128, got 129"):
        code_along(run, tiny, "sort list `a`", most=129)
    other = replace(run, info=run.info | {"backbone": {"name": "other", "sha256": "another"}})
    for made in (other, replace(run, info={})):
        with pytest.raises(ArtifactError, match="another backbone than"):
            loss_along(made, tiny, tasks[:2])
    broken = run.context.copy()
    broken[4] = np.nan
    with pytest.raises(ArtifactError, match="no numbers"):
        code_along(replace(run, context=broken), tiny, "sort list `a`", count=11)
