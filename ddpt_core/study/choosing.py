"""What is settled on validation: the manual context, each trained variant's learning rate; and the trainings."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from ddpt_core.answering.arms import manual
from ddpt_core.answering.code import RULE
from ddpt_core.answering.evaluate import as_lines
from ddpt_core.answering.writing import write_all
from ddpt_core.arms import arm_of
from ddpt_core.errors import ConfigError, DDPTError
from ddpt_core.files import check_writable
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.settings import PREDICTIONS, PROMPT_FILE, TrainConfig
from ddpt_core.study.cells import Cell, digest, digest_of
from ddpt_core.study.course import Job
from ddpt_core.study.plan import Variant
from ddpt_core.study.work import context_key, training_key
from ddpt_core.training.batches import validation_loss
from ddpt_core.training.report import finish
from ddpt_core.training.trainer import train

TRAINING_SHARE = 0.7  # of a training's cell; the rest is validation


@dataclass
class Choices:
    """The manual contexts with their figures, the chosen one; for each trained variant its rates and its prompts.

    `prompts` is variant -> training seed -> folder, `validated` its figures, without the trainings that failed.
    """

    manual: dict[str, Any]
    rates: dict[str, dict[str, Any]] = field(default_factory=dict)
    prompts: dict[str, dict[int, Path]] = field(default_factory=dict)
    validated: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)

    @property
    def manual_text(self) -> str:
        """The manual context that is chosen."""
        return self.manual["contexts"][self.manual["chosen"]]["text"]

    def start(self, job: Job) -> str:
        """Returns what the learned contexts start from: the plan's own text, or the best that has room in them."""
        plan, backbone = job.plan, job.materials.backbone
        if plan.context:
            return plan.context
        contexts = self.manual["contexts"]
        fitting = [one for one in contexts if len(backbone.token_ids(one["text"])) <= plan.context_length]
        if not any("failed" not in one for one in fitting):
            raise ConfigError(
                f"No manual context has at most {plan.context_length} tokens for the others to start from; name one "
                "as context in the study."
            )
        return fitting[_best(fitting, plan.choose_by)]["text"]


def choose(job: Job) -> Choices:
    """Returns the choices of a part, made in its folder as far as they are not there yet.

    Cost: validation of every manual context, and for each trained variant one training per rate, then one per further
    seed, each with its validation. Raises the first context's error if none could be validated.
    """
    plan = job.plan
    contexts = [_manual(job, place) for place in range(len(plan.manual_contexts))]
    if all("failed" in one for one in contexts):
        raise ConfigError(f"No manual context could be validated ({contexts[0]['failed']})")
    choices = Choices({"contexts": contexts, "chosen": _best(contexts, plan.choose_by)})
    start = choices.start(job) if plan.trained else ""
    for variant in plan.trained:
        first, *further = plan.training_seeds
        rates = [_trained(job, variant, rate, first, start) for rate in variant.rates]
        choices.prompts[variant.name], choices.validated[variant.name] = {}, {}
        if all("failed" in rate for rate in rates):
            choices.rates[variant.name] = {"rates": rates, "chosen": None}
            for seed in further:
                job.course.skip(training_key(plan, variant, None, seed))
            continue
        chosen = _best(rates, plan.choose_by)
        choices.rates[variant.name] = {"rates": rates, "chosen": chosen}
        rate = variant.rates[chosen]
        for seed in plan.training_seeds:
            found = rates[chosen] if seed == first else _trained(job, variant, rate, seed, start)
            if "failed" in found:
                continue
            folder = prompt_folder(job, plan.config(variant, rate, seed, start))
            try:
                finish(folder, job.materials.backbone, job.materials.train)  # the seed spread, the steps, and the card
            except DDPTError as error:
                job.fail(f"{variant.name}, seed {seed}, its card", str(error), arm=variant.name, seed=seed)
                continue
            choices.prompts[variant.name][seed], choices.validated[variant.name][seed] = folder, found
    return choices


def prompt_folder(job: Job, config: TrainConfig) -> Path:
    """Returns where the prompt of one training lies, named after all that it depends on."""
    kind = arm_of({"method": config.method, "config": asdict(config)})
    return job.out / "prompts" / f"{kind}-{config.lr:g}-{config.seed}-{digest_of(_training(job, config))[:12]}"


def _training(job: Job, config: TrainConfig) -> dict[str, Any]:
    """Returns what a training depends on."""
    materials = job.materials
    return {"backbone": materials.backbone.sha256, "trained_on": materials.trained_on, "config": asdict(config)}


