"""What is settled on validation: the manual context, each trained arm's learning rate; and the trainings themselves."""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ddpt_core.artifact_files import check_writable
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.diffusion.sampler import last_step
from ddpt_core.errors import ConfigError
from ddpt_core.evaluation.arms import Arm
from ddpt_core.evaluation.evaluate import write_all
from ddpt_core.study.cells import Cell, Course, digest
from ddpt_core.study.materials import Materials
from ddpt_core.study.plan import Plan
from ddpt_core.tuning.checkpoint import DESCRIPTION, load_prompt
from ddpt_core.tuning.config import TrainConfig
from ddpt_core.tuning.prompt import DDPTPrompt, Prompt
from ddpt_core.tuning.report import finish
from ddpt_core.tuning.trainer import train, validation_loss

# Work in passes of one task in a training: rough, measured with the embedded backbone, for the time that is left.
LEARNING = 3  # forward and backward
READING = 4  # for the loss, which is not in bfloat16
WRITING = 9  # an answer, token by token
VALIDATE_EVERY = TrainConfig.validate_every  # steps; an arm may have its own


@dataclass
class Choices:
    """The manual contexts with their figures, the chosen one; for each trained arm its rates and its prompts.

    `prompts` is arm -> training seed -> folder, `validated` its figures, without the trainings that failed.
    """

    manual: dict[str, Any]
    rates: dict[str, dict[str, Any]]
    prompts: dict[str, dict[int, Path]]
    validated: dict[str, dict[int, dict[str, Any]]]
    failed: list[dict[str, Any]]


def final_contexts(prompt: Prompt, seeds: list[int]) -> list[torch.Tensor]:
    """Returns the context (P, D) that a prompt ends on for each seed, by one reverse run of all T steps together.

    A prompt that is not sampled has one context, whatever the seeds.
    """
    if not isinstance(prompt, DDPTPrompt):
        return [prompt.final_context()] * len(seeds)
    return list(last_step(prompt, prompt.schedule.timesteps, seeds).context)


def choose(plan: Plan, materials: Materials, out: Path, course: Course) -> Choices:
    """Returns the choices of a study, made in `out` as far as they are not there yet.

    Cost: validation of every manual context, and for each trained arm one training per rate, then one per further
    seed, each with its validation.
    """
    contexts = [_manual(plan, materials, out, course, place) for place in range(len(plan.manual_contexts))]
    chosen = _best(contexts, plan.choose_by)
    manual = {"contexts": contexts, "chosen": chosen}
    start = plan.context or plan.manual_contexts[chosen]
    choices = Choices(manual, {}, {}, {}, [])
    for arm, training in plan.trained.items():
        first = plan.training_seeds[0]
        rates = [_trained(plan, materials, out, course, arm, rate, first, start) for rate in training.rates]
        if all("failed" in rate for rate in rates):
            raise ConfigError(f"No training of {arm} ended with a finite loss ({rates[0]['failed']}).")
        chosen = _best(rates, plan.choose_by)
        choices.rates[arm] = {"rates": rates, "chosen": chosen}
        rate = training.rates[chosen]
        choices.prompts[arm], choices.validated[arm] = {}, {}
        for seed in plan.training_seeds:
            found = rates[chosen] if seed == first else _trained(plan, materials, out, course, arm, rate, seed, start)
            if "failed" in found:
                choices.failed.append({"arm": arm, "lr": rate, "seed": seed, "why": found["failed"]})
                continue
            folder = prompt_folder(out, arm, rate, seed)
            finish(folder, materials.backbone, materials.train)  # the seed spread, the steps, and the card
            choices.prompts[arm][seed], choices.validated[arm][seed] = folder, found
    return choices


def prompt_folder(out: Path, arm: str, rate: float, seed: int) -> Path:
    """Returns where the prompt of one training lies."""
    return out / "prompts" / arm / f"{rate:g}-{seed}"


def work_of_choices(plan: Plan, materials: Materials) -> tuple[float, float]:
    """Returns the work of validating one context, and of one training with its validation."""
    tasks = len(materials.validation)
    validating = READING * tasks + WRITING * len(materials.written)
    return validating, validating + LEARNING * plan.steps * plan.batch_size + tasks * plan.steps // VALIDATE_EVERY


