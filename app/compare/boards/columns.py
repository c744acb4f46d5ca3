"""The columns of a comparison: which arm each of them is, at which seed or with which text, and what it is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.page.numbers import whole
from ddpt_core.arms import ALL_ARMS, ARMS, MANUAL
from ddpt_core.errors import ConfigError, DataError, require_range
from ddpt_core.metrics.measures import listed

MAX_COLUMNS = 12  # of one comparison; also the most seeds that a range may name
MAX_CHARACTERS = 1_000  # of one context; what the prompts have room for is checked in tokens
MAX_SEED = 2**63 - 1  # the largest that torch takes
TYPED_NOTE = "A hard prompt: a text that you wrote by hand, beside that of the manual arm."
SEEDS_FORM = "write them as 0, 1, 2 or 0-3"


@dataclass(frozen=True)
class Column:
    """One column of a comparison.

    `key` names it, also as the name of its result: that of its arm, with "@7" for a further seed, or "typed",
    "typed-2", ... for contexts typed by hand. `arm` is the core's arm, manual for what is typed. `seed` is that of
    DDPT's noise, None for the other arms; `context` the text of a manual or typed context, "" for the others.
    `label` is its heading, `phrase` its name within a sentence.
    """

    key: str
    arm: str
    label: str
    phrase: str
    seed: int | None = None
    context: str = ""

    @property
    def typed(self) -> bool:
        """Whether its context was typed by hand, beside the manual arm's."""
        return self.key != self.arm and self.arm == MANUAL

    @property
    def colour(self) -> str:
        """The CSS variable of its colour, that of its arm."""
        return f"--arm-{self.arm}"

    @property
    def note(self) -> str:
        """What its arm is, in a sentence."""
        return TYPED_NOTE if self.typed else ALL_ARMS[self.arm].note

    @property
    def source(self) -> tuple[str, int | None, str]:
        """What its context is made of: columns that agree in it have the same answers."""
        return self.arm, self.seed, self.context

    def as_json(self) -> dict[str, Any]:
        """Returns the column as plain JSON."""
        return {"name": self.key, "arm": self.arm, "label": self.label, "seed": self.seed, "context": self.context}


def columns_of(
    arms: Iterable[str], seeds: Sequence[int] = (0,), contexts: Sequence[str] = (), manual: str = ""
) -> tuple[Column, ...]:
    """Returns a column for each of `arms` in their order, for DDPT one at each seed, then one for each typed context.

    `manual` is the text of the manual arm. Raises ConfigError for more than MAX_COLUMNS columns.
    """
    columns = []
    for arm in arms:
        if ALL_ARMS[arm].sampled:
            columns += [_denoised(arm, seed, first=seed == seeds[0], alone=len(seeds) == 1) for seed in seeds]
        else:
            of = ALL_ARMS[arm]
            columns.append(Column(arm, arm, of.label, of.phrase, None, manual if arm == MANUAL else ""))
    for place, text in enumerate(contexts, start=1):
        key, more = ("typed", "") if place == 1 else (f"typed-{place}", f" {place}")
        columns.append(Column(key, MANUAL, f"Your context{more}", f"your context{more}", None, text))
    if len(columns) > MAX_COLUMNS:
        raise ConfigError(
            f"There must be at most {MAX_COLUMNS} columns, got {len(columns)}; choose fewer arms, seeds or contexts."
        )
    return tuple(columns)


def named_in_a_sentence(columns: Sequence[Column]) -> str:
    """Returns the columns as a phrase: Manual, DDPT (seeds 0 and 1) and your context."""
    names: dict[str, list[str]] = {}
    for column in columns:
        several = sum(other.arm == column.arm and other.key != column.key for other in columns)
        if ALL_ARMS[column.arm].sampled and several:
            names.setdefault(ALL_ARMS[column.arm].phrase, []).append(f"{column.seed:,}")
        else:
            names[column.phrase] = []
    return listed([_with_seeds(name, seeds) if seeds else name for name, seeds in names.items()])


def _with_seeds(name: str, seeds: list[str]) -> str:
    said = f"seed{'s' * (len(seeds) > 1)} {listed(seeds)}"
    return f"{name[:-1]}, {said})" if name.endswith(")") else f"{name} ({said})"


def usual_columns() -> tuple[Column, ...]:
    """Returns the columns that are shown before anything is asked."""
    return columns_of(ARMS)


def _denoised(arm: str, seed: int, first: bool, alone: bool) -> Column:
    key = arm if first else f"{arm}@{seed}"
    if alone:
        return Column(key, arm, ALL_ARMS[arm].label, ALL_ARMS[arm].phrase, seed)
    phrase = _with_seeds(ALL_ARMS[arm].phrase, [f"{seed:,}"])
    return Column(key, arm, f"{ALL_ARMS[arm].label}, seed {seed:,}", phrase, seed)


def seeds_of(given: Any) -> tuple[int, ...]:
    """Returns the seeds that a text such as "0, 1, 2" or "0-3", or a list of whole numbers, names, each once.

    Raises ConfigError for anything else, for none, and for more than MAX_COLUMNS.
    """
    if isinstance(given, str):
        parts = [part for part in re.split(r"[\s,;]+", re.sub(r"\s*[-–]\s*", "-", given.strip())) if part]
        seeds = [seed for part in parts for seed in _range(part, given)]
    else:
        values = given if isinstance(given, list | tuple) else [given]
        seeds = [whole("Seed", value) for value in values]
    for seed in seeds:
        require_range("Seed", seed, 0, MAX_SEED)
    if not seeds:
        raise ConfigError(f"No seed is given; {SEEDS_FORM}.")
    found = tuple(dict.fromkeys(seeds))
    if len(found) > MAX_COLUMNS:
        raise _too_many(len(found))
    return found


def _range(part: str, given: str) -> Iterable[int]:
    """Returns the seeds of "3" or of "3-5"."""
    match = re.fullmatch(r"([0-9]{1,19})(?:-([0-9]{1,19}))?", part)
    if match is None:
        raise ConfigError(f"Seeds must be whole numbers from 0 up, got {given.strip()[:40]!r}; {SEEDS_FORM}.")
    low, high = int(match[1]), int(match[2] or match[1])
    if high < low:
        raise ConfigError(f"A range of seeds must begin with the smaller, got {part!r}; write {high}-{low}.")
    if high - low >= MAX_COLUMNS:
        raise _too_many(high - low + 1)
    return range(low, high + 1)


def _too_many(count: int) -> ConfigError:
    return ConfigError(f"There must be at most {MAX_COLUMNS} seeds, got {count:,}; name fewer.")


def contexts_of(given: Any) -> tuple[str, ...]:
    """Returns the contexts that a text names, one a line, or a list of texts; each once, blank ones left out.

    Raises DataError for one of more than MAX_CHARACTERS, ConfigError for what is no text.
    """
    lines = (given or "").split("\n") if isinstance(given, str | None) else given
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        raise ConfigError("Contexts must be texts; give a list of them.")
    found = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    for text in found:
        if len(text) > MAX_CHARACTERS:
            raise DataError(
                f"A context must have at most {MAX_CHARACTERS:,} characters, got {len(text):,}; shorten it."
            )
    return found
