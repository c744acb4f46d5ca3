"""Unit tests of the arms' answers: the references first, then greedy or sampled answers, and how many passed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from ddpt_core.answering.writing import Answer, Done
from ddpt_core.backbone.frozen_lm import ROWS_AT_ONCE, FrozenLM
from ddpt_core.data.programs import program_of, unfinished_function
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import ConfigError, require_range
from ddpt_core.metrics.execution import DEFAULT_LIMITS, Execution, Limits, execute_many, problem_of_tests
from ddpt_core.metrics.pass_at import mean_pass_at
from ddpt_core.settings import MAX_TEMPERATURE, TOP_P, GenerationSettings
from ddpt_core.training.processes import is_main, processes

TEMPERATURE = 0.8  # where several samples are drawn: the best for pass@100 in Chen et al. 2021, figure 5
OUTCOMES = ("passed", "failed", "error", "timeout", "memory")
NO_TESTS = "The task has no tests."
REFERENCE_FAILS = "The task is left out because its own reference does not pass its tests."
NO_VERDICT = "The task is left out because its tests cannot judge a program."
GREEDY = "The tests ran on the drawn samples, not on the greedy answer."

Context = torch.Tensor | None
Drawn = list[tuple[int, list[tuple[str, int]]]]  # the place of a task, and its samples as text and tokens


@dataclass(frozen=True)
class UnitTests:
    """How answers are tested: pass@k, for each of `k`, of `samples` answers to a task.

    They are drawn at `temperature`; at 0 the one sample is the greedy answer, which is what None means for one. For
    more than one None means 0.8. Raises ConfigError for what is out of range or does not go together.
    """

    samples: int = 1
    temperature: float | None = None
    k: tuple[int, ...] = (1,)
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        require_range("The number of samples", self.samples, 1, 1_000)
        if self.temperature is not None and not 0 <= self.temperature <= MAX_TEMPERATURE:
            raise ConfigError(f"The temperature must be from 0 to {MAX_TEMPERATURE:g}, got {self.temperature}.")
        if self.samples > 1 and self.temperature == 0:
            raise ConfigError("At temperature 0 all samples are the same; draw one, or choose a higher temperature.")
        if not self.k:
            raise ConfigError("No k of pass@k is given; give at least one.")
        for k in self.k:
            if not 1 <= k <= self.samples:
                raise ConfigError(
                    f"k of pass@k must be from 1 to the number of samples, {self.samples:,}, got {k:,}; "
                    "draw more samples or choose a smaller k."
                )

    @property
    def heat(self) -> float:
        """Returns the temperature that is meant, 0 for greedy."""
        if self.temperature is not None:
            return self.temperature
        return 0.0 if self.samples == 1 else TEMPERATURE


def with_tests_shown(task: Task) -> Task:
    """Returns the task with its tests behind the instruction, in the words of MBPP's own prompt (Austin et al. 2021).

    MBPP's text does not name the function that its tests call. An instruction that is itself the beginning of a
    function names it, and stays as it is, as does a task without tests. Raises DataError if it gets too long.
    """
    if not task.tests or unfinished_function(task.instruction):
        return task
    text = "\n".join([f"{task.instruction} Your code should pass these tests:", "", *task.tests])
    return replace(task, instruction=check_instruction(text))


@dataclass(frozen=True)
class Judged:
    """An answer, and what became of its program."""

    answer: Answer
    execution: Execution


class Examination:
    """The unit tests of one evaluation: which of its tasks are judged, and the verdicts on every arm's answers.

    judged: places of the tasks with tests that their own reference, if they have one, passes; left_out: the others
    with tests, among them those whose tests cannot judge any program; not_run: why nothing is judged, "" if it is.
    Programs that are equal in code, setup and tests run once.
    """

    def __init__(self, settings: UnitTests, tasks: Sequence[Task]) -> None:
        self.settings, self.tasks = settings, tasks
        self.judged: list[int] = []
        self.left_out: dict[int, Execution] = {}
        self.without_verdict: set[int] = set()  # of those left out: places of tasks whose tests are none
        self.not_run = ""
        self._verdicts: dict[tuple[str, str, tuple[str, ...]], Execution] = {}

    def run_references(self, done: Done) -> None:
        """Runs the reference of every task with tests, and settles which tasks are judged; the main process does."""
        here = processes()
        self.judged, self.not_run = here.on_main(lambda: self._settled(done))

    def _settled(self, done: Done) -> tuple[list[int], str]:
        tested = [i for i, task in enumerate(self.tasks) if task.tests]
        problems = {i: problem for i in tested if (problem := problem_of_tests(self.tasks[i]))}
        known = [i for i in tested if i not in problems and self.tasks[i].reference.strip()]
        verdicts = self._run([(self.tasks[i].reference, self.tasks[i]) for i in known], done)
        if self.not_run:
            return [], self.not_run
        self.left_out = {i: Execution("error", (), 0.0, problem) for i, problem in problems.items()}
        self.left_out |= {i: verdict for i, verdict in zip(known, verdicts, strict=True) if not verdict.passed}
        self.left_out = dict(sorted(self.left_out.items()))
        self.without_verdict = set(problems)
        judged = [i for i in tested if i not in self.left_out]
        if not tested:
            return [], f"None of the {len(self.tasks):,} tasks has tests."
        if not judged:
            return [], f"Of the {len(tested):,} tasks with tests none has a reference that passes them."
        return judged, ""

    def judge(
        self,
        backbone: FrozenLM,
        context: Context,
        greedy: Sequence[Answer],
        seed: int,
        generation: GenerationSettings | None,
        done: Done,
    ) -> dict[int, list[Judged]]:
        """Returns for the place of each judged task its samples; `greedy` is what was written to every task.

        Cost: judged tasks x samples generations, none for greedy answers, and as many executions on all processors.
        All arms draw with the same random numbers. Several processes share the drawing, and the main one judges: all
        must call this, and the others are told nothing.
        """
        if processes().on_main(lambda: self.not_run) or (self.settings.heat == 0 and not is_main()):
            return {}
        if self.settings.heat == 0:
            answers, before = [(i, greedy[i]) for i in self.judged], 0.0
        else:
            drawn = self._drawn(backbone, context, seed, generation, lambda share: done(share / 2))
            if not is_main():
                return {}
            answers = [(i, Answer(self.tasks[i], *one)) for i, several in drawn for one in several]
            before = 0.5
        codes = [(answer.code, answer.task) for _, answer in answers]
        verdicts = self._run(codes, lambda share: done(before + (1 - before) * share))
        samples: dict[int, list[Judged]] = {}
        for (i, answer), verdict in zip(answers, verdicts, strict=True):
            samples.setdefault(i, []).append(Judged(answer, verdict))
        return samples

    def _drawn(
        self, backbone: FrozenLM, context: Context, seed: int, generation: GenerationSettings | None, done: Done
    ) -> Drawn:
        """Returns the place of each judged task with its samples; a batch has random numbers of its own."""
        here, order = processes(), sorted(self.judged, key=lambda i: len(self.tasks[i].instruction))
        step = max(1, ROWS_AT_ONCE // self.settings.samples)
        own = range(here.rank * step, len(order), here.count * step)

        def draw() -> Drawn:
            drawn: Drawn = []
            for number, start in enumerate(own, 1):
                batch = order[start : start + step]
                written = backbone.sample(
                    context[batch] if context is not None and context.ndim == 3 else context,
                    [self.tasks[i].instruction for i in batch],
                    self.settings.samples,
                    self.settings.heat,
                    int(np.random.SeedSequence([seed, start]).generate_state(1)[0]),
                    generation,
                )
                texts = [[(answer.text, answer.tokens) for answer in several] for several in written]
                drawn += zip(batch, texts, strict=True)
                done(number / len(own))
            return drawn

        return [pair for share in here.each(draw) for pair in share]

    def _run(self, codes: Sequence[tuple[str, Task]], done: Done) -> list[Execution]:
        """Returns the verdicts on the codes of tasks, their output left out; a refusal of the sandbox is noted."""
        programs = [(program_of(code, task), task) for code, task in codes]
        keys = [(code, task.setup, task.tests) for code, task in programs]
        new = {key: program for key, program in zip(keys, programs, strict=True) if key not in self._verdicts}
        if not new:
            done(1.0)
        verdicts = execute_many(new.values(), self.settings.limits, progress=lambda count: done(count / len(new)))
        for key, verdict in zip(new, verdicts, strict=True):
            self._verdicts[key] = replace(verdict, output="")
            if verdict.status == "refused":
                self.not_run = verdict.detail
        return [self._verdicts[key] for key in keys]

    def described(self) -> dict[str, Any]:
        """Returns what metrics.json tells of the tests, all arms taken together."""
        limits = self.settings.limits
        return {
            "samples": self.settings.samples,
            "temperature": self.settings.heat,
            "top_p": TOP_P if self.settings.heat else None,
            "k": list(self.settings.k),
            "timeout": limits.timeout,
            "memory_mb": limits.memory_mb,
            "tasks": len(self.judged),
            "without_tests": sum(not task.tests for task in self.tasks),
            "left_out": [
                {"id": self.tasks[i].id, "status": verdict.status, "detail": verdict.detail}
                for i, verdict in self.left_out.items()
            ],
            "not_run": self.not_run,
        }

    def figures(self, samples: Mapping[int, Sequence[Judged]]) -> dict[str, Any]:
        """Returns `pass_at` and its intervals (`ci95`), each {k as text: value}, and `outcomes`; None if not run."""
        if self.not_run:
            return {"pass_at": None, "ci95": None, "outcomes": None}
        counts = [(len(several), sum(s.execution.passed for s in several)) for several in samples.values()]
        estimates = {str(k): mean_pass_at(counts, k) for k in self.settings.k}
        seen = Counter(sample.execution.status for several in samples.values() for sample in several)
        return {
            "pass_at": {k: mean for k, (mean, _) in estimates.items()},
            "ci95": {k: None if interval is None else list(interval) for k, (_, interval) in estimates.items()},
            "outcomes": {outcome: seen[outcome] for outcome in OUTCOMES},
        }

    def rows(self, greedy: Sequence[dict[str, Any]], samples: Mapping[int, Sequence[Judged]]) -> list[dict[str, Any]]:
        """Returns the lines of predictions.jsonl of one arm: those of the `greedy` answers, each before its samples.

        Each with `status`, `detail` and `tests`; the status of what was not run is None, and the detail says why.
        """
        lines = []
        for place, row in enumerate(greedy):
            of_task = samples.get(place, [])
            if of_task and self.settings.heat == 0:
                lines.append(row | _verdict(of_task[0].execution))
                continue
            lines.append(row | {"status": None, "detail": self._reason(place), "tests": []})
            for number, judged in enumerate(of_task):
                drawn = {"prediction": judged.answer.code, "answer": judged.answer.text, "sample": number}
                lines.append(row | drawn | _verdict(judged.execution))
        return lines

    def _reason(self, place: int) -> str:
        """Returns why the tests did not run on the greedy answer to a task."""
        if not self.tasks[place].tests:
            return NO_TESTS
        if place in self.without_verdict:
            return NO_VERDICT
        return REFERENCE_FAILS if place in self.left_out else self.not_run or GREEDY


def _verdict(execution: Execution) -> dict[str, Any]:
    tests = [asdict(outcome) for outcome in execution.tests]
    return {"status": execution.status, "detail": execution.detail, "tests": tests}
