"""What a study works on: the backbone and all its tasks, loaded and checked before anything runs."""

from dataclasses import dataclass
from pathlib import Path

from ddpt_core.answering.arms import manual
from ddpt_core.answering.unit_tests import with_tests_shown
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import OWN_TASKS, OWN_TRAINING, load_all_tasks, load_tasks
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError
from ddpt_core.metrics.execution import execute
from ddpt_core.study.cells import digest
from ddpt_core.study.plan import Plan, ReportData
from ddpt_core.training.batches import split, spread


@dataclass(frozen=True)
class Reported:
    """A data set of the report with its tasks; `tests_refused` says why its tests cannot run, "" if they can."""

    data: ReportData
    tasks: list[Task]
    tests_refused: str = ""


@dataclass(frozen=True)
class Materials:
    """The backbone, the sources of the training data, the trainer's own validation part of them, the reported data.

    `written` are the validation tasks that are answered for the choice by BLEU; `trained_on` is a digest of both parts
    of the training data.
    """

    backbone: FrozenLM
    train: list[str]
    trained_on: str
    validation: list[Task]
    written: list[Task]
    reported: list[Reported]


def gather(plan: Plan, backbone: FrozenLM, data_root: Path, limit: int | None = None) -> Materials:
    """Returns the materials of a plan; `limit` caps the tasks of every data set and those written for the choice.

    Raises DataError or ConfigError for whatever would fail later: data, contexts that are too long, missing tests.
    """
    for text in plan.manual_contexts:
        manual(backbone, text)
    if plan.context:
        backbone.embed(plan.context, plan.context_length)
    for source in plan.train:
        if source.startswith(OWN_TASKS) and source != OWN_TRAINING:
            raise DataError(f"The tasks of {source} are held out for evaluation; train on {OWN_TRAINING} instead.")
    train = [_place(source, data_root) for source in plan.train]
    training, validation = split(load_all_tasks(train), plan.validation_share)
    probe = execute("") if any(data.tests for data in plan.data) else None
    refused = probe.detail if probe and probe.status == "refused" else ""
    reported = []
    for data in plan.data:
        tasks = load_tasks(_place(data.data, data_root), min(filter(None, (data.limit, limit)), default=None))
        if data.show_tests:
            tasks = [with_tests_shown(task) for task in tasks]
        if not any(task.reference.strip() for task in tasks):
            raise DataError(f"No task of {data.data} has a reference to compare with; give tasks that do.")
        if data.tests and not any(task.tests for task in tasks):
            raise DataError(f"No task of {data.data} has tests; take out its tests: true, or give tasks that do.")
        reported.append(Reported(data, tasks, refused if data.tests else ""))
    written = spread(validation, min(plan.validation_tasks, limit or plan.validation_tasks))
    return Materials(backbone, train, digest([*training, *validation]), validation, written, reported)


def _place(source: str, root: Path) -> str:
    if source.startswith(OWN_TASKS):
        return source
    path = root / source
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}; name the folder that {source} lies in with --data-root.")
    return str(path)
