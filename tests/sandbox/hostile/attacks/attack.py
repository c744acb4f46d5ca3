"""What an attack is, and the few functions that the attacking programs share."""

import textwrap
from dataclasses import dataclass

SECRET = 27182818284590452353  # what the tests of a fake verdict expect, and no program is told


@dataclass(frozen=True)
class Attack:
    """A hostile program.

    tries: what it is after; code: the program; tests: what asks it; allowed: the statuses that it may end with;
    says: what the detail must contain. An attack on the system gets the functions of PRELUDE as its setup, and
    ends in Refused if every way that it tried was refused by the kernel; it prints WORKED if one was not, which
    fails the test whatever the status. The last of `tests` may not pass.
    """

    kind: str
    name: str
    tries: str
    code: str
    tests: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ("error",)
    says: str = "Refused"

    @property
    def id(self) -> str:
        """Returns what pytest shows."""
        return f"{self.kind}: {self.name}"

    @property
    def knows_one_machine(self) -> bool:
        """Returns whether it uses numbers of system calls, which are those of x86_64."""
        return any(mark in self.code for mark in ("raw(", "syscall(", "CODE"))


def program(code: str, before: str = "") -> str:
    """Returns the text of a program, without the indentation that it has in a table, after `before`."""
    return f"{before.strip()}\n{textwrap.dedent(code).strip()}".strip()


def refused(kind: str, name: str, tries: str, code: str, before: str = "") -> Attack:
    """Returns an attack that the kernel must refuse in every way it tries."""
    return Attack(kind, name, tries, program(code, before))


def stopped(kind: str, name: str, tries: str, code: str, *allowed: str, says: str = "") -> Attack:
    """Returns an attack that must end with one of the statuses `allowed`."""
    return Attack(kind, name, tries, program(code), allowed=allowed, says=says)


def forged(
    name: str,
    tries: str,
    code: str,
    test: str = f"assert answer(2) == {SECRET}",
    kind: str = "fake verdict",
    before: str = "",
) -> Attack:
    """Returns an attack on the verdict: `test` must not pass, and has to end before the time does."""
    return Attack(kind, name, tries, program(code, before), (test,), ("failed", "error"), says="")


PRELUDE = '''
import ctypes, errno, os, sys

class Refused(Exception):
    pass

REFUSALS = (errno.EPERM, errno.EACCES, errno.EXDEV, errno.ENOSYS, errno.ENOTTY)
libc = ctypes.CDLL(None, use_errno=True)

def all_refused(*ways):
    """Tries every way in turn; raises Refused if the kernel refused them all."""
    answers, worked = [], []
    for number, way in enumerate(ways):
        try:
            worked.append((number, str(way())[:100]))
        except OSError as error:
            if error.errno not in REFUSALS:
                raise
            answers.append(errno.errorcode[error.errno])
    print(*(["WORKED", worked] if worked else []))
    if not worked:
        raise Refused(" ".join(answers))

def syscall(number, *words):
    """Makes a system call by its number; raises OSError if it fails."""
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(w) if isinstance(w, int) else w for w in words))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def raw(number, *words):
    """Returns a way that makes a system call."""
    return lambda: syscall(number, *words)

def read(path):
    """Returns a way that reads a file."""
    return lambda: open(path, "rb").read(100)

def write(path, how="wb"):
    """Returns a way that writes a file."""
    return lambda: open(path, how).write(b"hostile")
'''
