"""Runs kept as recipes: made again from prompt and seed, known by their waypoints, refused where they differ."""

import dataclasses
import hashlib
import json
import shutil
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ddpt_core.errors import ArtifactError
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.trajectory.archive import pack, unpack
from ddpt_core.trajectory.folder import DESCRIPTION, TENSORS, WAYPOINTS
from ddpt_core.trajectory.recipe import TOLERANCE
from ddpt_core.trajectory.trajectory import Trajectory

ROUNDING = 1e-5  # matrix products round otherwise where memory is aligned otherwise
ARRAYS = ("x", "context", "timesteps", "mean", "std", "noise_level")


@pytest.fixture
def at_home(home, prompts):
    """The folder of the user's prompts, which holds the tiny DDPT prompt by the name ddpt."""
    shutil.copytree(prompts["ddpt"], home / "prompts" / "ddpt")
    return home / "prompts"


@pytest.fixture
def run(at_home):
    """A run of ten steps of that prompt, T = 20, P = 8, D = 32."""
    return Trajectory.record(load_prompt("ddpt"), 10, 3)


@pytest.fixture
def recipe(run, tmp_path):
    """The run saved as a recipe."""
    return run.save(tmp_path / "recipe", recipe=True)


def refused(work) -> str:
    """The one sentence that `work` is refused with."""
    with pytest.raises(ArtifactError) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def with_waypoints(folder, **changes):
    """Writes other waypoints into a recipe, whose digest then stands in its run.json."""
    save_file(load_file(folder / WAYPOINTS) | changes, folder / WAYPOINTS)
    digest = hashlib.sha256((folder / WAYPOINTS).read_bytes()).hexdigest()
    return with_info(folder, waypoints_sha256=digest)


def with_info(folder, **changes):
    """Writes other values into a recipe's run.json."""
    info = json.loads((folder / DESCRIPTION).read_text()) | changes
    (folder / DESCRIPTION).write_text(json.dumps(info))
    return folder


def test_a_recipe_holds_its_waypoints_alone_and_gives_every_step_again(run, recipe):
    assert sorted(file.name for file in recipe.iterdir()) == [DESCRIPTION, WAYPOINTS]
    again = Trajectory.load(recipe)
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(again, name), getattr(run, name), atol=ROUNDING)
    assert again.info == json.loads((recipe / DESCRIPTION).read_text())
    waypoints = load_file(recipe / WAYPOINTS)
    kept = {"x.first": run.x[0], "x.middle": run.x[5], "x.last": run.x[-1], "context.last": run.context[-1]}
    assert waypoints.keys() == kept.keys() and all(np.array_equal(waypoints[name], kept[name]) for name in kept)


@pytest.mark.parametrize("scheduler", ["ddim", "dpmsolver++"])
def test_the_scheduler_is_the_recipes(scheduler, at_home, tmp_path):
    run = Trajectory.record(load_prompt("ddpt"), 5, 1, scheduler)
    again = Trajectory.load(run.save(tmp_path / "recipe", recipe=True))
    np.testing.assert_allclose(again.x, run.x, atol=ROUNDING)


def test_a_run_made_again_can_be_saved_whole_and_as_a_recipe(recipe, tmp_path):
    again = Trajectory.load(recipe)
    whole = again.save(tmp_path / "whole")
    np.testing.assert_array_equal(Trajectory.load(whole).x, again.x)
    told = [json.loads((folder / DESCRIPTION).read_text()) for folder in (whole, recipe)]
    digests = [{key for key in info if key.endswith("_sha256")} for info in told]
    assert digests == [{"tensors_sha256"}, {"waypoints_sha256"}]
    assert (Trajectory.load(whole).save(tmp_path / "back", recipe=True) / DESCRIPTION).is_file()
    assert "precision" not in json.loads((tmp_path / "back" / DESCRIPTION).read_text())


def test_making_it_again_is_told_and_can_be_cancelled(recipe):
    told = []
    Trajectory.load(recipe, progress=told.append)
    assert told == [step / 10 for step in range(11)]

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Trajectory.load(recipe, progress=stop)


def test_a_whole_run_is_read_and_not_made_again(run_folder):
    Trajectory.load(run_folder, progress=lambda share: pytest.fail("made again"))


def test_the_prompt_is_known_by_its_weights_whatever_its_name(run, recipe, at_home):
    (at_home / "ddpt").rename(at_home / "elsewhere")
    np.testing.assert_allclose(Trajectory.load(recipe).x, run.x, atol=ROUNDING)


def test_a_prompt_of_the_name_but_other_weights_does_not_stand_in(recipe, at_home, prompts):
    shutil.rmtree(at_home / "ddpt")
    shutil.copytree(prompts["prompt-tuning"], at_home / "ddpt")
    sha256 = json.loads((recipe / DESCRIPTION).read_text())["prompt"]["sha256"]
    said = refused(lambda: Trajectory.load(recipe))
    assert f"from the prompt 'ddpt' with the weights {sha256[:12]}…, which is not here; put that prompt into" in said


def test_a_prompt_that_lies_elsewhere_can_be_given(run, recipe, at_home, tmp_path, prompts):
    elsewhere = (at_home / "ddpt").rename(tmp_path / "mine")
    np.testing.assert_allclose(Trajectory.load(recipe, load_prompt(elsewhere)).x, run.x, atol=ROUNDING)
    other = load_prompt(prompts["prompt-tuning"])
    assert "made with another prompt than 'prompt-tuning'; give" in refused(lambda: Trajectory.load(recipe, other))


def test_a_run_of_a_prompt_that_is_not_on_disk_is_no_recipe(at_home, tmp_path):
    run = Trajectory.record(dataclasses.replace(load_prompt("ddpt"), folder=None), 2)
    assert "only if its prompt is on disk" in refused(lambda: run.save(tmp_path / "recipe", recipe=True))
    assert not (tmp_path / "recipe").exists()


