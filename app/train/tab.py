"""The Train tab: a prompt of one's own, from data that are checked first to a prompt that Compare and Explore offer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.page.addresses import to_tab
from app.page.pieces.components import components_of
from app.page.pieces.status_line import line_of, status_line
from app.page.services import Services, as_toast
from app.page.sessions import PerSession
from app.page.sources import MAX_UPLOADED, UPLOAD_NOTE, YOUR_FILE, at_this_machine, source_of
from app.page.stream import BUSY, DONE, follow
from app.page.uploads import on_a_space, read_task_file
from app.train import api
from app.train.form import Form, data_choices, settings_of, train_form
from app.train.styles_form import styles_asked
from app.train.training import CANCEL, PAUSE, Training
from app.train.training_panel import CSS, FIRST, check_html
from app.train.trainings import Trainings, config_of
from app.train.view import View, build_view, standing
from app.train.with_styles import Styles
from ddpt_core.errors import DDPTError
from ddpt_core.settings import TrainConfig

TWICE_A_SECOND = 0.5  # seconds between two looks at a training
ASK_BEFORE_CANCEL = "() => [confirm('Nothing of this training will be kept. Pause would keep it. Cancel it?')]"
ASK_BEFORE_DELETE = "name => [name, confirm(`Delete the stopped training ${name}, and the prompt that it had so far?`)]"
# The row in which a run is made is opened, and takes the focus, once its tab is in sight.
OPEN_NEW_RUN = """setTimeout(() => {
    if (!document.querySelector("#new-run").classList.contains("open")) document.querySelector(".new-run").click();
  }, 150);"""
FOLD_CHECK = "() => { const check = document.querySelector('.training-check'); if (check) check.open = false; }"


@dataclass(frozen=True)
class Page:
    """The tab's components; `checked` shows what `check` found of the data."""

    form: Form
    check: gr.Button
    checked: gr.HTML
    view: View
    resume: gr.Button
    delete: gr.Button


def build(services: Services) -> None:
    """Adds the tab's components and events to the page that is being built."""
    train = lay_out(services)
    tab = gr.context.Context.block
    page, form, view, sure = train.page, train.page.form, train.page.view, gr.Checkbox(visible=False)
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so
    at_once = {"queue": False, **hidden}

    inputs, shown = [form.source, form.data, *form.inputs], components_of(view)
    form.upload.upload(train.uploaded, form.upload, [form.source, form.data, form.upload, form.said], **several)
    checked = [view.status, page.checked, page.check]
    page.check.click(as_toast(train.check), inputs, checked, trigger_mode="once", **several)
    view.go.click(as_toast(train.start), inputs, shown, trigger_mode="once", **several)
    view.go.click(None, js=FOLD_CHECK)
    styles = [*form.styles.inputs, *form.inputs]
    form.styles.go.click(as_toast(train.start_styles), styles, shown, trigger_mode="once", **several)
    resumed = [form.source, form.data, view.menu, form.trust]
    page.resume.click(as_toast(train.resume), resumed, shown, trigger_mode="once", **several)
    tab.select(as_toast(train.look), None, shown, **several)
    view.pause.click(as_toast(train.pause), None, None, **at_once)
    view.cancel.click(as_toast(train.cancel), sure, None, js=ASK_BEFORE_CANCEL, **at_once)
    page.delete.click(as_toast(train.delete), [view.menu, sure], shown, js=ASK_BEFORE_DELETE, **at_once)
    for button, script in ((view.compare, to_tab("compare")), (view.explore, to_tab("explore", then=OPEN_NEW_RUN))):
        button.click(train.hand_over, view.name, None, **at_once).success(None, js=script)
    api.add(train.trainings)


def lay_out(services: Services) -> Train:
    """Adds the tab's components, and returns what they do."""
    plain, small = {"apply_default_css": False}, {"min_width": 110, "scale": 0}
    with gr.Column(elem_id="train"):
        form = train_form()
        with gr.Row(elem_classes="task-file"):
            check = gr.Button("Check data", elem_id="train-check", min_width=140, scale=0)
            go = gr.Button("Train", variant="primary", elem_id="train-go", interactive=not on_a_space(), **small)
            pause = gr.Button("Pause", interactive=False, elem_id="train-pause", **small)
            cancel = gr.Button("Cancel", interactive=False, elem_id="train-cancel", **small)
            status = gr.HTML(standing(None), elem_id="train-status", min_width=220, **plain)
        checked = gr.HTML(css_template=CSS.read_text(encoding="utf-8"), elem_id="train-checked", **plain)
        view = build_view(status, go, pause, cancel)
        with view.stopped:
            resume = gr.Button("Resume", elem_id="train-resume", **small)
            delete = gr.Button("Delete", elem_id="train-delete", **small)
    return Train(services, Page(form, check, checked, view, resume, delete))


