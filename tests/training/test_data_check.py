"""The check of a training's data, against counts made by hand and by the training itself."""

import pytest

from ddpt_core.backbone.frozen_lm import IGNORED, FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError
from ddpt_core.training.data_check import Lengths, check_data
from ddpt_core.training.trainer import train


def task(number: int, instruction: str, reference: str) -> Task:
    return Task(str(number), instruction, reference)


def test_every_row_is_counted_once(tiny, tasks, train_config):
    more = [
        *tasks,
        task(100, tasks[0].instruction, tasks[0].reference),
        task(101, tasks[0].instruction, "a.sort()"),
        task(102, "nothing to learn from", "  "),
    ]
    found = check_data(more, tiny, train_config("ddpt"))
    assert (found.rows, found.usable, found.left_out) == (67, 66, 1)
    assert (found.repeated, found.variants) == (1, 1)
    assert found.training + found.validation == found.usable


def test_it_tells_what_the_training_then_writes(tiny, tasks, data_file, train_config, tmp_path):
    from ddpt_core.prompts.checkpoint import load_prompt

    config = train_config("prompt-tuning")
    found = check_data(tasks, tiny, config)
    list(train(tiny, data_file, tmp_path / "prompt", config))
    data = load_prompt(tmp_path / "prompt").info["data"]
    assert (found.training, found.validation) == (data["training_tasks"], data["validation_tasks"])
    assert found.rounds == pytest.approx(4 * 8 / found.training)


@pytest.fixture(scope="module")
def tiny_gpt2(tiny):
    """An untrained GPT-2 of 64 positions with the tokenizer of the tiny T5."""
    from transformers import GPT2Config, GPT2LMHeadModel

    size = {"n_positions": 64, "n_embd": 32, "n_layer": 1, "n_head": 2}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(tiny.embedding_table), **size))
    return FrozenLM("gpt2", model.eval(), tiny.tokenizer)


@pytest.mark.parametrize("family", ["tiny", "tiny_gpt2"])
def test_lengths_are_those_that_the_backbone_reads_one_text_at_a_time(family, request, tasks, train_config):
    backbone = request.getfixturevalue(family)
    found = check_data(tasks, backbone, train_config("ddpt"))
    line = backbone.tokenizer("\n", add_special_tokens=False)["input_ids"]
    tail = 0 if backbone.model.config.is_encoder_decoder else len(line)
    asked = sorted(int(backbone.instruction_ids([task.instruction])[1].sum()) - tail for task in tasks)
    answered = sorted(int((backbone.target_ids([task.reference]) != IGNORED).sum()) for task in tasks)
    for lengths, alone in ((found.instructions, asked), (found.references, answered)):
        assert lengths == Lengths(alone[31], alone[60], alone[63], 0)


@pytest.mark.parametrize("family", ["tiny", "tiny_gpt2"])
def test_what_is_counted_as_cut_is_what_the_backbone_cuts(family, request, tasks, train_config, monkeypatch):
    backbone = request.getfixturevalue(family)
    long = [task(200 + i, f"sort list `a` {'x ' * i}", "sorted(a)" + " + a" * i) for i in range(30)]
    texts = [one.reference for one in (*tasks, *long)]
    whole = (backbone.target_ids(texts) != IGNORED).sum(1)
    limit = int(whole[whole >= 20].min())  # that of a reference which just fits
    monkeypatch.setattr(backbone.tokenizer, "model_max_length", limit)
    found = check_data([*tasks, *long], backbone, train_config("ddpt", context_length=4))
    assert found.limit == limit == backbone.target_ids(texts).shape[1]
    assert 0 < found.references.cut == int((whole > limit).sum()) < 30
    assert 0 < found.instructions.cut < 30 and found.references.longest == int(whole.max())


def test_a_task_that_has_no_room_in_the_positions_is_refused_as_the_training_would(tiny_gpt2, tasks, train_config):
    long = task(300, "sort list " * 12, "sorted(a)" + " + a" * 20)
    with pytest.raises(DataError, match="but the backbone has 64") as refused:
        check_data([*tasks, long], tiny_gpt2, train_config("ddpt"))
    with pytest.raises(DataError) as trained:
        tiny_gpt2.task_losses(tiny_gpt2.embed("sort list", 8), [long])
    assert str(refused.value) == str(trained.value)


def test_data_that_a_training_refuses_is_refused_with_the_same_sentence(tiny, tasks, train_config):
    config = train_config("ddpt")
    with pytest.raises(DataError, match="Training needs tasks with references"):
        check_data(tasks[:1], tiny, config)
    with pytest.raises(DataError, match="The context must have at most 2 tokens"):
        check_data(tasks, tiny, train_config("ddpt", context="sort list reverse list", context_length=2))
