"""The Explore tab: one run as a picture, and the row in which a new run is made."""

import html
import threading
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.context import Context

from app.arms import DDPT, DDPT_FULL
from app.figures.status_line import status_line
from app.progress import Cancelled, Done, Note, Stops, stream
from app.services import UNEXPECTED, Services, as_toast
from app.tabs import explore_api, explore_probe
from app.theme import SCHEDULER_LABELS
from app.viewer.component import trajectory_viewer
from ddpt_core.diffusion.schedule import SCHEDULERS
from ddpt_core.errors import DDPTError

NO_RUN = "No run is recorded here yet. Make one with “+ new run”."


def build(services: Services) -> None:
    """Adds the tab's components and events to the page that is being built."""
    prompts = [name for arm in (DDPT, DDPT_FULL) for name in services.prompt_names(arm)]
    with gr.Row(elem_id="new-run"):
        prompt = gr.Dropdown(prompts, value=prompts[0] if prompts else None, label="Prompt", allow_custom_value=True)
        scheduler = gr.Dropdown([(SCHEDULER_LABELS.get(s, s), s) for s in SCHEDULERS], value="ddpm", label="Scheduler")
        steps = gr.Number(2000, precision=0, label="Steps")
        seed = gr.Number(0, precision=0, label="Seed")
        sample = gr.Button("Sample", variant="primary", elem_id="sample")
        cancel = gr.Button("Cancel", interactive=False, elem_id="cancel")
        status = gr.HTML(elem_id="new-run-status")
    viewer = trajectory_viewer(elem_id="viewer")
    form, buttons = [prompt, scheduler, steps, seed], [sample, cancel]
    explore = Explore(services)
    hidden = {"api_visibility": "private", "show_progress": "hidden"}

    # Work on the model waits for its turn inside Services.model, which says so; the queue would wait in silence.
    several = {"concurrency_limit": 8, **hidden}
    Context.root_block.load(as_toast(explore.first), None, [viewer, *form], **several)
    viewer.open_run(as_toast(explore.chosen), None, viewer, **several)
    viewer.second_run(as_toast(explore.second), None, viewer, **several)
    viewer.umap(as_toast(explore.umap), None, viewer, **several)
    sample.click(as_toast(explore.sample), form, [status, viewer, *buttons], trigger_mode="once", **several)
    cancel.click(explore.cancel, None, [status, cancel], queue=False, **hidden)
    explore_api.add(services)
    explore_probe.build(services)


class Explore:
    """The tab's events; each yields what its outputs should show next."""

    def __init__(self, services: Services):
        self.runs = services.runs
        self.stops = Stops()  # of the sampling that each session has under way

    def first(self, request: gr.Request) -> Iterator[list[Any]]:
        """Opens the run that the address asks for, else the first; fills in a seed that is not recorded."""
        query = dict(request.query_params)
        entries = self.runs.entries()
        if not entries:
            yield [self.value("failed", message=NO_RUN), *[gr.skip()] * 4]
            return
        entry = next(iter(entries.values()))
        form = [gr.skip()] * 4
        try:
            if "run" in query:
                entry = self.runs.entry(query["run"])
        except DDPTError as error:
            gr.Warning(html.escape(str(error), quote=False), title="This link asks for a run that is not here")
            query = {}
        seed = number(query.get("seed"))
        if seed is not None and seed != entry.info["seed"]:
            other = self.runs.like(entry, seed)
            if other is None:
                gr.Warning(
                    f"This run with seed {seed:,} is not recorded; it is filled in under “+ new run”.",
                    title="Another seed",
                )
                made = entry.describe()
                form = [made["prompt"], made["scheduler"], made["steps"], seed]
            entry = other or entry
        for value in self.opening(entry.name, number(query.get("step"))):
            yield [value, *form]

    def chosen(self, event: gr.EventData) -> Iterator[dict[str, Any]]:
        """Opens the run that was chosen in the list; it rests at its end."""
        yield from self.opening(str(event.name), -1)

    def second(self, event: gr.EventData) -> Iterator[dict[str, Any]]:
        """Opens the run that was chosen to be laid over the first."""
        yield from self.working(lambda tell: self.runs.beside(str(event.first), str(event.name), tell), "second")

    def umap(self, event: gr.EventData) -> Iterator[dict[str, Any]]:
        """Fits UMAP to the run that is open."""
        yield from self.working(lambda tell: self.runs.add_umap(str(event.name), tell), "umap")

    def sample(self, prompt: str, scheduler: str, steps: int, seed: int, request: gr.Request) -> Iterator[list[Any]]:
        """Makes a run and opens it; what was typed stays, whatever happens."""
        started = time.monotonic()
        stop = self.stops[request.session_hash] = threading.Event()
        busy = [gr.Button("Sampling…", interactive=False), gr.Button(interactive=True)]
        yield [status_line("Loading the prompt…", 0.0), gr.skip(), *busy]
        try:
            name = ""
            for message in stream(lambda tell: self.runs.record(prompt, scheduler, steps, seed, tell), stop):
                if isinstance(message, Done):
                    name = message.result
                else:
                    yield [status_line(message.text, message.share), gr.skip(), *busy]
            for value in self.opening(name, None if time.monotonic() - started > 1 else -1):
                yield [status_line("Opening the run…", 1.0), value, *busy]
            last = status_line(f"{name} is open; it took {time.monotonic() - started:.3g} s.")
        except Cancelled:
            last = status_line("Cancelled; nothing was kept.")
        except Exception as error:
            sentence = str(error) if isinstance(error, DDPTError) else UNEXPECTED
            yield [status_line(sentence, failed=True), gr.skip(), *ready()]
            raise
        finally:
            self.stops.pop(request.session_hash, None)
        yield [last, gr.skip(), *ready()]

    def cancel(self, request: gr.Request) -> list[Any]:
        """Stops the sampling of this session at its next step."""
        if not self.stops.stop(request.session_hash):
            return [gr.skip(), gr.skip()]
        return [status_line("Stopping…"), gr.Button(interactive=False)]

    def opening(self, name: str, step: int | None) -> Iterator[dict[str, Any]]:
        """Yields the viewer's values until the run is there; step -1 is its end, None lets it play."""
        yield from self.working(lambda tell: self.runs.open(name, tell), "open", step=step)

    def working(self, work, reason: str, **said: Any) -> Iterator[dict[str, Any]]:
        try:
            for message in stream(work):
                if isinstance(message, Note):
                    yield self.value("busy", message=f"{message.text} {message.share:.0%}")
                else:
                    yield self.value(reason, run=message.result, **said)
        except Exception as error:
            yield self.value("failed", message=str(error) if isinstance(error, DDPTError) else UNEXPECTED)
            raise

    def value(self, reason: str, **said: Any) -> dict[str, Any]:
        """Returns one message to the viewer; `reason` is open, second, umap, busy or failed."""
        runs = [{"name": entry.name, "label": entry.label} for entry in self.runs.entries().values()]
        return {"reason": reason, "runs": runs, "run": None, "step": None, "message": "", **said}


def ready() -> list[gr.Button]:
    """Returns the two buttons as they are when nothing is being sampled."""
    return [gr.Button("Sample", interactive=True), gr.Button(interactive=False)]


def number(text: str | None) -> int | None:
    """Returns the whole number that an address holds, None for anything else."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 19 else None
