"""Every family that is listed reads and writes from embeddings as transformers' own model does from ids.

Others are refused on loading.
"""

import pytest
import torch

from ddpt_core.backbone.decoder_only import DecoderOnly
from ddpt_core.backbone.encoder_decoder import EncoderDecoder
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.data.task import Task
from ddpt_core.errors import BackboneError

ENCODER_DECODERS, DECODERS = EncoderDecoder.families, DecoderOnly.families
FAMILIES = (*ENCODER_DECODERS, *DECODERS)
TASKS = [
    Task("one", "sort list `a`", "sorted(a)"),
    Task("two", "reverse list `a` and then the list `b`, both in place", "a[::-1] + b[::-1]"),
]
SHORT = GenerationSettings(max_new_tokens=6)

LLAMA = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
LLAMA |= {"max_position_embeddings": 120, "num_key_value_heads": 1, "head_dim": 16}
EXPERTS = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 120, "resid_pdrop": 0, "embd_pdrop": 0, "attn_pdrop": 0}
OPT = {"hidden_size": 48, "word_embed_proj_dim": 32, "ffn_dim": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
OPT |= {"max_position_embeddings": 120, "dropout": 0.0, "do_layer_norm_before": False}  # as the one of 350 M
BLOOM = {"hidden_size": 32, "n_layer": 2, "n_head": 2}
FALCON = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 120}
T5 = {"decoder_start_token_id": 0, "dropout_rate": 0.0, "d_model": 32, "d_kv": 16, "d_ff": 48, "num_heads": 2}
T5 |= {"num_layers": 2, "num_decoder_layers": 2, "num_experts": 2}
BART = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48}
BART |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": 120, "dropout": 0.0}
BART |= {"decoder_start_token_id": 2, "scale_embedding": True}
OWN = {  # settings of those that are not like Llama, T5 or BART, and such as make a family special
    "gpt2": GPT,
    "gpt_bigcode": GPT,
    "gptj": GPT | {"rotary_dim": 4},
    "codegen": GPT | {"n_head": 4, "rotary_dim": 4},
    "bloom": BLOOM,
    "opt": OPT,
    "falcon": FALCON,
    "mixtral": LLAMA | EXPERTS,
    "qwen2_moe": LLAMA | EXPERTS,
    "qwen3_moe": LLAMA | EXPERTS,
    "granite": LLAMA | {"embedding_multiplier": 3.0, "logits_scaling": 2.0},
    "granitemoe": LLAMA | EXPERTS | {"embedding_multiplier": 3.0},
    "phi3": LLAMA | {"num_key_value_heads": 2, "pad_token_id": 0},
}


def settings_of(family: str) -> dict:
    if family in ENCODER_DECODERS:
        return BART if family in ("bart", "mbart", "plbart") else T5
    return OWN.get(family, LLAMA)


def ids_before(backbone, context: str, instruction: str) -> list[int]:
    """What a target follows: context, instruction, and an encoder's end mark or a decoder's line break."""
    text = backbone.tokenizer(instruction, add_special_tokens=False)["input_ids"]
    line = backbone.tokenizer("\n", add_special_tokens=False)["input_ids"]
    words = backbone.token_ids(context, 5) if context else []
    return [*words, *text, *([2] if backbone.model.config.is_encoder_decoder else line)]


def own_loss(backbone, context: str, task: Task) -> torch.Tensor:
    before = ids_before(backbone, context, task.instruction)
    target = [*backbone.tokenizer(task.reference, add_special_tokens=False)["input_ids"], 2]
    if backbone.model.config.is_encoder_decoder:
        return backbone.model(input_ids=torch.tensor([before]), labels=torch.tensor([target])).loss
    labels = torch.tensor([[-100] * len(before) + target])
    return backbone.model(input_ids=torch.tensor([before + target]), labels=labels).loss


def own_answer(backbone, context: str, instruction: str) -> str:
    ids = torch.tensor([ids_before(backbone, context, instruction)])
    written = backbone.model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=6
    )[0, 1 if backbone.model.config.is_encoder_decoder else ids.shape[1] :]
    return backbone.tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()


