"""What the page shows of a study that is chosen: figures of a part and data set, charts, downloads, predictions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import gradio as gr

from app.page.pieces.interval_plot import save_script
from app.page.pieces.metric_name import figures_of_many, metric_notes_html, notes_style
from app.page.pieces.paged_rows import PagedRows, paged_rows
from app.page.pieces.status_line import status_line
from app.studies.figures.studies_list import style
from app.studies.figures.study_plots import arms_plot, charts_of
from app.studies.figures.study_rows import OPEN_SCRIPT, PAGE, rows_html
from app.studies.figures.study_tables import chief_of, facts_html, metrics_of, pairs_html, results_html, scales
from app.studies.kept.study_folders import StudyEntry
from app.studies.kept.study_predictions import Asked, Found, StudyPredictions, orders
from ddpt_core.errors import ConfigError
from ddpt_core.settings import PREDICTIONS, REPORT, REPORT_PAGE, RESULTS
from ddpt_core.study.names import called

CHARTS = 4  # beside that of the arms; the report has all of them
FILES = (REPORT_PAGE, REPORT, RESULTS, PREDICTIONS)
NO_PREDICTIONS = (
    "The predictions of this study are not here: of the shipped one only the figures come with the project. Its "
    "command makes them again."
)
IN_COMPARE = (
    "Open in Compare takes instruction, reference and arms there, where the prompts that are chosen there answer, not "
    "those of the study."
)


@dataclass(frozen=True)
class View:
    """The components; `charts` are the plots with the columns around them, `paged` the predictions that are shown."""

    whole: gr.Column
    part: gr.Dropdown
    data: gr.Dropdown
    metric: gr.Dropdown
    table: gr.HTML
    plot: gr.Plot
    pairs: gr.HTML
    charts: list[tuple[gr.Column, gr.Plot]]
    facts: gr.HTML
    files: list[gr.Button]
    heading: gr.HTML
    filters: gr.Row
    arm: gr.Dropdown
    seeds: gr.Dropdown
    outcome: gr.Dropdown
    by: gr.Dropdown
    first: gr.Dropdown
    text: gr.Textbox
    paged: PagedRows

    @property
    def filtering(self) -> list[Any]:
        """Those that choose predictions, in the order of `asked_of`."""
        return [self.arm, self.seeds, self.outcome, self.by, self.first, self.text]

    def nothing(self) -> dict[Any, Any]:
        """Returns what the components show without a study that has results."""
        return {self.whole: gr.Column(visible=False)}

    def of(self, entry: StudyEntry, part_name: str = "", data_name: str = "", metric: str = "") -> dict[Any, Any]:
        """Returns what they show of a study; what is not there of a part, data set and metric is the first, the chief.

        Raises ArtifactError.
        """
        results = entry.results
        part = _named(results["parts"], part_name)
        names = [one["name"] for one in results["parts"]]
        shown = {
            self.whole: gr.Column(visible=True),
            self.part: gr.Dropdown(choices=names, value=part["name"], visible=len(names) > 1),
            self.facts: facts_html(results, part),
        }
        if part["data"]:
            return shown | self._of_data(entry, part, _named(part["data"], data_name), metric)
        return shown | {
            self.data: gr.Dropdown(visible=False),
            self.metric: gr.Dropdown(visible=False),
            self.table: "",
            self.plot: gr.Plot(visible=False),
            self.pairs: "",
            **self._drawn([]),
            **self._files(entry, False),
            self.heading: "",
            self.filters: gr.Row(visible=False),
            **self.paged.none(""),
        }

    def _of_data(self, entry: StudyEntry, part: dict[str, Any], data: dict[str, Any], metric: str) -> dict[Any, Any]:
        results, metrics = entry.results, metrics_of(data)
        metric = metric if metric in metrics else chief_of(data)
        predictions = StudyPredictions(entry, part, data)
        there = predictions.there()
        count = len(data["runs"]) * data["tasks"]
        choices = [one["name"] for one in part["data"]]
        measures = [(scales()[one][0], one) for one in metrics]
        return {
            self.data: gr.Dropdown(choices=choices, value=data["name"], visible=True),
            self.metric: gr.Dropdown(choices=measures, value=metric or None, visible=True),
            self.table: results_html(part, data, sentences(results, part, data)),
            self.plot: gr.Plot(arms_plot(part, data, metric), visible=True),
            self.pairs: pairs_html(data, metric),
            **self._drawn(charts_of(results, part, data)),
            **self._files(entry, there),
            self.heading: f'<h2 class="rows-heading">{f"{count:,} predictions" if there else "Predictions"}</h2>',
            self.filters: gr.Row(visible=there),
            **self._menus(predictions),
            **self.rows_of(predictions, Asked(), 0),
        }

    def by_metric(self, entry: StudyEntry, part_name: str, data_name: str, metric: str) -> dict[Any, Any]:
        """Returns the plot of the arms and the table of pairs by one metric."""
        part = _named(entry.results["parts"], part_name)
        data = _named(part["data"], data_name)
        metric = metric if metric in metrics_of(data) else chief_of(data)
        return {self.plot: arms_plot(part, data, metric), self.pairs: pairs_html(data, metric)}

    def rows_of(self, predictions: StudyPredictions, asked: Asked, page: int) -> dict[Any, Any]:
        """Returns what the predictions' components show of a page of those that are asked for."""
        if not predictions.there():
            return self.paged.none(NO_PREDICTIONS)
        found = predictions.find(asked)

        def html_of(turned: int) -> str:
            return rows_html(found.rows[turned * PAGE : (turned + 1) * PAGE], asked.by)

        return self.paged.of(len(found.rows), PAGE, page, html_of, _hidden(found))

    def _drawn(self, figures: list[Any]) -> dict[Any, Any]:
        shown = dict(zip_longest(self.charts, figures[:CHARTS]))
        boxes = {box: gr.Column(visible=figure is not None) for (box, _), figure in shown.items()}
        return boxes | {chart: figure for (_, chart), figure in shown.items()}

    def _files(self, entry: StudyEntry, predictions: bool) -> dict[Any, Any]:
        """Returns the buttons of the files, those in sight that there are."""
        there = [*((entry.folder / name).is_file() for name in FILES[:-1]), predictions]
        return {button: gr.Button(visible=visible) for button, visible in zip(self.files, there, strict=True)}

    def _menus(self, predictions: StudyPredictions) -> dict[Any, Any]:
        """Returns the filters as they are for other predictions."""
        arms = [("Any arm", ""), *((called(name), name) for name in predictions.data["arms"])]
        outcomes = [("Any outcome", ""), *((one, one) for one in predictions.outcomes())]
        seeds = [("Any seed", ""), *((one, one) for one in predictions.seeds())]
        return {
            self.arm: gr.Dropdown(choices=arms, value=""),
            self.seeds: gr.Dropdown(choices=seeds, value=""),
            self.outcome: gr.Dropdown(choices=outcomes, value="", visible=len(outcomes) > 1),
            self.by: gr.Dropdown(choices=orders(predictions.data["tests"]), value=""),
            self.text: "",
        }


