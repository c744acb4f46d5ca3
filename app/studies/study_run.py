"""One study of the page under way: where it stands, how long it will still take, and how it ended."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from app.page.stream import Cancelled

if TYPE_CHECKING:
    from app.studies.kept.study_folders import StudyEntry
    from ddpt_core.study.course import Moment

DONE, STOPPED, FAILED = "done", "stopped", "failed"  # how one can end
SURE = 5.0  # seconds of work after which its pace is known better than from the probe


class StudyRun:
    """A study as it goes on: one thread writes it, others read it.

    `text` is what is being done and `share` how much is, `outcome` "" while it goes on.
    """

    def __init__(self, entry: StudyEntry):
        self.entry = entry
        self.text, self.share, self.outcome, self.sentence = "Starting…", 0.0, "", ""
        self.cell = self.cells = 0
        self.asked = threading.Event()
        self.ended = threading.Event()
        self._left: float | None = None
        self._begun: float | None = None  # when the first cell had begun

    def tell(self, share: float, text: str) -> None:
        """Notes in words what is going on; raises Cancelled once it is asked to stop."""
        self.text = text
        if self.asked.is_set():
            raise Cancelled

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

    def stop(self) -> None:
        """Asks it to end as soon as it next tells where it stands."""
        self.asked.set()

    def end(self, outcome: str, sentence: str = "") -> None:
        """Notes how it ended."""
        self.outcome, self.sentence = outcome, sentence
        self.ended.set()
