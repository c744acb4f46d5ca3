"""The Evaluate tab: every arm on many tasks, with intervals, pass@k, and each prediction to look at."""

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from app.evaluate import api
from app.evaluate.data import EvaluateData
from app.evaluate.evaluations import Evaluations
from app.evaluate.form import OWN_FILE, evaluate_form, example_choices, settings_of
from app.evaluate.result import Result, build_result
from app.page import addresses
from app.page.examples import Examples
from app.page.fields.setting_fields import offered
from app.page.pieces import result_table
from app.page.pieces.status_line import line_of, status_line
from app.page.services import Services, as_toast
from app.page.stream import BUSY, DONE, Stops, follow
from app.page.uploads import read_task_file
from ddpt_core.errors import DDPTError

NOTHING_YET = (
    "Nothing has been evaluated in this window. Evaluate lets every arm write code for all tasks, runs their tests, "
    "and shows the figures with their intervals."
)


def build(services: Services, studies: Callable[[Services, gr.Tab], None]) -> None:
    """Adds the tab's components and events to the page that is being built; `studies` fills the page beside it."""
    evaluate = Evaluate(services)
    tab = gr.context.Context.block
    with gr.Tabs(elem_id="evaluate-pages") as pages:
        with gr.Tab("One evaluation", id="one") as one, gr.Column(elem_id="evaluate"):
            form = evaluate_form(evaluate.evaluations.prompts, len(evaluate.data.examples.tasks))
            with gr.Row(elem_classes="task-file"):
                go = gr.Button("Evaluate", variant="primary", elem_id="evaluate-go", min_width=120, scale=0)
                cancel = gr.Button("Cancel", interactive=False, elem_id="evaluate-cancel", min_width=80, scale=0)
                status = gr.HTML(
                    status_line(NOTHING_YET), apply_default_css=False, elem_id="evaluate-status", min_width=220
                )
            shown = build_result(result_table.CSS.read_text(encoding="utf-8"))
        with gr.Tab("Studies", id="studies") as of_studies:
            studies(services, of_studies)
    source = gr.State("")
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so

    inputs = [source, form.data, *form.inputs]
    go.click(as_toast(evaluate.run), inputs, [status, go, cancel, *shown.outputs], trigger_mode="once", **several)
    cancel.click(evaluate.cancel, None, cancel, queue=False, **hidden)
    form.upload.upload(evaluate.uploaded, form.upload, [source, form.data, form.upload, form.said], **several)
    tab.select(lambda *chosen: offered(evaluate.evaluations.prompts, chosen)[1], form.prompts, form.prompts, **several)

    view = [shown.rows, shown.where, shown.back, shown.on, shown.page]
    filters = [shown.arm, shown.outcome, shown.text]
    of_rows = {"queue": False, "trigger_mode": "always_last", **hidden}
    asked = [shown.arm.input, shown.outcome.input, shown.text.change]  # a text that is pasted is a change, no input
    gr.on(asked, as_toast(evaluate.filtered), filters, view, **of_rows)
    for button, step in ((shown.back, -1), (shown.on, 1)):
        button.click(as_toast(evaluate.paged(step)), [shown.page, *filters], view, queue=False, **hidden)
    opened = shown.rows.open_task(as_toast(evaluate.open), None, None, queue=False, **hidden)
    opened.success(None, js=addresses.to_tab("compare", drop="example"))
    api.add(evaluate.evaluations, evaluate.data)
    one.select(None, js=addresses.NO_STUDY)
    gr.context.Context.root_block.load(asked_page, None, pages, queue=False, **hidden)


def asked_page(request: gr.Request) -> gr.Tabs:
    """Chooses the studies' page if the address names a study."""
    return gr.Tabs(selected="studies") if addresses.STUDY in request.query_params else gr.skip()


class Evaluate:
    """The tab's events; what a session evaluated is found by its session alone."""

    def __init__(self, services: Services):
        self.services = services
        self.evaluations = Evaluations(services)
        self.data = EvaluateData(services.of(Examples))
        self.stops = Stops()  # of the evaluation that each session has under way

    def uploaded(self, path: str) -> list[Any]:
        """Offers the file as data and chooses it; a bad file changes nothing and is told of."""
        try:
            file = read_task_file(path)
        except DDPTError as error:
            return [gr.skip(), gr.skip(), gr.UploadButton(value=None), status_line(str(error), failed=True)]
        choices = [*example_choices(len(self.data.examples.tasks)), (file.about(), OWN_FILE)]
        return [
            path,
            gr.Dropdown(choices=choices, value=OWN_FILE),
            gr.UploadButton(value=None),
            status_line(file.about()),
        ]

    def run(self, request: gr.Request, source: str, data: str, *values: Any) -> Iterator[list[Any]]:
        """Evaluates what the form asks for; what was shown before stays until there is something new."""
        session, shown = request.session_hash, [gr.skip()] * Result.OUTPUTS

        def work(tell):
            tell(0.0, "Reading the tasks…")
            wanted = self.evaluations.wanted(self.data.named(data, source), **settings_of(list(values)))
            return self.evaluations.run(wanted, tell)

        with self.stops.under_way(session) as stop:
            yield [status_line("Starting…", 0.0), *busy(), *shown]
            for told in follow(work, stop, at_once=True):
                if told.state == DONE:
                    self.evaluations.keep(session, told.result)
                    shown = Result.of(told.result)
                yield [line_of(told), *(busy() if told.state == BUSY else ready()), *shown]

    def cancel(self, request: gr.Request) -> gr.Button:
        """Stops the session's evaluation."""
        self.stops.stop(request.session_hash)
        return gr.Button(interactive=False)

    def filtered(self, request: gr.Request, arm: str, outcome: str, text: str) -> list[Any]:
        """Shows the first page of the predictions that are like that."""
        return Result.rows_of(self.evaluations.of(request.session_hash).rows(), arm, outcome, text, 0)

    def paged(self, step: int):
        """Returns the event that turns `step` pages."""

        def turn(request: gr.Request, page: int, arm: str, outcome: str, text: str) -> list[Any]:
            return Result.rows_of(self.evaluations.of(request.session_hash).rows(), arm, outcome, text, page + step)

        return turn

    def open(self, request: gr.Request, event: gr.EventData) -> None:
        """Hands the task of a row over to Compare, which takes it up as soon as its tab is shown."""
        evaluation = self.evaluations.of(request.session_hash)
        rows, place = evaluation.rows(), event.row
        if isinstance(place, int) and 0 <= place < len(rows):
            self.services.handed[request.session_hash] = evaluation.tasks[rows[place]["id"]]


def ready() -> list[gr.Button]:
    """Returns the two buttons as they are when nothing runs."""
    return [gr.Button("Evaluate", interactive=True), gr.Button(interactive=False)]


def busy() -> list[gr.Button]:
    """Returns the two buttons during an evaluation."""
    return [gr.Button("Evaluating…", interactive=False), gr.Button(interactive=True)]
