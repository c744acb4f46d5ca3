"""Long work as a stream: what it says of its progress, then what it returns; closing the stream stops it.

Here, and in `services.as_toast`, an error of the core becomes what the page shows, and any other a plain sentence.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ddpt_core.errors import DDPTError
from ddpt_core.study.names import duration

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


class Stops(dict[str | None, threading.Event]):
    """The work that each session has under way, by what stops it; a session's later work takes the earlier's place."""

    @contextmanager
    def under_way(self, session: str | None) -> Iterator[threading.Event]:
        """Notes that the session's work has begun, and that it has ended; gives what stops it.

        To be entered before the first value is yielded: a stop that comes with the first value is then not lost.
        """
        stop = self[session] = threading.Event()
        try:
            yield stop
        finally:
            if self.get(session) is stop:
                del self[session]

    def stop(self, session: str | None) -> bool:
        """Stops what the session has under way; returns whether there was anything."""
        stop = self.get(session)
        if stop is not None:
            stop.set()
        return stop is not None


def stream(
    work: Callable[[Tell], Any], stop: threading.Event | None = None, at_once: bool = False
) -> Iterator[Note | Done]:
    """Yields Notes, a few a second, while `work(tell)` runs in a thread, then Done; raises what it raises.

    Setting `stop`, or closing the stream, makes the next `tell` raise Cancelled inside the work; the stream
    then raises it too, and in any case waits until the work has ended. With `at_once` it raises Cancelled within
    a quarter of a second instead, and the work ends by itself at its next `tell`.
    """
    messages: queue.Queue[Note | Done | BaseException] = queue.Queue()
    asked, closed = stop or threading.Event(), threading.Event()  # one `stop` may serve several streams in a row
    told = 0.0

    def tell(share: float, text: str) -> None:
        nonlocal told
        if asked.is_set() or closed.is_set():
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
                if asked.is_set():
                    raise Cancelled from None
                continue
            if isinstance(message, BaseException):
                raise message
            yield message
            if isinstance(message, Done):
                return
    finally:
        closed.set()
        if not at_once:
            worker.join()


def unless(stop: threading.Event, tell: Tell) -> Tell:
    """Returns `tell` that raises Cancelled once `stop` is set; a stream's own event serves one stream alone."""

    def tell_or_stop(share: float, text: str) -> None:
        if stop.is_set():
            raise Cancelled
        tell(share, text)

    return tell_or_stop


def in_words(note: Note, elapsed: float) -> str:
    """Returns what is going on and, once that can be said, how long it will still take."""
    if note.share < 0.1 or elapsed < 3:
        return note.text
    return f"{note.text} · about {duration(elapsed * (1 - note.share) / note.share)} left"


UNEXPECTED = "That failed in a way that is a mistake of this program; the terminal that runs it says more."
BUSY, DONE, CANCELLED, FAILED = "busy", "done", "cancelled", "failed"


def sentence_of(error: BaseException) -> str:
    """Returns what the page says of an error; the text of one that is a mistake of the program stays in the log."""
    return str(error) if isinstance(error, DDPTError) else UNEXPECTED


@dataclass(frozen=True)
class Told:
    """How long work stands: a `state`, a sentence, a share from 0 to 1 while it is BUSY, a result once it is DONE."""

    state: str
    text: str = ""
    share: float | None = None
    result: Any = None


def follow(
    work: Callable[[Tell], Any],
    stop: threading.Event | None = None,
    at_once: bool = False,
    cancelled: str = "Cancelled; nothing of it was kept.",
) -> Iterator[Told]:
    """Yields how the work stands until it has ended, however it did; raises, after that, what nobody expected.

    While it goes on the text says how long it will still take, once that can be said; see `stream`.
    """
    started = time.monotonic()
    try:
        for message in stream(work, stop, at_once):
            elapsed = time.monotonic() - started
            if isinstance(message, Note):
                yield Told(BUSY, in_words(message, elapsed), message.share)
            else:
                yield Told(DONE, f"Done in {duration(elapsed)}.", result=message.result)
    except Cancelled:
        yield Told(CANCELLED, cancelled)
    except Exception as error:
        yield Told(FAILED, sentence_of(error))
        if not isinstance(error, DDPTError):
            raise
