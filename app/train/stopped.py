"""Trainings that were stopped: what is left of them in the user's prompts folder, whoever began them."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddpt_core.errors import ArtifactError
from ddpt_core.settings import TRAINING_REQUEST, TRAINING_STATE

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stopped:
    """A stopped training: its folder, what its state tells, and where its data are, "" if the page did not begin it."""

    folder: Path
    standing: dict[str, Any]
    about: dict[str, Any]
    source: str = ""

    @property
    def name(self) -> str:
        """The name of the prompt that it makes."""
        return self.folder.name

    @property
    def label(self) -> str:
        """The training in a line."""
        config, at = self.about["config"], self.standing
        best = f" · best {at['best']:.3f}" if at["best_step"] else ""
        return (
            f"{self.name} · step {at['step']:,} of {config['steps']:,}{best} · {config['method']} on "
            f"{self.about['backbone']['name']} · {self.about['data']['source']}"
        )


def stopped_in(home: Path) -> dict[str, Stopped]:
    """Returns name -> stopped training of the prompts folder `home`, the latest first, unreadable ones left out."""
    found = []
    for state in home.glob(f"*/{TRAINING_STATE}") if home.is_dir() else ():
        from ddpt_core.training.training_state import read_numbers

        try:
            numbers = read_numbers(state)
            one = Stopped(
                state.parent, numbers["standing"], numbers["about"], _source(state.with_name(TRAINING_REQUEST))
            )
            found.append((state.stat().st_mtime, one.label, one))
        except (ArtifactError, OSError, KeyError, TypeError, ValueError) as error:
            log.warning("The stopped training %s is left out of the list: %r", state, error)
    return {one.name: one for *_, one in sorted(found, key=lambda item: item[:2], reverse=True)}


def _source(request: Path) -> str:
    """Returns where the page found the data of a training; a file that came by upload lies in its folder."""
    if not request.is_file():
        return ""
    asked = json.loads(request.read_text(encoding="utf-8"))
    return str(request.with_name(asked["source"])) if asked["uploaded"] else str(asked["source"])
