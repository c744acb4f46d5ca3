"""The training loop of every method: batches, validation, early best, saving and resuming.

Cost of a step: one forward and backward pass of the backbone over `batch_size` tasks, which the processes share (see
processes.py) and each reads in `accumulate` pieces. The pass runs in bfloat16 where the device has it, and lengths are
padded to multiples of 16 so that few shapes occur.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import torch

from ddpt_core.backbone.frozen_lm import IGNORED, FrozenLM
from ddpt_core.data.readers import OWN_TASKS, OWN_TRAINING, Sources, load_all_tasks, sources_in
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError, require_range
from ddpt_core.prompts.checkpoint import update_metrics
from ddpt_core.prompts.method import Method, Piece, method_named
from ddpt_core.settings import TrainConfig
from ddpt_core.training.batches import Batches, parts_of, split, validation_loss
from ddpt_core.training.processes import Compute, Processes, is_main, processes
from ddpt_core.training.standing import Progress, Record, Standing, describe

__all__ = ["Batches", "Progress", "Standing", "split", "train", "validation_loss"]

WARMUP_STEPS = 20
CLIP_NORM = 1.0
VALIDATION_SEED = 1_000_003  # noise of validation: the same at every validation and for every training seed


def train(
    backbone: FrozenLM,
    data: Sources,
    out: str | Path,
    config: TrainConfig,
    resume: bool = False,
    stop_at: int | None = None,
) -> Iterator[Progress]:
    """Trains a prompt on the tasks of all sources in `data` and writes it to `out`; yields Progress after every step.

    The weights of the best validation loss are kept. Closing the generator stops the training and leaves a state from
    which `resume` goes on at the very next step, to the same weights as if it had never stopped; so does an error, as
    far as it can. A training that is finished yields nothing. `stop_at` stops it by itself after that many steps,
    which keeps a prompt of early in training; if that is before the first validation, it is validated there, of which
    a training that goes on knows nothing.
    Raises ConfigError, DataError or ArtifactError before the first step; ArtifactError if the disk fills up; and
    ConfigError if a loss or gradient is no number, which says in what batch, and keeps the state before that step.
    """
    kind = method_named(config.method)
    if stop_at is not None:
        require_range("stop_at", stop_at, 1)
    for source in sources_in(data):
        if source.startswith(OWN_TASKS) and not source.startswith(OWN_TRAINING):
            raise DataError(
                f"The tasks of {source} are held out for evaluation; train on {OWN_TRAINING} or other data."
            )
    here, tasks = processes(), load_all_tasks(data)
    training, validation = parts_of(tasks, config)
    batches = Batches(training, config.batch_size, config.seed)
    _require_enough(batches, config, here)
    here.shard(backbone)
    method = kind(backbone, config)
    optimizer = torch.optim.AdamW(method.module.parameters(), lr=config.lr, weight_decay=0.0)
    record = Record(Path(out), method, optimizer, describe(backbone, data, config, training, validation, method))
    found = here.on_main(lambda: record.begin(resume))
    if found == "finished":
        return
    if found == "stopped":
        here.each(record.restore)
    at, inside, start = record.at, here.inside(method.module), time.monotonic() - record.at.seconds
    end, kept = min(config.steps, stop_at or config.steps), config.kept_steps
    settled = True  # whether weights, moments and `at` are of one and the same step
    try:
        for step in range(at.step, end):
            for group in optimizer.param_groups:
                warm, left = (step + 1) / WARMUP_STEPS, (config.steps - step) / (0.5 * config.steps)
                group["lr"] = config.lr * min(1.0, warm, left)
            batch = batches.at(step)
            loss = _learn(backbone, method, inside, batch, step, here, config)
            norm = torch.nn.utils.clip_grad_norm_(method.module.parameters(), CLIP_NORM).item()
            for what, value in (("loss", loss), ("gradient", norm)):
                if not math.isfinite(value):
                    raise ConfigError(record.not_a_number(what, value, step + 1, batch, config.lr, at.step))
            settled = False
            optimizer.step()
            method.stepped()
            optimizer.zero_grad(set_to_none=True)
            at.step, at.train_loss, measured = step + 1, loss, None
            early = at.step == end < min(config.validate_every, config.steps)  # else there would be no prompt
            if at.step % config.validate_every == 0 or at.step == config.steps or early:
                with _precision(backbone, config):
                    context = method.context(torch.Generator().manual_seed(VALIDATION_SEED))
                    measured = validation_loss(backbone, context, validation, config.bound)
                if not math.isfinite(measured):
                    raise ConfigError(
                        record.not_a_number("validation loss", measured, at.step, batch, config.lr, record.kept)
                    )
                at.curve.append({"step": at.step, "train_loss": at.train_loss, "validation_loss": measured})
                if measured < at.best:
                    at.best, at.best_step = measured, at.step
                    here.on_main(record.save_prompt)
            if at.step in kept:
                here.on_main(record.save_snapshot)
            at.seconds, best, best_step = time.monotonic() - start, at.best, at.best_step
            if early:
                at.best, at.best_step, at.curve = math.inf, 0, []
            if at.step < config.steps and (at.step % config.save_every == 0 or at.step == end):
                here.on_main(record.save)
            settled = True
            yield Progress(at.step, config.steps, at.train_loss, measured, best, best_step, at.seconds)
    except BaseException:  # it was closed, or stopped by Ctrl-C or an error
        if settled and at.step > record.kept and is_main():
            record.save()
        raise
    if at.step == config.steps:
        here.on_main(lambda: _finish(record))


def _learn(
    backbone: FrozenLM,
    method: Method,
    inside: Compute,
    tasks: Sequence[Task],
    step: int,
    here: Processes,
    config: TrainConfig,
) -> float:
    """Returns the loss of a batch, whose gradient it leaves in the method's parameters.

    However many pieces and processes there are, the loss is the mean over all tokens of the batch, and the random
    numbers of a task are the same.
    """
    slices, total = here.part(len(tasks), config.accumulate), 0.0
    tokens = None
    if here.count * config.accumulate > 1:
        tokens = int((backbone.target_ids([task.reference for task in tasks]) != IGNORED).sum())
    for place, where in enumerate(slices):
        rng = torch.Generator().manual_seed((config.seed * 1_000_003 + step) % 2**63)  # the step's own: nothing to save
        given = (tasks, rng) if tokens is None else (tasks, rng, Piece(where, tokens))  # the whole needs no piece
        with nullcontext() if place == len(slices) - 1 else here.keeping_back(inside):
            with _precision(backbone, config):
                loss = inside(partial(method.loss, *given))
            (loss * here.count).backward()  # times their number, since gradients are averaged over the processes
        total += loss.item()
    return here.sum([total])[0]


def _precision(backbone: FrozenLM, config: TrainConfig) -> AbstractContextManager:
    """Returns the context of the backbone's passes in the precision that the settings ask for."""
    if config.mixed_precision == "no":
        return nullcontext()
    if config.mixed_precision == "bf16":
        return torch.autocast(backbone.device.type, torch.bfloat16)
    return backbone.mixed_precision()


def _require_enough(batches: Batches, config: TrainConfig, here: Processes) -> None:
    """Raises ConfigError if a batch has too few tasks for every piece of every process to have one."""
    if batches.size < here.count * config.accumulate:
        raise ConfigError(
            f"A batch must have a task for each of {here.count} processes x {config.accumulate} pieces, got "
            f"{batches.size:,} tasks; choose a larger batch size, fewer processes or a smaller --accumulate."
        )


def _finish(record: Record) -> None:
    update_metrics(record.out, record.at.metrics())
    record.state.unlink()
