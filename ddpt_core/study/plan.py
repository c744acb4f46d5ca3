"""The plan of a study: a YAML file, read and checked as a whole before anything runs."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.diffusion.denoiser import DenoiserConfig
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.errors import ConfigError, first_line, require_choice, require_range
from ddpt_core.tuning.arm_names import ALL_ARMS, DDPT, DDPT_FULL, PROMPT_TUNING, RESIDUAL
from ddpt_core.tuning.config import TrainConfig

SAMPLED = (DDPT, DDPT_FULL)  # a final context for every sampling seed
METHOD = {PROMPT_TUNING: PROMPT_TUNING, RESIDUAL: RESIDUAL, DDPT: DDPT, DDPT_FULL: DDPT}  # of the arms that are trained
CHOOSE_BY = ("bleu", "loss")
# What all arms have in common, so no arm's options may name it.
COMMON = ("method", "steps", "batch_size", "lr", "seed", "context", "context_length", "validation_share", "bound")
MOST_CELLS = 10_000


@dataclass(frozen=True)
class Training:
    """How one arm is trained: learning rates to choose from, and TrainConfig fields of its own."""

    rates: tuple[float, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportData:
    """A data set that every arm is reported on; `data` is a path below the data root or one of families:*.

    `sampling_seeds` is how many of the plan's sampling seeds answer it, None for all.
    """

    name: str
    data: str
    limit: int | None = None
    tests: bool = False
    sampling_seeds: int | None = None

    @property
    def slug(self) -> str:
        """The name as a folder is called."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Plan:
    """What a study does. All arms have the same loss (`bound`: see TrainConfig), the same `steps`, LLM passes of
    `batch_size` tasks, and start from one context.

    `validation_share` of the tasks of `train`, one source or several, is kept out of training; of these at most
    `validation_tasks`, evenly spaced, are answered for the choice by BLEU. `context` is "" for the manual context that
    is chosen. Raises ConfigError.
    """

    train: tuple[str, ...]
    manual_contexts: tuple[str, ...]
    arms: dict[str, Training | None]
    data: tuple[ReportData, ...]
    backbone: str = "embedded"
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
    raw: dict[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        require_range("validation_tasks", self.validation_tasks, 1)
        require_choice("choose_by", self.choose_by, CHOOSE_BY)
        for what, several in (("training_seeds", self.training_seeds), ("sampling_seeds", self.sampling_seeds)):
            _require_distinct(what, several)
            for seed in several:
                require_range(what, seed, 0, 2**63 - 1)
        _require_distinct("manual_contexts", self.manual_contexts)
        _require_distinct("the names of the data", [data.slug for data in self.data])
        for data in self.data:
            if data.limit is not None:
                require_range(f"The limit of {data.name}", data.limit, 1)
            if data.sampling_seeds is not None:
                require_range(f"sampling_seeds of {data.name}", data.sampling_seeds, 1, len(self.sampling_seeds))
            if data.data in self.train:
                raise ConfigError(f"{data.data} is what is trained on; report on other data.")
        _ = self.settings
        for arm, training in self.arms.items():
            for rate in training.rates if training else ():
                config = self.config(arm, rate, self.training_seeds[0], "context")
                DenoiserConfig(1, config.context_length, config.hidden, config.stages, config.heads)  # they check too
                NoiseSchedule(config.timesteps, config.noise_schedule)
        if self.cells > MOST_CELLS:
            raise ConfigError(f"A study may have {MOST_CELLS:,} cells, this one has {self.cells:,}; plan fewer.")

    @property
    def settings(self) -> GenerationSettings:
        """How the answers are written."""
        return GenerationSettings(max_new_tokens=self.max_new_tokens)

    @property
    def trained(self) -> dict[str, Training]:
        """The arms that are trained."""
        return {arm: training for arm, training in self.arms.items() if training}

    @property
    def cells(self) -> int:
        """How many cells the study has: contexts, trainings, and answers to the data."""
        trainings = sum(len(training.rates) + len(self.training_seeds) - 1 for training in self.trained.values())
        answers = sum(len(self.runs(arm, data)) for data in self.data for arm in self.arms)
        return len(self.manual_contexts) + trainings + answers

    def runs(self, arm: str, data: ReportData) -> list[tuple[int | None, int | None]]:
        """Returns the (training seed, sampling seed) pairs of an arm on a data set; None for what it has not."""
        if arm not in METHOD:
            return [(None, None)]
        samples: tuple[int | None, ...] = self.sampling_seeds[: data.sampling_seeds] if arm in SAMPLED else (None,)
        return [(training, sample) for training in self.training_seeds for sample in samples]

    def config(self, arm: str, rate: float, seed: int, context: str) -> TrainConfig:
        """Returns the settings of one training of an arm that starts from `context`."""
        training = self.arms[arm]
        return TrainConfig(
            METHOD[arm],
            steps=self.steps,
            batch_size=self.batch_size,
            lr=rate,
            seed=seed,
            context=context,
            context_length=self.context_length,
            validation_share=self.validation_share,
            bound=self.bound,
            **(training.options if training else {}),
        )


def read_plan(path: Path) -> Plan:
    """Returns the plan in a YAML file; raises ConfigError that names the key that is wrong."""
    import yaml

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"The study {path} cannot be read ({reason}); give a YAML file.") from None
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}: {error.problem}" if error.problem_mark else first_line(error)
        raise ConfigError(f"The study {path} is not YAML ({place}); mend that line.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"The study {path} is not YAML ({first_line(error)}); mend it.") from None
    given = _mapping("the study", raw, [f.name for f in fields(Plan) if f.name != "raw"], _required(Plan))
    values: dict[str, Any] = {}
    for f in fields(Plan):
        if f.name in given and f.name not in ("train", "arms", "data"):
            values[f.name] = _value(f.name, given[f.name], f.default, f.type)
    train = given["train"] if isinstance(given["train"], list) else [given["train"]]
    values["train"] = _value("train", train, MISSING, tuple[str, ...])
    arms = _mapping("arms", given["arms"], ALL_ARMS)
    values["arms"] = {arm: _training(arm, arms[arm]) for arm in ALL_ARMS if arm in arms}
    values["data"] = tuple(_report_data(one) for one in _list("data", given["data"]))
    return Plan(**values, raw=given)


def _training(arm: str, raw: Any) -> Training | None:
    if arm not in METHOD:
        _mapping(f"arms: {arm}", raw or {}, [])
        return None
    given = _mapping(f"arms: {arm}", raw, ["rates", "options"], ["rates"])
    rates = tuple(_number(f"rates of {arm}", rate) for rate in _list(f"rates of {arm}", given["rates"]))
    _require_distinct(f"rates of {arm}", [f"{rate:g}" for rate in rates])
    known = {f.name: f for f in fields(TrainConfig) if f.name not in COMMON}
    raw_options = given.get("options") or {}
    for name in raw_options if isinstance(raw_options, dict) else ():
        if name in COMMON:
            raise ConfigError(f"{name!r} is the same for all arms; take it out of the options of {arm}.")
    raw_options = _mapping(f"options of {arm}", raw_options, known)
    options = {name: _value(name, value, known[name].default, known[name].type) for name, value in raw_options.items()}
    weight = options.get("diffusion_weight", 0)
    if (weight > 0) != (arm == DDPT_FULL):
        raise ConfigError(
            f"diffusion_weight must be above 0 for ddpt-full and for no other arm, got {weight:g} for {arm}; "
            "set it in the options of ddpt-full."
        )
    return Training(rates, options)


def _report_data(raw: Any) -> ReportData:
    names = [f.name for f in fields(ReportData)]
    given = _mapping("data", raw, names, _required(ReportData))
    values = {f.name: _value(f.name, given[f.name], f.default, f.type) for f in fields(ReportData) if f.name in given}
    data = ReportData(**values)
    if not data.slug:
        raise ConfigError(f"The name of a data set needs a letter or a digit, got {data.name!r}; name it otherwise.")
    return data


def _required(kind: type) -> list[str]:
    return [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]


def _mapping(what: str, raw: Any, known: Iterable[str], required: Iterable[str] = ()) -> dict[str, Any]:
    """Returns `raw`; raises ConfigError for an unknown key, with the nearest that is right, and for a missing one."""
    names = list(known)
    if not isinstance(raw, dict):
        raise ConfigError(f"{what} must hold the keys {', '.join(names)}, got {raw!r:.80}.")
    for key in raw:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1, cutoff=0.5)
            advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names) or 'none here'}."
            raise ConfigError(f"Unknown key {key!r} in {what}; {advice}")
    for key in required:
        if key not in raw:
            raise ConfigError(f"{what} lacks the key {key!r}; add it.")
    return raw


