"""The folder in which one program may write: made for it, watched, and removed whatever is left in it."""

import contextlib
import fcntl
import glob
import logging
import os
import secrets
import tempfile
import time
from types import TracebackType

from sandbox.confinement import NOBODY

log = logging.getLogger(__name__)
_MAX_ENTRIES = 2_000
_PREFIX = "ddpt-sandbox-"
_SURELY_LOCKED_SECONDS = 60.0  # after it was made
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Base:
    """A new folder `path`, below which each run has its own; the user a program runs as cannot list it.

    It is locked for as long as it is in use. What a process that was killed has left behind, and so unlocked, is
    removed when the next one makes its own.
    """

    def __init__(self) -> None:
        _remove_leftovers()
        self.path = tempfile.mkdtemp(prefix=_PREFIX)
        if os.geteuid() == 0:
            os.chmod(self.path, 0o711)
        self._lock = os.open(self.path, _FOLDER)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Deletes the folder and all in it."""
        os.close(self._lock)
        try:
            remove(self.path)
        except OSError as problem:
            log.warning("The sandbox's folder %s could not be removed: %s", self.path, problem)

    def abandon(self) -> None:
        """Leaves the folder to the process that this one is a forked copy of."""
        os.close(self._lock)


def _remove_leftovers() -> None:
    for path in glob.glob(os.path.join(glob.escape(tempfile.gettempdir()), f"{_PREFIX}*")):
        with contextlib.suppress(OSError):
            folder = os.open(path, _FOLDER)
            try:
                found = os.fstat(folder)
                if found.st_uid == os.geteuid() and time.time() - found.st_mtime > _SURELY_LOCKED_SECONDS:
                    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove(path)
            finally:
                os.close(folder)


class Scratch:
    """A context manager around an empty folder `path` in `base` that belongs to the user the program runs as.

    descriptor: the folder, open.
    """

    def __init__(self, base: str) -> None:
        self._base = base

    def __enter__(self) -> "Scratch":
        self.path = tempfile.mkdtemp(dir=self._base)
        if os.geteuid() == 0:
            os.chown(self.path, NOBODY, NOBODY)
        self.descriptor = os.open(self.path, os.O_PATH | os.O_DIRECTORY)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
        try:
            remove(self.path)
        except FileNotFoundError:
            return  # gone together with its nursery's folder
        except OSError as problem:
            log.warning("The folder %s of a finished program could not be removed: %s", self.path, problem)

    def exceeds(self, limit_bytes: int) -> bool:
        """Returns whether the files take more than `limit_bytes`, or are more than 2,000."""
        total = entries = 0
        folders = [self.path]
        while folders:
            try:
                found = os.scandir(folders.pop())
            except OSError:
                continue  # removed meanwhile, or nested beyond what a path can name
            with found:
                for entry in found:
                    entries += 1
                    try:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(entry.path)
                    except OSError:
                        continue
                    if total > limit_bytes or entries > _MAX_ENTRIES:
                        return True
        return False


def remove(folder: str) -> None:
    """Deletes a folder; what is nested in it, perhaps too deeply for a path, is moved up and deleted in turn.

    No link is followed, even if one takes the place of a folder meanwhile.
    """
    top = os.open(folder, _FOLDER)
    try:
        while names := os.listdir(top):
            for name in names:
                with contextlib.suppress(FileNotFoundError):  # removed by another thread meanwhile
                    if not _is_unlinked(name, top):
                        _dissolve(name, top)
    finally:
        os.close(top)
    os.rmdir(folder)


def _dissolve(name: str, top: int) -> None:
    """Deletes the folder `name` in the open folder `top`, and moves the folders in it to `top`."""
    _open_up(name, top)
    inside = os.open(name, _FOLDER, dir_fd=top)
    try:
        for inner in os.listdir(inside):
            if not _is_unlinked(inner, inside):
                _open_up(inner, inside)  # a folder that may not be written may not be moved either
                os.rename(inner, f"removed-{secrets.token_hex(8)}", src_dir_fd=inside, dst_dir_fd=top)
    finally:
        os.close(inside)
    os.rmdir(name, dir_fd=top)


def _is_unlinked(name: str, folder: int) -> bool:
    """Deletes what is no folder; returns whether it was none."""
    try:
        os.unlink(name, dir_fd=folder)
    except IsADirectoryError:
        return False
    return True


def _open_up(name: str, folder: int) -> None:
    if os.geteuid() != 0:  # root needs no permission
        os.chmod(name, 0o700, dir_fd=folder)
