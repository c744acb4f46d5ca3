"""What is read from a metrics.json, what is said of the differences, and the two figures of it."""

import html
import re

import pytest

from app.page.pieces.interval_plot import interval_plot
from app.page.pieces.result_table import result_html
from ddpt_core.arms import ALL_ARMS
from ddpt_core.metrics.measures import Measure, Score, differences, measures_of
from ddpt_core.metrics.text_metrics import METRICS

ARMS = ("manual", "prompt-tuning", "ddpt")
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}\u202e"


def arm(value, low, high, passed=None, **changes):
    """An arm of a metrics.json with one value and interval for every metric of the text, on the metric's scale."""
    scores = {name: value * metric.scale for name, metric in METRICS.items()}
    made = scores | {"n": 40, "seconds": 1.0}
    made["ci95"] = {name: [low * metric.scale, high * metric.scale] for name, metric in METRICS.items()}
    if passed:
        made["pass_at"] = {"1": passed[0], "10": passed[0]}
        made["ci95"]["pass_at"] = {"1": list(passed[1:]), "10": list(passed[1:])}
        made["outcomes"] = {"passed": 4, "failed": 1, "error": 30, "timeout": 5, "memory": 0}
    return made | changes


def report(arms, tests=None, **changes):
    made = {
        "data": {"source": "mine.jsonl", "tasks": 40},
        "seed": 0,
        "settings": {"num_beams": 1, "max_new_tokens": 64},
        "not_run": {},
        "arms": arms,
    }
    return made | ({"tests": tests} if tests else {}) | changes


def of_tests(**changes):
    made = {"samples": 10, "temperature": 0.8, "k": [1, 10], "timeout": 5.0, "memory_mb": 512, "tasks": 31}
    return made | {"without_tests": 7, "left_out": [], "not_run": ""} | changes


def measure(label="pass@1", **scores):
    """A measure whose arms have (value, low, high) of 100."""
    known = {name: Score(value, (low, high)) for name, (value, low, high) in scores.items()}
    return Measure(label, label, 40, True, known)


def text_of(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def test_every_measure_is_on_a_scale_of_100_and_pass_at_comes_first():
    measures = measures_of(report({"ddpt": arm(0.5, 0.25, 0.75, (0.1, 0.0, 0.2))}, of_tests()))
    assert [m.name for m in measures] == ["pass@1", "pass@10", *METRICS]
    assert [m.n for m in measures] == [31, 31, *[40] * len(METRICS)]
    assert measures[0].scores["ddpt"] == Score(10.0, (0.0, 20.0))
    assert {m.scores["ddpt"] for m in measures[2:]} == {Score(50.0, (25.0, 75.0))}


def test_without_tests_or_with_tests_that_did_not_run_there_is_no_pass_at():
    assert [m.name for m in measures_of(report({"ddpt": arm(0.5, 0.2, 0.8)}))] == list(METRICS)
    refused = arm(0.5, 0.2, 0.8, pass_at=None, outcomes=None)
    refused["ci95"]["pass_at"] = None
    made = report({"ddpt": refused}, of_tests(not_run="The sandbox needs Landlock."))
    assert [m.name for m in measures_of(made)] == list(METRICS)


def test_a_metric_without_a_value_is_shown_as_undefined():
    made = arm(0.5, 0.2, 0.8)
    made["bleu"] = made["ci95"]["bleu"] = None
    measures = measures_of(report({"ddpt": made}))
    assert measures[0].scores == {"ddpt": None}
    assert "–" in result_html(report({"ddpt": made}), measures)
    assert len(interval_plot(measures).data[0].x) == len(METRICS) - 1


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({"manual": (50, 40, 60), "ddpt": (20, 10, 30)}, "pass@1: DDPT passes fewer tests than Manual, beyond the"),
        ({"manual": (20, 10, 30), "ddpt": (50, 40, 60)}, "pass@1: Manual passes fewer tests than DDPT, beyond the"),
        ({"manual": (50, 40, 60), "ddpt": (45, 30, 55)}, "pass@1: the intervals of all arms overlap"),
        ({"manual": (50, 40, 60), "ddpt": (30, 20, 40)}, "pass@1: the intervals of all arms overlap"),  # they touch
        ({"manual": (0, 0, 0), "ddpt": (0, 0, 0)}, "pass@1: no arm passes the tests of any task."),
        (
            {"manual": (80, 70, 90), "prompt-tuning": (20, 10, 30), "ddpt": (25, 15, 35)},
            "pass@1: Prompt tuning and DDPT pass fewer tests than Manual, beyond the intervals; elsewhere they over",
        ),
        (
            {"manual": (80, 70, 90), "prompt-tuning": (5, 0, 9), "ddpt": (25, 15, 35)},
            "pass@1: Prompt tuning and DDPT pass fewer tests than Manual and Prompt tuning passes fewer "
            "tests than DDPT, beyond the intervals.",
        ),
    ],
)
def test_only_differences_beyond_the_intervals_are_called_differences(scores, said):
    assert differences([measure(**scores)])[0].startswith(said)


