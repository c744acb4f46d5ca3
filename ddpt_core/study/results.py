"""The study of all arms, as `python -m ddpt_core study` leaves it, and what may be said of it.

Nothing here is a figure: all of them are read from results.json, and what is not there is None.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ddpt_core.arms import ALL_ARMS, DDPT, MANUAL, PROMPT_TUNING
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError
from ddpt_core.metrics.measures import Measure, Score
from ddpt_core.metrics.table import LOSS, PASS, study_figures
from ddpt_core.settings import RESULTS, RESULTS_FORMAT

MAX_RESULTS = 64 << 20  # bytes of a results.json that are read
MAKES_IT = "python -m ddpt_core study studies/prompts.yaml --out DIR --ship"
RATIOS = ((DDPT, PROMPT_TUNING), (DDPT, MANUAL), (PROMPT_TUNING, MANUAL))  # of the paper's arms; they stand first
ALPHA = 0.05  # a corrected p-value up to this is told as a difference

Part = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """Two arms on the same tasks: ratio and difference, treatment against baseline, with 95 % intervals.

    `p_holm` is the p-value after Holm's correction for all comparisons of its table.
    """

    ratio: float | None
    ratio_interval: tuple[float, float] | None
    difference: float | None
    difference_interval: tuple[float, float] | None
    p_value: float | None
    p_holm: float | None = None
    loss: bool = False

    @property
    def apart(self) -> bool | None:
        """Whether the treatment is better (True) or worse (False) beyond the interval, were it the only pair."""
        if self.difference_interval is None or self.difference_interval[0] <= 0 <= self.difference_interval[1]:
            return None
        return (self.difference_interval[0] > 0) != self.loss

    @property
    def better(self) -> bool | None:
        """Whether the treatment is better (True) or worse (False), corrected for the table; None: it cannot be told."""
        return self.apart if self.p_holm is None or self.p_holm <= ALPHA else None


@dataclass(frozen=True)
class StudyData:
    """One data set: its measures, and (treatment, baseline) -> measure's name -> Pair, on the measures' scale."""

    name: str
    tasks: int
    tests: bool
    refused: str  # why the tests did not run, "" if they did or there are none
    arms: tuple[str, ...]
    measures: tuple[Measure, ...]
    pairs: dict[tuple[str, str], dict[str, Pair]]

    @property
    def main(self) -> str:
        """The name of the measure that counts most: pass@1 where there are tests, else BLEU-4."""
        names = [measure.name for measure in self.measures]
        wanted = [PASS] * self.tests + ["bleu"]
        return next((name for name in (*wanted, *names) if name in names), "")

    def measure(self, name: str) -> Measure | None:
        """Returns the measure of that name, None if there is none."""
        return next((measure for measure in self.measures if measure.name == name), None)


@dataclass(frozen=True)
class Study:
    """A results.json: the data sets of its part, the command that made it, the part's content, the file's as it is."""

    data: tuple[StudyData, ...]
    command: str
    content: dict[str, Any]
    whole: dict[str, Any]

    def of(self, name: str | None) -> StudyData:
        """Returns the data set of that name, the first if there is none."""
        return next((data for data in self.data if data.name == name), self.data[0])


def results_file() -> Path:
    """Returns where the shipped results lie, or would."""
    return registry.ASSETS / "comparison" / RESULTS


def read_results(path: Path, check: Callable[[Part], object] | None = None) -> dict[str, Any]:
    """Returns the content of a results.json, not to be changed; the last few are kept.

    `check` raises KeyError, TypeError or ValueError for a part that lacks what its reader needs. Raises ArtifactError
    for a file that is missing, not of format 2, too large, or damaged.
    """
    try:
        about = path.stat()
    except OSError:
        raise ArtifactError(f"The study {path.parent.name} has no {RESULTS}; it is not finished.") from None
    return _read(path, check, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, check: Callable[[Part], object] | None, _changed: int, size: int) -> dict[str, Any]:
    whose = f"The {RESULTS} of {path.parent.name}"
    if size > MAX_RESULTS:
        raise ArtifactError(f"{whose} must have at most {MAX_RESULTS >> 20} MB here, got {size >> 20}; read report.md.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != RESULTS_FORMAT:
            raise ArtifactError(
                f"{whose} must be of format {RESULTS_FORMAT}, got {content['format']!r}; run the study again."
            )
        for part in content["parts"]:
            if check:
                check(part)
        if not content["parts"]:
            raise ValueError("no part")
        return content
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{whose} cannot be read ({type(error).__name__}); run the study again.") from error


def read_study() -> Study | None:
    """Returns the shipped study, None if there is none; raises ArtifactError for a file that is not one."""
    path = results_file()
    if not path.is_file():
        return None
    content = read_results(path, _data_of)
    part = content["parts"][0]  # a study that ships has one
    about = {name: value for name, value in content.items() if name != "parts"}
    return Study(_data_of(part), str(content.get("command")), about | part, content)


def _data_of(part: Part) -> tuple[StudyData, ...]:
    """Returns the data sets of a part; raises what a part that is none makes it raise."""
    if not part["data"]:
        raise ValueError("no data set")
    return tuple(_data(found) for found in part["data"])


def _data(found: dict[str, Any]) -> StudyData:
    arms = tuple(arm for arm in ALL_ARMS if arm in found["arms"])
    tasks, scales = int(found["tasks"]), _scales()
    measures = []
    for name, (label, scale) in scales.items():
        scores = {arm: _score(found["arms"][arm].get(name), scale) for arm in arms}
        if any(scores.values()):
            percent = scale == 100  # a share, 0 to 1 in the file
            measures.append(Measure(name, label, tasks, percent, scores, loss=name == LOSS))
    pairs = {}
    for key, compared in (found.get("paired") or {}).items():
        treatment, _, baseline = key.partition("/")
        if treatment in arms and baseline in arms:
            pairs[treatment, baseline] = {
                name: _pair(one, scales[name][1], name == LOSS)
                for name, one in compared.items()
                if name in scales and one
            }
    refused = str(found.get("tests_refused") or "")
    first = [pair for pair in RATIOS if pair in pairs]
    ordered = {pair: pairs[pair] for pair in (*first, *(pair for pair in pairs if pair not in first))}
    return StudyData(str(found["name"]), tasks, bool(found.get("tests")), refused, arms, tuple(measures), ordered)


def _scales() -> dict[str, tuple[str, float]]:
    """Returns measure -> (label, factor to the page's scale), in the order of the table."""
    return {name: (figure.label, figure.to_hundred) for name, figure in study_figures().items()}


def _score(found: dict[str, Any] | None, scale: float) -> Score | None:
    if not found or found["value"] is None:
        return None
    ends = _ends(found.get("ci95"), scale)
    spreads = (_scaled(found.get(f"{what}_spread"), scale) for what in ("training", "sampling"))
    return Score(scale * float(found["value"]), ends, *spreads)


def _pair(found: dict[str, Any], scale: float, loss: bool) -> Pair:
    return Pair(
        _scaled(found.get("ratio"), 1),
        _ends(found.get("ratio_ci95"), 1),
        _scaled(found.get("difference"), scale),
        _ends(found.get("difference_ci95"), scale),
        _scaled(found.get("p_value"), 1),
        _scaled(found.get("p_holm"), 1),
        loss,
    )


def _scaled(value: Any, scale: float) -> float | None:
    return None if value is None else scale * float(value)


def _ends(ends: Any, scale: float) -> tuple[float, float] | None:
    return None if ends is None else (scale * float(ends[0]), scale * float(ends[1]))
