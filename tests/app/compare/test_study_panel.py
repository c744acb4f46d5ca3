"""The study's panel without a browser: what is read from a results.json, what is said of it, and what without one."""

import html
import re
import shlex
from pathlib import Path

import gradio as gr
import pytest

from app.compare.figures.study_board import missing_html, more_html, study_html
from app.compare.figures.study_words import sentences
from app.compare.study_panel import UNREAD, study, study_panel
from app.main import build_app
from ddpt_core.errors import ArtifactError
from ddpt_core.metrics.text_metrics import METRICS
from ddpt_core.study.results import MAKES_IT, Pair, read_study

HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}</script>\u202e"


def text_of(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def whole(found):
    data = found.data[0]
    return study_html(data) + more_html(found, data)


def difference(content, low, high, metric="bleu", pair="ddpt/prompt-tuning"):
    """Puts another interval of a difference into the first data set."""
    content["data"][0]["paired"][pair][metric] |= {"difference": (low + high) / 2, "difference_ci95": [low, high]}
    return content


@pytest.fixture
def panel():
    with gr.Blocks():
        return study_panel()


def test_the_table_shows_the_figures_that_stand_in_the_file(study_file, invented):
    study_file()
    shown = text_of(whole(read_study()))
    assert "BLEU-4 2.00 1.70–2.30 5.00 4.25–5.75 7.00 5.95–8.05 ±0.2" in shown
    assert "12.3 10.5–14.2 ±0.2 / 0.12" in shown  # 12.34, over trainings and over the noise
    assert "Exact match 0.400 %" in shown and "Loss, nats per token 2.98" in shown
    assert "DDPT / Prompt tuning ▲ 1.76× 1.59–1.94" in shown
    assert invented["command"] in shown and "Invented:" in shown and "2.871" in shown
    assert "1 more pair" in shown and "DDPT, full objective / DDPT ▼ 0.891×" in shown


def test_what_the_core_writes_of_a_data_set_is_what_the_page_shows(study_file, invented):
    from ddpt_core.study.answers import Run
    from ddpt_core.study.scoring import figures_of_data

    def run(arm, answers, *seeds):
        rows = [
            {"prediction": a, "reference": "sorted(a)", "loss": 6.0, "tokens": 4, "status": "passed"} for a in answers
        ]
        return Run(arm, *seeds, rows)

    right, wrong = ["sorted(a)"] * 3, ["sorted(a)", "a", "a"]
    runs = [run("manual", wrong, None, None), run("prompt-tuning", wrong, 0, None)]
    runs += [run("ddpt", answers, seed, noise) for seed, answers in ((0, right), (1, wrong)) for noise in (0, 1)]
    made = figures_of_data(runs, True)
    study_file(invented | {"data": [{"name": "Real", "source": "x", "tasks": 3, "tests": True} | made]})
    data = read_study().data[0]
    exact, value = data.measure("exact_match").scores["ddpt"], made["arms"]["ddpt"]["exact_match"]
    assert (exact.value, exact.trainings) == (100 * value["value"], 100 * value["training_spread"])
    assert f"{exact.value:.1f} %" in study_html(data) and "Loss, nats per token 1.50" in text_of(study_html(data))
    ratio = made["paired"]["ddpt/prompt-tuning"]["exact_match"]["ratio"]
    assert data.pairs["ddpt", "prompt-tuning"]["exact_match"].ratio == ratio == pytest.approx(2)
    assert "2.00×" in more_html(read_study(), data)


def test_every_measure_of_the_file_is_in_the_table_on_one_scale(study_file):
    study_file()
    dev, tasks = read_study().data
    assert [measure.name for measure in tasks.measures] == ["pass_at_1", *METRICS, "loss"]
    assert "pass_at_1" not in [measure.name for measure in dev.measures]
    assert tasks.measure("pass_at_1").scores["manual"].value == pytest.approx(20)  # 0.2 in the file
    assert dev.measure("loss").scores["ddpt"].value == pytest.approx(3 - 0.1234) and dev.measure("loss").loss
    assert dev.pairs["ddpt", "manual"]["exact_match"].difference == pytest.approx(100 * 0.2 * (0.1234 - 0.05))
    assert next(iter(dev.pairs)) == ("ddpt", "prompt-tuning")
    assert (dev.main, tasks.main) == ("bleu", "pass_at_1")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.0, 9.0, "DDPT beats prompt tuning beyond the interval: BLEU-4 12.3 against 7.00, 1.76 times"),
        (-1.0, 9.0, "DDPT does not beat prompt tuning beyond the interval"),
        (0.0, 9.0, "DDPT does not beat prompt tuning beyond the interval"),  # it touches
        (-9.0, -1.0, "DDPT falls short of prompt tuning beyond the interval"),
    ],
)
def test_ddpt_is_said_to_beat_prompt_tuning_only_beyond_the_interval(study_file, invented, low, high, said):
    study_file(difference(invented, low, high))
    assert sentences(read_study().data[0])[0].startswith(f"On “Invented dev” {said}")


