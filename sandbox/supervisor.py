"""Starts the two confined processes of one run, watches over their limits, and ends them.

Nothing here runs foreign code or believes it: the supervisor reads lengths, JSON of the tests' process, and
what the kernel says about processes.
"""

import json
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from sandbox import pool
from sandbox.errors import SandboxUnavailable
from sandbox.order import Order, Share
from sandbox.pipes import file, piece_of, pipe
from sandbox.scratch import Scratch
from sandbox.wire import WireError, take_frames

_START_SECONDS = 30.0  # for two processes on a busy machine
_END_SECONDS = 10.0  # for processes that were killed
_EXIT_SECONDS = 1.0  # for a process that has fallen silent to end by itself
_TICK_SECONDS = 0.05  # between looks at memory and disk
_NUMPY_BYTES = 160 << 20  # of address space: what an interpreter needs that has numpy imported
_KEPT_OUTPUT_BYTES = 1 << 16
_MAX_NEWS_BYTES = 1 << 16
_ROLES = {"program", "judge"}
_MESSAGES: dict[str, tuple[tuple[type, ...], ...]] = {  # of judge.py
    "ran": ((), (str, str)),
    "began": ((int,),),
    "outcome": ((int, str, str, str),),
    "done": ((),),
}

Job = dict[str, Any]  # the arguments of Program or of Judge
Tests = list[tuple[str, str, str, str]]  # as Judge takes them: source, class and method, what is lacking


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
    silent), "tests lost" (the tests' process did), "interrupted" (the nursery did), "refused", "timeout",
    "output" or "disk" (a limit); messages: those of judge.py; peak_bytes: the program's; exit_code: the
    program's, negative for a signal, None if it did not end by itself.
    """

    end: str = ""
    reason: str = ""
    messages: list[list[Any]] = field(default_factory=list)
    output: bytes = b""
    seconds: float = 0.0
    peak_bytes: int | None = None
    exit_code: int | None = None


def run(setup: str, code: str, tests: Tests, budget: Budget) -> Report:
    """Runs one program and its tests; returns once both processes have ended and their folder is gone."""
    texts = (setup, code, *(source for source, *_ in tests))
    uses_numpy = any("numpy" in text for text in texts) and budget.memory_bytes >= _NUMPY_BYTES
    preloaded = ("numpy",) if uses_numpy else ()
    try:
        nursery = pool.nursery(preloaded)
        try:
            return _run(nursery, setup, code, tests, budget)
        except (ConnectionError, FileNotFoundError):  # it has ended since the last run, or its folder was removed
            pool.discard(nursery)
            return _run(pool.nursery(preloaded), setup, code, tests, budget)
    except SandboxUnavailable as error:
        return Report(end="refused", reason=str(error))
    except OSError as error:
        return Report(end="refused", reason=f"The sandbox could not be set up: {error}.")


def _run(nursery: pool.Nursery, setup: str, code: str, tests: Tests, budget: Budget) -> Report:
    with Scratch(nursery.base.path) as scratch, ExitStack() as stack:
        return _Run(nursery, budget, scratch, stack).go(setup, code, tests)


class _Run:
    """One run: its pipes, the channel to the nursery, and what is known so far."""

    def __init__(self, nursery: pool.Nursery, budget: Budget, scratch: Scratch, stack: ExitStack) -> None:
        self._nursery = nursery
        self._budget = budget
        self._scratch = scratch
        self._stack = stack
        self._report = Report()
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._to_confine = 2  # processes that are not confined yet
        self._ended: dict[str, int] = {}  # role -> exit code
        self._output_size = 0
        self._output_open = True
        self._nursery_is_silent = False

    def go(self, setup: str, code: str, tests: Tests) -> Report:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._stack.enter_context(self._channel)
        report, output = self._send_order(theirs, {"setup": setup, "code": code}, {"setup": setup, "tests": tests})
        self._listen(self._channel, self._take_news)
        self._listen(report, self._take_report(report))
        self._listen(output, lambda: self._take_output(output))
        self._watch()
        if self._report.end == "interrupted" and self._to_confine:
            raise ConnectionError("the nursery ended before the program ran")
        if self._report.end == "lost":
            self._await_end({"program"}, _EXIT_SECONDS)
            self._report.exit_code = self._ended.get("program")
        self._channel.shutdown(socket.SHUT_WR)  # the nursery kills what is left
        self._await_end(_ROLES, _END_SECONDS)
        if self._ended.keys() != _ROLES and not (self._report.end == "refused" and self._nursery_is_silent):
            pool.discard(self._nursery)
            if self._report.end in ("lost", "tests lost"):
                self._report.end = "interrupted"
        while self._output_open and self._take_output(output):
            pass
        if self._report.end == "refused":  # what the process said as it ended
            self._report.reason += "".join(
                f" {line}" for line in self._report.output.decode("utf-8", "replace").splitlines()[-1:]
            )
        return self._report

    def _send_order(self, channel: socket.socket, program: Job, judge: Job) -> tuple[int, int]:
        """Hands the run over to the nursery; returns the reading ends of the judge's report and of the output."""
        with channel, ExitStack() as handed_over:
            ours, theirs = self._stack, handed_over
            reading, report = pipe(ours, theirs)
            hearing, output = pipe(ours, theirs)
            asked, asking = pipe(theirs, theirs)
            answered, answering = pipe(theirs, theirs)
            order = Order(
                channel=channel.fileno(),
                scratch=self._scratch.descriptor,
                output=output,
                report=report,
                program=Share(file(program, theirs), incoming=asked, outgoing=answering),
                judge=Share(file(judge, theirs), incoming=answered, outgoing=asking),
                limits={
                    "memory_bytes": self._budget.memory_bytes,
                    "cpu_seconds": int(self._budget.seconds + _START_SECONDS) + 1,
                    "file_bytes": self._budget.disk_bytes,
                },
            )
            self._nursery.start(order)
        return reading, hearing

    def _listen(self, end: int | socket.socket, take: Callable[[], object]) -> None:
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
                if not report.end and self._scratch.exceeds(self._budget.disk_bytes):
                    report.end = "disk"
            if not report.end and now >= deadline:
                report.end = "timeout" if began is not None else "refused"
                report.reason = (
                    f"The sandbox did not start within {_START_SECONDS:.0f} seconds; the machine may be busy."
                )

    def _take_news(self) -> None:
        """Takes in what the nursery, or a process that is not confined yet, says of the run."""
        packet = self._channel.recv(_MAX_NEWS_BYTES)
        if not packet:
            self._nursery_is_silent = True
            self._selector.unregister(self._channel)
            self._report.end = self._report.end or "interrupted"
            return
        kind, *rest = json.loads(packet)
        if kind == "ready":
            self._to_confine -= 1
        elif kind == "refused":
            self._report.end, self._report.reason = "refused", rest[0]
        elif kind == "ended":
            role, code, peak = rest
            self._ended[role] = code
            if role == "program":
                self._report.peak_bytes = peak
            if self._to_confine and not self._report.end:
                self._report.end = "refused"
                self._report.reason = "The sandbox's process ended before it was confined."

    def _await_end(self, roles: set[str], seconds: float) -> None:
        """Waits until the processes have ended, or the nursery has, for some seconds at most."""
        deadline = time.monotonic() + seconds
        while not roles <= self._ended.keys() and not self._nursery_is_silent:
            self._channel.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                self._take_news()
            except TimeoutError:
                return

    def _take_report(self, end: int) -> Callable[[], object]:
        """Returns what takes in the judge's messages."""
        arrived = bytearray()

        def take() -> None:
            piece = piece_of(end)
            arrived.extend(piece or b"")
            try:
                for message in take_frames(arrived):
                    if not _is_message(message):
                        raise WireError("no message of a judge")
                    self._take_message(message)
            except WireError:
                piece = b""
            if piece == b"":
                self._selector.unregister(end)
                if not self._to_confine:
                    self._report.end = self._report.end or "tests lost"

        return take

    def _take_message(self, message: list[Any]) -> None:
        self._report.messages.append(message)
        if message[0] != "began" and "ProgramLost" in message:
            self._report.end = self._report.end or "lost"
        elif message[0] == "done" or (message[0] == "ran" and len(message) > 1):
            self._report.end = self._report.end or "done"

    def _take_output(self, end: int) -> int:
        """Takes in a piece of what the processes print; returns its size, 0 where there is no more now."""
        piece = piece_of(end)
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


def _is_message(message: Any) -> bool:
    """Returns whether a judge sends such a thing: foreign tests could write anything to the same pipe."""
    if not isinstance(message, list) or not message:
        return False
    parts = tuple(type(part) for part in message[1:])
    return parts in _MESSAGES.get(message[0] if isinstance(message[0], str) else "", ())
