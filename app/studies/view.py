"""What the page shows of a study that is chosen: figures of a part and data set, charts, downloads, predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.page.pieces.interval_plot import save_script
from app.page.pieces.metric_name import figures_of_many, metric_notes_html, notes_style
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
    """The components, in the order of what `of` returns."""

    OUTPUTS = 33  # as many as `of` returns

    whole: gr.Column
    part: gr.Dropdown
    data: gr.Dropdown
    metric: gr.Dropdown
    table: gr.HTML
    plot: gr.Plot
    pairs: gr.HTML
    charts: list[gr.Plot]
    boxes: list[gr.Column]  # one around each chart
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
    rows: gr.HTML
    where: gr.HTML
    back: gr.Button
    on: gr.Button
    page: gr.State

    @property
    def outputs(self) -> list[Any]:
        """All components."""
        found: list[Any] = []
        for one in vars(self).values():
            found += one if isinstance(one, list) else [one]
        return found

    @property
    def of_rows(self) -> list[Any]:
        """Those that show predictions."""
        return [self.rows, self.where, self.back, self.on, self.page]

    @property
    def filtering(self) -> list[Any]:
        """Those that choose predictions, in the order of `asked_of`."""
        return [self.arm, self.seeds, self.outcome, self.by, self.first, self.text]

    @staticmethod
    def nothing() -> list[Any]:
        """Returns what the components show without a study that has results."""
        return [gr.Column(visible=False), *[gr.skip()] * (View.OUTPUTS - 1)]

    @staticmethod
    def of(entry: StudyEntry, part_name: str = "", data_name: str = "", metric: str = "") -> list[Any]:
        """Returns what they show of a study; what is not there of a part, data set and metric is the first, the chief.

        Raises ArtifactError.
        """
        results = entry.results
        part = _named(results["parts"], part_name)
        names = [one["name"] for one in results["parts"]]
        data_sets = [one["name"] for one in part["data"]]
        menus = [gr.Dropdown(choices=names, value=part["name"], visible=len(names) > 1)]
        if not part["data"]:
            return [
                gr.Column(visible=True),
                *menus,
                gr.Dropdown(visible=False),
                gr.Dropdown(visible=False),
                "",
                gr.Plot(visible=False),
                "",
                *_charts([]),
                facts_html(results, part),
                *_files(entry, False),
                "",
                gr.Row(visible=False),
                *[gr.skip()] * 6,
                *_no_rows(""),
            ]
        data = _named(part["data"], data_name)
        metrics = metrics_of(data)
        metric = metric if metric in metrics else chief_of(data)
        predictions = StudyPredictions(entry, part, data)
        there = predictions.there()
        count = len(data["runs"]) * data["tasks"]
        return [
            gr.Column(visible=True),
            *menus,
            gr.Dropdown(choices=data_sets, value=data["name"], visible=True),
            gr.Dropdown(choices=[(scales()[one][0], one) for one in metrics], value=metric or None, visible=True),
            results_html(part, data, sentences(results, part, data)),
            gr.Plot(arms_plot(part, data, metric), visible=True),
            pairs_html(data, metric),
            *_charts(charts_of(results, part, data)),
            facts_html(results, part),
            *_files(entry, there),
            f'<h2 class="rows-heading">{f"{count:,} predictions" if there else "Predictions"}</h2>',
            gr.Row(visible=there),
            *_menus(predictions),
            *View.rows_of(predictions, Asked(), 0),
        ]

    @staticmethod
    def by_metric(entry: StudyEntry, part_name: str, data_name: str, metric: str) -> list[Any]:
        """Returns the plot of the arms and the table of pairs by one metric."""
        part = _named(entry.results["parts"], part_name)
        data = _named(part["data"], data_name)
        metric = metric if metric in metrics_of(data) else chief_of(data)
        return [arms_plot(part, data, metric), pairs_html(data, metric)]

    @staticmethod
    def predictions(entry: StudyEntry, part_name: str, data_name: str) -> StudyPredictions:
        """Returns the predictions on one data set of one part; raises ArtifactError or ConfigError."""
        part = _named(entry.results["parts"], part_name)
        if not part["data"]:
            raise ConfigError(f"The part {part['name'][:80]!r} came to nothing; it has no predictions.")
        return StudyPredictions(entry, part, _named(part["data"], data_name))

    @staticmethod
    def rows_of(predictions: StudyPredictions, asked: Asked, page: int) -> list[Any]:
        """Returns rows, their place among all, the two buttons and the page, for what is asked."""
        if not predictions.there():
            return _no_rows(NO_PREDICTIONS)
        found = predictions.find(asked)
        pages = max(1, -(-len(found.rows) // PAGE))
        page = min(max(0, page), pages - 1)
        shown = found.rows[page * PAGE : (page + 1) * PAGE]
        buttons = [gr.Button(interactive=page > 0), gr.Button(interactive=page < pages - 1)]
        return [rows_html(shown, asked.by), status_line(_where(found, page)), *buttons, page]


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
        charts, boxes = [], []
        with gr.Row():
            for place in range(CHARTS):
                with gr.Column(min_width=320, visible=False) as box:
                    chart = gr.Plot(show_label=False, container=False, elem_id=f"study-chart-{place}")
                    with gr.Row(elem_classes="task-file"):
                        saver = gr.Button("Picture", size="sm", min_width=80, scale=0)
                saver.click(None, js=save_script(f"study-chart-{place}", "study"))
                charts.append(chart)
                boxes.append(box)
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
        rows = gr.HTML(js_on_load=OPEN_SCRIPT, elem_id="study-rows", **plain, **css)
        with gr.Row(elem_classes="task-file"):
            back = gr.Button("Back", size="sm", min_width=80, scale=0, interactive=False)
            on = gr.Button("More", size="sm", min_width=80, scale=0, interactive=False, elem_id="study-more-rows")
            where = gr.HTML(min_width=120, **plain)
        gr.HTML(status_line(IN_COMPARE), **plain)
        page = gr.State(0)
    save.click(None, js=save_script("study-arms-plot", "study"))
    shown = [part, data, metric, table, plot, pairs, charts, boxes, facts, files, heading, filters]
    return View(whole, *shown, arm, seeds, outcome, by, first, text, rows, where, back, on, page)


def _named(several: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Returns the part or data set of that name; else the first, of parts the first that came to anything."""
    first = next((one for one in several if one.get("data", True)), several[0])
    return next((one for one in several if one["name"] == name), first)


