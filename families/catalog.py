"""All families by name, gathered from the topics."""

import random
from collections.abc import Sequence

from families import (
    classes,
    collections_tasks,
    comprehensions,
    dates,
    dicts,
    files,
    formatting,
    itertools_tasks,
    json_tasks,
    list_functions,
    lists,
    numbers,
    numpy_tasks,
    recursion,
    regex,
    sets,
    slices,
    sorting,
    strings,
    text_functions,
)
from families.family import Family, Instance, instance

TOPICS = (
    strings,
    text_functions,
    formatting,
    numbers,
    slices,
    lists,
    comprehensions,
    sorting,
    sets,
    dicts,
    itertools_tasks,
    list_functions,
    collections_tasks,
    regex,
    dates,
    files,
    json_tasks,
    recursion,
    classes,
    numpy_tasks,
)
FAMILIES: dict[str, Family] = {family.name: family for topic in TOPICS for family in topic.FAMILIES}


def instances(n: int, seed: int, families: Sequence[Family] | None = None) -> list[Instance]:
    """Returns `n` instances of `families` (default: all), of random families; the same for the same seed."""
    chosen = tuple(families or FAMILIES.values())
    rng = random.Random(seed)
    return [instance(rng.choice(chosen), seed * 10_000_000 + number) for number in range(n)]
