"""Sampled answers: their distribution against the model's own, and that only the seed decides which are drawn."""

import numpy as np
import pytest
import torch

from ddpt_core.backbone import frozen_lm
from ddpt_core.backbone.frozen_lm import TOP_P, GenerationSettings
from ddpt_core.errors import ConfigError, DataError

TEXTS = ["sort list `a`", "reverse the list that is called `b`", "sum"]
SHORT = GenerationSettings(max_new_tokens=6)


def texts(drawn) -> list[list[str]]:
    return [[answer.text for answer in answers] for answers in drawn]


def test_first_token_is_drawn_as_often_as_the_model_and_the_temperature_say(tiny):
    temperature, n = 0.3, 4000
    context = tiny.embed("sort list", 8)
    drawn = tiny.sample(context, TEXTS[:1], n, temperature, 1, GenerationSettings(max_new_tokens=1))[0]
    inputs = tiny.architecture.inputs(context, TEXTS[:1])
    start = torch.tensor([[tiny.model.config.decoder_start_token_id]])
    logits = tiny.model(**inputs, decoder_input_ids=start).logits[0, -1]
    chances = np.exp(logits.double().numpy() / temperature)
    chances /= chances.sum()
    order = np.argsort(-chances)
    kept = order[: int((np.cumsum(chances[order]) < TOP_P).sum()) + 1]
    expected: dict[str, float] = {}
    for token in kept:
        text = tiny.tokenizer.decode([token], skip_special_tokens=True).strip()
        expected[text] = expected.get(text, 0) + chances[token] / chances[kept].sum()
    seen = {text: sum(answer.text == text for answer in drawn) / n for text in {answer.text for answer in drawn}}
    assert set(seen) <= set(expected)
    deviations = [(seen.get(t, 0) - p) / np.sqrt(p * (1 - p) / n) for t, p in expected.items()]
    assert 0.8 < np.std(deviations) < 1.2 and max(map(abs, deviations)) < 5  # as binomial draws scatter


def test_same_seed_draws_the_same_whatever_the_global_random_state_which_stays(tiny):
    context = tiny.embed("sort list", 8)
    torch.manual_seed(1)
    first = tiny.sample(context, TEXTS, 4, 1.0, 7, SHORT)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert tiny.sample(context, TEXTS, 4, 1.0, 7, SHORT) == first
    assert torch.equal(torch.get_rng_state(), before)
    assert tiny.sample(context, TEXTS, 4, 1.0, 8, SHORT) != first


def test_random_state_stays_even_if_the_drawing_fails(tiny):
    before = torch.get_rng_state()
    with pytest.raises(DataError, match="instruction is empty"):
        tiny.sample(None, ["sum", " "], 2, 1.0, 3, SHORT)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7, 128])
def test_each_instruction_has_its_own_answers_however_they_are_batched(rows, tiny, monkeypatch):
    """At a temperature next to nothing every sample is the greedy answer, so the places can be checked."""
    monkeypatch.setattr(frozen_lm, "ROWS_AT_ONCE", rows)
    contexts = torch.stack([tiny.embed(text, 8) for text in ("sort list", "largest of", "sum of")])
    greedy = [answer.text for answer in tiny.generate(contexts, TEXTS, SHORT)]
    assert len(set(greedy)) > 1
    assert texts(tiny.sample(contexts, TEXTS, 3, 1e-4, 0, SHORT)) == [[text] * 3 for text in greedy]


def test_samples_differ_from_each_other_and_from_the_greedy_answer(tiny):
    (drawn,) = texts(tiny.sample(None, TEXTS[:1], 20, 1.0, 0, SHORT))
    assert len(set(drawn)) > 10


def test_nothing_asked_gives_nothing(tiny):
    assert tiny.sample(None, [], 3, 1.0) == []


@pytest.mark.parametrize(
    "change, said",
    [
        ({"temperature": 0}, "The temperature must be above 0 and at most 2, got 0"),
        ({"temperature": -0.1}, "got -0.1"),
        ({"temperature": 2.1}, "got 2.1"),
        ({"temperature": float("nan")}, "got nan"),
        ({"n": 0}, "The number of samples must be from 1 to 10,000, got 0"),
        ({"n": 10_001}, "got 10,001"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_what_is_out_of_range_is_refused_with_the_limits(change, said, tiny):
    with pytest.raises(ConfigError, match=said):
        tiny.sample(None, TEXTS, **({"n": 1, "temperature": 1.0, "seed": 0} | change))
