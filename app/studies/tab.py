"""The studies' page of the Evaluate tab: the list, the form that starts one, the one under way, and its results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from app.page.addresses import SAVE, STUDY, to_tab
from app.page.pieces.components import components_of
from app.page.pieces.status_line import line_of, status_line
from app.page.services import Services, as_toast
from app.page.sessions import PerSession
from app.page.sources import at_this_machine
from app.page.stream import BUSY, DONE, follow
from app.studies import api
from app.studies.figures.studies_list import OPEN_SCRIPT, estimate_html, list_html, style
from app.studies.form import UPLOAD_NOTE, Form, file_choices, study_form
from app.studies.kept.study_parcels import Parcels
from app.studies.status import Controls, study_controls
from app.studies.studies import Studies
from app.studies.study_file import YOUR_FILE, Wanted, read_wanted, wanted_study
from app.studies.view import FILES, View, asked_of, build_view, predictions_of
from ddpt_core.errors import DDPTError

HALF_A_SECOND = 0.5  # between two looks at the study under way
BEGUN = "The study has begun; how it goes on is told above the form."
CHANGED = "The form has changed since; ask again what it will cost."
ASK_BEFORE_DELETE = "name => [name, confirm(`Delete the study ${name}, with all that it has done?`)]"


@dataclass(frozen=True)
class Page:
    """The page's components; `chosen` is the name of the study that is shown."""

    listing: gr.HTML
    controls: Controls
    form: Form
    view: View
    chosen: gr.Textbox


def build(services: Services, tab: gr.Tab) -> None:
    """Adds the components and events to the page `tab` of the Evaluate tab."""
    studies = lay_out(services)
    page, form, view, chosen = studies.page, studies.page.form, studies.page.view, studies.page.chosen
    sure, parcel = gr.Checkbox(visible=False), gr.File(visible=False)
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so
    at_once = {"queue": False, **hidden}

    shown, controls = components_of(chosen, page.listing, page.controls, view), page.controls
    any_time = {"trigger_mode": "multiple", **several}  # also while an earlier one watches the study under way
    tab.select(as_toast(studies.look), chosen, shown, **any_time)
    page.listing.open_study(as_toast(studies.open), None, shown, **any_time)
    controls.resume.click(as_toast(studies.resume), chosen, shown, trigger_mode="once", **several)
    controls.delete.click(as_toast(studies.delete), [chosen, sure], shown, js=ASK_BEFORE_DELETE, **at_once)
    controls.cancel.click(as_toast(studies.cancel), None, None, **at_once)

    form.upload.upload(studies.uploaded, form.upload, [form.source, form.file, form.upload, form.said], **several)
    form.cost.click(as_toast(studies.cost), form.asked, form.counted, trigger_mode="once", **several)
    changes = [one.change for one in form.asked[1:]]
    gr.on(changes, studies.changed, [form.costed, *form.asked], form.counted, **at_once)
    starting, began = [form.costed, form.name, *form.asked], [*form.counted, *shown]
    form.start.click(as_toast(studies.start), starting, began, trigger_mode="once", **several)

    where, rows = [chosen, view.part, view.data], components_of(view.paged)
    turning = [view.part.input, view.data.input]
    gr.on(turning, as_toast(studies.turned), [*where, view.metric], components_of(view), **several)
    view.metric.input(as_toast(studies.measured), [*where, view.metric], [view.plot, view.pairs], **several)
    filters = {"trigger_mode": "always_last", **several}
    menus = [one.input for one in view.filtering[:-1]]
    gr.on([*menus, view.text.change], as_toast(studies.filtered), [*where, *view.filtering], rows, **filters)
    for button, step in ((view.paged.back, -1), (view.paged.on, 1)):
        button.click(as_toast(studies.paged(step)), [view.paged.page, *where, *view.filtering], rows, **several)
    handed = view.paged.rows.open_task(as_toast(studies.hand_over), where, None, **at_once)
    handed.success(None, js=to_tab("compare", drop="example"))
    for name, button in zip(FILES, view.files, strict=True):
        packed = button.click(as_toast(studies.packing(name)), where, parcel, trigger_mode="once", **several)
        packed.success(None, parcel, None, js=SAVE)
    api.add(studies.studies)


