"""Studies of the page: what may be run and what it will cost, the one that is under way, and how it goes on.

A study writes to a folder of the user's studies just as `python -m ddpt_core study --out` does, so either can go on
with what the other began. What needs torch is imported where it is used.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from app.page.jobs import Jobs
from app.page.names import check_name, free_name
from app.page.services import WAITING
from app.page.stream import DONE, Tell
from app.page.uploads import on_a_space
from app.studies.kept.study_folders import RUNNING, SHIPPED, StudyEntry, studies_there
from app.studies.study_file import NOT_HERE, Wanted, read_wanted
from app.studies.study_run import StudyRun
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, ConfigError, DDPTError
from ddpt_core.files import check_writable, write_files
from ddpt_core.settings import STUDY_REQUEST

LAST_PIECE = 30.0  # seconds that the program waits for, when it is ended, so that a study can stop
TOO_EARLY = "Stopped before its first cell was done; nothing of it was kept."

log = logging.getLogger(__name__)


class Studies(Jobs[StudyRun]):
    """Runs one study at a time; `services` gives backbones and the turns at the model."""

    KIND, BEFORE_ANOTHER, LAST = "study", "cancel it or wait for its end", LAST_PIECE

    def there(self) -> dict[str, StudyEntry]:
        """Returns name -> study that can be looked at."""
        return studies_there()

    def get(self, name: str | None) -> StudyEntry:
        """Returns the study of that name; raises ArtifactError."""
        found = self.there().get(name or "")
        if found is None:
            raise ArtifactError(f"There is no study {str(name)[:80]!r}; choose one of the list.")
        return found

    def described(self) -> list[dict[str, Any]]:
        """Returns what a list tells of every study, as JSON holds it."""
        running = self.under_way
        return [
            entry.described(RUNNING if running and running.entry.name == entry.name else "")
            for entry in self.there().values()
        ]

    def estimate(self, wanted: Wanted, tell: Tell) -> dict[str, Any]:
        """Returns what the study will cost on this machine, in numbers and in a sentence; raises DDPTError."""
        from ddpt_core.study.study import Shelf, check

        with self.services.model(tell):
            tell(0.3, "Loading the backbone and the data, and trying both…")
            try:
                found = check(wanted.study, Shelf(self.services.backbone), wanted.data_folder, wanted.limit)
            except DDPTError as error:
                raise type(error)(_as_on_the_page(str(error))) from None
        return found.estimate.described() | {"sentence": found.estimate.sentence(), "missing": found.missing}

    def start(self, wanted: Wanted, name: str | None = "") -> StudyRun:
        """Returns the study, which has begun in a thread of its own; raises DDPTError if another is under way."""
        with self.change:
            self.require_idle()
            home = registry.user_folder("studies")
            taken = {SHIPPED, *self.there(), *(os.listdir(home) if home.is_dir() else ())}
            chosen = (name or "").strip() or free_name(Path(wanted.file).stem, taken)
            check_name("study", chosen)
            if chosen in taken:
                raise ArtifactError(f"There is a study {chosen!r} already; choose another name, or none.")
            check_writable(home)
            asked = {
                "file": wanted.file,
                "data_folder": str(wanted.data_folder.resolve()),
                "limit": wanted.limit,
                "command_file": wanted.command_file,
                "backbones": wanted.study.backbones,
                "parts": len(wanted.study.parts),
            }
            folder = home / chosen
            write_files(folder, {wanted.file: wanted.text, STUDY_REQUEST: json.dumps(asked, indent=1) + "\n"})
            return self.begin(StudyRun(StudyEntry(chosen, folder)), partial(self._run, wanted=wanted))

    def resume(self, name: str | None, local: bool = False) -> StudyRun:
        """Returns a stopped study, which goes on where it was stopped; raises DDPTError."""
        if on_a_space():
            raise ConfigError(NOT_HERE)
        with self.change:
            self.require_idle()
            entry = self.get(name)
            asked = entry.request
            if asked is None:
                raise ArtifactError(
                    f"The study {entry.name!r} was not begun on this page; go on with it by `python -m ddpt_core study "
                    "FILE --out DIR --resume`."
                )
            path = entry.folder / Path(str(asked["file"])).name
            called = str(asked.get("command_file", path.name))
            root = Path(str(asked["data_folder"]))
            wanted = read_wanted(path, root, asked["limit"], called, local)
            return self.begin(StudyRun(entry), partial(self._run, wanted=wanted))

    def delete(self, name: str | None) -> None:
        """Deletes a study of the user's own; raises DDPTError for the shipped one and for one that is under way."""
        entry = self.get(name)
        if on_a_space() or not entry.own:
            raise ConfigError(f"The study {entry.name!r} is not to be deleted here.")
        with self.change:
            if self.under_way and self.under_way.entry.name == entry.name:
                raise ConfigError(f"The study {entry.name!r} is under way; cancel it first.")
            shutil.rmtree(entry.folder, ignore_errors=True)

    def said(self, job: StudyRun, sentence: str) -> str:
        """Returns a sentence of the core's with the form's words."""
        return _as_on_the_page(sentence)

    def left(self, job: StudyRun, outcome: str, sentence: str) -> tuple[str, str]:
        """Removes a study of which nothing was done."""
        if outcome != DONE and not job.entry.cells() and not job.entry.finished:
            shutil.rmtree(job.entry.folder, ignore_errors=True)
            sentence = sentence or TOO_EARLY
        return outcome, sentence

    def _run(self, run: StudyRun, wanted: Wanted) -> None:
        """Runs what is not done yet; others who wait for the model have their turn whenever it tells where it is."""
        from ddpt_core.study.study import run_study

        def tell(moment) -> None:
            run.hear(moment)
            self.services.turns.give_way(lambda: run.tell(run.share, WAITING))

        run.tell(0.0, "Loading the backbone and the data, and trying both…")
        run_study(
            wanted.study,
            run.entry.folder,
            data_root=wanted.data_folder,
            load=self.services.backbone,
            limit=wanted.limit,
            resume=True,
            command=wanted.command,
            tell=tell,
        )


def _as_on_the_page(sentence: str) -> str:
    """Returns what the core says with the field of the form in place of the command line's option."""
    return sentence.replace("with --data-root", "as data folder")
