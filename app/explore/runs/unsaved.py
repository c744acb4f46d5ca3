"""Runs that are their visitor's alone until kept: a folder for each visitor, and what is left too long is removed."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ddpt_core.errors import ArtifactError

HOURS = 12  # since a run was last used; then it is removed
SWEEP = 600  # seconds between two looks for old ones
ROOM = 2_000_000_000  # bytes that one visitor's unsaved runs may take
TRASH = ".trash"  # the folder beside runs that holds deleted ones for a while, each in one of its own


class UnsavedRuns:
    """The folders below `root`; several servers may share it, and none waits for another.

    remove: removes a folder of a run, or of a deleted one.
    """

    def __init__(self, root: Path, remove: Callable[[Path], None]):
        self.root, self.remove = root, remove
        self._swept = -float("inf")

    def folder(self, visitor: str) -> Path:
        """Returns the folder of the visitor's runs, which need not be there yet."""
        if not visitor.isalnum():
            raise ValueError(f"no visitor is called {visitor!r}")
        return self.root / visitor

    def of(self, visitor: str | None) -> dict[str, Path]:
        """Returns name -> folder of the visitor's unsaved runs, the newest first; of none for None."""
        self.remove_old()
        return runs_in(self.folder(visitor)) if visitor else {}

    def all(self) -> Iterator[Path]:
        """Yields the folder of every unsaved run, whoever made it."""
        with suppress(FileNotFoundError):
            for folder in list(self.root.iterdir()):
                yield from runs_in(folder).values()

    def check_room(self, visitor: str) -> None:
        """Raises ArtifactError if the visitor's runs take ROOM already."""
        taken = sum(size_of(folder) for folder in runs_in(self.folder(visitor)).values())
        if taken > ROOM:
            raise ArtifactError(
                f"Unsaved runs may take at most {ROOM // 1_000_000:,} MB, got {taken // 1_000_000:,}; "
                "keep or delete one first."
            )

    def remove_old(self) -> None:
        """Removes what nobody has used for HOURS: runs, deleted ones, and what a stopped server left half-written."""
        if time.monotonic() - self._swept < SWEEP or not self.root.is_dir():
            return
        self._swept = time.monotonic()
        for visitor in list(self.root.iterdir()):
            for folder in [*visitor.glob("*"), *visitor.glob(f"{TRASH}/*")]:
                if folder.name != TRASH:
                    remove_if_old(folder, HOURS * 3_600, self.remove)
            idle = time.time() - SWEEP  # into a folder that was made since, a run may just be coming
            for emptied in (visitor / TRASH, visitor):
                with suppress(OSError):
                    if emptied.name == TRASH or emptied.stat().st_mtime < idle:
                        emptied.rmdir()  # only one that is empty


def used(folder: Path) -> None:
    """Notes that a run was used now."""
    with suppress(OSError):
        os.utime(folder)


def remove_if_old(folder: Path, seconds: float, remove: Callable[[Path], None]) -> None:
    """Removes a folder that was last used so long ago; whoever else removes or moves it at the same time may win."""
    with suppress(OSError):
        if time.time() - folder.stat().st_mtime > seconds:
            remove(folder)


def runs_in(folder: Path) -> dict[str, Path]:
    """Returns name -> folder of the runs in `folder`, the newest first; one that is being written is left out."""
    found = []
    with suppress(OSError):
        for run in folder.iterdir():
            with suppress(OSError):
                if not run.name.startswith("."):
                    found.append(((run / "run.json").stat().st_mtime, run))
    return {run.name: run for _, run in sorted(found, reverse=True)}


def size_of(folder: Path) -> int:
    """Returns how many bytes a run takes on the disk; 0 once it is gone."""
    with suppress(OSError):
        return sum(file.stat().st_size for file in folder.iterdir())
    return 0
