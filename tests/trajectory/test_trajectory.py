"""Recorded runs: every step, the same run from the same run.json, and refusal of every damaged folder by name."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ddpt_core.diffusion.sampler import sample
from ddpt_core.diffusion.samplers import SAMPLERS
from ddpt_core.errors import ArtifactError, ConfigError
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.trajectory.trajectory import Trajectory, available_runs, prompt_sha256

ROUNDING = 1e-5  # matrix products round otherwise where memory is aligned otherwise
ARRAYS = ("x", "context", "timesteps", "mean", "std", "noise_level")


@pytest.fixture(scope="module")
def prompt(prompts):
    """The tiny DDPT prompt, T = 20, P = 8, D = 32."""
    return load_prompt(prompts["ddpt"])


@pytest.fixture(scope="module")
def run(run_folder):
    """The recorded run of ten steps."""
    return Trajectory.load(run_folder)


def refused(folder) -> str:
    """The one sentence that loading `folder` is refused with."""
    with pytest.raises(ArtifactError) as caught:
        Trajectory.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("scheduler", SAMPLERS)
def test_run_of_s_steps_holds_the_noise_and_all_that_the_sampler_yields(scheduler, prompt):
    run = Trajectory.record(prompt, 10, 3, scheduler)
    assert run.steps == 10 and run.x.shape == run.context.shape == (11, 8, 32) and run.x.dtype == np.float32
    for step in sample(prompt, 10, 3, scheduler):
        np.testing.assert_allclose(run.x[step.index], step.x.numpy(), atol=ROUNDING)
        np.testing.assert_allclose(run.context[step.index], step.context.numpy(), atol=ROUNDING)
        assert run.timesteps[step.index] == step.timestep
    assert list(run.timesteps) == list(range(20, -1, -2)) and run.timesteps.dtype == np.int64


def test_state_is_in_the_backbones_space_and_ends_on_the_context(run, prompt):
    np.testing.assert_allclose(run.state[-1], run.context[-1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run.state[4], run.x[4] * prompt.std.numpy() + prompt.mean.numpy(), rtol=1e-6)


def test_noise_level_falls_from_nearly_one_to_zero(run, prompt):
    np.testing.assert_allclose(run.noise_level, np.sqrt(1 - prompt.schedule.alphas_cumprod[run.timesteps]), rtol=1e-6)
    assert (np.diff(run.noise_level) < 0).all() and run.noise_level[-1] == 0


def test_same_seed_gives_the_same_run_and_another_seed_another(prompt, run):
    np.testing.assert_allclose(Trajectory.record(prompt, 10, 3).x, run.x, atol=ROUNDING)
    assert not np.allclose(Trajectory.record(prompt, 10, 4).x, run.x, atol=0.1)


def test_run_json_says_enough_to_make_the_same_run_again(run, run_folder, prompts):
    info = json.loads((run_folder / "run.json").read_text())
    again = load_prompt(prompts["ddpt"])
    assert info["prompt"]["sha256"] == prompt_sha256(again) and info["backbone"] == again.info["backbone"]
    made = Trajectory.record(again, info["steps"], info["seed"], info["scheduler"])
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(made, name), getattr(run, name), atol=ROUNDING)


def test_run_survives_the_disk_to_the_last_bit(prompt, tmp_path):
    made = Trajectory.record(prompt, 5, 1)
    loaded = Trajectory.load(made.save(tmp_path / "run"))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(made, name), getattr(loaded, name))
    assert loaded.info | made.info == loaded.info and loaded.info["precision"] == "float32"
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["run.json", "trajectory.safetensors"]


def test_float16_halves_the_file_and_keeps_three_digits(run, run_folder, tmp_path):
    half = Trajectory.load(run.save(tmp_path / "half", "float16"))
    assert half.x.dtype == half.context.dtype == np.float32
    np.testing.assert_allclose(half.x, run.x, rtol=1e-3, atol=1e-4)
    sizes = [(folder / "trajectory.safetensors").stat().st_size for folder in (tmp_path / "half", run_folder)]
    assert sizes[0] < 0.6 * sizes[1]


def test_unknown_precision_is_refused(run, tmp_path):
    with pytest.raises(ConfigError, match="Unknown precision 'int8'; choose one of float16, float32"):
        run.save(tmp_path / "run", "int8")


def test_recording_can_be_watched_and_cancelled(prompt):
    seen = []

    def stop_at_four(step):
        seen.append(step.index)
        if step.index == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Trajectory.record(prompt, 10, on_step=stop_at_four)
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("options", [{"steps": 0}, {"steps": -1}, {"steps": 21}, {"seed": -1}, {"scheduler": "ddmp"}])
def test_bad_settings_are_refused_by_name(options, prompt):
    with pytest.raises(ConfigError, match=f"(?i){next(iter(options))}"):
        Trajectory.record(prompt, **({"steps": 5} | options))


def test_prompt_without_a_denoiser_cannot_be_recorded(prompts):
    with pytest.raises(ConfigError, match="choose a DDPT prompt"):
        Trajectory.record(load_prompt(prompts["prompt-tuning"]), 5)


@pytest.mark.parametrize("keep", [0, 4, 1000, -1])
def test_truncated_tensors_are_refused(keep, run_folder, copy):
    path = copy(run_folder) / "trajectory.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert f"The run {path.parent} is damaged (" in refused(path.parent)


def test_missing_tensors_are_refused(run_folder, copy):
    folder = copy(run_folder)
    (folder / "trajectory.safetensors").unlink()
    assert f"The run {folder} is damaged (" in refused(folder)


def test_tensors_of_another_run_are_refused(run_folder, copy, prompt, tmp_path):
    folder = copy(run_folder)
    Trajectory.record(prompt, 10, 4).save(tmp_path / "other")
    (tmp_path / "other" / "trajectory.safetensors").replace(folder / "trajectory.safetensors")
    assert f"The run {folder} does not match its run.json" in refused(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_file_that_lacks_a_tensor_is_refused(name, run_folder, copy):
    path = copy(run_folder) / "trajectory.safetensors"
    save_file({n: t for n, t in load_file(path).items() if n != name}, path)
    assert f"The run {path.parent} is damaged ('{name}')" in refused(path.parent)


def test_weights_in_place_of_tensors_are_refused(run_folder, prompts, copy):
    folder = copy(run_folder)
    (folder / "trajectory.safetensors").write_bytes((prompts["ddpt"] / "weights.safetensors").read_bytes())
    assert f"The run {folder} is damaged" in refused(folder)


def test_newer_format_is_refused_with_both_numbers(run_folder, copy):
    path = copy(run_folder) / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    assert refused(path.parent) == f"The run {path.parent} has format 2, newer than 1; update this program."


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": null}'])
def test_description_that_is_none_is_refused(text, run_folder, copy):
    path = copy(run_folder) / "run.json"
    path.write_text(text)
    assert f"The run's {path} is damaged (" in refused(path.parent)


def test_folder_that_holds_something_is_refused_and_kept(run, tmp_path):
    (tmp_path / "run").mkdir()
    run.save(tmp_path / "run")  # empty: fine
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    (tmp_path / "file").write_text("mine")
    for taken in ("run", "file"):
        with pytest.raises(ArtifactError, match="already holds something; give a new folder"):
            run.save(tmp_path / taken)
    assert {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()} == before
    assert (tmp_path / "file").read_text() == "mine"


def test_folder_below_a_file_is_refused(run, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArtifactError, match="cannot be written"):
        run.save(tmp_path / "file" / "run")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_write_that_fails_or_is_stopped_leaves_nothing(error, run, tmp_path, monkeypatch):
    def fail(source, target):
        raise error

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises((ArtifactError, KeyboardInterrupt)):
        run.save(tmp_path / "new" / "run")
    assert list((tmp_path / "new").iterdir()) == []


def test_run_can_be_given_by_the_name_of_its_folder(run_folder, run, home):
    assert "none yet (record one)" in refused("mine")
    (home / "runs").mkdir()
    (home / "runs" / "mine").symlink_to(run_folder)
    assert available_runs() == {"mine": home / "runs" / "mine"}
    np.testing.assert_array_equal(Trajectory.load("mine").x, run.x)
    assert "There is no run 'other'; choose one of mine" in refused("other")


@pytest.mark.parametrize("name", ["", "x" * 5000, "a\0b", "..", Path("none")])
def test_what_can_be_no_run_is_refused(name, home, monkeypatch):
    monkeypatch.chdir(home)
    assert refused(name).startswith("There is no run ")
