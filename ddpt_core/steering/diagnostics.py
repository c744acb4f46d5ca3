"""What every distribution of prompts says of itself: does it follow the style asked for, what do steps, seeds and
guidance add, when is the style decided, and what would one have had instead.
"""

import math
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from ddpt_core.answering.writing import write_all
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.styles import STYLES, style_of
from ddpt_core.data.task import Task
from ddpt_core.diffusion.sampler import last_step, sample
from ddpt_core.metrics.statistics import holm, paired_bootstrap
from ddpt_core.prompts.checkpoint import load_prompt, update_metrics
from ddpt_core.prompts.distribution import DistributionPrompt
from ddpt_core.prompts.library import TASKS
from ddpt_core.steering.adherence import WRITING
from ddpt_core.steering.card import FIGURES, steered_card
from ddpt_core.steering.reading import Held, Reading, counted, held_out, interval, mean_of, read

SAMPLES = 10_000  # of a paired bootstrap, as p-values are corrected over several
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class Sizes:
    """How much is measured: `requests` a style, `seeds` conditional runs a style, and the settings that are gone
    through; `at` is the number of steps where only one is looked at.
    """

    requests: int = 8
    seeds: int = 2
    steps: tuple[int, ...] = (1, 2, 5, 10, 50, 200, 2000)
    guidances: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0)
    at: int = 50
    unconditional: int = 64
    paths: int = 24
    moments: int = 17


def finish(
    out: Path, backbone: FrozenLM, library: Path, tell: Tell | None = None, sizes: Sizes | None = None
) -> dict[str, Any]:
    """Adds to prompt.json what a distribution must say of itself (once), writes its card, returns prompt.json.

    The tasks of styles that are not ours are copied beside the prompt, which is measured on them. Cost: 35 minutes of
    two cores for twelve styles on the default backbone.
    """
    if (library / TASKS).is_dir():
        shutil.copytree(library / TASKS, out / TASKS, dirs_exist_ok=True)
    prompt = cast(DistributionPrompt, load_prompt(out, backbone))
    found = {} if FIGURES in prompt.info["metrics"] else {FIGURES: Diagnosis(prompt, backbone, sizes).told(tell)}
    return update_metrics(out, found, steered_card)


