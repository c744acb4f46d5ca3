"""Calls into the Linux kernel that Python's standard library does not wrap, or only in some builds of it."""

import ctypes
import os

from sandbox.errors import SandboxUnavailable
from sandbox.syscalls import ARCHITECTURES, harmless, named, of_nursery

MACHINE = os.uname().machine
_NUMBERS = harmless(MACHINE) | of_nursery(MACHINE) | named(MACHINE) if MACHINE in ARCHITECTURES else {}
_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """Returns what the system call gives; raises OSError where it fails.

    Arguments are ints, or ctypes objects passed by reference; an int goes as a 64-bit word.
    """
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = _libc.syscall(ctypes.c_long(_NUMBERS[name]), *words)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result


def prctl(option: int, value: int) -> int:
    """Returns what prctl(option, value) gives; raises OSError where it fails."""
    return call("prctl", option, value, 0, 0, 0)


def require_known_machine() -> None:
    """Raises SandboxUnavailable on a processor whose system calls the sandbox does not know."""
    if MACHINE not in ARCHITECTURES:
        raise SandboxUnavailable(
            f"The sandbox knows the processors {' and '.join(ARCHITECTURES)}, this one is {MACHINE}."
        )
