"""The trajectories that were last in use, so that a run that was just recorded is not read from disk again."""

import json
import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from app.viewer.view import key_of
from ddpt_core.errors import ArtifactError

ROOM = 256 << 20  # bytes of memory; four runs of 2,000 steps, 16 positions, width 256


class RecentTrajectories:
    """The last used trajectories by their run's key, of at most `room` bytes together, but always the last one."""

    def __init__(self, room: int = ROOM):
        self.room = room
        self._kept: OrderedDict[str, object] = OrderedDict()
        self._change, self._reading = threading.Lock(), threading.Lock()

    def add(self, trajectory, folder: Path) -> None:
        """Keeps a trajectory that was just saved to `folder`, with the run.json that it has there."""
        info = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        self._keep(key_of(folder), replace(trajectory, info=info))

    def load(self, entry, backbone):
        """Returns the trajectory of a RunEntry; raises ArtifactError if it is damaged or of another backbone.

        One is read at a time, so that many who ask for the same do not read it many times.
        """
        from ddpt_core import Trajectory

        if backbone.sha256 != entry.info["backbone"]["sha256"]:
            raise ArtifactError(
                f"The run {entry.name!r} was made with another version of the backbone {backbone.name!r}; "
                "make it again with the same settings."
            )
        key = key_of(entry.folder)
        found = self._find(key)
        if found is None:
            with self._reading:
                found = self._find(key) or self._keep(key, Trajectory.load(entry.folder))
        return found

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


def size_of(trajectory) -> int:
    """Returns the bytes of memory that a trajectory takes."""
    return trajectory.x.nbytes + trajectory.context.nbytes
