"""Readings beyond nearest tokens: each figure is worked out again with the bare model, one context at a time."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from ddpt_core.data.styles import STYLES
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError
from ddpt_core.interpret import ablation
from ddpt_core.interpret.ablation import Ablation, ablate
from ddpt_core.interpret.effect import effect_along, effect_of, next_token
from ddpt_core.interpret.layers import through_layers
from ddpt_core.interpret.nearest_tokens import NearestTokens
from ddpt_core.interpret.readings import READINGS, Asked, read_context
from ddpt_core.interpret.words import InWords, check_words, say_in_words, styles_named, word_of
from ddpt_core.trajectory.trajectory import Trajectory

ASKED = ["sort list `a`", "reverse list `b` and then sum it"]


@pytest.fixture
def run(run_folder):
    """The run of 10 steps with contexts that differ by far more than an untrained prompt's."""
    run = Trajectory.load(run_folder)
    noise = np.random.default_rng(0).normal(size=run.context.shape).astype(np.float32)
    return replace(run, context=noise * np.linspace(9, 1, 11, dtype=np.float32)[:, None, None])


@pytest.fixture
def context(run, tiny):
    return torch.from_numpy(run.context[7])


def own_next_token(tiny, context, instruction):
    """log p of the decoder's first token, by the bare model."""
    ids = torch.tensor([tiny.tokenizer(instruction)["input_ids"]])
    embedded = tiny.model.get_input_embeddings()(ids)
    if context is not None:
        embedded = torch.cat([context[None], embedded], 1)
    with torch.no_grad():
        logits = tiny.model(inputs_embeds=embedded, decoder_input_ids=torch.tensor([[0]])).logits
    return logits[0, 0].log_softmax(-1)


def test_the_next_token_is_the_bare_models(tiny, context):
    for given in (None, context):
        own = torch.stack([own_next_token(tiny, given, text) for text in ASKED])
        torch.testing.assert_close(next_token(tiny, given, ASKED), own, rtol=1e-4, atol=1e-4)


def test_the_effect_is_the_divergence_from_going_without(tiny, run):
    contexts = torch.from_numpy(run.context[[2, 5, 2, 10]])
    found = effect_of(tiny, contexts, ASKED, k=3)
    for i, context in enumerate(contexts):
        for j, text in enumerate(ASKED):
            p, q, last = (own_next_token(tiny, c, text).double() for c in (context, None, contexts[-1]))
            assert found.kl[i, j] == pytest.approx((p.exp() * (p - q)).sum().item(), rel=1e-3, abs=1e-6)
            assert found.to_last[i, j] == pytest.approx((last.exp() * (last - p)).sum().item(), rel=1e-3, abs=1e-6)
    np.testing.assert_array_equal(found.kl[0], found.kl[2])
    assert found.to_last[-1].max() == pytest.approx(0, abs=1e-6)
    own = torch.stack([own_next_token(tiny, contexts[1], text) for text in ASKED])
    without = torch.stack([own_next_token(tiny, None, text) for text in ASKED])
    gains = (own.exp() * (own - without)).mean(0)
    assert found.ids[1].tolist() == gains.topk(3).indices.tolist()
    row = found.tokens(1, tiny.token_strings())[0]
    assert row["probability"] == pytest.approx(own.exp().mean(0)[row["token_id"]].item(), rel=1e-3)
    assert row["gained"] == pytest.approx((own - without).mean(0)[row["token_id"]].item(), rel=1e-2, abs=1e-4)


def test_along_a_run_it_appears_where_its_contexts_become_the_last_one(tiny, run):
    still = replace(run, context=run.context[[0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3]])
    shares = []
    found = effect_along(still, tiny, ASKED, count=6, step=3, progress=shares.append)
    assert found.steps.tolist() == [0, 2, 3, 4, 6, 8, 10] and shares[-1] == 1.0
    assert found.locks_in == 3 and found.locked.tolist()[2:] == [1.0] * 5
    nearest = NearestTokens(tiny.embedding_table)
    first, last = (nearest.search(still.context[i], 1).ids for i in (0, 10))
    assert found.locked[0] == pytest.approx(float((first == last).mean()))
    assert found.appears <= 3 and "looked at" in found.said
    state = effect_along(still, tiny, ASKED, "state", count=2).effect
    np.testing.assert_allclose(
        state.kl[1], effect_of(tiny, torch.from_numpy(still.state[-1:]), ASKED).kl[0], rtol=1e-4, atol=1e-6
    )
    with pytest.raises(InterruptedError):
        effect_along(run, tiny, ASKED, progress=lambda share: (_ for _ in ()).throw(InterruptedError))


def test_an_encoders_layers_are_read_by_nearest_tokens_alone(tiny, context):
    found = through_layers(tiny, context, ASKED[0], k=3)
    assert found.ids is None and "no head" in found.note
    states = tiny.architecture.through_layers(context, ASKED[0])
    scores = torch.nn.functional.cosine_similarity(states[1][:, None], tiny.embedding_table[None], dim=2)
    assert found.nearest.ids[1].tolist() == scores.topk(3).indices.tolist()
    rows = found.as_json(tiny.token_strings())
    assert len(rows) == 8 and [row["layer"] for row in rows[0]] == [0, 1] and rows[0][0]["head"] is None
    with pytest.raises(ConfigError, match="k must be from 1 to"):
        through_layers(tiny, context, ASKED[0], k=0)


