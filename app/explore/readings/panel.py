"""Below the viewer: other readings of the context at the step shown."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.explore.readings.reader import Reader
from app.explore.readings.shown import reading_html, script, style
from app.page.pieces.status_line import line_of, status_line
from app.page.services import MODEL, Services, as_endpoint, as_toast
from app.page.sessions import WINDOW_ID, visitor_of
from app.page.stream import BUSY, DONE, Stops, follow
from ddpt_core.errors import ArtifactError
from ddpt_core.interpret.readings import READINGS

NOTHING_YET = "Nearest tokens are not a prompt’s meaning. Choose another reading; it is made of the step that is shown."
# What the viewer shows: the run, the step, and its state or estimate.
SHOWN = f"""(how, ..._rest) => [
  how,
  document.querySelector("#viewer .pick-run")?.value || new URL(location.href).searchParams.get("run") || "",
  window.ddptViewer ? window.ddptViewer.step : 0,
  document.querySelector('#viewer [data-kind][aria-pressed="true"]')?.dataset.kind || "state",
  {WINDOW_ID}
]"""
KEPT = gr.skip()  # the reading that is there


def build(services: Services) -> None:
    """Adds the panel's components and events, and the endpoint, to the page that is being built."""
    reader = Reader(services)
    panel = ReadingsPanel(reader)
    plain = {"apply_default_css": False}
    with gr.Accordion("Readings", open=False, elem_id="readings"):
        with gr.Row(elem_classes="task-file"):
            how = gr.Radio(
                [(reading.label, name) for name, reading in READINGS.items()],
                value="effect",
                show_label=False,
                container=False,
                elem_id="readings-how",
            )
            go = gr.Button("Read this step", variant="primary", elem_id="readings-go", min_width=180, scale=0)
            cancel = gr.Button("Cancel", interactive=False, elem_id="readings-cancel", min_width=80, scale=0)
        status = gr.HTML(status_line(NOTHING_YET), elem_id="readings-status", **plain)
        shown = gr.HTML(css_template=style(), js_on_load=script(), elem_id="readings-shown", **plain)
        run, window = gr.Textbox(visible=False), gr.Textbox(visible=False)
        step, kind = gr.Number(visible=False), gr.Textbox(visible=False)
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    go.click(
        as_toast(panel.read),
        [how, run, step, kind, window],
        [status, go, cancel, shown],
        js=SHOWN,
        trigger_mode="once",
        concurrency_limit=8,  # each waits for the model inside Services.model, and says so
        **hidden,
    )
    cancel.click(panel.cancel, None, cancel, queue=False, **hidden)
    add_endpoint(reader)


class ReadingsPanel:
    """The panel's events; each yields what its outputs should show next."""

    def __init__(self, reader: Reader):
        self.reader = reader
        self.stops = Stops()  # of the work that each session has under way

    def read(
        self, request: gr.Request, how: str, run: str, step: int, kind: str, window: str = ""
    ) -> Iterator[list[Any]]:
        """Shows the reading of a step; what was shown before stays until there is something new."""
        visitor, shown = visitor_of(window, request), KEPT

        def work(tell):
            if not run:
                raise ArtifactError("No run is open above; make one with “+ new run”.")
            return self.reader.read(run, step, how, kind, tell, visitor)

        with self.stops.under_way(request.session_hash) as stop:
            yield [status_line("Starting…", 0.0), *busy(), KEPT]
            for told in follow(work, stop, at_once=True, cancelled="Cancelled; what is shown stays."):
                if told.state == DONE:
                    shown = reading_html(told.result)
                yield [line_of(told), *(busy() if told.state == BUSY else ready()), shown]

    def cancel(self, request: gr.Request) -> gr.Button:
        """Stops what the session has under way."""
        self.stops.stop(request.session_hash)
        return gr.Button(interactive=False)


def ready() -> list[gr.Button]:
    """Returns the two buttons as they are when nothing runs."""
    return [gr.Button("Read this step", interactive=True), gr.Button(interactive=False)]


def busy() -> list[gr.Button]:
    """Returns the two buttons while something runs."""
    return [gr.Button("Reading…", interactive=False), gr.Button(interactive=True)]


def add_endpoint(reader: Reader) -> None:
    """Adds the same as a named endpoint for gradio_client; it returns plain JSON."""

    def read(request: gr.Request, run: str, step: int, how: str = "effect", kind: str = "state") -> dict[str, Any]:
        """Reads a step of a run; how is layers, effect, words or ablation, kind is state or estimate."""
        return reader.read(run, step, how, kind, lambda share, text: None, visitor_of(None, request))

    gr.api(as_endpoint(read), api_name="read", concurrency_id=MODEL, concurrency_limit=1)