def predictions_of(entry: StudyEntry, part_name: str, data_name: str) -> StudyPredictions:
    """Returns the predictions on one data set of one part; raises ArtifactError or ConfigError."""
    part = _named(entry.results["parts"], part_name)
    if not part["data"]:
        raise ConfigError(f"The part {part['name'][:80]!r} came to nothing; it has no predictions.")
    return StudyPredictions(entry, part, _named(part["data"], data_name))


def asked_of(values: list[Any]) -> Asked:
    """Returns what the filters ask for."""
    arm, seeds, outcome, by, first, text = values
    return Asked(arm or "", seeds or "", outcome or "", text or "", by or "", first != "worst")


def sentences(results: dict[str, Any], part: dict[str, Any], data: dict[str, Any]) -> list[str]:
    """Returns what the report says of one data set of a part."""
    from ddpt_core.study.tables import verdicts

    said = verdicts(results | {"parts": [part]})
    mine = [one for one in said if one.startswith(f"{data['name']}, ")]
    return mine or ["There is nothing to compare here: no two arms were run on the same tasks."]


def build_view() -> View:
    """Adds the components, out of sight until a study is chosen that has results."""
    plain, css = {"apply_default_css": False}, {"css_template": style()}
    with gr.Column(visible=False, elem_id="study-shown") as whole:
        with gr.Row():
            part = gr.Dropdown([], label="Part", min_width=200, elem_id="study-part")
            data = gr.Dropdown([], label="Data", min_width=200, elem_id="study-on")
            metric = gr.Dropdown([], label="Measure of the plot and the pairs", min_width=200, elem_id="study-metric")
        with gr.Row():
            with gr.Column(scale=3, min_width=320):
                table = gr.HTML(elem_id="study-results", **plain, **css)
                gr.HTML(metric_notes_html(figures_of_many()), css_template=notes_style(), **plain)
            with gr.Column(scale=2, min_width=320):
                plot = gr.Plot(show_label=False, container=False, elem_id="study-arms-plot")
                with gr.Row(elem_classes="task-file"):
                    save = gr.Button("Picture", size="sm", elem_id="study-picture", min_width=80, scale=0)
        charts = []
        with gr.Row():
            for place in range(CHARTS):
                with gr.Column(min_width=320, visible=False) as box:
                    chart = gr.Plot(show_label=False, container=False, elem_id=f"study-chart-{place}")
                    with gr.Row(elem_classes="task-file"):
                        saver = gr.Button("Picture", size="sm", min_width=80, scale=0)
                saver.click(None, js=save_script(f"study-chart-{place}", "study"))
                charts.append((box, chart))
        pairs = gr.HTML(elem_id="study-pairs", **plain, **css)
        facts = gr.HTML(elem_id="study-facts", **plain, **css)
        with gr.Row(elem_classes="task-file"):
            files = [gr.Button(f"{name} ⤓", size="sm", min_width=150, scale=0) for name in FILES]
        heading = gr.HTML(**plain)
        with gr.Row() as filters:
            arm = gr.Dropdown([("Any arm", "")], value="", label="Arm", min_width=150, elem_id="study-arm")
            seeds = gr.Dropdown([("Any seed", "")], value="", label="Seeds", min_width=150, elem_id="study-seeds")
            outcome = gr.Dropdown([("Any", "")], value="", label="Outcome", min_width=120, elem_id="study-outcome")
            by = gr.Dropdown([("Order of the tasks", "")], value="", label="Sort by", min_width=220, elem_id="study-by")
            ways = [("Best first", "best"), ("Worst first", "worst")]
            first = gr.Dropdown(ways, value="best", label="Which first", min_width=120, elem_id="study-first")
            text = gr.Textbox(label="Search in tasks and code", min_width=180, scale=2, elem_id="study-text")
        paged = paged_rows("study-rows", style(), OPEN_SCRIPT)
        gr.HTML(status_line(IN_COMPARE), **plain)
    save.click(None, js=save_script("study-arms-plot", "study"))
    shown = [part, data, metric, table, plot, pairs, charts, facts, files, heading, filters]
    return View(whole, *shown, arm, seeds, outcome, by, first, text, paged)


def _named(several: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Returns the part or data set of that name; else the first, of parts the first that came to anything."""
    first = next((one for one in several if one.get("data", True)), several[0])
    return next((one for one in several if one["name"] == name), first)


def _hidden(found: Found) -> str:
    """Returns what is said of predictions that were not looked at, "" if all were."""
    if not found.hidden:
        return ""
    return (
        f" · {found.hidden:,} more were not looked at, since a page reads {found.read:,} at once: choose an arm or "
        "a seed"
    )
