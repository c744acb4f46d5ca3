"""Starts the nurseries of this process when they are first needed, and ends them with it."""

import atexit
import functools
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

from sandbox.errors import SandboxUnavailable
from sandbox.order import Order
from sandbox.scratch import Base

_PROJECT_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_BEGINNING = (
    f"import sys; sys.path.insert(0, {_PROJECT_FOLDER!r}); "
    f"from sandbox.nursery import main; sys.path.remove({_PROJECT_FOLDER!r}); main()"
)
# -s -P -S: no folders on sys.path but the standard library's; the environment is ours, so -E is not needed
_PYTHON_OPTIONS = ("-s", "-P", "-S", "-X", "utf8")
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}  # the same sets in the same order, every time
_START_SECONDS = 30.0  # for an interpreter on a busy machine
_END_SECONDS = 5.0  # for it to end all that it started
_MAX_REPLY_BYTES = 1 << 16


class Nursery:
    """A process (nursery.py) that starts runs, its number `pid`, and `base`, the folder below which runs have theirs.

    Raises SandboxUnavailable or OSError where it cannot be started.
    """

    def __init__(self, preloaded: tuple[str, ...]) -> None:
        self.base = Base()
        self._sending = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            with theirs, tempfile.TemporaryFile() as said:
                self._process = self._started(theirs, said.fileno(), preloaded)
                self.pid = self._process.pid
                theirs.close()
                self._await_readiness(said.fileno())
        except BaseException:
            self.stop()
            raise

    def _started(self, control: socket.socket, said: int, preloaded: tuple[str, ...]) -> subprocess.Popen[bytes]:
        settings = {
            "parent": os.getpid(),
            "base": self.base.path,
            "numpy_parent": _numpy_parent(),
            "preloaded": preloaded,
        }
        return subprocess.Popen(
            [sys.executable, *_PYTHON_OPTIONS, "-c", _BEGINNING, str(control.fileno()), json.dumps(settings)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            pass_fds=(control.fileno(),),
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )

    def _await_readiness(self, said: int) -> None:
        self._control.settimeout(_START_SECONDS)
        try:
            reply = self._control.recv(_MAX_REPLY_BYTES)
        except TimeoutError as error:
            raise SandboxUnavailable(
                f"The sandbox did not start within {_START_SECONDS:.0f} seconds; the machine may be busy."
            ) from error
        if not reply:
            words = os.pread(said, 1 << 16, 0).decode("utf-8", "replace").strip() or "It said nothing."
            raise SandboxUnavailable(
                f"The sandbox's interpreter ended before it was confined. {words.splitlines()[-1]}"
            )
        kind, *reason = json.loads(reply)
        if kind != "ready":
            raise SandboxUnavailable(*reason)

    def start(self, order: Order) -> None:
        """Has the processes of a run started; raises ConnectionError where the nursery has ended."""
        with self._sending:
            if self._control.fileno() < 0:
                raise ConnectionError("The nursery was stopped.")
            order.send(self._control)

    def stop(self) -> None:
        """Ends the process, and with it all that it started; removes the folder."""
        with self._sending:
            self._control.close()
        if self._process is not None:
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()  # what it started is killed by the kernel then
                self._process.wait()
        self.base.remove()

    def abandon(self) -> None:
        """Leaves the nursery to the process that this one is a forked copy of."""
        self._control.close()
        self.base.abandon()


_nurseries: dict[tuple[str, ...], Nursery] = {}  # by what they have imported
_lock = threading.Lock()


def nursery(preloaded: tuple[str, ...] = ()) -> Nursery:
    """Returns the nursery of this process that has imported `preloaded` besides, started if there is none.

    Raises SandboxUnavailable or OSError where it cannot be started.
    """
    with _lock:
        if preloaded not in _nurseries:
            _nurseries[preloaded] = Nursery(preloaded)
        return _nurseries[preloaded]


def discard(ended: Nursery) -> None:
    """Forgets a nursery that has ended or does not answer, so that the next call starts another."""
    with _lock:
        for preloaded in [key for key, nursery in _nurseries.items() if nursery is ended]:
            _nurseries.pop(preloaded).stop()


def stop() -> None:
    """Ends all nurseries of this process."""
    with _lock:
        while _nurseries:
            _nurseries.popitem()[1].stop()


def _forget() -> None:
    """In a forked copy of this process: leaves the nurseries to the original."""
    global _lock
    _lock = threading.Lock()
    while _nurseries:
        _nurseries.popitem()[1].abandon()


@functools.cache
def _numpy_parent() -> str | None:
    found = importlib.util.find_spec("numpy")
    return os.path.dirname(os.path.dirname(found.origin)) if found is not None and found.origin else None


atexit.register(stop)
os.register_at_fork(after_in_child=_forget)