def _list(what: str, raw: Any) -> list[Any]:
    if not isinstance(raw, list) or not raw:
        raise ConfigError(f"{what} must be a list of at least one, got {raw!r:.80}.")
    return raw


def _value(name: str, raw: Any, default: Any, kind: Any) -> Any:
    """Returns a value as its field wants it, of which the annotation `kind` tells the type."""
    if kind in (tuple[int, ...], tuple[str, ...]):
        item = int if kind == tuple[int, ...] else str
        return tuple(_value(name, one, MISSING, item) for one in _list(name, raw))
    if kind is float:
        return _number(name, raw)
    wanted = {int: "a whole number", int | None: "a whole number", bool: "true or false", str: "a text"}
    fits = (raw is None and kind == int | None) or (isinstance(raw, kind) and (kind is bool) == isinstance(raw, bool))
    if not fits or (kind is str and default is MISSING and not raw.strip()):
        raise ConfigError(f"{name} must be {wanted.get(kind, kind)}, got {raw!r:.80}.")
    return raw


def _number(name: str, raw: Any) -> float:
    """Returns a number; YAML reads 1e-3, which lacks a point, as text."""
    try:
        if isinstance(raw, bool):
            raise TypeError
        return float(raw)
    except (TypeError, ValueError):
        raise ConfigError(f"{name} must be a number, got {raw!r:.80}.") from None


def _require_distinct(what: str, values: Iterable[Any]) -> None:
    values = list(values)
    if not values:
        raise ConfigError(f"{what} must be a list of at least one, got none.")
    seen = set()
    for value in values:
        if value in seen:
            raise ConfigError(f"{what} must differ, got {value!r} twice.")
        seen.add(value)