class Train:
    """The tab's events. There is one training at a time, which every window of the page shows."""

    def __init__(self, services: Services, page: Page):
        self.services, self.page = services, page
        self.trainings = Trainings(services)
        self.watched: PerSession[object] = PerSession()  # by which of its events each session watches the training

    def uploaded(self, path: str) -> dict[Any, Any]:
        """Offers the file as data and chooses it; a bad file changes nothing and is told of."""
        form = self.page.form
        again = {form.upload: gr.UploadButton(value=None)}
        try:
            about = read_task_file(path, MAX_UPLOADED).about()
        except DDPTError as error:
            return again | {form.said: status_line(str(error), failed=True)}
        menu = gr.Dropdown(choices=data_choices(about), value=YOUR_FILE)
        return again | {form.source: path, form.data: menu, form.said: status_line(UPLOAD_NOTE)}

    def check(self, request: gr.Request, upload: str, data: str, *values: Any) -> Iterator[dict[Any, Any]]:
        """Shows what a training would make of the data; nothing is trained."""
        page, status = self.page, self.page.view.status
        yield {status: status_line("Reading the data…", 0.0), page.check: gr.Button("Checking…", interactive=False)}

        def work(tell):
            source, backbone, config, _ = self.asked(request, upload, data, list(values))
            return self.trainings.check(source, backbone, config, tell), source.name

        for told in follow(work):
            if told.state == BUSY:
                yield {status: line_of(told)}
                continue
            line, checked = line_of(told), ""
            if told.state == DONE:
                (found, tasks), name = told.result
                line, checked = standing(self.trainings.latest), check_html(found, tasks[:FIRST], name)
            yield {status: line, page.checked: checked, page.check: gr.Button("Check data", interactive=True)}

    def start(self, request: gr.Request, upload: str, data: str, *values: Any) -> Iterator[dict[Any, Any]]:
        """Begins the training that the form asks for, and shows it as it goes on."""
        try:
            source, backbone, config, name = self.asked(request, upload, data, list(values))
            training = self.trainings.start(self.trainings.wanted(source, backbone, config, name))
        except DDPTError as error:
            yield {self.page.view.status: status_line(str(error), failed=True)}
            return
        yield from self.watch(request, training)

    def start_styles(self, request: gr.Request, *values: Any) -> Iterator[dict[Any, Any]]:
        """Begins the training of a prompt with styles, whose library comes first, and shows it as it goes on."""
        count, trainings = len(self.page.form.styles.inputs), self.trainings
        asked, settings = styles_asked(list(values[:count])), settings_of(list(values[count:]))
        try:
            backbone = trainings.backbone_of(settings["backbone"], at_this_machine(request), settings["trusted"])
            steps = asked.pop("steps")
            styles = Styles.asked(**asked, context=settings["context"], positions=settings["context_length"])
            wanted = trainings.with_styles(backbone, settings["name"], styles, steps, settings["seed"])
            training = trainings.start(wanted)
        except DDPTError as error:
            yield {self.page.view.status: status_line(str(error), failed=True)}
            return
        yield from self.watch(request, training)

    def resume(self, request: gr.Request, upload: str, data: str, name: str, trusted: bool) -> Iterator[dict[Any, Any]]:
        """Goes on with a stopped training, and shows it."""
        local = at_this_machine(request)
        try:
            stopped = self.trainings.stopped().get(name)
            if stopped:
                self.trainings.backbone_of(stopped.about["backbone"]["name"], local, trusted)
            source = None if stopped and stopped.source else source_of(data, upload, local)
            training = self.trainings.resume(name, source)
        except DDPTError as error:
            yield {self.page.view.status: status_line(str(error), failed=True)}
            return
        yield from self.watch(request, training)

    def look(self, request: gr.Request) -> Iterator[dict[Any, Any]]:
        """Shows the training that is under way, else the one that ended last, and what was stopped."""
        training = self.trainings.latest
        if training is None:
            yield self.page.view.of(None, self.trainings.stopped())
        else:
            yield from self.watch(request, training)

    def watch(self, request: gr.Request, training: Training) -> Iterator[dict[Any, Any]]:
        """Yields what is shown of a training until it has ended; an event that begins later takes over."""
        session, me, drawn = request.session_hash, object(), None
        self.watched.put(session, me)
        stopped = self.trainings.stopped()
        while not training.ended.is_set() and self.watched.get(session) in (me, None):
            now = len(training.points)
            yield self.page.view.of(training, stopped, now == drawn)
            drawn, stopped = now, None
            training.ended.wait(TWICE_A_SECOND)
        if training.ended.is_set():
            yield self.page.view.of(training, self.trainings.stopped())

    def pause(self) -> None:
        """Asks the training to pause; what it has is kept, and whoever watches it sees it end."""
        self.trainings.ask(PAUSE)

    def cancel(self, sure: bool) -> None:
        """Asks the training to end, if who asks is sure; nothing of it is kept."""
        if sure:
            self.trainings.ask(CANCEL)

    def delete(self, name: str, sure: bool) -> dict[Any, Any]:
        """Deletes a stopped training, if who asks is sure."""
        if not sure:
            return gr.skip()
        self.trainings.delete(name)
        view = self.page.view
        shown = view.of(self.trainings.latest, self.trainings.stopped())
        return shown | {view.status: status_line(f"The stopped training {name} is deleted.")}

    def hand_over(self, name: str, request: gr.Request) -> None:
        """Hands the prompt over to Compare or Explore, which choose it as soon as their tab is shown."""
        self.services.handed_prompts[request.session_hash] = name

    def asked(self, request, upload: str, data: str, values: list[Any]) -> tuple[Any, str, TrainConfig, str]:
        """Returns source, backbone, config and name that the form asks for; raises DDPTError."""
        local, settings = at_this_machine(request), settings_of(values)
        name, trusted = settings.pop("name"), settings.pop("trusted")
        backbone = self.trainings.backbone_of(settings.pop("backbone"), local, trusted)
        return source_of(data, upload, local), backbone, config_of(**settings), name
