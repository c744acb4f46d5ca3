"""The trajectories that were last in use, so that a run is not read from disk, or made from its recipe, again."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from app.page.stream import Tell
from app.viewer.view import key_of
from ddpt_core.errors import ArtifactError

ROOM = 448 << 20  # bytes of memory; three runs of 2,000 steps, 16 positions, width 576

Model = Callable[[Tell | None], AbstractContextManager[None]]  # lends the model, and tells while others have it


class RecentTrajectories:
    """The last used trajectories by their run's key, of at most `room` bytes together, but always the last one.

    model: held while a run is made from its recipe, which is work for the processor like any other.
    """

    def __init__(self, room: int = ROOM, model: Model = nullcontext):
        self.room, self.model = room, model
        self._kept: OrderedDict[str, object] = OrderedDict()
        self._change, self._reading = threading.Lock(), threading.Lock()

    def add(self, trajectory, folder: Path) -> None:
        """Keeps a trajectory that was just saved to `folder`, with the run.json that it has there."""
        info = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        self._keep(key_of(folder), replace(trajectory, info=info))

    def load(self, entry, backbone=None, tell: Tell | None = None):
        """Returns the trajectory of a RunEntry; raises ArtifactError if it is damaged or of another `backbone`.

        One is read at a time, so that many who ask for the same do not read it many times. A recipe is made again, of
        which `tell` hears, and which it may cancel; ArtifactError also if its prompt is not here.
        """
        if backbone is not None:
            check_backbone(entry, backbone)
        key = key_of(entry.folder)
        found = self._find(key)
        if found is None:
            # The model before the lock, as those have it who hold the model already.
            with self.model(tell) if entry.recipe else nullcontext(), self._reading:
                found = self._find(key) or self._keep(key, load_run(entry, tell))
        return found

    def ready(self, entry) -> bool:
        """Returns whether `load` takes no longer than reading a file."""
        return not entry.recipe or self._find(key_of(entry.folder)) is not None

    def _find(self, key: str):
        with self._change:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: str, trajectory):
        with self._change:
            self._kept[key] = trajectory
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(map(size_of, self._kept.values())) > self.room:
                self._kept.popitem(last=False)
        return trajectory


def check_backbone(entry, backbone) -> None:
    """Raises ArtifactError unless the RunEntry's run was made on this backbone."""
    if backbone.sha256 != entry.info["backbone"]["sha256"]:
        raise ArtifactError(
            f"The run {entry.name!r} was made with another version of the backbone {backbone.name!r}; "
            "make it again with the same settings."
        )


def load_run(entry, tell: Tell | None = None):
    """Returns the trajectory of a RunEntry, read or made again; in an error the run is called by its name."""
    from ddpt_core import Trajectory

    steps = entry.info["steps"]

    def told(share: float) -> None:
        if tell:
            tell(share, f"Making the run again from its seed: step {round(share * steps):,} of {steps:,}")

    try:
        return Trajectory.load(entry.folder, progress=told)
    except ArtifactError as error:
        raise ArtifactError(str(error).replace(f"The run {entry.folder}", f"The run {entry.name!r}")) from None


def size_of(trajectory) -> int:
    """Returns the bytes of memory that a trajectory takes."""
    return trajectory.x.nbytes + trajectory.context.nbytes