def lay_out(services: Services) -> StudiesPage:
    """Adds the page's components, and returns what they do."""
    with gr.Column(elem_id="studies"):
        listing = gr.HTML(css_template=style(), js_on_load=OPEN_SCRIPT, elem_id="studies-list", apply_default_css=False)
        controls, form, view = study_controls(), study_form(), build_view()
    chosen = gr.Textbox(visible=False)  # no State, as the scripts of the page read it
    return StudiesPage(services, Page(listing, controls, form, view, chosen))


class StudiesPage:
    """The page's events. There is one study under way at a time, which every window of the page shows."""

    def __init__(self, services: Services, page: Page):
        self.services, self.studies, self.parcels, self.page = services, Studies(services), Parcels(), page
        self.watched: PerSession[object] = PerSession()  # by which of its events each session watches the study
        self.seen: PerSession[bool] = PerSession()  # whether it has looked at the page before

    def look(self, request: gr.Request, chosen: str) -> Iterator[dict[Any, Any]]:
        """Shows the list and the study that is chosen, at the first look the one that the address names."""
        first = not self.seen.get(request.session_hash)
        self.seen.put(request.session_hash, True)
        wanted = request.query_params.get(STUDY, "") if first and not chosen else ""
        for shown in self.watch(request, wanted or chosen):
            if wanted and wanted not in self.studies.there():
                told = f"There is no study {wanted[:80]!r} any longer; these are those that there are."
                shown[self.page.controls.status], wanted = status_line(told, failed=True), ""
            yield shown

    def open(self, request: gr.Request, event: gr.EventData) -> Iterator[list[Any]]:
        """Shows the study whose button was pressed."""
        yield from self.watch(request, str(event.name))

    def watch(self, request: gr.Request, chosen: str) -> Iterator[dict[Any, Any]]:
        """Yields what is shown; while a study is under way, how it goes on, until an event that begins later."""
        session, me, run = request.session_hash, object(), self.studies.under_way
        self.watched.put(session, me)
        yield self.shown(chosen)
        if run is None:
            return
        while not run.ended.wait(HALF_A_SECOND):
            if self.watched.get(session) not in (me, None):
                return
            yield self.page.controls.of(self.studies, chosen)
        if self.watched.get(session) in (me, None):
            kept = components_of(self.page.view) if run.entry.name != chosen else []
            yield {one: value for one, value in self.shown(chosen).items() if one not in kept}

    def shown(self, chosen: str) -> dict[Any, Any]:
        """Returns the name of the chosen study, the list, its controls, and what is shown of it."""
        there, page = self.studies.there(), self.page
        chosen = chosen if chosen in there else next(iter(there), "")
        shown = {page.chosen: chosen, page.listing: list_html(self.studies.described(), chosen)}
        shown |= page.controls.of(self.studies, chosen) | page.view.nothing()
        if chosen and there[chosen].finished:
            try:
                shown |= page.view.of(there[chosen])
            except DDPTError as error:
                shown[page.controls.status] = status_line(str(error), failed=True)
        return shown

    def uploaded(self, path: str) -> dict[Any, Any]:
        """Offers the file as a study and chooses it; a file that is no study changes nothing and is told of."""
        form = self.page.form
        again = {form.upload: gr.UploadButton(value=None)}
        try:
            found = read_wanted(Path(path), Path("."), None, Path(path).name, local=True)
        except DDPTError as error:
            return again | {form.said: status_line(str(error), failed=True)}
        parts = len(found.study.parts)
        about = f"{found.file}: {parts:,} part{'s' * (parts > 1)}, {found.study.cells:,} cells"
        menu = gr.Dropdown(choices=file_choices(about), value=YOUR_FILE)
        return again | {form.source: path, form.file: menu, form.said: status_line(UPLOAD_NOTE)}

    def cost(self, request: gr.Request, *asked: Any) -> Iterator[dict[Any, Any]]:
        """Shows what the study will cost, after all that could fail later was tried; it is then ready to start."""
        form, again = self.page.form, gr.Button("What will it cost?", interactive=True)
        counting = gr.Button("Counting…", interactive=False)
        yield form.uncounted(status_line("Reading the file…", 0.0)) | {form.cost: counting}
        wanted = partial(self.wanted, at_this_machine(request), *asked)
        for told in follow(lambda tell: self.studies.estimate(wanted(), tell)):
            if told.state == BUSY:
                yield {form.status: line_of(told)}
            elif told.state == DONE:
                yield {
                    form.status: status_line("Everything it needs is there. Nothing runs before you start it."),
                    form.estimate: estimate_html(told.result),
                    form.cost: again,
                    form.start: gr.Button("Start", visible=True, interactive=True),
                    form.costed: list(asked),
                }
            else:
                yield form.uncounted(line_of(told)) | {form.cost: again}

    def wanted(self, local: bool, upload: str, file: str, folder: str, limit: Any) -> Wanted:
        """Returns the study that the form asks for; raises DDPTError."""
        return wanted_study(file, upload, folder, limit, local)

    def changed(self, costed: list[Any] | None, *asked: Any) -> dict[Any, Any]:
        """Takes the cost back once the form asks for something else."""
        if costed is None or list(asked) == costed:
            return gr.skip()
        return self.page.form.uncounted(status_line(CHANGED))

    def start(self, request: gr.Request, costed: Any, name: str, *asked: Any) -> Iterator[dict[Any, Any]]:
        """Begins the study whose cost is shown, and shows it as it goes on."""
        form = self.page.form
        if costed != list(asked):
            yield form.uncounted(status_line(CHANGED, failed=True))
            return
        try:
            run = self.studies.start(self.wanted(at_this_machine(request), *asked), name)
        except DDPTError as error:
            yield {form.status: status_line(str(error), failed=True)}
            return
        for shown in self.watch(request, run.entry.name):
            yield form.uncounted(status_line(BEGUN)) | shown

    def resume(self, request: gr.Request, chosen: str) -> Iterator[list[Any]]:
        """Goes on with the chosen study, and shows it."""
        self.studies.resume(chosen, at_this_machine(request))
        yield from self.watch(request, chosen)

    def cancel(self) -> None:
        """Asks the study under way to stop; what it has done is kept, and whoever watches it sees it end."""
        self.studies.ask()

    def delete(self, chosen: str, sure: bool) -> dict[Any, Any]:
        """Deletes the chosen study, if who asks is sure."""
        if not sure:
            return gr.skip()
        self.studies.delete(chosen)
        return self.shown("") | {self.page.controls.status: status_line(f"The study {chosen} is deleted.")}

    def turned(self, chosen: str, part: str, data: str, metric: str) -> dict[Any, Any]:
        """Shows another part or data set."""
        return self.page.view.of(self.studies.get(chosen), part, data, metric)

    def measured(self, chosen: str, part: str, data: str, metric: str) -> dict[Any, Any]:
        """Shows the arms and the pairs by another metric."""
        return self.page.view.by_metric(self.studies.get(chosen), part, data, metric)

    def filtered(self, chosen: str, part: str, data: str, *filters: Any) -> dict[Any, Any]:
        """Shows the first page of the predictions that are like that."""
        return self.paged(0)(0, chosen, part, data, *filters)

    def paged(self, step: int):
        """Returns the event that turns `step` pages."""

        def turn(page: int, chosen: str, part: str, data: str, *filters: Any) -> dict[Any, Any]:
            predictions = predictions_of(self.studies.get(chosen), part, data)
            return self.page.view.rows_of(predictions, asked_of(list(filters)), page + step)

        return turn

    def hand_over(self, request: gr.Request, event: gr.EventData, chosen: str, part: str, data: str) -> None:
        """Hands a prediction's task and the study's arms over to Compare, which takes them up once it is shown."""
        predictions = predictions_of(self.studies.get(chosen), part, data)
        self.services.handed[request.session_hash] = predictions.task(str(event.key))
        self.services.handed_arms[request.session_hash] = list(dict.fromkeys(predictions.kinds.values()))

    def packing(self, name: str):
        """Returns the event that makes a file of the study ready to be saved."""

        def pack(chosen: str, part: str, data: str) -> str:
            entry = self.studies.get(chosen)
            if name in FILES[:-1]:
                return str(self.parcels.copy(entry, name))
            return str(self.parcels.predictions(predictions_of(entry, part, data), part))

        return pack
