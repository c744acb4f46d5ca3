"""The Compare tab's panel on all arms over whole data sets: what the study found, from the results that ship."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.compare.figures.study_board import chosen_measures, missing_html, more_html, reading_html, study_html, style
from app.page.pieces.components import components_of
from app.page.pieces.interval_plot import interval_plot
from app.page.services import as_endpoint
from ddpt_core.errors import ArtifactError
from ddpt_core.study.results import LOSS, MAKES_IT, Study, StudyData, read_study, results_file

TITLE = '<h2 class="rows-heading study-heading">How much does the prompt matter?</h2>'
UNREAD = ()  # in place of a stamp, before the first look


@dataclass(frozen=True)
class StudyPanel:
    """The panel's components; `stamp` is that of the file whose results are shown."""

    row: gr.Row
    data: gr.Dropdown
    measure: gr.Dropdown
    table: gr.HTML
    beside: gr.Column
    plot: gr.Plot
    more: gr.HTML
    stamp: gr.State

    def looked(self, stamp: tuple[int, ...] | None, data: str | None, measure: str) -> dict[Any, Any]:
        """Shows the results if they are not those that are shown."""
        now = _stamp()
        return gr.skip() if now == stamp else {self.stamp: now, **self.shown(data, measure)}

    def shown(self, data: str | None, measure: str) -> dict[Any, Any]:
        """Returns what the components show of one data set by one measure, "" for all."""
        try:
            found, failure = read_study(), ""
        except ArtifactError as error:
            found, failure = None, str(error)
        if found is None:
            gone = {self.row: gr.Row(visible=False), self.beside: gr.Column(visible=False)}
            return gone | {self.table: missing_html(failure), self.plot: None, self.more: ""}
        chosen = found.of(data)
        return self._of(found, chosen, measure if chosen.measure(measure) else "")

    def _of(self, found: Study, data: StudyData, measure: str) -> dict[Any, Any]:
        measures = chosen_measures(data, measure)
        drawn = measures if measure else [one for one in measures if one.name != LOSS]  # it has a scale of its own
        about = f"{data.name}, {data.tasks:,} tasks: 95 % intervals"
        choices = [("All measures", ""), *((one.label, one.name) for one in data.measures)]
        return {
            self.row: gr.Row(visible=True),
            self.data: gr.Dropdown(choices=[one.name for one in found.data], value=data.name),
            self.measure: gr.Dropdown(choices=choices, value=measure),
            self.table: study_html(data, measure),
            self.beside: gr.Column(visible=True),
            self.plot: interval_plot(drawn, about, close=bool(measure)),
            self.more: more_html(found, data, measure),
        }


def add(tab: gr.Tab) -> None:
    """Adds the panel; it reads the results when the tab is looked at, and again when they have changed."""
    panel, hidden = study_panel(), {"api_visibility": "private", "show_progress": "hidden"}
    chosen, outputs = [panel.data, panel.measure], components_of(panel)
    tab.select(panel.looked, [panel.stamp, *chosen], outputs, queue=False, **hidden)
    gr.on([one.input for one in chosen], panel.shown, chosen, outputs, queue=False, **hidden)
    gr.api(as_endpoint(study), api_name="study", concurrency_limit=None)


def study_panel() -> StudyPanel:
    """Adds the panel's components."""
    plain = {"apply_default_css": False}
    with gr.Column(elem_id="study"):
        gr.HTML(TITLE, **plain)
        with gr.Row(visible=False) as row:
            data = gr.Dropdown([], label="Data", min_width=220, elem_id="study-data")
            measure = gr.Dropdown([("All measures", "")], value="", label="Measure", min_width=220)
        with gr.Row():
            with gr.Column(scale=3, min_width=320):
                table = gr.HTML(reading_html(), css_template=style(), elem_id="study-table", **plain)
            with gr.Column(scale=2, min_width=320, visible=False) as beside:
                plot = gr.Plot(show_label=False, container=False, elem_id="study-plot")
        more = gr.HTML(css_template=style(), elem_id="study-more", **plain)
    return StudyPanel(row, data, measure, table, beside, plot, more, gr.State(UNREAD))


def study() -> dict[str, Any]:
    """Returns the shipped results of all arms: figures with intervals, what was chosen, the command."""
    found = read_study()
    if found is None:
        raise ArtifactError(f"There is no {results_file().name}; make it: {MAKES_IT}.")
    return found.whole


def _stamp() -> tuple[int, int] | None:
    try:
        about = results_file().stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size
