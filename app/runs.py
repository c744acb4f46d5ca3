"""The runs that can be looked at: listed, opened, recorded, read."""

import json
import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.numbers import whole
from app.progress import Tell
from app.viewer.view import NEIGHBOURS, RunView, key_of, label_of, vectors_of
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, DDPTError, require_choice, require_range

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunEntry:
    """A run that can be opened: its name in addresses, its folder, its run.json."""

    name: str
    folder: Path
    info: Mapping[str, Any]

    @property
    def embedded(self) -> bool:
        """Whether the run came with the project."""
        return self.folder.is_relative_to(registry.ASSETS)

    @property
    def label(self) -> str:
        """The run in words, for the list of runs."""
        return label_of(self.info, self.embedded)

    def describe(self) -> dict[str, Any]:
        """Returns what a list of runs says of it."""
        info = self.info
        return {
            "name": self.name,
            "label": self.label,
            "embedded": self.embedded,
            "prompt": info["prompt"]["name"],
            "backbone": info["backbone"]["name"],
            "scheduler": info["scheduler"],
            "steps": info["steps"],
            "seed": info["seed"],
        }


class Runs:
    """Embedded runs and the user's own; `services` gives backbones, prompts and the lock around the model."""

    def __init__(self, services):
        self.services = services

    def entries(self) -> dict[str, RunEntry]:
        """Returns name -> run, embedded ones first; one with an unreadable run.json is left out."""
        entries = {}
        for name, folder in registry.available("runs", "run.json").items():
            try:
                info = json.loads((folder / "run.json").read_text(encoding="utf-8"))
                entry = RunEntry(name, folder.resolve(), info)
                entry.describe()
            except (OSError, ValueError, KeyError, TypeError) as error:
                log.warning("The run %s is left out of the list: %r", folder, error)
                continue
            entries[name] = entry
        return entries

    def entry(self, name: str) -> RunEntry:
        """Returns the run `name`; raises ArtifactError if there is none."""
        entries = self.entries()
        if name not in entries:
            known = ", ".join(entries) or "none yet"
            raise ArtifactError(f"There is no run {str(name)[:80]!r}; the runs here are: {known}.")
        return entries[name]

    def like(self, entry: RunEntry, seed: int) -> RunEntry | None:
        """Returns a run made as `entry` was, but with another seed, if there is one."""
        wanted = {**entry.describe(), "seed": seed}
        same = ("prompt", "backbone", "scheduler", "steps", "seed")
        for other in self.entries().values():
            if all(other.describe()[field] == wanted[field] for field in same):
                return other
        return None

    def open(self, name: str, tell: Tell) -> dict[str, Any]:
        """Returns the run's description with the addresses of its data, made first if it is not there."""
        entry = self.entry(name)
        view = RunView(self.services.store, key_of(entry.folder))
        data = view.read()
        if data is None:
            with self.services.model(tell):
                data = view.read() or self._build(entry, view, tell)
        return entry.describe() | data

    def add_umap(self, name: str, tell: Tell) -> dict[str, Any]:
        """Returns the run's description with a UMAP projection, which is fitted if it is not there yet."""
        described = self.open(name, tell)
        if "umap" in described["files"]:
            return described
        entry = self.entry(name)
        with self.services.model(tell):
            view = RunView(self.services.store, described["key"])
            return entry.describe() | view.add_umap(*self._load(entry), tell)

    def beside(self, name: str, second: str, tell: Tell) -> dict[str, Any]:
        """Returns the second run's description, and as `both` the data of one PCA that holds the two.

        Raises ArtifactError if they are of different backbones, which share no picture.
        """
        described, other = self.open(name, tell), self.open(second, tell)
        if described["files"]["tokens"] != other["files"]["tokens"]:
            raise ArtifactError(f"The run {second!r} is of another backbone than {name!r}; the two share no picture.")
        entries = [self.entry(name), self.entry(second)]

        def load() -> tuple:
            tell(0.5, "Projecting both runs…")
            (first, backbone), (last, _) = [self._load(entry) for entry in entries]
            return first, last, backbone

        with self.services.model(tell):
            views = [RunView(self.services.store, run["key"]) for run in (described, other)]
            return other | {"both": views[0].beside(views[1], load)}

    def warm(self) -> None:
        """Starts to make the first run's data in a thread, so that the first visitor need not wait for it."""

        def work() -> None:
            try:
                for name in list(self.entries())[:1]:
                    self.open(name, lambda share, text: None)
            except DDPTError as error:
                log.warning("The first run cannot be opened: %s", error)

        threading.Thread(target=work, daemon=True).start()

    def record(self, prompt: str, scheduler: str, steps: int, seed: int, tell: Tell) -> str:
        """Returns the name of the run with these settings: the one that is there, else a new one in runs/.

        `tell` hears of every step. Raises DDPTError for settings that cannot be sampled.
        """
        from ddpt_core import Trajectory
        from ddpt_core.diffusion.schedule import SCHEDULERS
        from ddpt_core.trajectory.trajectory import prompt_sha256

        require_choice("scheduler", scheduler, SCHEDULERS)
        steps, seed = whole("Steps", steps), whole("Seed", seed)
        with self.services.model(tell):
            loaded = self.services.prompt(prompt)
            sha256 = prompt_sha256(loaded)
            entries = self.entries()
            for entry in entries.values():
                made, made_with = entry.describe(), entry.info["prompt"]["sha256"]
                if (made["scheduler"], made["steps"], made["seed"], made_with) == (scheduler, steps, seed, sha256):
                    return entry.name

            def on_step(index: int) -> None:
                tell(index / steps, f"Step {index:,} of {steps:,}")

            trajectory = Trajectory.record(loaded, steps, seed, scheduler, on_step=on_step)
            plain = re.sub(r"[^\w.+-]+", "-", f"{loaded.name}-{scheduler}-{steps}-seed{seed}")
            names = (plain, *(f"{plain}-{again}" for again in range(2, 1000)))
            name = next(name for name in names if name not in entries)
            trajectory.save(registry.user_folder("runs") / name)
        return name

    def neighbours(self, name: str, step: int, k: int = NEIGHBOURS, kind: str = "state") -> dict[str, Any]:
        """Returns the k nearest tokens of every position at a step, nearest first."""
        entry = self.entry(name)
        require_choice("kind of vector", kind, ("state", "estimate"))
        trajectory, backbone = self._load(entry)
        step = require_range("step", whole("Step", step), 0, trajectory.steps)
        found = self.services.nearest(backbone.name).search(vectors_of(trajectory)[kind][step], whole("k", k))
        tokens = backbone.token_strings()
        positions = [
            [{"token": tokens[i], "token_id": int(i), "score": round(float(s), 6)} for i, s in zip(*row, strict=True)]
            for row in zip(found.ids, found.scores, strict=True)
        ]
        return {
            "run": name,
            "step": step,
            "timestep": int(trajectory.timesteps[step]),
            "positions": positions,
        }

    def _build(self, entry: RunEntry, view: RunView, tell: Tell) -> dict[str, Any]:
        tell(0.0, "Loading the backbone…")
        trajectory, backbone = self._load(entry)
        return view.build(trajectory, backbone, self.services.nearest(backbone.name), tell)

    def _load(self, entry: RunEntry):
        """Returns the trajectory and its backbone; raises ArtifactError if that is another one now."""
        from ddpt_core import Trajectory

        backbone = self.services.backbone(entry.info["backbone"]["name"])
        if backbone.sha256 != entry.info["backbone"]["sha256"]:
            raise ArtifactError(
                f"The run {entry.name!r} was made with another version of the backbone {backbone.name!r}; "
                "make it again with the same settings."
            )
        return Trajectory.load(entry.folder), backbone
