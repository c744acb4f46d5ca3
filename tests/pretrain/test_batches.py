"""Batches of a few fixed shapes: what stands where, and in which forms contexts come."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from ddpt_core.pretrain import batches as module
from ddpt_core.pretrain.batches import BUCKETS, CONTEXT_TOKENS, IGNORED, KIND_OF, Batches, PairSource
from ddpt_core.pretrain.contexts import CONTEXTS
from ddpt_core.pretrain.tokenizer import train_tokenizer

MIXES = [(name, mix) for name, bucket in BUCKETS.items() for mix in (bucket.first, bucket.mix)]
LINE = BUCKETS["line"].first
PAIRS = [(f"sort list {name}", f"{name}.sort()") for name in "abcdefgh"]


@pytest.fixture(scope="module")
def tokenizer():
    """A tokenizer in which each context has some 10 to 16 tokens, as in the real one."""
    phrasings = [text for texts in CONTEXTS.values() for text in texts]
    return train_tokenizer([*phrasings, *(text for pair in PAIRS for text in pair)], vocabulary=1000)


@pytest.fixture(scope="module")
def sources(tokenizer):
    """All sources of all buckets, each with the same eight pairs."""
    texts, codes = zip(*PAIRS, strict=True)
    return {name: PairSource(tokenizer, texts, codes, BUCKETS[b]) for b, mix in MIXES for name in mix}


def row_of(row: torch.Tensor) -> list[int]:
    """The tokens of a row without padding."""
    return [int(i) for i in row if i not in (0, IGNORED)]


@pytest.mark.parametrize(("name", "mix"), MIXES)
def test_batch_has_the_one_shape_of_its_bucket(name, mix, tokenizer, sources):
    bucket = BUCKETS[name]
    inputs, labels = Batches(tokenizer, sources, seed=0).batch(name, mix)
    assert inputs.shape == (bucket.rows, CONTEXT_TOKENS + bucket.text) and labels.shape == (bucket.rows, bucket.code)
    assert inputs.dtype == labels.dtype == torch.int64 and inputs.min() >= 0 and labels.max() < 1000


@pytest.mark.parametrize(("name", "mix"), MIXES)
def test_row_is_a_context_of_its_kind_then_a_text_and_the_label_is_its_code(name, mix, tokenizer, sources):
    encode = {text: tokenizer(text)["input_ids"] for pair in PAIRS for text in pair}
    inputs, labels = Batches(tokenizer, sources, seed=0).batch(name, mix)
    kinds = {KIND_OF[source] for source in mix}
    contexts = [tokenizer(t, add_special_tokens=False)["input_ids"] for kind in kinds for t in CONTEXTS[kind]]
    forms = [[], *contexts, *((ids * CONTEXT_TOKENS)[:CONTEXT_TOKENS] for ids in contexts)]
    for row, label in zip(inputs, labels, strict=True):
        text = next(text for text, code in PAIRS if encode[code] == row_of(label))
        assert any(row_of(row) == [*form, *encode[text]] for form in forms)


def test_of_eight_contexts_six_fill_all_positions_one_is_short_and_one_is_missing(tokenizer, sources):
    drawn = Batches(tokenizer, sources, seed=0)
    lengths = [len(drawn.context("statement")) for _ in range(4000)]
    full = sum(length == CONTEXT_TOKENS for length in lengths) / 4000
    missing = lengths.count(0) / 4000
    assert max(lengths) == CONTEXT_TOKENS and missing == pytest.approx(1 / 8, abs=0.02) and full > 0.73
    assert any(0 < length < CONTEXT_TOKENS for length in lengths)


def test_every_phrasing_of_a_kind_is_drawn_and_none_of_another(tokenizer, sources):
    drawn = Batches(tokenizer, sources, seed=0)
    starts = {tuple(drawn.context("call")[:5]) for _ in range(300)} - {()}
    assert starts == {tuple(tokenizer(text)["input_ids"][:5]) for text in CONTEXTS["call"]}


def test_pairs_that_a_bucket_cannot_hold_are_left_out(tokenizer):
    bucket = replace(BUCKETS["line"], text=5, code=5)
    long = "sort list a and then sort it again"
    source = PairSource(tokenizer, ["sort list a", long, "sort list b"], ["a.sort()", "a.sort()", long], bucket)
    assert len(source) == 1 and row_of(source.inputs[0]) == tokenizer("sort list a")["input_ids"]


def test_source_that_is_empty_or_missing_gives_its_share_to_the_others(tokenizer, sources):
    some = {"statement": sources["statement"], "doctest": PairSource(tokenizer, ["x " * 99], ["y"], BUCKETS["line"])}
    assert len(some["doctest"]) == 0
    inputs, _ = Batches(tokenizer, some, seed=0).batch("line", LINE)
    assert (inputs != 0).any(1).all()


def test_buckets_are_drawn_by_their_share(tokenizer, sources, monkeypatch):
    drawn = Batches(tokenizer, sources, seed=0)
    monkeypatch.setattr(module.Batches, "batch", lambda self, name, mix: name)
    counts = Counter(drawn.draw(0) for _ in range(4000))
    total = sum(bucket.share for bucket in BUCKETS.values())
    for name, bucket in BUCKETS.items():
        assert counts[name] / 4000 == pytest.approx(bucket.share / total, abs=0.03)


def test_the_mix_changes_at_its_step(tokenizer, sources, monkeypatch):
    drawn = Batches(tokenizer, sources, seed=0)
    monkeypatch.setattr(module.Batches, "batch", lambda self, name, mix: mix is BUCKETS[name].mix)
    assert not drawn.draw(module.MIX_FROM - 1) and drawn.draw(module.MIX_FROM)


def test_same_seed_draws_the_same_batches(tokenizer, sources):
    first, second, other = (Batches(tokenizer, sources, seed) for seed in (1, 1, 2))
    drawn, again, different = first.batch("line", LINE), second.batch("line", LINE), other.batch("line", LINE)
    assert all(torch.equal(a, b) for a, b in zip(drawn, again, strict=True))
    assert not torch.equal(drawn[0], different[0])


def test_every_source_has_contexts_of_its_kind():
    assert {name for _, mix in MIXES for name in mix} == set(KIND_OF)
    assert set(KIND_OF.values()) == set(CONTEXTS)
