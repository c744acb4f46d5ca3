"""Names of runs, prompts and studies, which are names of folders and stand in addresses; and names in a sentence."""

import re
from collections.abc import Container

from ddpt_core.errors import ArtifactError

LONGEST = 80  # characters


def check_name(what: str, name: str) -> str:
    """Returns `name`; raises ArtifactError, which names `what` has it, for one that no folder should have."""
    if not re.fullmatch(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*", name) or len(name) > LONGEST:
        raise ArtifactError(
            f"A {what}'s name must have 1 to {LONGEST} letters, digits, . _ + or -, and no dot first, "
            f"got {name[: LONGEST + 10]!r}."
        )
    return name


def free_name(wanted: str, taken: Container[str]) -> str:
    """Returns `wanted` as a name, with a number behind it if that is taken."""
    plain = re.sub(r"[^\w.+-]+", "-", wanted, flags=re.ASCII).lstrip(".")[:LONGEST] or "run"
    names = (plain, *(f"{plain[: LONGEST - 5]}-{again}" for again in range(2, 1000)))
    return next(name for name in names if name not in taken)