def test_measures_of_the_text_are_told_together():
    apart = {"manual": (50, 40, 60), "ddpt": (20, 10, 30)}
    measures = [
        measure("BLEU-4", **apart),
        measure("chrF", **apart),
        measure("ROUGE-L", manual=(1, 0, 2), ddpt=(1, 0, 2)),
    ]
    first, last = differences(measures)
    assert first == "Manual is above DDPT in BLEU-4 and chrF."
    assert last.startswith("For all other pairs and measures of the text the intervals overlap")
    (only,) = differences(measures[2:])
    assert only == "In every measure of the text the intervals overlap: these tasks do not tell the arms apart."


def test_of_one_arm_no_difference_is_said():
    assert differences([measure(manual=(50, 40, 60))]) == []
    shown = result_html(report({"manual": arm(0.5, 0.4, 0.6)}), measures_of(report({"manual": arm(0.5, 0.4, 0.6)})))
    assert "There is nothing to compare" in shown


def test_the_table_shows_every_value_with_its_interval_and_n():
    made = report(
        {"manual": arm(0.5, 0.25, 0.75, (0.125, 0.0, 0.2)), "ddpt": arm(0.1, 0.05, 0.2, (0, 0, 0))}, of_tests()
    )
    shown = text_of(result_html(made, measures_of(made)))
    assert "pass@1 12.5 % 0–20.0 0 % 0–0 31" in shown
    assert "BLEU-4 50.0 25.0–75.0 10.0 5.00–20.0 40" in shown
    assert "4 passed, 1 failed, 30 with an error, 5 timed out" in shown
    assert "10 answers a task (temperature 0.8); 5 s and 512 MB each. 7 tasks without tests" in shown
    assert "no width" in shown


def test_what_was_left_out_or_not_run_is_told_and_nothing_becomes_markup():
    left = [{"id": HOSTILE, "status": "failed", "detail": HOSTILE}]
    made = report({"manual": arm(0.5, 0.4, 0.6, (0.1, 0, 0.2))}, of_tests(left_out=left), not_run={"ddpt": HOSTILE})
    made["data"]["source"] = HOSTILE
    shown = result_html(made, measures_of(made))
    assert "<img" not in shown and "\u202e" not in shown and shown.count("&lt;img") == 4
    assert "1 task left out of pass@k: their own reference does not pass the tests." in text_of(shown)
    assert "DDPT was not run" in text_of(shown)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"without_tests": 7, "tasks": 0}, "Not run here: the tests. The sandbox needs Landlock."),
        ({"without_tests": 40, "tasks": 0}, "No test was run. The sandbox needs Landlock."),
    ],
)
def test_a_sandbox_that_refuses_is_told_apart_from_tasks_without_tests(changes, said):
    refused = arm(0.5, 0.4, 0.6, pass_at=None, outcomes=None)
    made = report({"manual": refused}, of_tests(not_run="The sandbox needs Landlock.", **changes))
    shown = text_of(result_html(made, measures_of(made)))
    assert said in shown and "pass@1" not in shown and "BLEU-4 50.0" in shown


def test_the_figure_draws_each_score_where_it_is_and_its_interval_around_it():
    made = report({name: arm(0.5, 0.25, 0.85, (0.1, 0.0, 0.3)) for name in ARMS}, of_tests())
    measures = measures_of(made)
    figure = interval_plot(measures, "<a href=x>mine.jsonl")
    assert [trace.name for trace in figure.data] == ["Manual", "Prompt tuning", "DDPT"]
    assert [trace.marker.color for trace in figure.data] == [ALL_ARMS[name].colour for name in ARMS]
    for trace in figure.data:
        assert list(trace.x) == [m.scores["ddpt"].value for m in measures]
        ends = zip(trace.x, trace.error_x.arrayminus, trace.error_x.array, strict=True)
        assert [(x - minus, x + plus) for x, minus, plus in ends] == [
            pytest.approx(m.scores["ddpt"].interval) for m in measures
        ]
    heights = [trace.y[0] for trace in figure.data]
    assert heights == sorted(heights) and len(set(heights)) == 3
    assert list(figure.layout.yaxis.ticktext) == [m.label for m in measures]
    assert figure.layout.xaxis.title.text == "&lt;a href=x&gt;mine.jsonl"  # Plotly reads tags in a title


def test_a_figure_of_nothing_is_empty():
    assert interval_plot([]).data == ()
