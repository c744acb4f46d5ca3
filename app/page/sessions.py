"""Who is looking, and what is remembered of them.

A visitor is a window of a browser: its id is kept by a reload of the page, and no other window has it. The page makes
it up and sends it along with its events; a client of the named endpoints is known by its session.
"""

import hashlib
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

import gradio as gr

LONGEST = 200  # characters of an id that are looked at

# What a window calls itself, as a JavaScript expression. Where nothing may be stored, a reload makes another visitor.
WINDOW_ID = """(() => {
  const made = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), number => number.toString(36)).join("-");
  try { return sessionStorage.ddptVisitor ||= made(); } catch { return window.ddptVisitor ||= made(); }
})()"""
# The `js` of an event whose last input is a hidden text box: fills in the id, and leaves the others as they are.
SAYS_WHO = f"(...given) => [...given.slice(0, -1), {WINDOW_ID}]"


def visitor_of(said: str | None, request: gr.Request | None) -> str:
    """Returns the visitor as 24 hexadecimal digits, by what the window said, else by the session of a client.

    Neither is trusted: of both only a hash is used, which is safe as the name of a folder.
    """
    known = f"window {said[:LONGEST]}" if said else f"session {getattr(request, 'session_hash', None)}"
    return hashlib.sha256(known.encode("utf-8", "replace")).hexdigest()[:24]


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
