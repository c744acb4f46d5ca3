"""The cells of a study on disk: each a folder whose result is written whole or not at all, named after what it is of.

A cell's name ends in a digest of its key, everything that the result depends on. So cells that two parts of a study
have in common are one folder, made once, and a changed plan finds whatever it left as it was.
"""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from ddpt_core.data.task import Task
from ddpt_core.files import write_files
from ddpt_core.settings import CELL_RESULT

LIBRARIES = ("torch", "transformers", "diffusers", "peft", "sacrebleu")


@dataclass(frozen=True)
class Cell:
    """A folder with the result of one piece of work, below the study's folder `root`.

    `label` says shortly what the key says, for people.
    """

    root: Path
    kind: str
    label: str
    key: dict[str, Any]

    @cached_property
    def name(self) -> str:
        """Where it lies below the study's folder."""
        return f"cells/{self.kind}/{self.label}-{digest_of(self.key)[:12]}"

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.root / self.name

    def read(self) -> dict[str, Any] | None:
        """Returns the result, None if it is not there, damaged, or of another key."""
        try:
            result = json.loads((self.folder / CELL_RESULT).read_text(encoding="utf-8"))
            return result if result["key"] == json.loads(json.dumps(self.key)) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, result: dict[str, Any], files: dict[str, str] | None = None) -> dict[str, Any]:
        """Writes `files`, and last of all the result; returns it with its key and the versions that made it."""
        whole = {"key": self.key, "versions": versions(), **result}
        write_files(self.folder, {**(files or {}), CELL_RESULT: as_text(whole)})
        return whole


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that figures depend on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


def as_text(content: Any) -> str:
    """Returns JSON as the files of a study hold it."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def digest(tasks: Sequence[Task]) -> str:
    """Returns the sha256 of everything in the tasks."""
    return digest_of([asdict(task) for task in tasks])


def digest_of(content: Any) -> str:
    """Returns the sha256 of anything that JSON holds."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
