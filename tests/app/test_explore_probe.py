"""Code along the path without a browser: what is written, marked, shown, kept and refused."""

import base64
import csv
import io
import re
from types import SimpleNamespace

import gradio as gr
import pytest
import torch

from app.figures.code import code_html
from app.figures.code_path import code_path_html, csv_link, marked_code, said
from app.figures.loss_plot import LEAST_SPAN, loss_plot
from app.figures.loss_plot import said as said_of_loss
from app.main import build_app
from app.probe import CODES, CodePath, CodeStep, LossPath, LossStep, PathProbe
from app.services import Services
from app.tabs.explore_probe import NOTHING_YET, ProbePanel
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError

STATUS, GO, CANCEL, RESULT, TABLE, ABOUT, PLOT = range(7)
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}</script>\u202e"
ENTRY = SimpleNamespace(name="a <run>", label="own · <DDPM> 20")


def silent(share, text):
    """Hears of progress and does nothing with it."""


@pytest.fixture
def recorded_tiny(answering, tiny, monkeypatch):
    """Services whose every backbone is the tiny T5, with a run of 20 steps; returns (services, name of the run)."""
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.EMBEDDED: tiny)
    services = Services(answering.cache)
    return services, services.runs.record("ddpt", "ddpm", 20, 3, silent)


@pytest.fixture
def panel(recorded_tiny):
    return ProbePanel(PathProbe(recorded_tiny[0]))


def session(name="a-session"):
    return SimpleNamespace(session_hash=name)


def path_of(*codes):
    rows = (CodeStep(i * 10, 20 - i * 10, 0.5, code, ((code, True),), False) for i, code in enumerate(codes))
    return CodePath(ENTRY, (len(codes) - 1) * 10, HOSTILE, tuple(rows))


def loss_of(*losses):
    rows = (LossStep(i * 10, 20 - i * 10, 0.5, loss) for i, loss in enumerate(losses))
    return LossPath(ENTRY, (len(losses) - 1) * 10, 41, tuple(rows))


def text_of(html):
    return re.sub("<[^>]*>", "", html)


def test_the_code_is_what_the_core_writes_with_each_steps_context(recorded_tiny, tiny):
    services, name = recorded_tiny
    path = PathProbe(services).code(name, " sort list `a` ", silent)
    run = Trajectory.load(name)
    assert (path.instruction, path.steps, len(path.rows)) == ("sort list `a`", 20, CODES)
    assert (path.rows[0].step, path.rows[-1].step) == (0, 20)
    for row in path.rows:
        (alone,) = tiny.generate(torch.from_numpy(run.context[row.step]), ["sort list `a`"])
        assert row.code == alone.text == "".join(text for text, _ in row.pieces)
        assert (row.timestep, row.noise) == (run.timesteps[row.step], pytest.approx(run.noise_level[row.step]))


def test_the_loss_is_that_of_the_examples_and_is_taken_once(recorded_tiny, tiny, monkeypatch):
    services, name = recorded_tiny
    probe = PathProbe(services)
    path = probe.loss(name, silent)
    tasks = list(probe.examples.values())
    assert (path.examples, len(path.rows)) == (len(tasks), 21)
    alone = tiny.loss(torch.from_numpy(Trajectory.load(name).context[7]), tasks).item()
    assert path.rows[7].loss == pytest.approx(alone, rel=1e-5)
    monkeypatch.setattr(probe, "_take_loss", pytest.fail)
    assert probe.loss(name, silent) is path


def test_the_panel_shows_the_code_first_and_then_the_loss(panel, recorded_tiny):
    shown = list(panel.write(session(), recorded_tiny[1], "sort list `a`"))
    table = next(values[TABLE] for values in shown if isinstance(values[TABLE], str))
    assert table.count("<tr>") == 1 + CODES and "sort list `a`" in text_of(table)
    places = [next(i for i, values in enumerate(shown) if isinstance(values[part], str)) for part in (TABLE, ABOUT)]
    figures = [values[PLOT] for values in shown if values[PLOT] is not None and not isinstance(values[PLOT], dict)]
    assert places[0] <= places[1] and len(figures[-1].data[0].x) == 21
    assert "Done in" in shown[-1][STATUS] and shown[-1][GO].interactive and panel.stops == {}


@pytest.mark.parametrize(
    ("run", "instruction", "sentence"),
    [
        ("", "sort list `a`", "No run is open above"),
        ("<b>", "sort list `a`", "There is no run &#x27;&lt;b&gt;&#x27;"),
        (None, "  ", "The instruction is empty"),
        (None, "x" * 8_001, "at most 8,000 characters"),
    ],
)
def test_what_cannot_be_written_is_told_in_a_sentence_and_what_is_shown_stays(
    panel, recorded_tiny, run, instruction, sentence
):
    last = list(panel.write(session(), recorded_tiny[1] if run is None else run, instruction))[-1]
    assert sentence in last[STATUS] and "failed" in last[STATUS]
    assert all(value == gr.skip() for value in last[RESULT:]) and last[GO].interactive


def test_without_examples_the_code_is_shown_and_the_loss_says_why_not(panel, recorded_tiny):
    panel.probe.comparisons.examples = {}
    shown = list(panel.write(session(), recorded_tiny[1], "sort list `a`"))
    assert any(isinstance(values[TABLE], str) for values in shown)
    assert "no examples with a reference" in shown[-1][STATUS]


