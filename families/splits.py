"""What may be trained on and what is held out: families, phrasings and values.

A held-out family is never trained on. Of each other family the last two phrasings are never trained on, and
neither are the values (names, literals) of about a tenth of its instances: those for which the checksum of
the right code is divisible by ten, so that a held-out answer never is a training target.
"""

import random
from collections.abc import Callable, Sequence
from zlib import crc32

from families.catalog import FAMILIES
from families.family import Draw, Family, Instance, generator_of, task_of

HELD_OUT_SHARE = 10  # one in ten families and one in ten sets of values
HELD_OUT_PHRASINGS = 2
HELD_OUT_SEEDS = 1 << 40  # seeds of held-out instances start here, those of training instances stay below


def is_held_out(name: str) -> bool:
    """Returns whether the family of this name is kept for evaluation."""
    return crc32(name.encode()) % HELD_OUT_SHARE == 0


def has_held_out_values(draw: Draw) -> bool:
    """Returns whether these names and literals are kept for evaluation, by the code that they lead to."""
    return crc32(draw.reference.encode()) % HELD_OUT_SHARE == 0


def training_phrasings(family: Family) -> tuple[str, ...]:
    """Returns the phrasings of `family` that are trained on."""
    return family.phrasings[:-HELD_OUT_PHRASINGS]


def held_out_phrasings(family: Family) -> tuple[str, ...]:
    """Returns the phrasings of `family` that are kept for evaluation."""
    return family.phrasings[-HELD_OUT_PHRASINGS:]


def training_families() -> tuple[Family, ...]:
    """Returns the families that are trained on."""
    return tuple(family for name, family in FAMILIES.items() if not is_held_out(name))


def held_out_families() -> tuple[Family, ...]:
    """Returns the families that are kept for evaluation."""
    return tuple(family for name, family in FAMILIES.items() if is_held_out(name))


def _all_phrasings(family: Family) -> tuple[str, ...]:
    return family.phrasings


# What held out "by ..." means: which families, which of their phrasings, whether values are held-out ones.
HELD_OUT_BY: dict[str, tuple[Callable[[], Sequence[Family]], Callable[[Family], tuple[str, ...]], bool]] = {
    "family": (held_out_families, _all_phrasings, True),
    "phrasing": (training_families, held_out_phrasings, False),
    "value": (training_families, training_phrasings, True),
}


def _instances(
    n: int,
    seed: int,
    start: int,
    families: Sequence[Family],
    phrasings: Callable[[Family], tuple[str, ...]],
    held_out_values: bool,
) -> list[Instance]:
    """Returns `n` instances with seeds from `start` on, whose values are all held out or all not."""
    rng = random.Random(seed)
    tasks: list[Instance] = []
    number = start + seed * 10_000_000
    while len(tasks) < n:
        number += 1
        family = rng.choice(families)
        draws = generator_of(family, number)
        draw = family.draw(draws)
        if has_held_out_values(draw) == held_out_values:
            tasks.append(task_of(family, number, draw, draws, phrasings(family)))
    return tasks


def training_instances(
    n: int, seed: int, phrasings: Callable[[Family], tuple[str, ...]] = training_phrasings
) -> list[Instance]:
    """Returns `n` instances that may be trained on, in these phrasings; the same for the same seed."""
    return _instances(n, seed, 0, training_families(), phrasings, False)


def held_out_instances(n: int, seed: int, by: str = "family") -> list[Instance]:
    """Returns `n` instances that no training instance resembles in one respect, `by` a key of HELD_OUT_BY.

    "family": families that are never trained on; "phrasing": trained families in phrasings that never are;
    "value": trained families and phrasings, but answers (names and literals) that never are.
    """
    families, phrasings, values = HELD_OUT_BY[by]
    return _instances(n, seed, HELD_OUT_SEEDS, families(), phrasings, values)
