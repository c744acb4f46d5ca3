"""Between the viewer's code and the server: what can be asked, and code along a run that is written when asked."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.explore.runs.path_code import PathCodes
from app.explore.runs.path_loss import PathLosses
from app.explore.runs.runs import Runs
from app.page.services import MODEL, Services, as_endpoint, as_toast
from app.page.sessions import visitor_of
from app.page.sources import Examples
from app.page.stream import BUSY, CANCELLED, Stops, follow
from app.viewer.example_files import KINDS
from ddpt_core.data.differences import changes
from ddpt_core.data.styles import STYLES
from ddpt_core.errors import ConfigError
from ddpt_core.metrics.text_metrics import score

# The viewer asks through `window.ddptCode` and hears through the event `ddpt-code`; see loss_panel.py.
SCRIPT = """
window.ddptCode = {
  offer: props.value,
  write(key, instruction, kind) { trigger("write", { key, instruction, kind }); },
  stop() { trigger("stop"); },
};
document.dispatchEvent(new CustomEvent("ddpt-code-offer"));
watch("value", () => {
  if (props.value && props.value.key) document.dispatchEvent(new CustomEvent("ddpt-code", { detail: props.value }));
});
"""


def build(services: Services, losses: PathLosses) -> None:
    """Adds the component, which is not seen, its events, and the endpoints, to the page that is being built."""
    codes = PathCodes(services, services.of(Examples).tasks)
    desk = CodeDesk(codes, services)
    offer = {
        "styles": {style.name: {"label": style.label, "colour": style.colour} for style in STYLES.values()},
        "examples": [{"id": task.id, "instruction": task.instruction} for task in codes.tasks],
    }
    shown = gr.HTML(offer, html_template="<i></i>", js_on_load=SCRIPT, visible="hidden", elem_id="code-desk")
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    shown.write(as_toast(desk.write), None, shown, concurrency_limit=8, **hidden)
    shown.stop(desk.stop, None, None, queue=False, **hidden)
    add_endpoints(services, codes, losses)


class CodeDesk:
    """The component's events."""

    def __init__(self, codes: PathCodes, services: Services):
        self.codes, self.services = codes, services
        self.stops = Stops()  # of the writing that each session has under way

    def write(self, event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        """Writes code along the run with the key that was sent, its kind of vector first; yields {key, instruction,
        state, ...}, with `task` whenever there is more of it.

        `state` is "busy" (with share and text), "done", "cancelled" or "failed" (with text).
        """
        key, instruction, kind = str(event.key), str(event.instruction), str(event.kind)
        asked: dict[str, Any] = {"key": key, "instruction": instruction}
        found: list[dict[str, Any]] = []

        def work(tell):
            entry = self.services.of(Runs).by_key(key)
            return self.codes.write(entry, instruction, kinds_from(kind), tell, found.append)

        with self.stops.under_way(request.session_hash) as stop:
            yield asked | {"state": BUSY, "share": 0.0, "text": "Starting…"}
            for told in follow(work, stop, at_once=True):
                said = {} if told.state == CANCELLED else {"share": told.share or 0.0, "text": told.text}
                if found:
                    said["task"] = found.pop()
                    found.clear()
                yield asked | {"state": told.state} | said

    def stop(self, request: gr.Request) -> None:
        """Stops what the session has written."""
        self.stops.stop(request.session_hash)


def kinds_from(first: str) -> list[str]:
    """Returns both kinds of vector, `first` before the other; raises ConfigError for what is none."""
    if first not in KINDS:
        raise ConfigError(f"The kind of vector must be one of {', '.join(KINDS)}, got {first[:40]!r}.")
    return sorted(KINDS, key=lambda kind: kind != first)


def add_endpoints(services: Services, codes: PathCodes, losses: PathLosses) -> None:
    """Adds named endpoints for gradio_client; each returns plain JSON."""

    def silent(share: float, text: str) -> None:
        """Hears of progress and does nothing with it."""

    def entry_of(run: str, request: gr.Request):
        return services.of(Runs).entry(run, visitor_of(None, request))

    def code_along_path(
        run: str, instruction: str, request: gr.Request, kind: str = "estimate"
    ) -> list[dict[str, Any]]:
        """Writes code at 16 to 24 steps of a run; `pieces` hold it, each with whether the final code differs there."""
        entry, (kind, _) = entry_of(run, request), kinds_from(kind)
        rows = codes.write(entry, instruction, [kind], silent)["paths"][kind]["rows"]
        final = rows[-1]["code"]
        return [
            row
            | {
                "pieces": [list(piece) for piece in changes(row["code"], final)],
                "parses": bool(score([row["code"]], [None])["valid_python"]),
            }
            for row in rows
        ]

    def loss_along_path(run: str, request: gr.Request, kind: str = "estimate") -> list[dict[str, Any]]:
        """Measures the loss on the examples' references, in nats per token, at 32 steps of a run."""
        return losses.of(entry_of(run, request), silent, kind).as_json()["rows"]

    one_at_a_time = {"concurrency_id": MODEL, "concurrency_limit": 1}
    gr.api(as_endpoint(code_along_path), api_name="code_along_path", **one_at_a_time)
    gr.api(as_endpoint(loss_along_path), api_name="loss_along_path", **one_at_a_time)
