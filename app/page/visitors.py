"""Who is looking: an id of each window of a browser, which a reload of the page keeps and no other window has.

The page makes the id up and sends it along with its events; a client of the named endpoints is known by its session.
"""

import hashlib

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
