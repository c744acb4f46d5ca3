"""A family: one kind of small programming task, from which any number of instances is drawn."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NAME_MARKS = ("`", "`", "`", "`", "", "", "'", '"')  # how people mark names; every phrasing is written with `
LOWER_CASE_SHARE = 0.35  # share of instructions that start in lower case, as hurried questions do
NO_STOP_SHARE = 0.3  # share of instructions whose last "." or "?" is left out


@dataclass(frozen=True)
class Draw:
    """The values of one instance: what fills the phrasing, the right code, its inputs and its tests.

    `setup` runs before the code. If the code's last statement is an expression, its value is bound to `_`,
    so the tests of a one-line answer read `assert _ == [3, 2, 1]`.
    """

    values: dict[str, str]
    reference: str
    setup: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Instance:
    """One task: what is asked, the right code, and the tests that code must pass, run one by one after `setup`."""

    id: str
    instruction: str
    reference: str
    tests: tuple[str, ...]
    setup: str


@dataclass(frozen=True)
class Family:
    """One kind of task. `kind` is "statement" (one line) or "function" (a short def).

    Every phrasing names every value of the draw; names stand in backquotes, which an instance may swap for
    other marks. The last two phrasings are never trained on (see splits.py).
    """

    name: str
    topic: str
    kind: str
    phrasings: tuple[str, ...]
    draw: Callable[[random.Random], Draw]


def generator_of(family: Family, seed: int) -> random.Random:
    """Returns the generator of one instance: the same on every machine for the same family and seed."""
    return random.Random(f"{family.name}/{seed}")


def task_of(
    family: Family, seed: int, draw: Draw, rng: random.Random, phrasings: Sequence[str] | None = None
) -> Instance:
    """Returns `draw` as a task in one of `phrasings` (default: any of the family's), chosen by `rng`."""
    text = rng.choice(phrasings or family.phrasings)
    text = text.replace("`", rng.choice(NAME_MARKS))
    if rng.random() < LOWER_CASE_SHARE and not text.startswith("{"):
        text = text[0].lower() + text[1:]
    if rng.random() < NO_STOP_SHARE:
        text = text.rstrip(".?")
    return Instance(f"{family.name}/{seed}", text.format_map(draw.values), draw.reference, draw.tests, draw.setup)


def instance(family: Family, seed: int, phrasings: Sequence[str] | None = None) -> Instance:
    """Returns the instance of `family` that belongs to `seed`."""
    rng = generator_of(family, seed)
    return task_of(family, seed, family.draw(rng), rng, phrasings)
