"""What the Train tab shows of a training: how it stands, its losses, its figures, and those that were stopped."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.page.pieces.status_line import status_line
from app.page.stream import DONE, FAILED
from app.page.uploads import on_a_space
from app.train.stopped import Stopped
from app.train.training import CANCEL, CANCELLED, PAUSED, Training
from app.train.training_curve import SAVE, Curve, training_curves
from app.train.training_panel import CSS, arm_of_config, training_html, unit_of
from app.train.trainings import NOT_HERE
from ddpt_core.arms import ALL_ARMS, DDPT
from ddpt_core.study.names import duration

NOTHING_YET = (
    "Nothing is being trained. A training learns a context for the frozen backbone; the new prompt then stands in "
    "Compare, Evaluate and Explore."
)
KEPT = "it is kept, and can be resumed also after this server has ended"


@dataclass(frozen=True)
class View:
    """The components; `name` is that of the prompt that is shown, `menu` chooses among those that were stopped."""

    status: gr.HTML
    go: gr.Button
    pause: gr.Button
    cancel: gr.Button
    whole: gr.Row
    curves: gr.HTML
    figures: gr.HTML
    compare: gr.Button
    explore: gr.Button
    stopped: gr.Row
    menu: gr.Dropdown
    name: gr.State

    def of(
        self, training: Training | None, stopped: dict[str, Stopped] | None = None, drawn: bool = False
    ) -> dict[Any, Any]:
        """Returns what the components show of a training, None for none yet.

        stopped: those that can be resumed, None for no news of them. drawn: whether its losses are shown already.
        """
        shown = {self.status: standing(training), **self._buttons(training)}
        if stopped is not None:
            choices = [(one.label, one.name) for one in stopped.values()]
            shown[self.stopped] = gr.Row(visible=bool(choices))
            shown[self.menu] = gr.Dropdown(choices=choices, value=next(iter(stopped), None))
        if training is None:
            return shown | {self.whole: gr.Row(visible=False), self.name: ""}
        if not drawn:
            shown |= {self.curves: curves_html(training), self.figures: training_html(training)}
        usable = training.outcome in (DONE, PAUSED) and bool(training.best_step)
        return shown | {
            self.whole: gr.Row(visible=bool(training.points)),
            self.compare: gr.Button(visible=usable),
            self.explore: gr.Button(visible=usable and training.wanted.config.method == DDPT),
            self.name: training.wanted.name,
        }

    def _buttons(self, training: Training | None) -> dict[Any, Any]:
        running = training is not None and not training.outcome
        stoppable = gr.Button(interactive=training is not None and training.stoppable)
        go = gr.Button("Training…" if running else "Train", interactive=not running and not on_a_space())
        return {self.go: go, self.pause: stoppable, self.cancel: stoppable}


def build_view(status: gr.HTML, go: gr.Button, pause: gr.Button, cancel: gr.Button) -> View:
    """Adds what is shown of a training below its controls, out of sight until there is one."""
    plain = {"apply_default_css": False}
    css = CSS.read_text(encoding="utf-8")
    with gr.Row(visible=False) as whole:
        with gr.Column(scale=3, min_width=320):
            curves = gr.HTML(css_template=css, elem_id="train-curves", **plain)
            with gr.Row():
                save = gr.Button("Picture", size="sm", elem_id="train-picture", min_width=80, scale=0)
        with gr.Column(scale=2, min_width=320):
            figures = gr.HTML(css_template=css, elem_id="train-figures", **plain)
            with gr.Row(elem_classes="task-file"):
                small = {"size": "sm", "visible": False, "min_width": 160, "scale": 0}
                compare = gr.Button("Open in Compare", elem_id="train-compare", **small)
                explore = gr.Button("Make a run in Explore", elem_id="train-explore", **small)
    with gr.Row(visible=False, elem_classes="task-file") as stopped:
        menu = gr.Dropdown([], label="Stopped trainings", scale=4, min_width=260, elem_id="train-stopped")
    save.click(None, js=SAVE.replace("ELEMENT", "train-curves"))
    controls = [status, go, pause, cancel]
    return View(*controls, whole, curves, figures, compare, explore, stopped, menu, gr.State(""))


def curves_html(training: Training) -> str:
    """Returns the losses of a training as HTML."""
    wanted = training.wanted
    arm = arm_of_config(wanted.config)
    about = f"{wanted.name}: {ALL_ARMS[arm].phrase} on {wanted.backbone}, {wanted.data}"
    curve = Curve(
        list(training.points), training.steps, training.best, training.best_step, about, unit_of(wanted.config)
    )
    return f'<div class="training-curves" style="--arm: var(--arm-{arm})">{training_curves(curve)}</div>'


def standing(training: Training | None) -> str:
    """Returns how a training stands as a line of HTML, None for none yet."""
    if training is None:
        return status_line(NOT_HERE if on_a_space() else NOTHING_YET)
    name, step, steps = training.wanted.name, training.step, training.steps
    if training.outcome == FAILED:
        return status_line(training.sentence, failed=True)
    if training.outcome == CANCELLED:
        return status_line(training.sentence or "Cancelled; nothing of it was kept.")
    if training.outcome == PAUSED:
        return status_line(f"{name} is paused after step {step:,} of {steps:,}; {KEPT}.")
    if training.outcome == DONE:
        return status_line(f"{name} is trained, and stands in Compare, Evaluate and Explore.")
    left = training.seconds_left()
    said = [training.text or f"Step {step:,} of {steps:,}"]
    if training.asked:
        said.append("ending…" if training.asked == CANCEL else "pausing after this step…")
    elif left is not None and not training.text:
        said.append(f"about {duration(left)} left")
    return status_line(" · ".join(said), step / steps)
