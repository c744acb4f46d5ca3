"""Training the embedded backbone in small: resumed to the same bits, exported, loaded."""

import json
from dataclasses import asdict, replace

import pytest
import torch
from safetensors.torch import load_file

from ddpt_core.backbone.loading import load_backbone
from ddpt_core.errors import ArtifactError
from ddpt_core.pretrain.batches import BUCKETS, IGNORED, Batches
from ddpt_core.pretrain.corpus import Pair
from ddpt_core.pretrain.export import export
from ddpt_core.pretrain.model import ModelSize, new_model, new_optimizers, rate_factor
from ddpt_core.pretrain.training import PretrainConfig, pretrain, token_loss, trained_model

SIZE = ModelSize(width=16, feed_forward=32, heads=2, encoder_layers=1, decoder_layers=1)
SMALL = PretrainConfig(steps=3, vocabulary=400, instances=40, size=SIZE, save_every=2, validate_every=3, judged=3)


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Makes work folders with 100 mined pairs in them, and batches of two rows."""
    for name, bucket in BUCKETS.items():
        monkeypatch.setitem(BUCKETS, name, replace(bucket, rows=2))
    kinds = ("function", "call", "statement", "doctest")
    pairs = [Pair(kinds[i % 4], f"sort list {i}", f"x{i}.sort()") for i in range(400)]

    def make(name: str):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pairs.jsonl").write_text("".join(json.dumps(asdict(pair)) + "\n" for pair in pairs))
        (tmp_path / name / "sources.json").write_text('{"python": 390, "torch": 10}')
        return tmp_path / name

    return make


def steps_of(folder) -> list[int]:
    """The steps that a curve tells of."""
    return [json.loads(line)["step"] for line in (folder / "curve.jsonl").read_text().splitlines()]


def test_rate_rises_stays_and_falls_to_zero_at_the_end():
    factors = [rate_factor(step, 1000, warmup=100, decay_share=0.3) for step in range(1001)]
    assert factors[0] == 0.01 and factors[99:701] == [1.0] * 602
    assert factors[850] == pytest.approx(0.5) and factors[1000] == 0
    assert factors[:100] == sorted(factors[:100]) and factors[700:] == sorted(factors[700:], reverse=True)
    assert all(0 <= rate_factor(step, 2) <= 1 for step in range(4))


def test_plateau_does_not_depend_on_the_total_so_that_a_run_can_be_prolonged():
    assert [rate_factor(step, 1000) for step in range(700)] == [rate_factor(step, 2000) for step in range(700)]


def test_token_loss_is_the_models_own_loss(tiny, tasks):
    ids, _ = tiny.instruction_ids([task.instruction for task in tasks[:5]])
    labels = tiny.target_ids([task.reference for task in tasks[:5]])
    assert (labels == IGNORED).any()
    expected = tiny.model(input_ids=ids, attention_mask=(ids != 0).long(), labels=labels).loss
    torch.testing.assert_close(token_loss(tiny.model, ids, labels), expected)


def test_new_model_starts_near_the_loss_of_guessing_and_leaves_the_global_seed_alone(tiny):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    model = new_model(SIZE, tiny.tokenizer, seed=0)
    assert torch.equal(torch.rand(1), expected)
    loss = token_loss(model, torch.tensor([[5, 6, 7, 1]]), torch.tensor([[8, 9, 1]]))
    assert loss.item() == pytest.approx(torch.tensor(float(len(tiny.tokenizer))).log().item(), rel=0.15)
    again = new_model(SIZE, tiny.tokenizer, seed=0)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_every_weight_belongs_to_one_optimiser_and_matrices_of_layers_to_muon(tiny):
    model = new_model(SIZE, tiny.tokenizer, seed=0)
    muon, adam = new_optimizers(model, 1e-3)
    groups = [{id(p) for g in optimizer.param_groups for p in g["params"]} for optimizer in (muon, adam)]
    assert not groups[0] & groups[1] and groups[0] | groups[1] == {id(p) for p in model.parameters()}
    assert (
        id(model.shared.weight) in groups[1] and id(model.encoder.block[0].layer[0].SelfAttention.q.weight) in groups[0]
    )


def test_killed_training_resumed_ends_with_the_same_bits_as_an_unbroken_one(work, monkeypatch):
    config = replace(SMALL, steps=4)  # a state is saved after step 2
    whole, parts = work("whole"), work("parts")
    list(pretrain(whole, config, resume=False))
    draw, drawn = Batches.draw, []

    def killed_at_the_fourth_batch(self, step):
        drawn.append(self)
        if len(drawn) == 4:
            raise KeyboardInterrupt
        return draw(self, step)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Batches, "draw", killed_at_the_fourth_batch)
        list(pretrain(parts, config, resume=False))
    list(pretrain(parts, config, resume=True))
    expected, ended = (load_file(folder / "state.safetensors") for folder in (whole, parts))
    assert expected.keys() == ended.keys()
    assert [name for name in expected if not torch.equal(expected[name], ended[name])] == []


def test_what_a_killed_training_told_after_its_last_state_is_not_told_twice(work):
    folder = work("told")
    list(pretrain(folder, replace(SMALL, steps=2), resume=False))
    with (folder / "curve.jsonl").open("a") as curve:
        curve.write('{"step": 3, "loss": 1}\n')
    list(pretrain(folder, replace(SMALL, steps=3), resume=True))
    assert steps_of(folder) == [2, 3] and "validation" in (folder / "curve.jsonl").read_text().splitlines()[1]


def test_a_training_is_not_overwritten_by_one_that_starts_anew(work):
    folder = work("again")
    list(pretrain(folder, SMALL, resume=False))
    before = (folder / "state.safetensors").read_bytes()
    with pytest.raises(ArtifactError, match="go on with --resume"):
        list(pretrain(folder, SMALL, resume=False))
    assert (folder / "state.safetensors").read_bytes() == before and steps_of(folder) == [3]


def test_trained_model_is_exported_with_a_card_and_loads_as_a_backbone(work, tmp_path):
    folder = work("made")
    list(pretrain(folder, SMALL, resume=False))
    export(folder, tmp_path / "out", SMALL)
    model, tokenizer = trained_model(folder, SMALL)
    backbone = load_backbone(tmp_path / "out", device="cpu")
    stored = load_file(tmp_path / "out" / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    torch.testing.assert_close(backbone.embedding_table, model.shared.weight.detach().half().float())
    assert len(backbone.tokenizer) == len(tokenizer) == 400 and backbone.model.training is False
    assert backbone.token_ids("sort list") == tokenizer("sort list", add_special_tokens=False)["input_ids"]
    card = (tmp_path / "out" / "README.md").read_text()
    assert "400 pairs mined" in card and "--steps 3 --seed 0" in card and "| Python 3." in card and "| torch " in card
    assert [record["step"] for record in json.loads((tmp_path / "out" / "curve.json").read_text())] == [3]
