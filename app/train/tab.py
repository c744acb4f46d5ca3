"""The Train tab: a prompt of one's own, from data that are checked first to a prompt that Compare and Explore offer."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.page.addresses import to_tab
from app.page.pieces.status_line import line_of, status_line
from app.page.services import Services, as_toast
from app.page.sessions import PerSession
from app.page.sources import MAX_UPLOADED, UPLOAD_NOTE, YOUR_FILE, at_this_machine, source_of
from app.page.stream import BUSY, DONE, follow
from app.page.uploads import on_a_space, read_task_file
from app.train import api
from app.train.form import data_choices, settings_of, train_form
from app.train.training import CANCEL, PAUSE, Training
from app.train.training_panel import CSS, FIRST, check_html
from app.train.trainings import NOT_HERE, Trainings, config_of
from app.train.view import NOTHING_YET, View, build_view, status_of
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


def build(services: Services) -> None:
    """Adds the tab's components and events to the page that is being built."""
    train = Train(services)
    tab = gr.context.Context.block
    plain, small = {"apply_default_css": False}, {"min_width": 110, "scale": 0}
    with gr.Column(elem_id="train"):
        form = train_form()
        with gr.Row(elem_classes="task-file"):
            check = gr.Button("Check data", elem_id="train-check", min_width=140, scale=0)
            go = gr.Button("Train", variant="primary", elem_id="train-go", interactive=not on_a_space(), **small)
            pause = gr.Button("Pause", interactive=False, elem_id="train-pause", **small)
            cancel = gr.Button("Cancel", interactive=False, elem_id="train-cancel", **small)
            opening = status_line(NOT_HERE if on_a_space() else NOTHING_YET)
            status = gr.HTML(opening, elem_id="train-status", min_width=220, **plain)
        checked = gr.HTML(css_template=CSS.read_text(encoding="utf-8"), elem_id="train-checked", **plain)
        view = build_view([go, pause, cancel], status)
        with view.stopped:
            resume = gr.Button("Resume", elem_id="train-resume", **small)
            delete = gr.Button("Delete", elem_id="train-delete", **small)
    source, sure = gr.State(""), gr.Checkbox(visible=False)
    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    several = {"concurrency_limit": 8, **hidden}  # each waits for the model inside Services.model, and says so
    at_once = {"queue": False, **hidden}

    inputs = [source, form.data, *form.inputs]
    form.upload.upload(train.uploaded, form.upload, [source, form.data, form.upload, form.said], **several)
    check.click(as_toast(train.check), inputs, [status, checked, check], trigger_mode="once", **several)
    go.click(as_toast(train.start), inputs, view.outputs, trigger_mode="once", **several)
    go.click(None, js=FOLD_CHECK)
    resumed = [source, form.data, view.menu, form.trust]
    resume.click(as_toast(train.resume), resumed, view.outputs, trigger_mode="once", **several)
    tab.select(as_toast(train.look), None, view.outputs, **several)
    pause.click(as_toast(train.pause), None, None, **at_once)
    cancel.click(as_toast(train.cancel), sure, None, js=ASK_BEFORE_CANCEL, **at_once)
    delete.click(as_toast(train.delete), [view.menu, sure], view.outputs, js=ASK_BEFORE_DELETE, **at_once)
    for button, script in ((view.compare, to_tab("compare")), (view.explore, to_tab("explore", then=OPEN_NEW_RUN))):
        button.click(train.hand_over, view.name, None, **at_once).success(None, js=script)
    api.add(train.trainings)


