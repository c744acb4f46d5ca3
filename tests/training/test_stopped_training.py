"""A training that stops, of its own or not: what is left, what is said, and that it goes on as if it had not."""

import math

import pytest
import torch
from safetensors.torch import load_file

from ddpt_core.arms import methods
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.errors import ArtifactError, ConfigError
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.prompts.method import method_named
from ddpt_core.settings import TRAINING_STATE
from ddpt_core.training.trainer import train

every = pytest.mark.parametrize("name", methods(from_tasks=True))


def weights(folder):
    """The tensors of a prompt's weights file by name."""
    return load_file(folder / "weights.safetensors")


def same(first, second) -> bool:
    """Whether two sets of tensors are equal to the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


@every
@pytest.mark.parametrize("stop_after", [1, 3, 5, 6])
def test_stopped_training_ends_with_the_same_bits_as_an_unbroken_one(
    name, stop_after, tiny, data_file, train_config, tmp_path
):
    """Closed before the first state of its own, right after a better prompt, and between state and validation."""
    config = train_config(name, steps=6, save_every=4, validate_every=3)
    list(train(tiny, data_file, tmp_path / "whole", config))
    broken = train(tiny, data_file, tmp_path / "parts", config)
    for at in broken:
        if at.step == stop_after:
            broken.close()
            break
    rest = [at.step for at in train(tiny, data_file, tmp_path / "parts", config, resume=True)]
    assert rest == list(range(stop_after + 1, 7))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    whole, parts = (load_prompt(tmp_path / n).info["metrics"] for n in ("whole", "parts"))
    assert parts | {"seconds": 0} == whole | {"seconds": 0} and len(whole["curve"]) == 2


@pytest.fixture
def stopped(tiny, data_file, train_config, tmp_path):
    """A folder in which a training of four steps was stopped after three."""
    for at in train(tiny, data_file, tmp_path / "stopped", train_config("ddpt")):
        if at.step == 3:
            break
    return tmp_path / "stopped"


def test_stopped_training_is_not_overwritten(stopped, tiny, data_file, train_config):
    with pytest.raises(ArtifactError, match="go on with --resume or remove it"):
        next(train(tiny, data_file, stopped, train_config("ddpt")))


@pytest.mark.parametrize("change", [{"lr": 0.01}, {"hidden": 32}, {"seed": 1}, {"context": "reverse list"}])
def test_stopped_training_does_not_go_on_with_other_settings(stopped, change, tiny, data_file, train_config):
    with pytest.raises(ConfigError, match=f"has {next(iter(change))} = .* resume it with the same settings"):
        next(train(tiny, data_file, stopped, train_config("ddpt", **change), resume=True))


def test_stopped_training_does_not_go_on_as_another_method(stopped, tiny, data_file, train_config):
    with pytest.raises(ConfigError, match="has method = 'ddpt', not 'prompt-tuning'"):
        next(train(tiny, data_file, stopped, train_config("prompt-tuning"), resume=True))


def test_stopped_training_does_not_go_on_with_other_data(stopped, tiny, data_file, train_config, tmp_path):
    (tmp_path / "less.jsonl").write_text("".join(data_file.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(ConfigError, match="data sha256"):
        next(train(tiny, tmp_path / "less.jsonl", stopped, train_config("ddpt"), resume=True))


def test_stopped_training_does_not_go_on_with_another_backbone(stopped, tiny_folder, data_file, train_config):
    other = load_backbone(tiny_folder, device="cpu")
    with torch.no_grad():
        other.model.encoder.final_layer_norm.weight[0] += 1
    with pytest.raises(ConfigError, match="has backbone sha256 ="):
        next(train(other, data_file, stopped, train_config("ddpt"), resume=True))


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_damaged_state_is_refused_with_what_to_do(stopped, keep, tiny, data_file, train_config):
    (stopped / TRAINING_STATE).write_bytes((stopped / TRAINING_STATE).read_bytes()[:keep])
    with pytest.raises(ArtifactError, match=r"cannot be read .* remove it and train without --resume"):
        next(train(tiny, data_file, stopped, train_config("ddpt"), resume=True))


def test_weights_in_place_of_the_state_are_refused(stopped, prompts, tiny, data_file, train_config):
    (stopped / TRAINING_STATE).write_bytes((prompts["ddpt"] / "weights.safetensors").read_bytes())
    with pytest.raises(ArtifactError, match="cannot be read"):
        next(train(tiny, data_file, stopped, train_config("ddpt"), resume=True))


class Broken:
    """Makes one value that a training computes a nan: the n-th time that it is asked for."""

    def __init__(self, real, at):
        self.real, self.left = real, at

    def __call__(self, *given):
        self.left -= 1
        value = self.real(*given)
        return value if self.left else value * math.nan


def broken(monkeypatch, owner, name, at):
    """Replaces a function, or the method of a class, by one whose `at`-th value is a nan."""
    breaking = Broken(getattr(owner, name), at)
    monkeypatch.setattr(owner, name, lambda *given: breaking(*given))


@every
def test_loss_that_is_no_number_at_once_is_told_and_leaves_the_folder_free(
    name, tiny, data_file, train_config, tmp_path, monkeypatch
):
    broken(monkeypatch, method_named(name), "loss", at=1)
    told = r"^The loss is nan at step 1 \(tasks (\d+, ){7}\d+\); train with a smaller lr than 0.05\.$"
    with pytest.raises(ConfigError, match=told):
        next(train(tiny, data_file, tmp_path / "out", train_config(name)))
    monkeypatch.undo()
    assert next(train(tiny, data_file, tmp_path / "out", train_config(name))).step == 1


@every
def test_loss_that_is_no_number_later_keeps_the_best_prompt_and_the_state_before_it(
    name, tiny, data_file, train_config, tmp_path, monkeypatch
):
    config, kept = train_config(name, steps=9, batch_size=10, save_every=9), {}
    broken(monkeypatch, method_named(name), "loss", at=4)
    with pytest.raises(ConfigError) as told:
        for at in train(tiny, data_file, tmp_path / "out", config):
            kept = weights(tmp_path / "out") if at.validation_loss else kept
    assert "The loss is nan at step 4 (tasks " in str(told.value) and " and 2 more); train with" in str(told.value)
    best = load_prompt(tmp_path / "out", tiny).info["metrics"]["validation_loss"]
    assert str(told.value).endswith(
        f" Kept in {tmp_path / 'out'}: the state after step 3 and the best prompt so far (validation loss {best:.4f} "
        "at step 2)."
    )
    assert same(kept, weights(tmp_path / "out"))
    monkeypatch.undo()
    assert [at.step for at in train(tiny, data_file, tmp_path / "out", config, resume=True)] == [4, 5, 6, 7, 8, 9]
    list(train(tiny, data_file, tmp_path / "whole", config))
    assert same(weights(tmp_path / "out"), weights(tmp_path / "whole"))


def test_tasks_of_a_bad_batch_are_those_that_were_read(tiny, data_file, train_config, tmp_path, monkeypatch):
    read = []
    loss = method_named("ddpt").loss
    monkeypatch.setattr(
        method_named("ddpt"), "loss", lambda self, tasks, rng: read.append(tasks) or loss(self, tasks, rng)
    )
    broken(monkeypatch, method_named("ddpt"), "loss", at=3)
    with pytest.raises(ConfigError) as told:
        list(train(tiny, data_file, tmp_path / "out", train_config("ddpt")))
    assert f"(tasks {', '.join(task.id for task in read[2])})" in str(told.value)


def test_gradient_that_is_no_number_is_never_applied(tiny, data_file, train_config, tmp_path, monkeypatch):
    broken(monkeypatch, torch.nn.utils, "clip_grad_norm_", at=3)
    config = train_config("ddpt", validate_every=3)
    with pytest.raises(ConfigError, match=r"The gradient is nan at step 3 .* the state after step 2\.$"):
        list(train(tiny, data_file, tmp_path / "out", config))
    state = load_file(tmp_path / "out" / TRAINING_STATE)
    assert all(value.isfinite().all() for value in state.values())
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [TRAINING_STATE]


def test_weights_that_are_no_numbers_are_never_saved(tiny, data_file, train_config, tmp_path, monkeypatch):
    monkeypatch.setattr("ddpt_core.training.trainer.validation_loss", lambda *_: math.nan)
    with pytest.raises(ConfigError, match="The validation loss is nan at step 2"):
        list(train(tiny, data_file, tmp_path / "out", train_config("ddpt")))
    assert list((tmp_path / "out").iterdir()) == []


def test_disk_that_fills_up_is_told_and_leaves_nothing_half_written(
    tiny, data_file, train_config, tmp_path, monkeypatch
):
    import errno
    import os
    from pathlib import Path

    training = train(tiny, data_file, tmp_path / "out", train_config("ddpt"))
    next(training)
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}

    def full(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ArtifactError, match=r"cannot be written to .* \(No space left on device\); free some space"):
        next(training)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before
    monkeypatch.undo()
    assert next(train(tiny, data_file, tmp_path / "out", train_config("ddpt"), resume=True)).step == 1


@every
def test_training_stopped_at_a_step_leaves_a_prompt_and_goes_on_to_the_same_bits(
    name, tiny, data_file, train_config, tmp_path
):
    config = train_config(name, steps=6)
    list(train(tiny, data_file, tmp_path / "whole", config))
    early = [at.step for at in train(tiny, data_file, tmp_path / "parts", config, stop_at=2)]
    assert early == [1, 2] and load_prompt(tmp_path / "parts", tiny).info["metrics"]["best_step"] == 2
    list(train(tiny, data_file, tmp_path / "parts", config, resume=True))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


@every
def test_training_stopped_before_its_first_validation_leaves_a_prompt_of_then_and_goes_on_to_the_same_bits(
    name, tiny, data_file, train_config, tmp_path
):
    config = train_config(name, steps=8, validate_every=4)
    list(train(tiny, data_file, tmp_path / "whole", config))
    early = list(train(tiny, data_file, tmp_path / "parts", config, stop_at=3))
    metrics = load_prompt(tmp_path / "parts", tiny).info["metrics"]
    assert [at.step for at in early] == [1, 2, 3] and early[-1].best_step == metrics["best_step"] == metrics[
        "steps"
    ] == 3
    assert early[-1].validation_loss == early[-1].best_validation_loss == metrics["validation_loss"]
    list(train(tiny, data_file, tmp_path / "parts", config, resume=True))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    whole, parts = (load_prompt(tmp_path / folder, tiny).info["metrics"] for folder in ("whole", "parts"))
    assert whole | {"seconds": 0} == parts | {"seconds": 0}


@pytest.mark.parametrize("stop_at", [0, -1])
def test_stopping_before_the_first_step_is_refused(stop_at, tiny, data_file, train_config, tmp_path):
    with pytest.raises(ConfigError, match=r"stop_at must be at least 1"):
        next(train(tiny, data_file, tmp_path / "new", train_config("residual"), stop_at=stop_at))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("where", ["forward", "step"])
def test_training_that_is_interrupted_goes_on_from_the_last_whole_step(
    where, tiny, data_file, train_config, tmp_path, monkeypatch
):
    """In the forward pass weights and moments are still those of the step before; in the optimiser they are neither."""
    config, calls = train_config("ddpt", steps=6, save_every=3, validate_every=6), []
    owner, name = (method_named("ddpt"), "loss") if where == "forward" else (torch.optim.AdamW, "step")
    real = getattr(owner, name)

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(owner, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(train(tiny, data_file, tmp_path / "parts", config))
    monkeypatch.undo()
    rest = [at.step for at in train(tiny, data_file, tmp_path / "parts", config, resume=True)]
    assert rest == ([5, 6] if where == "forward" else [4, 5, 6])
    list(train(tiny, data_file, tmp_path / "whole", config))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_what_no_figure_depends_on_may_change_when_a_training_goes_on(stopped, tiny, data_file, train_config):
    config = train_config("ddpt", save_every=1, accumulate=2)
    assert [at.step for at in train(tiny, data_file, stopped, config, resume=True)] == [4]


def test_state_of_an_earlier_release_goes_on_with_the_defaults(stopped, tiny, data_file, train_config):
    """It knows nothing of settings that came later."""
    import json

    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(stopped / TRAINING_STATE, framework="pt") as file:
        tensors, header = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    numbers = json.loads(header["numbers"])
    for name in ("accumulate", "mixed_precision"):
        del numbers["about"]["config"][name]
    save_file(tensors, stopped / TRAINING_STATE, header | {"numbers": json.dumps(numbers)})
    with pytest.raises(ConfigError, match="has mixed_precision = 'auto', not 'no'"):
        next(train(tiny, data_file, stopped, train_config("ddpt", mixed_precision="no"), resume=True))
    assert [at.step for at in train(tiny, data_file, stopped, train_config("ddpt"), resume=True)] == [4]
