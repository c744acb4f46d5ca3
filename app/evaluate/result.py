"""What the Evaluate tab shows of a finished evaluation: figures, picture, downloads, and the predictions."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.evaluate.evaluations import Evaluation
from app.page.addresses import SAVE
from app.page.pieces.interval_plot import interval_plot, save_script
from app.page.pieces.metric_name import figures_of_many, metric_notes_html, notes_style
from app.page.pieces.paged_rows import PagedRows, paged_rows
from app.page.pieces.predictions import OPEN_SCRIPT, PAGE, chosen_rows, outcome_choices, predictions_html, style
from app.page.pieces.result_table import result_html
from ddpt_core.arms import ALL_ARMS
from ddpt_core.metrics.measures import measures_of
from ddpt_core.settings import METRICS_FILE, PREDICTIONS


@dataclass(frozen=True)
class Result:
    """The components; `paged` are the predictions, below their filters."""

    whole: gr.Column
    table: gr.HTML
    plot: gr.Plot
    metrics: gr.File
    predictions: gr.File
    arm: gr.Dropdown
    outcome: gr.Dropdown
    text: gr.Textbox
    heading: gr.HTML
    paged: PagedRows

    def of(self, evaluation: Evaluation) -> dict[Any, Any]:
        """Returns what the components show of an evaluation."""
        report, rows = evaluation.report, evaluation.rows()
        measures = measures_of(report)
        about = f"{report['data']['source'][:40]}, {report['data']['tasks']:,} tasks: 95 % intervals"
        arms = [("Any arm", ""), *((ALL_ARMS[arm].label, arm) for arm in report["arms"])]
        return {
            self.whole: gr.Column(visible=True),
            self.table: result_html(report, measures),
            self.plot: interval_plot(measures, about),
            self.metrics: str(evaluation.metrics),
            self.predictions: str(evaluation.predictions),
            self.arm: gr.Dropdown(choices=arms, value=""),
            self.outcome: gr.Dropdown(choices=outcome_choices(rows), value=""),
            self.text: "",
            self.heading: f'<h2 class="rows-heading">{len(rows):,} predictions</h2>',
            **self.rows_of(rows, "", "", "", 0),
        }

    def rows_of(self, rows: list[dict[str, Any]], arm: str, outcome: str, text: str, page: int) -> dict[Any, Any]:
        """Returns what the predictions' components show of a page of those that the filters ask for."""
        places = chosen_rows(rows, arm or "", outcome or "", text or "")
        return self.paged.of(len(places), PAGE, page, lambda turned: predictions_html(rows, places, turned))


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
        paged = paged_rows("evaluate-rows", style(), OPEN_SCRIPT)
    save.click(None, js=save_script("evaluate-plot", "intervals"))
    return Result(whole, table, plot, metrics, predictions, arm, outcome, text, heading, paged)