def test_a_mistake_of_the_program_is_raised_after_the_buttons_are_free(panel, recorded_tiny, monkeypatch):
    monkeypatch.setattr(panel.probe, "code", lambda *_: 1 / 0)
    shown = []
    with pytest.raises(ZeroDivisionError):
        for values in panel.write(session(), recorded_tiny[1], "sort list `a`"):
            shown.append(values)
    assert "mistake of this program" in shown[-1][STATUS] and shown[-1][GO].interactive


def test_cancelling_ends_one_session_alone_and_frees_the_model(panel, recorded_tiny):
    services, name = recorded_tiny
    with services.model():  # another visitor's work
        ours, theirs = panel.write(session(), name, "sort list `a`"), panel.write(session("other"), name, "sum")
        next(ours), next(theirs), next(ours), next(theirs)
        panel.cancel(session())
        assert "Cancelled" in list(ours)[-1][STATUS] and list(panel.stops) == ["other"]
        panel.cancel(session("nobody"))
    assert "Done in" in list(theirs)[-1][STATUS]


def test_a_run_of_another_backbone_is_refused(recorded_tiny, tiny):
    services, name = recorded_tiny
    services.backbone = lambda name: SimpleNamespace(name=name, sha256="another")
    for work in (lambda probe: probe.code(name, "x", silent), lambda probe: probe.loss(name, silent)):
        with pytest.raises(ArtifactError, match="another backbone"):
            work(PathProbe(services))


def test_an_unknown_example_fills_in_nothing(panel):
    first = next(iter(panel.probe.examples.values()))
    assert panel.chosen(first.id) == first.instruction
    assert panel.chosen("gone") == panel.chosen(None) == gr.skip()


def test_all_text_is_escaped_and_saved_as_it_is():
    html = code_path_html(path_of(HOSTILE, HOSTILE + "x", ""))
    assert "<img" not in html and "</script>" not in html and "\u202e" not in html and "<run>" not in html
    assert 'data-run="a &lt;run&gt;"' in html and "run=a+%3Crun%3E&amp;step=10" in html
    saved = re.search(r'download="([^"]+)" href="data:text/csv;charset=utf-8;base64,([^"]+)"', html)
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(saved[2]).decode(), newline="")))
    assert saved[1] == "code-along-a-run-.csv"
    assert [row["code"] for row in rows] == [HOSTILE, HOSTILE + "x", ""]
    assert rows[1] | {"code": ""} == {
        "step": "10",
        "timestep": "10",
        "noise_level": "0.5",
        "parses": "False",
        "code": "",
    }


def test_marks_cut_no_colour_and_lose_no_text():
    code = "return 'a b'  # why\nx"
    assert marked_code(((code, False),)) == code_html(code)
    cut = marked_code((("ret", False), ("urn 'a", True), (" b'  # w", False), ("", True), ("hy\n", False), ("x", True)))
    assert text_of(cut) == text_of(code_html(code))
    assert cut.startswith('<span class="keyword">ret</span><mark><span class="keyword">urn</span></mark>')
    assert '<mark><span class="string">&#x27;a</span></mark><span class="string"> b&#x27;</span>' in cut
    assert cut.index("missing") < cut.index("hy") and cut.endswith("<mark>x</mark>")
    assert "missing" in marked_code((("", True),)) and marked_code(()) == ""


def test_the_answers_are_summed_up_in_a_sentence():
    assert said(path_of("x", "x", "x")) == "The same code at all 3 steps."
    assert said(path_of("y", "x", "x")) == "2 different answers at 3 steps; the final one stands from step 10 on."
    assert said(path_of("x", "y", "x")) == "2 different answers at 3 steps; the final one comes at the end."


def test_a_loss_that_stands_still_is_drawn_flat_and_told_as_such():
    still, falling = loss_of(1.6581, 1.6582, 1.6581), loss_of(3.0, 1.5, 2.0)
    low, high = loss_plot(still).layout.yaxis.range
    assert high - low == pytest.approx(LEAST_SPAN)
    low, high = loss_plot(falling).layout.yaxis.range
    assert low < 1.5 and high > 3
    assert said_of_loss(still).endswith("1.658 nats per token all along.")
    assert said_of_loss(falling).endswith(
        "3.000 nats per token at the noise, 2.000 at the end; least 1.500 at step 10."
    )
    assert said_of_loss(loss_of(3.0, 2.0)).endswith("2.000 at the end.")
    assert "&lt;DDPM&gt;" in loss_plot(still).layout.xaxis.title.text
    assert "10,10,0.5,1.6582\n" in still.as_csv()


def test_the_endpoints_have_names_and_give_plain_json(recorded_tiny):
    services, name = recorded_tiny
    page = build_app(services)
    calls = {fn.api_name: fn.fn for fn in page.fns.values() if fn.api_visibility == "public"}
    assert {"code_along_path", "loss_along_path"} <= set(calls)
    (first, *_), losses = calls["code_along_path"](name, "sort list `a`"), calls["loss_along_path"](name)
    assert list(first) == ["step", "timestep", "noise_level", "code", "parses", "pieces"]
    assert (losses[-1]["step"], losses[-1]["noise_level"]) == (20, 0.0)
    with pytest.raises(gr.Error, match="no run 'gone'"):
        calls["code_along_path"]("gone", "x")
    assert "12 steps" in NOTHING_YET and "CSV" in csv_link("", "x")
