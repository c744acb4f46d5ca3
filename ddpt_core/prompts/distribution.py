"""A distribution of prompts: a denoiser that learned a library of tuned prompts, steered by style.

After Prompt Diffusion (arXiv 2410.20164: first a collection of tuned prompts, then a diffusion over them) and
classifier-free guidance (arXiv 2207.12598). Where DDPT has one fixed context to restore, and so learns a constant, this
has many: at high noise the best estimate is their mean, and it is decided on the way which of them a run ends on.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ddpt_core.arms import DISTRIBUTION
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.styles import require_style
from ddpt_core.data.task import Task
from ddpt_core.diffusion.denoiser import Denoiser, DenoiserConfig
from ddpt_core.diffusion.sampler import last_step
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.errors import ConfigError
from ddpt_core.prompts.checkpoint import write_prompt
from ddpt_core.prompts.ddpt import DDPTPrompt, new_denoiser, sizes_of
from ddpt_core.prompts.library import Library
from ddpt_core.prompts.method import Contexts, Method, Piece
from ddpt_core.settings import TrainConfig

READ_AT_ONCE = 64  # library prompts a step
DROPPED = 0.2  # share of them that come without their style, so that the unconditional estimate is learned too
SNR_LIMITS = (0.3, 5.0)  # of the weight w(t) of the diffusion loss
AVERAGED = 0.995  # decay of the exponential moving average of the weights, which is what is kept
LOW_NOISE = 0.5  # abar from which on the LLM loss is asked for; above that noise an estimate has to stay a mean
VALIDATION_STEPS = 10  # of the runs whose ends a validation reads


@dataclass(frozen=True, kw_only=True, eq=False)
class DistributionPrompt(DDPTPrompt):
    """A denoiser over a library of prompts; `mean` and `std` are the library's.

    `library` (N, P, D) in the backbone's space holds the prompts it learned, `labels` (N,) their places in `styles`,
    `ends` (N,) whether each was the end of its training; `generalist` (P, D) is one prompt tuned on all styles.
    """

    library: torch.Tensor
    labels: torch.Tensor
    ends: torch.Tensor
    generalist: torch.Tensor
    method = DISTRIBUTION

    def final_context(
        self, seed: int = 0, steps: int | None = None, style: str = "", guidance: float = 1.0
    ) -> torch.Tensor:
        """Returns the end of a DDPM run of `steps` steps (default T) from the noise of `seed`; see `sample`."""
        return last_step(self, steps or self.schedule.timesteps, seed, style, guidance).context

    def tuned(self, style: str) -> torch.Tensor:
        """Returns the library's own prompts of a style, the ends of its trainings (n, P, D)."""
        return self.library[(self.labels == self.styles.index(style)) & self.ends]


