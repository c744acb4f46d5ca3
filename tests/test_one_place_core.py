"""What takes one place to add in the core, and is then known everywhere.

A sampler is one function and one entry, a kind of backbone one class and one entry.
"""

import json

import pytest
import torch

from ddpt_core import GenerationSettings
from ddpt_core.__main__ import main
from ddpt_core.backbone.architecture import Architecture
from ddpt_core.backbone.description import describe
from ddpt_core.backbone.kinds import KINDS
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.backbone.texts import Texts
from ddpt_core.diffusion.samplers import SAMPLERS, SamplingMethod
from ddpt_core.errors import BackboneError
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


class Echo(Architecture):
    """Repeats the instruction, whatever the context; a target's token is as likely as its vector is near to zero."""

    kind, spoken, loader, families = "echo", "an echo", "AutoModelForMaskedLM", ("bert",)
    layers, reach = "none", "nothing"

    @classmethod
    def reads(cls, config) -> bool:
        return config.model_type == "bert"

    def __init__(self, model, tokenizer):
        self.texts = Texts(model, tokenizer)

    def score(self, context, instructions, references):
        labels = self.target_ids(references)
        logits = -self.texts.embeddings.weight.norm(dim=1).expand(*labels.shape, -1)
        return logits + context.mean() * 0, labels

    def write(self, context, instructions, options):
        rows = self.texts.bare_rows(instructions)
        return [torch.tensor(row[: options["max_new_tokens"]]) for row in rows]

    def instruction_ids(self, instructions):
        return self.texts.padded(self.texts.bare_rows(instructions))

    def target_ids(self, references):
        return self.texts.labels(self.texts.bare_rows(references))

    def instruction_lengths(self, instructions):
        return self.texts.lengths(instructions, marks=False)

    def target_lengths(self, references):
        return self.texts.lengths(references, marks=False)


@pytest.fixture
def echo_folder(tiny, tmp_path):
    """A folder with an untrained BERT, which no kind of the project's reads."""
    from transformers import BertConfig, BertForMaskedLM

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = BertForMaskedLM(BertConfig(vocab_size=len(tiny.embedding_table), tie_word_embeddings=False, **sizes))
    model.save_pretrained(tmp_path / "echo")
    tiny.tokenizer.save_pretrained(tmp_path / "echo")
    return tmp_path / "echo"


def test_a_kind_of_backbone_is_one_class_and_one_entry(echo_folder, told, tasks, data_file, tmp_path):
    with pytest.raises(BackboneError, match="fills gaps and writes no text"):
        load_backbone(echo_folder, device="cpu")
    others = dict(KINDS)
    KINDS.clear()
    KINDS.update({"echo": Echo, **others})
    try:
        backbone = load_backbone(echo_folder, device="cpu")
        context = torch.zeros(2, 16, requires_grad=True)
        assert backbone.generate(context, ["sort list"], GenerationSettings(max_new_tokens=9))[0].text == "sort list"
        assert backbone.sample(context, ["sort list"], 1, 0.5)[0][0].text == "sort list"
        nearness = torch.log_softmax(-backbone.embedding_table.norm(dim=1), 0)
        ids = backbone.tokenizer("len(b)", add_special_tokens=False)["input_ids"]
        (one,) = backbone.task_losses(context, [tasks[2]])
        assert float(one) == pytest.approx(-float(nearness[ids].mean()), rel=1e-5)
        assert (describe(backbone)["kind"], describe(backbone)["reach"]) == ("echo", "nothing")
        small = ["--context", "sort list", "--context-length", 8, "--steps", 1, "--hidden", 16]
        to_learn = ["--method", "prompt-tuning", "--backbone", echo_folder, "--data", data_file, *small]
        assert told("train", *to_learn, "--out", tmp_path / "prompt")["validation_loss"] > 0
    finally:
        KINDS.clear()
        KINDS.update(others)
