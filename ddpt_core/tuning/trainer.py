"""The training loop of every method: batches, validation, early best, saving and resuming.

Cost of a step: one forward and backward pass of the backbone over `batch_size` tasks. The pass runs in bfloat16 where
the device has it, and lengths are padded to multiples of 16 so that few shapes occur.
"""

import hashlib
import json
import logging
import math
import platform
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import load_tasks
from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError, ConfigError, DataError, require_choice
from ddpt_core.tuning.checkpoint import WEIGHTS
from ddpt_core.tuning.config import TrainConfig
from ddpt_core.tuning.methods import METHODS, Method
from ddpt_core.tuning.training_state import load_state, save_state

log = logging.getLogger(__name__)

STATE = "training.safetensors"  # beside the prompt while it is trained; --resume goes on from it
WARMUP_STEPS = 20
CLIP_NORM = 1.0
VALIDATION_SEED = 1_000_003  # noise of validation: the same at every validation and for every training seed


@dataclass(frozen=True)
class Progress:
    """Where a training stands after `step` steps; the losses are mean nats per token, None where not measured."""

    step: int
    steps: int
    train_loss: float
    validation_loss: float | None
    best_validation_loss: float
    best_step: int
    seconds: float


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
    """Draws batches without end: every task once per round, in an order that `seed` gives."""

    def __init__(self, tasks: Sequence[Task], size: int, seed: int):
        self.tasks, self.size, self.seed = tasks, min(size, len(tasks)), seed

    def at(self, step: int) -> list[Task]:
        """Returns the batch of a step; it depends on nothing but the step, so resuming needs no state."""
        per_round = len(self.tasks) // self.size
        order = list(range(len(self.tasks)))
        random.Random(f"{self.seed}/{step // per_round}").shuffle(order)
        start = step % per_round * self.size
        return [self.tasks[i] for i in order[start : start + self.size]]


@torch.no_grad()
def validation_loss(backbone: FrozenLM, context: torch.Tensor | None, tasks: Sequence[Task], batch: int = 64) -> float:
    """Returns the mean loss per token over `tasks` for one context (P, D) or none."""
    ordered = sorted(tasks, key=lambda task: (len(task.reference), len(task.instruction)))
    total, count = 0.0, 0
    for start in range(0, len(ordered), batch):
        losses, counts = backbone._token_losses(context, ordered[start : start + batch])
        total, count = total + losses.sum().item(), count + int(counts.sum())
    return total / count


def train(
    backbone: FrozenLM, data: str | Path, out: str | Path, config: TrainConfig, resume: bool = False
) -> Iterator[Progress]:
    """Trains a prompt on the tasks of `data` and writes it to the folder `out`; yields Progress after every step.

    The weights of the best validation loss are kept. A training that was stopped goes on with `resume` and ends with
    the same weights as one that was not. Raises ConfigError, DataError or ArtifactError before the first step.
    """
    require_choice("method", config.method, METHODS)
    out, tasks = Path(out), load_tasks(data)
    training, validation = split(tasks, config.validation_share)
    method: Method = METHODS[config.method](backbone, config)
    optimizer = torch.optim.AdamW(method.module.parameters(), lr=config.lr, weight_decay=0.0)
    state = _prepare_folder(out, resume)
    at = {"step": 0, "best": math.inf, "best_step": 0, "seconds": 0.0, "curve": []}
    if resume and state.is_file():
        at = _resume(state, method, optimizer, config)
    batches, start = Batches(training, config.batch_size, config.seed), time.monotonic() - at["seconds"]
    about = _describe(backbone, data, config, training, validation, method)
    for step in range(at["step"], config.steps):
        rng = torch.Generator().manual_seed(config.seed * 1_000_003 + step)  # of this step alone: resuming needs none
        for group in optimizer.param_groups:
            group["lr"] = config.lr * min(1.0, (step + 1) / WARMUP_STEPS, (config.steps - step) / (0.5 * config.steps))
        with backbone.mixed_precision():
            loss = method.loss(batches.at(step), rng)
        if not torch.isfinite(loss):
            raise ConfigError(
                f"The loss is {loss.item()} at step {step + 1}; train with a smaller lr than {config.lr}."
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(method.module.parameters(), CLIP_NORM)
        optimizer.step()
        done, measured = step + 1, None
        if done % config.validate_every == 0 or done == config.steps:
            with backbone.mixed_precision():
                context = method.context(torch.Generator().manual_seed(VALIDATION_SEED))
                measured = validation_loss(backbone, context, validation)
            at["curve"].append({"step": done, "train_loss": loss.item(), "validation_loss": measured})
            if measured < at["best"]:
                at["best"], at["best_step"] = measured, done
                method.save(out, about | {"metrics": _metrics(at, loss.item(), done, time.monotonic() - start)})
        at["step"], at["seconds"] = done, time.monotonic() - start
        if done % config.save_every == 0 and done < config.steps:
            save_state(state, method.module, [optimizer], {**at, "config": asdict(config)})
        yield Progress(done, config.steps, loss.item(), measured, at["best"], at["best_step"], at["seconds"])
    state.unlink(missing_ok=True)


def _prepare_folder(out: Path, resume: bool) -> Path:
    """Returns the path of the training state in `out`, which must be writable and hold no other prompt."""
    if (out / WEIGHTS).is_file() and not (out / STATE).is_file():
        raise ArtifactError(f"The folder {out} already holds a trained prompt; give another folder or remove that one.")
    if (out / STATE).is_file() and not resume:
        raise ArtifactError(f"The folder {out} holds a training that was stopped; go on with --resume or remove it.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ArtifactError(f"The folder {out} cannot be written ({error.strerror}); choose another folder.") from error
    return out / STATE


def _resume(state: Path, method: Method, optimizer: torch.optim.Optimizer, config: TrainConfig) -> dict:
    numbers = load_state(state, method.module, [optimizer])
    before = {k: v for k, v in numbers.pop("config").items() if v != asdict(config)[k]}
    if before:
        name, value = next(iter(before.items()))
        raise ConfigError(
            f"The stopped training had {name} = {value!r}, not {asdict(config)[name]!r}; resume with the same settings."
        )
    return numbers


def _describe(backbone: FrozenLM, data, config: TrainConfig, training, validation, method: Method) -> dict:
    """Returns what prompt.json tells besides the metrics."""
    digest = hashlib.sha256("\0".join(t.instruction + "\0" + t.reference for t in training).encode()).hexdigest()
    return {
        "method": config.method,
        "context": config.context,
        "backbone": {"name": backbone.name, "sha256": backbone.sha256},
        "data": {
            "source": Path(str(data)).name,
            "training_tasks": len(training),
            "validation_tasks": len(validation),
            "training_sha256": digest,
        },
        "config": asdict(config),
        "trainable_parameters": sum(p.numel() for p in method.module.parameters()),
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("torch", "transformers", "diffusers", "peft")},
    }


def _metrics(at: dict, train_loss: float, step: int, seconds: float) -> dict:
    return {
        "train_loss": train_loss,
        "validation_loss": at["best"],
        "best_step": at["best_step"],
        "seconds": seconds,
        "curve": json.loads(json.dumps(at["curve"])),
    }
