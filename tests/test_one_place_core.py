"""What takes one place to add in the core: a sampler is one function and one entry, and the command line knows it."""

import json

import pytest
import torch

from ddpt_core.__main__ import main
from ddpt_core.diffusion.samplers import SAMPLERS, SamplingMethod
from ddpt_core.study.names import called
from ddpt_core.trajectory.trajectory import Trajectory


@pytest.fixture
def told(capsys):
    """Runs a command in this process with --json: told("sample", ...) -> the object that it prints."""

    def run(*arguments) -> dict:
        capsys.readouterr()
        assert main([str(argument) for argument in (*arguments, "--json")]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def halving(noise, estimate, kept):
    """Goes half of the way to the mean of two estimates, whatever the noise level."""
    x = noise()
    for i in range(len(kept) - 1):
        end = (estimate(x, i) + estimate(x / 2, i)) / 2
        yield x, end
        x = (x + end) / 2
    yield x, x


def test_a_sampler_is_one_function_and_one_entry(told, capsys, prompts, tmp_path, monkeypatch):
    monkeypatch.setitem(SAMPLERS, "halving", SamplingMethod("Halving", halving, calls=2))
    options = ["--scheduler", "halving", "--steps", 5, "--out", tmp_path / "r"]
    result = told("sample", "--prompt", prompts["ddpt"], *options)
    assert (result["scheduler"], result["shape"][0]) == ("halving", 6)
    run = Trajectory.load(tmp_path / "r")
    ends = (run.context - run.mean) / run.std
    torch.testing.assert_close(run.x[1:], (run.x[:-1] + ends[:-1]) / 2, rtol=1e-4, atol=1e-4)
    assert called("ddpt, halving 5") == "DDPT, Halving 5"
    assert main(["sample", "--out", str(tmp_path / "none"), "--prompt", str(prompts["ddpt"]), "--scheduler", "no"]) == 2
    assert "choose one of ddim, ddpm, dpmsolver++, halving, heun." in capsys.readouterr().err


def test_heun_records_every_step_from_the_command_line(told, prompts, tmp_path):
    told("sample", "--prompt", prompts["ddpt"], "--scheduler", "heun", "--steps", 20, "--out", tmp_path / "run")
    run = Trajectory.load(tmp_path / "run")
    assert run.x.shape == run.context.shape == (21, 8, 32) and run.timesteps.tolist() == list(range(20, -1, -1))
    steps = torch.as_tensor(run.x).flatten(1).diff(dim=0).norm(dim=1)
    assert torch.isfinite(steps).all() and (steps > 0).all()
