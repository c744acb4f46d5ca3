"""What a study will cost before it is run: its cells, each counted once, priced by a short probe of the backbone."""

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import asdict, dataclass, fields
from functools import partial

import torch

from ddpt_core.answering.arms import manual
from ddpt_core.answering.writing import write_all
from ddpt_core.diffusion.sampler import last_step
from ddpt_core.diffusion.samplers import SAMPLERS
from ddpt_core.prompts.ddpt import DDPTMethod
from ddpt_core.prompts.method import method_named
from ddpt_core.study.materials import Materials
from ddpt_core.study.names import duration
from ddpt_core.study.plan import Entry, Plan, ReportData, Variant
from ddpt_core.training.batches import validation_loss
from ddpt_core.training.report import FEWER_STEPS, SEEDS

Key = tuple[Hashable, ...]  # names a cell before it is known what it will hold
PROBED_TASKS = 32  # read and written by the probe
PROBED_STEPS = 40  # of sampling


@dataclass(frozen=True)
class Costs:
    """Seconds on this machine: `learn` of a task in a training step by method, `read` of a task's loss, `write` of a
    task's answer, `denoise` of a call of the denoiser for one seed."""

    learn: dict[str, float]
    read: float
    write: float
    denoise: float


@dataclass(frozen=True)
class Work:
    """The work of one cell, or of several: trainings and their LLM passes, tasks read and answered, seconds."""

    trainings: int = 0
    passes: int = 0
    read: int = 0
    written: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """What a study will cost; `parts` holds each part's own (name, cells, work), though it may share cells."""

    cells: int
    work: Work
    parts: list[tuple[str, int, Work]]

    def described(self) -> dict:
        """Returns the estimate as JSON holds it."""
        parts = [{"name": name, "cells": cells, **asdict(work)} for name, cells, work in self.parts]
        return {"cells": self.cells, **asdict(self.work), "parts": parts}

    def sentence(self) -> str:
        """Returns the estimate in words."""
        work = self.work
        shared = sum(cells for _, cells, _ in self.parts) - self.cells
        return (
            f"{self.cells:,} cells{f' ({shared:,} more are shared)' if shared else ''}: {work.trainings:,} trainings "
            f"of {work.passes:,} LLM passes in all, {work.written:,} answers, {work.read:,} readings; "
            f"about {duration(work.seconds)} on this machine."
        )


def total(work: Iterable[Work]) -> Work:
    """Returns the work of several cells."""
    several = list(work)
    return Work(**{f.name: sum(getattr(one, f.name) for one in several) for f in fields(Work)})


def context_key(plan: Plan, place: int) -> Key:
    """Returns the key of the validation of a manual context."""
    return ("context", plan.manual_contexts[place], *_validated(plan))


def training_key(plan: Plan, variant: Variant, rate: float | None, seed: int) -> Key:
    """Returns the key of a training; `rate` None is the one that is chosen."""
    rates = variant.rates
    rate = rates[0] if rate is None and len(rates) == 1 else rate
    options = tuple(sorted(variant.options.items()))
    start = plan.context or (plan.manual_contexts, plan.choose_by)
    chosen = rates if rate is None else rate
    budget = (plan.steps, plan.batch_size, plan.sampling_seeds[0])
    return ("training", variant.arm, options, chosen, seed, start, budget, *_validated(plan))


def answers_key(plan: Plan, data: ReportData, entry: Entry, training_seed: int | None, seed: int | None) -> Key:
    """Returns the key of the answers of an entry to a data set."""
    what: Hashable = entry.variant.arm
    if entry.variant.rates and training_seed is not None:
        what = training_key(plan, entry.variant, None, training_seed)
    elif entry.variant.arm == "manual":
        what = (plan.manual_contexts, plan.choose_by, *_validated(plan))
    of_data = (data.data, data.limit, data.tests, data.show_tests)
    return ("answers", plan.backbone, what, str(entry.sampler), seed, plan.settings_of(data).max_new_tokens, *of_data)


