"""Further wordings of the training families' requests, beside the six that each family is trained on by itself.

They stand in `requests_of_families.txt`: a family's name in brackets, then its requests, each on a line that starts
with "- ". Who wrote them did not see the wordings that are held out.
"""

from functools import cache
from pathlib import Path

from families.family import Family
from recipes.corpus.idioms import MARK

FILE = Path(__file__).parent / "requests_of_families.txt"


@cache
def all_rephrasings() -> dict[str, tuple[str, ...]]:
    """Returns family -> its further requests."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            found[name] = []
        elif line.startswith(MARK):
            found[name].append(line.removeprefix(MARK))
    return {name: tuple(requests) for name, requests in found.items()}


def rephrasings(family: Family) -> tuple[str, ...]:
    """Returns the further requests of `family`."""
    return all_rephrasings()[family.name]
