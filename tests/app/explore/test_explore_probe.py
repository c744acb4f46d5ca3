"""Code along the path without a browser: what is written, marked, shown, kept and refused."""

import base64
import csv
import io
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest
import torch

from app.explore.code_path import code_path_html, csv_link, marked_code, said
from app.explore.loss_panel import LossDesk
from app.explore.probe_panel import NOTHING_YET, ProbePanel
from app.explore.runs.path_loss import PathLosses
from app.explore.runs.probe import CODES, MOST_CODES, CodePath, CodeStep, PathProbe
from app.explore.runs.runs import Runs
from app.main import build_app
from app.page.pieces.code import code_html
from app.page.services import Services
from app.viewer.view import key_of
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError

STATUS, GO, CANCEL, TABLE = range(4)
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}</script>\u202e"
ENTRY = SimpleNamespace(name="a <run>", label="own · <DDPM> 20")


def silent(share, text):
    """Hears of progress and does nothing with it."""


@pytest.fixture
def recorded_tiny(answering, tiny, monkeypatch):
    """Services whose every backbone is the tiny T5, with a run of 20 steps; returns (services, name of the run)."""
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: tiny)
    services = Services(answering.cache)
    return services, services.of(Runs).record("ddpt", "ddpm", 20, 3, silent)


@pytest.fixture
def panel(recorded_tiny):
    return ProbePanel(PathProbe(recorded_tiny[0]))


def session(name="a-session"):
    return SimpleNamespace(session_hash=name)


def path_of(*codes):
    """A path of codes ten steps apart; None stands for a step that was not written."""
    rows = (
        CodeStep(i * 10, 20 - i * 10, 0.5, code, ((code, True),), False)
        for i, code in enumerate(codes)
        if code is not None
    )
    return CodePath(ENTRY, (len(codes) - 1) * 10, HOSTILE, tuple(rows), 1.25)


def text_of(html):
    return re.sub("<[^>]*>", "", html)


def test_the_code_is_what_the_core_writes_with_each_steps_context(recorded_tiny, tiny):
    services, name = recorded_tiny
    path = PathProbe(services).code(name, " sort list `a` ", silent)
    run = Trajectory.load(name)
    assert (path.instruction, path.steps) == ("sort list `a`", 20) and CODES <= len(path.rows) <= MOST_CODES
    assert sum(row.even for row in path.rows) == CODES
    assert (path.rows[0].step, path.rows[-1].step) == (0, 20)
    for row in path.rows:
        (alone,) = tiny.generate(torch.from_numpy(run.context[row.step]), ["sort list `a`"])
        assert row.code == alone.text == "".join(text for text, _ in row.pieces)
        assert (row.timestep, row.noise) == (run.timesteps[row.step], pytest.approx(run.noise_level[row.step]))


def test_the_loss_is_that_of_the_examples_and_is_kept_for_the_next_process(recorded_tiny, tiny, monkeypatch):
    services, name = recorded_tiny
    probe = PathProbe(services)
    path = probe.loss(name, silent)
    tasks = list(probe.examples.values())[::3][:12]  # of 41, evenly spaced
    assert (path.examples, len(path.rows)) == (12, 21)
    alone = tiny.loss(torch.from_numpy(Trajectory.load(name).context[7]), tasks).item()
    assert path.rows[7].loss == pytest.approx(alone, rel=1e-5)
    monkeypatch.setattr(PathLosses, "_measure", pytest.fail)
    assert PathProbe(Services(services.cache)).loss(name, silent) == path


def test_the_browser_is_told_of_a_loss_that_was_measured_on_the_examples_as_they_are(recorded_tiny):
    services, name = recorded_tiny
    assert "loss" not in services.of(Runs).open(name, silent)["files"]
    path = PathProbe(services).loss(name, silent)
    address = services.of(Runs).open(name, silent)["files"]["loss"]
    said = json.loads(services.of(Runs).store.find(address.rsplit("/", 1)[1]).read_text())
    assert said == path.as_json() and said["source"].startswith("written by hand") and len(said["rows"]) == 21
    examples = registry.ASSETS / "examples" / "examples.jsonl"
    examples.write_text("".join(examples.read_text().splitlines(True)[:3]))
    assert "loss" not in services.of(Runs).open(name, silent)["files"]
    assert PathProbe(type(services)(services.cache)).loss(name, silent).examples == 3  # as after a new start


def test_the_panel_shows_the_code(panel, recorded_tiny):
    shown = list(panel.write(session(), recorded_tiny[1], "sort list `a`"))
    table = shown[-1][TABLE]
    assert CODES <= table.count("<tr data-step=") <= MOST_CODES and "sort list `a`" in text_of(table)
    assert all(values[TABLE] == gr.skip() for values in shown[:-1])
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
    assert last[TABLE] == gr.skip() and last[GO].interactive


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
        with pytest.raises(ArtifactError, match="another version of the backbone"):
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
        "answer": "",
    }


