"""Charts show the figures of results.json, as SVG and to Plotly, in files that fetch nothing and no name breaks."""

import copy
import json
import re
from html import escape
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from ddpt_core.study import page as page_module
from ddpt_core.study.charts import Curves, Dots, Matrix, Point, charts_of_grid, charts_of_part
from ddpt_core.study.document import Command, Heading, Paragraph, Picture, Table
from ddpt_core.study.page import page, plotly_script
from ddpt_core.study.pictures import Scale, svg
from ddpt_core.study.plotly_figures import figure
from ddpt_core.study.report import pictures_of, report

HOSTILE = "<img src=x onerror=alert(1)></script><!-- & \"'`"
POINTS = [Point(HOSTILE, 2.0, (1.0, 4.0), "#009E73", 0.01), Point("b", 3.0, None, "#009E73", 2.5)]
CHARTS = [
    Dots(HOSTILE, "BLEU-4", POINTS),
    Dots("one", "BLEU-4", [Point("b", 0.0, None, "#009E73")]),
    Curves(HOSTILE, "seconds", "BLEU-4", {"DDIM": POINTS, HOSTILE: POINTS}),
    Matrix(HOSTILE, "trained on", "evaluated on", ["a", HOSTILE], ["c", "d"], [[1.0, None], [4.0, 0.0]]),
]


def sampled_part(part):
    """A part with one arm sampled in four ways, of invented quality and time."""
    changed = copy.deepcopy(part)
    data = changed["data"][0]
    changed["data"] = [data]
    ways = {
        "ddpt, ddim 20": (5.0, 2.0),
        "ddpt, ddim 1": (4.0, 0.1),
        "ddpt, ddpm 20": (6.0, 3.0),
        "ddpt, ddpm 1": (1.0, 0.2),
    }
    shape = data["arms"].pop("ddpt")
    for name, (value, seconds) in ways.items():
        data["arms"][name] = shape | {"bleu": shape["bleu"] | {"value": value, "ci95": [value - 1, value + 2]}}
        changed["entries"][name] = "ddpt"
        sampler = name.removeprefix("ddpt, ")
        data["runs"] += [{"arm": name, "sampler": sampler, "seconds": seconds + more} for more in (-0.01, 0, 5)]
    data["runs"] = [run for run in data["runs"] if run["arm"] != "ddpt"]
    return changed


def test_arms_stand_with_the_value_and_interval_of_the_chief_metric(part):
    dev, tested = charts_of_part(part)
    assert [point.label for point in dev.points] == ["no context", "best manual context", "prompt tuning", "DDPT"]
    for point, of in zip(dev.points, part["data"][0]["arms"].values(), strict=True):
        assert (point.value, list(point.interval)) == (of["bleu"]["value"], of["bleu"]["ci95"])
    assert tested.axis == "pass@1" and len({point.colour for point in dev.points}) == 4


def test_what_was_not_measured_is_not_drawn(part):
    changed = copy.deepcopy(part)
    for of in changed["data"][1]["arms"].values():
        of["pass_at_1"] |= {"value": None, "ci95": None}
    del changed["data"][0]["arms"]["ddpt"]["bleu"]["value"]
    changed["data"][0]["arms"]["ddpt"]["bleu"]["value"] = None
    (dev,) = charts_of_part(changed)
    assert len(dev.points) == 3


def test_quality_stands_against_the_median_seconds_of_each_way_to_sample(part):
    _, curves = charts_of_part(sampled_part(part))
    assert isinstance(curves, Curves) and list(curves.series) == ["DDIM", "DDPM"]
    ddim, ddpm = ([(p.label, p.x, p.value, p.interval) for p in points] for points in curves.series.values())
    assert ddim == [("1", 0.1, 4.0, (3.0, 6.0)), ("20", 2.0, 5.0, (4.0, 7.0))]
    assert [one[:3] for one in ddpm] == [("1", 0.2, 1.0), ("20", 3.0, 6.0)]
    assert curves.series["DDIM"][0].colour != curves.series["DDPM"][0].colour


def test_three_sizes_of_a_denoiser_stand_against_their_parameters(part):
    changed = copy.deepcopy(part)
    data = changed["data"][0]
    changed["data"] = [data]
    for n, name in enumerate(("hidden 8", "hidden 2")):
        data["arms"][name] = data["arms"]["ddpt"]
        changed["entries"][name], changed["variants"][name] = name, "ddpt"
        changed["trainings"][name] = [changed["trainings"]["ddpt"][0] | {"trainable_parameters": 10 - n}]
        found = list(charts_of_part(changed))
        assert len(found) == 1 + n  # two sizes are no curve
    (points,) = found[1].series.values()
    assert [(point.label, point.x) for point in points[:2]] == [("hidden 2", 9), ("hidden 8", 10)]


