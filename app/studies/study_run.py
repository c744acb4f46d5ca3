"""One study of the page under way: where it stands, how long it will still take, and how it ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from app.page.jobs import Job

if TYPE_CHECKING:
    from app.studies.kept.study_folders import StudyEntry
    from ddpt_core.study.course import Moment

SURE = 5.0  # seconds of work after which its pace is known better than from the probe


class StudyRun(Job):
    """A study as it goes on; `share` is how much of it is done."""

    def __init__(self, entry: StudyEntry):
        super().__init__(entry.name)
        self.entry, self.share = entry, 0.0
        self.cell = self.cells = 0
        self._left: float | None = None
        self._begun: float | None = None  # when the first cell had begun

    def hear(self, moment: Moment) -> None:
        """Notes where the core says that it stands; raises Cancelled once it is asked to stop."""
        now = time.monotonic()
        if self._begun is None:
            self._begun = now
        self.cell, self.cells = moment.cell, moment.cells
        self.share = min(1.0, moment.done / moment.total) if moment.total else 0.0
        elapsed, left = now - self._begun, moment.total - moment.done
        known = elapsed > SURE and moment.done > 0
        self._left = left * elapsed / moment.done if known else left
        self.tell(self.share, f"Cell {moment.cell:,} of {moment.cells:,}: {moment.name}")

    def seconds_left(self) -> float | None:
        """Returns how long the work that is left will take, None as long as that cannot be said."""
        return self._left
