"""The walls around what runs: limits, another user, Landlock, seccomp. They stand before any foreign code runs.

What is common to all runs a nursery puts up around itself, once; what differs, each process it forks puts up
around itself, and has both. The steps come in this order because each takes away what the ones before it need:
files are opened while everything can be read, the user is given up before no_new_privs, and the seccomp filter is
last because it refuses the calls that made it. If any step is refused the process must not go on:
SandboxUnavailable says which one.
"""

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Iterator

from sandbox import kernel, landlock, seccomp
from sandbox.errors import SandboxUnavailable
from sandbox.imports import ImportFolders, standard_entries

NOBODY = 65_534  # user and group that root becomes
_OPEN_FILES = 64
_THREADS = 64
_STACK_BYTES = 8 << 20
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38  # linux/prctl.h
_AF_UNIX = 1  # linux/socket.h
_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
_SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom")


class Walls:
    """Confines this process, a nursery, as far as a nursery can be, and knows how to close the rest around a run.

    base: the folder below which every run has its scratch folder; numpy_parent: the folder in which numpy is
    installed, None if it is not. Raises SandboxUnavailable.
    """

    def __init__(self, base: str, numpy_parent: str | None) -> None:
        kernel.require_known_machine()
        with _explained():
            folders = ImportFolders(numpy_parent)
            places = [*_SHARED_LIBRARIES, *_SYSTEM_FILES, *folders.standard, *_numpy_folders(numpy_parent)]
            self._readable = landlock.open_places(places)
            self._null = os.open(os.devnull, os.O_PATH)
            self.load = os.open("/proc/loadavg", os.O_RDONLY)
            rules = _rules_of_nursery(base, folders)
            _limit(resource.RLIMIT_CORE, 0)
            _limit(resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
            _give_up_rights()
            kernel.prctl(_PR_SET_DUMPABLE, 0)
            kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)
            rules.enforce()
            os.close(rules.descriptor)
            seccomp.install(seccomp.packed(kernel.MACHINE, None))
        _require_refusals()
        folders.connect()
        sys.dont_write_bytecode = True
        self.needed_by_imports = tuple(folders.descriptors)

    def around(self, scratch: int) -> landlock.Ruleset:
        """Returns the file rules of one run: of all that the nursery may write, only the folder `scratch`."""
        rules = landlock.Ruleset()
        for place in self._readable:
            rules.allow_place(place, landlock.READ_TREE)
        rules.allow_place(self._null, landlock.WRITE_TREE)
        rules.allow_place(scratch, landlock.WRITE_TREE)
        return rules

    def enclose(self, rules: landlock.Ruleset, scratch: int, limits: dict[str, int], parent: int) -> None:
        """Leaves this process, forked by the nursery `parent`, able to compute, to read Python and numpy, and to
        write in `scratch`, and nothing else. Raises SandboxUnavailable.
        """
        with _explained():
            os.setsid()
            kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)  # it ended before it could be told to take this process along
            os.fchdir(scratch)
            for kind, value in (
                (resource.RLIMIT_AS, limits["memory_bytes"]),
                (resource.RLIMIT_CPU, limits["cpu_seconds"]),
                (resource.RLIMIT_FSIZE, limits["file_bytes"]),
                (resource.RLIMIT_NOFILE, _OPEN_FILES),
                (resource.RLIMIT_STACK, _STACK_BYTES),
                (resource.RLIMIT_NPROC, self._threads_of_all() + _THREADS),
                (resource.RLIMIT_MEMLOCK, 0),
            ):
                _limit(kind, value)
            kernel.prctl(_PR_SET_DUMPABLE, 0)
            rules.enforce()
            seccomp.install(seccomp.packed(kernel.MACHINE, os.getpid()))
        _require_refusals()

    def _threads_of_all(self) -> int:
        """Returns how many threads the machine runs: RLIMIT_NPROC counts the user's, who may have many already."""
        return int(os.pread(self.load, 100, 0).split()[3].split(b"/")[1])


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        step = error.filename or "a change of user"
        raise SandboxUnavailable(f"The sandbox needs {step}, which this system refuses: {error.strerror}.") from error


def _rules_of_nursery(base: str, folders: ImportFolders) -> landlock.Ruleset:
    rules = landlock.Ruleset()
    rules.allow(base, landlock.WRITE_TREE)
    rules.allow(os.devnull, landlock.WRITE_TREE)
    for path in (*_SHARED_LIBRARIES, *_SYSTEM_FILES, *_numpy_folders(folders.numpy_parent)):
        rules.allow(path, landlock.READ_TREE)
    for folder in folders.standard:
        rules.allow(folder, landlock.LIST)
        for entry in standard_entries(folder):
            rules.allow(entry, landlock.READ_TREE)
    return rules


def _numpy_folders(parent: str | None) -> list[str]:
    return [] if parent is None else [os.path.join(parent, name) for name in ("numpy", "numpy.libs")]


def _limit(kind: int, value: int) -> None:
    """Sets both limits of a kind; one that is lower already stays. Beyond the CPU's comes a second of grace."""
    ceiling = resource.getrlimit(kind)[1]
    highest = value + 1 if kind == resource.RLIMIT_CPU else value
    if ceiling != resource.RLIM_INFINITY:
        value, highest = min(value, ceiling), min(highest, ceiling)
    resource.setrlimit(kind, (value, highest))


def _give_up_rights() -> None:
    if os.getuid() == 0 or os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)  # struct __user_cap_header_struct
    nothing = bytes(24)  # two struct __user_cap_data_struct
    kernel.call("capset", ctypes.create_string_buffer(header), ctypes.create_string_buffer(nothing))


def _require_refusals() -> None:
    """Raises SandboxUnavailable if the kernel still allows what it must refuse by now."""
    attempts: dict[str, Callable[[], object]] = {
        "read every folder": lambda: os.listdir("/"),
        "open a socket": lambda: kernel.call("socket", _AF_UNIX, 1, 0),
        "become root": lambda: os.setuid(0),
    }
    for what, attempt in attempts.items():
        try:
            attempt()
        except PermissionError:
            continue
        raise SandboxUnavailable(f"The sandbox was set up, but this system still lets it {what}.")
