"""The folder in which one program may write: made for it, watched, and removed whatever is left in it."""

import logging
import os
import tempfile
from types import TracebackType

from ddpt_core.evaluation.sandbox.confinement import NOBODY

log = logging.getLogger(__name__)
_MAX_ENTRIES = 2_000


class Scratch:
    """A context manager around an empty folder `path` that belongs to the user the program runs as."""

    def __enter__(self) -> "Scratch":
        self.path = tempfile.mkdtemp(prefix="ddpt-sandbox-")
        if os.geteuid() == 0:
            os.chown(self.path, NOBODY, NOBODY)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            remove(self.path)
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
    """Deletes a folder; what is nested in it, perhaps too deeply for a path, is moved up and deleted in turn."""
    moved = 0
    while True:
        with os.scandir(folder) as found:
            entries = list(found)
        if not entries:
            break
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            for inner in os.listdir(entry.path):
                moved += 1
                os.rename(os.path.join(entry.path, inner), os.path.join(folder, f".removed-{moved}"))
            os.rmdir(entry.path)
    os.rmdir(folder)