@pytest.mark.parametrize(
    ("p_holm", "said"),
    [
        (0.05, "DDPT beats prompt tuning beyond the interval"),
        (0.051, "DDPT is above prompt tuning beyond the interval, but not once p is corrected for all"),
    ],
)
def test_a_difference_is_claimed_only_if_it_holds_for_all_comparisons(study_file, invented, p_holm, said):
    difference(invented, 4, 6)
    invented["data"][0]["paired"]["ddpt/prompt-tuning"]["bleu"]["p_holm"] = p_holm
    study_file()
    data = read_study().data[0]
    assert sentences(data)[0].startswith(f"On “Invented dev” {said}")
    assert data.pairs["ddpt", "prompt-tuning"]["bleu"].better is (True if p_holm <= 0.05 else None)


def test_of_a_loss_lower_is_better_and_the_difference_is_told(study_file, invented):
    study_file(difference(invented, -0.08, -0.02, "loss"))
    data = read_study().data[0]
    first = sentences(data, "loss")[0]
    assert "beats prompt tuning beyond the interval: Loss 2.88 against 2.93 nats per token" in first
    assert first.endswith("a difference of −0.050 (−0.080 to −0.020).")
    assert "▲ −0.050" in text_of(more_html(read_study(), data))


def test_the_other_measures_are_told_in_groups(study_file, invented):
    study_file(difference(difference(invented, -3, -1, "chrf"), -1, 1, "codebleu"))
    said = sentences(read_study().data[0])[1]
    better = "better in ROUGE-L, Exact match and Valid Python"
    assert said == f"By the other measures it is {better}; worse in chrF; not told apart in CodeBLEU and Loss."


def test_a_difference_within_the_spread_over_trainings_is_doubted(study_file, invented):
    study_file(difference(invented, 0.05, 0.15))
    said = sentences(read_study().data[0])
    assert "Yet trainings of DDPT differ by more than that among themselves: ±0.200 over their seeds." in said
    study_file(difference(invented, 4, 6))
    assert not any("Yet" in sentence for sentence in sentences(read_study().data[0]))


def test_arms_that_were_not_compared_are_not_said_to_be(study_file, invented):
    invented["data"][0]["paired"] = {}
    study_file()
    assert sentences(read_study().data[0]) == [
        "On “Invented dev” DDPT was not compared with prompt tuning.",
        "On “Invented dev” DDPT was not compared with the manual context.",
    ]


def test_without_an_interval_nothing_is_claimed():
    assert Pair(1.2, None, 3.0, None, None).better is None


def test_a_study_of_fewer_arms_and_figures_has_fewer_columns(study_file, invented):
    arms = invented["data"][0]["arms"]
    for arm in ("none", "residual", "ddpt-full"):
        del arms[arm]
    arms["manual"]["chrf"]["value"] = None
    invented["choices"] = invented["trainings"] = {}
    study_file()
    shown = text_of(whole(read_study()))
    assert "Residual" not in shown and "chrF –" in shown and "The file does not say." in shown


def test_refused_tests_and_failed_trainings_are_told(study_file, invented):
    invented["data"][0] |= {"tests": True, "tests_refused": "The sandbox needs Landlock."}
    invented["failed"] = [{"arm": "ddpt", "seed": 2, "why": "The loss is no number."}]
    study_file()
    shown = text_of(whole(read_study()))
    assert "The tests were not run: The sandbox needs Landlock." in shown
    assert "ddpt, seed 2: The loss is no number." in shown


