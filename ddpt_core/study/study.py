"""A study from its file to its results: choices on validation, answers of every arm, figures, report."""

import datetime
import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.errors import ArtifactError, BackboneError, DDPTError
from ddpt_core.files import check_writable, read_description, write_files
from ddpt_core.prompts.checkpoint import FORMAT
from ddpt_core.settings import METRICS_FILE, PROMPT_FILE, REPORT, REPORT_PAGE, RESULTS, RESULTS_FORMAT, STUDY_BEGUN
from ddpt_core.study.answers import Run, answer
from ddpt_core.study.cells import as_text, versions
from ddpt_core.study.choosing import Choices, choose
from ddpt_core.study.course import Course, Job, Moment
from ddpt_core.study.document import markdown
from ddpt_core.study.materials import gather
from ddpt_core.study.page import page
from ddpt_core.study.pictures import svg
from ddpt_core.study.plan import Plan
from ddpt_core.study.plan_file import Study
from ddpt_core.study.report import pictures_of, report
from ddpt_core.study.scoring import correct, figures_of_data
from ddpt_core.study.work import Costs, Estimate, Key, Work, probe, total, work_of

Load = Callable[[str], FrozenLM]


class Shelf:
    """Holds one backbone at a time, as several may not fit into memory."""

    def __init__(self, load: Load) -> None:
        self._load, self._name = load, ""
        self._backbone: FrozenLM | None = None

    def get(self, name: str) -> FrozenLM:
        """Returns the backbone of that name, loaded if it is not the last one that was asked for."""
        if self._backbone is None or name != self._name:
            self._backbone = None
            gc.collect()
            self._name, self._backbone = name, self._load(name)
        return self._backbone


@dataclass(frozen=True)
class Checked:
    """A study that may run: what it will cost, the work of its cells, and why which backbones cannot be had."""

    estimate: Estimate
    work: dict[Key, Work]
    missing: dict[str, str]


def check(study: Study, shelf: Shelf, data_root: Path, limit: int | None = None) -> Checked:
    """Returns a study's cost, after all that could fail later was tried.

    Cost: every backbone is loaded, all data are read, and a few tasks are learned from, read and answered (the probe).
    Raises DataError or ConfigError for a part that cannot run, and BackboneError if no backbone can be had.
    """
    work: dict[Key, Work] = {}
    missing: dict[str, str] = {}
    parts = []
    for name in study.backbones:
        try:
            plans = [plan for plan in study.parts if plan.backbone == name]
            found = _priced(plans, shelf.get(name), data_root, limit)
        except BackboneError as error:
            missing[name] = str(error)
            if len(missing) == len(study.backbones):
                raise
            continue
        for plan, of_part in zip(plans, found, strict=True):
            parts.append((plan.name, len(of_part), total(of_part.values())))
            work = of_part | work
    return Checked(Estimate(len(work), total(work.values()), parts), work, missing)


def _priced(plans: list[Plan], backbone: FrozenLM, data_root: Path, limit: int | None) -> list[dict[Key, Work]]:
    """Returns the work of the cells of each part; nothing here outlives it that would keep the backbone in memory."""
    costs: dict[Any, Costs] = {}  # what was probed with the same sizes is not probed again
    priced = []
    for plan in plans:
        materials = gather(plan, backbone, data_root, limit)
        alike = (plan.batch_size, plan.max_new_tokens, plan.context_length, bool(plan.trained), plan.train)
        if alike not in costs:
            costs[alike] = probe(plan, materials)
        priced.append(work_of(plan, materials, costs[alike]))
    return priced


def run_study(
    study: Study,
    out: Path,
    *,
    data_root: Path,
    load: Load = load_backbone,
    limit: int | None = None,
    resume: bool = False,
    command: str = "python -m ddpt_core study",
    announce: Callable[[Estimate], None] | None = None,
    tell: Callable[[Moment], None] | None = None,
) -> dict[str, Any]:
    """Runs what is not done yet of a study in the folder `out`, and returns its results as results.json holds them.

    Everything is checked before the first cell runs, and `announce` is told what it will cost. With `resume` a study
    goes on where it was stopped: a cell whose result is there is not made again. A cell that fails for a reason that a
    user can mend (DDPTError) is told in the results, and the rest goes on; any other exception, such as one that `tell`
    raises to stop it, ends the run, which can be resumed.

    Cost, beside the trainings (variants x (rates + seeds - 1), each steps x batch_size tasks forward and backward):
    data x entries x seeds generations of every task, where what is sampled counts training x sampling seeds.
    """
    if (out / STUDY_BEGUN).is_file() and not resume:
        raise ArtifactError(f"The folder {out} holds a study already; go on with --resume or give another folder.")
    shelf = Shelf(load)
    checked = check(study, shelf, data_root, limit)
    check_writable(out)
    write_files(out, {STUDY_BEGUN: as_text(study.raw)})
    if announce:
        announce(checked.estimate)
    course = Course(checked.work, tell or (lambda moment: None))
    parts = []
    for plan in study.parts:
        if plan.backbone in checked.missing:
            parts.append(_nothing(plan, checked.missing[plan.backbone]))
        else:
            parts.append(_run_part(Job(plan, gather(plan, shelf.get(plan.backbone), data_root, limit), out, course)))
    results = {
        "format": RESULTS_FORMAT,
        "name": study.name,
        "command": command,
        "created": datetime.date.today().isoformat(),
        "versions": versions(),
        "limit": limit,
        "parts": parts,
    }
    write_reports(results, out)
    return results


