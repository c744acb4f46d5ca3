"""A study from its plan to its results: choices on validation, answers of every arm, figures."""

import datetime
import json
import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from ddpt_core.artifact_files import check_writable, write_files
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.errors import ArtifactError
from ddpt_core.study.answers import answer, work_of_answers
from ddpt_core.study.cells import Course, Moment
from ddpt_core.study.choosing import Choices, choose, work_of_choices
from ddpt_core.study.materials import gather
from ddpt_core.study.plan import Plan
from ddpt_core.study.report import report
from ddpt_core.study.scoring import figures_of_data
from ddpt_core.tuning.checkpoint import DESCRIPTION, FORMAT, read_description

RESULTS, REPORT, BEGUN = "results.json", "report.md", "plan.json"
RESULTS_FORMAT = 1


def run_study(
    plan: Plan,
    out: Path,
    *,
    backbone: FrozenLM,
    data_root: Path,
    limit: int | None = None,
    resume: bool = False,
    command: str = "python -m ddpt_core study",
    tell: Callable[[Moment], None] | None = None,
) -> dict[str, Any]:
    """Runs what is not done yet of a study in the folder `out`, and returns its results as results.json holds them.

    Everything is checked before the first cell runs. With `resume` a study goes on where it was stopped: a cell whose
    result is there and is of the same plan, data and backbone is not run again.

    Cost, beside the trainings (arms x (rates + seeds - 1), each steps x batch_size tasks forward and backward):
    data x arms x seeds generations of every task, where an arm that is sampled counts training x sampling seeds.
    """
    if (out / BEGUN).is_file() and not resume:
        raise ArtifactError(f"The folder {out} holds a study already; go on with --resume or give another folder.")
    materials = gather(plan, backbone, data_root, limit)
    check_writable(out)
    write_files(out, {BEGUN: json.dumps(plan.raw, indent=1, ensure_ascii=False) + "\n"})
    validating, training = work_of_choices(plan, materials)
    trainings = sum(len(one.rates) + len(plan.training_seeds) - 1 for one in plan.trained.values())
    work = len(plan.manual_contexts) * validating + trainings * training + work_of_answers(plan, materials)
    course = Course(plan.cells, work, tell or (lambda moment: None))
    choices = choose(plan, materials, out, course)
    runs = answer(plan, materials, choices, out, course)
    results = {
        "format": RESULTS_FORMAT,
        "command": command,
        "created": datetime.date.today().isoformat(),
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("torch", "transformers", "diffusers", "peft", "sacrebleu")},
        "backbone": {"name": backbone.name, "sha256": backbone.sha256},
        "plan": plan.raw,
        "limit": limit,
        "validation": {"tasks": len(materials.validation), "written": len(materials.written)},
        "choices": {"manual": choices.manual} | choices.rates,
        "trainings": {arm: trainings_of(choices, arm) for arm in plan.trained},
        "failed": choices.failed,
        "data": [
            {
                "name": reported.data.name,
                "source": reported.data.data,
                "tasks": len(reported.tasks),
                "tests": reported.data.tests,
                "tests_refused": reported.tests_refused,
                **figures_of_data(of_data, reported.data.tests),
            }
            for reported, of_data in zip(materials.reported, runs, strict=True)
        ],
    }
    text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_files(out, {REPORT: report(results), RESULTS: text})
    return results


def trainings_of(choices: Choices, arm: str) -> list[dict[str, Any]]:
    """Returns what each training of an arm at its chosen rate came to, as its prompt.json tells."""
    found = []
    for seed, folder in choices.prompts[arm].items():
        info = read_description(folder / DESCRIPTION, "prompt", FORMAT)
        metrics = info["metrics"]
        told = {"seed": seed, "lr": info["config"]["lr"], "steps": metrics["steps"]}
        told["llm_passes"] = metrics["steps"]
        for name in ("best_step", "validation_loss", "seconds", "seed_spread", "steps_ablation"):
            if name in metrics:
                told[name] = metrics[name]
        found.append(told | {"validation_bleu": choices.validated[arm][seed]["bleu"]})
    return found
