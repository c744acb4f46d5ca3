"""What every family owes: embeddings read as ids, a batch as one by one, and a backbone that never learns.

The other side of each comparison is transformers' own model, given token ids.
"""

import copy
from itertools import product

import pytest
import torch
from transformers import GenerationConfig

from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError

TASKS = [
    Task("one", "sort list `a`", "sorted(a)"),
    Task("two", "largest of the list that is called `d`", "max(d)"),
    Task("three", "sum", "a + b + c + d + e + f + g"),
    Task("four", "reverse list `a` and then the list `b`, both of them in place", "a[::-1]"),
]
PAPER = {"repetition_penalty": 1.2, "no_repeat_ngram_size": 2}
CONTEXT = "largest of"
MANNERS = pytest.mark.parametrize("options", [{}, {"num_beams": 3}], ids=["greedy", "beams"])


def prompt_ids(backbone, context: str, instruction: str) -> list[int]:
    """The tokens that a context and an instruction make, spelled out for each kind of tokenizer."""
    tokenizer = backbone.tokenizer
    words = backbone.token_ids(context, 8) if context else []
    bare = tokenizer(instruction, add_special_tokens=False)["input_ids"]
    line = tokenizer("\n", add_special_tokens=False)["input_ids"]
    if backbone.name in ("t5", "flan-t5", "plbart"):
        return [*words, *bare, 2]
    if backbone.name == "bart":
        return [*words, 1, *bare, 2]
    if backbone.name == "qwen2-chat":
        user, assistant = (
            tokenizer(f"<{who}>\n", add_special_tokens=False)["input_ids"] for who in ("user", "assistant")
        )
        return [1, *user, *words, *bare, 2, *line, *assistant]
    return [*([1] if backbone.name == "llama" else []), *words, *bare, *line]


def target_ids(backbone, reference: str) -> list[int]:
    """The tokens of a reference, with what marks its end."""
    bare = backbone.tokenizer(reference, add_special_tokens=False)["input_ids"]
    return [*([1] if backbone.name == "bart" else []), *bare, 2]


def loss_from_ids(backbone, context: str, task: Task) -> torch.Tensor:
    """The loss that transformers' own model computes from ids and labels."""
    before, target = prompt_ids(backbone, context, task.instruction), target_ids(backbone, task.reference)
    if backbone.model.config.is_encoder_decoder:
        return backbone.model(input_ids=torch.tensor([before]), labels=torch.tensor([target])).loss
    labels = torch.tensor([[-100] * len(before) + target])
    return backbone.model(input_ids=torch.tensor([before + target]), labels=labels).loss


def written_from_ids(backbone, context: str, instruction: str, **options) -> list[int]:
    """The tokens that transformers' own `generate` writes from ids, without those that it was given."""
    ids = torch.tensor([prompt_ids(backbone, context, instruction)])
    mask = torch.ones_like(ids)
    written = backbone.model.generate(
        input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=12, pad_token_id=0, **options
    )
    return written[0, 1 if backbone.model.config.is_encoder_decoder else ids.shape[1] :].tolist()


def text_of(backbone, tokens: list[int]) -> str:
    return backbone.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()


@pytest.mark.parametrize("task", TASKS[:3], ids=lambda task: task.id)
@pytest.mark.parametrize("context", [CONTEXT, ""], ids=["context", "bare"])
def test_loss_from_embeddings_is_the_loss_from_ids(family, context, task):
    embedded = family.embed(context, 8) if context else None
    torch.testing.assert_close(family.loss(embedded, [task]), loss_from_ids(family, context, task))


@MANNERS
@pytest.mark.parametrize("context", [CONTEXT, ""], ids=["context", "bare"])
def test_generation_from_embeddings_is_generation_from_ids(family, context, options):
    embedded = family.embed(context, 8) if context else None
    settings = GenerationSettings(max_new_tokens=12, **options)
    for task in TASKS:
        (written,) = family.generate(embedded, [task.instruction], settings)
        expected = written_from_ids(family, context, task.instruction, **options)
        assert written.text == text_of(family, expected)
        assert written.tokens == len(expected)


@pytest.mark.parametrize("source", ["generation config", "tokenizer", "both"])
def test_answer_ends_at_the_end_mark_of_either_source_in_text_and_count(family, source):
    """Folders often name one end mark in the tokenizer and another beside the model; here it is what each writes."""
    model, texts = family.model, [task.instruction for task in TASKS]
    stop = written_from_ids(family, "", texts[0])[3]
    tokenizer = copy.deepcopy(family.tokenizer)
    if source == "tokenizer":
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(stop)
    stored = {"generation config": [2, stop], "tokenizer": None, "both": stop}[source]
    starts = {mark: getattr(model.generation_config, mark) for mark in ("bos_token_id", "decoder_start_token_id")}
    ends = (stop,) if source == "tokenizer" else (2, stop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "generation_config", GenerationConfig(**starts))
        alone = [written_from_ids(family, "", text) for text in texts]  # goes on after every end mark
        patch.setattr(model, "generation_config", GenerationConfig(eos_token_id=stored, **starts))
        own = FrozenLM(family.name, model, tokenizer)
        written = own.generate(None, texts, GenerationSettings(max_new_tokens=12))
    counts = [min([ids.index(end) + 1 for end in ends if end in ids], default=12) for ids in alone]
    assert [answer.tokens for answer in written] == counts and min(counts) < 12
    said = [[token for token in ids[:count] if token not in ends] for ids, count in zip(alone, counts, strict=True)]
    assert [answer.text for answer in written] == [text_of(own, tokens) for tokens in said]


