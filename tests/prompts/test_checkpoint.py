"""Prompts on disk: what is written is what is read, and every damaged or foreign folder is refused by name."""

import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ddpt_core.backbone.loading import load_backbone
from ddpt_core.errors import ArtifactError
from ddpt_core.prompts.checkpoint import available_prompts, load_prompt
from ddpt_core.prompts.ddpt import DDPTPrompt
from ddpt_core.prompts.prompt_tuning import PromptTuningPrompt, save_vectors

both = pytest.mark.parametrize("method", ["ddpt", "prompt-tuning"])


def refused(source, backbone=None) -> str:
    """The one sentence that loading `source` is refused with."""
    with pytest.raises(ArtifactError) as caught:
        load_prompt(source, backbone)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rewrite(folder: Path, **changes) -> Path:
    """Changes entries of a prompt's prompt.json; None removes one. Returns the folder."""
    info = json.loads((folder / "prompt.json").read_text()) | changes
    (folder / "prompt.json").write_text(json.dumps({name: v for name, v in info.items() if v is not None}))
    return folder


def test_ddpt_prompt_survives_the_disk(prompts, tiny):
    prompt = load_prompt(prompts["ddpt"], tiny)
    assert isinstance(prompt, DDPTPrompt)
    assert (prompt.name, prompt.method, prompt.context_text, prompt.positions) == ("ddpt", "ddpt", "sort list", 8)
    torch.testing.assert_close(prompt.in_backbone_space(prompt.x0), tiny.embed("sort list", 8))
    stored = load_file(prompts["ddpt"] / "weights.safetensors")
    for name, value in prompt.denoiser.state_dict().items():
        assert value.dtype == torch.float32 and torch.equal(value, stored[f"denoiser.{name}"].float())
    assert prompt.schedule.timesteps == 20 and not any(p.requires_grad for p in prompt.denoiser.parameters())


def test_prompt_tuning_prompt_survives_the_disk(tmp_path):
    context = torch.randn(8, 32)
    info = {"method": "prompt-tuning", "context": "sort list", "backbone": {"name": "any", "sha256": "0"}}
    save_vectors(context, tmp_path / "mine", info)
    prompt = load_prompt(tmp_path / "mine")
    assert isinstance(prompt, PromptTuningPrompt) and (prompt.name, prompt.positions) == ("mine", 8)
    assert torch.equal(prompt.final_context(), context)


def test_final_context_is_the_end_of_a_whole_run_and_depends_on_nothing_but_seed_and_steps(prompts):
    from ddpt_core.diffusion.sampler import sample

    prompt = load_prompt(prompts["ddpt"])
    *_, last = sample(prompt, 20, 5)
    assert torch.equal(prompt.final_context(5), last.context)
    assert not torch.equal(prompt.final_context(6), last.context)
    assert not torch.equal(prompt.final_context(5, steps=2), last.context)


@both
def test_prompt_can_be_given_by_the_name_of_its_folder(method, prompts, home, tiny):
    (home / "prompts").mkdir()
    (home / "prompts" / "mine").symlink_to(prompts[method])
    assert "mine" in available_prompts()
    assert load_prompt("mine", tiny).method == method


def test_path_is_always_a_folder_also_where_a_name_reads_the_same(prompts, home, monkeypatch):
    """Else a training into ./ddpt would be reported with the figures of the known prompt of that name."""
    (home / "prompts").mkdir()
    (home / "prompts" / "ddpt").symlink_to(prompts["prompt-tuning"])
    (home / "ddpt").symlink_to(prompts["ddpt"])
    monkeypatch.chdir(home)
    assert load_prompt(Path("ddpt")).method == "ddpt"
    assert load_prompt("ddpt").method == "prompt-tuning"


def test_unknown_name_is_refused_with_the_known_ones(prompts, home):
    assert "none yet (train one)" in refused("mine")
    (home / "prompts").mkdir()
    (home / "prompts" / "known").symlink_to(prompts["ddpt"])
    assert refused("mine").startswith("There is no prompt 'mine'; choose one of ") and "known" in refused("mine")