def _manual(plan: Plan, materials: Materials, out: Path, course: Course, place: int) -> dict[str, Any]:
    text = plan.manual_contexts[place]
    cell = Cell(out / "cells" / "manual" / str(place), _key(plan, materials) | {"context": text})
    work, _ = work_of_choices(plan, materials)
    result = cell.read()
    if result:
        course.skip(work)
    else:
        course.begin(f"manual context {place + 1}", work)
        context = materials.backbone.embed(text, plan.context_length)
        result = cell.write(_validated(plan, materials, context, course))
        course.end()
    return {"text": text} | {name: result[name] for name in ("validation_loss", "bleu")}


def _trained(
    plan: Plan, materials: Materials, out: Path, course: Course, arm: str, rate: float, seed: int, start: str
) -> dict[str, Any]:
    """Returns the figures of one training, made now if they are not there; with `failed` if its loss was no number."""
    config = plan.config(arm, rate, seed, start)
    folder = prompt_folder(out, arm, rate, seed)
    key = _key(plan, materials) | {"config": asdict(config), "sampling_seed": plan.sampling_seeds[0]}
    cell = Cell(out / "cells" / "validation" / arm / folder.name, key)
    _, work = work_of_choices(plan, materials)
    result = cell.read()
    if result and ("failed" in result or (folder / DESCRIPTION).is_file()):
        course.skip(work)
    else:
        course.begin(f"{arm}, rate {rate:g}, seed {seed}", work)
        result = cell.write(_train(plan, materials, folder, config, course))
        course.end()
    names = ("validation_loss", "bleu", "failed")
    return {"lr": rate} | {name: result[name] for name in names if name in result}


def _train(plan: Plan, materials: Materials, folder: Path, config, course: Course) -> dict[str, Any]:
    check_writable(folder)
    validating, work = work_of_choices(plan, materials)
    share = 1 - validating / work  # of the training alone
    begun = False
    try:
        for at in train(materials.backbone, materials.train, folder, config, resume=True):
            begun = True
            course.share(share * at.step / at.steps, f"step {at.step} of {at.steps}")
    except ConfigError as error:
        if not begun:
            raise
        shutil.rmtree(folder)  # what it holds ended in a loss that is no number
        return {"validation_loss": None, "bleu": None, "failed": str(error)}
    prompt = load_prompt(folder, materials.backbone)
    (context,) = final_contexts(prompt, [plan.sampling_seeds[0]])
    return _validated(plan, materials, context, course, share)


def _validated(
    plan: Plan, materials: Materials, context: torch.Tensor, course: Course, before: float = 0.0
) -> dict[str, Any]:
    """Returns the validation loss of a context per token (see FrozenLM.loss), and the BLEU-4 of its answers."""
    from ddpt_core.evaluation.text_metrics import score

    backbone: FrozenLM = materials.backbone
    loss = validation_loss(backbone, context, materials.validation, plan.bound)
    answers = write_all(
        backbone,
        Arm("validation", context),
        materials.written,
        plan.settings,
        lambda share: course.share(before + (1 - before) * share, "validation"),
    )
    return {"validation_loss": loss, "bleu": score(answers, [t.reference for t in materials.written])["bleu"]}


def _key(plan: Plan, materials: Materials) -> dict[str, Any]:
    return {
        "backbone": materials.backbone.sha256,
        "validation": digest(materials.validation),
        "written": digest(materials.written),
        "settings": asdict(plan.settings),
        "context_length": plan.context_length,
        "bound": plan.bound,
    }


def _best(figures: list[dict[str, Any]], by: str) -> int:
    """Returns the place of the highest BLEU, of equal ones that of the lowest loss, or by the loss alone."""

    def rank(place: int) -> tuple[float, float]:
        one = figures[place]
        return (-one["bleu"] if by == "bleu" else 0.0, one["validation_loss"])

    return min((place for place, one in enumerate(figures) if "failed" not in one), key=rank)
