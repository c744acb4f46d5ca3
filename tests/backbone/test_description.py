"""What `info --backbone` tells of a model, and that the command line loads any family as it is asked to."""

import json

import pytest

from ddpt_core.__main__ import main
from ddpt_core.backbone.description import describe
from ddpt_core.backbone.frozen_lm import GenerationSettings


@pytest.fixture
def folder_of(families, tmp_path):
    """Saves a family's tiny model; folder_of("llama") -> its folder."""

    def save(name):
        families[name].model.save_pretrained(tmp_path / name)
        families[name].tokenizer.save_pretrained(tmp_path / name)
        return tmp_path / name

    return save


@pytest.mark.parametrize(
    "name, expected",
    [
        ("t5", {"family": "t5", "kind": "encoder-decoder", "layers": "2 encoder, 2 decoder", "positions": None}),
        ("bart", {"family": "bart", "kind": "encoder-decoder", "layers": "2 encoder, 2 decoder", "positions": 120}),
        ("gpt2", {"family": "gpt2", "kind": "decoder-only", "layers": "2 decoder", "chat_template": False}),
        ("qwen2-chat", {"family": "qwen2", "kind": "decoder-only", "positions": 120, "chat_template": True}),
    ],
    ids=["t5", "bart", "gpt2", "qwen2-chat"],
)
def test_description_is_of_the_model(name, expected, families):
    backbone = families[name]
    told = describe(backbone)
    assert expected.items() <= told.items()
    assert (told["V"], told["D"]) == (300, 32) == tuple(backbone.embedding_table.shape)
    count = sum(p.numel() for p in backbone.model.parameters())
    assert told["parameters"] == count == backbone.model.num_parameters()
    assert told["memory_mb"] == round(4 * count / 1e6, 1) and told["dtype"] == "float32"
    assert told["sha256"] == backbone.sha256 and told["reach"] == backbone.architecture.reach


def test_info_tells_it_and_takes_the_options_of_loading(folder_of, families, capsys):
    folder = folder_of("llama")
    assert main(["info", "--backbone", str(folder), "--dtype", "bfloat16", "--device-map", "auto", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["backbone"]
    assert told["dtype"] == "bfloat16" and told["family"] == "llama" and told["sha256"] != families["llama"].sha256
    assert told["memory_mb"] == round(2 * told["parameters"] / 1e6, 1)
    assert main(["info", "--backbone", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "reach: every one of the 2 layers, through self-attention" in lines
    assert f"parameters: {told['parameters']:,}" in lines and "chat_template: no" in lines


@pytest.mark.parametrize("command", ["info", "train", "evaluate", "compare", "neighbours"])
def test_every_command_that_takes_a_backbone_refuses_an_unknown_dtype_in_one_line(
    command, folder_of, data_file, run_folder, tmp_path, capsys
):
    given = {
        "info": [],
        "train": ["--method", "ddpt", "--data", data_file, "--out", tmp_path / "out"],
        "evaluate": ["--data", data_file, "--out", tmp_path / "out"],
        "compare": ["--instruction", "sort"],
        "neighbours": [run_folder],
    }[command]
    arguments = [command, *given, "--backbone", folder_of("gpt2"), "--dtype", "int4"]
    assert main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err == "Unknown dtype 'int4'; choose one of auto, bfloat16, float16, float32.\n"


@pytest.mark.parametrize("name", ["bart", "qwen2-chat"])
def test_a_prompt_is_learned_and_compared_on_other_families_too(name, families, data_file, train_config, tmp_path):
    from ddpt_core.answering.arms import compare
    from ddpt_core.prompts.checkpoint import load_prompt
    from ddpt_core.training.report import finish
    from ddpt_core.training.trainer import train

    backbone, folder = families[name], tmp_path / "prompt"
    losses = [at.train_loss for at in train(backbone, data_file, folder, train_config("ddpt", steps=6))]
    assert min(losses) < losses[0]
    finish(folder, backbone, data_file)
    prompt = load_prompt(folder, backbone=backbone)
    short = GenerationSettings(max_new_tokens=4)
    found = compare("sort list `a`", backbone=backbone, prompts={"ddpt": prompt}, settings=short)
    arms = {arm.name: arm for arm in found}
    assert arms["ddpt"].code is not None and arms["manual"].code is not None
