"""Pipes and nameless files between the supervisor and the processes of a run."""

import ctypes
import json
import os
from contextlib import ExitStack
from typing import Any

from sandbox import kernel

_CLOSE_ON_EXEC = 1  # linux/memfd.h


def pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    """Returns the ends of a new pipe, which the two stacks close."""
    reading, writing = os.pipe()
    os.fchmod(reading, 0)  # or a program of the same user opens it again, from the other side, in /proc/self/fd
    reader.callback(os.close, reading)
    writer.callback(os.close, writing)
    if reader is not writer:
        os.set_blocking(reading, False)  # ours to watch; the others read each other's answers
    return reading, writing


def file(job: dict[str, Any], holder: ExitStack) -> int:
    """Returns a nameless file that holds a job; `holder` closes it."""
    descriptor = kernel.call("memfd_create", ctypes.c_char_p(b"job"), _CLOSE_ON_EXEC)
    holder.callback(os.close, descriptor)
    os.write(descriptor, json.dumps(job).encode())
    return descriptor


def piece_of(end: int) -> bytes | None:
    """Returns a piece of what has come through a pipe, b"" at its end, None if there is nothing now."""
    try:
        return os.read(end, 1 << 16)
    except BlockingIOError:
        return None
