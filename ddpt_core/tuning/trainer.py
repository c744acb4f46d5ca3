"""The training loop of every method: batches, validation, early best, saving and resuming.

Cost of a step: one forward and backward pass of the backbone over `batch_size` tasks. The pass runs in bfloat16 where
the device has it, and lengths are padded to multiples of 16 so that few shapes occur.
"""

import hashlib
import math
import platform
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from ddpt_core.artifact_files import check_writable
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import OWN_TASKS, OWN_TRAINING, Sources, load_all_tasks, sources_in
from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError, ConfigError, DataError, require_choice, require_range
from ddpt_core.tuning.checkpoint import DESCRIPTION, FORMAT, WEIGHTS, read_description, update_metrics
from ddpt_core.tuning.config import TrainConfig
from ddpt_core.tuning.methods import METHODS, Method
from ddpt_core.tuning.training_state import load_state, read_numbers, save_state

STATE = "training.safetensors"  # beside the prompt while it is trained; --resume goes on from it
WARMUP_STEPS = 20
CLIP_NORM = 1.0
POOL = 16  # batches that are sorted by length together
VALIDATION_SEED = 1_000_003  # noise of validation: the same at every validation and for every training seed


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


def split(tasks: Sequence[Task], share: float) -> tuple[list[Task], list[Task]]:
    """Returns (training, validation); a task's instruction decides its side, so it never stands on both.

    Raises DataError if a side would be empty.
    """
    usable = [task for task in tasks if task.reference.strip()]
    marks = [int(hashlib.sha256(t.instruction.encode()).hexdigest()[:8], 16) / 2**32 < share for t in usable]
    training = [t for t, marked in zip(usable, marks, strict=True) if not marked]
    validation = [t for t, marked in zip(usable, marks, strict=True) if marked]
    if not training or not validation:
        raise DataError(
            f"Training needs tasks with references for both training and validation, got {len(training)} and "
            f"{len(validation)} from {len(tasks)} tasks; give more tasks (20 or so at least)."
        )
    return training, validation


