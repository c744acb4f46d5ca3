"""The runs that can be looked at: listed, opened, recorded, read."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from app.explore.runs.recent import RecentTrajectories
from app.explore.runs.run_entry import RunEntry, read_entry
from app.explore.runs.steering import Steering
from app.explore.runs.unsaved import UnsavedRuns, used
from app.page.names import free_name
from app.page.numbers import number, whole
from app.page.stream import Cancelled, Tell
from app.viewer.joint_maps import UmapChoice, own_axes_of, umap_of, vectors_of
from app.viewer.payload import PayloadStore
from app.viewer.view import NEIGHBOURS, RunView, key_of
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, DDPTError, require_choice, require_range

WARM_AFTER = 3.0  # seconds that the first page has for itself before the backbone is loaded

log = logging.getLogger(__name__)


class Runs:
    """Embedded runs, the user's own, and each visitor's unsaved ones, which nobody else finds by name.

    `services` gives backbones, prompts and the lock around the model; `services.of(Runs)` gives the runs.
    """

    def __init__(self, services):
        self.services = services
        self.store = PayloadStore(services.cache / "viewer", shipped=registry.ASSETS / "views")
        self.unsaved = UnsavedRuns(services.cache / "unsaved", self.remove)
        self.recent = RecentTrajectories(model=services.model)

    def entries(self, visitor: str | None = None) -> dict[str, RunEntry]:
        """Returns name -> run: embedded ones first, then the visitor's unsaved ones, then the user's own.

        A run of an earlier kind hides one of the same name. One with an unreadable run.json is left out.
        """
        lasting = registry.available("runs", "run.json")
        embedded = {name: folder for name, folder in lasting.items() if folder.is_relative_to(registry.ASSETS)}
        unsaved = {name: folder for name, folder in self.unsaved.of(visitor).items() if name not in embedded}
        folders = embedded | unsaved | {name: lasting[name] for name in lasting if name not in unsaved}
        found = {name: read_entry(name, folder, name in unsaved) for name, folder in folders.items()}
        return {name: entry for name, entry in found.items() if entry}

    def entry(self, name: str, visitor: str | None = None) -> RunEntry:
        """Returns the run `name`; raises ArtifactError if there is none, or only another visitor's."""
        entries = self.entries(visitor)
        if name not in entries:
            known = ", ".join(entries) or "none yet"
            raise ArtifactError(f"There is no run {str(name)[:80]!r}; the runs here are: {known}.")
        if entries[name].unsaved:
            used(entries[name].folder)
        return entries[name]

    def by_key(self, key: str) -> RunEntry:
        """Returns the run of this content, whoever made it: the key cannot be guessed. Raises ArtifactError."""
        unsaved = (read_entry(folder.name, folder, True) for folder in self.unsaved.all())
        for entry in chain(self.entries().values(), unsaved):
            if entry and key_of(entry.folder) == key:
                return entry
        raise ArtifactError(f"The run with the key {str(key)[:40]!r} is not here any longer; make it again.")

    def remove(self, folder: Path) -> None:
        """Removes a run for good, and what was packed of it, unless another run has the same content."""
        keys = []
        with suppress(OSError, ValueError, KeyError):
            keys = [key_of(file.parent) for depth in ("", "*/") for file in folder.glob(f"{depth}run.json")]
        shutil.rmtree(folder, ignore_errors=True)
        for key in keys:
            try:
                self.by_key(key)
            except ArtifactError:
                for file in self.store.folder.glob(f"{key}*"):
                    file.unlink(missing_ok=True)

    def like(self, entry: RunEntry, seed: int, visitor: str | None = None) -> RunEntry | None:
        """Returns a run made as `entry` was, but with another seed, if there is one."""
        wanted = {**entry.describe(), "seed": seed}
        same = ("prompt", "backbone", "scheduler", "steps", "seed", "style", "guidance")
        for other in self.entries(visitor).values():
            if all(other.describe()[field] == wanted[field] for field in same):
                return other
        return None

    def open(self, name: str, tell: Tell, visitor: str | None = None, whole: bool = True) -> dict[str, Any]:
        """Returns the run's description with the addresses of its data, made first if it is not there.

        Without `whole` the file of the estimate may come a moment later than the description.
        """
        entry = self.entry(name, visitor)
        view = RunView(self.store, key_of(entry.folder))
        data = view.read()
        if data is None:
            with self.services.model(tell):
                data = view.read() or self._build(entry, view, tell, whole)
        return entry.describe() | data

    def add_umap(
        self, name: str, tell: Tell, second: str = "", visitor: str | None = None, **chosen: Any
    ) -> dict[str, Any]:
        """Returns the run's description with a UMAP of it, and of `second` if one is named, fitted if it is not there.

        chosen: seed, n_neighbors, min_dist, as a page sent them. Raises ConfigError if they cannot be taken, and
        ArtifactError if the two runs are of different backbones.
        """
        choice = UmapChoice.of(**chosen)
        described = self._described([name, second] if second else [name], tell, visitor)
        keys = [run["key"] for run in described]
        made = umap_of(self.services, self.store, keys, choice, lambda: self._load_all(described, tell), tell)
        made["quality"]["umap"]["second"] = second
        return {**described[0], **{part: described[0][part] | made[part] for part in ("files", "quality")}}

    def add_own_axes(self, name: str, tell: Tell, second: str = "", visitor: str | None = None) -> dict[str, Any]:
        """Returns the run's description with a PCA of it, and of `second` if one is named, beside the shared."""
        described = self._described([name, second] if second else [name], tell, visitor)
        keys = [run["key"] for run in described]
        made = own_axes_of(self.services, self.store, keys, lambda: self._load_all(described, tell), tell)
        made["quality"]["own"]["second"] = second
        return {**described[0], **{part: described[0][part] | made[part] for part in ("files", "quality")}}

    def beside(self, name: str, second: str, tell: Tell, visitor: str | None = None) -> dict[str, Any]:
        """Returns the second run's description; it lies on the same axes as the first.

        Raises ArtifactError if they are of different backbones, which share no picture.
        """
        return self._described([name, second], tell, visitor)[1]

    def _described(self, names: list[str], tell: Tell, visitor: str | None) -> list[dict[str, Any]]:
        """Returns the descriptions of one run or two; raises ArtifactError if these share no picture."""
        described = [self.open(name, tell, visitor) for name in names]
        if len({run["files"]["tokens"] for run in described}) > 1:
            raise ArtifactError(
                f"The run {names[1]!r} is of another backbone than {names[0]!r}; the two share no picture."
            )
        return described

    def _load_all(self, described: list[dict[str, Any]], tell: Tell) -> tuple[list, Any]:
        """Returns the trajectories of described runs, and their backbone."""
        loaded = [self._load(self.by_key(run["key"]), tell) for run in described]
        return [trajectory for trajectory, _ in loaded], loaded[0][1]

    def warm(self) -> None:
        """Starts to make the first run's data, then to load its backbone and prompt, in a thread, so that the first
        visitor need not wait for either.
        """

        def work() -> None:
            try:
                for name in list(self.entries())[:1]:
                    described = self.open(name, lambda share, text: None)
                    time.sleep(WARM_AFTER)
                    self.services.nearest(described["backbone"])
                    self.services.prompt(described["prompt"])
            except DDPTError as error:
                log.warning("The first run is not ready for the first visitor: %s", error)

        threading.Thread(target=work, daemon=True).start()

    def record(
        self,
        prompt: str,
        scheduler: str,
        steps: int,
        seed: int,
        tell: Tell,
        visitor: str | None = None,
        watch: Callable[[Any, int, Any], None] | None = None,
        style: str = "",
        guidance: float = 1.0,
    ) -> str:
        """Returns the name of the run with these settings: the one that is there, else a new one.

        A visitor's new run is unsaved; without a visitor it is one of the user's own. `tell` hears of every step, and
        `watch` gets the prompt, the number of steps and the DenoiseStep. `style` and `guidance` as in `sample`. Raises
        DDPTError for settings that cannot be sampled.
        """
        from ddpt_core import Trajectory
        from ddpt_core.diffusion.samplers import SAMPLERS
        from ddpt_core.trajectory.trajectory import prompt_sha256

        require_choice("scheduler", scheduler, SAMPLERS)
        steps, seed, guidance = whole("Steps", steps), whole("Seed", seed), number("Guidance", guidance)
        with self.services.model(tell):
            loaded = self.services.prompt(prompt)
            steering = Steering.of(style, guidance, getattr(loaded, "styles", ()))
            asked = scheduler, steps, seed, prompt_sha256(loaded), steering
            entries = self.entries(visitor)
            for entry in entries.values():
                made = entry.info
                settings = made["scheduler"], made["steps"], made["seed"], made["prompt"]["sha256"]
                if (*settings, entry.steering) == asked:
                    return entry.name
            home = self.unsaved.folder(visitor) if visitor else registry.user_folder("runs")
            if visitor:
                self.unsaved.check_room(visitor)
            started = time.monotonic()

            def on_step(step) -> None:
                if watch:
                    watch(loaded, steps, step)
                tell(step.index / steps, progress_of(step.index, steps, time.monotonic() - started))

            trajectory = Trajectory.record(loaded, steps, seed, scheduler, on_step, style, guidance)
            name = free_name(f"{loaded.name}{steering.in_name}-{scheduler}-{steps}-seed{seed}", entries)
            folder = trajectory.save(home / name)
            try:
                tell(1.0, "Saved")
            except Cancelled:  # while it was being written
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self.recent.add(trajectory, folder)
        return name

    def neighbours(
        self, name: str, step: int, k: int = NEIGHBOURS, kind: str = "state", visitor: str | None = None
    ) -> dict[str, Any]:
        """Returns the k nearest tokens of every position at a step, nearest first."""
        entry = self.entry(name, visitor)
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

    def _build(self, entry: RunEntry, view: RunView, tell: Tell, whole: bool) -> dict[str, Any]:
        tell(0.0, "Loading the backbone…")
        trajectory, backbone = self._load(entry, tell)
        return view.build(trajectory, backbone, self.services.nearest(backbone.name), tell, whole)

    def _load(self, entry: RunEntry, tell: Tell | None = None):
        """Returns the trajectory and its backbone; raises ArtifactError if that is another one now."""
        backbone = self.services.backbone(entry.info["backbone"]["name"])
        return self.recent.load(entry, backbone, tell), backbone


def progress_of(step: int, steps: int, elapsed: float) -> str:
    """Returns how far the sampling is and, once that can be said, how many seconds it will still take."""
    done = f"Step {step:,} of {steps:,}"
    if elapsed < 0.5 or not step:
        return done
    return f"{done} · {elapsed * (steps - step) / step:,.0f} s left"
