"""Eight runs at once, from eight seeds in one batch: their paths on one pair of axes, and the code each ends in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.explore.runs.run_picture import POINTS, TOKENS, spread
from app.explore.runs.steering import Steering
from app.page.numbers import number, whole
from app.page.stream import Tell
from app.viewer.shared_maps import axes_of
from ddpt_core.data.styles import style_of
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import require_choice

SEEDS = 8
WRITING_FROM = 0.7  # of the progress: sampling comes before


@dataclass(frozen=True)
class Asked:
    """How the eight were sampled, as a run is asked for: the seeds are `first` to `first` + 7."""

    prompt: str
    scheduler: str
    steps: int
    first: int
    style: str
    guidance: float

    @property
    def seeds(self) -> range:
        """The seeds, ascending."""
        return range(self.first, self.first + SEEDS)


@dataclass(frozen=True)
class SeedPath:
    """One of the eight: its paths (P, k, 2) on the shared axes, the code that it ends in, and the style of that."""

    seed: int
    paths: np.ndarray
    code: str
    style: str | None


@dataclass(frozen=True)
class Eight:
    """The eight paths with some tokens (n, 2) on the same axes, for one instruction."""

    asked: Asked
    steering: Steering
    instruction: str
    tokens: np.ndarray
    rows: tuple[SeedPath, ...]


def sample_eight(
    services,
    store,
    prompt: str,
    scheduler: str,
    steps: Any,
    first: Any,
    style: str,
    guidance: Any,
    instruction: str,
    tell: Tell,
) -> Eight:
    """Returns the eight runs; `store` keeps the shared axes. Raises DDPTError for what cannot be sampled or asked."""
    from ddpt_core import sample
    from ddpt_core.answering.writing import write_all
    from ddpt_core.diffusion.samplers import SAMPLERS

    require_choice("scheduler", scheduler, SAMPLERS)
    instruction = check_instruction(instruction or "")
    asked = Asked(
        prompt, scheduler, whole("Steps", steps), whole("First seed", first), style, number("Guidance", guidance)
    )
    with services.model(tell):
        loaded = services.prompt(prompt)
        backbone = services.backbone(loaded.info["backbone"]["name"])
        steering = Steering.of(style, asked.guidance, getattr(loaded, "styles", ()))
        axes = axes_of(backbone, store)
        table = backbone.embedding_table
        tokens = axes.place(table[spread(len(table), TOKENS)].float().cpu().numpy())[:, :2]
        places = []
        for step in sample(loaded, asked.steps, asked.seeds, scheduler, style, asked.guidance):
            if step.index % max(1, asked.steps // POINTS) == 0 or step.index == asked.steps:
                places.append(axes.place(loaded.in_backbone_space(step.x).float().cpu().numpy())[..., :2])
            tell(WRITING_FROM * step.index / asked.steps, f"Step {step.index:,} of {asked.steps:,}, {SEEDS} seeds")
        tell(WRITING_FROM, "Writing the code that each ends in…")
        task = Task(id="own", instruction=instruction)
        answers = write_all(backbone, step.context, [task] * SEEDS)
    paths = np.stack(places, 2)  # (8,P,k,2)
    found = zip(asked.seeds, paths, [answer.code for answer in answers], strict=True)
    rows = tuple(SeedPath(seed, own, code, style_of(code)) for seed, own, code in found)
    return Eight(asked, steering, instruction, tokens, rows)
