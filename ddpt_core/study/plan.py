"""The plan of one part of a study: one backbone, one source of training data, and the arms that are compared."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ddpt_core.arms import ALL_ARMS
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.diffusion.denoiser import DenoiserConfig
from ddpt_core.diffusion.samplers import SAMPLERS
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.errors import ConfigError, require_choice, require_range
from ddpt_core.settings import TrainConfig

CHOOSE_BY = ("bleu", "loss")
MOST_CELLS = 10_000


@dataclass(frozen=True)
class Variant:
    """An arm as a plan has it, under the name that is shown: the learning rates to choose from, none for an arm that
    does not learn, and TrainConfig fields of its own."""

    name: str
    arm: str
    rates: tuple[float, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def sampled(self) -> bool:
        """Whether it has a final context for every sampling seed."""
        return ALL_ARMS[self.arm].sampled

    @property
    def method(self) -> str:
        """How it learns; only of an arm that does."""
        return ALL_ARMS[self.arm].method or ""

    @property
    def timesteps(self) -> int:
        """T, the noise levels that it is trained with."""
        return self.options.get("timesteps", TrainConfig.timesteps)


@dataclass(frozen=True)
class Sampler:
    """How a DDPT variant is sampled; `steps` None means all T."""

    scheduler: str = "ddpm"
    steps: int | None = None

    def __str__(self) -> str:
        return f"{self.scheduler} {self.steps:,}" if self.steps else self.scheduler


@dataclass(frozen=True)
class Entry:
    """A line of the tables: a variant, and one of several ways to sample it (None where it is not sampled)."""

    name: str
    variant: Variant
    sampler: Sampler | None


@dataclass(frozen=True)
class ReportData:
    """A data set that every arm is reported on; `data` is a path below the data root or one of families:*.

    `training_seeds` and `sampling_seeds` are how many of the plan's answer it, None for all; `max_new_tokens` is the
    plan's if None. `show_tests` puts the tests behind the instructions (see unit_tests.with_tests_shown).
    """

    name: str
    data: str
    limit: int | None = None
    tests: bool = False
    training_seeds: int | None = None
    sampling_seeds: int | None = None
    max_new_tokens: int | None = None
    show_tests: bool = False


@dataclass(frozen=True)
class Plan:
    """What one part of a study does. All variants have the same loss (`bound`: see TrainConfig), the same `steps`, LLM
    passes of `batch_size` tasks, and start from one context.

    `train_name` says shortly what `train` holds, one source or several. `validation_share` of its tasks is kept out of
    training; of these at most `validation_tasks`, evenly spaced, are answered for the choice by BLEU. `context` is ""
    for the manual context that is chosen. `of` is the name that parts of one grid have in common. Raises ConfigError.
    """

    train: tuple[str, ...]
    manual_contexts: tuple[str, ...]
    arms: tuple[Variant, ...]
    data: tuple[ReportData, ...]
    name: str = "study"
    of: str = ""
    train_name: str = ""
    backbone: str = DEFAULT
    steps: int = 600
    batch_size: int = 32
    bound: float = 0.0
    validation_share: float = 0.1
    validation_tasks: int = 200
    choose_by: str = "bleu"
    context: str = ""
    context_length: int = 16
    max_new_tokens: int = 64
    training_seeds: tuple[int, ...] = (0, 1, 2)
    sampling_seeds: tuple[int, ...] = tuple(range(8))
    samplers: tuple[Sampler, ...] = (Sampler(),)
    raw: dict[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        require_range("validation_tasks", self.validation_tasks, 1)
        require_choice("choose_by", self.choose_by, CHOOSE_BY)
        for what, several in (("training_seeds", self.training_seeds), ("sampling_seeds", self.sampling_seeds)):
            require_distinct(what, several)
            for seed in several:
                require_range(what, seed, 0, 2**63 - 1)
        require_distinct("manual_contexts", self.manual_contexts)
        require_distinct("samplers", map(str, self.samplers))
        require_distinct("the names of the data", [_letters(data.name) for data in self.data])
        require_distinct("the names of the arms", [_letters(variant.name) for variant in self.arms])
        for data in self.data:
            if data.limit is not None:
                require_range(f"The limit of {data.name}", data.limit, 1)
            for what in ("training_seeds", "sampling_seeds"):
                if (count := getattr(data, what)) is not None:
                    require_range(f"{what} of {data.name}", count, 1, len(getattr(self, what)))
            if data.data in self.train:
                raise ConfigError(f"{data.data} is what is trained on; report on other data.")
            self.settings_of(data)
        _ = self.settings
        for variant in self.arms:
            self._check(variant)
        require_cells(self.cells)

    def _check(self, variant: Variant) -> None:
        for rate in variant.rates:
            config = self.config(variant, rate, self.training_seeds[0], "context")
            DenoiserConfig(1, config.context_length, config.hidden, config.stages, config.heads)  # they check too
            schedule = NoiseSchedule(config.timesteps, config.noise_schedule)
            for sampler in self.samplers if variant.sampled else ():
                require_choice("scheduler", sampler.scheduler, SAMPLERS)
                schedule.timesteps_of(sampler.steps or schedule.timesteps)

    @property
    def settings(self) -> GenerationSettings:
        """How the answers are written."""
        return GenerationSettings(max_new_tokens=self.max_new_tokens)

    def settings_of(self, data: ReportData) -> GenerationSettings:
        """Returns how the answers to a data set are written."""
        return GenerationSettings(max_new_tokens=data.max_new_tokens or self.max_new_tokens)

    @property
    def trained(self) -> list[Variant]:
        """The variants that are trained."""
        return [variant for variant in self.arms if variant.rates]

    @cached_property
    def entries(self) -> list[Entry]:
        """The lines of the tables; a variant has one for every sampler, which its name tells if there are several."""
        found = []
        for variant in self.arms:
            if variant.sampled:
                several = len(self.samplers) > 1
                found += [
                    Entry(f"{variant.name}, {one}" if several else variant.name, variant, one) for one in self.samplers
                ]
            else:
                found.append(Entry(variant.name, variant, None))
        return found

    @property
    def cells(self) -> int:
        """How many cells the part has: contexts, trainings, and answers to the data."""
        trainings = sum(len(one.rates) + len(self.training_seeds) - 1 for one in self.trained)
        answers = 0
        for data in self.data:
            samples = data.sampling_seeds or len(self.sampling_seeds)
            for entry in self.entries:
                trained = data.training_seeds or len(self.training_seeds) if entry.variant.rates else 1
                answers += trained * (samples if entry.sampler else 1)
        return len(self.manual_contexts) + trainings + answers

    def runs(self, entry: Entry, data: ReportData) -> list[tuple[int | None, int | None]]:
        """Returns the (training seed, sampling seed) pairs of an entry on a data set; None for what it has not."""
        if not entry.variant.rates:
            return [(None, None)]
        samples: tuple[int | None, ...] = self.sampling_seeds[: data.sampling_seeds] if entry.sampler else (None,)
        return [(training, sample) for training in self.training_seeds[: data.training_seeds] for sample in samples]

    def config(self, variant: Variant, rate: float, seed: int, context: str) -> TrainConfig:
        """Returns the settings of one training of a variant that starts from `context`."""
        return TrainConfig(
            variant.method,
            steps=self.steps,
            batch_size=self.batch_size,
            lr=rate,
            seed=seed,
            context=context,
            context_length=self.context_length,
            validation_share=self.validation_share,
            bound=self.bound,
            **variant.options,
        )


def require_distinct(what: str, values: Iterable[Any]) -> None:
    """Raises ConfigError if there is no value, or if one stands there twice."""
    values = list(values)
    if not values:
        raise ConfigError(f"{what} must be a list of at least one, got none.")
    seen = set()
    for value in values:
        if value in seen:
            raise ConfigError(f"{what} must differ, got {value!r} twice.")
        seen.add(value)


def require_cells(cells: int) -> None:
    """Raises ConfigError for a grid that is too large to be meant."""
    if cells > MOST_CELLS:
        raise ConfigError(f"A study may have {MOST_CELLS:,} cells, this one has {cells:,}; plan fewer.")


def _letters(name: str) -> str:
    """Returns a name without what hardly tells two apart."""
    return re.sub(r"[^\w.+-]+", " ", name.lower()).strip()
