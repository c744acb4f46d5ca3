"""The Landlock rules: which files a confined process may read, and the one folder in which it may write.

Landlock (Documentation/userspace-api/landlock.rst) judges the opening, making, moving and removing of files.
It does not judge stat, readlink or chdir: that a file exists, its size and its times stay visible where the
user's own permissions show them. What older versions of it do not judge (truncation, ioctl, signals) the
seccomp filter refuses in any case.
"""

import contextlib
import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable

from sandbox import kernel
from sandbox.errors import SandboxUnavailable

# linux/landlock.h
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many file rights a version knows
_NETWORK = 0b11  # bind and connect, version 4
_SCOPES = 0b11  # abstract sockets and signals, version 6
_VERSION_FLAG, _PATH_BENEATH = 1, 1

READ = _READ_FILE
LIST = _READ_DIR
READ_TREE = _READ_FILE | _READ_DIR
WRITE_TREE = (
    READ_TREE | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER | _TRUNCATE
)
_FOR_A_FILE = _READ_FILE | _WRITE_FILE | _TRUNCATE


def version() -> int:
    """Returns the kernel's Landlock version, 1 or more; raises SandboxUnavailable where there is none."""
    try:
        return kernel.call("landlock_create_ruleset", 0, 0, _VERSION_FLAG)
    except OSError as error:
        reason = {
            errno.ENOSYS: "this kernel has no Landlock (Linux 5.13 or newer, built with it, is needed)",
            errno.EOPNOTSUPP: "Landlock is switched off (add landlock to the kernel's lsm= parameter)",
        }.get(error.errno or 0, f"the kernel refuses Landlock ({error.strerror})")
        raise SandboxUnavailable(f"The sandbox cannot confine files: {reason}.") from error


def open_places(paths: Iterable[str]) -> list[int]:
    """Returns descriptors of the files and folders among `paths` that exist, to make rules of."""
    places = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            places.append(os.open(path, os.O_PATH | os.O_CLOEXEC))
    return places


class Ruleset:
    """Rules that are collected while everything can still be opened, and put in force by `enforce`.

    In a process that is confined already, what both sets of rules allow is allowed. The `descriptor` that stands
    for the rules is to be closed by whoever made them.
    """

    def __init__(self) -> None:
        found = version()
        self._rights = (1 << _RIGHTS_BY_VERSION[min(found, 5)]) - 1
        fields = [self._rights]
        if found >= 4:
            fields.append(_NETWORK)
        if found >= 6:
            fields.append(_SCOPES)
        attributes = struct.pack(f"={len(fields)}Q", *fields)  # struct landlock_ruleset_attr
        buffer = ctypes.create_string_buffer(attributes, len(attributes))
        self.descriptor = kernel.call("landlock_create_ruleset", buffer, len(attributes), 0)

    def allow(self, path: str, rights: int) -> None:
        """Grants `rights` on a file, or on a folder and all beneath it; what cannot be opened is left out."""
        for place in open_places([path]):  # what cannot be opened now cannot be opened later either
            try:
                self.allow_place(place, rights)
            finally:
                os.close(place)

    def allow_place(self, place: int, rights: int) -> None:
        """Grants `rights` on what a descriptor stands for."""
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _FOR_A_FILE
        rule = struct.pack("=Qi", rights & self._rights, place)  # struct landlock_path_beneath_attr, packed
        if rights & self._rights:
            kernel.call("landlock_add_rule", self.descriptor, _PATH_BENEATH, ctypes.create_string_buffer(rule), 0)

    def enforce(self) -> None:
        """Puts the rules in force for this thread and all it starts; needs no_new_privs; raises OSError."""
        kernel.call("landlock_restrict_self", self.descriptor, 0)
