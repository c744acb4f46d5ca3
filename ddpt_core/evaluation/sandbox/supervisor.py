"""Starts the two confined processes of one run, watches over their limits, and ends them.

Nothing here runs foreign code or believes it: the supervisor reads lengths, JSON of the tests' process, and
what the kernel says about processes.
"""

import functools
import importlib.util
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ddpt_core.evaluation.sandbox.scratch import Scratch
from ddpt_core.evaluation.sandbox.wire import WireError, take_frames

_WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")
# -s -P -S: no folders on sys.path but the standard library's; the environment is ours, so -E is not needed
_PYTHON_OPTIONS = ("-s", "-P", "-S", "-X", "utf8")
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}  # the same sets in the same order, every time
_START_SECONDS = 30.0  # for two interpreters on a busy machine
_TICK_SECONDS = 0.05  # between looks at memory and disk
_KEPT_OUTPUT_BYTES = 1 << 16
_MESSAGES: dict[str, tuple[tuple[type, ...], ...]] = {  # of worker.py and judge.py
    "ready": ((),),
    "refused": ((str,),),
    "ran": ((), (str, str)),
    "began": ((int,),),
    "outcome": ((int, str, str, str),),
    "done": ((),),
}


@dataclass(frozen=True)
class Budget:
    """What a run may use: wall-clock seconds after the start, and bytes."""

    seconds: float
    memory_bytes: int
    output_bytes: int
    disk_bytes: int


@dataclass
class Report:
    """What happened.

    end: "done" (every test was reached, or the program itself raised), "lost" (the program ended or fell
    silent), "tests lost" (the tests' process did), "refused", "timeout", "output" or "disk" (a limit);
    messages: those of judge.py after "ready"; exit_code: the program's, negative for a signal, None if it
    did not end by itself.
    """

    end: str = ""
    reason: str = ""
    messages: list[list[Any]] = field(default_factory=list)
    output: bytes = b""
    seconds: float = 0.0
    peak_bytes: int | None = None
    exit_code: int | None = None


def run(setup: str, code: str, tests: list[str], budget: Budget) -> Report:
    """Runs one program and its tests; returns once both processes have ended and their folder is gone."""
    try:
        with Scratch() as scratch, ExitStack() as stack:
            return _Run(budget, scratch, stack).go(setup, code, tests)
    except OSError as error:
        return Report(end="refused", reason=f"The sandbox could not be set up: {error}.")


@functools.cache
def _numpy_parent() -> str | None:
    found = importlib.util.find_spec("numpy")
    return os.path.dirname(os.path.dirname(found.origin)) if found is not None and found.origin else None


