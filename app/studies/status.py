"""How the study under way, or the one that is chosen, stands: a line, and the buttons that belong to it."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.page.pieces.status_line import status_line
from app.page.stream import DONE, FAILED
from app.page.uploads import on_a_space
from app.studies.kept.study_folders import StudyEntry
from app.studies.studies import Studies
from app.studies.study_run import StudyRun
from ddpt_core.errors import DDPTError
from ddpt_core.study.names import duration

CHOOSE = "Choose a study to read it, or start one."


@dataclass(frozen=True)
class Controls:
    """The line, and the buttons that go on with a study, cancel and delete it."""

    status: gr.HTML
    resume: gr.Button
    cancel: gr.Button
    delete: gr.Button

    def of(self, studies: Studies, chosen: str) -> dict[Any, Any]:
        """Returns what they show for the chosen study."""
        run, entry = studies.latest, studies.there().get(chosen)
        running = studies.under_way is not None
        own = entry is not None and entry.own and not on_a_space()
        mine = run is not None and entry is not None and run.entry.name == entry.name
        can_go_on = own and not running and entry is not None and entry.request is not None and _unfinished(entry)
        stopping = run is not None and bool(run.asked)
        if run and (running or mine or entry is None):
            line = line_of(run)
        else:
            line = status_line(_about(entry) if entry else CHOOSE)
        go_on = "Try the failed cells again" if can_go_on and entry.finished else "Go on"
        return {
            self.status: line,
            self.resume: gr.Button(go_on, visible=can_go_on),
            self.cancel: gr.Button("Stopping…" if stopping else "Cancel", visible=running, interactive=not stopping),
            self.delete: gr.Button(visible=own and not (running and mine)),
        }


def study_controls() -> Controls:
    """Adds them; the buttons are out of sight until there is a study that they are for."""
    small = {"min_width": 90, "scale": 0, "visible": False}
    with gr.Row(elem_classes="task-file"):
        resume = gr.Button("Go on", elem_id="study-resume", **small)
        cancel = gr.Button("Cancel", elem_id="study-cancel", **small)
        delete = gr.Button("Delete", size="sm", elem_id="study-delete", **small)
        status = gr.HTML(elem_id="study-status", min_width=220, apply_default_css=False)
    return Controls(status, resume, cancel, delete)


def line_of(run: StudyRun) -> str:
    """Returns how a study stands as a line of HTML."""
    name = run.entry.name
    if not run.outcome:
        said = [f"{name}: {run.text}"]
        left = run.seconds_left()
        if run.asked:
            said.append("stopping as soon as the work at hand lets go…")
        elif left is not None:
            said.append(f"about {duration(left)} left")
        return status_line(" · ".join(said), run.share)
    if run.outcome == DONE:
        failed = _failed(run.entry)
        told = f" {failed:,} failed; the page of their part says why." if failed else ""
        return status_line(f"{name} is done: {run.entry.cells() or 0:,} cells.{told}")
    cells = run.entry.cells() if run.entry.folder.is_dir() else 0
    kept = f" {cells:,} cells are kept; Go on takes it up where it was." if cells else ""
    if run.outcome == FAILED:
        return status_line(f"{run.sentence}{kept}", failed=True)
    return status_line(run.sentence or f"{name} is stopped.{kept}")


def _about(entry: StudyEntry) -> str:
    if entry.finished:
        return "The study that comes with the project." if entry.shipped else f"{entry.name} is finished."
    cells = entry.cells() or 0
    if entry.request is None:
        return f"{entry.name} is not finished: {cells:,} cells are done. Go on at the command line, which began it."
    return f"{entry.name} is stopped: {cells:,} cells are kept; Go on takes it up where it was."


def _unfinished(entry: StudyEntry) -> bool:
    return not entry.finished or bool(_failed(entry))


def _failed(entry: StudyEntry) -> int:
    """Returns how many cells failed, 0 without results that can be read."""
    try:
        return sum(len(part["failed"]) for part in entry.results["parts"])
    except DDPTError:
        return 0
