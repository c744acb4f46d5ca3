"""Every token id has its own name, whatever holes a tokenizer's ids have."""

import json

import pytest

from ddpt_core.backbone.description import describe
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.tokens import readable_tokens, tokens_beyond, unused_rows


@pytest.fixture
def holey(tiny):
    """The tests' tokenizer without the ids 280 to 289, and with added tokens at 295 and beyond the table."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    stored = json.loads(tiny.tokenizer.backend_tokenizer.to_str())
    vocabulary = stored["model"]["vocab"]
    kept = {token for token, i in vocabulary.items() if i < 280}
    merged = [pair for pair in stored["model"]["merges"] if "".join(pair) in kept]
    stored["model"]["merges"] = merged
    stored["model"]["vocab"] = {token: vocabulary[token] for token in kept} | {"Ġfar": 295}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(stored)), pad_token="<pad>", eos_token="</s>", bos_token="<s>"
    )
    assert len(tokenizer) == 281 and max(tokenizer.get_vocab().values()) == 295
    return tokenizer


def test_every_row_is_named_by_the_token_of_its_id_though_ids_have_holes(holey, tiny):
    names = readable_tokens(holey, 300)
    whole = readable_tokens(tiny.tokenizer, 300)
    assert names[:280] == whole[:280] and names[295] == " far"
    holes = [*range(280, 295), *range(296, 300)]
    assert [names[i] for i in holes] == [f"<unused {i}>" for i in holes]
    assert unused_rows(holey, 300) == holes and tokens_beyond(holey, 300) == []


def test_what_the_table_has_beyond_the_tokenizer_is_told_and_the_other_way_round(holey, tiny):
    holey.add_tokens(["<one>", "<two>"])  # they get ids from the number of tokens on: 281 and 282
    told = describe(FrozenLM("holey", tiny.model, holey))
    assert told["rows_without_a_token"] == 17 and told["tokens_without_a_row"] == "none"
    assert readable_tokens(holey, 300)[281:283] == ["<one>", "<two>"]
    assert tokens_beyond(holey, 282) == ["<two>", "Ġfar"]
    assert describe(tiny)["rows_without_a_token"] == 0


def test_texts_are_read_and_their_tokens_named_through_holes(holey, tiny, tasks):
    backbone = FrozenLM("holey", tiny.model, holey)
    names = backbone.token_strings()
    assert "".join(names[i] for i in backbone.token_ids("sort list `a`")) == "sort list `a`"
    assert backbone.loss(backbone.embed("sort list", 8), tasks[:2]).isfinite()
