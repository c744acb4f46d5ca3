"""The families of models that are read rightly, and the refusal of all others.

A context is given as embeddings, and many models do more to ids that they look up than to embeddings: they scale them
(Pegasus, Marian), need ids for positions (M2M100), or predict several tokens at once (ProphetNet). Their scores would
be wrong by a little, and nothing would tell. So a family is listed here only if loss and writing from embeddings are
those of transformers' own model from ids; tests/backbone/test_model_families.py holds each of them to that.
"""

from ddpt_core.errors import BackboneError

ENCODER_DECODERS = ("t5", "mt5", "umt5", "longt5", "switch_transformers", "bart", "mbart", "plbart")
DECODERS = (
    "gpt2", "gptj", "gpt_neox", "gpt_bigcode", "codegen", "bloom", "opt", "falcon",
    "llama", "mistral", "ministral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "starcoder2", "smollm3",
    "gemma", "gemma2", "gemma3_text", "phi", "phi3", "stablelm", "olmo", "olmo2", "olmo3", "cohere", "cohere2",
    "granite", "granitemoe", "glm", "glm4", "seed_oss",
)  # fmt: skip
FAMILIES = (*ENCODER_DECODERS, *DECODERS)


def check_family(name: str, config, runs_own_code: bool) -> None:
    """Raises BackboneError for a model, given its config, that would not be read rightly.

    One that `runs_own_code` may be of any family: what it does to embeddings is tried out once it is loaded.
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    family = config.model_type
    decodes = config.is_encoder_decoder or getattr(config, "is_decoder", False) or family in DECODERS
    if family in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not decodes:
        raise BackboneError(
            f"The backbone {name!r} is a {family} model, which fills gaps and writes no text; choose an "
            "encoder-decoder such as CodeT5+ or a decoder such as Qwen2.5-Coder."
        )
    if family in FAMILIES or runs_own_code:
        return
    raise BackboneError(
        f"The backbone {name!r} is a {family} model, and that family is not read rightly through embeddings; choose "
        f"an encoder-decoder ({', '.join(ENCODER_DECODERS)}) or a decoder ({', '.join(DECODERS)})."
    )
