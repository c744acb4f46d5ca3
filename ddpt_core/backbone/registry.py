"""Where backbones, prompts and runs lie, and what is there."""

import os
from pathlib import Path

from ddpt_core.errors import ArtifactError

ASSETS = Path(__file__).resolve().parents[2] / "assets"
DEFAULT = "SmolLM2-135M-Instruct"  # the name of the backbone that fetch.py puts in place

# Backbones of the Hugging Face hub of the families that are tested, offered by the app and by `info`; any other name
# may be given.
HUB_BACKBONES = (
    "Salesforce/codet5p-220m",
    "Salesforce/codet5p-770m",
    "Salesforce/codet5-base",
    "google/flan-t5-small",
    "Qwen/Qwen2.5-Coder-0.5B",
    "HuggingFaceTB/SmolLM2-135M",
)


def user_folder(kind: str) -> Path:
    """Returns the folder of the user's own `runs` or `prompts`: $DDPT_HOME/kind, else ./kind."""
    return Path(os.environ.get("DDPT_HOME", ".")) / kind


def available(kind: str, marker: str) -> dict[str, Path]:
    """Returns name -> folder of every item of `kind` ("runs", "prompts") that holds the file `marker`.

    The user's own come after the embedded ones, which hide own ones of the same name.
    """
    found: dict[str, Path] = {}
    for root in (ASSETS / kind, user_folder(kind)):
        if root.is_dir():
            found |= {p.name: p for p in sorted(root.iterdir()) if (p / marker).is_file() and p.name not in found}
    return found


def find(kind: str, marker: str, source: str | Path, make_one: str) -> Path:
    """Returns the folder of an item of `kind`, which holds the file `marker`, given by name or path.

    A string is a name first and a folder then, a Path is always a folder. Raises ArtifactError that lists the known
    names, or says to `make_one`.
    """
    known = available(kind, marker)
    if isinstance(source, str) and source in known:
        return known[source]
    if os.path.isfile(os.path.join(source, marker)):
        return Path(source)
    raise ArtifactError(
        f"There is no {kind.removesuffix('s')} {str(source)!r}; choose one of "
        f"{', '.join(known) or f'none yet ({make_one})'}, or give a folder that holds {marker}."
    )
