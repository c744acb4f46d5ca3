"""One run that can be opened, as a list of runs tells of it."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.explore.runs.steering import Steering
from app.explore.runs.unsaved import size_of
from ddpt_core.backbone import registry
from ddpt_core.diffusion.samplers import label_of_sampler
from ddpt_core.errors import ConfigError
from ddpt_core.trajectory.folder import is_recipe

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunEntry:
    """A run that can be opened: its name in addresses, its folder, its run.json, and whether it is yet to be kept."""

    name: str
    folder: Path
    info: Mapping[str, Any]
    unsaved: bool = False

    @property
    def embedded(self) -> bool:
        """Whether the run came with the project."""
        return self.folder.is_relative_to(registry.ASSETS)

    @property
    def origin(self) -> str:
        """In a word, where the run is from: "embedded", "own" or "unsaved"."""
        return "embedded" if self.embedded else "unsaved" if self.unsaved else "own"

    @property
    def recipe(self) -> bool:
        """Whether its steps are made again when they are asked for, which takes seconds."""
        return is_recipe(self.folder)

    @property
    def steering(self) -> Steering:
        """The styles and the guidance that it was sampled with."""
        return Steering.of_run(self.info)

    @property
    def label(self) -> str:
        """The run in words, for the list of runs: where it is from, how it was made."""
        prompt, scheduler = self.info["prompt"]["name"], self.info["scheduler"]
        made = [f"{label_of_sampler(scheduler)} {self.info['steps']:,}", f"seed {self.info['seed']}"]
        named = [prompt] if prompt != "ddpt" else []
        return " · ".join([self.origin, *named, *self.steering.words, *made])

    def describe(self) -> dict[str, Any]:
        """Returns what a list of runs says of it."""
        info = self.info
        return {
            "name": self.name,
            "label": self.label,
            "embedded": self.embedded,
            "unsaved": self.unsaved,
            "prompt": info["prompt"]["name"],
            "backbone": info["backbone"]["name"],
            "scheduler": info["scheduler"],
            "steps": info["steps"],
            "seed": info["seed"],
            "style": info.get("style", ""),
            "guidance": info.get("guidance", 1.0),
            "context": info["context"],
            "created": info["created"],
            "recipe": self.recipe,
            "bytes": size_of(self.folder),
        }


def read_entry(name: str, folder: Path, unsaved: bool = False) -> RunEntry | None:
    """Returns the run in `folder`, None if its run.json cannot be read."""
    try:
        entry = RunEntry(name, folder.resolve(), json.loads((folder / "run.json").read_text(encoding="utf-8")), unsaved)
        entry.describe()
    except (OSError, ValueError, KeyError, TypeError, ConfigError, AttributeError) as error:
        log.warning("The run %s is left out of the list: %r", folder, error)
        return None
    return entry
