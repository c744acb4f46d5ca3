"""A prompt for each instruction: the distribution of prompts under the instruction itself as condition.

The library is tuned on clusters of tasks, so that it holds prompts for instructions that are alike; the condition c is
the frozen model's pooled hidden state of the instruction. What the library cannot know, one instruction from another
within a cluster, the LLM loss at low noise teaches (see DistributionMethod).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch

from ddpt_core.arms import INSTRUCTED
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import load_all_tasks
from ddpt_core.data.task import Task
from ddpt_core.diffusion.sampler import last_step
from ddpt_core.prompts.distribution import READ_AT_ONCE, VALIDATION_STEPS, DistributionMethod, DistributionPrompt
from ddpt_core.prompts.library import Library, tasks_of
from ddpt_core.prompts.method import Contexts
from ddpt_core.settings import TrainConfig

STEPS = 50  # of the run that makes the context of an instruction
SAMPLED_AT_ONCE = 64  # instructions
MEASURED = 256  # instructions that the deviations of the condition are measured on
LEAST_DEVIATION = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class InstructedPrompt(DistributionPrompt):
    """A denoiser over a library of prompts that reads the instruction; no style can be asked of it.

    `read_mean` and `read_std` (W,) are those of the pooled hidden states, so that c = (pooled - mean) / std.
    """

    read_mean: torch.Tensor
    read_std: torch.Tensor
    method = INSTRUCTED

    def conditions(self, backbone: FrozenLM, instructions: Sequence[str]) -> torch.Tensor:
        """Returns the condition of each instruction, (n, W)."""
        return (backbone.pooled(instructions) - self.read_mean) / self.read_std

    def contexts(
        self, conditions: torch.Tensor, seed: int = 0, steps: int = STEPS, guidance: float = 1.0
    ) -> torch.Tensor:
        """Returns what DDPM runs from one and the same noise end on under each of the conditions (n, W), (n, P, D)."""
        parts, steps = conditions.split(SAMPLED_AT_ONCE), min(steps, self.schedule.timesteps)
        with torch.autocast(self.x0.device.type, enabled=False):
            ends = [last_step(self, steps, [seed] * len(part), guidance=guidance, condition=part) for part in parts]
        return torch.cat([end.context for end in ends])


@dataclass(frozen=True)
class InstructedContext:
    """The context of an arm that is another for each task: what it returns for n tasks is (n, P, D)."""

    prompt: InstructedPrompt
    backbone: FrozenLM
    seed: int = 0
    guidance: float = 1.0

    def __len__(self) -> int:
        return self.prompt.positions

    def __call__(self, tasks: Sequence[Task]) -> torch.Tensor:
        """Returns the context of each task; the same instruction gives the same."""
        conditions = self.prompt.conditions(self.backbone, [task.instruction for task in tasks])
        return self.prompt.contexts(conditions, self.seed, guidance=self.guidance)


class InstructedMethod(DistributionMethod):
    """As a distribution of prompts, with a task's instruction in place of its style, and its cluster's prompts as z."""

    def __init__(self, backbone: FrozenLM, config: TrainConfig):
        super().__init__(backbone, config)
        tasks = load_all_tasks(tasks_of(config.library))
        read = backbone.pooled([task.instruction for task in tasks[:: -(-len(tasks) // MEASURED)]])
        spread = read.std(0).clamp_min(LEAST_DEVIATION)
        own = vars(self.prompt) | {"name": INSTRUCTED, "styles": ()}
        self.prompt = InstructedPrompt(**own, read_mean=read.mean(0), read_std=spread)
        self._read: dict[str, torch.Tensor] = {}  # the condition of each instruction that was met

    def _width(self, library: Library) -> int:
        return self.backbone.pooled([library.info["plan"]["context"]]).shape[1]

    def _drawn(self, tasks: Sequence[Task], rng: torch.Generator) -> tuple[list[int], torch.Tensor]:
        """Returns the clusters of READ_AT_ONCE prompts, and the instructions of the batch that they stand for."""
        rows = torch.randint(len(tasks), (READ_AT_ONCE,), generator=rng)
        labels, conditions = self._labels(tasks), self._conditions(tasks)
        return [labels[row] for row in rows.tolist()], conditions[rows.to(conditions.device)]

    def _conditions(self, tasks: Sequence[Task]) -> torch.Tensor:
        new = list(dict.fromkeys(task.instruction for task in tasks if task.instruction not in self._read))
        if new:
            self._read |= dict(zip(new, self._instructed.conditions(self.backbone, new), strict=True))
        return torch.stack([self._read[task.instruction] for task in tasks])

    @property
    def _instructed(self) -> InstructedPrompt:
        return cast(InstructedPrompt, self.prompt)

    @torch.no_grad()
    def context(self, rng: torch.Generator) -> Contexts:
        """Returns what makes a context for each task, the end of a short run under its instruction."""
        seed, kept = int(torch.randint(2**31, (), generator=rng)), cast(InstructedPrompt, self._kept)
        return lambda tasks: kept.contexts(self._conditions(tasks), seed, VALIDATION_STEPS)

    def _written(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        tensors, described = super()._written()
        read = {name: getattr(self.prompt, name) for name in ("read_mean", "read_std")}
        return tensors | read, described | {"clusters": list(self.styles)}

    @staticmethod
    def load(tensors: dict[str, torch.Tensor], device: torch.device, **common: Any) -> InstructedPrompt:
        """Returns the prompt of denoiser, original context, normalisations and library."""
        prompt = DistributionMethod.load(tensors, device, **common)
        return InstructedPrompt(**vars(prompt), read_mean=tensors["read_mean"], read_std=tensors["read_std"])
