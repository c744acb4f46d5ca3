"""The seccomp filter: the system calls that a confined process may make; every other one fails with EPERM.

The list has no sockets, no exec, no new process, no ptrace, no mount, no keyrings, no io_uring, no bpf, no
userfaultfd, no memfd, no change of modes or owners, and signals to nobody else. Where a call is harmless with
some arguments only, the filter looks at them. It is assembled here as classic BPF
(Documentation/userspace-api/seccomp_filter.rst), so that no library is needed.
"""

import ctypes
import errno
import functools
import struct

from sandbox import kernel
from sandbox.syscalls import ARCHITECTURES, harmless, named, of_nursery

# linux/bpf_common.h
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
# linux/seccomp.h
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_SET_MODE_FILTER = 1
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_X32_BIT = 0x40000000  # calls of the x32 interface, which has numbers of its own

# clone: a thread of this process, in no new namespace (linux/sched.h)
_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x80
# open: neither O_TRUNC on a file opened for reading nor access mode 3; Landlock below version 3 lets both through
_O_ACCESS_MODE, _O_TRUNC = 0o3, 0o1000
_REFUSED_OPENS = (_O_TRUNC, 0o3, _O_TRUNC | 0o3)
# fcntl: no F_SETOWN or F_SETSIG, which make the kernel send signals to others, no leases, no larger pipes
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
_IOCTL = (0x5451, 0x5450)  # FIOCLEX, FIONCLEX
_PRCTL = (15, 16)  # PR_SET_NAME, PR_GET_NAME
_PRCTL_OF_NURSERY = (1, 4)  # PR_SET_PDEATHSIG, PR_SET_DUMPABLE

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand
_LINE = struct.Struct("=HBBI")  # struct sock_filter


def _fail(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | number)


_PASS: Instruction = (_RETURN, 0, 0, _ALLOW)


def _only(number: int, body: list[Instruction]) -> list[Instruction]:
    """Runs `body`, which ends in a return, for one system call."""
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def _argument_in(index: int, values: tuple[int, ...], otherwise: int, mask: int = 0) -> list[Instruction]:
    """Allows the call if the low word of an argument, which the kernel reads as an int, is in `values`."""
    body: list[Instruction] = [(_LOAD, 0, 0, _ARGUMENTS + 8 * index)]
    if mask:
        body.append((_AND, 0, 0, mask))
    for value in values:
        body += [(_JUMP_EQUAL, 0, 1, value), _PASS]
    return [*body, _fail(otherwise)]


def _open_body(flags_index: int) -> list[Instruction]:
    body: list[Instruction] = [
        (_LOAD, 0, 0, _ARGUMENTS + 8 * flags_index),
        (_AND, 0, 0, _O_ACCESS_MODE | _O_TRUNC),
    ]
    for flags in _REFUSED_OPENS:
        body += [(_JUMP_EQUAL, 0, 1, flags), _fail(errno.EPERM)]
    return [*body, _PASS]


def assemble(machine: str, pid: int | None) -> list[Instruction]:
    """Returns the filter for a process `pid` on `machine` (a key of ARCHITECTURES); for a nursery if pid is None.

    A nursery, which runs nothing foreign, may also start processes, put walls around them and kill them. The
    processes it starts have both filters, and so only what both allow.
    """
    return [*_same_for_all(machine), *_depending_on(machine, pid)]


def packed(machine: str, pid: int | None) -> bytes:
    """Returns the filter of `assemble` as the kernel reads it."""
    return _packed_same_for_all(machine) + _pack(_depending_on(machine, pid))


def install(code: bytes) -> None:
    """Puts a filter in force for this thread and all that it starts; needs no_new_privs; raises OSError."""
    lines = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(code) // _LINE.size, ctypes.addressof(lines))  # struct sock_fprog
    kernel.call("seccomp", _SET_MODE_FILTER, 0, ctypes.create_string_buffer(header))


def _same_for_all(machine: str) -> list[Instruction]:
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), _fail(errno.ENOSYS)]
    for number in harmless(machine).values():
        program += _only(number, [_PASS])
    conditional = {
        "open": _open_body(1),
        "openat": _open_body(2),
        "clone3": [_fail(errno.ENOSYS)],  # its flags lie in memory; the C library then falls back on clone
        "fcntl": _argument_in(1, _FCNTL, errno.EPERM),
        "ioctl": _argument_in(1, _IOCTL, errno.ENOTTY),
    }
    return [*program, *_only_each(machine, conditional)]


def _depending_on(machine: str, pid: int | None) -> list[Instruction]:
    if pid is None:
        own = {
            "clone": _argument_in(0, (0,), errno.EPERM, mask=_CLONE_NAMESPACES),
            "kill": [_PASS],
            "tgkill": [_PASS],
            "prlimit64": _argument_in(0, (0,), errno.EPERM),
            "prctl": _argument_in(0, _PRCTL + _PRCTL_OF_NURSERY, errno.EPERM),
            **{name: [_PASS] for name in of_nursery(machine)},
        }
    else:
        own = {
            "clone": _argument_in(0, (_CLONE_THREAD,), errno.EPERM, mask=_CLONE_THREAD | _CLONE_NAMESPACES),
            "kill": _argument_in(0, (pid,), errno.EPERM),
            "tgkill": _argument_in(0, (pid,), errno.EPERM),
            "prlimit64": _argument_in(0, (0, pid), errno.EPERM),
            "prctl": _argument_in(0, _PRCTL, errno.EPERM),
        }
    return [*_only_each(machine, own), _fail(errno.EPERM)]


def _only_each(machine: str, bodies: dict[str, list[Instruction]]) -> list[Instruction]:
    numbers = named(machine) | of_nursery(machine)
    return [line for name, body in bodies.items() if name in numbers for line in _only(numbers[name], body)]


def _pack(program: list[Instruction]) -> bytes:
    return b"".join(_LINE.pack(*line) for line in program)


@functools.cache  # of all the work in a forked process this was the largest piece
def _packed_same_for_all(machine: str) -> bytes:
    return _pack(_same_for_all(machine))
