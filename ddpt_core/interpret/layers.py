"""What becomes of a context in the layers that read it: each layer's hidden states, read as tokens.

Two readings: by the model's own head, as if the layers after were left out (the logit lens, nostalgebraist 2020), and
by the nearest rows of the embedding table.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.errors import BackboneError, require_range
from ddpt_core.interpret.nearest_tokens import NearestTokens, Neighbours

LAYERS_AT_ONCE = 8  # read out side by side: 25 MB of logits at P = 16 and V = 49,152
NO_HEAD = (
    "This backbone's encoder reads the context and has no head of its own, so its layers are read by nearest tokens "
    "alone."
)
OTHER_WIDTH = "Its hidden states are not as wide as its embeddings, so they have no nearest tokens."


@dataclass(frozen=True)
class LayerReading:
    """The K likeliest and the K nearest tokens of every position after each of L layers, and before the first.

    ids: (L+1, P, K) int64 and probabilities: (L+1, P, K) float32, descending, by the model's head; None without one.
    nearest: (L+1, P, K), by cosine similarity; None where hidden states are of another width than embeddings.
    """

    ids: np.ndarray | None
    probabilities: np.ndarray | None
    nearest: Neighbours | None

    @property
    def note(self) -> str:
        """What could not be read, in a sentence; "" if nothing."""
        return NO_HEAD if self.ids is None else OTHER_WIDTH if self.nearest is None else ""

    @property
    def said(self) -> str:
        """When what the model's last layer tells is settled, in a sentence."""
        if self.ids is None:
            return self.note
        top = self.ids[..., 0]  # (L+1,P)
        stands = np.logical_and.accumulate((top == top[-1])[::-1])[::-1]
        since = np.sort(len(top) - stands.sum(0))
        return (
            f"What the head reads after the last layer stands from layer {since[len(since) // 2]} of {len(top) - 1} on "
            f"at half of the positions, from layer {since[-1]} on at every one."
        )

    def as_json(self, tokens: list[str]) -> list[list[dict[str, Any]]]:
        """Returns for every position the layers in their order, each with `head` and `nearest`, None for what is not.

        tokens: the text of each token.
        """
        likely = _named(self.ids, self.probabilities, "probability", tokens)
        near = self.nearest and _named(self.nearest.ids, self.nearest.scores, "score", tokens)
        layers = near or likely or []
        return [
            [
                {"layer": layer, "head": likely and likely[layer][place], "nearest": near and near[layer][place]}
                for layer in range(len(layers))
            ]
            for place in range(len(layers[0]))
        ]


@torch.no_grad()
def through_layers(
    backbone: FrozenLM, context: torch.Tensor, instruction: str, k: int = 5, table: NearestTokens | None = None
) -> LayerReading:
    """Returns how the layers' states of a context (P, D) read; an encoder sees the instruction beside it.

    `table` serves for the nearest tokens if it is at hand. Raises BackboneError for a kind that does not tell its
    states.
    """
    require_range("k", k, 1, len(backbone.embedding_table))
    states = backbone.architecture.through_layers(context, instruction)
    if states is None:
        raise BackboneError(f"The backbone {backbone.name!r} does not tell what its layers hold; read its effect.")
    ids, probabilities = [], []
    for start in range(0, len(states), LAYERS_AT_ONCE):
        logits = backbone.architecture.read_out(states[start : start + LAYERS_AT_ONCE])
        if logits is None:
            break
        likely = logits.float().softmax(-1).topk(k)
        ids.append(likely.indices.cpu().numpy())
        probabilities.append(likely.values.cpu().numpy())
    return LayerReading(
        np.concatenate(ids) if ids else None,
        np.concatenate(probabilities) if ids else None,
        _nearest(backbone, states, k, table),
    )


def _nearest(backbone: FrozenLM, states: torch.Tensor, k: int, table: NearestTokens | None) -> Neighbours | None:
    layers, positions, width = states.shape
    if width != backbone.embedding_table.shape[1]:
        return None
    found = (table or NearestTokens(backbone.embedding_table)).search(states.flatten(0, 1), k)
    return Neighbours(found.ids.reshape(layers, positions, k), found.scores.reshape(layers, positions, k))


def _named(
    ids: np.ndarray | None, values: np.ndarray | None, what: str, tokens: list[str]
) -> list[list[list[dict[str, Any]]]] | None:
    """Returns (L+1, P, K) tokens with their values as {token, token_id, `what`}."""
    if ids is None or values is None:
        return None
    return [
        [
            [{"token": tokens[i], "token_id": int(i), what: float(v)} for i, v in zip(*cell, strict=True)]
            for cell in zip(*layer, strict=True)
        ]
        for layer in zip(ids, values, strict=True)
    ]
