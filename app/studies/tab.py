"""The studies' page of the Evaluate tab: the list, the form that starts one, the one under way, and its results."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app.page.addresses import SAVE, STUDY, to_tab
from app.page.pieces.status_line import line_of, status_line
from app.page.services import Services, as_toast
from app.page.sessions import PerSession
from app.page.sources import at_this_machine
from app.page.stream import BUSY, DONE, follow
from app.studies import api
from app.studies.figures.studies_list import OPEN_SCRIPT, estimate_html, list_html, style
from app.studies.form import UPLOAD_NOTE, file_choices, study_form
from app.studies.kept.study_parcels import Parcels
from app.studies.status import controls_of
from app.studies.studies import Studies
from app.studies.study_file import YOUR_FILE, read_wanted, wanted_study
from app.studies.view import FILES, View, asked_of, build_view
from ddpt_core.errors import DDPTError

HALF_A_SECOND = 0.5  # between two looks at the study under way
BEGUN = "The study has begun; how it goes on is told above the form."
CONTROLS = 5  # list, status, and three buttons
ASK_BEFORE_DELETE = "name => [name, confirm(`Delete the study ${name}, with all that it has done?`)]"


def build(services: Services, tab: gr.Tab) -> None:
    """Adds the components and events to the page `tab` of the Evaluate tab."""
    page = StudiesPage(services)
    plain, small = {"apply_default_css": False}, {"min_width": 90, "scale": 0}
    with gr.Column(elem_id="studies"):
        listing = gr.HTML(css_template=style(), js_on_load=OPEN_SCRIPT, elem_id="studies-list", **plain)
        with gr.Row(elem_classes="task-file"):
            resume = gr.Button("Go on", visible=False, elem_id="study-resume", **small)
            cancel = gr.Button("Cancel", visible=False, elem_id="study-cancel", **small)
            delete = gr.Button("Delete", size="sm", visible=False, elem_id="study-delete", **small)
            status = gr.HTML(elem_id="study-status", min_width=220, **plain)
        form = study_form()
        view = build_view()
    chosen = gr.Textbox(visible=False)  # no State, as the scripts of the page read it
    source, costed = gr.State(""), gr.State(None)
    sure, parcel = gr.Checkbox(visible=False), gr.File(visible=False)
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so
    at_once = {"queue": False, **hidden}

    controls = [listing, status, resume, cancel, delete]
    shown = [chosen, *controls, *view.outputs]
    any_time = {"trigger_mode": "multiple", **several}  # also while an earlier one watches the study under way
    tab.select(as_toast(page.look), chosen, shown, **any_time)
    listing.open_study(as_toast(page.open), None, shown, **any_time)
    resume.click(as_toast(page.resume), chosen, shown, trigger_mode="once", **several)
    delete.click(as_toast(page.delete), [chosen, sure], shown, js=ASK_BEFORE_DELETE, **at_once)
    cancel.click(as_toast(page.cancel), None, None, **at_once)

    asked = [source, *form.asked]
    form.upload.upload(page.uploaded, form.upload, [source, form.file, form.upload, form.said], **several)
    counted = [form.status, form.estimate, form.cost, form.start, costed]
    form.cost.click(as_toast(page.cost), asked, counted, trigger_mode="once", **several)
    gr.on([one.change for one in form.asked], page.changed, [costed, *asked], counted, **at_once)
    began = [form.status, form.estimate, form.start, costed, *shown]
    form.start.click(as_toast(page.start), [costed, form.name, *asked], began, trigger_mode="once", **several)

    where = [chosen, view.part, view.data]
    gr.on([view.part.input, view.data.input], as_toast(page.turned), [*where, view.metric], view.outputs, **several)
    view.metric.input(as_toast(page.measured), [*where, view.metric], [view.plot, view.pairs], **several)
    filters = {"trigger_mode": "always_last", **several}
    menus = [one.input for one in view.filtering[:-1]]
    gr.on([*menus, view.text.change], as_toast(page.filtered), [*where, *view.filtering], view.of_rows, **filters)
    for button, step in ((view.back, -1), (view.on, 1)):
        button.click(as_toast(page.paged(step)), [view.page, *where, *view.filtering], view.of_rows, **several)
    handed = view.rows.open_task(as_toast(page.hand_over), where, None, **at_once)
    handed.success(None, js=to_tab("compare", drop="example"))
    for name, button in zip(FILES, view.files, strict=True):
        packed = button.click(as_toast(page.packing(name)), where, parcel, trigger_mode="once", **several)
        packed.success(None, parcel, None, js=SAVE)
    api.add(page.studies)


class StudiesPage:
    """The page's events. There is one study under way at a time, which every window of the page shows."""

    def __init__(self, services: Services):
        self.services, self.studies, self.parcels = services, Studies(services), Parcels()
        self.watched: PerSession[object] = PerSession()  # by which of its events each session watches the study
        self.seen: PerSession[bool] = PerSession()  # whether it has looked at the page before

    def look(self, request: gr.Request, chosen: str) -> Iterator[list[Any]]:
        """Shows the list and the study that is chosen, at the first look the one that the address names."""
        first = not self.seen.get(request.session_hash)
        self.seen.put(request.session_hash, True)
        wanted = request.query_params.get(STUDY, "") if first and not chosen else ""
        for shown in self.watch(request, wanted or chosen):
            if wanted and wanted not in self.studies.there():
                told = f"There is no study {wanted[:80]!r} any longer; these are those that there are."
                shown[2], wanted = status_line(told, failed=True), ""
            yield shown

    def open(self, request: gr.Request, event: gr.EventData) -> Iterator[list[Any]]:
        """Shows the study whose button was pressed."""
        yield from self.watch(request, str(event.name))

    def watch(self, request: gr.Request, chosen: str) -> Iterator[list[Any]]:
        """Yields what is shown; while a study is under way, how it goes on, until an event that begins later."""
        session, me, run = request.session_hash, object(), self.studies.under_way
        self.watched.put(session, me)
        yield self.shown(chosen)
        if run is None:
            return
        kept = [gr.skip()] * View.OUTPUTS
        while not run.ended.wait(HALF_A_SECOND):
            if self.watched.get(session) not in (me, None):
                return
            yield [gr.skip(), gr.skip(), *controls_of(self.studies, chosen), *kept]
        if self.watched.get(session) in (me, None):
            yield self.shown(chosen) if run.entry.name == chosen else [*self.shown(chosen)[: 1 + CONTROLS], *kept]

    def shown(self, chosen: str) -> list[Any]:
        """Returns the name of the chosen study, the list, its controls, and what is shown of it."""
        there = self.studies.there()
        chosen = chosen if chosen in there else next(iter(there), "")
        controls, view = controls_of(self.studies, chosen), View.nothing()
        if chosen and there[chosen].finished:
            try:
                view = View.of(there[chosen])
            except DDPTError as error:
                controls = [status_line(str(error), failed=True), *controls[1:]]
        return [chosen, list_html(self.studies.described(), chosen), *controls, *view]

    def uploaded(self, path: str) -> list[Any]:
        """Offers the file as a study and chooses it; a file that is no study changes nothing and is told of."""
        try:
            found = read_wanted(Path(path), Path("."), None, Path(path).name, local=True)
        except DDPTError as error:
            return [gr.skip(), gr.skip(), gr.UploadButton(value=None), status_line(str(error), failed=True)]
        parts = len(found.study.parts)
        about = f"{found.file}: {parts:,} part{'s' * (parts > 1)}, {found.study.cells:,} cells"
        menu = gr.Dropdown(choices=file_choices(about), value=YOUR_FILE)
        return [path, menu, gr.UploadButton(value=None), status_line(UPLOAD_NOTE)]

    def cost(self, request: gr.Request, upload: str, *asked: Any) -> Iterator[list[Any]]:
        """Shows what the study will cost, after all that could fail later was tried; it is then ready to start."""
        off = gr.Button(visible=False)
        yield [status_line("Reading the file…", 0.0), "", gr.Button("Counting…", interactive=False), off, None]
        again = gr.Button("What will it cost?", interactive=True)
        local = at_this_machine(request)

        def work(tell):
            return self.studies.estimate(wanted_study(asked[0], upload, asked[1], asked[2], local), tell)

        for told in follow(work):
            if told.state == BUSY:
                yield [line_of(told), *[gr.skip()] * 4]
            elif told.state == DONE:
                ready = status_line("Everything it needs is there. Nothing runs before you start it.")
                start = gr.Button("Start", visible=True, interactive=True)
                yield [ready, estimate_html(told.result), again, start, [upload, *asked]]
            else:
                yield [line_of(told), "", again, off, None]

    def changed(self, costed: list[Any] | None, *asked: Any) -> list[Any]:
        """Takes the cost back once the form asks for something else."""
        if costed is None or list(asked) == costed:
            return [gr.skip()] * 5
        told = status_line("The form has changed since; ask again what it will cost.")
        return [told, "", gr.skip(), gr.Button(visible=False), None]

    def start(self, request: gr.Request, costed: Any, name: str, upload: str, *asked: Any) -> Iterator[list[Any]]:
        """Begins the study whose cost is shown, and shows it as it goes on."""
        kept = [gr.skip()] * (1 + CONTROLS + View.OUTPUTS)
        if costed != [upload, *asked]:
            said = status_line("The form has changed since; ask again what it will cost.", failed=True)
            yield [said, "", gr.Button(visible=False), None, *kept]
            return
        try:
            wanted = wanted_study(asked[0], upload, asked[1], asked[2], at_this_machine(request))
            run = self.studies.start(wanted, name)
        except DDPTError as error:
            yield [status_line(str(error), failed=True), gr.skip(), gr.skip(), gr.skip(), *kept]
            return
        for shown in self.watch(request, run.entry.name):
            yield [status_line(BEGUN), "", gr.Button(visible=False), None, *shown]

    def resume(self, request: gr.Request, chosen: str) -> Iterator[list[Any]]:
        """Goes on with the chosen study, and shows it."""
        self.studies.resume(chosen, at_this_machine(request))
        yield from self.watch(request, chosen)

    def cancel(self) -> None:
        """Asks the study under way to stop; what it has done is kept, and whoever watches it sees it end."""
        self.studies.ask()

    def delete(self, chosen: str, sure: bool) -> list[Any]:
        """Deletes the chosen study, if who asks is sure."""
        if not sure:
            return [gr.skip()] * (1 + CONTROLS + View.OUTPUTS)
        self.studies.delete(chosen)
        shown = self.shown("")
        return [*shown[:2], status_line(f"The study {chosen} is deleted."), *shown[3:]]

    def turned(self, chosen: str, part: str, data: str, metric: str) -> list[Any]:
        """Shows another part or data set."""
        return View.of(self.studies.get(chosen), part, data, metric)

    def measured(self, chosen: str, part: str, data: str, metric: str) -> list[Any]:
        """Shows the arms and the pairs by another metric."""
        return View.by_metric(self.studies.get(chosen), part, data, metric)

    def filtered(self, chosen: str, part: str, data: str, *filters: Any) -> list[Any]:
        """Shows the first page of the predictions that are like that."""
        return View.rows_of(View.predictions(self.studies.get(chosen), part, data), asked_of(list(filters)), 0)

    def paged(self, step: int):
        """Returns the event that turns `step` pages."""

        def turn(page: int, chosen: str, part: str, data: str, *filters: Any) -> list[Any]:
            predictions = View.predictions(self.studies.get(chosen), part, data)
            return View.rows_of(predictions, asked_of(list(filters)), page + step)

        return turn

    def hand_over(self, request: gr.Request, event: gr.EventData, chosen: str, part: str, data: str) -> None:
        """Hands a prediction's task and the study's arms over to Compare, which takes them up once it is shown."""
        predictions = View.predictions(self.studies.get(chosen), part, data)
        self.services.handed[request.session_hash] = predictions.task(str(event.key))
        self.services.handed_arms[request.session_hash] = list(dict.fromkeys(predictions.kinds.values()))

    def packing(self, name: str):
        """Returns the event that makes a file of the study ready to be saved."""

        def pack(chosen: str, part: str, data: str) -> str:
            entry = self.studies.get(chosen)
            if name in FILES[:-1]:
                return str(self.parcels.copy(entry, name))
            return str(self.parcels.predictions(View.predictions(entry, part, data), part))

        return pack
