"""Building a library: prompt tuning for every style and seed, resumable, and what came of each."""

import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from safetensors.torch import load

from ddpt_core.arms import ALL_ARMS, PROMPT_TUNING
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import OWN_TRAINING, Sources, load_all_tasks, load_tasks
from ddpt_core.data.styles import LANGUAGES, OWN_STYLES, require_style
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError, require_range
from ddpt_core.files import check_writable
from ddpt_core.prompts.checkpoint import load_prompt, update_metrics
from ddpt_core.prompts.library import GENERALIST, TASKS, Library
from ddpt_core.settings import DEFAULT_CONTEXT, SNAPSHOTS, TrainConfig
from ddpt_core.steering.adherence import adherence, held_out_tasks
from ddpt_core.steering.distil import FEWEST, distilled, write_tasks
from ddpt_core.steering.reading import is_told
from ddpt_core.training.trainer import train

ASKED = 16  # held-out requests on which a tuned prompt's adherence is measured
LEAST_ADHERENCE = 0.6  # below it, also when tuned, a style is left out: the model cannot do it
ADHERENCE = "adherence"  # in the metrics of a tuned prompt, and of a style
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class LibraryPlan:
    """Which trainings make a library: each style from `seeds` starts, `steps` LLM passes of `batch_size` tasks each."""

    styles: tuple[str, ...] = (*OWN_STYLES, *LANGUAGES)
    seeds: int = 3
    steps: int = 40
    batch_size: int = 8
    lr: float = ALL_ARMS[PROMPT_TUNING].rate or 0.0
    start_noise: float = 0.1
    snapshots: int = 4
    context: str = DEFAULT_CONTEXT
    context_length: int = 16

    def __post_init__(self) -> None:
        require_range("seeds", self.seeds, 1, 1_000)
        require_range("styles", len(self.styles), 1, 1_000)

    def training(self, seed: int) -> TrainConfig:
        """Returns the settings of one training."""
        shared = {name: value for name, value in asdict(self).items() if name not in ("styles", "seeds")}
        return TrainConfig(PROMPT_TUNING, seed=seed, validation_tasks=16, validate_every=self.steps, **shared)


def build_library(
    backbone: FrozenLM, out: Path, plan: LibraryPlan, data: Sources = (), tell: Tell | None = None
) -> Library:
    """Returns the library of a plan, built in `out`; what is there already is not done again.

    `data`: tasks that say their style, for styles that are not ours. Raises ConfigError for an unknown style,
    DataError for a style without tasks, and what `train` raises.
    """
    say = tell or (lambda share, text: None)
    check_writable(out)
    given: dict[str, list[Task]] = {}
    for task in load_all_tasks(data) if data else []:
        given.setdefault(task.style, []).append(task)
    for style in plan.styles:
        require_style(style, sorted({*OWN_STYLES, *LANGUAGES, *given} - {""}))
    told: dict[str, dict[str, Any]] = {}
    rows: list[dict[str, Any]] = []
    for place, style in enumerate(plan.styles):
        stage = _Stage(say, place, len(plan.styles) + 1, style)
        told[style], found = _tuned(backbone, out, plan, style, given.get(style), stage)
        if not told[style]["left_out"]:
            rows += [row | {"label": len({row["style"] for row in rows} - {style})} for row in found]
    if not rows:
        raise DataError(f"None of the styles {', '.join(plan.styles)} can be tuned on this backbone; see {out}.")
    kept = [style for style in plan.styles if not told[style]["left_out"]]
    sources = [_source(backbone, out, style, given.get(style), say) for style in kept]
    stage = _Stage(say, len(plan.styles), len(plan.styles) + 1, GENERALIST)
    generalist, mixed = _generalist(backbone, out, plan, sources, stage)
    library = Library(
        vectors=torch.stack([row["vectors"] for row in rows]).to(backbone.device),
        labels=torch.tensor([row["label"] for row in rows]),
        ends=torch.tensor([row["end"] for row in rows]),
        generalist=generalist,
        info={
            "backbone": {"name": backbone.name, "sha256": backbone.sha256},
            "plan": asdict(plan),
            "styles": told,
            GENERALIST: {"llm_passes": mixed["steps"], "seconds": mixed["seconds"]},
            "llm_passes": sum(style["llm_passes"] for style in told.values()),
            "seconds": round(sum(style["seconds"] for style in told.values()), 1),
            "versions": {"python": platform.python_version()}
            | {name: metadata.version(name) for name in ("torch", "transformers", "peft")},
        },
    )
    library.save(out)
    return library