@pytest.mark.parametrize("name", ["", "x" * 5000, "a\0b", "..", "\n"])
def test_what_can_be_no_prompt_is_refused(name, home, monkeypatch):
    monkeypatch.chdir(home)
    assert refused(name).startswith("There is no prompt ")


@both
def test_prompt_of_another_backbone_is_refused_by_both_names(method, prompts, tiny_folder):
    other = load_backbone(tiny_folder, device="cpu")
    other.name = "the other"
    with torch.no_grad():
        other.model.shared.weight[0] += 1
    said = refused(prompts[method], other)
    assert repr(method) in said and f"trained on the backbone {str(tiny_folder)!r}, not on 'the other'" in said


@both
@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_truncated_weights_are_refused(method, keep, prompts, copy):
    path = copy(prompts[method]) / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert f"The prompt {path.parent} is damaged" in refused(path.parent)


@both
def test_missing_weights_are_refused(method, prompts, copy):
    folder = copy(prompts[method])
    (folder / "weights.safetensors").unlink()
    assert f"The prompt {folder} is damaged (" in refused(folder)


def test_weights_of_the_other_method_are_refused(prompts, copy):
    folder = copy(prompts["ddpt"])
    (folder / "weights.safetensors").write_bytes((prompts["prompt-tuning"] / "weights.safetensors").read_bytes())
    assert "is damaged" in refused(folder)


@both
def test_weights_of_another_prompt_of_the_same_shapes_are_refused(method, prompts, copy):
    path = copy(prompts[method]) / "weights.safetensors"
    save_file({name: tensor + 1 for name, tensor in load_file(path).items()}, path)
    assert f"{path.parent} does not match its prompt.json: one of the two files was swapped" in refused(path.parent)


@both
def test_pickle_in_place_of_the_weights_is_never_read(method, prompts, copy, tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    folder = copy(prompts[method])
    (folder / "weights.safetensors").write_bytes(pickle.dumps(Bomb()))
    assert "is damaged" in refused(folder)
    torch.save({"context": Bomb()}, folder / "weights.safetensors")
    assert "is damaged" in refused(folder)
    assert not (tmp_path / "exploded").exists()


@both
def test_newer_format_is_refused_with_both_numbers(method, prompts, copy):
    folder = rewrite(copy(prompts[method]), format=2)
    assert f"The prompt {folder} has format 2, newer than 1; update this program." == refused(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"format": "new"}', '{"method": "ddpt"}', "[" * 100_000, "\udcff"]
)
def test_description_that_is_none_is_refused(text, prompts, copy):
    folder = copy(prompts["ddpt"])
    (folder / "prompt.json").write_bytes(text.encode(errors="surrogateescape"))
    assert f"The prompt's {folder / 'prompt.json'} is damaged (" in refused(folder)


@pytest.mark.parametrize("entry", ["method", "context", "backbone", "denoiser", "schedule", "weights_sha256"])
def test_description_that_lacks_an_entry_is_refused(entry, prompts, copy):
    folder = rewrite(copy(prompts["ddpt"]), **{entry: None})
    assert f"The prompt {folder} " in refused(folder)


def test_method_that_is_not_known_is_refused(prompts, copy):
    from ddpt_core.errors import ConfigError

    with pytest.raises(ConfigError, match="Unknown method 'lora'; choose one of ddpt, distribution, instructed"):
        load_prompt(rewrite(copy(prompts["ddpt"]), method="lora"))


def test_failed_write_leaves_the_earlier_prompt_and_nothing_else(prompts, copy, monkeypatch):
    folder = copy(prompts["prompt-tuning"])
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    write = Path.write_bytes

    def fail_on_the_second(self, content):
        if "json" in self.name:
            raise OSError(28, "No space left on device")
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", fail_on_the_second)
    with pytest.raises(ArtifactError, match=r"cannot be written to .* \(No space left on device\); free some space"):
        save_vectors(torch.zeros(8, 32), folder, {"method": "prompt-tuning"})
    monkeypatch.undo()
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_file_in_the_way_of_the_folder_is_told_and_kept(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ArtifactError, match="File exists"):
        save_vectors(torch.zeros(8, 32), tmp_path / "out", {"method": "prompt-tuning"})
    assert (tmp_path / "out").read_text() == "mine"
