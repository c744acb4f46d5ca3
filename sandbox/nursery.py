"""The process that starts the two processes of every run, by forking; it is confined itself and runs nothing foreign.

pool.py starts it as a fresh interpreter. It imports what every run needs and puts up the outer walls, so that a
forked process has only to put up the inner ones (worker.py). As their parent it kills and reaps them: until it has
reaped a process, no other can have the same number.
"""

import builtins
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import NoReturn

from sandbox import kernel
from sandbox import order as orders
from sandbox.confinement import Walls
from sandbox.errors import SandboxUnavailable
from sandbox.worker import ROLES, Post, take_up

# what programs of this kind import most; `random` seeds itself anew after a fork
_PRELOADED = """
    bisect cmath collections copy datetime functools heapq itertools math operator random re string typing
""".split()  # noqa: SIM905


def main() -> None:
    """Runs the nursery until the process that started it ends or closes the control socket.

    Arguments of the command line: the control socket, and as JSON {parent, base, numpy_parent, preloaded}. The
    first packet on the socket is ["ready"] or ["refused", reason].
    """
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = json.loads(sys.argv[2])
    for name in [name for name in sys.modules if name.partition(".")[0] == "sandbox"]:
        del sys.modules[name]  # programs find nothing of the project; what is in use here stays
    builtins.__dict__.update(exit=sys.exit, quit=sys.exit)  # what `import site`, left out here, would add
    sys.argv[:] = ["program.py"]
    try:
        walls = Walls(settings["base"], settings["numpy_parent"])
    except SandboxUnavailable as reason:
        os.write(control.fileno(), json.dumps(["refused", str(reason)]).encode())
        return
    for name in (*_PRELOADED, *settings["preloaded"]):
        with contextlib.suppress(ImportError):  # the programs that import it will say so
            importlib.import_module(name)
    if "numpy.random" in sys.modules:  # some versions of numpy import it themselves
        os.register_at_fork(after_in_child=sys.modules["numpy.random"].seed)
    parent = kernel.call("pidfd_open", settings["parent"], 0)
    if os.getppid() != settings["parent"]:
        return  # it has ended already
    gc.collect()
    gc.freeze()  # shared with every run: a collection there that touched it would copy it
    os.write(control.fileno(), b'["ready"]')
    post = _Nursery(control, parent, walls).serve()
    control.close()
    take_up(post)


@dataclass
class _Run:
    """The processes of one run that have not ended yet: role and number, by the descriptor that tells of their end."""

    channel: int
    living: dict[int, tuple[str, int]] = field(default_factory=dict)

    def tell(self, *message: object) -> None:
        """Sends the supervisor a message; it may have gone."""
        with contextlib.suppress(OSError):
            os.write(self.channel, json.dumps(message).encode())


class _Nursery:
    """Waits for orders, for the ends of processes, and for supervisors that want their processes ended."""

    def __init__(self, control: socket.socket, parent: int, walls: Walls) -> None:
        self._control = control
        self._parent = parent
        self._walls = walls
        self._runs: dict[int, _Run] = {}  # by all descriptors of theirs that are watched
        self._poll = select.poll()
        for descriptor in (control.fileno(), parent):
            self._poll.register(descriptor, select.POLLIN)

    def serve(self) -> Post:
        """Returns in each forked process, with what it is to do there; in the nursery itself it never returns."""
        while True:
            descriptor = self._poll.poll()[0][0]  # one at a time: what it leads to may change what is watched
            run = self._runs.get(descriptor)
            if run is not None and descriptor == run.channel:
                self._end(run)
            elif run is not None:
                self._reap(run, descriptor)
            else:
                order = orders.receive(self._control) if descriptor != self._parent else None
                if order is None:
                    self._leave()
                elif (post := self._start(order)) is not None:
                    return post

    def _start(self, order: orders.Order) -> Post | None:
        """Starts the processes of a run; returns the post of a new process in that process, None in the nursery."""
        run, nursery = _Run(order.channel), os.getpid()
        self._watch(order.channel, run)
        handed_over = order.descriptors()[1:]  # without the channel
        try:
            rules = self._walls.around(order.scratch)
            handed_over.append(rules.descriptor)
            for role in ROLES:
                pid = os.fork()
                if pid == 0:
                    return Post(role, order, self._walls, rules, nursery)
                self._watch_over(pid, role, run)
        except OSError as error:
            run.tell("refused", f"The sandbox could not start a process: {error.strerror}.")
        for descriptor in handed_over:
            os.close(descriptor)
        return None

    def _watch_over(self, pid: int, role: str, run: _Run) -> None:
        try:
            ending = kernel.call("pidfd_open", pid, 0)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        run.living[ending] = (role, pid)
        self._watch(ending, run)

    def _watch(self, descriptor: int, run: _Run) -> None:
        self._runs[descriptor] = run
        self._poll.register(descriptor, select.POLLIN)

    def _forget(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        del self._runs[descriptor]

    def _end(self, run: _Run) -> None:
        """Kills what is left of a run whose supervisor has closed its end of the channel."""
        self._forget(run.channel)
        for _, pid in run.living.values():
            os.kill(pid, signal.SIGKILL)
        if not run.living:
            os.close(run.channel)

    def _reap(self, run: _Run, descriptor: int) -> None:
        """Tells the supervisor how a process ended: ["ended", role, exit code, peak of resident bytes]."""
        role, pid = run.living.pop(descriptor)
        _, status, usage = os.wait4(pid, 0)
        self._forget(descriptor)
        os.close(descriptor)
        run.tell("ended", role, os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)
        if not run.living:
            if run.channel in self._runs:
                self._forget(run.channel)
            os.close(run.channel)

    def _leave(self) -> NoReturn:
        """Ends the nursery and all that it started."""
        for run in self._runs.values():
            for _, pid in run.living.values():
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os._exit(0)
