"""The Compare tab's panel on all arms over whole data sets: what the study found, from the results that ship."""

from typing import Any

import gradio as gr

from app.compare.figures.study_board import chosen_measures, missing_html, more_html, reading_html, study_html, style
from app.page.pieces.interval_plot import interval_plot
from app.page.services import as_endpoint
from ddpt_core.errors import ArtifactError
from ddpt_core.study.results import LOSS, MAKES_IT, Study, StudyData, read_study, results_file

TITLE = '<h2 class="rows-heading study-heading">How much does the prompt matter?</h2>'
OUTPUTS = 7  # as many as `looked` returns
UNREAD = ()  # in place of a stamp, before the first look


def add(tab: gr.Tab) -> None:
    """Adds the panel; it reads the results when the tab is looked at, and again when they have changed."""
    plain, hidden = {"apply_default_css": False}, {"api_visibility": "private", "show_progress": "hidden"}
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
    stamp = gr.State(UNREAD)  # of the file whose results are shown
    outputs = [row, data, measure, table, beside, plot, more]
    tab.select(looked, [stamp, data, measure], [stamp, *outputs], queue=False, **hidden)
    gr.on([data.input, measure.input], shown, [data, measure], outputs, queue=False, **hidden)
    gr.api(as_endpoint(study), api_name="study", concurrency_limit=None)


def study() -> dict[str, Any]:
    """Returns the shipped results of all arms: figures with intervals, what was chosen, the command."""
    found = read_study()
    if found is None:
        raise ArtifactError(f"There is no {results_file().name}; make it: {MAKES_IT}.")
    return found.whole


def looked(stamp: tuple[int, ...] | None, data: str | None, measure: str) -> list[Any]:
    """Shows the results if they are not those that are shown."""
    now = _stamp()
    if now == stamp:
        return [gr.skip()] * (1 + OUTPUTS)
    return [now, *shown(data, measure)]


def shown(data: str | None, measure: str) -> list[Any]:
    """Returns what the panel's components show of one data set by one measure, "" for all."""
    try:
        found, failure = read_study(), ""
    except ArtifactError as error:
        found, failure = None, str(error)
    if found is None:
        gone = gr.Row(visible=False), gr.skip(), gr.skip()
        return [*gone, missing_html(failure), gr.Column(visible=False), None, ""]
    chosen = found.of(data)
    return _of(found, chosen, measure if chosen.measure(measure) else "")


def _of(found: Study, data: StudyData, measure: str) -> list[Any]:
    measures = chosen_measures(data, measure)
    drawn = measures if measure else [one for one in measures if one.name != LOSS]  # it has a scale of its own
    about = f"{data.name}, {data.tasks:,} tasks: 95 % intervals"
    return [
        gr.Row(visible=True),
        gr.Dropdown(choices=[one.name for one in found.data], value=data.name),
        gr.Dropdown(choices=[("All measures", ""), *((one.label, one.name) for one in data.measures)], value=measure),
        study_html(data, measure),
        gr.Column(visible=True),
        interval_plot(drawn, about, close=bool(measure)),
        more_html(found, data, measure),
    ]


def _stamp() -> tuple[int, int] | None:
    try:
        about = results_file().stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size
