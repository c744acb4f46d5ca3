"""Where a training stands: in memory, in its folder, and whether what the folder holds is this very training."""

import hashlib
import math
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import Sources, sources_in
from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError, ConfigError, first_line
from ddpt_core.files import check_writable, read_description, write_files
from ddpt_core.prompts.checkpoint import FORMAT
from ddpt_core.prompts.method import Method
from ddpt_core.settings import PROMPT_FILE, SNAPSHOTS, TRAINING_STATE, WEIGHTS, TrainConfig
from ddpt_core.training.training_state import load_state, read_numbers, save_state

# Settings that a training may be resumed with anew: no figure depends on them.
FREE_TO_CHANGE = ("accumulate", "save_every")
NAMED = 8  # tasks of a batch that a message names


@dataclass(frozen=True)
class Progress:
    """Where a training stands after `step` steps; the losses are means per token, None where not measured."""

    step: int
    steps: int
    train_loss: float
    validation_loss: float | None
    best_validation_loss: float
    best_step: int
    seconds: float


@dataclass
class Standing:
    """What a training has reached; all that its state holds besides weights and the optimiser's moments."""

    step: int = 0
    train_loss: float = math.nan
    best: float = math.inf
    best_step: int = 0
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)

    def metrics(self) -> dict[str, Any]:
        """Returns what prompt.json tells of it; losses per token as FrozenLM.loss has them."""
        return {
            "steps": self.step,
            "train_loss": self.train_loss,
            "validation_loss": self.best,
            "best_step": self.best_step,
            "seconds": round(self.seconds, 3),
            "curve": list(self.curve),
        }


class Record:
    """A training as its folder keeps it: the state that --resume goes on from, beside the best prompt so far.

    `at` is where it stands now, `kept` the step of the state on disk.
    """

    def __init__(self, out: Path, method: Method, optimizer: torch.optim.Optimizer, about: dict[str, Any]):
        self.out, self.method, self.optimizer, self.about = out, method, optimizer, about
        self.state, self.at, self.kept = out / TRAINING_STATE, Standing(), 0

    def begin(self, resume: bool) -> str:
        """Returns "finished", "stopped" or "new": what the folder holds of this training; marks a new one.

        Raises ArtifactError if the folder cannot be written, holds another prompt, or a stopped training that is not
        to be resumed; ConfigError if that one has other settings.
        """
        check_writable(self.out)
        if self.state.is_file():
            if not resume:
                raise ArtifactError(
                    f"The folder {self.out} holds a training that was stopped; go on with --resume or remove it."
                )
            try:
                _require_same(read_numbers(self.state)["about"], self.about)
            except (KeyError, TypeError) as error:
                raise self._foreign() from error
            return "stopped"
        if not (self.out / WEIGHTS).is_file():
            self.save()
            return "new"
        if not resume:
            raise ArtifactError(
                f"The folder {self.out} already holds a trained prompt; give another folder or remove that one."
            )
        _require_same(read_description(self.out / PROMPT_FILE, "prompt", FORMAT), self.about)
        return "finished"

    def restore(self) -> None:
        """Takes up weights, moments and standing from the state on disk."""
        if not self.state.is_file():
            raise ArtifactError(
                f"The folder {self.out} does not hold the stopped training in all processes; give one on a file "
                "system that all machines share."
            )
        try:
            self.at = Standing(**load_state(self.state, self.method.module, [self.optimizer])["standing"])
        except (KeyError, TypeError) as error:
            raise self._foreign() from error
        self.kept = self.at.step

    def save(self) -> None:
        """Writes the state as it is now; what was there before stays if that fails."""
        numbers = {"standing": asdict(self.at), "about": self.about}
        save_state(self.state, self.method.module, [self.optimizer], numbers)
        self.kept = self.at.step

    def save_prompt(self) -> None:
        """Writes the prompt as it is now."""
        self.method.save(self.out, self.about | {"metrics": self.at.metrics()})

    def save_snapshot(self) -> None:
        """Adds the context as it is now to the folder's snapshots, by its step."""
        context = self.method.context(torch.Generator())
        if callable(context):
            raise ConfigError("Snapshots are kept of a method that has one context for all tasks; leave them out.")
        own = {str(self.at.step): context.cpu().contiguous()}
        path = self.out / SNAPSHOTS
        try:
            earlier = load(path.read_bytes()) if path.is_file() else {}
        except SafetensorError as error:
            raise ArtifactError(f"The file {path} is damaged ({first_line(error)}); train anew.") from error
        write_files(self.out, {SNAPSHOTS: save(earlier | own)})

    def not_a_number(self, what: str, value: float, step: int, tasks: Sequence[Task], lr: float, kept: int) -> str:
        """Returns what is said of a loss or gradient that is no number, after which the state of step `kept` is left.

        Where that is the beginning, nothing is: the folder is free again.
        """
        names = ", ".join(task.id for task in tasks[:NAMED])
        batch = f"{names} and {len(tasks) - NAMED} more" if len(tasks) > NAMED else names
        said = f"The {what} is {value} at step {step:,} (tasks {batch}); train with a smaller lr than {lr}."
        if not kept and not self.at.best_step:
            self.state.unlink(missing_ok=True)
            return said
        best = ""
        if self.at.best_step:
            best = f" and the best prompt so far (validation loss {self.at.best:.4f} at step {self.at.best_step:,})"
        return f"{said} Kept in {self.out}: the state after step {kept:,}{best}."

    def _foreign(self) -> ArtifactError:
        return ArtifactError(f"The training state {self.state} is of another program; remove it and train anew.")


def _require_same(before: dict, about: dict) -> None:
    """Raises ConfigError that names the first thing that differs between an earlier training and this one."""
    defaults = asdict(TrainConfig(about["config"]["method"]))
    pairs = [
        (name, before["config"].get(name, defaults[name]), value)
        for name, value in about["config"].items()
        if name not in FREE_TO_CHANGE
    ]
    pairs.append(("backbone sha256", before["backbone"]["sha256"], about["backbone"]["sha256"]))
    for side in ("training", "validation"):
        pairs.append((f"{side} data sha256", before["data"][f"{side}_sha256"], about["data"][f"{side}_sha256"]))
    for name, then, now in pairs:
        if then != now:
            raise ConfigError(
                f"The training in this folder has {name} = {then!r}, not {now!r}; resume it with the same settings."
            )


def describe(
    backbone: FrozenLM,
    data: Sources,
    config: TrainConfig,
    training: Sequence[Task],
    validation: Sequence[Task],
    method: Method,
) -> dict[str, Any]:
    """Returns what prompt.json tells besides the metrics."""
    return {
        "method": config.method,
        "context": config.context,
        "backbone": {"name": backbone.name, "sha256": backbone.sha256},
        "data": {
            "source": " + ".join("/".join(Path(source).parts[-2:]) for source in sources_in(data)),
            "training_tasks": len(training),
            "validation_tasks": len(validation),
            "training_sha256": _digest(training),
            "validation_sha256": _digest(validation),
        },
        "config": asdict(config),
        "trainable_parameters": sum(p.numel() for p in method.module.parameters() if p.requires_grad),
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("torch", "transformers", "diffusers", "peft")},
    }


def _digest(tasks: Sequence[Task]) -> str:
    return hashlib.sha256("\0".join(t.instruction + "\0" + t.reference for t in tasks).encode()).hexdigest()
