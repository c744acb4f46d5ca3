"""A lock around the model that is given out in the order in which it was asked for."""

import threading
from collections import deque
from collections.abc import Callable

POLL = 0.25  # seconds between two calls of `waiting`


class Turns:
    """Whoever asked first holds it next; the thread that holds it may take it again, and may let others go first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._holder: int | None = None
        self._depth = 0

    def take(self, waiting: Callable[[], None] | None = None) -> None:
        """Waits for the turn; `waiting` is called a few times a second until then, and may raise to give up."""
        with self._changed:
            if self._holder == threading.get_ident():
                self._depth += 1
                return
            ticket = object()
            self._waiting.append(ticket)
            try:
                while self._holder is not None or self._waiting[0] is not ticket:
                    if not self._changed.wait(POLL) and waiting:
                        waiting()
                self._holder, self._depth = threading.get_ident(), 1
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def release(self) -> None:
        """Ends what `take` began."""
        with self._changed:
            self._depth -= 1
            if not self._depth:
                self._holder = None
                self._changed.notify_all()

    def give_way(self, waiting: Callable[[], None] | None = None) -> None:
        """Lets all who wait by now go first; does nothing in a thread that does not hold it.

        If `waiting` raises, the thread still holds it, as before: its own release is yet to come.
        """
        with self._changed:
            if self._holder != threading.get_ident() or not self._waiting:
                return
            depth, self._holder = self._depth, None
            self._changed.notify_all()
        stopped: BaseException | None = None

        def told() -> None:
            nonlocal stopped
            try:
                if waiting and stopped is None:
                    waiting()
            except BaseException as error:
                stopped = error

        self.take(told)
        self._depth = depth
        if stopped is not None:
            raise stopped
