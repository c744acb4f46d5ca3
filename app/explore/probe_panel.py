"""Below the viewer: the code that the backbone writes along the run's path."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.explore import loss_panel
from app.explore.code_path import code_path_html, script, style
from app.explore.runs.probe import CODES, MOST_CODES, PathProbe
from app.page.examples import Examples
from app.page.fields.tasks import EXAMPLE, TaskMenu
from app.page.pieces.status_line import line_of, status_line
from app.page.services import MODEL, Services, as_endpoint, as_toast
from app.page.sessions import WINDOW_ID, visitor_of
from app.page.stream import BUSY, DONE, Stops, follow
from ddpt_core.errors import ArtifactError

NOTHING_YET = (
    f"Nothing has been written along this run yet. Write lets the backbone answer at {CODES} steps of the run above, "
    f"and at up to {MOST_CODES - CODES} more where the code changes last."
)
# The run that the viewer shows, whatever the server last sent to it.
OPEN_RUN = f"""(_run, instruction, _window) => [
  document.querySelector("#viewer .pick-run")?.value || new URL(location.href).searchParams.get("run") || "",
  instruction, {WINDOW_ID}
]"""
KEPT = gr.skip()  # the code that is there


def build(services: Services) -> None:
    """Adds the panel's components and events, and the endpoints, to the page that is being built."""
    probe = PathProbe(services)
    panel = ProbePanel(probe)
    first = next(iter(probe.examples.values()), None)
    plain = {"apply_default_css": False}
    with gr.Column(elem_id="probe"):
        gr.HTML('<h2 class="rows-heading">Code along the path</h2>', **plain)
        with gr.Row(equal_height=False):
            example = gr.Dropdown(
                TaskMenu(services.of(Examples)).examples(),
                value=first.id if first else None,
                label=EXAMPLE,
                elem_id="probe-example",
                scale=2,
                min_width=220,
            )
            instruction = gr.Textbox(
                first.instruction if first else "",
                label="What the code should do (Enter writes)",
                placeholder="Say in a sentence what the Python code should do.",
                max_lines=1,
                scale=5,
                min_width=280,
                elem_id="probe-instruction",
            )
        with gr.Row(elem_classes="task-file"):
            go = gr.Button("Write", variant="primary", elem_id="probe-go", min_width=120, scale=0)
            cancel = gr.Button("Cancel", interactive=False, elem_id="probe-cancel", min_width=80, scale=0)
        status = gr.HTML(status_line(NOTHING_YET), elem_id="probe-status", **plain)
        shown = gr.HTML(css_template=style(), js_on_load=script(), elem_id="probe-code", **plain)
        run, window = gr.Textbox(visible=False), gr.Textbox(visible=False)
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so
    gr.on(
        [go.click, instruction.submit],
        as_toast(panel.write),
        [run, instruction, window],
        [status, go, cancel, shown],
        js=OPEN_RUN,
        trigger_mode="once",
        **several,
    )
    cancel.click(panel.cancel, None, cancel, queue=False, **hidden)
    example.input(panel.chosen, example, instruction, queue=False, **hidden)
    loss_panel.build(probe.losses, services)
    add_endpoints(probe)


class ProbePanel:
    """The panel's events; each yields what its outputs should show next."""

    def __init__(self, probe: PathProbe):
        self.probe = probe
        self.stops = Stops()  # of the work that each session has under way

    def chosen(self, value: str | None) -> Any:
        """Fills in the instruction of the example that was chosen."""
        task = self.probe.examples.get(value or "")
        return task.instruction if task else gr.skip()

    def write(self, request: gr.Request, run: str, instruction: str, window: str = "") -> Iterator[list[Any]]:
        """Shows the code along the run; what was shown before stays until there is something new."""
        session, visitor, shown = request.session_hash, visitor_of(window, request), KEPT

        def work(tell):
            if not run:
                raise ArtifactError("No run is open above; make one with “+ new run”.")
            return self.probe.code(run, instruction, tell, visitor)

        with self.stops.under_way(session) as stop:
            yield [status_line("Starting…", 0.0), *busy(), KEPT]
            for told in follow(work, stop, at_once=True, cancelled="Cancelled; what is shown stays."):
                if told.state == DONE:
                    shown = code_path_html(told.result)
                yield [line_of(told), *(busy() if told.state == BUSY else ready()), shown]

    def cancel(self, request: gr.Request) -> gr.Button:
        """Stops what the session has under way."""
        self.stops.stop(request.session_hash)
        return gr.Button(interactive=False)


def ready() -> list[gr.Button]:
    """Returns the two buttons as they are when nothing runs."""
    return [gr.Button("Write", interactive=True), gr.Button(interactive=False)]


def busy() -> list[gr.Button]:
    """Returns the two buttons while something runs."""
    return [gr.Button("Writing…", interactive=False), gr.Button(interactive=True)]


def add_endpoints(probe: PathProbe) -> None:
    """Adds the same as named endpoints for gradio_client; each returns plain JSON."""

    def silent(share: float, text: str) -> None:
        """Hears of progress and does nothing with it."""

    def code_along_path(run: str, instruction: str, request: gr.Request) -> list[dict[str, Any]]:
        """Writes code at 12 to 24 steps of a run; `pieces` hold it, each with whether the final code differs there."""
        return [row.as_json() for row in probe.code(run, instruction, silent, visitor_of(None, request)).rows]

    def loss_along_path(run: str, request: gr.Request) -> list[dict[str, Any]]:
        """Measures the loss on the examples' references, in nats per token, at 32 steps of a run."""
        return probe.loss(run, silent, visitor_of(None, request)).as_json()["rows"]

    one_at_a_time = {"concurrency_id": MODEL, "concurrency_limit": 1}
    gr.api(as_endpoint(code_along_path), api_name="code_along_path", **one_at_a_time)
    gr.api(as_endpoint(loss_along_path), api_name="loss_along_path", **one_at_a_time)
