"""A tiny random model of every family, with a tokenizer that marks texts as that family's does."""

import copy

import pytest
import torch

from ddpt_core.backbone.frozen_lm import FrozenLM

MARKS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
CHAT = (
    "{{ bos_token }}{% for m in messages %}<{{ m.role }}>\n{{ m.content }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>\n{% endif %}"
)
SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 120, "resid_pdrop": 0, "embd_pdrop": 0, "attn_pdrop": 0}
BART = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48}
BART |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": 120, "dropout": 0.0}
T5 = {
    "decoder_start_token_id": 0,
    "dropout_rate": 0.0,
    "d_model": 32,
    "d_kv": 16,
    "d_ff": 48,
    "num_heads": 2,
    "num_layers": 2,
    "num_decoder_layers": 2,
}
SEEN = {"max_position_embeddings": 120}

# Positions: 120 is no multiple of the length that batches are padded to, so padding must stop before it.
# name -> (model type, settings of its config, marks that its tokenizer sets by itself)
FAMILIES = {
    "t5": ("t5", T5, "end"),
    "flan-t5": ("t5", T5 | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}, "end"),
    "bart": ("bart", BART | {"decoder_start_token_id": 2, "forced_eos_token_id": None}, "both"),
    "plbart": ("plbart", BART | {"scale_embedding": True, "decoder_start_token_id": 2}, "end"),
    "gpt2": ("gpt2", GPT | {"pad_token_id": None}, "no padding"),
    "codegen": ("codegen", GPT | {"n_head": 4, "rotary_dim": 4}, "none"),
    "llama": ("llama", SMALL | SEEN, "begin"),
    "qwen2": ("qwen2", SMALL | SEEN | {"num_key_value_heads": 1, "tie_word_embeddings": True}, "none"),
    "qwen2-chat": ("qwen2", SMALL | SEEN | {"num_key_value_heads": 1}, "chat"),
    "starcoder2": ("starcoder2", SMALL | SEEN | {"num_key_value_heads": 1}, "none"),
}


def new_tokenizer(tiny, marks: str):
    """The tests' tokenizer, setting a mark of beginning, of end, both, none, no padding, or with a chat template."""
    from tokenizers import processors

    tokenizer = copy.deepcopy(tiny.tokenizer)
    single = {"begin": "<s> $A", "end": "$A </s>", "both": "<s> $A </s>"}.get(marks, "$A")
    tokenizer._tokenizer.post_processor = processors.TemplateProcessing(
        single=single, special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    if marks == "no padding":
        tokenizer.pad_token = None
    if marks == "chat":
        tokenizer.chat_template = CHAT
    return tokenizer


def new_model(kind: str, settings: dict):
    """An untrained model whose weights are large enough that its answers differ."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    config = AutoConfig.for_model(kind, vocab_size=300, **(MARKS | settings))
    loader = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        model = loader.from_config(config)
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(0.0, 0.4)
        if getattr(config, "scale_embedding", False):  # else the instruction would drown everything
            model.get_input_embeddings().weight /= config.d_model**0.5
    return model.eval()


@pytest.fixture(scope="session")
def families(tiny) -> dict[str, FrozenLM]:
    """Every family's tiny model as a frozen backbone."""
    return {
        name: FrozenLM(name, new_model(kind, settings), new_tokenizer(tiny, marks))
        for name, (kind, settings, marks) in FAMILIES.items()
    }


@pytest.fixture(scope="session")
def new_backbone(tiny):
    """Makes a tiny backbone: new_backbone(model type, settings of its config, marks that its tokenizer sets)."""
    return lambda kind, settings, marks: FrozenLM(kind, new_model(kind, settings), new_tokenizer(tiny, marks))


@pytest.fixture(params=FAMILIES)
def family(request, families) -> FrozenLM:
    """One family after the other."""
    return families[request.param]


@pytest.fixture
def decoders(families) -> list[FrozenLM]:
    """The families whose one model reads and writes."""
    return [backbone for backbone in families.values() if not backbone.model.config.is_encoder_decoder]