class Batches:
    """Draws batches without end: every task once per round, in an order that `seed` gives.

    A batch is as wide as its longest task, so tasks of like length stand together: within each `POOL` batches of a
    round's random order the tasks are sorted by length, then the batches are mixed.
    """

    def __init__(self, tasks: Sequence[Task], size: int, seed: int):
        self.tasks, self.size, self.seed = tasks, min(size, len(tasks)), seed
        self.batches: list[list[Task]] = []
        self.round = -1

    def at(self, step: int) -> list[Task]:
        """Returns the batch of a step; it depends on nothing but the step, so resuming needs no state."""
        number, place = divmod(step, len(self.tasks) // self.size)
        if number != self.round:
            self.round, self.batches = number, self._mixed(random.Random(f"{self.seed}/{number}"))
        return self.batches[place]

    def _mixed(self, rng: random.Random) -> list[list[Task]]:
        size, pool = self.size, self.size * POOL
        order = rng.sample(self.tasks, len(self.tasks) // size * size)
        pools = [sorted(order[i : i + pool], key=_length) for i in range(0, len(order), pool)]
        batches = [tasks[i : i + size] for tasks in pools for i in range(0, len(tasks), size)]
        return rng.sample(batches, len(batches))


def _length(task: Task) -> tuple[int, int]:
    return len(task.reference), len(task.instruction)


@torch.no_grad()
def validation_loss(
    backbone: FrozenLM, context: torch.Tensor | None, tasks: Sequence[Task], bound: float = 0.0, batch: int = 64
) -> float:
    """Returns the mean loss per token over `tasks` for one context (P, D) or none; see FrozenLM.loss."""
    ordered = sorted(tasks, key=_length)
    total, count = 0.0, 0
    for start in range(0, len(ordered), batch):
        losses, counts = backbone.summed_losses(context, ordered[start : start + batch], bound)
        total, count = total + losses.sum().item(), count + int(counts.sum())
    return total / count


def train(
    backbone: FrozenLM,
    data: Sources,
    out: str | Path,
    config: TrainConfig,
    resume: bool = False,
    stop_at: int | None = None,
) -> Iterator[Progress]:
    """Trains a prompt on the tasks of all sources in `data` and writes it to `out`; yields Progress after every step.

    The weights of the best validation loss are kept. A training that was stopped goes on with `resume` and ends with
    the same weights as one that was not; one that is finished yields nothing. `stop_at` stops it by itself after that
    many steps, which keeps a prompt of early in training; not before the first validation, when there is none yet.
    Raises ConfigError, DataError or ArtifactError before the first step, and ConfigError if the loss is no number.
    """
    require_choice("method", config.method, METHODS)
    if stop_at is not None:
        require_range("stop_at", stop_at, min(config.validate_every, config.steps))
    for source in sources_in(data):
        if source.startswith(OWN_TASKS) and source != OWN_TRAINING:
            raise DataError(
                f"The tasks of {source} are held out for evaluation; train on {OWN_TRAINING} or other data."
            )
    out, tasks = Path(out), load_all_tasks(data)
    training, validation = split(tasks, config.validation_share)
    method: Method = METHODS[config.method](backbone, config)
    optimizer = torch.optim.AdamW(method.module.parameters(), lr=config.lr, weight_decay=0.0)
    about = _describe(backbone, data, config, training, validation, method)
    state, at = out / STATE, Standing()
    if _is_finished(out, resume, about):
        return
    if state.is_file():
        at = _resume(state, method, optimizer, about)
    else:
        save_state(state, method.module, [optimizer], {"standing": asdict(at), "about": about})  # marks as unfinished
    batches, start = Batches(training, config.batch_size, config.seed), time.monotonic() - at.seconds
    end = min(config.steps, stop_at or config.steps)
    for step in range(at.step, end):
        rng = torch.Generator().manual_seed((config.seed * 1_000_003 + step) % 2**63)  # the step's own: nothing to save
        for group in optimizer.param_groups:
            group["lr"] = config.lr * min(1.0, (step + 1) / WARMUP_STEPS, (config.steps - step) / (0.5 * config.steps))
        with backbone.mixed_precision():
            loss = method.loss(batches.at(step), rng)
        _require_finite(loss.item(), step + 1, config, state)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(method.module.parameters(), CLIP_NORM)
        optimizer.step()
        at.step, at.train_loss, measured = step + 1, loss.item(), None
        if at.step % config.validate_every == 0 or at.step == config.steps:
            with backbone.mixed_precision():
                context = method.context(torch.Generator().manual_seed(VALIDATION_SEED))
                measured = validation_loss(backbone, context, validation, config.bound)
            _require_finite(measured, at.step, config, state)
            at.curve.append({"step": at.step, "train_loss": at.train_loss, "validation_loss": measured})
            if measured < at.best:
                at.best, at.best_step = measured, at.step
                method.save(out, about | {"metrics": at.metrics()})
        at.seconds = time.monotonic() - start
        if at.step < config.steps and (at.step % config.save_every == 0 or at.step == end):
            save_state(state, method.module, [optimizer], {"standing": asdict(at), "about": about})
        yield Progress(at.step, config.steps, at.train_loss, measured, at.best, at.best_step, at.seconds)
    if at.step == config.steps:
        update_metrics(out, at.metrics())
        state.unlink()


def _is_finished(out: Path, resume: bool, about: dict) -> bool:
    """Returns whether `out` holds this very training's result already.

    Raises ArtifactError if it cannot be written, holds another prompt, or a stopped training that is not to be resumed.
    """
    check_writable(out)
    if (out / STATE).is_file():
        if not resume:
            raise ArtifactError(
                f"The folder {out} holds a training that was stopped; go on with --resume or remove it."
            )
        return False
    if not (out / WEIGHTS).is_file():
        return False
    if not resume:
        raise ArtifactError(f"The folder {out} already holds a trained prompt; give another folder or remove that one.")
    _require_same(read_description(out / DESCRIPTION, "prompt", FORMAT), about)
    return True


def _resume(state: Path, method: Method, optimizer: torch.optim.Optimizer, about: dict) -> Standing:
    try:
        _require_same(read_numbers(state)["about"], about)
        return Standing(**load_state(state, method.module, [optimizer])["standing"])
    except (KeyError, TypeError) as error:
        raise ArtifactError(f"The training state {state} is of another program; remove it and train anew.") from error


def _require_same(before: dict, about: dict) -> None:
    """Raises ConfigError that names the first thing that differs between an earlier training and this one."""
    pairs = [(name, before["config"].get(name), value) for name, value in about["config"].items()]
    pairs.append(("backbone sha256", before["backbone"]["sha256"], about["backbone"]["sha256"]))
    for side in ("training", "validation"):
        pairs.append((f"{side} data sha256", before["data"][f"{side}_sha256"], about["data"][f"{side}_sha256"]))
    for name, then, now in pairs:
        if then != now:
            raise ConfigError(
                f"The training in this folder has {name} = {then!r}, not {now!r}; resume it with the same settings."
            )


def _require_finite(loss: float, step: int, config: TrainConfig, state: Path) -> None:
    """Raises ConfigError for a loss that is no number, and removes the state: going on from it would end here again."""
    if not math.isfinite(loss):
        state.unlink(missing_ok=True)
        raise ConfigError(f"The loss is {loss} at step {step:,}; train with a smaller lr than {config.lr}.")


def _describe(backbone: FrozenLM, data: Sources, config: TrainConfig, training, validation, method: Method) -> dict:
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
        "trainable_parameters": sum(p.numel() for p in method.module.parameters()),
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("torch", "transformers", "diffusers", "peft")},
    }


def _digest(tasks: Sequence[Task]) -> str:
    return hashlib.sha256("\0".join(t.instruction + "\0" + t.reference for t in tasks).encode()).hexdigest()
