"""The kinds of models: a new one is a file with its Architecture, and a line in KINDS.

A context is given as embeddings, and many models do more to ids that they look up than to embeddings: they scale them
(Pegasus, Marian), need ids for positions (M2M100), or predict several tokens at once (ProphetNet). Their scores would
be wrong by a little, and nothing would tell. So a kind lists a family only if loss and writing from embeddings are
those of transformers' own model from ids; tests/backbone/test_model_families.py holds each of them to that.
"""

from ddpt_core.backbone.architecture import Architecture
from ddpt_core.backbone.codet5p import PromptedDecoder
from ddpt_core.backbone.decoder_only import DecoderOnly
from ddpt_core.backbone.encoder_decoder import EncoderDecoder
from ddpt_core.errors import BackboneError

KINDS: dict[str, type[Architecture]] = {  # the first that reads a config has its models
    "codet5p": PromptedDecoder,
    "encoder-decoder": EncoderDecoder,
    "decoder-only": DecoderOnly,
}


def kind_of(config) -> type[Architecture]:
    """Returns how models of a config read and write."""
    return next(kind for kind in KINDS.values() if kind.reads(config))


def check_family(name: str, config, runs_own_code: bool) -> None:
    """Raises BackboneError for a model, given its config, that would not be read rightly.

    One that `runs_own_code` may be of any family: what it does to embeddings is tried out once it is loaded.
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    family = config.model_type
    decodes = config.is_encoder_decoder or getattr(config, "is_decoder", False) or family in kind_of(config).families
    if family in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not decodes:
        raise BackboneError(
            f"The backbone {name!r} is a {family} model, which fills gaps and writes no text; choose an "
            "encoder-decoder such as CodeT5+ or a decoder such as Qwen2.5-Coder."
        )
    if runs_own_code or any(family in kind.families for kind in KINDS.values()):
        return
    known = [f"{kind.spoken} ({', '.join(kind.families)})" for kind in KINDS.values() if kind.families]
    raise BackboneError(
        f"The backbone {name!r} is a {family} model, and that family is not read rightly through embeddings; choose "
        f"{' or '.join(known)}."
    )
