"""A backbone in figures and words: what `info` tells of it."""

from typing import Any

from ddpt_core.backbone.architecture import most_positions
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.tokens import tokens_beyond, unused_rows


def describe(backbone: FrozenLM) -> dict[str, Any]:
    """Returns what kind of model it is, its sizes, the memory its weights take, and what a context can reach.

    `rows_without_a_token` counts what the table of V has beyond the tokenizer, holes between its ids included;
    `tokens_without_a_row` names tokens that were added beyond the table, which no text may hold, or says "none".
    `positions` is None where the model counts them relatively; `memory_mb` is of the weights as loaded, in 10^6 bytes.
    """
    rows, width = backbone.embedding_table.shape
    parameters = list(backbone.model.parameters())
    return {
        "name": backbone.name,
        "sha256": backbone.sha256,
        "family": backbone.family,
        "kind": backbone.architecture.kind,
        "D": width,
        "V": rows,
        "rows_without_a_token": len(unused_rows(backbone.tokenizer, rows)),
        "tokens_without_a_row": ", ".join(tokens_beyond(backbone.tokenizer, rows)) or "none",
        "layers": backbone.architecture.layers,
        "parameters": sum(parameter.numel() for parameter in parameters),
        "dtype": str(backbone.model.dtype).removeprefix("torch."),
        "memory_mb": round(sum(parameter.numel() * parameter.element_size() for parameter in parameters) / 1e6, 1),
        "positions": most_positions(backbone.model.config),
        "chat_template": backbone.architecture.has_chat_template,
        "reach": backbone.architecture.reach,
    }
