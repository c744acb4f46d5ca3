"""The code along a run: what the frozen backbone writes for tasks on the way, how the tests judge it, and its style.

Code is written at steps spread evenly, then between every two neighbours whose code differs, half-way each time: a
change is found to the step where there is room for it. Tasks are written side by side; equal contexts answered once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ddpt_core.answering.writing import write_all
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.programs import program_of
from ddpt_core.data.styles import style_of
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.data.value_forms import as_value
from ddpt_core.errors import DataError, require_range
from ddpt_core.interpret.probe import contexts_at, steps_to_probe
from ddpt_core.metrics.execution import Execution, execute_many, problem_of_tests
from ddpt_core.settings import GenerationSettings
from ddpt_core.trajectory.trajectory import Trajectory

EVEN, MOST = 16, 24  # steps at which code is written: spread evenly, and with those between different neighbours
MAX_WRITTEN = 128

Done = Callable[[float], None]


class CodeAt(NamedTuple):
    """What the backbone writes with the context of one step: the raw answer, and the code that is cut out of it."""

    step: int
    timestep: int
    code: str
    answer: str


@dataclass(frozen=True)
class JudgedCode:
    """A code, its style (None: no style) and whether each of the task's tests passed; `tests` is None where none ran,
    and `detail` says why, or why not all passed.
    """

    code: str
    style: str | None
    tests: tuple[bool, ...] | None
    detail: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether all tests passed, None if none ran."""
        return None if self.tests is None else all(self.tests)


def code_paths(
    run: Trajectory,
    backbone: FrozenLM,
    tasks: Sequence[Task],
    kind: str = "estimate",
    count: int = EVEN,
    most: int = MOST,
    at_once: int = MAX_WRITTEN,
    settings: GenerationSettings | None = None,
    progress: Done | None = None,
) -> Iterator[list[list[CodeAt]]]:
    """Yields after each round what is written so far for every task, in the order of the steps; the last is the whole.

    The first rounds hold `count` steps, `at_once` of them in each, the coarsest first; the others up to `most` steps in
    all, half-way between neighbours whose code differs, in the widest gaps first. `progress` is told the share of a
    round that is written, and may raise to cancel. Raises ConfigError for counts out of range or an unknown kind,
    DataError without tasks or for an instruction that cannot be read, ArtifactError for a run of another backbone.
    """
    if not tasks:
        raise DataError("There is no task to write code for; give at least one.")
    for task in tasks:
        check_instruction(task.instruction)
    require_range("most", most, 0, MAX_WRITTEN)
    require_range("at_once", at_once, 1)
    even = coarse_first(steps_to_probe(run.steps, require_range("count", count, 2, MAX_WRITTEN)))
    written: list[dict[int, tuple[str, str]]] = [{} for _ in tasks]  # step -> code and answer
    answers: dict[tuple[int, bytes], tuple[str, str]] = {}  # task and context -> the same
    while True:
        if even:
            wanted, even = [even[:at_once]] * len(tasks), even[at_once:]
        else:
            wanted = [_between_changes(known, most - len(known)) for known in written]
        if not any(wanted):
            return
        _write(run, backbone, tasks, kind, wanted, written, answers, settings, progress)
        yield [[CodeAt(step, int(run.timesteps[step]), *known[step]) for step in sorted(known)] for known in written]


def code_along(run: Trajectory, backbone: FrozenLM, instruction: str, **how) -> list[CodeAt]:
    """Returns what the backbone writes for one instruction along a run, the end last; `how` as in code_paths."""
    *_, (path,) = code_paths(run, backbone, [Task("own", instruction)], **how)
    return path


def judge(codes: Sequence[tuple[str, Task]]) -> list[JudgedCode]:
    """Returns style and verdict of each (code, task); equal pairs are run once, and without tests nothing is.

    A code of another form than an expression is judged by the value that it leads to (see `as_value`).
    """
    programs = {(code, task.id): (as_value(program_of(code, task), task), task) for code, task in codes if task.tests}
    programs = {key: pair for key, pair in programs.items() if not problem_of_tests(pair[1])}
    verdicts = dict(zip(programs, execute_many(programs.values()), strict=True))
    return [_judged(code, task, verdicts.get((code, task.id))) for code, task in codes]


def since(values: Sequence, steps: Sequence[int]) -> int:
    """Returns the first of the steps since which every value is as the last one."""
    place = len(values) - 1
    while place and values[place - 1] == values[-1]:
        place -= 1
    return steps[place]


def coarse_first(steps: Sequence[int]) -> list[int]:
    """Returns the steps so ordered that each beginning is spread over all: ends, middle, middles of halves."""
    order, gaps = [steps[0], *([steps[-1]] if len(steps) > 1 else [])], [(0, len(steps) - 1)]
    while gaps:
        low, high = gaps.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            order.append(steps[middle])
            gaps += [(low, middle), (middle, high)]
    return order


def _judged(code: str, task: Task, verdict: Execution | None) -> JudgedCode:
    if verdict is None or verdict.status == "refused":
        reason = verdict.detail if verdict else "The task has no tests that can judge it."
        return JudgedCode(code, style_of(code), None, reason)
    ran = [test.outcome == "passed" for test in verdict.tests]
    tests = tuple(ran + [False] * (len(task.tests) - len(ran)))  # a program that ends early passes none of the rest
    return JudgedCode(code, style_of(code), tests, verdict.detail)


def _write(run, backbone, tasks, kind, wanted, written, answers, settings, progress) -> None:
    """Writes for each task at the steps that are wanted of it, and adds to `written` and `answers`."""
    steps = sorted({step for some in wanted for step in some})
    contexts, places = contexts_at(run, backbone, steps, kind)
    names = [context.tobytes() for context in contexts.cpu().numpy()]
    place_of = dict(zip(steps, places, strict=True))
    keys = {(i, names[place_of[step]]): place_of[step] for i, some in enumerate(wanted) for step in some}
    new = [key for key in keys if key not in answers]
    if new:
        given = contexts[[keys[key] for key in new]]
        found = write_all(backbone, given, [tasks[i] for i, _ in new], settings, progress)
        answers |= {key: (answer.code, answer.text) for key, answer in zip(new, found, strict=True)}
    for i, some in enumerate(wanted):
        written[i] |= {step: answers[i, names[place_of[step]]] for step in some}


def _between_changes(written: dict[int, tuple[str, str]], left: int) -> list[int]:
    """Returns up to `left` steps half-way between neighbours whose code differs, those of the widest gaps."""
    gaps = [
        (after - before, before)
        for before, after in pairwise(sorted(written))
        if written[before][0] != written[after][0] and after - before > 1
    ]
    return [before + gap // 2 for gap, before in sorted(gaps, key=lambda pair: -pair[0])[: max(0, left)]]
