"""The Explore tab: one run as a picture, the row in which a new run is made, and the list of all runs."""

import html
import threading
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.context import Context

from app.explore import api, code_panel, library_panel, loss_panel, steering_figures
from app.explore.answers import server_functions
from app.explore.eight_panel import EightPanel
from app.explore.readings import panel as readings_panel
from app.explore.runs.path_loss import PathLosses
from app.explore.runs.run_entry import RunEntry
from app.explore.runs.run_picture import PICTURE_CSS
from app.explore.runs.runs import Runs
from app.explore.runs.steering import asked_style
from app.explore.sketch import Sketches
from app.explore.steer_fields import HALF, MIXED, SteerFields, styles_of
from app.page.pieces.status_line import status_line
from app.page.services import Services, as_toast
from app.page.sessions import SAYS_WHO, WINDOW_ID, visitor_of
from app.page.sources import Examples
from app.page.stream import Cancelled, Done, Note, Stops, sentence_of, stream
from app.viewer.component import trajectory_viewer
from ddpt_core.arms import ALL_ARMS
from ddpt_core.diffusion.samplers import SAMPLERS
from ddpt_core.errors import DDPTError

NO_RUN = "No run is recorded here yet. Make one with “+ new run”."
GIVEN_UP = "Cancelled; nothing was kept."
MADE = "Cancelled; the run was made and is in the list, yours alone."
UNCHANGED = [gr.skip()] * 7  # of the form
# The `js` of an event whose last two inputs are hidden: fills in the run that is open, and who is looking.
SAYS_BEFORE = (
    f'(...given) => [...given.slice(0, -2), document.querySelector("#viewer .pick-run")?.value || "", {WINDOW_ID}]'
)


def build(services: Services) -> None:
    """Adds the tab's components and events to the page that is being built."""
    explore, tab = Explore(services), Context.block
    prompts = explore.prompts()
    with gr.Row(elem_id="new-run"):
        prompt = gr.Dropdown(prompts, value=prompts[0] if prompts else None, label="Prompt", allow_custom_value=True)
        steer = SteerFields(prompt.value)
        schedulers = [(method.label, name) for name, method in SAMPLERS.items()]
        scheduler = gr.Dropdown(schedulers, value="ddpm", label="Scheduler")
        steps = gr.Number(2000, precision=0, label="Steps")
        seed = gr.Number(0, precision=0, label="Seed")
        sample = gr.Button("Sample", variant="primary", elem_id="sample")
        cancel = gr.Button("Cancel", interactive=False, elem_id="cancel")
        status = gr.HTML(elem_id="new-run-status")
        preview = gr.HTML(css_template=PICTURE_CSS, elem_id="new-run-preview")
        eight = EightPanel(services)
    window = gr.Textbox(visible=False)  # what the browser's window calls itself; filled in by each event's script
    before = gr.Textbox(visible=False)  # the run that is open when a new one is asked for
    panel = library_panel.LibraryPanel(services)
    viewer = trajectory_viewer(elem_id="viewer", render=False, server_functions=server_functions(services))
    listing = library_panel.build(panel, explore, viewer, window)
    viewer.render()
    form, buttons = [prompt, scheduler, steps, seed, *steer.parts], [sample, cancel]
    hidden = {"api_visibility": "private", "show_progress": "hidden"}

    # Work on the model waits for its turn inside Services.model, which says so; the queue would wait in silence.
    several = {"concurrency_limit": 8, "js": SAYS_WHO, **hidden}
    Context.root_block.load(as_toast(explore.first), window, [viewer, *form], **several)
    viewer.open_run(as_toast(explore.chosen), window, viewer, **several)
    viewer.second_run(as_toast(explore.second), window, viewer, **several)
    viewer.umap(as_toast(explore.umap), window, viewer, **several)
    viewer.own_axes(as_toast(explore.own_axes), window, viewer, **several)
    shown = [status, preview, viewer, *buttons]
    asked = {**several, "js": SAYS_BEFORE, "trigger_mode": "once"}
    made = sample.click(as_toast(explore.sample), [*form, before, window], shown, **asked)
    steer.follow(prompt)
    eight.listen([prompt, scheduler, *steer.parts], explore, viewer, window, SAYS_WHO)
    made.then(panel.refresh, window, listing, js=SAYS_WHO, **hidden)
    cancel.click(explore.cancel, None, None, queue=False, **hidden)
    tab.select(explore.offer, prompt, prompt, queue=False, **hidden)
    api.add(services, panel.library)
    losses = PathLosses(services, services.of(Examples).tasks)
    loss_panel.build(losses, services)
    code_panel.build(services, losses)
    readings_panel.build(services)
    steering_figures.build(services)


