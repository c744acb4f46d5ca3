"""Prompts with styles: what may be asked for, and the library that comes before the training; torch when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.page.numbers import whole
from ddpt_core.arms import ALL_ARMS, DISTRIBUTION
from ddpt_core.backbone import registry
from ddpt_core.data.styles import STYLES, require_style
from ddpt_core.errors import ConfigError
from ddpt_core.settings import DEFAULT_CONTEXT, TrainConfig

if TYPE_CHECKING:
    from ddpt_core.backbone.frozen_lm import FrozenLM
    from ddpt_core.prompts.library import Library
    from ddpt_core.steering.diagnostics import Sizes

VALIDATIONS, VALIDATION_TASKS = 6, 48


@dataclass(frozen=True)
class Styles:
    """The library that a prompt is to learn from: `trainings` of `passes` LLM passes for each of `styles`.

    They start from the text `context`, filled up to so many `positions`.
    """

    styles: tuple[str, ...]
    trainings: int
    passes: int
    context: str
    positions: int

    @classmethod
    def asked(cls, styles: Any, trainings: Any, passes: Any, context: str | None, positions: Any) -> Styles:
        """Returns what a visitor asks for; raises ConfigError for no style, an unknown one, and bad numbers."""
        names = tuple(dict.fromkeys(require_style(str(name), list(STYLES)) for name in styles or ()))
        if not names:
            raise ConfigError(f"No style is chosen; choose at least one of {', '.join(STYLES)}.")
        counts = whole("Trainings of each style", trainings), whole("LLM passes of each", passes)
        text = (context or "").strip() or DEFAULT_CONTEXT
        return cls(names, *counts, text, whole("Positions of the context", positions))

    def build(self, backbone: FrozenLM, folder: Path, tell) -> Library:
        """Returns the library in `folder`, built as far as it is not there yet."""
        from ddpt_core.steering.build import LibraryPlan, build_library

        sizes = {"context": self.context, "context_length": self.positions}
        plan = LibraryPlan(self.styles, self.trainings, self.passes, **sizes)
        return build_library(
            backbone, folder, plan, tell=lambda share, text: tell(share, f"Library, {share:.0%}: {text}")
        )


def library_folder(name: str) -> Path:
    """Returns where the library of a prompt lies."""
    return registry.user_folder("libraries") / name


def config_with_styles(name: str, steps: Any, seed: Any) -> TrainConfig:
    """Returns the settings of the denoiser's training; raises ConfigError."""
    count = whole("Steps of the denoiser", steps)
    every = max(1, -(-count // VALIDATIONS))
    return TrainConfig(
        DISTRIBUTION,
        steps=count,
        lr=ALL_ARMS[DISTRIBUTION].rate or TrainConfig.lr,
        seed=whole("Seed", seed),
        library=str(library_folder(name)),
        validate_every=every,
        save_every=every,
        validation_tasks=VALIDATION_TASKS,
    )


def sizes() -> Sizes:
    """Returns how much is measured after a training on the page: minutes, where the command line takes half an hour."""
    from ddpt_core.steering.diagnostics import Sizes

    return Sizes(
        requests=4, seeds=2, steps=(1, 10, 50), guidances=(0.0, 1.0, 4.0), unconditional=16, paths=8, moments=9
    )
