"""The studies that there are: the user's own, the command line's, and the one that ships; what their files tell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ddpt_core.arms import ALL_ARMS
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError
from ddpt_core.settings import CELL_RESULT, RESULTS, STUDY_BEGUN, STUDY_REQUEST
from ddpt_core.study.results import Part, read_results

SHIPPED = "shipped"  # the name of the study that comes with the project
FINISHED, STOPPED, RUNNING = "finished", "stopped", "running"
PART_KEYS = ("name", "of", "train", "variants", "entries", "plan", "backbone", "choices", "trainings", "failed", "data")

Results = dict[str, Any]


@dataclass(frozen=True)
class StudyEntry:
    """A study that can be looked at: its name in addresses and its folder."""

    name: str
    folder: Path

    @property
    def shipped(self) -> bool:
        """Whether it came with the project, so that only its results are there."""
        return self.name == SHIPPED

    @property
    def own(self) -> bool:
        """Whether it lies in the folder of the user's studies, where the page writes."""
        return self.folder.parent == registry.user_folder("studies")

    @property
    def finished(self) -> bool:
        """Whether it has results."""
        return (self.folder / RESULTS).is_file()

    @property
    def results(self) -> Results:
        """The content of results.json; raises ArtifactError."""
        return read_results(self.folder / RESULTS, check)

    @property
    def request(self) -> dict[str, Any] | None:
        """What the page was asked for, None if the study was not begun on it."""
        try:
            asked = json.loads((self.folder / STUDY_REQUEST).read_text(encoding="utf-8"))
            return asked if isinstance(asked, dict) and {"file", "data_folder", "limit"} <= asked.keys() else None
        except (OSError, ValueError):
            return None

    def described(self, state: str = "") -> dict[str, Any]:
        """Returns what a list tells of the study, as JSON holds it; None for what is not known."""
        about = {"name": self.name, "state": state or (FINISHED if self.finished else STOPPED)}
        about |= {"created": None, "backbones": [], "parts": None, "cells": self.cells(), "failed": None}
        about |= {"limit": None, "problem": ""}
        try:
            return about | (_of_results(self.results) if self.finished else self._of_plan())
        except ArtifactError as error:
            return about | {"problem": str(error)}

    def cells(self) -> int | None:
        """Returns how many cells are done; of the shipped study only the answers are known."""
        if not self.shipped:
            return sum(1 for _ in self.folder.glob(f"cells/*/*/{CELL_RESULT}"))
        try:
            return sum(len(data["runs"]) for part in self.results["parts"] for data in part["data"])
        except ArtifactError:
            return None

    def _of_plan(self) -> dict[str, Any]:
        """Returns what is known of a study without results."""
        asked = self.request or {}
        begun = next(
            (self.folder / name for name in (STUDY_BEGUN, STUDY_REQUEST) if (self.folder / name).is_file()), self.folder
        )
        when = f"{datetime.fromtimestamp(begun.stat().st_mtime):%Y-%m-%d}"
        return {"created": when, "limit": asked.get("limit")} | {
            name: asked[name] for name in ("backbones", "parts") if name in asked
        }


def studies_there() -> dict[str, StudyEntry]:
    """Returns name -> study: the user's own, which the command line writes too, the latest first, then what ships."""
    found: list[tuple[float, str, StudyEntry]] = []
    home, names = registry.user_folder("studies"), (RESULTS, STUDY_BEGUN, STUDY_REQUEST)
    for folder in home.iterdir() if home.is_dir() else ():
        times = [path.stat().st_mtime for name in names if (path := folder / name).is_file()]
        if times and folder.name != SHIPPED:
            found.append((-max(times), folder.name, StudyEntry(folder.name, folder)))
    shipped = registry.ASSETS / "comparison"
    last = {SHIPPED: StudyEntry(SHIPPED, shipped)} if (shipped / RESULTS).is_file() else {}
    return {entry.name: entry for _, _, entry in sorted(found, key=lambda item: item[:2])} | last


def check(part: Part) -> None:
    """Raises KeyError or TypeError for a part that lacks what is shown of it."""
    for key in PART_KEYS:
        part[key]
    for data in part["data"]:
        arms = data["arms"]
        for pair, figures in data["paired"].items():
            if not set(pair.split("/")) <= arms.keys():
                raise KeyError(pair)
            dict(figures)
        for run in data["runs"]:
            arms[run["arm"]]
        if not {part["variants"][part["entries"][arm]] for arm in arms} <= set(ALL_ARMS):
            raise KeyError("arm")
        for key in ("name", "tasks", "tests"):
            data[key]


def _of_results(results: Results) -> dict[str, Any]:
    parts = results["parts"]
    return {
        "created": results.get("created"),
        "backbones": list(dict.fromkeys(str((part["backbone"] or {}).get("name")) for part in parts)),
        "parts": len(parts),
        "failed": sum(len(part["failed"]) for part in parts),
        "limit": results.get("limit"),
    }
