"""Reads a study file: YAML with one plan, or with `parts` that change it, each checked before anything runs."""

import difflib
import itertools
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from ddpt_core.arms import ALL_ARMS, DDPT_FULL
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.errors import ConfigError, first_line
from ddpt_core.settings import TrainConfig
from ddpt_core.study.plan import Plan, ReportData, Sampler, Variant, require_cells, require_distinct

# What all arms have in common, so no arm's options may name it.
COMMON = ("method", "steps", "batch_size", "lr", "seed", "context", "context_length", "validation_share", "bound")
OWN = ("name", "of", "train_name", "raw")  # fields of Plan that no key of the file sets as they are
AXES = {"backbones": "backbone", "training": "train"}  # an axis, and the one value that it stands for
KEYS = [f.name for f in fields(Plan) if f.name not in OWN] + list(AXES)


@dataclass(frozen=True)
class Study:
    """A study file: its name, its parts in their order, and the file's content."""

    name: str
    parts: tuple[Plan, ...]
    raw: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def cells(self) -> int:
        """How many cells the parts have, those that two have in common counted twice."""
        return sum(plan.cells for plan in self.parts)

    @property
    def backbones(self) -> list[str]:
        """The backbones that are needed, each once."""
        return list(dict.fromkeys(plan.backbone for plan in self.parts))


def read_study(path: Path) -> Study:
    """Returns the study in a YAML file; raises ConfigError that names the key that is wrong."""
    raw = read_yaml(path)
    whole = _mapping("the study", raw, ["name", "parts", *KEYS])
    name = _value("name", whole.get("name", path.stem), "", str)
    common = {key: value for key, value in whole.items() if key not in ("name", "parts")}
    if "parts" not in whole:
        plans = _grid("the study", name, common, many=False)
    else:
        plans = []
        for part in _list("parts", whole["parts"]):
            given = _mapping("a part", part, ["name", *KEYS], ["name"])
            own = _value("the name of a part", given["name"], MISSING, str)
            own_keys = {key: value for key, value in given.items() if key != "name"}
            replaced = {one for pair in AXES.items() if set(pair) & set(own_keys) for one in pair}
            kept = {key: value for key, value in common.items() if key not in replaced}
            plans += _grid(f"the part {own!r}", own, kept | own_keys, many=True)
            require_cells(sum(plan.cells for plan in plans))
    require_distinct("the names of the parts", [plan.name for plan in plans])
    require_cells(sum(plan.cells for plan in plans))
    return Study(name, tuple(plans), raw)