def test_answers_of_the_tiny_models_differ_so_that_comparing_them_means_something(family):
    context = family.embed(CONTEXT, 8)
    short = GenerationSettings(max_new_tokens=8)
    answers = [family.generate(given, [t.instruction], short)[0].text for given in (context, None) for t in TASKS]
    assert len(set(answers)) > 2


@pytest.mark.parametrize("context", [CONTEXT, ""], ids=["context", "bare"])
def test_batch_gives_each_task_the_loss_that_it_has_alone(family, context):
    embedded = family.embed(context, 8) if context else None
    alone = torch.stack([family.loss(embedded, [task]) for task in TASKS])
    torch.testing.assert_close(family.task_losses(embedded, TASKS), alone, rtol=1e-4, atol=1e-5)


@MANNERS
@pytest.mark.parametrize("context", [CONTEXT, ""], ids=["context", "bare"])
def test_batch_writes_what_is_written_one_by_one(family, context, options):
    embedded = family.embed(context, 8) if context else None
    settings = GenerationSettings(max_new_tokens=8, **options)
    instructions = [task.instruction for task in TASKS]
    alone = [family.generate(embedded, [text], settings)[0] for text in instructions]
    assert family.generate(embedded, instructions, settings) == alone


def test_contexts_of_a_batch_reach_their_own_tasks(family):
    contexts = torch.stack([family.embed(text, 8) for text in ("sort list", CONTEXT, "length of", "first")])
    alone = [family.loss(context, [task]) for context, task in zip(contexts, TASKS, strict=True)]
    torch.testing.assert_close(family.task_losses(contexts, TASKS), torch.stack(alone), rtol=1e-4, atol=1e-5)
    settings = GenerationSettings(max_new_tokens=8)
    written = [family.generate(c, [t.instruction], settings)[0] for c, t in zip(contexts, TASKS, strict=True)]
    assert family.generate(contexts, [task.instruction for task in TASKS], settings) == written


def test_gradient_reaches_every_position_of_the_context_and_not_the_backbone(family):
    context = family.embed(CONTEXT, 8).clone().requires_grad_()
    family.loss(context, TASKS).backward()
    assert (context.grad.abs().sum(1) > 0).all()
    assert all(p.grad is None and not p.requires_grad for p in family.model.parameters())


def test_gradient_is_the_slope_of_the_loss(family):
    context = family.embed(CONTEXT, 8).clone().requires_grad_()
    family.loss(context, TASKS[:2]).backward()
    way = 1e-4 * torch.nn.functional.normalize(context.grad, dim=None)
    with torch.no_grad():
        rise = family.loss(context + way, TASKS[:2]) - family.loss(context - way, TASKS[:2])
    torch.testing.assert_close(rise / 2e-4, context.grad.norm(), rtol=0.05, atol=0.05)


def test_same_seed_draws_the_same_and_another_seed_does_not(family):
    context, texts = family.embed(CONTEXT, 8), [task.instruction for task in TASKS]
    settings = GenerationSettings(max_new_tokens=6)
    first = family.sample(context, texts, 3, 1.0, 7, settings)
    torch.manual_seed(1)
    assert family.sample(context, texts, 3, 1.0, 7, settings) == first
    assert family.sample(context, texts, 3, 1.0, 8, settings) != first
    assert [len(answers) for answers in first] == [3] * 4


def test_samples_next_to_temperature_nought_are_the_greedy_answers_in_their_places(family):
    context, texts = family.embed(CONTEXT, 8), [task.instruction for task in TASKS]
    settings = GenerationSettings(max_new_tokens=6)
    greedy = family.generate(context, texts, settings)
    assert family.sample(context, texts, 2, 1e-4, 0, settings) == [[answer] * 2 for answer in greedy]


@pytest.mark.parametrize(
    "options",
    [PAPER, PAPER | {"num_beams": 3}, {"repetition_penalty": 1.7}],
    ids=["paper", "paper by beams", "strong penalty"],
)
def test_penalties_are_transformers_own_which_see_the_instruction_where_one_model_reads_and_writes(family, options):
    settings = GenerationSettings(max_new_tokens=12, **options)
    for task in TASKS:
        (written,) = family.generate(None, [task.instruction], settings)
        assert written.text == text_of(family, written_from_ids(family, "", task.instruction, **options))


