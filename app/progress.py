"""Long work as a stream: what it says of its progress, then what it returns; closing the stream stops it."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

INTERVAL = 0.25  # seconds between two notes that are passed on


@dataclass(frozen=True)
class Note:
    """How far a piece of work is: `share` of it from 0 to 1, and what is being done, in words."""

    share: float
    text: str


@dataclass(frozen=True)
class Done:
    """What the work returned."""

    result: Any


class Cancelled(Exception):
    """Raised inside the work, where it tells of its progress, once nobody waits for it."""


Tell = Callable[[float, str], None]


def stream(
    work: Callable[[Tell], Any], stop: threading.Event | None = None, at_once: bool = False
) -> Iterator[Note | Done]:
    """Yields Notes, a few a second, while `work(tell)` runs in a thread, then Done; raises what it raises.

    Setting `stop`, or closing the generator, makes the next `tell` raise Cancelled inside the work; the stream
    then raises it too, and in any case waits until the work has ended. With `at_once` it raises Cancelled within
    a quarter of a second instead, and the work ends by itself at its next `tell`.
    """
    messages: queue.Queue[Note | Done | BaseException] = queue.Queue()
    stopped = stop or threading.Event()
    told = 0.0

    def tell(share: float, text: str) -> None:
        nonlocal told
        if stopped.is_set():
            raise Cancelled
        if time.monotonic() - told >= INTERVAL:
            told = time.monotonic()
            messages.put(Note(share, text))

    def run() -> None:
        try:
            messages.put(Done(work(tell)))
        except BaseException as error:
            messages.put(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    try:
        while True:
            try:
                message = messages.get(timeout=INTERVAL if at_once else None)
            except queue.Empty:
                if stopped.is_set():
                    raise Cancelled from None
                continue
            if isinstance(message, BaseException):
                raise message
            yield message
            if isinstance(message, Done):
                return
    finally:
        stopped.set()
        if not at_once:
            worker.join()
