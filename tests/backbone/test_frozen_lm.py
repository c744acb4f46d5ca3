"""The frozen backbone read through a context embedding, compared with the model read through token ids."""

import pytest
import torch

from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError

TASK = Task("one", "sort list `a`", "sorted(a)")


def ids_of(backbone, context: str, instruction: str) -> torch.Tensor:
    """The tokens (1, P + N) that a context and an instruction make, without padding."""
    tokens = backbone.token_ids(context, 8) if context else []
    return torch.tensor([tokens + backbone.tokenizer(instruction)["input_ids"]])


@pytest.mark.parametrize("context", ["largest of", ""])
def test_loss_is_the_models_own_loss_from_ids_when_the_context_is_embedded_text(tiny, context):
    labels = torch.tensor([tiny.tokenizer(TASK.reference)["input_ids"]])
    expected = tiny.model(input_ids=ids_of(tiny, context, TASK.instruction), labels=labels).loss
    embedded = tiny.embed(context, 8) if context else None
    torch.testing.assert_close(tiny.loss(embedded, [TASK]), expected)


def test_batch_gives_each_task_the_loss_that_it_has_alone(tiny, tasks):
    context = tiny.embed("sort list", 8)
    batch = tiny.task_losses(context, tasks[:5])
    alone = torch.stack([tiny.loss(context, [task]) for task in tasks[:5]])
    torch.testing.assert_close(batch, alone)


def test_loss_is_the_mean_over_tokens_not_over_tasks(tiny):
    short, long = TASK, Task("two", "sum", "a + b + c + d + e + f")
    losses, counts = tiny.summed_losses(None, [short, long])
    assert counts[0] != counts[1]
    torch.testing.assert_close(tiny.loss(None, [short, long]), losses.sum() / counts.sum())


def test_one_context_for_all_is_the_same_as_that_context_for_each(tiny, tasks):
    context = tiny.embed("sort list", 8)
    each = context.expand(3, -1, -1)
    torch.testing.assert_close(tiny.task_losses(context, tasks[:3]), tiny.task_losses(each, tasks[:3]))


def test_contexts_of_a_batch_reach_their_own_tasks(tiny):
    first, second = tiny.embed("sort list", 8), tiny.embed("length of", 8)
    together = tiny.task_losses(torch.stack([first, second]), [TASK, TASK])
    torch.testing.assert_close(together[0], tiny.loss(first, [TASK]))
    torch.testing.assert_close(together[1], tiny.loss(second, [TASK]))
    assert together[0] != together[1]


def test_gradient_reaches_the_context_and_not_the_backbone(tiny, tasks):
    context = tiny.embed("sort list", 8).clone().requires_grad_()
    tiny.loss(context, tasks[:2]).backward()
    assert context.grad.abs().sum() > 0
    assert all(p.grad is None and not p.requires_grad for p in tiny.model.parameters())


PAPER = {"repetition_penalty": 1.2, "no_repeat_ngram_size": 2}


@pytest.mark.parametrize("context", ["largest of", ""])
@pytest.mark.parametrize("options", [{}, {"num_beams": 3}, PAPER], ids=["greedy", "beams", "paper"])
def test_generation_from_embeddings_is_generation_from_ids(tiny, context, options):
    embedded = tiny.embed(context, 8) if context else None
    (written,) = tiny.generate(embedded, [TASK.instruction], GenerationSettings(max_new_tokens=12, **options))
    ids = ids_of(tiny, context, TASK.instruction)
    expected = tiny.model.generate(input_ids=ids, do_sample=False, max_new_tokens=12, **options)[0, 1:]
    assert written.text == tiny.tokenizer.decode(expected, skip_special_tokens=True).strip()
    assert written.tokens == len(expected) > 0


def test_the_papers_settings_change_what_is_written(tiny):
    plain, paper = (GenerationSettings(max_new_tokens=12, **options) for options in ({}, PAPER))
    assert tiny.generate(None, [TASK.instruction], plain) != tiny.generate(None, [TASK.instruction], paper)


def test_generation_in_a_batch_is_the_same_as_one_by_one(tiny, tasks):
    context = tiny.embed("sort list", 8)
    instructions = [task.instruction for task in tasks[:3]] + ["a much longer instruction than all the others here"]
    settings = GenerationSettings(max_new_tokens=8)
    alone = [tiny.generate(context, [text], settings)[0] for text in instructions]
    assert tiny.generate(context, instructions, settings) == alone


@pytest.mark.parametrize(
    "name, value", [("max_new_tokens", 0), ("num_beams", 17), ("repetition_penalty", float("nan"))]
)
def test_generation_settings_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=name):
        GenerationSettings(**{name: value})


def test_short_context_is_repeated_until_it_fills_all_positions(tiny):
    ids = tiny.token_ids("sort list")
    assert len(ids) > 1
    assert tiny.token_ids("sort list", 2 * len(ids) + 1) == [*ids, *ids, ids[0]]
    torch.testing.assert_close(tiny.embed("sort list", 7), tiny.embedding_table[tiny.token_ids("sort list", 7)])


def test_context_that_is_too_long_or_empty_is_refused_with_the_limit(tiny):
    with pytest.raises(DataError, match=r"at most 2 tokens, got \d+; shorten"):
        tiny.token_ids("sort list `a` and reverse it", 2)
    with pytest.raises(DataError, match="empty"):
        tiny.embed("", 8)