class Explore:
    """The tab's events; each yields what its outputs should show next."""

    def __init__(self, services: Services):
        self.services, self.runs = services, services.of(Runs)
        self.sketches = Sketches(services)
        self.stops = Stops()  # of the sampling that each session has under way

    def prompts(self) -> list[str]:
        """Returns the names of the prompts that a run can be made with."""
        return [name for arm in ALL_ARMS.values() if arm.sampled for name in self.services.prompt_names(arm.name)]

    def offer(self, chosen: str, request: gr.Request) -> gr.Dropdown:
        """Offers the prompts that there are now, and chooses the one that another tab handed over."""
        names, handed = self.prompts(), self.services.handed_prompts.pop(request.session_hash, None)
        return gr.Dropdown(choices=names, value=handed if handed in names else chosen or next(iter(names), None))

    def first(self, request: gr.Request, window: str = "") -> Iterator[list[Any]]:
        """Opens the run that the address asks for, else the first; fills in a seed that is not recorded."""
        query, visitor = dict(request.query_params), visitor_of(window, request)
        entries = self.runs.entries(visitor)
        if not entries:
            yield [self.value("failed", visitor, message=NO_RUN), *UNCHANGED]
            return
        entry, form = next(iter(entries.values())), UNCHANGED
        try:
            if "run" in query:
                entry = self.runs.entry(query["run"], visitor)
        except DDPTError as error:
            gr.Warning(html.escape(str(error), quote=False), title="This link asks for a run that is not here")
            query = {}
        seed = number(query.get("seed"))
        if seed is not None and seed != entry.info["seed"]:
            other = self.runs.like(entry, seed, visitor)
            if other is None:
                gr.Warning(
                    f"This run with seed {seed:,} is not recorded; it is filled in under “+ new run”.",
                    title="Another seed",
                )
                form = form_of(entry, seed)
            entry = other or entry
        for value in self.opening(entry.name, number(query.get("step")), visitor):
            yield [value, *form]

    def chosen(self, event: gr.EventData, request: gr.Request, window: str = "") -> Iterator[dict[str, Any]]:
        """Opens the run that was chosen in the list; it rests at its end."""
        yield from self.opening(str(event.name), -1, visitor_of(window, request))

    def second(self, event: gr.EventData, request: gr.Request, window: str = "") -> Iterator[dict[str, Any]]:
        """Opens the run that was chosen to be laid over the first."""
        first, second, visitor = str(event.first), str(event.name), visitor_of(window, request)
        yield from self.working(lambda tell: self.runs.beside(first, second, tell, visitor), "second", visitor)

    def umap(self, event: gr.EventData, request: gr.Request, window: str = "") -> Iterator[dict[str, Any]]:
        """Fits UMAP to the run that is open, and to the second one if there is one, as it was chosen."""
        visitor, name, second = visitor_of(window, request), str(event.name), str(getattr(event, "second", "") or "")
        chosen = {part: getattr(event, part) for part in ("seed", "n_neighbors", "min_dist") if hasattr(event, part)}

        def fit(tell) -> dict[str, Any]:
            return self.runs.add_umap(name, tell, second, visitor, **chosen)

        yield from self.working(fit, "umap", visitor)

    def own_axes(self, event: gr.EventData, request: gr.Request, window: str = "") -> Iterator[dict[str, Any]]:
        """Fits PCA to the run that is open, and to the second one if there is one."""
        visitor, name, second = visitor_of(window, request), str(event.name), str(getattr(event, "second", "") or "")
        yield from self.working(lambda tell: self.runs.add_own_axes(name, tell, second, visitor), "own", visitor)

    def sample(
        self,
        prompt: str,
        scheduler: str,
        steps: int,
        seed: int,
        styles: list[str] | None,
        share: float,
        guidance: float,
        before: str,
        request: gr.Request,
        window: str = "",
    ) -> Iterator[list[Any]]:
        """Makes a run, drawing it meanwhile, and opens it; what was typed stays, whatever happens.

        A run of a prompt with styles is opened beside the one `before` it, if that is of the same backbone.
        """
        started, visitor, sketch = time.monotonic(), visitor_of(window, request), self.sketches.new()
        busy = [gr.Button("Sampling…", interactive=False), gr.Button(interactive=True)]

        def record(tell) -> str:
            style = asked_style(styles, share)
            return self.runs.record(prompt, scheduler, steps, seed, tell, visitor, sketch.add, style, guidance)

        with self.stops.under_way(request.session_hash) as stop:
            yield [status_line("Loading the prompt…", 0.0), "", gr.skip(), *busy]
            name = ""
            try:
                for message in stream(record, stop, at_once=True):
                    if isinstance(message, Done):
                        name = message.result
                    else:
                        yield [status_line(message.text, message.share), sketch.picture(), gr.skip(), *busy]
                step = None if time.monotonic() - started > 1 else -1
                for value in self.opening(name, step, visitor, stop, self.beside(name, before, visitor)):
                    yield [status_line("Opening the run…", 1.0), gr.skip(), value, *busy]
                last = [status_line(f"{name} is open; it took {time.monotonic() - started:.3g} s."), "", gr.skip()]
            except Cancelled:
                shown = self.value("failed", visitor, message=MADE) if name else gr.skip()
                last = [status_line(MADE if name else GIVEN_UP), "", shown]
            except Exception as error:
                sentence = sentence_of(error)
                yield [status_line(sentence, failed=True), "", gr.skip(), *ready()]
                raise
            yield [*last, *ready()]

    def cancel(self, request: gr.Request) -> None:
        """Stops the sampling of this session, which says so itself."""
        self.stops.stop(request.session_hash)

    def beside(self, name: str, before: str, visitor: str) -> str:
        """Returns the run that a new one is compared with: `before`, if it is of its backbone and the new one is
        steered; "" for none.
        """
        new, old = self.runs.entry(name, visitor), self.runs.entries(visitor).get(before)
        same = old and old.name != name and old.info["backbone"] == new.info["backbone"]
        return before if same and styles_of(new.info["prompt"]["name"]) else ""

    def opening(
        self, name: str, step: int | None, visitor: str, stop: threading.Event | None = None, beside: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Yields the viewer's values until the run is there; step -1 is its end, None lets it play.

        `beside` is the run that is then laid over it.
        """

        def open_run(tell):
            return self.runs.open(name, tell, visitor, whole=False)

        yield from self.working(open_run, "open", visitor, stop, step=step, beside=beside)

    def working(
        self, work, reason: str, visitor: str, stop: threading.Event | None = None, **said: Any
    ) -> Iterator[dict[str, Any]]:
        """Yields the viewer's values while `work` goes on, at last what it came to; raises what it raises."""
        try:
            for message in stream(work, stop, at_once=stop is not None):
                if isinstance(message, Note):
                    yield self.value("busy", visitor, message=f"{message.text} {message.share:.0%}")
                else:
                    yield self.value(reason, visitor, run=message.result, **said)
        except Cancelled:
            raise
        except Exception as error:
            sentence = sentence_of(error)
            yield self.value("failed", visitor, message=sentence)
            raise

    def value(self, reason: str, visitor: str | None, **said: Any) -> dict[str, Any]:
        """Returns one message to the viewer; `reason`: open, second, umap, own, busy, failed, or runs for the list."""
        runs = [{"name": entry.name, "label": entry.label} for entry in self.runs.entries(visitor).values()]
        return {"reason": reason, "runs": runs, "run": None, "step": None, "beside": "", "message": "", **said}


def form_of(entry: RunEntry, seed: int) -> list[Any]:
    """Returns the form's values for a run as `entry`, but with another seed."""
    made, shares = entry.describe(), entry.steering.by_share[:MIXED]
    share = round(100 * shares[0][1]) if len(shares) == MIXED else HALF
    styles = [name for name, _ in shares]
    return [made["prompt"], made["scheduler"], made["steps"], seed, styles, share, made["guidance"]]


def ready() -> list[gr.Button]:
    """Returns the two buttons as they are when nothing is being sampled."""
    return [gr.Button("Sample", interactive=True), gr.Button(interactive=False)]


def number(text: str | None) -> int | None:
    """Returns the whole number that an address holds, None for anything else."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 19 else None
