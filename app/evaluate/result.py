"""What the Evaluate tab shows of a finished evaluation: figures, picture, downloads, and the predictions."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.evaluate.evaluations import Evaluation
from app.page.addresses import SAVE
from app.page.pieces.interval_plot import interval_plot, save_script
from app.page.pieces.metric_name import figures_of_many, metric_notes_html, notes_style
from app.page.pieces.predictions import OPEN_SCRIPT, PAGE, chosen_rows, outcome_choices, predictions_html, style
from app.page.pieces.result_table import result_html
from app.page.pieces.status_line import status_line
from ddpt_core.arms import ALL_ARMS
from ddpt_core.metrics.measures import measures_of
from ddpt_core.settings import METRICS_FILE, PREDICTIONS


@dataclass(frozen=True)
class Result:
    """The components, in the order of what `of` returns."""

    OUTPUTS = 14  # as many as `of` returns

    whole: gr.Column
    table: gr.HTML
    plot: gr.Plot
    metrics: gr.File
    predictions: gr.File
    arm: gr.Dropdown
    outcome: gr.Dropdown
    text: gr.Textbox
    heading: gr.HTML
    rows: gr.HTML
    where: gr.HTML
    back: gr.Button
    on: gr.Button
    page: gr.State

    @property
    def outputs(self) -> list[Any]:
        """All components."""
        return list(vars(self).values())

    @staticmethod
    def of(evaluation: Evaluation) -> list[Any]:
        """Returns what the components show of an evaluation."""
        report, rows = evaluation.report, evaluation.rows()
        measures = measures_of(report)
        about = f"{report['data']['source'][:40]}, {report['data']['tasks']:,} tasks: 95 % intervals"
        arms = [("Any arm", ""), *((ALL_ARMS[arm].label, arm) for arm in report["arms"])]
        return [
            gr.Column(visible=True),
            result_html(report, measures),
            interval_plot(measures, about),
            str(evaluation.metrics),
            str(evaluation.predictions),
            gr.Dropdown(choices=arms, value=""),
            gr.Dropdown(choices=outcome_choices(rows), value=""),
            "",
            f'<h2 class="rows-heading">{len(rows):,} predictions</h2>',
            *Result.rows_of(rows, "", "", "", 0),
        ]

    @staticmethod
    def rows_of(rows: list[dict[str, Any]], arm: str, outcome: str, text: str, page: int) -> list[Any]:
        """Returns rows, their place among all, the two buttons and the page, for what the filters ask."""
        places = chosen_rows(rows, arm or "", outcome or "", text or "")
        pages = max(1, -(-len(places) // PAGE))
        page = min(max(0, page), pages - 1)
        first, last = page * PAGE + 1, min((page + 1) * PAGE, len(places))
        where = f"{first:,} to {last:,} of {len(places):,}" if places else ""
        buttons = [gr.Button(interactive=page > 0), gr.Button(interactive=page < pages - 1)]
        return [predictions_html(rows, places, page), status_line(where), *buttons, page]


def build_result(css: str) -> Result:
    """Adds the components, out of sight until there is a result."""
    plain = {"apply_default_css": False}
    with gr.Column(visible=False) as whole:
        with gr.Row():
            with gr.Column(scale=3, min_width=320):
                table = gr.HTML(css_template=css, elem_id="evaluate-result", **plain)
                gr.HTML(metric_notes_html(figures_of_many()), css_template=notes_style(), **plain)
            with gr.Column(scale=2, min_width=320):
                plot = gr.Plot(show_label=False, container=False, elem_id="evaluate-plot")
                with gr.Row():
                    save = gr.Button("Picture", size="sm", elem_id="evaluate-picture", min_width=80)
                    # no DownloadButton: it asks the address that the server wrote, which a proxy may have made wrong
                    metrics, predictions = gr.File(visible=False), gr.File(visible=False)
                    for name, file in ((METRICS_FILE, metrics), (PREDICTIONS, predictions)):
                        button = gr.Button(name, size="sm", elem_id=f"evaluate-{name.split('.')[0]}", min_width=120)
                        button.click(None, file, None, js=SAVE)
        heading = gr.HTML(**plain)
        with gr.Row():
            arm = gr.Dropdown([("Any arm", "")], value="", label="Arm", min_width=150, elem_id="evaluate-arm")
            outcome = gr.Dropdown([("Any", "")], value="", label="Outcome", min_width=150, elem_id="evaluate-outcome")
            text = gr.Textbox(label="Search in tasks, code and outcomes", min_width=220, scale=2)
        rows = gr.HTML(css_template=style(), js_on_load=OPEN_SCRIPT, elem_id="evaluate-rows", **plain)
        with gr.Row(elem_classes="task-file"):
            back = gr.Button("Back", size="sm", min_width=80, scale=0, interactive=False)
            on = gr.Button("More", size="sm", min_width=80, scale=0, interactive=False)
            where = gr.HTML(min_width=120, **plain)
        page = gr.State(0)
    save.click(None, js=save_script("evaluate-plot", "intervals"))
    return Result(whole, table, plot, metrics, predictions, arm, outcome, text, heading, rows, where, back, on, page)
