"""Nearest tokens of a whole run, against one FAISS flat search of the same vectors.

Two kinds of path, from the closed form of DDPM towards fixed tokens with a denoiser of random weights:
*state*, the noisy vectors themselves (every step is a step of a random walk), and *estimate*, the end point that the
denoiser names at every step, which wanders by 2 % of its norm (the most seen between seeds of trained prompts).
The table is Gaussian, which is harder than a trained one: its tokens are all about equally far from each other.

Both sides start from the table and the vectors and have one thread; FAISS gets them normalised. Seconds are of
processor time, which a busy machine stretches less than those of the wall. The ratio is the worse of the two kinds;
the second is measured on a quarter of the positions, to save time.
"""

import time
from collections.abc import Iterator

import faiss
import numpy as np

from benchmarks.pairs import Result, in_turn, one_thread
from ddpt_core.interpret import along_path, upper_bounds  # noqa: F401  loaded before the clock starts
from ddpt_core.interpret.nearest_tokens import NearestTokens

GOAL = 0.6
VOCABULARY, WIDTH, POSITIONS, STEPS, K = 49_152, 576, 16, 2000, 10
WANDER = 0.02  # norm of what the denoiser adds, over the norm of the end point
HIDDEN = 256


def measure() -> Iterator[Result]:
    """Yields one result; takes a few minutes."""
    rng = np.random.default_rng(0)
    table = random_table(rng)
    state, estimate = random_run(table, rng)
    with one_thread():
        kinds = {"state": _measure(table, state), "estimate": _measure(table, estimate[:, ::4])}
    worst = max(kinds.values(), key=lambda kind: kind["ratio"])
    yield Result("neighbours", worst["ratio"], GOAL, worst["seconds"], worst["pairs"], {"kinds": kinds})


def _measure(table: np.ndarray, path: np.ndarray) -> dict:
    unit_table, unit_path = _normalised(table), _normalised(path.reshape(-1, WIDTH))
    found: dict[str, np.ndarray] = {}

    def ours() -> None:
        found["ours"] = NearestTokens(table, "cosine").run(path, K).ids

    def plain() -> None:
        index = faiss.IndexFlatIP(WIDTH)
        index.add(unit_table)
        found["faiss"] = index.search(unit_path, K)[1]

    pairs = in_turn(ours, plain, clock=time.process_time)
    seconds = dict(zip(("run", "faiss"), pairs.medians(), strict=True))
    differing = int((found["ours"].reshape(-1, K) != found["faiss"]).any(1).sum())  # by FAISS's float32 rounding
    return {"ratio": pairs.ratio, "seconds": seconds, "pairs": len(pairs.ours), "vectors": len(unit_path),
            "vectors_that_differ": differing}  # fmt: skip


def random_table(rng: np.random.Generator) -> np.ndarray:
    """Returns a table (V, D) float32 whose dimensions have different means and scales, as trained ones do."""
    scale, mean = rng.lognormal(0, 0.3, WIDTH), rng.normal(0, 0.3, WIDTH)
    return (rng.standard_normal((VOCABULARY, WIDTH)) * scale + mean).astype(np.float32)


def random_run(table: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns state and estimate (S+1, P, D) float32 of a DDPM run (linear betas), in the table's space."""
    mean, std = table.mean(0), table.std(0)
    target = (table[rng.choice(VOCABULARY, POSITIONS, replace=False)] - mean) / std  # x_0 (P,D)
    denoiser = _random_denoiser(target, rng)
    beta = np.linspace(1e-4, 0.02, STEPS)
    kept = np.cumprod(1 - beta)  # abar_t
    x = rng.standard_normal((POSITIONS, WIDTH))
    states, estimates = [x], []
    for t in range(STEPS - 1, -1, -1):  # posterior of x_{t-1} given x_t and x_0, Ho et al. 2020, eq. 6 and 7
        before = kept[t - 1] if t else 1.0
        end = denoiser(x, t + 1)
        x = (np.sqrt(before) * beta[t] * end + np.sqrt(1 - beta[t]) * (1 - before) * x) / (1 - kept[t])
        x = x + np.sqrt(beta[t] * (1 - before) / (1 - kept[t])) * rng.standard_normal(x.shape)
        states.append(x)
        estimates.append(end)
    estimates.append(estimates[-1])
    return tuple((np.stack(path) * std + mean).astype(np.float32) for path in (states, estimates))


def _random_denoiser(target: np.ndarray, rng: np.random.Generator):
    """Returns x_0 + f(x_t, t) with f a network of one random hidden layer and a norm of WANDER times that of x_0."""
    down = rng.standard_normal((WIDTH, HIDDEN)) / np.sqrt(WIDTH)
    clock = rng.standard_normal((64, HIDDEN)) / 8
    up = rng.standard_normal((HIDDEN, WIDTH))
    frequencies = np.exp(-np.log(1e4) * np.arange(32) / 32)

    def denoise(x: np.ndarray, t: int) -> np.ndarray:
        waves = np.concatenate([np.sin(t * frequencies), np.cos(t * frequencies)])
        direction = np.tanh(x @ down + waves @ clock) @ up
        size = WANDER * np.linalg.norm(target, axis=1) / np.linalg.norm(direction, axis=1)
        return target + size[:, None] * direction

    return denoise


def _normalised(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