class Train:
    """The tab's events. There is one training at a time, which every window of the page shows."""

    def __init__(self, services: Services):
        self.services = services
        self.trainings = Trainings(services)
        self.watched: PerSession[object] = PerSession()  # by which of its events each session watches the training

    def uploaded(self, path: str) -> list[Any]:
        """Offers the file as data and chooses it; a bad file changes nothing and is told of."""
        try:
            about = read_task_file(path, MAX_UPLOADED).about()
        except DDPTError as error:
            return [gr.skip(), gr.skip(), gr.UploadButton(value=None), status_line(str(error), failed=True)]
        menu = gr.Dropdown(choices=data_choices(about), value=YOUR_FILE)
        return [path, menu, gr.UploadButton(value=None), status_line(UPLOAD_NOTE)]

    def check(self, request: gr.Request, upload: str, data: str, *values: Any) -> Iterator[list[Any]]:
        """Shows what a training would make of the data; nothing is trained."""
        yield [status_line("Reading the data…", 0.0), gr.skip(), gr.Button("Checking…", interactive=False)]

        def work(tell):
            source, backbone, config, _ = self.asked(request, upload, data, list(values))
            return self.trainings.check(source, backbone, config, tell), source.name

        for told in follow(work):
            if told.state == BUSY:
                yield [line_of(told), gr.skip(), gr.skip()]
                continue
            line, checked = line_of(told), ""
            if told.state == DONE:
                (found, tasks), name = told.result
                line, checked = self.standing(), check_html(found, tasks[:FIRST], name)
            yield [line, checked, gr.Button("Check data", interactive=True)]

    def start(self, request: gr.Request, upload: str, data: str, *values: Any) -> Iterator[list[Any]]:
        """Begins the training that the form asks for, and shows it as it goes on."""
        try:
            source, backbone, config, name = self.asked(request, upload, data, list(values))
            training = self.trainings.start(self.trainings.wanted(source, backbone, config, name))
        except DDPTError as error:
            yield refused(error)
            return
        yield from self.watch(request, training)

    def resume(self, request: gr.Request, upload: str, data: str, name: str, trusted: bool) -> Iterator[list[Any]]:
        """Goes on with a stopped training, and shows it."""
        local = at_this_machine(request)
        try:
            stopped = self.trainings.stopped().get(name)
            if stopped:
                self.trainings.backbone_of(stopped.about["backbone"]["name"], local, trusted)
            source = None if stopped and stopped.source else source_of(data, upload, local)
            training = self.trainings.resume(name, source)
        except DDPTError as error:
            yield refused(error)
            return
        yield from self.watch(request, training)

    def look(self, request: gr.Request) -> Iterator[list[Any]]:
        """Shows the training that is under way, else the one that ended last, and what was stopped."""
        training = self.trainings.latest
        if training is None:
            yield View.of(None, self.trainings.stopped())
        else:
            yield from self.watch(request, training)

    def watch(self, request: gr.Request, training: Training) -> Iterator[list[Any]]:
        """Yields what is shown of a training until it has ended; an event that begins later takes over."""
        session, me, drawn = request.session_hash, object(), None
        self.watched.put(session, me)
        stopped = self.trainings.stopped()
        while not training.ended.is_set() and self.watched.get(session) in (me, None):
            now = len(training.points)
            yield View.of(training, stopped, now == drawn)
            drawn, stopped = now, None
            training.ended.wait(TWICE_A_SECOND)
        if training.ended.is_set():
            yield View.of(training, self.trainings.stopped())

    def pause(self) -> None:
        """Asks the training to pause; what it has is kept, and whoever watches it sees it end."""
        self.trainings.ask(PAUSE)

    def cancel(self, sure: bool) -> None:
        """Asks the training to end, if who asks is sure; nothing of it is kept."""
        if sure:
            self.trainings.ask(CANCEL)

    def delete(self, name: str, sure: bool) -> list[Any]:
        """Deletes a stopped training, if who asks is sure."""
        if not sure:
            return [gr.skip()] * View.OUTPUTS
        self.trainings.delete(name)
        shown = View.of(self.trainings.latest, self.trainings.stopped())
        return [status_line(f"The stopped training {name} is deleted."), *shown[1:]]

    def hand_over(self, name: str, request: gr.Request) -> None:
        """Hands the prompt over to Compare or Explore, which choose it as soon as their tab is shown."""
        self.services.handed_prompts[request.session_hash] = name

    def asked(self, request, upload: str, data: str, values: list[Any]) -> tuple[Any, str, TrainConfig, str]:
        """Returns source, backbone, config and name that the form asks for; raises DDPTError."""
        local, settings = at_this_machine(request), settings_of(values)
        name, trusted = settings.pop("name"), settings.pop("trusted")
        backbone = self.trainings.backbone_of(settings.pop("backbone"), local, trusted)
        return source_of(data, upload, local), backbone, config_of(**settings), name

    def standing(self) -> str:
        """Returns the line on the latest training, or on none."""
        latest = self.trainings.latest
        return status_of(latest) if latest else status_line(NOT_HERE if on_a_space() else NOTHING_YET)


def refused(error: DDPTError) -> list[Any]:
    """Returns what is shown of a training that cannot begin: its sentence, all else as it is."""
    return [status_line(str(error), failed=True), *[gr.skip()] * (View.OUTPUTS - 1)]