def test_without_the_file_the_page_says_so_and_names_the_command(study_file, panel):
    study_file().unlink()
    shown = panel.shown(None, "")
    assert not shown[panel.row].visible and not shown[panel.beside].visible
    assert shown[panel.plot] is None and shown[panel.more] == ""
    said = text_of(shown[panel.table])
    assert "there is no assets/comparison/results.json" in said and MAKES_IT in said
    with pytest.raises(ArtifactError, match=r"There is no results\.json; make it: python -m ddpt_core study"):
        study()


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": 2, "command": "x", "parts": [{"data": []}]}', '{"format": 2, "parts": 3}']
)
def test_a_file_that_is_no_study_is_told_as_that(study_file, content, panel):
    study_file(content)
    assert "The results.json of comparison cannot be read" in text_of(panel.shown(None, "")[panel.table])


def test_the_command_that_is_named_is_one_that_there_is():
    from typer.main import get_command

    from ddpt_core.__main__ import app

    *_, name, plan, out, _, ship = shlex.split(MAKES_IT)
    options = {option for parameter in get_command(app).commands[name].params for option in parameter.opts}
    assert {out, ship} <= options and (Path(__file__).resolve().parents[3] / plan).is_file()


def test_a_newer_format_is_refused(study_file, invented):
    study_file(invented | {"format": 3})
    with pytest.raises(ArtifactError, match="must be of format 2, got 3"):
        read_study()


def test_data_and_measure_are_chosen_and_one_that_is_gone_gives_way(study_file, panel):
    study_file()
    shown = panel.shown("Invented tasks", "pass_at_1")
    table, plot, more = shown[panel.table], shown[panel.plot], shown[panel.more]
    assert shown[panel.data].value == "Invented tasks" and shown[panel.measure].value == "pass_at_1"
    assert "pass@1" in text_of(table) and "BLEU-4" not in text_of(table + more.split("chosen on validation")[0])
    assert list(plot.layout.yaxis.ticktext) == ["pass@1"]
    assert [trace.x[0] for trace in plot.data if trace.name == "DDPT"] == [pytest.approx(28.44)]
    assert panel.shown("Invented dev", "pass_at_1")[panel.measure].value == ""
    assert panel.shown("gone", "")[panel.data].value == "Invented dev"


def test_all_measures_are_drawn_but_the_loss_which_has_a_scale_of_its_own(study_file, panel):
    study_file()
    drawn = panel.shown(None, "")[panel.plot]
    assert list(drawn.layout.yaxis.ticktext) == [metric.label for metric in METRICS.values()]
    assert panel.shown(None, "loss")[panel.plot].layout.xaxis.range is None


def test_a_second_look_changes_nothing_until_the_file_does(study_file, invented, panel):
    study_file()
    stamp = panel.looked(None, None, "")[panel.stamp]
    assert panel.looked(stamp, None, "") == gr.skip()
    study_file(invented | {"command": "python -m ddpt_core study another.yaml"})
    assert "another.yaml" in panel.looked(stamp, None, "")[panel.more]


def test_until_the_first_look_nothing_is_said_of_whether_the_arms_were_compared(study_file, answering, panel):
    study_file()
    (table,) = (block for block in build_app(answering).blocks.values() if block.elem_id == "study-table")
    assert text_of(table.value) == "Reading the comparison…"
    assert "DDPT" in text_of(panel.looked(UNREAD, None, "")[panel.table])


def test_the_first_look_says_it_where_they_were_not(study_file, panel):
    study_file().unlink()
    shown = panel.looked(UNREAD, None, "")
    assert "have not been compared here yet" in text_of(shown[panel.table])
    assert panel.looked(shown[panel.stamp], None, "") == gr.skip()


def test_nothing_of_the_file_becomes_markup(study_file, invented):
    data = invented["data"][0]
    data |= {"name": HOSTILE, "tests_refused": HOSTILE}
    invented |= {"command": HOSTILE, "created": HOSTILE, "versions": {HOSTILE: HOSTILE}}
    invented["backbone"]["name"] = HOSTILE
    invented["failed"] = [{"arm": HOSTILE, "seed": HOSTILE, "why": HOSTILE}]
    invented["choices"]["manual"]["contexts"][0]["text"] = HOSTILE
    invented["trainings"]["ddpt"][0] |= {"seed": HOSTILE, "steps_ablation": {HOSTILE: HOSTILE}}
    study_file()
    made = whole(read_study()) + missing_html(HOSTILE)
    assert "<img" not in made and "</script" not in made and "\u202e" not in made and made.count("&lt;img") == 16


def test_the_study_has_an_endpoint(answering):
    assert "/study" in build_app(answering).get_api_info()["named_endpoints"]