class _Run:
    """One run: its pipes, its two processes, and what is known so far."""

    def __init__(self, budget: Budget, scratch: Scratch, stack: ExitStack) -> None:
        self._budget = budget
        self._scratch = scratch
        self._stack = stack
        self._report = Report()
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._to_confine = 2  # processes that are not confined yet
        self._output_size = 0
        self._output_open = True

    def go(self, setup: str, code: str, tests: list[str]) -> Report:
        ask, answer, program_report, judge_report, output = (self._pipe() for _ in range(5))
        program = {"role": "program", "setup": setup, "code": code, "tests": []}
        judge = {"role": "judge", "setup": setup, "code": code, "tests": tests}
        self._program = self._start(program, ask[0], answer[1], program_report[1], output[1])
        self._judge = self._start(judge, answer[0], ask[1], judge_report[1], output[1])
        for end in (*ask, *answer, program_report[1], judge_report[1], output[1]):
            end.close()
        self._listen(program_report[0], self._take_messages(program_report[0], last=False))
        self._listen(judge_report[0], self._take_messages(judge_report[0], last=True))
        self._listen(output[0], lambda: self._take_output(output[0]))
        self._watch()
        self._look_at_memory()
        if self._report.end == "lost":
            self._learn_exit()
        for process in (self._program, self._judge):
            process.kill()
        while self._output_open and self._take_output(output[0]):
            pass
        if self._report.end == "refused" and self._report.output:  # what the interpreter said as it ended
            self._report.reason += " " + self._report.output.decode("utf-8", "replace").strip().splitlines()[-1]
        return self._report

    def _pipe(self) -> tuple[BinaryIO, BinaryIO]:
        reading, writing = os.pipe()
        return (
            self._stack.enter_context(open(reading, "rb", buffering=0)),
            self._stack.enter_context(open(writing, "wb", buffering=0)),
        )

    def _start(
        self, job: dict[str, Any], incoming: BinaryIO, outgoing: BinaryIO, report: BinaryIO, output: BinaryIO
    ) -> subprocess.Popen[bytes]:
        """Returns a new interpreter that is about to confine itself and take up its role."""
        ends = {"incoming": incoming.fileno(), "outgoing": outgoing.fileno(), "report": report.fileno()}
        confinement = {
            "scratch": self._scratch.path,
            "memory_bytes": self._budget.memory_bytes,
            "cpu_seconds": int(self._budget.seconds + _START_SECONDS) + 1,
            "file_bytes": self._budget.disk_bytes,
            "numpy_parent": _numpy_parent(),
        }
        with open(os.memfd_create("job"), "w+b") as file:
            file.write(json.dumps({**job, **ends, "confinement": confinement}).encode())
            file.seek(0)
            process = subprocess.Popen(
                [sys.executable, *_PYTHON_OPTIONS, _WORKER],
                stdin=file,
                stdout=output,
                stderr=output,
                pass_fds=tuple(ends.values()),
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def _listen(self, end: BinaryIO, take: Callable[[], object]) -> None:
        os.set_blocking(end.fileno(), False)
        self._selector.register(end, selectors.EVENT_READ, take)

    def _watch(self) -> None:
        """Takes in what arrives until something ends the run; counts the time from when both are confined."""
        report = self._report
        began = None
        deadline = time.monotonic() + _START_SECONDS
        next_look = 0.0
        while not report.end:
            for key, _ in self._selector.select(min(_TICK_SECONDS, max(0.0, deadline - time.monotonic()))):
                key.data()
            now = time.monotonic()
            if began is None and self._to_confine == 0:
                began, deadline = now, now + self._budget.seconds
            if began is not None:
                report.seconds = now - began
            if began is not None and now >= next_look:
                next_look = now + _TICK_SECONDS
                self._look_at_memory()
                if not report.end and self._scratch.exceeds(self._budget.disk_bytes):
                    report.end = "disk"
            if not report.end and now >= deadline:
                report.end = "timeout" if began is not None else "refused"
                report.reason = (
                    f"The sandbox did not start within {_START_SECONDS:.0f} seconds; the machine may be busy."
                )

    def _take_messages(self, end: BinaryIO, last: bool) -> Callable[[], object]:
        """Returns what takes in a process's messages; `last`: the run is over once this one falls silent."""
        arrived = bytearray()
        confined = False

        def take() -> None:
            nonlocal confined
            piece = end.read(1 << 16)
            arrived.extend(piece or b"")
            try:
                for message in take_frames(arrived):
                    if not _is_message(message):
                        raise WireError("no message of a worker")
                    confined = confined or message == ["ready"]
                    self._take_message(message)
            except WireError:
                piece = b""
            if piece == b"":
                self._selector.unregister(end)
                if not confined and not self._report.end:
                    self._report.end = "refused"
                    self._report.reason = "The sandbox's interpreter ended before it was confined."
                elif last:
                    self._report.end = self._report.end or "tests lost"

        return take

    def _take_message(self, message: list[Any]) -> None:
        if message[0] == "ready":
            self._to_confine -= 1
        elif message[0] == "refused":
            self._report.end, self._report.reason = "refused", str(message[1])
        else:
            self._report.messages.append(message)
            if message[0] != "began" and "ProgramLost" in message:
                self._report.end = self._report.end or "lost"
            elif message[0] == "done" or (message[0] == "ran" and len(message) > 1):
                self._report.end = self._report.end or "done"

    def _take_output(self, end: BinaryIO) -> int:
        """Takes in a piece of what the processes print; returns its size, 0 where there is no more now."""
        piece = end.read(1 << 16)
        if piece == b"":
            self._output_open = False
            self._selector.unregister(end)
        if not piece:
            return 0
        self._output_size += len(piece)
        self._report.output += piece[: max(0, _KEPT_OUTPUT_BYTES - len(self._report.output))]
        if self._output_size > self._budget.output_bytes:
            self._report.end = self._report.end or "output"
            return 0
        return len(piece)

    def _look_at_memory(self) -> None:
        """Notes the program's peak of resident memory; the kernel forgets it once the process has ended."""
        try:
            with open(f"/proc/{self._program.pid}/status") as status:
                peaks = [int(line.split()[1]) for line in status if line.startswith("VmHWM:")]
        except OSError:
            return
        if peaks:
            self._report.peak_bytes = max(self._report.peak_bytes or 0, peaks[0] * 1024)

    def _learn_exit(self) -> None:
        try:
            self._report.exit_code = self._program.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._report.exit_code = None


def _is_message(message: Any) -> bool:
    """Returns whether a worker sends such a thing: foreign tests could write anything to the same pipe."""
    if not isinstance(message, list) or not message:
        return False
    parts = tuple(type(part) for part in message[1:])
    return parts in _MESSAGES.get(message[0] if isinstance(message[0], str) else "", ())
