"""The samplers: how a run walks from noise to its end. A new one is a function here and a line in SAMPLERS.

A walk is a generator `(noise, estimate, kept) -> (state, estimate)` of S + 1 moments. `noise()` draws standard normal
noise (B, P, D), anew each time. `estimate(x, i)` asks the denoiser for x0_hat of a state x at moment i < S, as often as
a walk likes. `kept` holds abar of the S + 1 moments, from nearly 0 to 1. A walk begins with pure noise and ends at
moment S with its last state, which is its own estimate. States that were yielded stay as they are.

Nothing heavy is loaded here, so that whoever names samplers need not wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import expm1, log, log1p, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    Noise = Callable[[], torch.Tensor]
    Estimate = Callable[[torch.Tensor, int], torch.Tensor]
    Walk = Iterator[tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class SamplingMethod:
    """A sampler as it is called, its walk, and how often a step asks the denoiser."""

    label: str
    walk: Callable[[Noise, Estimate, Sequence[float]], Walk]
    calls: int = 1


def ddpm(noise: Noise, estimate: Estimate, kept: Sequence[float]) -> Walk:
    """Draws from the posterior q(x_after | x_now, x0) of DDPM, Ho et al. 2020, eq. 6 and 7, over any stride."""
    x = noise()
    for i, (now, after) in enumerate(pairwise(kept)):
        end = estimate(x, i)
        yield x, end
        alpha = now / after
        x = (x * (sqrt(alpha) * (1 - after) / (1 - now))).add_(end, alpha=sqrt(after) * (1 - alpha) / (1 - now))
        if after < 1:
            x.add_(noise(), alpha=sqrt((1 - after) / (1 - now) * (1 - alpha)))
    yield x, x


def toward(end: torch.Tensor, x: torch.Tensor, now: float, after: float) -> torch.Tensor:
    """Returns x after a step that keeps its own noise, as if `end` were x0: DDIM's, and Euler's step in sigma."""
    own = sqrt((1 - after) / (1 - now))
    return (x * own).add_(end, alpha=sqrt(after) - own * sqrt(now))


def ddim(noise: Noise, estimate: Estimate, kept: Sequence[float]) -> Walk:
    """DDIM without noise (eta = 0), Song et al. 2021, eq. 12."""
    x = noise()
    for i, (now, after) in enumerate(pairwise(kept)):
        end = estimate(x, i)
        yield x, end
        x = toward(end, x, now, after)
    yield x, x


def dpmsolver(noise: Noise, estimate: Estimate, kept: Sequence[float]) -> Walk:
    """DPM-Solver++(2M), Lu et al. 2022, algorithm 2; first order at the first step and at the last (on x0_hat)."""
    lambdas = [log(level) / 2 - log1p(-level) / 2 if level < 1 else math.inf for level in kept]
    strides = [after - now for now, after in pairwise(lambdas)]
    x = noise()
    before = x  # the estimate of the step before
    for i, (now, after) in enumerate(pairwise(kept)):
        end = estimate(x, i)
        yield x, end
        first_order = -sqrt(after) * expm1(-strides[i])
        second = -first_order * strides[i] / (2 * strides[i - 1]) if 0 < i < len(strides) - 1 else 0.0
        x = (x * sqrt((1 - after) / (1 - now))).add_(end, alpha=first_order - second)
        if second:
            x.add_(before, alpha=second)
        before = end
    yield x, x


def heun(noise: Noise, estimate: Estimate, kept: Sequence[float]) -> Walk:
    """Heun's steps in sigma = sqrt((1 - abar) / abar), Karras et al. 2022, algorithm 1; Euler's at the last.

    The mean of the slopes here and where Euler's step leads is Euler's slope toward another end, which is here +
    (there - here) / (2 r), with r = sigma_after / sigma_now; so no number is as large as sigma, 25,000 at T. Where r is
    small the correction is large, as in the paper: steps must not be few, nor the schedule steep at T (cosine).
    """
    x = noise()
    for i, (now, after) in enumerate(pairwise(kept)):
        end = estimate(x, i)
        yield x, end
        if after < 1:
            there = estimate(toward(end, x, now, after), i + 1)
            ratio = sqrt((1 - after) / after * now / (1 - now))
            end = end + (there - end) / (2 * ratio)
        x = toward(end, x, now, after)
    yield x, x


SAMPLERS = {
    "ddpm": SamplingMethod("DDPM", ddpm),
    "ddim": SamplingMethod("DDIM", ddim),
    "dpmsolver++": SamplingMethod("DPM-Solver++", dpmsolver),
    "heun": SamplingMethod("Heun", heun, calls=2),
}


def label_of_sampler(name: str) -> str:
    """Returns how a sampler is called on a page and in a report; the name itself of one that is not known here."""
    return SAMPLERS[name].label if name in SAMPLERS else name
