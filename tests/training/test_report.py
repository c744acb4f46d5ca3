"""What a DDPT prompt must say of itself: spread over seeds, loss at fewer steps; and its card."""

import dataclasses
import json

import pytest
import torch

from ddpt_core.errors import ArtifactError
from ddpt_core.prompts.card import prompt_card
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.training.report import finish, seed_spread, steps_ablation
from ddpt_core.training.trainer import split, validation_loss


@pytest.fixture
def prompt(prompts, tiny):
    """A DDPT prompt of its own, whose denoiser may be changed."""
    return load_prompt(prompts["ddpt"], tiny)


def set_output(prompt, weight: float, bias: float) -> None:
    """Makes the denoiser's last layer a constant plus `weight` times what it was."""
    with torch.no_grad():
        prompt.denoiser.up.weight.mul_(weight)
        prompt.denoiser.up.bias.fill_(bias)


def test_denoiser_that_collapsed_to_one_vector_has_no_spread_and_needs_one_step(prompt, tiny, tasks):
    set_output(prompt, weight=0.0, bias=0.3)
    assert seed_spread(prompt) == pytest.approx(0, abs=1e-6)
    losses = steps_ablation(prompt, tiny, tasks[:16])
    assert max(losses.values()) - min(losses.values()) < 1e-5


def test_spread_is_the_deviation_over_eight_runs_in_units_of_the_vocabularys(prompt, tiny):
    set_output(prompt, weight=300.0, bias=0.0)
    ends = torch.stack([(prompt.final_context(seed) - prompt.mean) / prompt.std for seed in range(8)])
    assert seed_spread(prompt) == pytest.approx(ends.std(0).mean().item(), rel=1e-3)
    assert seed_spread(prompt) > 0.01


def test_steps_ablation_has_all_steps_and_each_smaller_number_down_to_one_call(prompt, tiny, tasks):
    losses = steps_ablation(prompt, tiny, tasks[:16])
    assert list(losses) == ["20", "10", "1"]
    for steps, loss in losses.items():
        assert loss == validation_loss(tiny, prompt.final_context(0, int(steps)), tasks[:16])
    longer = dataclasses.replace(prompt.schedule, timesteps=60)
    assert list(steps_ablation(dataclasses.replace(prompt, schedule=longer), tiny, tasks[:2])) == [
        "60",
        "50",
        "10",
        "1",
    ]


def test_finish_measures_on_the_validation_tasks_and_is_done_once(prompts, prompt, tiny, data_file, copy, tasks):
    metrics = json.loads((prompts["ddpt"] / "prompt.json").read_text())["metrics"]
    assert metrics["seed_spread"] == seed_spread(prompt)
    assert metrics["steps_ablation"] == steps_ablation(prompt, tiny, split(tasks, 0.1)[1])
    folder = copy(prompts["ddpt"])
    assert finish(folder, tiny, "no-such-file")["metrics"] == metrics  # not measured again
    assert (folder / "prompt.json").read_bytes() == (prompts["ddpt"] / "prompt.json").read_bytes()


def test_finish_asks_nothing_of_a_prompt_tuning_prompt_but_the_card(prompts, tiny, copy):
    folder = copy(prompts["prompt-tuning"])
    (folder / "README.md").unlink()
    assert "seed_spread" not in finish(folder, tiny, "no-such-file")["metrics"]
    assert (folder / "README.md").is_file()


def test_failed_write_keeps_the_description(prompts, tiny, copy, data_file):
    folder = copy(prompts["ddpt"])
    before = (folder / "prompt.json").read_bytes()
    (folder / "README.md").unlink()
    (folder / "README.md").mkdir()
    with pytest.raises(ArtifactError, match="cannot be written"):
        finish(folder, tiny, data_file)
    assert json.loads((folder / "prompt.json").read_bytes()) == json.loads(before)
    load_prompt(folder, tiny)


@pytest.mark.parametrize("method", ["ddpt", "prompt-tuning"])
def test_card_tells_the_command_and_the_figures(method, prompts):
    card, info = (prompts[method] / "README.md").read_text(), json.loads((prompts[method] / "prompt.json").read_text())
    assert f"--method {method} " in card and '--context "sort list"' in card and "2112.08348" in card
    assert f"{info['metrics']['validation_loss']:.4f}" in card
    assert ("seed spread" in card) == (method == "ddpt")


@pytest.mark.parametrize(("weight", "alone"), [(0.0, True), (1.0, False)])
def test_card_of_a_collapsed_prompt_says_what_it_was_trained_with(weight, alone, prompts):
    info = json.loads((prompts["ddpt"] / "prompt.json").read_text())
    info["config"]["diffusion_weight"], info["metrics"]["seed_spread"] = weight, 1e-5
    card = " ".join(prompt_card(info).split())
    assert "hardly depends on the noise" in card
    assert ("LLM loss alone" in card) == alone and ("diffusion term" in card) != alone
