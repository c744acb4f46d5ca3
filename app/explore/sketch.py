"""A run while it is being sampled: some of its steps, and the picture of what has come so far."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from app.explore.runs.run_picture import POINTS, TOKENS, run_picture, spread
from ddpt_core.interpret.quick_axes import Field, QuickAxes


class Sketches:
    """Makes sketches of runs; `services` gives the backbones, each of which is looked at once."""

    def __init__(self, services):

        def field(name: str) -> Field:
            table = services.backbone(name).embedding_table.detach().double().cpu().numpy()
            return Field(table, spread(len(table), TOKENS))

        self.field = lru_cache(maxsize=2)(field)

    def new(self) -> "Sketch":
        """Returns an empty sketch, for one run."""
        return Sketch(self.field)


class Sketch:
    """Gathers a run's steps in one thread and draws them in another."""

    def __init__(self, field_of: Callable[[str], Field]):
        self.field_of = field_of
        self.axes: QuickAxes | None = None
        self.places: list[np.ndarray] = []  # each (P, 2)
        self.step = self.steps = 0

    def add(self, prompt: Any, steps: int, step: Any) -> None:
        """Takes in a DenoiseStep if it is one of those that are drawn: the first, the last, and some between."""
        if step.index % max(1, steps // POINTS) and step.index != steps:
            return
        state = prompt.in_backbone_space(step.x).double().cpu().numpy()  # (P,D), in the backbone's own space
        if self.axes is None:
            self.axes = QuickAxes(
                self.field_of(prompt.info["backbone"]["name"]), state, step.context.double().cpu().numpy()
            )
        self.places.append(self.axes.place(state))
        self.step, self.steps = step.index, steps

    def picture(self) -> str:
        """Returns what has come so far as SVG; nothing before the first step."""
        if self.axes is None or not self.places:
            return ""
        paths = np.stack(list(self.places), 1)  # (P,k,2)
        return run_picture(self.axes.tokens, paths, f"The paths up to step {self.step:,} of {self.steps:,}")
