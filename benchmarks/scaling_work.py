"""The work whose growth `scaling` measures: for each axis, operations of ours and the sizes that they are given.

An operation is prepared with a size (what it reads is made then, and does not count) and returns what is measured.
Where an axis is not varied its size is one at which a point takes about a second at most.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import torch

from benchmarks.random_t5 import MIDDLE, SMALL, random_t5
from ddpt_core.answering.writing import write_all
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.data.readers import load_tasks
from ddpt_core.diffusion.denoiser import Denoiser, DenoiserConfig
from ddpt_core.diffusion.sampler import sample
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.interpret.nearest_tokens import NearestTokens
from ddpt_core.interpret.projection import project
from ddpt_core.metrics.statistics import paired_bootstrap
from ddpt_core.metrics.text_metrics import METRICS as TEXT_METRICS
from ddpt_core.metrics.text_metrics import item_statistics, score_with_intervals
from ddpt_core.prompts.ddpt import DDPTPrompt, new_ddpt
from ddpt_core.prompts.method import method_named
from ddpt_core.settings import TrainConfig
from ddpt_core.trajectory.trajectory import Trajectory
from families import training_instances

Work = Callable[[], object]

POSITIONS, WIDTH, VOCABULARY, STEPS = 16, 256, 8_000, 100
HIDDEN, BATCH = 128, 16
DISTINCT = 500  # tasks; more items repeat them


@dataclass(frozen=True)
class Growth:
    """An operation of ours over the sizes of one axis; `prepare(size)` returns the work to measure."""

    axis: str
    operation: str
    sizes: tuple[int, ...]
    prepare: Callable[[int], Work]


def table(tokens: int = VOCABULARY, width: int = WIDTH) -> np.ndarray:
    """Returns an embedding table, (V, D) float32, random but for some strong directions, as trained ones have."""
    strength = np.arange(1, width + 1, dtype=np.float32) ** -0.3
    return np.random.default_rng(0).standard_normal((tokens, width), dtype=np.float32) * strength


def run(steps: int = STEPS, positions: int = POSITIONS, width: int = WIDTH) -> np.ndarray:
    """Returns a path from noise to rest, (S+1, P, D) float32: its steps get smaller, as those of a run do."""
    rng = np.random.default_rng(1)
    end, noise = (rng.standard_normal(shape, dtype=np.float32) for shape in ((positions, width), (steps + 1, 1, width)))
    left = np.linspace(1, 0, steps + 1, dtype=np.float32)[:, None, None]
    return end * (1 - left) + noise * left


def prompt(positions: int = POSITIONS, width: int = WIDTH) -> DDPTPrompt:
    """Returns a DDPT prompt that has learned nothing, T = 2000."""
    torch.manual_seed(0)
    denoiser = Denoiser(DenoiserConfig(width, positions, HIDDEN)).eval()
    x0, mean, std = torch.randn(positions, width), torch.zeros(width), torch.ones(width)
    return DDPTPrompt(
        name="ddpt", context_text="", denoiser=denoiser, schedule=NoiseSchedule(), x0=x0, mean=mean, std=std
    )


def whole_training_step(positions: int) -> Work:
    """A training step, forward and back, with a backbone of 6 M parameters."""
    model, tasks = random_t5(MIDDLE), training_instances(BATCH, seed=1)
    config = TrainConfig("ddpt", context="return", context_length=positions, hidden=HIDDEN)
    method, rng = method_named("ddpt")(model, config), torch.Generator().manual_seed(0)
    return lambda: method.loss(tasks, rng).backward()


def training_step(positions: int = POSITIONS, width: int = WIDTH) -> Work:
    """The denoiser's own part of a training step, forward and back; the rest is the backbone's."""
    learned, rng = prompt(positions, width), torch.Generator().manual_seed(0)
    timesteps = torch.randint(1, learned.schedule.timesteps + 1, (BATCH,), generator=rng)

    def step() -> None:
        estimate = learned.estimate(learned.noised(timesteps, rng), timesteps)  # (B,P,D)
        learned.in_backbone_space(estimate).square().mean().backward()

    return step


def attention(positions: int) -> Work:
    """Self-attention over P alone, as a block of the denoiser asks for it; the one that may grow with P squared."""
    q, k, v = torch.randn(3, BATCH, 4, positions, HIDDEN // 4).unbind()
    return lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v)


def sampling(positions: int = POSITIONS, width: int = WIDTH, steps: int = STEPS) -> Work:
    """A run from noise to context, every step recorded."""
    sampled = prompt(positions, width)
    return lambda: Trajectory.record(sampled, steps)


def last_contexts(positions: int) -> Work:
    """Runs of 8 seeds of which nothing but the end is kept, as in a study."""
    sampled = prompt(positions)
    return lambda: [step.index for step in sample(sampled, STEPS, range(8))]


def nearest(tokens: int = VOCABULARY, width: int = WIDTH, steps: int = STEPS, positions: int = 4) -> Work:
    """The nearest tokens of all steps of a run, the table's preparation included."""
    embeddings, path = table(tokens, width), run(steps, positions, width)
    return lambda: NearestTokens(embeddings).run(path, 10)