class DistributionMethod(Method):
    """The denoiser learns w(t) |x0_hat - z|^2 over the library's (z, c), w(t) the SNR within SNR_LIMITS.

    With `llm_weight` > 0 one of `llm_every` steps, drawn at random, adds the backbone's loss on tasks of the style, at
    low noise alone and weighted by abar_t: at high noise a true posterior mean must stay a mean, and an LLM loss there
    would make it one prompt for all.
    """

    def __init__(self, backbone: FrozenLM, config: TrainConfig):
        if not config.library:
            raise ConfigError(f"The method {DISTRIBUTION} learns from a library of prompts; name one (--library DIR).")
        self.backbone, self.config = backbone, config
        library = Library.load(config.library, backbone)
        positions = library.vectors.shape[1]
        sizes = replace(sizes_of(backbone, config), positions=positions, conditions=self._width(library))
        self.told = {name: library.info[name] for name in ("llm_passes", "seconds")}
        context = library.info["plan"]["context"]
        self.prompt: DistributionPrompt = DistributionPrompt(
            name=DISTRIBUTION,
            context_text=context,
            denoiser=new_denoiser(sizes, config.seed).to(backbone.device),
            schedule=NoiseSchedule(config.timesteps, config.noise_schedule),
            x0=(backbone.embed(context, positions) - library.mean) / library.std,
            mean=library.mean,
            std=library.std,
            styles=library.styles,
            library=library.vectors,
            labels=library.labels,
            ends=library.ends,
            generalist=library.generalist,
        )
        self.averaged = AveragedModel(self.prompt.denoiser, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))
        self.averaged.requires_grad_(False)
        self.module: torch.nn.Module = torch.nn.ModuleDict({"own": self.prompt.denoiser, "averaged": self.averaged})
        self.styles = library.styles
        self.clean = (library.vectors - library.mean) / library.std  # z (N,P,D)
        self.places = [(library.labels == label).nonzero()[:, 0] for label in range(len(library.styles))]

    def _width(self, library: Library) -> int:
        """Returns C, the width of a condition."""
        return len(library.styles)

    def loss(self, tasks: Sequence[Task], rng: torch.Generator, piece: Piece | None = None) -> torch.Tensor:
        """Returns the diffusion loss over READ_AT_ONCE prompts, and in one of `llm_every` steps that of the tasks."""
        steps = self.prompt.schedule.timesteps
        labels, conditions = self._drawn(tasks, rng)
        timesteps = torch.randint(1, steps + 1, (READ_AT_ONCE,), generator=rng)
        kept = (torch.rand(READ_AT_ONCE, generator=rng) >= DROPPED).float()[:, None]
        clean, noisy, abar = self._noised(labels, timesteps, rng)
        conditions = conditions.to(clean) * kept.to(clean)
        with torch.autocast(clean.device.type, enabled=False):  # what is learned here is smaller than bfloat16's steps
            estimate = self.prompt.estimate(noisy, timesteps.to(clean.device), conditions)
        weights = (abar / (1 - abar)).clamp(*SNR_LIMITS)
        loss = (weights * (estimate - clean).square().mean((1, 2))).mean()
        if piece is not None:
            loss = loss * (len(tasks[piece.where]) / len(tasks))
        if self.config.llm_weight and torch.rand((), generator=rng) < 1 / self.config.llm_every:
            loss = loss + self.config.llm_weight * self._llm_loss(tasks, rng, piece)
        return loss

    def stepped(self) -> None:
        """Takes the weights as they are now into their average."""
        self.averaged.update_parameters(self.prompt.denoiser)

    def _drawn(self, tasks: Sequence[Task], rng: torch.Generator) -> tuple[list[int], torch.Tensor]:
        """Returns the styles of READ_AT_ONCE prompts, and their conditions (READ_AT_ONCE, C)."""
        labels = torch.randint(len(self.places), (READ_AT_ONCE,), generator=rng)
        return labels.tolist(), torch.eye(len(self.places))[labels]

    def _conditions(self, tasks: Sequence[Task]) -> torch.Tensor:
        """Returns the condition of each task, (B, C)."""
        return torch.eye(len(self.places))[self._labels(tasks)]

    def _noised(
        self, styles: Sequence[int], timesteps: torch.Tensor, rng: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns prompts of the styles z, their x_t (B, P, D) and abar_t (B,)."""
        own = [self.places[style] for style in styles]
        clean = self.clean[[int(rows[int(torch.randint(len(rows), (), generator=rng))]) for rows in own]]
        noise = torch.randn(clean.shape, generator=rng).to(clean)
        abar = torch.as_tensor(self.prompt.schedule.alphas_cumprod)[timesteps].float().to(clean)
        level = abar[:, None, None]
        return clean, level.sqrt() * clean + (1 - level).sqrt() * noise, abar

    def _llm_loss(self, tasks: Sequence[Task], rng: torch.Generator, piece: Piece | None) -> torch.Tensor:
        """Returns the backbone's loss on the tasks at low noise, each weighted by its abar_t."""
        lowest = int((self.prompt.schedule.alphas_cumprod >= LOW_NOISE).sum()) - 1
        timesteps = torch.randint(1, max(lowest, 1) + 1, (len(tasks),), generator=rng)
        labels = self._labels(tasks)
        _, noisy, abar = self._noised(labels, timesteps, rng)
        where = piece.where if piece else slice(None)
        conditions = self._conditions(tasks[where]).to(noisy)
        estimate = self.prompt.estimate(noisy[where], timesteps.to(noisy.device)[where], conditions)
        contexts = self.prompt.in_backbone_space(estimate)
        losses, counts = self.backbone.summed_losses(contexts, tasks[where], self.config.bound)
        return (abar[where] * losses).sum() / (piece.tokens if piece else counts.sum())

    def _labels(self, tasks: Sequence[Task]) -> list[int]:
        return [self.styles.index(require_style(task.style, self.styles)) for task in tasks]

    @property
    def _kept(self) -> DistributionPrompt:
        """The prompt of the averaged weights, which is what is validated and saved."""
        return replace(self.prompt, denoiser=cast(Denoiser, self.averaged.module))

    @torch.no_grad()
    def context(self, rng: torch.Generator) -> Contexts:
        """Returns what makes a context for each task, the end of a short run of its style."""
        seed = int(torch.randint(2**31, (), generator=rng))
        with torch.autocast(self.prompt.x0.device.type, enabled=False):
            ends = [last_step(self._kept, VALIDATION_STEPS, seed, style).context for style in self.prompt.styles]
        return lambda tasks: torch.stack([ends[label] for label in self._labels(tasks)])

    def save(self, folder: Path, info: dict[str, Any]) -> None:
        """Writes the averaged denoiser in half precision, original context, normalisation and library."""
        tensors, described = self._written()
        write_prompt(folder, tensors, info | described)

    def _written(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Returns what `save` writes: the tensors by name, and what prompt.json tells of them."""
        prompt = self._kept
        tensors = {f"denoiser.{name}": value.half() for name, value in prompt.denoiser.state_dict().items()}
        tensors |= {name: getattr(prompt, name) for name in ("x0", "mean", "std", "labels", "ends", "generalist")}
        tensors["library"] = prompt.library.half()
        return tensors, {
            "context": prompt.context_text,
            "denoiser": asdict(prompt.denoiser.config),
            "schedule": asdict(prompt.schedule),
            "styles": list(prompt.styles),
            "library": self.told | {"prompts": len(prompt.library)},
        }

    @staticmethod
    def load(tensors: dict[str, torch.Tensor], device: torch.device, **common: Any) -> DistributionPrompt:
        """Returns the prompt of denoiser, original context, normalisation and library."""
        info = common["info"]
        denoiser = Denoiser(DenoiserConfig(**info["denoiser"]))
        own = {n.removeprefix("denoiser."): t for n, t in tensors.items() if n.startswith("denoiser.")}
        denoiser.load_state_dict(own)
        return DistributionPrompt(
            denoiser=denoiser.to(device).requires_grad_(False).eval(),
            schedule=NoiseSchedule(**info["schedule"]),
            styles=tuple(info["styles"]),
            library=tensors["library"].float(),
            x0=tensors["x0"],
            mean=tensors["mean"],
            std=tensors["std"],
            labels=tensors["labels"],
            ends=tensors["ends"],
            generalist=tensors["generalist"],
            **common,
        )