@pytest.mark.parametrize(
    ("name", "what"),
    [("x.first", "pure noise"), ("x.middle", "middle"), ("x.last", "last state"), ("context.last", "final context")],
)
def test_a_run_that_comes_out_otherwise_is_refused_with_how_far_it_is_off(name, what, recipe, run):
    point = load_file(recipe / WAYPOINTS)[name]
    unit = run.std[3] if name == "context.last" else 1.0
    point[5, 3] += 0.3 * unit
    said = refused(lambda: Trajectory.load(with_waypoints(recipe, **{name: point})))
    assert f"comes out otherwise here: its {what} is 0.3 deviations of the vocabulary away" in said


def test_what_another_cpu_rounds_otherwise_is_taken(recipe, run):
    waypoints = load_file(recipe / WAYPOINTS)
    signs = np.random.default_rng(0).choice([-1, 1], run.x.shape[1:]).astype(np.float32)
    near = {
        name: point + 0.5 * TOLERANCE * signs * (run.std if name == "context.last" else 1)
        for name, point in waypoints.items()
    }
    assert Trajectory.load(with_waypoints(recipe, **near)).steps == 10


def test_another_schedule_in_the_prompts_description_is_found_out(recipe, at_home):
    path = at_home / "ddpt" / "prompt.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps(info | {"schedule": info["schedule"] | {"timesteps": 19}}))
    assert "comes out otherwise here" in refused(lambda: Trajectory.load(recipe))


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_truncated_waypoints_are_refused(keep, recipe):
    (recipe / WAYPOINTS).write_bytes((recipe / WAYPOINTS).read_bytes()[:keep])
    assert f"The run {recipe} is damaged (" in refused(lambda: Trajectory.load(recipe))


def test_waypoints_of_another_run_are_refused(recipe, tmp_path):
    Trajectory.record(load_prompt("ddpt"), 10, 4).save(tmp_path / "other", recipe=True)
    (tmp_path / "other" / WAYPOINTS).replace(recipe / WAYPOINTS)
    assert "does not match its run.json" in refused(lambda: Trajectory.load(recipe))


@pytest.mark.parametrize(
    "changes",
    [
        {"x.last": np.zeros((8, 31), np.float32)},
        {"x.last": np.zeros((8, 32), np.float64)},
        {"x.last": np.full((8, 32), np.nan, np.float32)},
        {"more": np.zeros((8, 32), np.float32)},
    ],
)
def test_waypoints_of_another_shape_or_kind_are_refused(changes, recipe):
    assert "its waypoints are not those of its run.json" in refused(
        lambda: Trajectory.load(with_waypoints(recipe, **changes))
    )


@pytest.mark.parametrize(
    "changes", [{"steps": "10"}, {"steps": 9}, {"seed": None}, {"shape": 7}, {"prompt": "ddpt"}, {"scheduler": 1}]
)
def test_a_recipe_without_what_makes_it_is_refused(changes, recipe):
    assert f"The run {recipe} is damaged (" in refused(lambda: Trajectory.load(with_info(recipe, **changes)))


@pytest.mark.parametrize("changes", [{"backbone": {"name": "other", "sha256": "0" * 64}}, {"shape": [11, 9, 32]}])
def test_a_recipe_that_tells_of_another_backbone_or_sizes_is_refused_before_it_is_made(changes, recipe, monkeypatch):
    monkeypatch.setattr(Trajectory, "record", lambda *_, **__: pytest.fail("made"))
    waypoints = {"x.last": np.zeros((9, 32), np.float32)} | dict.fromkeys(
        ("x.first", "x.middle", "context.last"), np.zeros((9, 32), np.float32)
    )
    changed = with_info(with_waypoints(recipe, **waypoints) if "shape" in changes else recipe, **changes)
    assert "does not fit its prompt 'ddpt'" in refused(lambda: Trajectory.load(changed))


# As a zip


def test_a_packed_recipe_comes_back_as_one_and_is_made_again(run, recipe, tmp_path):
    told = []
    again = unpack(pack(recipe, tmp_path / "ten.zip"), tmp_path / "again", told.append)
    np.testing.assert_allclose(again.x, run.x, atol=ROUNDING)
    assert {file.name for file in (tmp_path / "again").iterdir()} == {WAYPOINTS, DESCRIPTION} and told[-1] == 1.0


def test_a_packed_recipe_whose_prompt_is_not_here_is_refused_and_leaves_nothing(recipe, at_home, tmp_path):
    archive = pack(recipe, tmp_path / "ten.zip")
    shutil.rmtree(at_home / "ddpt")
    said = refused(lambda: unpack(archive, tmp_path / "new" / "again"))
    assert said.startswith("The run is a recipe, made again from the prompt 'ddpt'")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_packed_recipe_that_tells_lies_about_its_waypoints_is_refused(recipe, tmp_path):
    point = load_file(recipe / WAYPOINTS)["x.last"] + 1
    archive = pack(with_waypoints(recipe, **{"x.last": point}), tmp_path / "ten.zip")
    assert refused(lambda: unpack(archive, tmp_path / "again")).startswith("The run comes out otherwise here")
    assert not (tmp_path / "again").exists()


def test_a_zip_with_steps_and_waypoints_is_refused(recipe, run_folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "given.zip", "w") as packed:
        for file in (recipe / DESCRIPTION, recipe / WAYPOINTS, run_folder / TENSORS):
            packed.write(file, file.name)
    said = refused(lambda: unpack(tmp_path / "given.zip", tmp_path / "again"))
    assert f"{DESCRIPTION} and either {TENSORS} or {WAYPOINTS} only, got '{TENSORS}' too" in said