def _manual(job: Job, place: int) -> dict[str, Any]:
    text, symbol = job.plan.manual_contexts[place], context_key(job.plan, place)
    cell = Cell(job.out, "contexts", "manual", _key(job) | {"context": text})
    result = cell.read()
    if result:
        job.course.skip(symbol)
    else:
        with job.cell(symbol, f"manual context {place + 1}", context=text):
            context = manual(job.materials.backbone, text)
            result = cell.write(*_validated(job, context))
    return {"text": text} | _figures(job, result)


def _trained(job: Job, variant: Variant, rate: float, seed: int, start: str) -> dict[str, Any]:
    """Returns the figures of one training, made now if they are not there; with `failed` if it came to nothing."""
    config = job.plan.config(variant, rate, seed, start)
    folder, first = prompt_folder(job, config), seed == job.plan.training_seeds[0]
    key = _key(job) | _training(job, config) | {"sampling_seed": job.plan.sampling_seeds[0]}
    cell = Cell(job.out, "trainings", f"{variant.arm}-{rate:g}-{seed}", key)
    symbol = training_key(job.plan, variant, rate if first else None, seed)
    about = {"arm": variant.name, "lr": rate, "seed": seed}
    name = f"{variant.name}, rate {rate:g}, seed {seed}"
    result = cell.read()
    if result and ("failed" in result or (folder / PROMPT_FILE).is_file()):
        job.course.skip(symbol)
        if "failed" in result:
            job.fail(name, result["failed"], **about)
    else:
        result = None
        with job.cell(symbol, name, **about):
            result = _train(job, folder, config, cell)
    return {"lr": rate} | _figures(job, result)


def _train(job: Job, folder: Path, config: TrainConfig, cell: Cell) -> dict[str, Any]:
    """Returns the result of a training's cell; a loss that is no number is a result too, as it would come again."""
    materials, begun = job.materials, False
    check_writable(folder)
    try:
        for at in train(materials.backbone, materials.train, folder, config, resume=True):
            begun = True
            job.course.share(TRAINING_SHARE * at.step / at.steps, f"step {at.step} of {at.steps}")
    except ConfigError as error:
        if begun:
            cell.write({"validation_loss": None, "bleu": None, "failed": str(error)})
        raise
    prompt = load_prompt(folder, materials.backbone)
    context = prompt.final_context(job.plan.sampling_seeds[0])
    return cell.write(*_validated(job, context, TRAINING_SHARE))


def _validated(job: Job, context: torch.Tensor, before: float = 0.0) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the validation loss of a context per token (see FrozenLM.loss), the BLEU-4 of its answers, and these."""
    from ddpt_core.metrics.text_metrics import score

    backbone, written = job.materials.backbone, job.materials.written
    loss = validation_loss(backbone, context, written, job.plan.bound)

    def tell(share: float) -> None:
        job.course.share(before + (1 - before) * share, "validation")

    answers = write_all(backbone, context, written, job.plan.settings, tell)
    codes = [answer.code for answer in answers]
    figures = {"validation_loss": loss, "bleu": score(codes, [task.reference for task in written])["bleu"]}
    return figures, {PREDICTIONS: as_lines(answer.row() for answer in answers)}


def _figures(job: Job, result: dict[str, Any] | None) -> dict[str, Any]:
    """Returns what results.json tells of a cell on validation; without a result, why that last failed."""
    if result is None:
        return {"validation_loss": None, "bleu": None, "failed": job.failed[-1]["why"]}
    return {name: result[name] for name in ("validation_loss", "bleu", "failed") if name in result}


def _key(job: Job) -> dict[str, Any]:
    plan, materials = job.plan, job.materials
    return {
        "backbone": materials.backbone.sha256,
        "validation": digest(materials.validation),
        "written": digest(materials.written),
        "settings": asdict(plan.settings),
        "context_length": plan.context_length,
        "bound": plan.bound,
        "code_of": RULE,
    }


def _best(figures: list[dict[str, Any]], by: str) -> int:
    """Returns the place of the highest BLEU, of equal ones that of the lowest loss, or by the loss alone."""

    def rank(place: int) -> tuple[float, float]:
        one = figures[place]
        return (-one["bleu"] if by == "bleu" else 0.0, one["validation_loss"])

    return min((place for place, one in enumerate(figures) if "failed" not in one), key=rank)
