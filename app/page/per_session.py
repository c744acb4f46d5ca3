"""What is remembered of each session for as long as it is in use, and of no more sessions than there is room for."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

SESSIONS = 100  # that are remembered; the one that was longest not in use is forgotten first

Value = TypeVar("Value")


class PerSession(Generic[Value]):
    """One value for each session; safe to call from several threads."""

    def __init__(self, room: int = SESSIONS):
        self.room = room
        self._kept: OrderedDict[str, Value] = OrderedDict()
        self._change = threading.Lock()

    def get(self, session: str | None) -> Value | None:
        """Returns the session's value, None if it has none."""
        with self._change:
            if session in self._kept:
                self._kept.move_to_end(session)
            return self._kept.get(session)

    def put(self, session: str | None, value: Value) -> None:
        """Remembers the session's value; a caller without a session has none."""
        if session is None:
            return
        with self._change:
            self._kept[session] = value
            self._kept.move_to_end(session)
            while len(self._kept) > self.room:
                self._kept.popitem(last=False)

    def forget(self, session: str | None) -> None:
        """Forgets the session's value."""
        with self._change:
            self._kept.pop(session, None)
