"""Maps kept on disk by the content of what they show, so that a map is made once.

A map is one safetensors file; its header holds the numbers about it as JSON. The name is a sha256 of all
inputs, settings and library versions: a changed input never finds an old map. Files that cannot be read are
made anew.
"""

import hashlib
import json
import logging
import os
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np

log = logging.getLogger(__name__)

FORMAT = 1
LIBRARIES = ("numpy", "scikit-learn", "umap-learn", "numba")  # those that decide where points come to lie
GROUPS = ("paths", "marks", "fitted_steps")

Map = TypeVar("Map")


def cached(
    folder: Path, arrays: dict[str, np.ndarray], settings: dict, kind: Callable[..., Map], compute: Callable[[], Map]
) -> Map:
    """Returns the map of `arrays` and `settings` from `folder`, or computes and keeps it.

    kind: the dataclass of the map. A folder that cannot be written costs a line in the log and nothing else.
    """
    key = content_key(arrays, settings)
    file = folder / f"{settings['method']}-{key}.safetensors"
    found = _read(file, kind)
    if found is not None:
        return found
    made = compute()
    try:
        _write(file, made)
    except OSError as error:
        log.warning("The map could not be kept in %s: %s", folder, error)
    return made


def content_key(arrays: dict[str, np.ndarray], settings: dict) -> str:
    """Returns the sha256 of arrays (values, shapes, names), settings and library versions, in hexadecimal."""
    digest = hashlib.sha256()
    facts = {
        "format": FORMAT,
        "settings": settings,
        "versions": {name: version(name) for name in LIBRARIES},
        "arrays": [[name, str(array.dtype), array.shape] for name, array in arrays.items()],
    }
    digest.update(json.dumps(facts, sort_keys=True).encode())
    for array in arrays.values():
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _write(file: Path, made) -> None:
    """Writes a map under a temporary name and renames it, so that no half of it is ever found."""
    from safetensors.numpy import save

    groups = {group: getattr(made, group) for group in GROUPS}
    arrays = {f"{group}/{name}": array for group, named in groups.items() for name, array in named.items()}
    arrays["vocabulary"] = made.vocabulary
    about = {"method": made.method, "quality": made.quality, "parameters": made.parameters}
    about |= {group: list(named) for group, named in groups.items()}  # safetensors keeps no order
    packed = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    data = save(packed, {"map": json.dumps(about)})
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def _read(file: Path, kind: Callable[..., Map]) -> Map | None:
    """Returns the map of a file, or None if there is none that can be read."""
    from safetensors import SafetensorError, safe_open

    if not file.is_file():
        return None
    try:
        with safe_open(file, "np") as opened:
            about = json.loads(opened.metadata()["map"])
            for group in GROUPS:
                about[group] = {name: opened.get_tensor(f"{group}/{name}") for name in about[group]}
            return kind(vocabulary=opened.get_tensor("vocabulary"), **about)
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        log.warning("The map in %s cannot be read and is made anew: %s", file, error)
        return None