def _charts(figures: list[Any]) -> list[Any]:
    shown = [*figures[:CHARTS], *[None] * (CHARTS - len(figures))]
    return [*shown, *(gr.Column(visible=one is not None) for one in shown)]


def _files(entry: StudyEntry, predictions: bool) -> list[Any]:
    *written, _ = FILES
    return [*(gr.Button(visible=(entry.folder / name).is_file()) for name in written), gr.Button(visible=predictions)]


def _menus(predictions: StudyPredictions) -> list[Any]:
    """Returns the filters as they are for other predictions."""
    arms = [("Any arm", ""), *((called(name), name) for name in predictions.data["arms"])]
    outcomes = [("Any outcome", ""), *((one, one) for one in predictions.outcomes())]
    return [
        gr.Dropdown(choices=arms, value=""),
        gr.Dropdown(choices=[("Any seed", ""), *((one, one) for one in predictions.seeds())], value=""),
        gr.Dropdown(choices=outcomes, value="", visible=len(outcomes) > 1),
        gr.Dropdown(choices=orders(predictions.data["tests"]), value=""),
        gr.skip(),
        "",
    ]


def _no_rows(why: str) -> list[Any]:
    said = f'<section class="board rows"><p class="none">{why}</p></section>' if why else ""
    return [said, "", gr.Button(interactive=False), gr.Button(interactive=False), 0]


def _where(found: Found, page: int) -> str:
    first, last = page * PAGE + 1, min((page + 1) * PAGE, len(found.rows))
    said = f"{first:,} to {last:,} of {len(found.rows):,}" if found.rows else ""
    if found.hidden:
        said += (
            f" · {found.hidden:,} more were not looked at, since a page reads {found.read:,} at once: choose an arm or "
            "a seed"
        )
    return said
