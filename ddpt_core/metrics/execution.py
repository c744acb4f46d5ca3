"""Runs generated code and its tests in the sandbox; sandbox says what that guarantees."""

import math
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ddpt_core.data.programs import unfinished_function
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError, require_range
from ddpt_core.metrics.test_plan import BYTE_ORDER_MARK, CHECKS_NOTHING, LONE_SURROGATE, Step, steps_of
from sandbox import supervisor
from sandbox.correspondence import UNREADABLE

MAX_SOURCE_CHARACTERS = 200_000  # of code, and of setup
MAX_TEST_CHARACTERS = 4_000_000  # of all tests together: published sets have some of megabytes
MAX_TESTS = 1_000
MIN_MEMORY_MB = 64  # of address space: enough for Python itself; a program that imports numpy needs 160
MAX_TIMEOUT_SECONDS = 3_600.0


@dataclass(frozen=True)
class Limits:
    """What one run may use.

    timeout: wall-clock seconds for setup, code and all tests (the start of the sandbox not counted);
    memory_mb: address space, in MiB; output_kb: printed text, in KiB; disk_mb: files in the scratch folder,
    in MiB. Raises ConfigError for a value out of range.
    """

    timeout: float = 10.0
    memory_mb: int = 512
    output_kb: int = 1024
    disk_mb: int = 16

    def __post_init__(self) -> None:
        if not (math.isfinite(self.timeout) and 0 < self.timeout <= MAX_TIMEOUT_SECONDS):
            raise ConfigError(
                f"The timeout must be above 0 and at most {MAX_TIMEOUT_SECONDS:,.0f} seconds, got {self.timeout}."
            )
        require_range("The memory limit in MB", self.memory_mb, MIN_MEMORY_MB, 1 << 20)
        require_range("The output limit in KB", self.output_kb, 1, 1 << 20)
        require_range("The disk limit in MB", self.disk_mb, 1, 1 << 20)


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class TestOutcome:
    """What became of one test.

    outcome: "passed", "failed" (an AssertionError), "error" (any other end) or "not reached" (as well: skipped by its
    author); detail: one line that says why, "" if there is nothing to say. What a test needs and the sandbox cannot do
    is an error, "this test needs ...", and says nothing of the program.
    """

    __test__ = False  # so that pytest does not take the class for a test

    test: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class Execution:
    """What became of a program and its tests.

    status: "passed" (the code ran, and every test passed), "failed" (a test failed, or the program ended
    itself or broke a limit of output or disk), "error" (the code, the setup or a test raised something else),
    "timeout", "memory", or "refused" (nothing was run, because the system lacks what the sandbox needs);
    detail: one line that says why, "" if passed; seconds: from the start of setup to the end; peak_memory_mb:
    resident memory of the program's process in MiB, None if it ended too early to be seen; output: what was
    printed, its first 64 KiB.
    """

    status: str
    tests: tuple[TestOutcome, ...]
    seconds: float
    detail: str = ""
    peak_memory_mb: float | None = None
    output: str = ""

    @property
    def passed(self) -> bool:
        """Returns whether the code ran and every test passed."""
        return self.status == "passed"


def execute(
    code: str,
    tests: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    setup: str = "",
    entry_point: str | None = None,
) -> Execution:
    """Returns what becomes of `code` when it runs after `setup` and `tests`, Python statements, ask it.

    If the code ends in an expression, its value is bound to `_`. With no tests, "passed" means that the code ran
    without an error. Test functions, the methods of test classes, and a `check(candidate)`, for which `entry_point`
    names the function, are called if the tests only define them; each is then an outcome of its own, behind those of
    the statements. Raises DataError for what is no code or too long, and for tests that check nothing. Safe to call
    from several threads at once.
    """
    code, setup = (text.removeprefix(BYTE_ORDER_MARK) if isinstance(text, str) else text for text in (code, setup))
    steps = _checked(code, tests, setup, entry_point)
    if not sys.platform.startswith("linux") or not sys.executable:
        where = sys.platform if sys.executable else "an embedded Python"
        reason = f"The sandbox needs Linux and a Python interpreter of its own, this is {where}."
        return _unrun("refused", steps, reason)
    budget = supervisor.Budget(limits.timeout, limits.memory_mb << 20, limits.output_kb << 10, limits.disk_mb << 20)
    tasks = [(step.source, step.case, step.method, step.lacks) for step in steps]
    return _judged(supervisor.run(setup, code, tasks, budget), steps, limits)


def execute_task(code: str, task: Task, limits: Limits = DEFAULT_LIMITS) -> Execution:
    """Returns what becomes of a program for a task and of its tests; raises DataError as `execute` does."""
    return execute(code, task.tests, limits, task.setup, unfinished_function(task.instruction))


def execute_many(
    programs: Iterable[tuple[str, Task]],
    limits: Limits = DEFAULT_LIMITS,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Execution]:
    """Returns the executions of (code, task) pairs, in their order, several at a time.

    What cannot be run at all has the status "error", so that it does not keep the others from being run. workers: how
    many at a time, by default one per processor; progress(n) is told after each of them how many are done.
    """
    pairs = list(programs)
    count = require_range("The number of workers", workers or os.cpu_count() or 1, 1, 256)
    results = []
    with ThreadPoolExecutor(count) as pool:
        for result in pool.map(lambda pair: _executed(pair[0], pair[1], limits), pairs):
            results.append(result)
            if progress is not None:
                progress(len(results))
    return results