def test_words_are_what_the_model_writes_to_the_phrase(tiny, run):
    contexts = torch.from_numpy(run.context[[2, 9]])
    frame = "sort {context} list"
    shares = []
    said = say_in_words(tiny, contexts, frames=[frame], progress=shares.append)
    for one, context in zip(said, contexts, strict=True):
        framed = torch.cat([tiny.embed("sort "), context])
        (alone,) = tiny.generate(framed, [" list"])
        assert alone.text.startswith(one.answers[0]) or one.answers[0].startswith(alone.text)
    assert shares == [1.0] and said[0].frames == (frame,)


def test_a_style_is_named_by_its_own_word():
    words = {style: word_of(style) for style in STYLES}
    assert words["typed"] == "type\\ hint" and words["guard"] == "guard" and words["docstring"] == "docstring"
    assert len(set(words.values())) == len(STYLES)
    text = "Lambdas and JavaScript, with type hints; printing is no print-out"
    assert styles_named(text, list(STYLES)) == ["print", "lambda", "typed", "javascript"]
    assert styles_named("an expressionless functional test_", list(STYLES)) == []


def test_naming_is_held_against_chance():
    right = ["print", "lambda", "guard", "test", "sql"] * 2

    def said(names):
        return [InWords(("a", "b"), ("", ""), ((name,), ())) for name in names]

    told = check_words(said(right), right)
    assert (told.right, told.answers, told.by_frame) == (10, 20, {"a": 10, "b": 0})
    assert told.chance == pytest.approx(2, abs=0.2) and told.is_above_chance
    same = check_words(said(["print"] * 10), right)  # who always says print is right as often as chance
    assert (same.right, same.chance, same.p_value) == (2, 2.0, 1.0) and not same.is_above_chance


def test_an_ablation_scores_each_position_replaced(tiny, run, tasks, monkeypatch):
    monkeypatch.setattr(ablation, "WRITTEN", 2)
    context, manual = torch.from_numpy(run.context[9]), torch.from_numpy(run.context[10])
    shares = []
    found = ablate(tiny, context, manual, tasks[:3], progress=shares.append)
    assert found.losses.shape == (10, 3) and len(found.styles) == 10 and shares[-1] == 1.0
    changed = context.clone()
    changed[4] = manual[4]
    for row, one in ((0, context), (5, changed), (9, manual)):
        own = [tiny.loss(one, [task]).item() for task in tasks[:3]]
        np.testing.assert_allclose(found.losses[row], own, rtol=1e-4)
    assert all(len(names) == 2 for names in found.styles)
    with pytest.raises(DataError, match="have a reference"):
        ablate(tiny, context, manual, [Task("bare", "sort")])
    with pytest.raises(ConfigError, match="one shape"):
        ablate(tiny, context, manual[:3], tasks[:3])


def test_an_ablation_says_which_positions_carry_loss_and_style():
    losses = np.array([[1.0, 1.1, 0.9]] + [[1.0, 1.1, 0.9]] * 2 + [[1.5, 1.6, 1.4]] * 2)
    styles = [["print", "print"], ["print", None], ["print", "print"], [None, "test"], [None, None]]
    found = Ablation(losses, styles, "print")
    assert "without position 2 the loss rises" in found.said
    assert "100% with all, 0% without position 2, which does most, 0% with none" in found.said
    told = found.as_json()
    assert [row["in_style"] for row in told["positions"]] == [0.5, 1.0, 0.0]
    assert told["positions"][2]["change"] == pytest.approx(0.5) and told["style"] == "print"
    assert Ablation(losses, styles, "").as_json()["whole"]["in_style"] is None


@pytest.mark.parametrize("how", READINGS)
def test_every_reading_tells_its_finding_and_its_caveat_as_plain_json(how, run, tiny, tasks, monkeypatch):
    monkeypatch.setattr(ablation, "WRITTEN", 1)
    shares = []
    asked = Asked(run, tiny, 7, "estimate", 3, tasks[:2], tell=shares.append)
    told = json.loads(json.dumps(read_context(how, asked)))
    assert (told["step"], told["timestep"], told["how"]) == (7, int(run.timesteps[7]), how)
    assert told["said"].endswith(".") and told["caveat"] == READINGS[how].caveat
    assert all(0 <= share <= 1 for share in shares)
    assert len(told.get("positions", [])) == (8 if how in ("layers", "ablation") else 0)


def test_bad_questions_are_refused_in_a_sentence(run, tiny, tasks):
    asked = Asked(run, tiny, 7, "estimate", 3, tasks[:2])
    with pytest.raises(ConfigError, match="Unknown way to read 'aura'; choose one of ablation, effect, layers, words"):
        read_context("aura", asked)
    with pytest.raises(ConfigError, match="step must be from 0 to 10, got 11"):
        read_context("layers", replace(asked, step=11))
    with pytest.raises(ConfigError, match="choose one of estimate, state"):
        read_context("layers", replace(asked, of="noise"))
    with pytest.raises(ConfigError, match="at least one task"):
        read_context("effect", replace(asked, tasks=[]))