@dataclass(frozen=True)
class _Stage:
    """Tells the share of the whole, given that of one of `count` styles."""

    say: Tell
    place: int
    count: int
    style: str

    def __call__(self, share: float, text: str) -> None:
        self.say((self.place + share) / self.count, f"{self.style}: {text}")


def _tuned(
    backbone: FrozenLM,
    out: Path,
    plan: LibraryPlan,
    style: str,
    given: list[Task] | None,
    tell: Tell,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Returns what is told of a style, and its prompts: the kept contexts of every training."""
    source = _source(backbone, out, style, given, tell)
    count = len(load_tasks(source)) if source else 0
    about: dict[str, Any] = {"tasks": count, "llm_passes": 0, "seconds": 0.0, "left_out": ""}
    if count < FEWEST:
        had = f"there are {count} tasks" if given else f"the model gave {count} usable answers"
        return about | {"left_out": f"{had}, and {FEWEST} are needed"}, []
    asked = held_out_tasks(style, ASKED)
    shares, losses, rows = [], [], []
    for seed in range(plan.seeds):
        folder, config = out / f"{style}-{seed}", plan.training(seed)
        for at in train(backbone, source, folder, config, resume=folder.exists()):
            tell((seed + at.step / plan.steps) / plan.seeds, f"training {seed + 1} of {plan.seeds}, step {at.step}")
        metrics = load_prompt(folder, backbone).info["metrics"]
        kept = load((folder / SNAPSHOTS).read_bytes())
        end = kept[str(plan.steps)]
        if is_told(style):
            if ADHERENCE not in metrics:
                share = adherence(backbone, end.to(backbone.device), style, asked)
                metrics = update_metrics(folder, {ADHERENCE: share})["metrics"]
            shares.append(metrics[ADHERENCE])
        losses.append(metrics["validation_loss"])
        about["llm_passes"] += metrics["steps"]
        about["seconds"] += metrics["seconds"]
        rows += [
            {"style": style, "end": step == str(plan.steps), "vectors": vectors}
            for step, vectors in sorted(kept.items(), key=lambda item: int(item[0]))
        ]
    about |= {ADHERENCE: shares, "validation_loss": losses}
    if shares and fmean(shares) < LEAST_ADHERENCE:
        about["left_out"] = f"adherence {fmean(shares):.0%} when tuned, and {LEAST_ADHERENCE:.0%} is needed"
    return about, rows


def _generalist(
    backbone: FrozenLM, out: Path, plan: LibraryPlan, sources: list[str], tell: Tell
) -> tuple[torch.Tensor, dict[str, Any]]:
    """Returns one prompt (P, D) tuned on the tasks of all styles by as many passes as a style has, and its metrics."""
    config = replace(plan.training(0), steps=plan.steps * plan.seeds, validate_every=plan.steps * plan.seeds)
    folder = out / GENERALIST
    for at in train(backbone, sources, folder, config, resume=folder.exists()):
        tell(at.step / config.steps, f"step {at.step}")
    prompt = load_prompt(folder, backbone)
    return prompt.final_context(), prompt.info["metrics"]


def _source(backbone: FrozenLM, out: Path, style: str, given: list[Task] | None, tell: Tell) -> str:
    """Returns where the tasks of a style lie; those that were given or written by the model in `out`, "" for none."""
    if given is None and style in OWN_STYLES:
        return f"{OWN_TRAINING}:{style}"
    path = out / TASKS / f"{style}.jsonl"
    if not path.is_file():
        tasks = given or distilled(backbone, style, done=lambda share: tell(0.0, f"asking the model, {share:.0%}"))
        write_tasks(path, tasks)
    return str(path) if path.stat().st_size else ""


def seeds_of(library: Library, style: str) -> Iterator[torch.Tensor]:
    """Yields the ends of a style's trainings, (P, D) each."""
    wanted = (library.labels == library.styles.index(style)) & library.ends
    yield from library.vectors[wanted]
