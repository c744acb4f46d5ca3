"""What the layers make of a context, and what the head makes of that: as in transformers' own model from ids."""

import pytest
import torch

from tests.backbone.test_model_families import DECODERS, ENCODER_DECODERS, settings_of

WORDS, INSTRUCTION = "largest of sort", "reverse list `a`"


def own_states(backbone, ids: list[int], encoder: bool) -> tuple[torch.Tensor, ...]:
    model = backbone.model.get_encoder() if encoder else backbone.model
    return model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states


@pytest.mark.parametrize("family", DECODERS)
@torch.no_grad()
def test_the_last_layer_read_out_is_what_the_model_itself_expects(family, new_backbone):
    backbone = new_backbone(family, settings_of(family), "none")
    context = backbone.embed(WORDS, 5)
    states = backbone.architecture.through_layers(context, INSTRUCTION)
    own = own_states(backbone, backbone.token_ids(WORDS, 5), encoder=False)
    assert len(states) == len(own) and states.shape[1] == 5
    for ours, theirs in zip(states[:-1], own[:-1], strict=True):  # their last has been through the final norm
        torch.testing.assert_close(ours, theirs[0], rtol=1e-4, atol=1e-4)
    logits = backbone.architecture.read_out(states)
    theirs = backbone.model(input_ids=torch.tensor([backbone.token_ids(WORDS, 5)])).logits[0]
    torch.testing.assert_close(logits[-1], theirs, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(logits[-1], logits[0], atol=1e-2)


@torch.no_grad()
def test_every_layer_read_out_is_its_norm_and_head(families):
    for name in ("llama", "qwen2-chat"):
        backbone = families[name]
        context = backbone.embed(WORDS, 5)
        states = backbone.architecture.through_layers(context, INSTRUCTION)
        by_hand = backbone.model.lm_head(backbone.model.model.norm(states))
        torch.testing.assert_close(backbone.architecture.read_out(states), by_hand, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_what_a_template_sets_before_the_context_is_read_too(families):
    backbone = families["qwen2-chat"]
    head, words = backbone.architecture.head, backbone.token_ids(WORDS, 5)
    assert head
    states = backbone.architecture.through_layers(backbone.embed(WORDS, 5), INSTRUCTION)
    own = own_states(backbone, [*head, *words], encoder=False)
    torch.testing.assert_close(states[1], own[1][0, len(head) :], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("family", ENCODER_DECODERS)
@torch.no_grad()
def test_an_encoders_states_are_told_and_have_no_head(family, new_backbone):
    backbone = new_backbone(family, settings_of(family), "end")
    states = backbone.architecture.through_layers(backbone.embed(WORDS, 5), INSTRUCTION)
    ids = [*backbone.token_ids(WORDS, 5), *backbone.tokenizer(INSTRUCTION)["input_ids"]]
    for ours, theirs in zip(states, own_states(backbone, ids, encoder=True), strict=True):
        torch.testing.assert_close(ours, theirs[0, :5], rtol=1e-4, atol=1e-4)
    assert backbone.architecture.read_out(states) is None
