"""Between the viewer's curve of the loss and the server: takes the wish to measure it, tells how far it is."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.explore.runs.path_loss import SECONDS_A_STEP, STEPS, PathLosses
from app.explore.runs.runs import Runs
from app.page.services import Services, as_toast
from app.page.stream import BUSY, CANCELLED, DONE, Stops, follow

# The viewer asks through `window.ddptLoss` and hears through the event `ddpt-loss`. This is a component of its own, so
# that what it tells never takes the place of something that the viewer is sent at the same time.
SCRIPT = """
window.ddptLoss = {
  offer: props.value,
  measure(key, kind) { trigger("measure", { key, kind }); },
  stop(key) { trigger("stop", { key }); },
};
watch("value", () => {
  if (props.value && props.value.key) document.dispatchEvent(new CustomEvent("ddpt-loss", { detail: props.value }));
});
"""


def build(losses: PathLosses, services: Services) -> None:
    """Adds the component, which is not seen, and its events to the page that is being built."""
    desk = LossDesk(losses, services)
    offer = {"examples": len(losses.tasks), "steps": STEPS, "seconds": SECONDS_A_STEP}
    shown = gr.HTML(offer, html_template="<i></i>", js_on_load=SCRIPT, visible="hidden", elem_id="loss-desk")
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    shown.measure(as_toast(desk.measure), None, shown, concurrency_limit=8, **hidden)
    shown.stop(desk.stop, None, None, queue=False, **hidden)


class LossDesk:
    """The component's events."""

    def __init__(self, losses: PathLosses, services: Services):
        self.losses, self.services = losses, services
        self.stops = Stops()  # of the measurement that each session has under way

    def measure(self, event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        """Measures the loss along the run, and the kind of vector, that were sent; yields {key, kind, state, ...} with
        its JSON at last.

        `state` is "busy" (with share and text), "done" (with loss),
        "cancelled" or "failed" (with text).
        """
        key, kind = str(event.key), str(event.kind)
        asked = {"key": key, "kind": kind}
        with self.stops.under_way(request.session_hash) as stop:
            yield asked | {"state": "busy", "share": 0.0, "text": "Starting…"}
            by_key = self.services.of(Runs).by_key
            for told in follow(lambda tell: self.losses.of(by_key(key), tell, kind), stop, True):
                said: dict[str, Any] = {}
                if told.state == DONE:
                    said = {"loss": told.result.as_json()}
                elif told.state != CANCELLED:
                    said = {"text": told.text} | ({"share": told.share} if told.state == BUSY else {})
                yield asked | {"state": told.state} | said

    def stop(self, request: gr.Request) -> None:
        """Stops what the session measures."""
        self.stops.stop(request.session_hash)
