"""Training batches of a few fixed shapes, mixed from mined pairs and task families, each under a context of its kind.

Ragged shapes cost two thirds of the speed on a CPU, so every batch has the shape of one of three buckets.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ddpt_core.pretrain.contexts import CONTEXTS

CONTEXT_TOKENS = 16  # the length P of the contexts that prompts are tuned at
IGNORED = -100  # the label that cross-entropy skips


@dataclass(frozen=True)
class Bucket:
    """Batches of one shape: `rows` pairs with at most `text` input and `code` target tokens, both with end marks.

    `first` and `mix` give for each source of pairs its share in the bucket, before and from step MIX_FROM; `share` is
    the bucket's share of steps, relative to the others.
    """

    rows: int
    text: int
    code: int
    share: float
    first: dict[str, float]
    mix: dict[str, float]


MIX_FROM = 2_800  # before it a model learns to write, and to copy names; from then on what many idioms look like
BUCKETS = {
    "line": Bucket(
        128,
        28,
        32,
        0.55,
        {
            "family statement": 0.32,
            "composition": 0.24,
            "assigned": 0.06,
            "printed": 0.04,
            "wrapped": 0.06,
            "lambda": 0.04,
            "double quoted": 0.04,
            "statement": 0.08,
            "doctest": 0.05,
            "call": 0.07,
        },
        {
            "idiom": 0.42,
            "family statement": 0.1,
            "rephrased statement": 0.16,
            "composition": 0.09,
            "assigned": 0.03,
            "printed": 0.02,
            "wrapped": 0.03,
            "lambda": 0.02,
            "double quoted": 0.02,
            "statement": 0.06,
            "doctest": 0.03,
            "call": 0.03,
        },
    ),
    "function": Bucket(
        48,
        32,
        96,
        0.24,
        {"family function": 0.65, "function": 0.35},
        {"family function": 0.3, "rephrased function": 0.35, "idiom function": 0.15, "function": 0.2},
    ),
    "explain": Bucket(
        48, 80, 28, 0.08, {"family explain": 0.5, "explain": 0.5}, {"family explain": 0.5, "explain": 0.5}
    ),
}
FORMS = ("assigned", "printed", "wrapped", "lambda", "double quoted")  # of an answer, as forms.forms_of makes them
KIND_OF = {  # which contexts stand before the pairs of a source
    "family statement": "statement",
    "rephrased statement": "statement",
    "idiom": "statement",
    "composition": "statement",
    **{form: form for form in FORMS},
    "statement": "statement",
    "doctest": "statement",
    "call": "call",
    "family function": "function",
    "rephrased function": "function",
    "idiom function": "function",
    "function": "function",
    "family explain": "explain",
    "explain": "explain",
}


class PairSource:
    """The pairs of one source as padded token arrays; pairs that a bucket cannot hold are left out."""

    def __init__(self, tokenizer, texts: Sequence[str], codes: Sequence[str], bucket: Bucket):
        inputs, targets = (tokenizer(list(t))["input_ids"] for t in (texts, codes))
        fits = [i for i, (x, y) in enumerate(zip(inputs, targets, strict=True)) if len(x) <= bucket.text]
        fits = [i for i in fits if len(targets[i]) <= bucket.code]
        self.inputs = _padded([inputs[i] for i in fits], bucket.text, tokenizer.pad_token_id)
        self.targets = _padded([targets[i] for i in fits], bucket.code, IGNORED)

    def __len__(self) -> int:
        return len(self.inputs)


class Batches:
    """Draws batches: the bucket by its share, the pairs by the bucket's mix, for each pair a context of its kind.

    Of every eight contexts six are filled up to CONTEXT_TOKENS by repetition (as prompts are), one stands at its own
    length and one is missing, so that the model answers with and without one. Only an answer in an unusual form never
    lacks the context that asks for it.
    """

    def __init__(self, tokenizer, sources: dict[str, PairSource], seed: int):
        self.pad, self.sources = tokenizer.pad_token_id, sources
        self.contexts = {
            kind: [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
            for kind, texts in CONTEXTS.items()
        }
        self.rng = random.Random(seed)

    def draw(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the batch of a step: (B, CONTEXT_TOKENS + text) input ids and (B, code) labels."""
        name = self.rng.choices(list(BUCKETS), [b.share for b in BUCKETS.values()])[0]
        return self.batch(name, BUCKETS[name].mix if step >= MIX_FROM else BUCKETS[name].first)

    def batch(self, bucket_name: str, mix: dict[str, float]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns a batch of one bucket, its pairs from the sources of `mix` that have any."""
        bucket = BUCKETS[bucket_name]
        mix = {name: share for name, share in mix.items() if len(self.sources.get(name, ()))}
        inputs = np.full((bucket.rows, CONTEXT_TOKENS + bucket.text), self.pad, np.int64)
        labels = np.empty((bucket.rows, bucket.code), np.int64)
        for row, name in enumerate(self.rng.choices(list(mix), list(mix.values()), k=bucket.rows)):
            source = self.sources[name]
            i = self.rng.randrange(len(source))
            context = self.context(KIND_OF[name])
            inputs[row, : len(context)] = context
            inputs[row, len(context) : len(context) + bucket.text] = source.inputs[i]
            labels[row] = source.targets[i]
        return torch.from_numpy(inputs), torch.from_numpy(labels)

    def context(self, kind: str) -> list[int]:
        """Returns the tokens of a random context of this kind, at most CONTEXT_TOKENS."""
        ids = self.rng.choice(self.contexts[kind])
        form = self.rng.randrange(8)
        if form == 0 and kind not in FORMS:
            return []
        repeats = 1 if form == 1 else -(-CONTEXT_TOKENS // len(ids))
        return (ids * repeats)[:CONTEXT_TOKENS]


def _padded(rows: list[list[int]], length: int, pad: int) -> np.ndarray:
    array = np.full((len(rows), length), pad, np.int16)
    for i, row in enumerate(rows):
        array[i, : len(row)] = row
    return array
