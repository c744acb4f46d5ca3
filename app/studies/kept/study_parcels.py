"""Files of a study to take away, each copied to a folder that the page may send from."""

import re
import shutil
import tempfile
import threading
from collections import deque
from pathlib import Path

from app.studies.kept.study_folders import StudyEntry
from app.studies.kept.study_predictions import StudyPredictions
from ddpt_core.errors import ArtifactError, DataError

KEPT = 8  # parcels; the page has its own copy of each by the time the ninth is made
MAX_BYTES = 256 << 20  # of predictions in one file


class Parcels:
    """Makes files ready to be saved by the browser."""

    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="ddpt-study-files-")
        self._made: deque[Path] = deque()
        self._change = threading.Lock()

    def copy(self, entry: StudyEntry, name: str) -> Path:
        """Returns a copy of one of a study's own files; raises ArtifactError if it is not there."""
        folder = self._folder()
        try:
            return Path(shutil.copyfile(entry.folder / name, folder / f"{entry.name}-{name}"))
        except OSError as error:
            raise ArtifactError(f"The {name} of {entry.name} cannot be read ({error.strerror}).") from None

    def predictions(self, predictions: StudyPredictions, part: str) -> Path:
        """Returns a file of all predictions on one data set of a part, one JSON object a line; raises DataError."""
        names = (predictions.entry.name, part or "", str(predictions.data["name"]), "predictions")
        plain = "-".join(filter(None, (re.sub(r"[^\w.+-]+", "-", one).strip("-.") for one in names)))
        path, written = self._folder() / f"{plain[:120]}.jsonl", 0
        with path.open("w", encoding="utf-8") as file:
            for line in predictions.lines():
                written += file.write(line)
                if written > MAX_BYTES:
                    raise DataError(
                        f"These predictions have more than {MAX_BYTES >> 20} MB; read them in the cells of "
                        f"{predictions.entry.folder.name}."
                    )
        return path

    def _folder(self) -> Path:
        """Returns an empty folder; the oldest parcel of too many is deleted."""
        folder = Path(tempfile.mkdtemp(dir=self._root.name))
        with self._change:
            self._made.append(folder)
            if len(self._made) > KEPT:
                shutil.rmtree(self._made.popleft(), ignore_errors=True)
        return folder