class Diagnosis:
    """Measures one prompt, whose folder may hold the tasks of its languages."""

    def __init__(
        self,
        prompt: DistributionPrompt,
        backbone: FrozenLM,
        sizes: Sizes | None = None,
    ):
        self.prompt, self.backbone, self.sizes = prompt, backbone, sizes or Sizes()
        self.styles = prompt.styles
        self.held: Mapping[str, Held] = held_out(self.styles, self.sizes.requests, prompt.folder)
        self.kept = (prompt.library - prompt.mean) / prompt.std  # z (N,P,D)
        self.readings: dict[tuple[int, float], Reading] = {}

    def told(self, tell: Tell | None = None) -> dict[str, Any]:
        """Returns all figures, as JSON holds them."""
        say, sizes = tell or (lambda share, text: None), self.sizes
        counts = [steps for steps in sizes.steps if steps <= self.prompt.schedule.timesteps]
        pairs = [(steps, 1.0) for steps in counts] + [(sizes.at, w) for w in sizes.guidances]
        pairs = list(dict.fromkeys(pairs))
        parts = len(pairs) + 4
        rows = {}
        for place, (steps, guidance) in enumerate(pairs):
            say(place / parts, f"adherence at {steps} steps, guidance {guidance:g}")
            rows[steps, guidance] = self.sampled(steps, guidance)
        say(len(pairs) / parts, "what one would have had instead")
        against = self.against()
        say((len(pairs) + 2) / parts, "seeds without a style")
        seeds = self.seeds()
        say((len(pairs) + 3) / parts, "when the style is decided")
        return {
            "sizes": asdict(sizes),
            "steps": [rows[steps, 1.0] for steps in counts],
            "guidance": [rows[sizes.at, guidance] for guidance in sizes.guidances],
            "more_steps": self.more_steps(counts),
            "against": against,
            "seeds": seeds,
            "lock_in": {of: self.lock_in(of) for of in ("estimate", "state")},
        }

    def sampled(self, steps: int, guidance: float) -> dict[str, Any]:
        """Returns adherence and loss of conditional runs, their distance to the library and their spread over seeds."""
        seeds = list(range(self.sizes.seeds))
        ends = {style: last_step(self.prompt, steps, seeds, style, guidance) for style in self.styles}
        reading = read(self.backbone, {style: end.context for style, end in ends.items()}, self.held)
        self.readings[steps, guidance] = reading
        distances, own = [], []
        for style, end in ends.items():
            to_all = self.distances(end.x)
            distances.append(to_all.min(1).values)
            own.append(self.prompt.labels[to_all.argmin(1)] == self.styles.index(style))
        told = {"steps": steps, "guidance": guidance} | reading.told
        told["distance"] = torch.stack(distances).mean().item()
        told["nearest_is_of_the_style"] = torch.stack(own).float().mean().item()
        told["spread"] = float(np.mean([end.x.std(0).mean().item() for end in ends.values()]))
        return told

    def distances(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the distances (n, N) of normalised contexts (n, P, D) to the library's, in its own deviations.

        Root mean square over positions and dimensions.
        """
        return torch.cdist(x.flatten(1), self.kept.flatten(1)) / math.sqrt(self.kept[0].numel())

    def more_steps(self, counts: Sequence[int]) -> list[dict[str, Any]]:
        """Returns how each number of steps above the least compares with it, paired by request and by task.

        p-values are corrected over all of these comparisons (Holm).
        """
        first, *others = (self.readings[steps, 1.0] for steps in counts)
        rows: list[dict[str, Any]] = []
        for steps, other in zip(counts[1:], others, strict=True):
            for what, one, two in (
                ("adherence", first.adhered.ravel(), other.adhered.ravel()),
                ("loss", first.task_losses, other.task_losses),
            ):
                found = paired_bootstrap(counted(one), counted(two), mean_of, SAMPLES)
                rows.append(
                    {"steps": steps, "than": counts[0], "what": what, "p_value": found.p_value}
                    | {"difference": found.difference, "difference_ci95": found.difference_ci95}
                )
        corrected = holm([row["p_value"] for row in rows])
        return [row | {"p_corrected": value} for row, value in zip(rows, corrected, strict=True)]

    def against(self) -> dict[str, dict[str, Any]]:
        """Returns adherence and loss of what one would have had instead of a conditional run."""
        embed, prompt = self.backbone.embed, self.prompt
        tuned = {style: prompt.tuned(style)[: self.sizes.seeds] for style in self.styles}
        told: dict[str, Mapping[str, torch.Tensor | None]] = {
            "the context it started from": {style: embed(prompt.context_text)[None] for style in self.styles},
            "the style's own tuned prompt": tuned,
            "one prompt tuned on all styles": {style: prompt.generalist[None] for style in self.styles},
            "the mean of the library": {style: prompt.library.mean(0)[None] for style in self.styles},
        }
        if named := {style: embed(STYLES[style].request)[None] for style in self.styles if style in STYLES}:
            told["a text that names the style"] = named
        return {name: read(self.backbone, contexts, self.held).told for name, contexts in told.items()}

    def seeds(self) -> dict[str, Any]:
        """Returns which styles unconditional runs end on: by the nearest prompt of the library, and by their code."""
        ends = last_step(self.prompt, self.sizes.at, list(range(self.sizes.unconditional)))
        nearest = self.distances(ends.x)
        hit = Counter(self.styles[int(self.prompt.labels[int(row.argmin())])] for row in nearest)
        requests = self._requests(len(ends.x))
        code = Counter(style_of(answer.code) for answer in write_all(self.backbone, ends.context, requests, WRITING))
        shares = np.asarray([count / len(ends.x) for count in hit.values()])
        within = [self._spread(ends.x, nearest, label) for label in range(len(self.styles))]
        return {
            "count": len(ends.x),
            "by_library": {style: hit[style] for style in self.styles},
            "by_code": {str(style): count for style, count in code.most_common()},
            "entropy_bits": float((shares * -np.log2(shares)).sum()),
            "spread": ends.x.std(0).mean().item(),
            "spread_within": float(np.mean([one for one in within if one is not None] or [0.0])),
            "spread_within_library": float(np.mean([self._spread_of(self.tuned(style)) for style in self.styles])),
            "distance": nearest.min(1).values.mean().item(),
            "distance_of_library": self._nearest_of_its_style(),
        }

    def tuned(self, style: str) -> torch.Tensor:
        """Returns a style's own prompts in the normalised space, (n, P, D)."""
        return (self.prompt.tuned(style) - self.prompt.mean) / self.prompt.std

    def _nearest_of_its_style(self) -> float | None:
        """Returns the mean distance from the end of a training to the nearest end of another training of its style."""
        found = []
        for style in self.styles:
            own = self.tuned(style).flatten(1)
            apart = torch.cdist(own, own) / math.sqrt(own.shape[1])
            if len(own) > 1:
                found.append(apart.fill_diagonal_(math.inf).min(1).values.mean().item())
        return float(np.mean(found)) if found else None

    def _spread(self, ends: torch.Tensor, nearest: torch.Tensor, label: int) -> float | None:
        own = ends[self.prompt.labels[nearest.argmin(1)] == label]
        return self._spread_of(own) if len(own) > 1 else None

    @staticmethod
    def _spread_of(own: torch.Tensor) -> float:
        return own.std(0).mean().item() if len(own) > 1 else 0.0

    def _requests(self, count: int) -> list[Task]:
        """Returns `count` held-out requests, the same ones in turn."""
        some = self.held[self.styles[0]].requests
        return [some[place % len(some)] for place in range(count)]

    def lock_in(self, of: str) -> dict[str, Any]:
        """Returns from which step of an unconditional run the style of its code no longer changes, over seeds.

        Code is written at `moments` steps, so a step is known to within the space between two. `noise` is that of the
        state at the median step. Paths whose end has no style are left out, and counted.
        """
        sizes, prompt = self.sizes, self.prompt
        steps = list(sample(prompt, sizes.at, list(range(sizes.paths))))
        places = sorted({round(share * sizes.at) for share in np.linspace(0, 1, sizes.moments)})
        contexts = [steps[i].context if of == "estimate" else prompt.in_backbone_space(steps[i].x) for i in places]
        tasks = self._requests(sizes.paths)
        answers = write_all(self.backbone, torch.cat(contexts), tasks * len(places), WRITING)
        names = np.asarray([style_of(answer.code) or "" for answer in answers]).reshape(len(places), sizes.paths)
        found = []
        for path in names.T:
            if path[-1]:
                differing = np.flatnonzero(path != path[-1])
                found.append(places[int(differing[-1]) + 1] if len(differing) else 0)
        if not found:
            return {"paths": sizes.paths, "without_style": sizes.paths}
        first, median, third = np.percentile(found, (25, 50, 75))
        level = prompt.schedule.noise_level[steps[round(median)].timestep]
        changes = (names[1:] != names[:-1]).sum(0)
        return {
            "steps": sizes.at,
            "paths": sizes.paths,
            "without_style": sizes.paths - len(found),
            "median": float(median),
            "quartiles": [float(first), float(third)],
            "noise": float(level),
            "changes_a_path": float(changes.mean()),
            "at_start": float(np.mean(names[0] == names[-1])),
            "interval": interval(np.asarray(found, np.float64)),
        }