def test_parts_trained_on_several_data_make_a_matrix_of_each_arm(part):
    part, other = copy.deepcopy(part), copy.deepcopy(part) | {"train": "other"}
    for n, data in enumerate((*part["data"], *other["data"])):
        for of in data["arms"].values():
            of["bleu"]["value"] = 1.0 + n
        data["arms"]["prompt-tuning"]["bleu"]["value"] = n % 2  # 0 on the first data set, whatever it was trained on
    del other["data"][0]["arms"]["manual"]
    manual, tuned, ddpt = charts_of_grid([part, other])
    assert (ddpt.rows, ddpt.columns) == (["train.jsonl", "other"], ["Dev part", "Tested"])
    assert ddpt.values == [[1.0, 2.0], [3.0, 4.0]] and manual.values == [[1.0, 2.0], [None, 4.0]]
    assert ddpt.title == "study: DDPT, BLEU-4" and tuned.title == "study: prompt tuning, chrF"
    assert tuned.values[0] == [data["arms"]["prompt-tuning"]["chrf"]["value"] for data in part["data"]]
    assert list(charts_of_grid([part])) == [] and list(charts_of_grid([part, part, other])) == []


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: f"{type(chart).__name__}-{len(chart.title)}")
def test_pictures_are_whole_and_hold_every_text(chart):
    text = svg(chart)
    root = ElementTree.fromstring(text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "") and "nan" not in text
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert chart.title in texts and not list(root.iter("{http://www.w3.org/2000/svg}img"))


def test_points_are_drawn_where_their_values_are():
    points = [Point(str(value), value, (value, 4.0), "red") for value in (0.0, 2.0, 4.0)]
    root = ElementTree.fromstring(svg(Dots("t", "x", points)))
    xs = [float(one.get("cx")) for one in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.11) and xs[0] < xs[2]
    (first, *_) = [one.get("d") for one in root.iter("{http://www.w3.org/2000/svg}path") if one.get("stroke") == "red"]
    assert first.startswith(f"M{xs[0]:.1f} ") and first.endswith(f"H{xs[2]:.1f}")


def test_points_that_lie_together_share_a_label_and_others_have_their_own():
    series = {
        name: [Point("ten", 5.0, None, "red", x), Point("many", 5.1, None, "red", 9.0)]
        for name, x in (("DDPM", 0.010), ("DDIM", 0.011), ("DPM-Solver++", 0.1))
    }
    root = ElementTree.fromstring(svg(Curves("t", "seconds", "BLEU-4", series)))
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert (texts.count("ten"), texts.count("many")) == (2, 1)


@pytest.mark.parametrize(
    "low, high, log, ticks", [(0, 10, False, 6), (0.001, 100, True, 6), (3.2, 3.4, False, 5), (140, 900, True, 2)]
)
def test_ticks_are_round_and_within(low, high, log, ticks):
    found = Scale(low, high, 0, 1, log).ticks()
    assert len(found) == ticks and low <= min(found) and max(found) <= high * 1.000001


def test_plotly_gets_values_and_intervals():
    dots, _, curves, matrix = map(figure, CHARTS)
    first, second = dots["data"]
    assert (first["x"], first["y"], second["x"], second["y"]) == ([2.0], [0], [3.0], [1])
    assert (first["error_x"]["array"], first["error_x"]["arrayminus"]) == ([2.0], [1.0])
    assert (second["error_x"]["array"], first["marker"]["color"]) == ([0.0], POINTS[0].colour)
    assert first["customdata"] == [[escape(HOSTILE, quote=False), 1.0, 4.0]]
    assert dots["layout"]["yaxis"]["ticktext"] == [f"{escape(HOSTILE[:33], quote=False)}…", "b"]
    assert [one["x"] for one in curves["data"]] == [[0.01, 2.5]] * 2 and curves["layout"]["xaxis"]["type"] == "log"
    (cells,) = matrix["data"]
    assert cells["z"] == [[0.25, None], [1.0, 0.0]] and cells["text"] == [["1", "not run"], ["4", "0"]]


class Tags(HTMLParser):
    """Collects the elements of a page with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_page_needs_nothing_else_and_no_text_becomes_markup():
    pictures = [Picture("x.svg", one) for one in CHARTS]
    texts = [Heading(HOSTILE, 1), Paragraph(f"`a` {HOSTILE}"), Command(HOSTILE), Table([HOSTILE], [["b"]])]
    text = page(HOSTILE, [*texts, *pictures])
    tags = Tags(text).found
    names = [name for name, _ in tags]
    assert "img" not in names and names.count("script") == 2 and names.count("figure") == len(CHARTS)
    links = [attributes.get(kind) for _, attributes in tags for kind in ("src", "href")]
    assert set(links) <= {None, "data:,"}
    assert plotly_script() in text and "prefers-color-scheme: dark" in text
    figures = re.search(r"const figures = (.*);\n", text).group(1)
    assert "<" not in figures and len(json.loads(figures)) == len(CHARTS)


def test_page_without_plotly_shows_the_still_pictures(monkeypatch):
    monkeypatch.setattr(page_module, "plotly_script", lambda: None)
    text = page("t", [Picture("x.svg", chart) for chart in CHARTS])
    assert text.count("<svg") == len(CHARTS) and "<script" not in text


def test_report_names_each_picture_once_and_the_folder_holds_them(studied):
    out, results, _ = studied
    names = [block.name for block in pictures_of(report(results))]
    assert len(names) == len(set(names)) == 2
    for name in names:
        assert ElementTree.parse(out / name) and f"({name})" in (out / "report.md").read_text()
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    twice = results | {"parts": [results["parts"][0]] * 2}
    assert len({block.name for block in pictures_of(report(twice))}) == 4