def test_marks_cut_no_colour_and_lose_no_text():
    code = "return 'a b'  # why\nx"
    assert marked_code(((code, False),)) == code_html(code)
    cut = marked_code((("ret", False), ("urn 'a", True), (" b'  # w", False), ("", True), ("hy\n", False), ("x", True)))
    assert text_of(cut) == text_of(code_html(code))
    assert cut.startswith('<span class="keyword">ret</span><mark><span class="keyword">urn</span> ')
    assert '<span class="string">&#x27;a</span></mark><span class="string"> b&#x27;</span>' in cut
    assert cut.index("missing") < cut.index("hy") and cut.endswith("<mark>x</mark>")
    assert "missing" in marked_code((("", True),)) and marked_code(()) == ""


def test_the_answers_are_summed_up_in_a_sentence_that_claims_no_more_than_is_known():
    assert said(path_of("x", "x", "x")) == "The same code at all 3 steps."
    assert (
        said(path_of("y", "x", "x"))
        == "2 different answers at 3 steps; the final one stands since a step between 0 and 10."
    )
    assert said(path_of("x", "y", None, "x")) == (
        "2 different answers at 3 steps; the final one stands since a step between 10 and 30."
    )
    near = [replace(row, step=step) for row, step in zip(path_of("x", "y", "x", "x").rows, (0, 7, 8, 20), strict=True)]
    path = replace(path_of("x"), steps=20, rows=tuple(near))
    assert said(path) == "2 different answers at 4 steps; the final one stands from step 8 on."
    last = [replace(row, step=step) for row, step in zip(path_of("x", "y", "x").rows, (0, 19, 20), strict=True)]
    assert said(replace(path, rows=tuple(last))).endswith("the final one comes with the last step.")


def test_the_cost_is_told(recorded_tiny):
    path = path_of("y", "x")
    assert "2 steps spread evenly, 1.2 s" in text_of(code_path_html(path))
    more = replace(path, rows=(path.rows[0], replace(path.rows[0], even=False), path.rows[1]))
    assert "2 steps spread evenly and 1 to find since when the final code stands" in text_of(code_path_html(more))


def asked(key):
    return SimpleNamespace(key=key)


def test_the_desk_tells_how_far_the_loss_is_and_gives_it(recorded_tiny):
    services, name = recorded_tiny
    key, probe = key_of(services.of(Runs).entry(name).folder), PathProbe(services)
    first, *_, last = LossDesk(probe.losses, services).measure(asked(key), session())
    assert (first["state"], first["share"]) == ("busy", 0.0)
    assert last == {"key": key, "state": "done", "loss": probe.loss(name, silent).as_json()}


def test_what_cannot_be_measured_is_told_in_a_sentence(recorded_tiny, monkeypatch):
    services, name = recorded_tiny
    key, probe = key_of(services.of(Runs).entry(name).folder), PathProbe(services)
    *_, last = LossDesk(probe.losses, services).measure(asked("gone"), session())
    assert last["state"] == "failed" and "'gone' is not here any longer" in last["text"]
    *_, last = LossDesk(PathLosses(services, {}), services).measure(asked(key), session())
    assert last["state"] == "failed" and "no examples with a reference" in last["text"]
    monkeypatch.setattr(probe.losses, "_measure", lambda *_: 1 / 0)
    shown = LossDesk(probe.losses, services).measure(asked(key), session())
    with pytest.raises(ZeroDivisionError):
        for value in shown:
            assert value["state"] == "busy" or "mistake of this program" in value["text"]


def test_measuring_can_be_cancelled_by_the_session_alone_and_leaves_nothing(recorded_tiny):
    services, name = recorded_tiny
    key, probe = key_of(services.of(Runs).entry(name).folder), PathProbe(services)
    desk = LossDesk(probe.losses, services)
    with services.model():  # another visitor's work
        values = desk.measure(asked(key), session())
        next(values)
        desk.stop(session("other"))
        assert next(values)["state"] == "busy"
        desk.stop(session())
        assert list(values)[-1] == {"key": key, "state": "cancelled"}
    assert desk.stops == {} and "loss" not in services.of(Runs).open(name, silent)["files"]


def test_the_endpoints_have_names_and_give_plain_json(recorded_tiny):
    services, name = recorded_tiny
    page = build_app(services)
    calls = {fn.api_name: fn.fn for fn in page.fns.values() if fn.api_visibility == "public"}
    assert {"code_along_path", "loss_along_path"} <= set(calls)
    (first, *_), losses = [
        calls["code_along_path"](name, "sort list `a`", session()),
        calls["loss_along_path"](name, session()),
    ]
    assert list(first) == ["step", "timestep", "noise_level", "code", "parses", "pieces", "answer"]
    assert (losses[-1]["step"], losses[-1]["noise_level"]) == (20, 0.0)
    with pytest.raises(gr.Error, match="no run 'gone'"):
        calls["code_along_path"]("gone", "x", session())
    assert "12 steps" in NOTHING_YET and "CSV" in csv_link("", "x")
