"""What every arm answers to the data of the report: a cell for each data set, arm, training and sampling seed."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.evaluation.arms import Arm
from ddpt_core.evaluation.evaluate import PREDICTIONS, write_all
from ddpt_core.evaluation.unit_tests import Examination, UnitTests
from ddpt_core.study.cells import Cell, Course, digest
from ddpt_core.study.choosing import READING, WRITING, Choices, final_contexts
from ddpt_core.study.materials import Materials, Reported
from ddpt_core.study.plan import METHOD, SAMPLED, Plan
from ddpt_core.tuning.checkpoint import load_prompt

LOSSES_AT_ONCE = 64  # tasks
OF_ARM = ("arm", "training_seed", "sampling_seed")  # what a line of predictions.jsonl tells of who wrote it


@dataclass(frozen=True)
class Run:
    """The answers of an arm, with one training and one sampling seed (None where it has none), to one data set.

    A row holds the keys of predictions.jsonl: beside those that `evaluate` writes `loss`, summed over the `tokens` of
    the reference in nats (None without one), and where tests were asked for `status` and `detail`.
    """

    arm: str
    training_seed: int | None
    sampling_seed: int | None
    rows: list[dict[str, Any]]


class Contexts:
    """The contexts of one arm with one training: made when the first is asked for, all of them together."""

    def __init__(self, make: Callable[[], list[torch.Tensor | None]]) -> None:
        self._make = make

    @cached_property
    def all(self) -> list[torch.Tensor | None]:
        """The contexts in the order of the sampling seeds."""
        return self._make()


def work_of_answers(plan: Plan, materials: Materials) -> float:
    """Returns the work of all cells of this kind."""
    return sum(
        (WRITING + READING) * len(reported.tasks) * len(plan.runs(arm, reported.data))
        for reported in materials.reported
        for arm in plan.arms
    )


def answer(plan: Plan, materials: Materials, choices: Choices, out: Path, course: Course) -> list[list[Run]]:
    """Returns for each data set the runs of all arms, made in `out` as far as they are not there yet.

    Cost: data x arms x seeds generations of all tasks in batches, and as many executions where tests are asked for.
    Contexts that are equal bit for bit are answered once, programs that are equal are run once.
    """
    backbone = materials.backbone
    contexts: dict[tuple[str, int | None], Contexts] = {}
    for arm in plan.arms:
        if arm not in METHOD:
            text = None if arm == "none" else plan.manual_contexts[choices.manual["chosen"]]
            contexts[arm, None] = Contexts(_fixed(backbone, text, plan.context_length))
        for seed, folder in choices.prompts.get(arm, {}).items():
            seeds = list(plan.sampling_seeds if arm in SAMPLED else plan.sampling_seeds[:1])
            contexts[arm, seed] = Contexts(_sampled(backbone, folder, seeds))
    return [_answer_data(plan, materials, choices, out, course, reported, contexts) for reported in materials.reported]


def _fixed(backbone: FrozenLM, text: str | None, length: int) -> Callable[[], list[torch.Tensor | None]]:
    return lambda: [None if text is None else backbone.embed(text, length)]


def _sampled(backbone: FrozenLM, folder: Path, seeds: list[int]) -> Callable[[], list[torch.Tensor | None]]:
    return lambda: list(final_contexts(load_prompt(folder, backbone), seeds))


def _answer_data(
    plan: Plan,
    materials: Materials,
    choices: Choices,
    out: Path,
    course: Course,
    reported: Reported,
    contexts: dict[tuple[str, int | None], Contexts],
) -> list[Run]:
    known: dict[str, list[dict[str, Any]]] = {}  # digest of a context -> its rows
    desk = _Desk(materials.backbone, reported, plan, course)
    common = {
        "backbone": materials.backbone.sha256,
        "tasks": digest(reported.tasks),
        "settings": asdict(plan.settings),
        "tests": reported.data.tests,
        "tests_refused": reported.tests_refused,
    }
    work = (WRITING + READING) * len(reported.tasks)
    runs: list[Run] = []
    for arm in plan.arms:
        for training_seed, sampling_seed in plan.runs(arm, reported.data):
            if (arm, training_seed) not in contexts:  # its training failed
                course.skip(work)
                continue
            of_whom = dict(zip(OF_ARM, (arm, training_seed, sampling_seed), strict=True))
            made_of = _made_of(plan, choices, arm, training_seed)
            folder = out / "cells" / "answers" / reported.data.slug / arm / _name(training_seed, sampling_seed)
            cell = Cell(folder, common | made_of | {"sampling_seed": sampling_seed})
            result, rows = cell.read(), _read_rows(folder)
            if result and len(rows) == len(reported.tasks):
                course.skip(work)
            else:
                course.begin(f"{reported.data.name}, {arm}{_spoken(training_seed, sampling_seed)}", work)
                place = 0 if sampling_seed is None else plan.sampling_seeds.index(sampling_seed)
                context = contexts[arm, training_seed].all[place]
                mark = _mark(context)
                rows = [of_whom | row for row in known.get(mark) or desk.write(context)]
                lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                result = cell.write({"context_sha256": mark}, {PREDICTIONS: lines})
                course.end()
            known[result["context_sha256"]] = [{k: v for k, v in row.items() if k not in OF_ARM} for row in rows]
            runs.append(Run(arm, training_seed, sampling_seed, rows))
    return runs


class _Desk:
    """Writes the answers to one data set; its references are run before the first of them is judged."""

    def __init__(self, backbone: FrozenLM, reported: Reported, plan: Plan, course: Course) -> None:
        self.backbone, self.tasks, self.settings, self.course = backbone, reported.tasks, plan.settings, course
        self.with_tests = reported.data.tests

    @cached_property
    def examination(self) -> Examination:
        """The unit tests, once the references have run."""
        examination = Examination(UnitTests(), self.tasks)
        examination.run_references(lambda share: None)
        return examination

    def write(self, context: torch.Tensor | None) -> list[dict[str, Any]]:
        """Returns the rows of one context, without who wrote them."""
        arm = Arm("study", context)
        written = write_all(self.backbone, arm, self.tasks, self.settings, lambda share: self.course.share(0.7 * share))
        losses = task_losses(self.backbone, context, self.tasks)
        rows: list[dict[str, Any]] = [
            {"id": t.id, "instruction": t.instruction, "reference": t.reference, "prediction": code}
            | {"loss": loss, "tokens": tokens}
            for t, code, (loss, tokens) in zip(self.tasks, written, losses, strict=True)
        ]
        if self.with_tests:
            judged = self.examination.judge(self.backbone, arm, written, 0, self.settings, lambda share: None)
            rows = self.examination.rows(rows, judged)
            for row in rows:
                del row["tests"]
        return rows


@torch.no_grad()
def task_losses(
    backbone: FrozenLM, context: torch.Tensor | None, tasks: list[Task]
) -> list[tuple[float | None, int | None]]:
    """Returns each reference's summed loss in nats and its tokens, None without a reference; in batches by length."""
    found: list[tuple[float | None, int | None]] = [(None, None)] * len(tasks)
    order = sorted(
        (place for place, task in enumerate(tasks) if task.reference.strip()),
        key=lambda place: (len(tasks[place].reference), len(tasks[place].instruction)),
    )
    for start in range(0, len(order), LOSSES_AT_ONCE):
        batch = order[start : start + LOSSES_AT_ONCE]
        losses, counts = backbone.summed_losses(context, [tasks[place] for place in batch])
        for place, loss, count in zip(batch, losses.tolist(), counts.tolist(), strict=True):
            found[place] = loss, count
    return found


def _made_of(plan: Plan, choices: Choices, arm: str, seed: int | None) -> dict[str, Any]:
    """Returns what an arm's context depends on."""
    if seed is not None:
        description = json.loads((choices.prompts[arm][seed] / "prompt.json").read_text(encoding="utf-8"))
        return {"weights": description["weights_sha256"]}
    text = None if arm == "none" else plan.manual_contexts[choices.manual["chosen"]]
    return {"context": text, "context_length": plan.context_length}


def _mark(context: torch.Tensor | None) -> str:
    return "" if context is None else hashlib.sha256(context.cpu().contiguous().numpy().tobytes()).hexdigest()


def _name(training_seed: int | None, sampling_seed: int | None) -> str:
    if training_seed is None:
        return "only"
    return f"seed-{training_seed}" + ("" if sampling_seed is None else f"-sample-{sampling_seed}")


def _spoken(training_seed: int | None, sampling_seed: int | None) -> str:
    return "" if training_seed is None else f", {_name(training_seed, sampling_seed).replace('-', ' ')}"


def _read_rows(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / PREDICTIONS).read_text(encoding="utf-8").split("\n")  # not at the separators inside of code
        return [json.loads(line) for line in lines if line]
    except (OSError, ValueError):
        return []