def _validated(plan: Plan) -> Key:
    share = (plan.validation_share, plan.validation_tasks, plan.max_new_tokens)
    return (plan.backbone, plan.train, plan.context_length, plan.bound, *share)


def work_of(plan: Plan, materials: Materials, costs: Costs) -> dict[Key, Work]:
    """Returns the work of every cell of a part."""
    written = len(materials.written)
    validating = Work(0, 0, written, written, (costs.read + costs.write) * written)
    work = {context_key(plan, place): validating for place in range(len(plan.manual_contexts))}
    for variant in plan.trained:
        config = plan.config(variant, variant.rates[0], 0, "")
        held = min(config.read_at_once, len(materials.validation))
        validations = -(-config.steps // config.validate_every)
        tasks = plan.steps * plan.batch_size
        seconds = costs.learn[variant.method] * tasks + costs.read * held * validations
        trained = total([validating, Work(1, plan.steps, held * validations, 0, seconds)])
        finished = total([trained, _report(variant, held, costs)])
        first, *further = plan.training_seeds
        for place, rate in enumerate(variant.rates):  # only the chosen one is reported on
            work[training_key(plan, variant, rate, first)] = trained if place else finished
        for seed in further:
            work[training_key(plan, variant, None, seed)] = finished
    for reported in materials.reported:
        tasks = len(reported.tasks)
        for entry in plan.entries:
            calls = 0
            if entry.sampler:
                steps = entry.sampler.steps or entry.variant.timesteps
                calls = steps * SAMPLERS[entry.sampler.scheduler].calls
            seconds = (costs.read + costs.write) * tasks + costs.denoise * calls
            for seeds in plan.runs(entry, reported.data):
                work[answers_key(plan, reported.data, entry, *seeds)] = Work(0, 0, tasks, tasks, seconds)
    return work


def _report(variant: Variant, held: int, costs: Costs) -> Work:
    """Returns the work of the seed spread and the steps ablation (see training.report)."""
    if not variant.sampled:
        return Work()
    steps = [variant.timesteps, *(one for one in FEWER_STEPS if one < variant.timesteps)]
    denoised = sum(steps) + variant.timesteps * len(SEEDS) // 2  # seeds sampled together cost about half
    return Work(0, 0, len(steps) * held, 0, costs.denoise * denoised + costs.read * held * len(steps))


def probe(plan: Plan, materials: Materials) -> Costs:
    """Returns what things cost here, measured on a few tasks of the part; each is done once before, to warm up."""
    backbone, tasks = materials.backbone, materials.validation[:PROBED_TASKS]
    context = manual(backbone, plan.manual_contexts[0])
    batch = (tasks * -(-plan.batch_size // len(tasks)))[: plan.batch_size]
    learn: dict[str, float] = {}
    denoise = 0.0
    for variant in plan.trained:
        config = plan.config(variant, variant.rates[0], 0, plan.manual_contexts[0])
        if config.method in learn:
            continue
        method = method_named(config.method)(backbone, config)
        learn[config.method] = _seconds(partial(_step, method, backbone, batch)) / len(batch)
        if isinstance(method, DDPTMethod) and not denoise:
            steps = min(PROBED_STEPS, method.prompt.schedule.timesteps)
            denoise = _seconds(partial(last_step, method.prompt, steps, 0)) / steps
    read = _seconds(lambda: validation_loss(backbone, context, tasks)) / len(tasks)
    write = _seconds(lambda: write_all(backbone, context, tasks, plan.settings)) / len(tasks)
    return Costs(learn, read, write, denoise)


def _step(method, backbone, batch) -> None:
    with backbone.mixed_precision():
        loss = method.loss(batch, torch.Generator().manual_seed(0))
    loss.backward()


def _seconds(work: Callable[[], object]) -> float:
    """Returns how long `work` takes the second time."""
    work()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