def pca_map(tokens: int = VOCABULARY, width: int = WIDTH, steps: int = STEPS) -> Work:
    """The vocabulary and a run in three dimensions."""
    embeddings, paths = table(tokens, width), {"state": run(steps, width=width)}
    return lambda: project("pca", embeddings, paths, {})


def statistics_of_embeddings(tokens: int) -> Work:
    """A new prompt: mean and deviation of the whole table, and the start in the normalised space."""
    embeddings = torch.from_numpy(table(tokens))
    model = SimpleNamespace(
        embedding_table=embeddings, device=embeddings.device, embed=lambda text, length: embeddings[:length]
    )
    sizes = DenoiserConfig(WIDTH, POSITIONS, HIDDEN)
    return lambda: new_ddpt(model, "", sizes, NoiseSchedule(), seed=0)


def answers(items: int) -> tuple[list[str], list[str]]:
    """Returns predictions and references: each prediction is the right answer to another task."""
    tasks = islice(cycle(training_instances(min(items, DISTINCT), seed=1)), items)
    references = [task.reference for task in tasks]
    return [*references[1:], references[0]], references


def scoring(items: int) -> Work:
    """Every text metric with its bootstrap interval."""
    predictions, references = answers(items)
    return lambda: score_with_intervals(predictions, references)


def comparing(items: int) -> Work:
    """Two arms compared by a paired bootstrap in every metric."""
    predictions, references = answers(items)
    arms = item_statistics(predictions, references), item_statistics(references, references)
    return lambda: [
        paired_bootstrap(arms[0][name], arms[1][name], TEXT_METRICS[name].sums.reduce) for name in TEXT_METRICS
    ]


def reading(items: int) -> Work:
    """A JSONL file of tasks, all of one id."""
    folder = TemporaryDirectory()
    path = Path(folder.name) / "tasks.jsonl"
    path.write_text('{"id": 1, "instruction": "double n", "reference": "n * 2"}\n' * items)
    return lambda kept=folder: load_tasks(path)


def writing(items: int) -> Work:
    """The answers of a tiny backbone of random weights to every task, 8 tokens each."""
    tasks = list(islice(cycle(training_instances(DISTINCT, seed=1)), items))
    model = random_t5(SMALL)
    context = model.embed("return", 8)
    return lambda: write_all(model, context, tasks, GenerationSettings(max_new_tokens=8))


P, D, S = (8, 16, 32, 64, 128), (256, 512, 1024, 2048), (10, 40, 160, 640, 2000)
V, ITEMS = (8_000, 16_000, 32_000, 64_000, 128_000, 256_000), (100, 316, 1_000, 3_162, 10_000)

GROWTHS = (
    Growth("P", "denoiser's part of a training step", P, training_step),
    Growth("P", "training step", P, whole_training_step),
    Growth("P", "sampling", P, sampling),
    Growth("P", "sampling of 8 seeds", P, last_contexts),
    Growth("P", "nearest tokens", P, lambda positions: nearest(positions=positions)),
    Growth("P", "attention", P, attention),
    Growth("D", "denoiser's part of a training step", D, lambda width: training_step(width=width)),
    Growth("D", "sampling", D, lambda width: sampling(width=width)),
    Growth("D", "nearest tokens", D, lambda width: nearest(width=width)),
    Growth("D", "PCA map", D, lambda width: pca_map(width=width)),
    Growth("V", "nearest tokens", V, nearest),
    Growth("V", "embedding statistics", V, statistics_of_embeddings),
    Growth("V", "PCA map", V, lambda tokens: pca_map(tokens, 128)),
    Growth("S", "sampling", S, lambda steps: sampling(steps=steps)),
    Growth("S", "nearest tokens", S, lambda steps: nearest(steps=steps)),
    Growth("S", "PCA map", S, lambda steps: pca_map(steps=steps)),
    Growth("items", "reading", ITEMS, reading),
    Growth("items", "writing", ITEMS, writing),
    Growth("items", "scoring", ITEMS, scoring),
    Growth("items", "paired comparison", ITEMS, comparing),
)