@pytest.mark.parametrize("shape", [(8, 31), (3, 8, 32)])
def test_context_of_a_wrong_shape_is_refused_with_the_right_one(tiny, tasks, shape):
    with pytest.raises(ConfigError, match=r"shape \(P, 32\) or \(2, P, 32\), got"):
        tiny.loss(torch.zeros(shape), tasks[:2])


def test_no_tasks_at_all_are_refused(tiny):
    with pytest.raises(DataError, match="no task"):
        tiny.loss(None, [])


def test_empty_instruction_is_refused(tiny):
    with pytest.raises(DataError, match="instruction is empty"):
        tiny.generate(None, ["  "])


def test_text_longer_than_the_model_reads_is_cut_and_keeps_its_end_mark(tiny):
    ids, mask = tiny.instruction_ids(["a " * 3000])
    assert ids.shape == (1, 512) and mask.all() and ids[0, -1] == tiny.tokenizer.eos_token_id


def test_every_token_has_a_text_and_the_texts_of_a_line_join_to_it(tiny):
    texts = tiny.token_strings()
    assert len(texts) == len(tiny.embedding_table)
    line = "  x = [f(a), 'é']\n"
    assert b"".join(as_bytes(texts[i]) for i in tiny.token_ids(line)) == line.encode()


def as_bytes(text: str) -> bytes:
    """A token's bytes from its readable text; a half of a character reads \\xNN."""
    return bytes.fromhex(text[2:]) if text.startswith("\\x") else text.encode()


def test_rows_beyond_the_tokenizer_read_as_unused(tiny):
    from ddpt_core.backbone.tokens import readable_tokens

    size = len(tiny.tokenizer)
    assert readable_tokens(tiny.tokenizer, size + 2)[-2:] == [f"<unused {size}>", f"<unused {size + 1}>"]


def test_digest_is_of_the_weights_alone(tiny, tiny_folder):
    from ddpt_core.backbone.loading import load_backbone

    again = load_backbone(tiny_folder, device="cpu")
    assert again.sha256 == FrozenLM("other name", again.model, again.tokenizer).sha256 == tiny.sha256
    changed = load_backbone(tiny_folder, device="cpu")
    with torch.no_grad():
        changed.model.encoder.final_layer_norm.weight[0] += 1e-3
    assert changed.sha256 != tiny.sha256


@pytest.fixture
def bart(tiny):
    """A BART that scales its embeddings, and whose decoder starts with the end mark and not with padding."""
    from transformers import BartConfig, BartForConditionalGeneration

    sizes = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "max_position_embeddings": 64, "init_std": 0.5}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    marks = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
    config = BartConfig(vocab_size=300, scale_embedding=True, dropout=0.0, **sizes, **heads, **marks)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FrozenLM("bart", BartForConditionalGeneration(config).eval(), tiny.tokenizer)


def test_embeddings_are_scaled_where_the_model_scales_what_it_looks_up(bart):
    """BART and PLBART multiply by sqrt(D), but not embeddings that they are given."""
    labels = torch.tensor([bart.tokenizer(TASK.reference)["input_ids"]])
    expected = bart.model(input_ids=ids_of(bart, "largest of", TASK.instruction), labels=labels).loss
    torch.testing.assert_close(bart.loss(bart.embed("largest of", 8), [TASK]), expected)


def test_token_that_starts_the_decoder_is_not_counted_as_written(bart):
    (written,) = bart.generate(bart.embed("largest of", 8), [TASK.instruction], GenerationSettings(max_new_tokens=5))
    ids = ids_of(bart, "largest of", TASK.instruction)
    expected = bart.model.generate(input_ids=ids, do_sample=False, max_new_tokens=5)[0]
    assert expected[0] == 2 and written.tokens == len(expected) - 1


def test_default_context_that_is_too_long_for_a_tokenizer_of_bytes_says_what_to_give(tiny):
    """ByT5 reads bytes, so that the words that nobody gave are 47 tokens."""
    from transformers import ByT5Tokenizer

    from ddpt_core.settings import DEFAULT_CONTEXT

    model, size = tiny.model, len(DEFAULT_CONTEXT)
    bytes_alone = FrozenLM("bytes", model, ByT5Tokenizer(extra_ids=0))
    needs = rf"^The default context, '{DEFAULT_CONTEXT}', has {size} tokens .* at most 16 .* \(--context\)"
    with pytest.raises(DataError, match=rf"{needs}, or train with more positions \(--context-length {size}\)\.$"):
        bytes_alone.embed(DEFAULT_CONTEXT, 16)
    assert bytes_alone.embed(DEFAULT_CONTEXT, size).shape == (size, 32)
    with pytest.raises(DataError, match=r"^The context must have at most 4 tokens, got 5; shorten it, or train with"):
        bytes_alone.embed("short", 4)


def test_generation_config_of_a_model_that_is_given_has_no_say_but_for_its_marks(tiny_folder, tiny):
    """A model need not come from load_backbone, which reads the marks alone."""
    from transformers import AutoModelForSeq2SeqLM

    model = AutoModelForSeq2SeqLM.from_pretrained(tiny_folder).eval()
    model.generation_config.update(num_beams=2, num_return_sequences=2, return_dict_in_generate=True, min_length=9)
    settings = GenerationSettings(max_new_tokens=6)
    given = FrozenLM("given", model, tiny.tokenizer).generate(None, ["sum", "sort"], settings)
    assert given == tiny.generate(None, ["sum", "sort"], settings)
    assert model.generation_config.decoder_start_token_id == tiny.model.config.decoder_start_token_id
