"""The filter is checked with a small interpreter of classic BPF, so that both machines are covered on either."""

import errno
import re
from pathlib import Path

import pytest

from sandbox.seccomp import assemble
from sandbox.syscalls import ARCHITECTURES, harmless, named, of_nursery

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
PID = 4242
THREAD = 0x003D0F00  # what glibc's pthread_create asks of clone
HEADERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}
# never allowed: name -> number on x86_64, on aarch64 (None where there is no such call)
DANGEROUS = {
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None), "ptrace": (101, 117),
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "sendto": (44, 206), "mount": (165, 40),
    "unshare": (272, 97), "setns": (308, 268), "keyctl": (250, 219), "add_key": (248, 217), "bpf": (321, 280),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "perf_event_open": (298, 241), "memfd_create": (319, 279),
    "process_vm_readv": (310, 270), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "chmod": (90, None),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchownat": (260, 54), "setxattr": (188, 5), "utimensat": (280, 88),
    "truncate": (76, 45), "mknodat": (259, 33), "openat2": (437, 437), "tkill": (200, 130), "setuid": (105, 146),
    "seccomp": (317, 277), "landlock_create_ruleset": (444, 444), "chroot": (161, 51), "shmget": (29, 194),
    "sched_setaffinity": (203, 122), "rt_sigqueueinfo": (129, 138), "name_to_handle_at": (303, 264),
}  # fmt: skip


def verdict(machine: str, number: int, arguments: tuple[int, ...] = (), architecture: int | None = None) -> int:
    """Returns what the filter answers to one system call."""
    words = {0: number, 4: ARCHITECTURES[machine] if architecture is None else architecture}
    words |= {16 + 8 * i: value & 0xFFFFFFFF for i, value in enumerate(arguments)}
    value, at = 0, 0
    program = assemble(machine, PID)
    while True:
        code, yes, no, operand = program[at]
        at += 1
        if code == 0x20:
            value = words.get(operand, 0)
        elif code == 0x54:
            value &= operand
        elif code == 0x15:
            at += yes if value == operand else no
        elif code == 0x35:
            at += yes if value >= operand else no
        else:
            assert code == 0x06
            return operand


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_every_harmless_call_is_allowed(machine):
    assert {verdict(machine, number) for number in harmless(machine).values()} == {ALLOW}


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("name", DANGEROUS)
def test_a_dangerous_call_fails(name, machine):
    number = DANGEROUS[name][list(ARCHITECTURES).index(machine)]
    if number is not None:  # aarch64 has only the newer form of some calls
        assert verdict(machine, number) == ERRNO | errno.EPERM


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("clone", (THREAD,), ALLOW),
        ("clone", (17,), ERRNO | errno.EPERM),  # fork
        ("clone", (0x4111,), ERRNO | errno.EPERM),  # vfork
        ("clone", (THREAD | 0x10000000,), ERRNO | errno.EPERM),  # a thread in a new user namespace
        ("clone3", (), ERRNO | errno.ENOSYS),
        ("kill", (PID, 9), ALLOW),
        ("kill", (1, 9), ERRNO | errno.EPERM),
        ("kill", (-1, 9), ERRNO | errno.EPERM),
        ("kill", (0, 9), ERRNO | errno.EPERM),
        ("tgkill", (PID, 7, 9), ALLOW),
        ("tgkill", (1, 1, 9), ERRNO | errno.EPERM),
        ("prlimit64", (0, 7), ALLOW),
        ("prlimit64", (1, 7), ERRNO | errno.EPERM),
        ("openat", (0, 0, 0), ALLOW),
        ("openat", (0, 0, 0o1101), ALLOW),  # write, create, truncate: for Landlock to judge
        ("openat", (0, 0, 0o1000), ERRNO | errno.EPERM),  # truncate while reading
        ("openat", (0, 0, 0o3), ERRNO | errno.EPERM),
        ("fcntl", (3, 3), ALLOW),
        ("fcntl", (3, 8), ERRNO | errno.EPERM),  # F_SETOWN
        ("fcntl", (3, 10), ERRNO | errno.EPERM),  # F_SETSIG
        ("ioctl", (0, 0x5401), ERRNO | errno.ENOTTY),  # TCGETS, as isatty asks
        ("ioctl", (0, 0x5412), ERRNO | errno.ENOTTY),  # TIOCSTI, types into a terminal
        ("prctl", (15,), ALLOW),
        ("prctl", (22,), ERRNO | errno.EPERM),  # PR_SET_SECCOMP
    ],
)
def test_some_calls_depend_on_their_arguments(name, arguments, answer, machine):
    assert verdict(machine, named(machine)[name], arguments) == answer


def test_other_interfaces_of_the_same_kernel_are_closed():
    assert verdict("x86_64", 0x40000000 + 39) == ERRNO | errno.ENOSYS  # x32
    assert verdict("x86_64", 3, architecture=0x40000003) == KILL  # 32-bit x86
    assert verdict("aarch64", 3, architecture=0x40000028) == KILL  # 32-bit ARM


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_numbers_are_those_of_the_kernels_headers(machine):
    header = Path(HEADERS[machine])
    if not header.exists():
        pytest.skip(f"{header} is not installed (package linux-libc-dev)")
    found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text()))
    found.setdefault("newfstatat", found.get("fstatat", ""))
    for name, number in {**harmless(machine), **named(machine), **of_nursery(machine)}.items():
        assert found[name] == str(number), name
