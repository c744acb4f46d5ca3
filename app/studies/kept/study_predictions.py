"""The predictions of a study: read from its cells as they are asked for, filtered, and sorted by a figure of each."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.studies.kept.study_folders import StudyEntry
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError
from ddpt_core.metrics.table import LOSS, METRICS
from ddpt_core.settings import PREDICTIONS

MAX_ROWS = 5_000  # predictions that are read for one look
MAX_CELL = 32 << 20  # bytes of one cell's predictions that are read
PASSED = "passed"  # beside the metrics of the text
Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """Which predictions are asked for, "" for any, in which order; `by` "" is the order of the tasks."""

    arm: str = ""
    seeds: str = ""  # as seeds_of says it
    outcome: str = ""
    text: str = ""
    by: str = ""
    best_first: bool = True


@dataclass(frozen=True)
class Found:
    """The predictions that were found, of `read` that were looked at; `hidden` more were not."""

    rows: list[Row]
    read: int
    hidden: int


class StudyPredictions:
    """The predictions on one data set of one part of a study."""

    def __init__(self, entry: StudyEntry, part: dict[str, Any], data: dict[str, Any]):
        self.entry, self.data = entry, data
        self.kinds = {name: part["variants"][variant] for name, variant in part["entries"].items()}

    def there(self) -> bool:
        """Returns whether the study has kept any."""
        return any(self._file(run) for run in self.data["runs"])

    def seeds(self, arm: str = "") -> list[str]:
        """Returns the seeds of an arm's runs in words, of all arms for ""."""
        return list(dict.fromkeys(seeds_of(run) for run in self.data["runs"] if arm in ("", run["arm"])))

    def find(self, asked: Asked) -> Found:
        """Returns the predictions that are like that; at most MAX_ROWS are read."""
        runs = [
            (place, run)
            for place, run in enumerate(self.data["runs"])
            if asked.arm in ("", run["arm"]) and asked.seeds in ("", seeds_of(run)) and self._file(run)
        ]
        rows: list[Row] = []
        hidden = 0
        for number, run in runs:
            if len(rows) >= MAX_ROWS:
                hidden += int(self.data["tasks"])
                continue
            cell = self._cell(run)
            values = self._values(run, asked.by) if asked.by else [None] * len(cell)
            pairs = list(enumerate(zip(cell, values, strict=True)))
            kept = pairs[: MAX_ROWS - len(rows)]
            hidden += len(pairs) - len(kept)
            rows += [self._row(row, run, f"{number}:{place}", value) for place, (row, value) in kept]
        read = len(rows)
        wanted = asked.text.strip().casefold()
        rows = [
            row
            for row in rows
            if asked.outcome in ("", row.get("status") or "")
            and (not wanted or any(wanted in str(row.get(key) or "").casefold() for key in _SEARCHED))
        ]
        if asked.by:
            rows.sort(key=lambda row: _rank(row["value"], asked.by, asked.best_first))
        else:
            rows.sort(key=lambda row: int(row["key"].partition(":")[2]))  # all answers to a task stand together
        return Found(rows, read, hidden)

    def outcomes(self) -> list[str]:
        """Returns what tests can have come to here: [] without tests."""
        return ["passed", "failed", "error", "timeout", "memory"] if self.data["tests"] else []

    def task(self, key: str) -> Task:
        """Returns the task of the prediction `key`, as far as its row tells of it; raises DataError."""
        number, _, place = str(key).partition(":")
        try:
            row = self._cell(self.data["runs"][int(number)])[int(place)]
        except (ValueError, LookupError):
            raise DataError("This prediction is not there any longer; choose the study again.") from None
        return Task(str(row["id"]), str(row["instruction"]), str(row["reference"]))

    def lines(self):
        """Yields every prediction as a line of JSON with its arm and seeds, for a file to take away."""
        for run in self.data["runs"]:
            about = {name: run[name] for name in ("arm", "training_seed", "sampling_seed", "sampler") if name in run}
            for row in self._cell(run):
                yield json.dumps(about | row, ensure_ascii=False) + "\n"

    def _row(self, row: Row, run: dict[str, Any], key: str, value: float | None) -> Row:
        about = {"arm": run["arm"], "kind": self.kinds[run["arm"]], "seeds": seeds_of(run), "key": key, "value": value}
        return row | about

    def _file(self, run: dict[str, Any]) -> Path | None:
        """Returns the file of a run's predictions, None if there is none below the study's folder."""
        if not run.get("cell"):
            return None
        path = (self.entry.folder / str(run["cell"]) / PREDICTIONS).resolve()
        return path if path.is_relative_to(self.entry.folder.resolve()) and path.is_file() else None

    def _cell(self, run: dict[str, Any]) -> Sequence[Row]:
        path = self._file(run)
        return _read(path, path.stat().st_mtime_ns) if path else ()

    def _values(self, run: dict[str, Any], by: str) -> Sequence[float | None]:
        path = self._file(run)
        return _figures(path, path.stat().st_mtime_ns, by) if path else ()