@MANNERS
def test_penalties_in_a_batch_are_those_of_one_by_one(family, options):
    settings = GenerationSettings(max_new_tokens=8, **PAPER, **options)
    texts, context = [task.instruction for task in TASKS], family.embed(CONTEXT, 8)
    alone = [family.generate(context, [text], settings)[0] for text in texts]
    assert family.generate(context, texts, settings) == alone
    if not options:
        assert family.sample(context, texts, 2, 1e-4, 0, settings) == [[answer] * 2 for answer in alone]


def test_penalty_of_a_decoder_sees_the_instruction_behind_a_context_and_not_the_context(decoders):
    """By hand: the likeliest first token once those that the model reads as tokens are made unlikelier."""
    settings, changed = GenerationSettings(max_new_tokens=1, repetition_penalty=2.0), 0
    alphabet = [" ".join(map(chr, range(start, start + 30))) for start in (33, 63, 93)]
    for decoder, instruction in product(decoders, alphabet):
        whole, bare = (prompt_ids(decoder, text, instruction) for text in (CONTEXT, ""))
        logits = decoder.model(input_ids=torch.tensor([whole])).logits[0, -1]
        likeliest = int(logits.argmax())
        for token in set(bare):
            logits[token] = logits[token] / 2 if logits[token] > 0 else logits[token] * 2
        (written,) = decoder.generate(decoder.embed(CONTEXT, 8), [instruction], settings)
        assert written.text == text_of(decoder, [int(logits.argmax())])
        changed += likeliest != int(logits.argmax())
    assert changed


def test_what_is_not_to_be_repeated_is_all_that_a_decoder_reads_as_tokens(decoders, monkeypatch):
    settings = GenerationSettings(max_new_tokens=1, **PAPER)
    for decoder in decoders:
        given, own = [], decoder.model.generate

        def generate(given=given, own=own, **options):
            given.append(options)
            return own(**options)

        monkeypatch.setattr(decoder.model, "generate", generate)
        decoder.generate(decoder.embed(CONTEXT, 8), [task.instruction for task in TASKS], settings)
        penalty, pairs = given[0]["logits_processor"]
        expected = [prompt_ids(decoder, "", task.instruction) for task in TASKS]
        assert penalty.prompts == pairs.prompts == expected
        assert (given[0]["repetition_penalty"], given[0]["no_repeat_ngram_size"]) == (1.0, 0)  # not counted twice


def test_answer_longer_than_the_positions_is_refused_with_both_numbers(families):
    long = GenerationSettings(max_new_tokens=128)
    for name, backbone in families.items():
        if "t5" in name:
            assert backbone.generate(None, ["sort"], long)
            continue
        with pytest.raises(DataError, match=r"would take 1\d\d positions, but the backbone has 120; shorten"):
            backbone.generate(None, ["sort"], long)


def test_task_longer_than_the_positions_is_refused_and_one_that_just_fits_is_read(families):
    long = Task("long", "sort " * 90, "a")
    for name, backbone in families.items():
        context = torch.zeros(60, 32)
        if "t5" in name:
            assert backbone.loss(context, [long]).isfinite()
            continue
        with pytest.raises(DataError, match=r"positions, but the backbone has 120"):
            backbone.loss(context, [long])
        used = len(prompt_ids(backbone, "", "sort"))
        used += 0 if backbone.model.config.is_encoder_decoder else len(target_ids(backbone, "a"))
        fits = torch.zeros(120 - used, 32)
        assert backbone.loss(fits, [Task("fits", "sort", "a")]).isfinite()
        with pytest.raises(DataError, match="would take 121 positions"):
            backbone.loss(torch.zeros(121 - used, 32), [Task("fits", "sort", "a")])


def test_target_is_cut_and_keeps_its_end_mark(family):
    labels = family.target_ids(["a " * 3000, "a"])
    assert labels.shape == (2, 512) and labels[0, -1] == 2 and (labels[1] == -100).any()


def test_family_and_reach_are_told(families):
    assert {name: (b.family, b.model.config.is_encoder_decoder) for name, b in families.items()} == {
        "t5": ("t5", True),
        "flan-t5": ("t5", True),
        "bart": ("bart", True),
        "plbart": ("plbart", True),
        "gpt2": ("gpt2", False),
        "codegen": ("codegen", False),
        "llama": ("llama", False),
        "qwen2": ("qwen2", False),
        "qwen2-chat": ("qwen2", False),
        "starcoder2": ("starcoder2", False),
    }
    for backbone in families.values():
        reach = backbone.architecture.reach
        if backbone.model.config.is_encoder_decoder:
            assert "cross-attention in all 2 layers" in reach and backbone.architecture.layers == "2 encoder, 2 decoder"
        else:
            assert reach == "every one of the 2 layers, through self-attention"
