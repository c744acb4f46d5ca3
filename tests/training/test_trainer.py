"""Training prompts: what learns, what is kept, and that a stopped training ends like an unbroken one."""

import json
import math

import pytest
import torch
from safetensors.torch import load_file

from ddpt_core.arms import methods
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError, ConfigError, DataError
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.prompts.method import method_named
from ddpt_core.settings import TrainConfig
from ddpt_core.training.trainer import Batches, split, train, validation_loss

every = pytest.mark.parametrize("name", methods(from_tasks=True))
both = pytest.mark.parametrize("name", ["ddpt", "prompt-tuning"])  # of which there are trained ones


def weights(folder):
    """The tensors of a prompt's weights file by name."""
    return load_file(folder / "weights.safetensors")


def same(first, second) -> bool:
    """Whether two sets of tensors are equal to the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


@every
def test_validation_loss_goes_down_and_the_backbone_stays_as_it_was(
    name, tiny, tiny_folder, data_file, train_config, tmp_path
):
    config = train_config(name, steps=16, lr=0.1)
    _, validation = split(tasks_of(data_file), config.validation_share)
    before = method_named(name)(tiny, config).context(torch.Generator().manual_seed(0))
    *_, last = train(tiny, data_file, tmp_path / "out", config)
    assert last.best_validation_loss < validation_loss(tiny, before, validation) - 0.01
    assert tiny.sha256 == load_backbone(tiny_folder, device="cpu").sha256
    fresh = load_backbone(tiny_folder, device="cpu").model.state_dict()
    assert same(tiny.model.state_dict(), fresh)


def tasks_of(data_file):
    """The tasks of a file."""
    from ddpt_core.data.readers import load_tasks

    return load_tasks(data_file)


@every
def test_progress_tells_every_step_and_measures_at_validations_and_at_the_end(
    name, tiny, data_file, train_config, tmp_path
):
    told = list(train(tiny, data_file, tmp_path / "out", train_config(name, steps=5)))
    assert [at.step for at in told] == [1, 2, 3, 4, 5] and {at.steps for at in told} == {5}
    assert [at.validation_loss is not None for at in told] == [False, True, False, True, True]
    assert all(math.isfinite(at.train_loss) and at.seconds > 0 for at in told)


@every
def test_same_seed_trains_the_same_prompt_and_another_seed_does_not(name, tiny, data_file, train_config, tmp_path):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2**63 - 1)):
        list(train(tiny, data_file, tmp_path / folder, train_config(name, steps=2, seed=seed)))
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_weights_of_the_best_validation_are_kept_and_not_the_last(tiny, data_file, train_config, tmp_path, monkeypatch):
    measured = iter([3.0, 1.0, 2.0])
    monkeypatch.setattr("ddpt_core.training.trainer.validation_loss", lambda *_: next(measured))
    kept = {}
    for at in train(tiny, data_file, tmp_path / "out", train_config("prompt-tuning", steps=6)):
        if at.validation_loss is not None:
            kept[at.step] = weights(tmp_path / "out")
    assert same(kept[4], kept[6]) and not same(kept[2], kept[4])
    metrics = load_prompt(tmp_path / "out").info["metrics"]
    assert (metrics["validation_loss"], metrics["best_step"], metrics["steps"]) == (1.0, 4, 6)
    assert [point["validation_loss"] for point in metrics["curve"]] == [3.0, 1.0, 2.0]


def test_finished_training_leaves_a_prompt_and_no_state(prompts):
    for folder in prompts.values():
        assert sorted(p.name for p in folder.iterdir()) == ["README.md", "prompt.json", "weights.safetensors"]


@both
def test_prompt_tells_what_it_was_made_of(name, prompts, tiny, data_file):
    info = json.loads((prompts[name] / "prompt.json").read_text())
    assert info["backbone"] == {"name": tiny.name, "sha256": tiny.sha256}
    assert info["data"]["source"] == f"{data_file.parent.name}/{data_file.name}"
    assert info["data"]["training_tasks"] + info["data"]["validation_tasks"] == 64
    assert TrainConfig(**info["config"]).method == name
    saved = [t for n, t in weights(prompts[name]).items() if n not in ("x0", "mean", "std")]
    assert info["trainable_parameters"] == sum(t.numel() for t in saved)


def test_split_is_stable_disjoint_and_told_by_the_instruction_alone(tasks):
    training, validation = split(tasks, 0.25)
    assert len(training) + len(validation) == 64 and not {t.id for t in training} & {t.id for t in validation}
    again = split(tasks[::-1], 0.25)
    assert {t.id for t in again[1]} == {t.id for t in validation}
    twins = [Task(f"{t.id}-twin", t.instruction, "pass") for t in validation]
    assert len(split([*tasks, *twins], 0.25)[1]) == 2 * len(validation)


def test_tasks_without_reference_are_left_out_and_too_few_are_refused(tasks):
    blank = [Task(f"b{i}", f"nothing {i}", " ") for i in range(50)]
    assert split([*tasks, *blank], 0.25) == split(tasks, 0.25)
    with pytest.raises(DataError, match=r"got \d and \d from 2 tasks; give more tasks"):
        split(tasks[:2], 0.1)


def test_tasks_that_are_held_out_for_evaluation_are_not_trained_on(tiny, train_config, tmp_path):
    with pytest.raises(DataError, match="families:value are held out"):
        list(train(tiny, "families:value", tmp_path / "out", train_config("ddpt")))
    assert not (tmp_path / "out").exists()


def test_every_task_comes_once_per_round_and_rounds_differ(tasks):
    batches = Batches(tasks, 16, seed=0)
    rounds = [[t.id for step in range(4 * r, 4 * r + 4) for t in batches.at(step)] for r in range(2)]
    assert sorted(rounds[0]) == sorted(rounds[1]) == sorted(t.id for t in tasks) and rounds[0] != rounds[1]
    assert batches.at(1) == Batches(tasks, 16, seed=0).at(1) != Batches(tasks, 16, seed=1).at(1)
    assert len(Batches(tasks[:5], 16, seed=0).at(9)) == 5


def test_validation_loss_is_the_loss_over_all_tasks_however_they_are_batched(tiny, tasks):
    context = tiny.embed("sort list", 8)
    whole = tiny.loss(context, tasks).item()
    assert validation_loss(tiny, context, tasks, batch=7) == pytest.approx(whole, rel=1e-5)


@both
def test_folder_that_holds_a_prompt_is_refused(name, prompts, tiny, data_file, train_config):
    before = weights(prompts[name])
    with pytest.raises(ArtifactError, match="already holds a trained prompt"):
        next(train(tiny, data_file, prompts[name], train_config(name)))
    assert same(before, weights(prompts[name]))


@both
def test_resuming_what_is_finished_does_nothing_and_with_other_settings_is_refused(
    name, prompts, tiny, data_file, train_config
):
    assert list(train(tiny, data_file, prompts[name], train_config(name), resume=True)) == []
    with pytest.raises(ConfigError, match=r"has steps = 4, not 5; resume"):
        list(train(tiny, data_file, prompts[name], train_config(name, steps=5), resume=True))


def test_file_in_place_of_the_folder_is_refused_and_kept(tiny, data_file, train_config, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ArtifactError, match=r"cannot be written \(File exists\); choose another"):
        next(train(tiny, data_file, tmp_path / "out", train_config("ddpt")))
    assert (tmp_path / "out").read_text() == "mine"


def test_unknown_method_is_refused_with_the_known_ones(tiny, data_file, tmp_path):
    with pytest.raises(ConfigError, match="Unknown method 'lora'; choose one of ddpt, distribution, instructed"):
        next(train(tiny, data_file, tmp_path / "out", TrainConfig("lora")))


@pytest.mark.parametrize(
    "name, value",
    [
        ("steps", 0),
        ("batch_size", 0),
        ("lr", 0.0),
        ("lr", math.nan),
        ("seed", -1),
        ("context_length", 513),
        ("validation_share", 1.0),
        ("diffusion_weight", -1.0),
        ("diffusion_weight", math.nan),
        ("heads", 0),
        ("accumulate", 0),
    ],
)
def test_setting_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=name):
        TrainConfig("ddpt", **{name: value})


def test_precision_is_the_one_that_is_asked_for(tiny, data_file, train_config, tmp_path):
    losses = {}
    for precision in ("no", "bf16", "auto"):
        config = train_config("ddpt", mixed_precision=precision)
        losses[precision] = next(train(tiny, data_file, tmp_path / precision, config)).train_loss
    assert losses["no"] != losses["bf16"] == pytest.approx(losses["no"], rel=1e-2)
    assert losses["auto"] == losses["bf16" if torch.cpu._is_avx512_bf16_supported() else "no"]
    with pytest.raises(ConfigError, match="Unknown mixed precision 'fp16'; choose one of auto, bf16, no"):
        train_config("ddpt", mixed_precision="fp16")


def test_pieces_change_no_figure(tiny, data_file, train_config, tmp_path):
    curves = {}
    for pieces in (1, 3):
        config = train_config("ddpt", mixed_precision="no", accumulate=pieces)
        curves[pieces] = [at.train_loss for at in train(tiny, data_file, tmp_path / str(pieces), config)]
    assert curves[3] == pytest.approx(curves[1], rel=1e-6)
