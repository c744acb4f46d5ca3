"""Trainings: what may be trained, the one that is under way, and how it goes on after a pause.

A training writes to the folder of the prompt that it makes, as `python -m ddpt_core train --out` does, so either can go
on with what the other began. What needs torch is imported where it is used.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.page.jobs import STOPPED, Jobs
from app.page.names import LONGEST, check_name, free_name
from app.page.numbers import number, whole
from app.page.services import WAITING
from app.page.sources import HUB_NAME, Source
from app.page.stream import FAILED, Cancelled, Tell
from app.page.uploads import on_a_space
from app.train.stopped import Stopped, stopped_in
from app.train.training import CANCEL, CANCELLED, PAUSED, Training, Wanted
from app.train.with_styles import Styles, config_with_styles, library_folder, sizes
from ddpt_core.arms import ALL_ARMS, DDPT, PROMPT_TUNING, methods
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, BackboneError, ConfigError, DDPTError, require_choice
from ddpt_core.files import check_writable, write_files
from ddpt_core.settings import DEFAULT_CONTEXT, PROMPT_FILE, TRAINING_REQUEST, TrainConfig

if TYPE_CHECKING:
    from ddpt_core.data.task import Task
    from ddpt_core.training.data_check import DataCheck

NOT_HERE = (
    "A Space trains nothing, since its processor and disk are everybody's; check data here, and train on a machine of "
    "your own, where `make run` opens this page."
)
MEASURING_STYLES = "Trained. Measuring whether it follows its styles, and what steps and guidance add…"
LIBRARY_KEPT = "Stopped before the library was whole. What there is of it is kept: train {name} again to go on."
MEASURING = "Trained. Measuring how far the prompt depends on its noise, and what fewer steps cost…"
TOO_EARLY = "Stopped before its first step; nothing of it was kept."
LAST_STEP = 30.0  # seconds that the program waits for, when it is ended, so that a training can pause

log = logging.getLogger(__name__)


def config_of(
    method: str, context: str = "", lr: Any = None, diffusion_weight: Any = 0.0, **settings: Any
) -> TrainConfig:
    """Returns the config of these settings, whole numbers but for `lr` and `diffusion_weight`; raises ConfigError.

    Without `lr` it is the method's own; what a method does not use is left at its default.
    """
    require_choice("method", method, methods(from_tasks=True))
    rate = ALL_ARMS[method].rate if lr is None else number("Rate", lr)
    weight = number("Diffusion weight", diffusion_weight) if method == DDPT else 0.0
    given = {name: whole(name.replace("_", " ").capitalize(), value) for name, value in settings.items()}
    if method == PROMPT_TUNING:
        given.pop("hidden", None)
    text = (context or "").strip() or DEFAULT_CONTEXT
    return TrainConfig(method, lr=rate, context=text, diffusion_weight=weight, **given)


class Trainings(Jobs[Training]):
    """Runs one training at a time; `services` gives backbones and the turns at the model."""

    KIND, BEFORE_ANOTHER, LAST = "training", "pause it or wait for its end", LAST_STEP

    def backbone_of(self, name: str | None, local: bool, trusted: bool = False) -> str:
        """Returns the name of a backbone that the visitor may load; raises BackboneError or ConfigError.

        Only who sits at this machine may name a folder of it, or let a model's own code run on it.
        """
        name = (name or "").strip() or registry.DEFAULT
        if name == registry.DEFAULT:
            return name
        if on_a_space():
            raise BackboneError(f"A Space loads no backbone but {registry.DEFAULT}, got {name[:80]!r}; choose that.")
        if not local and (not HUB_NAME.fullmatch(name) or os.path.lexists(name)):
            raise BackboneError(
                f"A folder may be named only by a browser on the machine that it lies on, got {name[:80]!r}; write "
                "owner/name of the Hugging Face hub."
            )
        if trusted and not local:
            raise ConfigError("Only a browser on the machine that runs this program may let a model's own code run.")
        if trusted:
            self.services.trusted.add(name)
        return name

    def wanted(self, source: Source, backbone: str, config: TrainConfig, name: str | None = "") -> Wanted:
        """Returns what is to be trained; raises DDPTError if it may not be, or if the name cannot be or is taken."""
        if on_a_space():
            raise ConfigError(NOT_HERE)
        home = registry.user_folder("prompts")
        taken = {*registry.available("prompts", PROMPT_FILE), *(os.listdir(home) if home.is_dir() else ())}
        name = (name or "").strip()
        if not name:
            stem = re.sub(r"\.\w+$", "", source.name)
            name = free_name(f"{config.method}-{stem}-seed{config.seed}", taken)
        check_name("prompt", name)
        if name in taken:
            raise ArtifactError(f"There is a prompt {name!r} already; choose another name, or none.")
        return Wanted(name, backbone, source.place, source.name, config, source.uploaded)

    def with_styles(self, backbone: str, name: str | None, asked: Styles, steps: Any, seed: Any = 0) -> Wanted:
        """Returns the training of a prompt with styles, its library first; raises DDPTError as `wanted` does."""
        count = len(asked.styles)
        source = Source("", f"{count}-styles")
        wanted = self.wanted(source, backbone, config_with_styles("", steps, seed), name)
        config, home = config_with_styles(wanted.name, steps, seed), str(library_folder(wanted.name))
        return replace(wanted, config=config, source=home, data=f"a library of {count} styles", styles=asked)

    def check(self, source: Source, backbone: str, config: TrainConfig, tell: Tell) -> tuple[DataCheck, list[Task]]:
        """Returns what a training would make of the data, and its tasks; raises DDPTError for what it would refuse."""
        from ddpt_core.training.data_check import check_data

        tell(0.1, "Reading the data…")
        tasks = source.tasks()
        with self.services.model(tell):
            tell(0.3, "Loading the backbone…")
            loaded = self.services.backbone(backbone)
            tell(0.6, f"Counting the tokens of {len(tasks):,} tasks…")
            return check_data(tasks, loaded, config), tasks

    def start(self, wanted: Wanted) -> Training:
        """Returns the training, which has begun in a thread of its own; raises DDPTError if another is under way."""
        folder = registry.user_folder("prompts") / wanted.name
        with self.change:
            self.require_idle()
            check_writable(folder.parent)
            try:
                folder.mkdir()
            except FileExistsError:
                raise ArtifactError(f"There is a prompt {wanted.name!r} already; choose another name.") from None
            try:
                place = wanted.source
                if wanted.uploaded:
                    place = str(folder / _file_name(wanted.data))
                    shutil.copyfile(wanted.source, place)
                asked = {"source": Path(place).name if wanted.uploaded else place, "uploaded": wanted.uploaded}
                write_files(folder, {TRAINING_REQUEST: json.dumps(asked) + "\n"})
            except (OSError, DDPTError) as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise ArtifactError(f"The training cannot begin ({error}); free some space or upload again.") from error
            return self.begin(Training(replace(wanted, source=place), folder), self._train)

    def resume(self, name: str, source: Source | None = None) -> Training:
        """Returns the stopped training, which goes on; `source` gives the data of one that the page did not begin."""
        with self.change:
            self.require_idle()
            stopped = self.stopped().get(name)
            if stopped is None:
                raise ArtifactError(f"There is no stopped training {str(name)[:80]!r}; start a new one.")
            place = stopped.source or (source.place if source else "")
            if not place:
                raise ConfigError(f"Nothing is known of the data of {name!r}; choose in the form what it learned from.")
            about = stopped.about
            config, backbone = TrainConfig(**about["config"]), about["backbone"]["name"]
            training = Training(Wanted(name, backbone, place, about["data"]["source"], config), stopped.folder)
            training.goes_on_from(stopped.standing)
            return self.begin(training, partial(self._train, resume=True))

    def stopped(self) -> dict[str, Stopped]:
        """Returns name -> training that was stopped, the latest first."""
        found = stopped_in(registry.user_folder("prompts"))
        if self.latest and not self.latest.outcome:
            found.pop(self.latest.wanted.name, None)
        return found

    def delete(self, name: str) -> None:
        """Deletes a stopped training, with the prompt that it had so far."""
        stopped = self.stopped().get(name)
        if stopped is None:
            raise ArtifactError(f"There is no stopped training {str(name)[:80]!r}.")
        shutil.rmtree(stopped.folder, ignore_errors=True)
        self.services.prompt.cache_clear()
        if self.latest and self.latest.wanted.name == name:
            self.latest = None

    def said(self, job: Training, sentence: str) -> str:
        """Returns a sentence of the core's with the data's own name in place of a path of the server's."""
        return sentence.replace(job.wanted.source, job.wanted.data)

    def left(self, job: Training, outcome: str, sentence: str) -> tuple[str, str]:
        """Removes what is not worth going on from, and tells a pause from a cancelling."""
        keeps = _keeps(job.folder)
        if outcome == STOPPED:
            cancelled = job.asked == CANCEL or not keeps
            early = LIBRARY_KEPT.format(name=job.wanted.name) if job.wanted.styles else TOO_EARLY
            sentence = early if cancelled and job.asked != CANCEL else ""
            outcome = CANCELLED if cancelled else PAUSED
        if outcome == CANCELLED or (outcome == FAILED and not keeps):
            shutil.rmtree(job.folder, ignore_errors=True)
        if job.asked == CANCEL and job.wanted.styles and outcome == CANCELLED:
            shutil.rmtree(job.wanted.source, ignore_errors=True)
        self.services.prompt.cache_clear()  # of this name there may be an earlier state
        return outcome, sentence

    def _train(self, training: Training, resume: bool = False) -> None:
        """Trains, and keeps the prompt.json of the finished prompt; raises Cancelled once it is asked to stop.

        Others who wait for the model have their turn after every step.
        """
        from ddpt_core.prompts.library import tasks_of
        from ddpt_core.steering.diagnostics import finish as finish_steered
        from ddpt_core.training.report import finish
        from ddpt_core.training.trainer import train

        wanted = training.wanted
        training.tell(0.0, "Loading the backbone…")
        backbone = self.services.backbone(wanted.backbone)
        training.tell(0.0, "Reading the data…")
        if wanted.styles:
            wanted.styles.build(backbone, Path(wanted.source), training.tell)
        data = tasks_of(wanted.source) if wanted.config.library else wanted.source
        with closing(train(backbone, data, training.folder, wanted.config, resume)) as steps:
            for at in steps:
                training.hear(at)
                if training.asked:
                    raise Cancelled
                self.services.turns.give_way(lambda: training.tell(0.0, WAITING))
        if wanted.config.library:
            training.text = MEASURING_STYLES
            tell = partial(_measuring, training)
            training.result = finish_steered(training.folder, backbone, Path(wanted.source), tell, sizes())
        else:
            training.text = MEASURING
            training.result = finish(training.folder, backbone, wanted.source, training.tell)
        (training.folder / TRAINING_REQUEST).unlink(missing_ok=True)


def _measuring(training: Training, share: float, text: str) -> None:
    """Tells what is measured, and how far that is."""
    training.tell(share, f"Trained. Measuring, {share:.0%}: {text}")


def _keeps(folder: Path) -> bool:
    """Returns whether a training has left anything that is worth going on from."""
    stopped = stopped_in(folder.parent).get(folder.name)
    return (folder / PROMPT_FILE).is_file() or bool(stopped and stopped.standing["step"])


def _file_name(name: str) -> str:
    """Returns an uploaded file's name as one that no other file of a prompt's folder has."""
    plain = re.sub(r"[^\w.+-]+", "-", name, flags=re.ASCII).strip(".")[-LONGEST:]
    return plain if plain.endswith(".jsonl") else f"{plain or 'tasks'}.jsonl"