_SEARCHED = ("id", "instruction", "prediction", "answer", "reference", "detail")


def seeds_of(run: dict[str, Any]) -> str:
    """Returns the seeds of a run in words, "no seed" where nothing is drawn."""
    known = (("training", run.get("training_seed")), ("noise", run.get("sampling_seed")))
    return " · ".join(f"{what} {seed}" for what, seed in known if seed is not None) or "no seed"


def orders(tests: bool) -> list[tuple[str, str]]:
    """Returns (name, value) of what predictions can be sorted by."""
    text = [(f"{METRICS[name].label} of the answer", name) for name in _of_one()]
    passed = [("Tests passed", PASSED)] if tests else []
    return [("Order of the tasks", ""), *passed, *text, ("Loss of the reference, per token", LOSS)]


def _of_one() -> list[str]:
    """Returns the metrics that say something of a single answer."""
    return [name for name, metric in METRICS.items() if metric.of_one]


def _rank(value: float | None, by: str, best_first: bool) -> tuple[bool, float]:
    """Returns what to sort by; what has no value comes last."""
    if value is None:
        return True, 0.0
    return False, value if (by == LOSS) == best_first else -value


@lru_cache(maxsize=16)
def _read(path: Path, _changed: int) -> tuple[Row, ...]:
    """Returns the rows of a predictions.jsonl; raises DataError for one that is too large, or damaged."""
    if path.stat().st_size > MAX_CELL:
        raise DataError(f"{path.parent.name} holds more than {MAX_CELL >> 20} MB; read {PREDICTIONS} in its folder.")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # not at the separators inside of code
        rows = tuple(json.loads(line) for line in lines if line)
        for row in rows:
            if not all(isinstance(row[key], str) for key in ("id", "instruction", "prediction", "reference")):
                raise TypeError
        return rows
    except (OSError, ValueError, LookupError, TypeError):
        raise DataError(f"The predictions of {path.parent.name} cannot be read; run the study again.") from None


@lru_cache(maxsize=64)
def _figures(path: Path, changed: int, by: str) -> tuple[float | None, ...]:
    """Returns the figure `by` of every row, None where it has none."""
    rows = _read(path, changed)
    if by == PASSED:
        return tuple(None if row.get("status") is None else float(row["status"] == "passed") for row in rows)
    if by == LOSS:
        return tuple(row["loss"] / row["tokens"] if row.get("loss") and row.get("tokens") else None for row in rows)
    if by not in _of_one():
        raise DataError(f"Predictions cannot be sorted by {by[:40]!r}; choose one of {', '.join((*_of_one(), LOSS))}.")
    metric, found = METRICS[by], [None] * len(rows)
    chosen = [place for place, row in enumerate(rows) if row["reference"].strip() or not metric.needs_reference]
    if chosen:
        items = metric.sums.statistics([rows[n]["prediction"] for n in chosen], [rows[n]["reference"] for n in chosen])
        for place, value in zip(chosen, metric.sums.reduce(items), strict=True):
            found[place] = metric.to_hundred * float(value) if math.isfinite(value) else None
    return tuple(found)
