"""The Evaluate tab: every arm on many tasks, with intervals, pass@k, and each prediction to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.evaluate import api
from app.evaluate.data import EvaluateData
from app.evaluate.evaluations import Evaluations
from app.evaluate.form import OWN_FILE, Form, evaluate_form, example_choices, settings_of
from app.evaluate.result import Result, build_result
from app.page import addresses
from app.page.fields.setting_fields import offered
from app.page.pieces import result_table
from app.page.pieces.components import components_of
from app.page.pieces.status_line import line_of, status_line
from app.page.services import Services, as_toast
from app.page.sources import Examples
from app.page.stream import BUSY, DONE, Stops, follow
from app.page.uploads import read_task_file
from ddpt_core.errors import DDPTError

NOTHING_YET = (
    "Nothing has been evaluated in this window. Evaluate lets every arm write code for all tasks, runs their tests, "
    "and shows the figures with their intervals."
)


@dataclass(frozen=True)
class Page:
    """The tab's components."""

    form: Form
    go: gr.Button
    cancel: gr.Button
    status: gr.HTML
    result: Result


def build(services: Services, studies: Callable[[Services, gr.Tab], None]) -> None:
    """Adds the tab's components and events to the page that is being built; `studies` fills the page beside it."""
    tab = gr.context.Context.block
    with gr.Tabs(elem_id="evaluate-pages") as pages:
        with gr.Tab("One evaluation", id="one") as one, gr.Column(elem_id="evaluate"):
            evaluate = lay_out(services)
        with gr.Tab("Studies", id="studies") as of_studies:
            studies(services, of_studies)
    page, form, shown = evaluate.page, evaluate.page.form, evaluate.page.result
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so

    inputs, outputs = [form.source, form.data, *form.inputs], components_of(page.status, page.go, page.cancel, shown)
    page.go.click(as_toast(evaluate.run), inputs, outputs, trigger_mode="once", **several)
    page.cancel.click(evaluate.cancel, None, page.cancel, queue=False, **hidden)
    form.upload.upload(evaluate.uploaded, form.upload, [form.source, form.data, form.upload, form.said], **several)
    tab.select(lambda *chosen: offered(evaluate.evaluations.prompts, chosen)[1], form.prompts, form.prompts, **several)

    view, filters = components_of(shown.paged), [shown.arm, shown.outcome, shown.text]
    of_rows = {"queue": False, "trigger_mode": "always_last", **hidden}
    asked = [shown.arm.input, shown.outcome.input, shown.text.change]  # a text that is pasted is a change, no input
    gr.on(asked, as_toast(evaluate.filtered), filters, view, **of_rows)
    for button, step in ((shown.paged.back, -1), (shown.paged.on, 1)):
        button.click(as_toast(evaluate.paged(step)), [shown.paged.page, *filters], view, queue=False, **hidden)
    opened = shown.paged.rows.open_task(as_toast(evaluate.open), None, None, queue=False, **hidden)
    opened.success(None, js=addresses.to_tab("compare", drop="example"))
    api.add(evaluate.evaluations, evaluate.data)
    one.select(None, js=addresses.NO_STUDY)
    gr.context.Context.root_block.load(asked_page, None, pages, queue=False, **hidden)


def lay_out(services: Services) -> Evaluate:
    """Adds the tab's components, and returns what they do."""
    evaluations, data = Evaluations(services), EvaluateData(services.of(Examples))
    form = evaluate_form(evaluations.prompts, len(data.examples.tasks))
    with gr.Row(elem_classes="task-file"):
        go = gr.Button("Evaluate", variant="primary", elem_id="evaluate-go", min_width=120, scale=0)
        cancel = gr.Button("Cancel", interactive=False, elem_id="evaluate-cancel", min_width=80, scale=0)
        status = gr.HTML(status_line(NOTHING_YET), apply_default_css=False, elem_id="evaluate-status", min_width=220)
    shown = build_result(result_table.CSS.read_text(encoding="utf-8"))
    return Evaluate(services, evaluations, data, Page(form, go, cancel, status, shown))


def asked_page(request: gr.Request) -> gr.Tabs:
    """Chooses the studies' page if the address names a study."""
    return gr.Tabs(selected="studies") if addresses.STUDY in request.query_params else gr.skip()


class Evaluate:
    """The tab's events; what a session evaluated is found by its session alone."""

    def __init__(self, services: Services, evaluations: Evaluations, data: EvaluateData, page: Page):
        self.services, self.evaluations, self.data, self.page = services, evaluations, data, page
        self.stops = Stops()  # of the evaluation that each session has under way

    def uploaded(self, path: str) -> dict[Any, Any]:
        """Offers the file as data and chooses it; a bad file changes nothing and is told of."""
        form = self.page.form
        again = {form.upload: gr.UploadButton(value=None)}
        try:
            file = read_task_file(path)
        except DDPTError as error:
            return again | {form.said: status_line(str(error), failed=True)}
        choices = [*example_choices(len(self.data.examples.tasks)), (file.about(), OWN_FILE)]
        menu = gr.Dropdown(choices=choices, value=OWN_FILE)
        return again | {form.source: path, form.data: menu, form.said: status_line(file.about())}

    def run(self, request: gr.Request, source: str, data: str, *values: Any) -> Iterator[dict[Any, Any]]:
        """Evaluates what the form asks for; what was shown before stays until there is something new."""
        session, page = request.session_hash, self.page

        def work(tell):
            tell(0.0, "Reading the tasks…")
            wanted = self.evaluations.wanted(self.data.named(data, source), **settings_of(list(values)))
            return self.evaluations.run(wanted, tell)

        with self.stops.under_way(session) as stop:
            yield {page.status: status_line("Starting…", 0.0), **self.buttons(busy=True)}
            for told in follow(work, stop, at_once=True):
                shown = {page.status: line_of(told), **self.buttons(busy=told.state == BUSY)}
                if told.state == DONE:
                    self.evaluations.keep(session, told.result)
                    shown |= page.result.of(told.result)
                yield shown

    def buttons(self, busy: bool) -> dict[Any, Any]:
        """Returns the two buttons as they are during an evaluation, and when nothing runs."""
        go = gr.Button("Evaluating…" if busy else "Evaluate", interactive=not busy)
        return {self.page.go: go, self.page.cancel: gr.Button(interactive=busy)}

    def cancel(self, request: gr.Request) -> gr.Button:
        """Stops the session's evaluation."""
        self.stops.stop(request.session_hash)
        return gr.Button(interactive=False)

    def filtered(self, request: gr.Request, arm: str, outcome: str, text: str) -> dict[Any, Any]:
        """Shows the first page of the predictions that are like that."""
        return self.page.result.rows_of(self.evaluations.of(request.session_hash).rows(), arm, outcome, text, 0)

    def paged(self, step: int):
        """Returns the event that turns `step` pages."""

        def turn(request: gr.Request, page: int, arm: str, outcome: str, text: str) -> dict[Any, Any]:
            return self.page.result.rows_of(
                self.evaluations.of(request.session_hash).rows(), arm, outcome, text, page + step
            )

        return turn

    def open(self, request: gr.Request, event: gr.EventData) -> None:
        """Hands the task of a row over to Compare, which takes it up as soon as its tab is shown."""
        evaluation = self.evaluations.of(request.session_hash)
        rows, place = evaluation.rows(), event.row
        if isinstance(place, int) and 0 <= place < len(rows):
            self.services.handed[request.session_hash] = evaluation.tasks[rows[place]["id"]]
