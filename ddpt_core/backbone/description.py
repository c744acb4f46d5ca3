"""A backbone in figures and words: what `info` tells of it."""

from typing import Any

from ddpt_core.backbone.architecture import most_positions
from ddpt_core.backbone.frozen_lm import FrozenLM


def describe(backbone: FrozenLM) -> dict[str, Any]:
    """Returns what kind of model it is, its sizes, the memory its weights take, and what a context can reach.

    `positions` is None where the model counts them relatively; `memory_mb` is of the weights as loaded, in 10^6 bytes.
    """
    rows, width = backbone.embedding_table.shape
    parameters = list(backbone.model.parameters())
    return {
        "name": backbone.name,
        "sha256": backbone.sha256,
        "family": backbone.family,
        "kind": "encoder-decoder" if backbone.is_encoder_decoder else "decoder-only",
        "D": width,
        "V": rows,
        "layers": backbone.architecture.layers,
        "parameters": sum(parameter.numel() for parameter in parameters),
        "dtype": str(backbone.model.dtype).removeprefix("torch."),
        "memory_mb": round(sum(parameter.numel() * parameter.element_size() for parameter in parameters) / 1e6, 1),
        "positions": most_positions(backbone.model.config),
        "chat_template": not backbone.is_encoder_decoder and bool(getattr(backbone.tokenizer, "chat_template", None)),
        "reach": backbone.architecture.reach,
    }