@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_writing_from_embeddings_are_transformers_own_from_ids(family, new_backbone):
    backbone = new_backbone(family, settings_of(family), "end" if family in ENCODER_DECODERS else "none")
    assert backbone.model.config.is_encoder_decoder == (family in ENCODER_DECODERS)
    assert_reads_and_writes_as_from_ids(backbone)


@pytest.mark.parametrize("family", DECODERS)
def test_what_all_rows_begin_with_is_read_once_to_the_same_end(family, new_backbone, monkeypatch):
    backbone = new_backbone(family, settings_of(family), "none")
    passes = []
    backbone.model.register_forward_pre_hook(
        lambda _, args, given: passes.append(tuple(given["inputs_embeds"].shape[:2])), with_kwargs=True
    )
    monkeypatch.setattr("ddpt_core.backbone.decoder_only.WORTH_SHARING", 1)
    with torch.no_grad():
        backbone.task_losses(backbone.embed("largest of", 5), TASKS)
    assert passes[0] == (1, 5) and passes[1][0] == len(TASKS)
    backbone.model._forward_pre_hooks.clear()
    assert_reads_and_writes_as_from_ids(backbone)


@pytest.mark.parametrize("family", ["mistral", "gemma3_text", "starcoder2"])
@pytest.mark.parametrize("least", [1, 100])
def test_window_that_is_narrower_than_a_batch_sees_no_padding(family, least, new_backbone, monkeypatch):
    monkeypatch.setattr("ddpt_core.backbone.decoder_only.WORTH_SHARING", least)
    backbone = new_backbone(family, LLAMA | {"sliding_window": 12, "layer_types": None}, "none")
    assert_reads_and_writes_as_from_ids(backbone)


def assert_reads_and_writes_as_from_ids(backbone):
    texts = [task.instruction for task in TASKS]
    with torch.no_grad():
        for context in ("largest of", ""):
            embedded = backbone.embed(context, 5) if context else None
            expected = torch.stack([own_loss(backbone, context, task) for task in TASKS])
            torch.testing.assert_close(backbone.task_losses(embedded, TASKS), expected, rtol=1e-4, atol=1e-4)
            answers = [own_answer(backbone, context, text) for text in texts]
            assert [written.text for written in backbone.generate(embedded, texts, SHORT)] == answers
    context = backbone.embed("largest of", 5).clone().requires_grad_()
    backbone.loss(context, TASKS).backward()
    assert (context.grad.abs().sum(1) > 0).all()


BERT = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 300}
UNLIKE = {  # families whose encoder or loss makes more of ids than of embeddings, or that are written otherwise
    "encoder-decoder": {
        "encoder": BERT | {"model_type": "bert"},
        "decoder": BERT | {"model_type": "bert", "is_decoder": True, "add_cross_attention": True},
    },
    "prophetnet": {
        "hidden_size": 32,
        "num_encoder_layers": 1,
        "num_decoder_layers": 1,
        "num_encoder_attention_heads": 2,
        "num_decoder_attention_heads": 2,
        "vocab_size": 300,
    },
    "m2m_100": BART | {"vocab_size": 300},
    "pegasus": BART | {"vocab_size": 300},
    "openai-gpt": GPT | {"vocab_size": 300},
}


@pytest.mark.parametrize("kind", UNLIKE)
def test_family_that_would_be_read_wrongly_is_refused_on_loading_with_those_that_are_not(kind, tiny, tmp_path):
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    config = AutoConfig.for_model(kind, **UNLIKE[kind])
    auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    auto.from_config(config).save_pretrained(tmp_path)
    tiny.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(BackboneError, match=f"is a {kind} model, and that family is not read rightly") as refusal:
        load_backbone(tmp_path, device="cpu")
    assert all(family in str(refusal.value) for family in FAMILIES) and "\n" not in str(refusal.value)


def test_no_family_is_listed_twice_nor_as_both_kinds():
    assert len(FAMILIES) == len({*ENCODER_DECODERS, *DECODERS})