def write_reports(results: dict[str, Any], out: Path) -> None:
    """Writes the report as Markdown with its pictures and as a page, and last of all results.json."""
    blocks = report(results)
    pictures = {one.name: svg(one.chart) for one in pictures_of(blocks)}
    pages = {REPORT: markdown(blocks), REPORT_PAGE: page(f"Study: {results['name']}", blocks)}
    write_files(out, pictures | pages | {RESULTS: as_text(results)})


def _run_part(job: Job) -> dict[str, Any]:
    plan, materials = job.plan, job.materials
    try:
        choices = choose(job)
    except DDPTError as error:  # of no use to go on with: no manual context could be validated
        return _nothing(plan, str(error), job.failed)
    runs = answer(job, choices)
    data = [
        {
            "name": reported.data.name,
            "source": reported.data.data,
            "tasks": len(reported.tasks),
            "tests": reported.data.tests,
            "tests_refused": reported.tests_refused,
            **figures_of_data(of_data, reported.data.tests),
        }
        for reported, of_data in zip(materials.reported, runs, strict=True)
    ]
    correct(data)
    for of_data, found in zip(runs, data, strict=True):
        _keep_figures(job.out, of_data, found["runs"])
    return {
        **_about(plan),
        "backbone": {"name": materials.backbone.name, "sha256": materials.backbone.sha256},
        "validation": {"tasks": len(materials.validation), "written": len(materials.written)},
        "choices": {"manual": choices.manual} | choices.rates,
        "trainings": {variant.name: _trainings(job.out, choices, variant.name) for variant in plan.trained},
        "failed": job.failed,
        "data": data,
    }


def _nothing(plan: Plan, why: str, failed: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Returns the results of a part that could not be run."""
    return {
        **_about(plan),
        "backbone": {"name": plan.backbone, "sha256": None},
        "validation": None,
        "choices": {},
        "trainings": {},
        "failed": [*(failed or []), {"what": "the whole part", "why": why}],
        "data": [],
    }


def _about(plan: Plan) -> dict[str, Any]:
    variants = {variant.name: variant.arm for variant in plan.arms}
    entries = {entry.name: entry.variant.name for entry in plan.entries}
    return {
        "name": plan.name,
        "of": plan.of,
        "train": plan.train_name,
        "variants": variants,  # name -> arm
        "entries": entries,  # what `data` calls arms -> variant
        "plan": plan.raw,
    }


def _keep_figures(out: Path, runs: list[Run], figures: list[dict[str, Any]]) -> None:
    """Writes each run's own metrics into its cell."""
    for run, own in zip(runs, figures, strict=True):
        text = as_text({name: value for name, value in own.items() if name not in ("arm", "cell")})
        path = out / run.cell / METRICS_FILE
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_files(path.parent, {METRICS_FILE: text})


def _trainings(out: Path, choices: Choices, variant: str) -> list[dict[str, Any]]:
    """Returns what each training of a variant at its chosen rate came to, as its prompt.json tells."""
    found = []
    for seed, folder in choices.prompts.get(variant, {}).items():
        info = read_description(folder / PROMPT_FILE, "prompt", FORMAT)
        metrics = info["metrics"]
        told = {"seed": seed, "lr": info["config"]["lr"], "steps": metrics["steps"]}
        told |= {"llm_passes": metrics["steps"], "trainable_parameters": info["trainable_parameters"]}
        for name in ("best_step", "validation_loss", "seconds", "seed_spread", "steps_ablation"):
            if name in metrics:
                told[name] = metrics[name]
        told |= {"validation_bleu": choices.validated[variant][seed]["bleu"]}
        found.append(told | {"prompt": str(folder.relative_to(out))})
    return found
