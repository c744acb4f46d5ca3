"""The probe along a path: the same as asking the backbone step by step."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError, ConfigError, DataError
from ddpt_core.interpret import probe
from ddpt_core.interpret.code_path import code_along
from ddpt_core.interpret.probe import loss_along, steps_to_probe
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


def test_the_loss_of_the_states_is_another(run, tiny, tasks):
    found = loss_along(run, tiny, tasks[:4], count=3, kind="state")
    alone = [tiny.loss(torch.from_numpy(run.state[step]), tasks[:4]).item() for step in (0, 5, 10)]
    np.testing.assert_allclose(found.losses, alone, rtol=1e-5)
    assert abs(found.losses[0] - loss_along(run, tiny, tasks[:4], count=3).losses[0]) > 1e-3
    with pytest.raises(ConfigError, match="kind of vector"):
        loss_along(run, tiny, tasks[:4], kind="end")


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


def test_what_cannot_be_probed_is_refused_in_a_sentence(run, tiny, tasks):
    with pytest.raises(DataError, match="no task to score"):
        loss_along(run, tiny, [])
    with pytest.raises(DataError, match="'bare' has no reference"):
        loss_along(run, tiny, [*tasks[:2], Task("bare", "sort list `a`", " ")])
    other = replace(run, info=run.info | {"backbone": {"name": "other", "sha256": "another"}})
    for made in (other, replace(run, info={})):
        with pytest.raises(ArtifactError, match="another backbone than"):
            loss_along(made, tiny, tasks[:2])
    broken = run.context.copy()
    broken[4] = np.nan
    with pytest.raises(ArtifactError, match="no numbers"):
        loss_along(replace(run, context=broken), tiny, tasks[:2], count=11)
