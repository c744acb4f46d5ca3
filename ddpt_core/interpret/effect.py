"""What a context does: the next tokens that the model expects right after it and an instruction, against those without.

Along a run this tells where on the path the effect appears, and whether the nearest tokens stand before it or after.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.texts import IGNORED
from ddpt_core.data.task import check_instruction
from ddpt_core.errors import require_range
from ddpt_core.interpret.nearest_tokens import NearestTokens
from ddpt_core.interpret.probe import steps_to_probe, vectors_at
from ddpt_core.metrics.statistics import Interval, bootstrap_interval
from ddpt_core.trajectory.trajectory import Trajectory

ARRIVED = 0.1  # share of the end's whole effect that may be missing where it counts as there
LOCKED = 0.9  # share of the positions that have the end's nearest token where they count as locked in
ANY_TARGET = "a"  # what is read is expected before its first token


@dataclass(frozen=True)
class Effect:
    """What C contexts do to the next token after M instructions.

    kl: (C, M) nats, KL(with the context || without it). to_last: (C, M) nats, KL(with the last context || with this).
    ids: (C, K), the tokens that gain most, by their share of the KL, means over the instructions; with_context and
    without: (C, K), their mean probabilities; gained: (C, K) nats, the mean difference of their log-probabilities.
    """

    kl: np.ndarray
    to_last: np.ndarray
    ids: np.ndarray
    with_context: np.ndarray
    without: np.ndarray
    gained: np.ndarray

    def tokens(self, place: int, texts: list[str]) -> list[dict[str, Any]]:
        """Returns the tokens that gain most under one of the contexts, as plain JSON."""
        rows = zip(self.ids[place], self.gained[place], self.with_context[place], self.without[place], strict=True)
        return [
            {"token": texts[i], "token_id": int(i), "gained": float(g), "probability": float(p), "without": float(q)}
            for i, g, p, q in rows
        ]


@dataclass(frozen=True)
class EffectAlong:
    """The effect of the contexts of n steps (n,), the last of the run among them.

    locked: (n,), the share of positions whose nearest token (cosine) is that of the run's end from there on.
    """

    steps: np.ndarray
    effect: Effect
    locked: np.ndarray

    @property
    def appears(self) -> int:
        """The step from which on all but ARRIVED of the end's effect is there."""
        missing = self.effect.to_last.mean(1) / max(float(self.effect.kl[-1].mean()), 1e-9)
        return self._since(missing <= ARRIVED)

    @property
    def locks_in(self) -> int:
        """The step from which on LOCKED of the positions have the nearest token of the end."""
        return self._since(self.locked >= LOCKED)

    def _since(self, holds: np.ndarray) -> int:
        failing = np.flatnonzero(~holds)
        return int(self.steps[failing[-1] + 1]) if len(failing) else int(self.steps[0])

    @property
    def said(self) -> str:
        """When the effect appears, and when the tokens lock in, in a sentence."""
        appears, locks = self.appears, self.locks_in
        order = "before" if appears < locks else "after" if appears > locks else "together with"
        return (
            f"The effect is there from step {appears:,} on, {order} the nearest tokens: {LOCKED:.0%} of them stand "
            f"from step {locks:,} on ({len(self.steps)} steps looked at)."
        )


@torch.no_grad()
def effect_of(
    backbone: FrozenLM,
    contexts: torch.Tensor,
    instructions: Sequence[str],
    k: int = 10,
    progress: Callable[[float], None] | None = None,
) -> Effect:
    """Returns what contexts (C, P, D) do to the first token of the answers to M instructions.

    Contexts that are equal cost one pass over the instructions. `progress` hears the share that is done, and may raise
    to cancel.
    """
    require_range("k", k, 1, len(backbone.embedding_table))
    without = next_token(backbone, None, instructions)
    last = next_token(backbone, contexts[-1], instructions)
    known: dict[bytes, tuple[np.ndarray, ...]] = {}
    rows = []
    for place, context in enumerate(contexts):
        name = context.cpu().numpy().tobytes()
        if name not in known:
            known[name] = _compared(next_token(backbone, context, instructions), without, last, k)
        rows.append(known[name])
        if progress:
            progress((place + 1) / len(contexts))
    return Effect(*(np.stack(column) for column in zip(*rows, strict=True)))


def effect_along(
    run: Trajectory,
    backbone: FrozenLM,
    instructions: Sequence[str],
    of: str = "estimate",
    count: int = 17,
    step: int | None = None,
    k: int = 10,
    table: NearestTokens | None = None,
    progress: Callable[[float], None] | None = None,
) -> EffectAlong:
    """Returns the effect along a run, at `count` steps spread evenly and at `step`; see effect_of.

    `of`: the state or the estimate. `table` serves for the nearest tokens if it is at hand.
    """
    steps = sorted({*steps_to_probe(run.steps, count), *([] if step is None else [step])})
    vectors = vectors_at(run, steps, of)  # (n,P,D)
    effect = effect_of(backbone, torch.from_numpy(vectors).to(backbone.device), instructions, k, progress)
    nearest = (table or NearestTokens(backbone.embedding_table)).search(vectors.reshape(-1, vectors.shape[2]), 1)
    first = nearest.ids.reshape(vectors.shape[:2])  # (n,P)
    stands = np.logical_and.accumulate((first == first[-1])[::-1])[::-1]
    return EffectAlong(np.array(steps), effect, stands.mean(1))


def next_token(backbone: FrozenLM, context: torch.Tensor | None, instructions: Sequence[str]) -> torch.Tensor:
    """Returns the log-probabilities (M, V), float32, of the first token of the answers to M instructions.

    Marks that the tokenizer sets before a text are passed over.
    """
    checked = [check_instruction(text) for text in instructions]
    logits, labels = backbone.architecture.score(context, checked, [ANY_TARGET] * len(checked))
    marks = [IGNORED, *backbone.tokenizer.all_special_ids]
    first = (~torch.isin(labels, labels.new_tensor(marks))).int().argmax(1)  # (M,)
    return logits[torch.arange(len(checked)), first].float().log_softmax(-1)


def mean_interval(values: np.ndarray) -> Interval | None:
    """Returns the 95 % bootstrap interval of the mean of values (n,), None for fewer than two."""
    return bootstrap_interval(np.stack([values, np.ones_like(values)], 1), lambda sums: sums[..., 0] / sums[..., 1])


def _compared(under: torch.Tensor, without: torch.Tensor, last: torch.Tensor, k: int) -> tuple[np.ndarray, ...]:
    """Returns the fields of an Effect for one context, of log-probabilities (M, V)."""
    gain = under - without
    share = (under.exp() * gain).mean(0)  # (V,), of the KL
    ids = share.topk(k).indices
    found = (
        (under.exp() * gain).sum(1),
        (last.exp() * (last - under)).sum(1),
        ids,
        under.exp().mean(0)[ids],
        without.exp().mean(0)[ids],
        gain.mean(0)[ids],
    )
    return tuple(column.cpu().numpy() for column in found)
