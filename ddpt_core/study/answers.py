"""What every entry answers to the data of the report: a cell for each data set, entry, training and sampling seed."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from ddpt_core.answering.arms import denoised, make_arm
from ddpt_core.answering.code import RULE
from ddpt_core.answering.evaluate import as_lines
from ddpt_core.answering.unit_tests import Examination, UnitTests
from ddpt_core.answering.writing import write_all
from ddpt_core.arms import NONE
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.task import Task
from ddpt_core.diffusion.sampler import last_step
from ddpt_core.files import read_description
from ddpt_core.prompts.checkpoint import FORMAT, load_prompt
from ddpt_core.prompts.ddpt import DDPTPrompt
from ddpt_core.prompts.prompt import Prompt
from ddpt_core.settings import PREDICTIONS, PROMPT_FILE
from ddpt_core.study.cells import Cell, digest
from ddpt_core.study.choosing import Choices
from ddpt_core.study.course import Job
from ddpt_core.study.materials import Reported
from ddpt_core.study.plan import Entry, Sampler
from ddpt_core.study.work import answers_key

LOSSES_AT_ONCE = 64  # tasks
Made = tuple[torch.Tensor | None, float | None]  # a context, and the seconds that sampling it took


@dataclass(frozen=True)
class Run:
    """The answers of an entry, with one training and one sampling seed (None where it has none), to one data set.

    `arm` is the entry's name and `kind` its arm of ALL_ARMS; `seconds` is what sampling the context took, None where
    nothing was sampled; `cell` is its folder below the study's. A row holds the keys of predictions.jsonl: beside the
    task's, the `prediction` and the `answer` that it is cut out of, a `loss`, summed over the `tokens` of the reference
    in nats (None without one), and where tests were asked for `status` and `detail`.
    """

    arm: str
    training_seed: int | None
    sampling_seed: int | None
    rows: list[dict[str, Any]]
    kind: str = ""
    sampler: str | None = None
    seconds: float | None = None
    cell: str = ""


def answer(job: Job, choices: Choices) -> list[list[Run]]:
    """Returns for each data set the runs of all entries, made in the part's folder as far as they are not there yet.

    Cost: data x entries x seeds generations of all tasks in batches, and as many executions where tests are asked for.
    Contexts that are equal bit for bit are answered once, programs that are equal are run once.
    """
    contexts = _Contexts(job, choices)
    return [_answer_data(job, contexts, reported) for reported in job.materials.reported]


class _Contexts:
    """The contexts of a part, each made when it is first asked for."""

    def __init__(self, job: Job, choices: Choices) -> None:
        self.job, self.choices = job, choices
        self._prompts: dict[Path, Prompt] = {}
        self._made: dict[tuple[Any, ...], Made] = {}

    def known(self, entry: Entry, training_seed: int | None) -> bool:
        """Returns whether there is what the context is made of; not if its training failed."""
        return training_seed is None or training_seed in self.choices.prompts[entry.variant.name]

    def made_of(self, entry: Entry, training_seed: int | None) -> dict[str, Any]:
        """Returns what the context depends on, but for the noise."""
        if training_seed is not None:
            return {"weights": self._described(entry, training_seed)["weights_sha256"]}
        return {"context": None if entry.variant.arm == NONE else self.choices.manual_text}

    def config(self, entry: Entry, training_seed: int | None) -> dict[str, Any] | None:
        """Returns the settings of the training that the context comes from, None for an arm that does not learn."""
        return None if training_seed is None else self._described(entry, training_seed)["config"]

    def _described(self, entry: Entry, training_seed: int) -> dict[str, Any]:
        folder = self.choices.prompts[entry.variant.name][training_seed]
        return read_description(folder / PROMPT_FILE, "prompt", FORMAT)

    def get(self, entry: Entry, training_seed: int | None, seed: int | None) -> Made:
        """Returns the context (P, D), None for none, and the seconds that sampling took."""
        key = (entry.name, training_seed, seed)
        if key not in self._made:
            self._made[key] = self._make(entry, training_seed, seed)
        return self._made[key]

    def _make(self, entry: Entry, training_seed: int | None, seed: int | None) -> Made:
        backbone = self.job.materials.backbone
        name, text = entry.variant.arm, self.choices.manual_text
        if training_seed is None:
            return make_arm(backbone, name, None, text).of(()), None
        folder = self.choices.prompts[entry.variant.name][training_seed]
        if folder not in self._prompts:
            self._prompts[folder] = load_prompt(folder, backbone)
        prompt = self._prompts[folder]
        if isinstance(prompt, DDPTPrompt) and entry.sampler and seed is not None:
            return sampled(prompt, entry.sampler, seed)
        return make_arm(backbone, name, prompt, text).of(()), None


def sampled(prompt: DDPTPrompt, sampler: Sampler, seed: int) -> tuple[torch.Tensor, float]:
    """Returns the context (P, D) that a reverse run ends on, and the seconds that it took."""
    last_step(prompt, 1, seed)  # warms up, so that the first run is not the slowest
    start = time.perf_counter()
    context = denoised(prompt, seed, sampler.scheduler, sampler.steps)
    return context, time.perf_counter() - start


def _answer_data(job: Job, contexts: _Contexts, reported: Reported) -> list[Run]:
    known: dict[str, list[dict[str, Any]]] = {}  # digest of a context -> its rows
    desk = _Desk(job, reported)
    common = {
        "backbone": job.materials.backbone.sha256,
        "tasks": digest(reported.tasks),
        "settings": asdict(job.plan.settings_of(reported.data)),
        "tests": reported.data.tests,
        "tests_refused": reported.tests_refused,
        "code_of": RULE,
    }
    runs: list[Run] = []
    for entry in job.plan.entries:
        for training_seed, seed in job.plan.runs(entry, reported.data):
            symbol = answers_key(job.plan, reported.data, entry, training_seed, seed)
            if not contexts.known(entry, training_seed):
                job.course.skip(symbol)
                continue
            sampler = _described(entry)
            key = common | contexts.made_of(entry, training_seed) | {"sampler": sampler, "sampling_seed": seed}
            of_whom = [str(one).replace(" ", "-") for one in (training_seed, sampler, seed) if one is not None]
            cell = Cell(job.out, "answers", "-".join([entry.variant.arm, *of_whom]), key)
            result, rows = cell.read(), _read_rows(cell.folder)
            if result and len(rows) == len(reported.tasks):
                job.course.skip(symbol)
            else:
                result = None
                name = f"{reported.data.name}, {entry.name}{_spoken(training_seed, seed)}"
                about = {"arm": entry.name, "seed": training_seed, "sampling_seed": seed, "data": reported.data.name}
                with job.cell(symbol, name, **about):
                    context, seconds = contexts.get(entry, training_seed, seed)
                    mark = _mark(context)
                    rows = known.get(mark) or desk.write(context)
                    told: dict[str, Any] = {"context_sha256": mark, "sampling_seconds": seconds}
                    told |= {"config": contexts.config(entry, training_seed)}
                    result = cell.write(told, {PREDICTIONS: as_lines(rows)})
            if result:
                known[result["context_sha256"]] = rows
                who = (entry.name, training_seed, seed, rows, entry.variant.arm)
                runs.append(Run(*who, sampler, result["sampling_seconds"], cell.name))
    return runs


def _spoken(training_seed: int | None, seed: int | None) -> str:
    seeds = {"seed": training_seed, "noise": seed}
    return "".join(f", {what} {one}" for what, one in seeds.items() if one is not None)


def _described(entry: Entry) -> str | None:
    """Returns a sampler by name with its number of steps, None for an entry that is not sampled."""
    if entry.sampler is None:
        return None
    return f"{entry.sampler.scheduler} {entry.sampler.steps or entry.variant.timesteps}"


class _Desk:
    """Writes the answers to one data set; its references are run before the first of them is judged."""

    def __init__(self, job: Job, reported: Reported) -> None:
        self.backbone, self.course = job.materials.backbone, job.course
        self.settings = job.plan.settings_of(reported.data)
        self.tasks, self.with_tests = reported.tasks, reported.data.tests

    @cached_property
    def examination(self) -> Examination:
        """The unit tests, once the references have run."""
        examination = Examination(UnitTests(), self.tasks)
        examination.run_references(lambda share: None)
        return examination

    def write(self, context: torch.Tensor | None) -> list[dict[str, Any]]:
        """Returns the rows of one context, without who wrote them."""
        answers = write_all(
            self.backbone, context, self.tasks, self.settings, lambda share: self.course.share(0.7 * share)
        )
        losses = task_losses(self.backbone, context, self.tasks)
        rows = [
            answer.row() | {"loss": loss, "tokens": tokens}
            for answer, (loss, tokens) in zip(answers, losses, strict=True)
        ]
        if self.with_tests:
            judged = self.examination.judge(self.backbone, context, answers, 0, self.settings, lambda share: None)
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


def _mark(context: torch.Tensor | None) -> str:
    return "" if context is None else hashlib.sha256(context.cpu().contiguous().numpy().tobytes()).hexdigest()


def _read_rows(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / PREDICTIONS).read_text(encoding="utf-8").split("\n")  # not at the separators inside of code
        return [json.loads(line) for line in lines if line]
    except (OSError, ValueError):
        return []
