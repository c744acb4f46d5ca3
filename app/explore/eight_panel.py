"""Eight seeds at once: a fold in the row of a new run, which samples them as that row says."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import gradio as gr

from app.explore.eight_board import SCRIPT, board_html, style
from app.explore.runs.eight import SEEDS, sample_eight
from app.explore.runs.runs import Runs
from app.explore.runs.steering import asked_style
from app.page.pieces.status_line import line_of, status_line
from app.page.services import Services, as_toast
from app.page.sessions import visitor_of
from app.page.sources import Examples
from app.page.stream import BUSY, DONE, Stops, follow

STEPS = 50  # in which a run that is steered decides as well as in 2,000


class EightPanel:
    """The components, which are made where it is, and their events."""

    def __init__(self, services: Services):
        self.services, self.runs = services, services.of(Runs)
        self.stops = Stops()  # of the work that each session has under way
        plain = {"apply_default_css": False}
        first = next(iter(services.of(Examples).tasks.values()), None)
        with gr.Accordion("Eight seeds at once", open=False, elem_id="eight"):
            with gr.Row(elem_classes="task-file"):
                self.instruction = gr.Textbox(
                    first.instruction if first else "", label="What the code should do", max_lines=1, scale=5
                )
                self.steps = gr.Number(STEPS, precision=0, label="Steps", scale=1, min_width=90)
                self.first = gr.Number(0, precision=0, label="First seed", scale=1, min_width=90)
                self.go = gr.Button("Sample eight", elem_id="eight-go", scale=0, min_width=130)
                self.stop = gr.Button("Cancel", interactive=False, elem_id="eight-cancel", scale=0, min_width=80)
            self.status = gr.HTML(**plain)
            self.board = gr.HTML(css_template=style(), js_on_load=SCRIPT, elem_id="eight-board", **plain)

    def listen(self, fields: Sequence, explore, viewer: gr.HTML, window: gr.Textbox, says_who: str) -> None:
        """Adds the events. fields: prompt, scheduler, styles, share and guidance of a new run; `explore` opens runs."""
        hidden = {"api_visibility": "private", "show_progress": "hidden"}
        several = {"concurrency_limit": 8, **hidden}
        asked = [*fields, self.steps, self.first, self.instruction]
        shown = [self.status, self.go, self.stop, self.board]
        self.go.click(as_toast(self.sample), asked, shown, trigger_mode="once", **several)
        self.stop.click(self.cancel, None, None, queue=False, **hidden)

        def open_seed(event: gr.EventData, request: gr.Request, window: str = "") -> Iterator[dict[str, Any]]:
            visitor = visitor_of(window, request)
            yield from explore.working(lambda tell: self.opened(event, tell, visitor), "open", visitor, step=-1)

        self.board.open_seed(as_toast(open_seed), window, viewer, js=says_who, **several)

    def sample(
        self,
        prompt: str,
        scheduler: str,
        styles: list[str] | None,
        share: float,
        guidance: float,
        steps: int,
        first: int,
        instruction: str,
        request: gr.Request,
    ) -> Iterator[list[Any]]:
        """Shows the eight; what was shown before stays until they are there."""
        style = asked_style(styles, share)

        def work(tell):
            return sample_eight(
                self.services, self.runs.store, prompt, scheduler, steps, first, style, guidance, instruction, tell
            )

        busy = [gr.Button("Sampling…", interactive=False), gr.Button(interactive=True)]
        ready = [gr.Button("Sample eight", interactive=True), gr.Button(interactive=False)]
        with self.stops.under_way(request.session_hash) as stop:
            yield [status_line(f"Sampling {SEEDS} seeds…", 0.0), *busy, gr.skip()]
            for told in follow(work, stop, at_once=True, cancelled="Cancelled; what is shown stays."):
                found = told.result
                board = board_html(found, json.dumps(asdict(found.asked))) if told.state == DONE else gr.skip()
                yield [line_of(told), *(busy if told.state == BUSY else ready), board]

    def cancel(self, request: gr.Request) -> None:
        """Stops what the session has under way."""
        self.stops.stop(request.session_hash)

    def opened(self, event: gr.EventData, tell, visitor: str) -> dict[str, Any]:
        """Returns the run of one of the eight as it is opened, recorded first if it is not there."""
        asked = [getattr(event, part) for part in ("prompt", "scheduler", "steps", "seed")]
        steered = {"style": event.style, "guidance": event.guidance}
        name = self.runs.record(*asked, tell, visitor, **steered)
        return self.runs.open(name, tell, visitor, whole=False)