def problem_of_tests(task: Task) -> str:
    """Returns why the tests of a task cannot judge any program, "" if they can."""
    try:
        _checked("", task.tests, task.setup, unfinished_function(task.instruction))
    except DataError as error:
        return str(error)
    return ""


def _executed(code: str, task: Task, limits: Limits) -> Execution:
    try:
        return execute_task(code, task, limits)
    except DataError as error:
        return _unrun("error", [Step(test) for test in task.tests], str(error))


def _checked(code: str, tests: Sequence[str], setup: str, entry_point: str | None) -> list[Step]:
    """Returns what is to be run of the tests; raises DataError for what cannot be run at all."""
    if isinstance(tests, str):
        raise DataError("The tests must be a list of Python statements, got one string; put it in a list.")
    statements = list(tests)
    if len(statements) > MAX_TESTS:
        raise DataError(f"There must be at most {MAX_TESTS:,} tests, got {len(statements):,}; run them in parts.")
    limits = {"code": MAX_SOURCE_CHARACTERS, "setup": MAX_SOURCE_CHARACTERS, "tests": MAX_TEST_CHARACTERS}
    for what, parts in (("code", [code]), ("setup", [setup]), ("tests", statements)):
        wrong = next((part for part in parts if not isinstance(part, str)), None)
        if wrong is not None:
            raise DataError(f"The {what} must be text, got {type(wrong).__name__}.")
        size = sum(map(len, parts))
        if size > limits[what]:
            raise DataError(f"The {what} must have at most {limits[what]:,} characters, got {size:,}; shorten.")
    if any(LONE_SURROGATE.search(test) for test in statements):
        raise DataError("The tests hold half of a surrogate pair, which is no character; remove it.")
    return steps_of([test.removeprefix(BYTE_ORDER_MARK) for test in statements], entry_point) if statements else []


def _unrun(status: str, steps: list[Step], reason: str) -> Execution:
    return Execution(status, tuple(TestOutcome(step.shown, "not reached") for step in steps), 0.0, reason)


def _judged(report: supervisor.Report, steps: list[Step], limits: Limits) -> Execution:
    """Returns the verdict on what the supervisor saw."""
    if report.end == "refused":
        return _unrun("refused", steps, report.reason)
    found: dict[int, tuple[str, str, str]] = {}  # index of a test -> outcome, kind of error, detail
    current, ran, failure = None, False, ("", "")
    for kind, *rest in report.messages:
        if kind == "ran":
            ran, failure = not rest, (rest[0], rest[1]) if rest else ("", "")
        elif kind == "began":
            current = rest[0]
        elif kind == "outcome":
            found[rest[0]] = (rest[1], rest[2], rest[3])
    kinds = [failure[0], *(kind for _, kind, _ in found.values())]
    last = failure[1] if current is None else found.get(current, ("", "", ""))[2]
    stopped = _stop_reason(report, limits, last)
    if stopped is not None and current is not None and found.get(current, ("", "ProgramLost"))[1] == "ProgramLost":
        found[current] = ("error", stopped[0], stopped[1])
    tests = tuple(
        TestOutcome(step.shown, found[i][0], found[i][2]) if i in found else TestOutcome(step.shown, "not reached")
        for i, step in enumerate(steps)
    )
    skipped = {i for i, (outcome, _, _) in found.items() if outcome == "not reached"}
    if stopped is not None:
        status, detail = stopped
    elif "MemoryError" in kinds:
        status, detail = "memory", f"The program needed more than its {limits.memory_mb:,} MB of memory."
    elif not ran:
        status, detail = "error", failure[1]
    else:
        status, detail = _worst([test for i, test in enumerate(tests) if i not in skipped])
        calls = {i for i, step in enumerate(steps) if step.is_call}
        if status == "passed" and calls and calls <= skipped:
            status, detail = "error", CHECKS_NOTHING
    peak = None if report.peak_bytes is None else report.peak_bytes / (1 << 20)
    return Execution(status, tests, report.seconds, detail, peak, report.output.decode("utf-8", errors="replace"))


def _worst(tests: list[TestOutcome]) -> tuple[str, str]:
    """Returns status and detail of the first test that ended in an error, else of the first that did not pass."""
    worst = next((test for test in tests if test.outcome == "error"), None)
    worst = worst or next((test for test in tests if test.outcome != "passed"), None)
    return ("passed", "") if worst is None else (worst.outcome, worst.detail)


def _stop_reason(report: supervisor.Report, limits: Limits, last: str) -> tuple[str, str] | None:
    """Returns status and reason if the run was stopped or a process ended before its time, otherwise None.

    last: what was said of the code, or of the test that was under way.
    """
    if report.end == "timeout" or report.exit_code == -signal.SIGXCPU:
        return "timeout", f"The program was stopped after {limits.timeout:g} seconds."
    if report.end == "output":
        return "failed", f"The program was stopped because it printed more than {limits.output_kb:,} KB."
    if report.end == "disk":
        return "failed", f"The program was stopped because it wrote over {limits.disk_mb:,} MB or 2,000 files."
    if report.end == "tests lost":
        return "error", "The tests ended their own process before they were done."
    if report.end == "interrupted":
        return "error", "The sandbox's own process was ended from outside while the program ran; run it again."
    if report.end != "lost":
        return None
    code = report.exit_code
    if code is not None and code < 0:
        return "error", f"The program was ended by {signal.Signals(-code).name}."
    if last.startswith(UNREADABLE):  # after that the tests hang up, and then the program ends like any other
        return "failed", f"{last[0].upper()}{last[1:]}."
    if code is not None:
        return "failed", f"The program ended itself with exit code {code} before the run was over."
    return "failed", "The program stopped answering its tests."
