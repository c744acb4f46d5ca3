"""The shipped runs: recipes of the prompts in assets, made again by one command, and nothing else beside them."""

import shutil

import numpy as np
import pytest

from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError
from ddpt_core.trajectory.folder import is_recipe
from recipes import runs
from recipes.runs import ShippedRun, record_all


@pytest.fixture
def assets(home, prompts, monkeypatch):
    """The assets, which hold the tiny prompt as ddpt and ddpt-early; two short runs are to ship."""
    for name in ("ddpt", "ddpt-early"):
        shutil.copytree(prompts["ddpt"], registry.ASSETS / "prompts" / name)
    monkeypatch.setattr(runs, "RUNS", (ShippedRun("short", steps=5), ShippedRun("early", "ddpt-early", "ddpm", 10, 3)))
    return registry.ASSETS


def test_the_runs_that_ship_are_recorded_as_recipes_and_others_leave(assets):
    (assets / "runs" / "old").mkdir(parents=True)
    told = []
    folders = record_all(told.append)
    assert sorted(folder.name for folder in (assets / "runs").iterdir()) == ["early", "short"]
    assert all(is_recipe(folder) for folder in folders) and "early: step 10 of 10" in told
    run = Trajectory.load("early")
    made_with = (run.info["prompt"]["name"], run.info["scheduler"], run.steps, run.info["seed"])
    assert made_with == ("ddpt-early", "ddpm", 10, 3)
    again = Trajectory.load(record_all(told.append)[1])  # in place of what was there
    np.testing.assert_allclose(again.x, run.x, atol=1e-5)


def test_without_its_prompt_a_run_is_not_made_and_the_old_one_stays(assets):
    record_all(lambda text: None)
    shutil.rmtree(assets / "prompts" / "ddpt-early")
    with pytest.raises(ArtifactError, match="There is no prompt"):
        record_all(lambda text: None)
    assert sorted(folder.name for folder in (assets / "runs").iterdir()) == ["early", "short"]


def test_every_name_is_one_runs():
    assert len({run.name for run in runs.RUNS}) == len(runs.RUNS) == 8
