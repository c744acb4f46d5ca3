"""What outlives a run: files appear whole or not at all, and a damaged or newer description is refused by name."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ddpt_core.errors import ArtifactError, first_line


def write_files(folder: Path, files: Mapping[str, bytes | str]) -> None:
    """Writes name -> content to `folder`, which is made if needed; the first replaces a file only once all are written.

    Text is written as UTF-8. Raises ArtifactError.
    """
    parts = {name: folder / f".{name}.{os.getpid()}.part" for name in files}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            parts[name].write_bytes(content.encode() if isinstance(content, str) else content)
        for name, part in parts.items():
            os.replace(part, folder / name)
    except OSError as error:
        raise ArtifactError(
            f"{', '.join(files)} cannot be written to {folder} ({error.strerror}); free some space there or choose "
            "another folder."
        ) from error
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink()


def check_writable(folder: Path) -> None:
    """Raises ArtifactError unless files can be written to `folder`, which is made if needed."""
    probe = folder / f".writable.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_text("x")
        probe.unlink()
    except OSError as error:
        with suppress(OSError):
            probe.unlink()
        raise ArtifactError(f"The folder {folder} cannot be written ({error.strerror}); choose another.") from error


def read_description(path: Path, what: str, newest: int) -> dict[str, Any]:
    """Returns the JSON object in `path`; raises ArtifactError if it is damaged or of a format newer than `newest`."""
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        version = int(info["format"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArtifactError(f"The {what}'s {path} is damaged ({first_line(error)}); copy it again.") from error
    if version > newest:
        raise ArtifactError(f"The {what} {path.parent} has format {version}, newer than {newest}; update this program.")
    return info