def read_yaml(path: Path) -> Any:
    """Returns what a study file holds; raises ConfigError that names the line that is wrong."""
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"The study {path} cannot be read ({reason}); give a YAML file.") from None
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}: {error.problem}" if error.problem_mark else first_line(error)
        raise ConfigError(f"The study {path} is not YAML ({place}); mend that line.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"The study {path} is not YAML ({first_line(error)}); mend it.") from None


def _grid(what: str, name: str, given: dict[str, Any], many: bool) -> list[Plan]:
    """Returns the plan that `given` holds, or one for each combination along its axes."""
    backbones = _axis("backbones", given, {given.get("backbone", DEFAULT): given.get("backbone", DEFAULT)})
    training = _axis("training", given, None)
    require_cells(len(backbones) * len(training or [0]))
    plans = []
    for (backbone, model), source in itertools.product(backbones.items(), training or [None]):
        raw = {key: value for key, value in given.items() if key not in AXES} | {"backbone": model}
        if source is not None:
            raw["train"] = training[source]
        labels = [label for label, axis in ((backbone, backbones), (source, training)) if axis and len(axis) > 1]
        plan = _plan(what, raw, name=", ".join([name, *map(str, labels)]), of=name, train_name=str(source or ""))
        plans.append(plan)
    return plans


def _axis(key: str, given: dict[str, Any], default: dict[str, Any] | None) -> dict[str, Any]:
    """Returns label -> value of an axis, `default` if it is not given."""
    if key not in given:
        return default or {}
    if AXES[key] in given:
        raise ConfigError(f"Both {AXES[key]!r} and {key!r} are given; keep one of them.")
    if key == "training":
        if not isinstance(given[key], dict) or not given[key]:
            raise ConfigError(
                f"training must hold names with their data, such as CoNaLa: conala/train.jsonl, got {given[key]!r:.80}."
            )
        return {str(label): source for label, source in given[key].items()}
    names = _value(key, given[key], MISSING, tuple[str, ...])
    require_distinct(key, names)
    short = {Path(one).name: one for one in names}
    return short if len(short) == len(names) else {one: one for one in names}


def _plan(what: str, raw: dict[str, Any], name: str, of: str, train_name: str) -> Plan:
    given = _mapping(what, raw, KEYS, _required(Plan))
    values: dict[str, Any] = {}
    for f in fields(Plan):
        if f.name in given and f.name not in (*OWN, "train", "arms", "data", "samplers"):
            values[f.name] = _value(f.name, given[f.name], f.default, f.type)
    train = given["train"] if isinstance(given["train"], list) else [given["train"]]
    values["train"] = _value("train", train, MISSING, tuple[str, ...])
    arms = given["arms"]
    if not isinstance(arms, dict) or not arms:
        raise ConfigError(f"arms must hold the keys {', '.join(ALL_ARMS)}, or names of your own, got {arms!r:.80}.")
    variants = [_variant(str(one), raw_arm) for one, raw_arm in arms.items()]
    values["arms"] = tuple(sorted(variants, key=lambda variant: list(ALL_ARMS).index(variant.arm)))
    values["data"] = tuple(_report_data(one) for one in _list("data", given["data"]))
    if "samplers" in given:
        values["samplers"] = tuple(s for one in _list("samplers", given["samplers"]) for s in _samplers(one))
    return Plan(**values, name=name, of=of, train_name=train_name or " + ".join(values["train"]), raw=given)


def _variant(name: str, raw: Any) -> Variant:
    raw = {} if raw is None else raw
    if "/" in name:
        raise ConfigError(f"The name of an arm may not hold '/', got {name!r}; name it otherwise.")
    arm = raw.get("arm", name) if isinstance(raw, dict) else name
    if arm not in ALL_ARMS:
        near = difflib.get_close_matches(str(arm), ALL_ARMS, n=1, cutoff=0.5)
        advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(ALL_ARMS)};"
        own = "" if isinstance(raw, dict) and "arm" in raw else " A name of your own needs the key 'arm' below it."
        raise ConfigError(f"Unknown arm {arm!r} in arms; {advice}{own}")
    if not ALL_ARMS[arm].method:
        _mapping(f"arms: {name}", raw, ["arm"])
        return Variant(name, arm)
    given = _mapping(f"arms: {name}", raw, ["arm", "rates", "options"], ["rates"])
    rates = tuple(_number(f"rates of {name}", rate) for rate in _list(f"rates of {name}", given["rates"]))
    require_distinct(f"rates of {name}", [f"{rate:g}" for rate in rates])
    known = {f.name: f for f in fields(TrainConfig) if f.name not in COMMON}
    raw_options = given.get("options") or {}
    for key in raw_options if isinstance(raw_options, dict) else ():
        if key in COMMON:
            raise ConfigError(f"{key!r} is the same for all arms; take it out of the options of {name}.")
    raw_options = _mapping(f"options of {name}", raw_options, known)
    options = {key: _value(key, value, known[key].default, known[key].type) for key, value in raw_options.items()}
    weight = options.get("diffusion_weight", 0)
    if (weight > 0) != (arm == DDPT_FULL):
        raise ConfigError(
            f"diffusion_weight must be above 0 for ddpt-full and for no other arm, got {weight:g} for {name}; "
            "set it in the options of ddpt-full, or of a name of your own with arm: ddpt-full."
        )
    return Variant(name, arm, rates, options)


def _samplers(raw: Any) -> list[Sampler]:
    """Returns the samplers that one item stands for: `steps` may be a list."""
    given = _mapping("samplers", raw, ["scheduler", "steps"], ["scheduler"])
    scheduler = _value("scheduler", given["scheduler"], MISSING, str)
    steps = given.get("steps")
    several = steps if isinstance(steps, list) else [steps]
    return [Sampler(scheduler, _value("steps of samplers", one, None, int | None)) for one in several]


def _report_data(raw: Any) -> ReportData:
    names = [f.name for f in fields(ReportData)]
    given = _mapping("data", raw, names, _required(ReportData))
    values = {f.name: _value(f.name, given[f.name], f.default, f.type) for f in fields(ReportData) if f.name in given}
    data = ReportData(**values)
    if not any(letter.isalnum() for letter in data.name):
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
