"""Studies of the page: what may be run and what it will cost, the one that is under way, and how it goes on.

A study writes to a folder of the user's studies just as `python -m ddpt_core study --out` does, so either can go on
with what the other began. What needs torch is imported where it is used.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import shutil
import threading
from pathlib import Path
from typing import Any

from app.page.names import LONGEST, free_name
from app.page.services import WAITING
from app.page.stream import UNEXPECTED, Cancelled, Tell
from app.page.uploads import on_a_space
from app.studies.kept.study_folders import RUNNING, SHIPPED, StudyEntry, studies_there
from app.studies.study_file import NOT_HERE, Wanted, read_wanted
from app.studies.study_run import DONE, FAILED, STOPPED, StudyRun
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, ConfigError, DDPTError
from ddpt_core.files import check_writable, write_files
from ddpt_core.settings import STUDY_REQUEST

LAST_PIECE = 30.0  # seconds that the program waits for, when it is ended, so that a study can stop
TOO_EARLY = "Stopped before its first cell was done; nothing of it was kept."

log = logging.getLogger(__name__)


class Studies:
    """Runs one study at a time; `services` gives backbones and the turns at the model."""

    def __init__(self, services):
        self.services = services
        self.latest: StudyRun | None = None  # the one under way, else the one that ended last
        self._change = threading.Lock()

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

    @property
    def under_way(self) -> StudyRun | None:
        """The study under way, None if there is none."""
        return self.latest if self.latest and not self.latest.outcome else None

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
        with self._change:
            self._require_idle()
            home = registry.user_folder("studies")
            taken = {SHIPPED, *self.there(), *(os.listdir(home) if home.is_dir() else ())}
            chosen = (name or "").strip() or free_name(Path(wanted.file).stem, taken)
            if not re.fullmatch(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*", chosen) or len(chosen) > LONGEST:
                raise ArtifactError(
                    f"A study's name must have 1 to {LONGEST} letters, digits, . _ + or -, and no dot first, got "
                    f"{chosen[: LONGEST + 10]!r}."
                )
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
            return self._begin(StudyRun(StudyEntry(chosen, folder)), wanted)

    def resume(self, name: str | None, local: bool = False) -> StudyRun:
        """Returns a stopped study, which goes on where it was stopped; raises DDPTError."""
        if on_a_space():
            raise ConfigError(NOT_HERE)
        with self._change:
            self._require_idle()
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
            return self._begin(StudyRun(entry), wanted)

    def stop(self) -> StudyRun:
        """Asks the study under way to stop; raises ConfigError if there is none."""
        run = self.under_way
        if run is None:
            raise ConfigError("No study is under way.")
        run.stop()
        return run

    def delete(self, name: str | None) -> None:
        """Deletes a study of the user's own; raises DDPTError for the shipped one and for one that is under way."""
        entry = self.get(name)
        if on_a_space() or not entry.own:
            raise ConfigError(f"The study {entry.name!r} is not to be deleted here.")
        with self._change:
            if self.under_way and self.under_way.entry.name == entry.name:
                raise ConfigError(f"The study {entry.name!r} is under way; cancel it first.")
            shutil.rmtree(entry.folder, ignore_errors=True)

    def rest(self) -> None:
        """Stops the study under way, and waits until it has."""
        if run := self.under_way:
            run.stop()
            run.ended.wait(LAST_PIECE)

    def _require_idle(self) -> None:
        if run := self.under_way:
            raise ConfigError(f"The study {run.entry.name!r} is under way; cancel it or wait for its end.")

    def _begin(self, run: StudyRun, wanted: Wanted) -> StudyRun:
        if self.latest is None:
            atexit.register(self.rest)
        self.latest = run
        threading.Thread(target=self._work, args=(run, wanted), daemon=True).start()
        return run

    def _work(self, run: StudyRun, wanted: Wanted) -> None:
        outcome, sentence = FAILED, UNEXPECTED
        try:
            with self.services.model(run.tell):
                self._run(run, wanted)
            outcome, sentence = DONE, ""
        except Cancelled:
            outcome, sentence = STOPPED, ""
        except DDPTError as error:
            sentence = _as_on_the_page(str(error))
        except Exception:
            log.exception("The study %s failed", run.entry.name)
        finally:
            if outcome != DONE and not run.entry.cells() and not run.entry.finished:
                shutil.rmtree(run.entry.folder, ignore_errors=True)
                sentence = sentence or TOO_EARLY
            run.end(outcome, sentence)

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
