"""Whether loaded weights are numbers, and whether a model with code of its own reads embeddings as it reads ids."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from ddpt_core.backbone import soundness
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.backbone.soundness import check_reading, check_weights
from ddpt_core.errors import BackboneError


@pytest.mark.parametrize("value, damage", [(float("nan"), "NaN"), (float("inf"), "infinity")])
@pytest.mark.parametrize("tensor", ["shared.weight", "encoder.final_layer_norm.weight"])
def test_weights_that_hold_no_number_are_damaged_and_the_tensor_is_named(tensor, value, damage, tiny_folder, copy):
    file = copy(tiny_folder) / "model.safetensors"
    tensors = load_file(file)
    tensors[tensor].view(-1)[7] = value
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(BackboneError, match=rf"The weights of .* are damaged \({tensor} holds {damage}\); download"):
        load_backbone(file.parent, device="cpu")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_every_number_of_a_type_is_a_number_and_what_is_none_is_found_wherever_it_stands(dtype):
    model = torch.nn.Linear(3, 5, dtype=dtype)
    largest = torch.finfo(dtype).max
    for values in ([largest], [-largest], [0.0, -0.0], [largest, -largest]):
        model.weight.data[:] = torch.tensor(values, dtype=dtype).repeat(15)[:15].view(5, 3)
        check_weights("whole", model, [])
    for value in (torch.nan, -torch.nan, torch.inf, -torch.inf):
        for place in (0, 7, 14):
            model.weight.data[:] = -1
            model.weight.data.view(-1)[place] = value
            with pytest.raises(BackboneError, match="weight holds"):
                check_weights("damaged", model, [])


def test_tied_weights_are_looked_at_once(monkeypatch):
    model = torch.nn.Sequential(torch.nn.Embedding(64, 8), torch.nn.Linear(8, 64))
    model[1].weight = model[0].weight
    looked = []
    monkeypatch.setattr(soundness, "_all_finite", lambda values: looked.append(values.numel()) or True)
    check_weights("tied", model, [])
    assert looked == [64 * 8, 64]


def test_model_that_scales_what_it_looks_up_is_told_from_one_that_does_not(new_backbone):
    """Pegasus is not listed and would be refused by name; code of one's own may do the same under any name."""
    small = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48}
    small |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": 120}
    check_reading(new_backbone("pegasus", small, "end"))
    with pytest.raises(BackboneError, match="reads embeddings otherwise than the tokens that they stand for"):
        check_reading(new_backbone("pegasus", small | {"scale_embedding": True}, "end"))


def test_every_listed_kind_passes_the_trial_that_code_of_its_own_must_pass(family):
    check_reading(family)
