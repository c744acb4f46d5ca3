"""Below the viewer: the code that the backbone writes along the run's path, and its loss there."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from app.figures.code import escaped
from app.figures.code_path import SEEK_SCRIPT, code_path_html, csv_link, style
from app.figures.interval_plot import save_script
from app.figures.loss_plot import loss_plot, said
from app.figures.status_line import status_line
from app.probe import CODES, LOSSES, CodePath, LossPath, PathProbe
from app.progress import Cancelled, Note, Stops, Tell, stream
from app.services import MODEL, UNEXPECTED, Services, as_endpoint, as_toast
from app.tabs.compare_tasks import EXAMPLE, TaskMenu
from app.tabs.evaluate import duration, in_words
from ddpt_core.errors import ArtifactError, DDPTError

NOTHING_YET = (
    f"Nothing has been written along this run yet. Write lets the backbone answer at {CODES} steps of the run above, "
    f"and takes its loss on the examples at {LOSSES}."
)
# The run that the viewer shows, whatever the server last sent to it.
OPEN_RUN = """(_, ...others) => [
  document.querySelector("#viewer .pick-run")?.value || new URL(location.href).searchParams.get("run") || "", ...others
]"""
NEXT = "Written; the loss comes next."
KEPT = [gr.skip()] * 4  # the result as it is: its row, table, line and plot


def build(services: Services) -> None:
    """Adds the panel's components and events, and its endpoints, to the page that is being built."""
    probe = PathProbe(services)
    panel = ProbePanel(probe)
    first = next(iter(probe.examples.values()), None)
    plain = {"apply_default_css": False}
    with gr.Column(elem_id="probe"):
        gr.HTML('<h2 class="rows-heading">Code along the path</h2>', **plain)
        with gr.Row(equal_height=False):
            example = gr.Dropdown(
                TaskMenu(probe.comparisons).examples(),
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
        with gr.Row(visible=False) as result:
            with gr.Column(scale=3, min_width=320):
                shown = gr.HTML(css_template=style(), js_on_load=SEEK_SCRIPT, elem_id="probe-code", **plain)
            with gr.Column(scale=2, min_width=320):
                about = gr.HTML(css_template=style(), elem_id="probe-loss", **plain)
                plot = gr.Plot(show_label=False, container=False, elem_id="probe-plot")
                with gr.Row():
                    picture = gr.Button("Picture", size="sm", elem_id="probe-picture", min_width=120, scale=0)
        run = gr.Textbox(visible=False)
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so
    gr.on(
        [go.click, instruction.submit],
        as_toast(panel.write),
        [run, instruction],
        [status, go, cancel, result, shown, about, plot],
        js=OPEN_RUN,
        trigger_mode="once",
        **several,
    )
    cancel.click(panel.cancel, None, cancel, queue=False, **hidden)
    example.input(panel.chosen, example, instruction, queue=False, **hidden)
    picture.click(None, js=save_script("probe-plot", "loss-along-path"))
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

    def write(self, request: gr.Request, run: str, instruction: str) -> Iterator[list[Any]]:
        """Shows the code along the run, then its loss; what was shown before stays until there is something new."""
        session, started = request.session_hash, time.monotonic()
        with self.stops.under_way(session) as stop:
            yield [status_line("Starting…", 0.0), *busy(), *KEPT]
            shown = KEPT  # goes with the next value: a value that comes right after a figure undoes it in the page
            try:
                if not run:
                    raise ArtifactError("No run is open above; make one with “+ new run”.")
                for work, show in self.parts(run, instruction):
                    if shown is not KEPT:
                        yield [status_line(NEXT, 0.0), *busy(), *shown]
                    for message in stream(work, stop, at_once=True):
                        if isinstance(message, Note):
                            text = in_words(message, time.monotonic() - started)
                            yield [status_line(text, message.share), *busy(), *KEPT]
                        else:
                            shown = show(message.result)
                last = status_line(f"Done in {duration(time.monotonic() - started)}.")
            except Cancelled:
                last, shown = status_line("Cancelled; what is shown stays."), KEPT
            except Exception as error:
                expected = isinstance(error, DDPTError)
                last, shown = status_line(str(error) if expected else UNEXPECTED, failed=True), KEPT
                if not expected:
                    yield [last, *ready(), *KEPT]
                    raise
            yield [last, *ready(), *shown]

    def parts(self, run: str, instruction: str) -> list[tuple[Callable[[Tell], Any], Callable[[Any], list[Any]]]]:
        """Returns what is worked on one after the other, and how each result is shown."""
        return [
            (lambda tell: self.probe.code(run, instruction, tell), shown_code),
            (lambda tell: self.probe.loss(run, tell), shown_loss),
        ]

    def cancel(self, request: gr.Request) -> gr.Button:
        """Stops what the session has under way."""
        self.stops.stop(request.session_hash)
        return gr.Button(interactive=False)


def shown_code(path: CodePath) -> list[Any]:
    """Returns what shows the code; a curve that is there stays until the next, and names its run."""
    return [gr.Row(visible=True), code_path_html(path), gr.skip(), gr.skip()]


def shown_loss(path: LossPath) -> list[Any]:
    """Returns what shows the loss beside the code."""
    link = csv_link(path.as_csv(), f"loss-along-{path.run.name}")
    about = f'<p class="code-path loss">{escaped(said(path))} {link}</p>'
    return [gr.skip(), gr.skip(), about, loss_plot(path)]


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

    def code_along_path(run: str, instruction: str) -> list[dict[str, Any]]:
        """Writes code at 12 steps of a run; `pieces` hold the code and whether the final code has it otherwise."""
        return [row.as_json() for row in probe.code(run, instruction, silent).rows]

    def loss_along_path(run: str) -> list[dict[str, Any]]:
        """Takes the loss on the examples' references, in nats per token, at 50 steps of a run."""
        return [row.as_json() for row in probe.loss(run, silent).rows]

    one_at_a_time = {"concurrency_id": MODEL, "concurrency_limit": 1}
    gr.api(as_endpoint(code_along_path), api_name="code_along_path", **one_at_a_time)
    gr.api(as_endpoint(loss_along_path), api_name="loss_along_path", **one_at_a_time)
