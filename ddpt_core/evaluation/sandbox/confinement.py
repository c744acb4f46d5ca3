"""Confines this process for good: limits, another user, Landlock, seccomp. Called before any foreign code runs.

The steps come in this order because each takes away what the ones before it need: files are opened while
everything can be read, the user is given up before no_new_privs, and the seccomp filter is last because it
refuses the calls that made it. If any step is refused the process must not go on: SandboxUnavailable says
which one.
"""

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable

from ddpt_core.errors import SandboxUnavailable
from ddpt_core.evaluation.sandbox import kernel, landlock, seccomp
from ddpt_core.evaluation.sandbox.imports import ImportFolders, standard_entries

NOBODY = 65_534  # user and group that root becomes
_OPEN_FILES = 64
_THREADS = 64
_STACK_BYTES = 8 << 20
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38  # linux/prctl.h
_AF_UNIX = 1  # linux/socket.h
_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
_SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom")


def confine(scratch: str, memory_bytes: int, cpu_seconds: int, file_bytes: int, numpy_parent: str | None) -> None:
    """Leaves this process able to compute, to read Python and numpy, and to write in `scratch`, and nothing else.

    numpy_parent is the folder in which numpy is installed, None if it is not. Raises SandboxUnavailable.
    """
    kernel.require_known_machine()
    parent = os.getppid()
    try:
        folders = ImportFolders(numpy_parent)
        rules = _file_rules(scratch, folders)
        os.chdir(scratch)
        _limit(memory_bytes, cpu_seconds, file_bytes)
        _give_up_rights()
        kernel.prctl(_PR_SET_DUMPABLE, 0)
        kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)
        rules.enforce()
        seccomp.install(os.getpid())
    except OSError as error:
        step = error.filename or "a change of user"
        raise SandboxUnavailable(f"The sandbox needs {step}, which this system refuses: {error.strerror}.") from error
    if os.getppid() != parent:
        os._exit(1)  # the parent ended before it could be told to take this process along
    _require_refusals()
    folders.connect()
    sys.dont_write_bytecode = True


def _file_rules(scratch: str, folders: ImportFolders) -> landlock.Ruleset:
    rules = landlock.Ruleset()
    rules.allow(scratch, landlock.WRITE_TREE)
    rules.allow("/dev/null", landlock.WRITE_TREE)
    for path in (*_SHARED_LIBRARIES, *_SYSTEM_FILES):
        rules.allow(path, landlock.READ_TREE)
    for folder in folders.standard:
        rules.allow(folder, landlock.LIST)
        for entry in standard_entries(folder):
            rules.allow(entry, landlock.READ_TREE)
    for name in ("numpy", "numpy.libs"):
        if folders.numpy_parent is not None:
            rules.allow(os.path.join(folders.numpy_parent, name), landlock.READ_TREE)
    return rules


def _limit(memory_bytes: int, cpu_seconds: int, file_bytes: int) -> None:
    for kind, soft, hard in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
        (resource.RLIMIT_STACK, _STACK_BYTES, _STACK_BYTES),
        (resource.RLIMIT_NPROC, *2 * (_threads_of_all() + _THREADS,)),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
    ):
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:  # a limit that is already lower stays
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(kind, (soft, hard))


def _threads_of_all() -> int:
    """Returns how many threads the machine runs: RLIMIT_NPROC counts the user's, who may have many already."""
    with open("/proc/loadavg") as line:
        return int(line.read().split()[3].split("/")[1])


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
