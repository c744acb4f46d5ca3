"""The panel of readings without a browser: what is read and shown, followed, cancelled and refused."""

import html
import json
import re
from types import SimpleNamespace

import pytest

from app.explore.readings.chart import path_chart
from app.explore.readings.panel import NOTHING_YET, ReadingsPanel
from app.explore.readings.reader import Reader
from app.explore.readings.shown import reading_html, token_html
from app.explore.runs.runs import Runs
from app.page.services import Services
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ConfigError
from ddpt_core.interpret.effect import effect_of
from ddpt_core.interpret.readings import READINGS, tasks_for

STATUS, GO, CANCEL, BOARD = range(4)
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}\u202e"
TOLD = {"run": "a <run>", "of_run": "own · <DDPM> 20", "step": 1412, "timestep": 588, "of": "state", "seconds": 1.25}
TOLD |= {"said": HOSTILE, "caveat": "Not all."}
SESSION = SimpleNamespace(session_hash="a-session")


def silent(share, text):
    """Hears of progress and does nothing with it."""


@pytest.fixture
def recorded_tiny(answering, tiny, monkeypatch):
    """Services whose every backbone is the tiny T5, with a run of 20 steps; returns (services, name of the run)."""
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: tiny)
    monkeypatch.setattr("ddpt_core.interpret.ablation.WRITTEN", 1)
    monkeypatch.setattr("app.explore.readings.reader.tasks_for", lambda run: tasks_for(run, 2))
    services = Services(answering.cache)
    return services, services.of(Runs).record("ddpt", "ddpm", 20, 3, silent)


def text_of(shown):
    return html.unescape(re.sub("<[^>]*>", "", shown))


@pytest.mark.parametrize("how", READINGS)
def test_every_reading_is_shown_with_what_it_cannot_tell(how, recorded_tiny):
    services, name = recorded_tiny
    panel = ReadingsPanel(Reader(services))
    *_, last = panel.read(SESSION, how, name, 7, "estimate")
    assert "Done in" in last[STATUS] and last[GO].interactive and not last[CANCEL].interactive
    shown = last[BOARD]
    assert f'data-run="{name}" data-step="7" data-kind="estimate"' in shown
    assert READINGS[how].caveat in text_of(shown) and "step 7" in text_of(shown)


def test_the_figures_are_the_cores(recorded_tiny, tiny):
    import torch

    services, name = recorded_tiny
    found = Reader(services).read(name, 5, "effect", "state", silent)
    run = Trajectory.load(name)
    texts = [task.instruction for task in tasks_for(run, 2)]
    own = effect_of(tiny, torch.from_numpy(run.state[[5, 20]]), texts)
    assert found["kl"] == pytest.approx(own.kl[0].mean(), rel=1e-4)
    assert json.loads(json.dumps(found))["run"] == name
    with pytest.raises(ConfigError, match="Unknown way to read 'aura'"):
        Reader(services).read(name, 5, "aura", "state", silent)


def test_what_goes_wrong_is_said_and_nothing_is_replaced(recorded_tiny):
    services, name = recorded_tiny
    panel = ReadingsPanel(Reader(services))
    for run, step, kind, said in (
        ("", 3, "state", "No run is open above"),
        (name, 21, "state", "step must be from 0 to 20, got 21"),
        (name, 3, "noise", "choose one of estimate, state"),
        (name, None, "state", "step must be a whole number"),
    ):
        *_, last = panel.read(SESSION, "effect", run, step, kind)
        assert said in text_of(last[STATUS]) and last[GO].interactive and not isinstance(last[BOARD], str)


def test_reading_is_cancelled_by_its_session(recorded_tiny):
    services, name = recorded_tiny
    panel = ReadingsPanel(Reader(services))
    with services.model():  # so that the reading has to wait
        events = panel.read(SESSION, "effect", name, 3, "state")
        next(events)
        panel.cancel(SESSION)
        *_, last = events
    assert "Cancelled" in last[STATUS] and last[GO].interactive


def test_text_of_models_and_names_is_text(recorded_tiny):
    token = {"token": f" {HOSTILE}", "token_id": 1, "probability": 0.5, "score": 0.5, "gained": 1.0, "without": 0.1}
    row = {"step": 0, "kl": 1.0, "kl_to_end": 0.5, "locked": 0.25}
    effect = {"how": "effect", "tokens": [token], "kl": 1.0, "kl_ci95": (0.5, 1.5), "instructions": 2, "path": [row]}
    layers = {"how": "layers", "note": None, "positions": [[{"layer": 0, "head": [token], "nearest": [token]}]]}
    words = {
        "how": "words",
        "frames": [{"frame": "“{context}” is", "answer": HOSTILE, "named": ["sql"]}],
        "check": None,
    }
    for found in (effect, layers, words):
        shown = reading_html(TOLD | found)
        assert "<img" not in shown and "\u202e" not in shown and "a <run>" not in shown
    assert token_html(" a\n") == "␣a↵" and token_html("abcdefghijkl", short=True) == "abcdefgh…"


def test_the_chart_marks_the_step_and_shades_what_stands():
    path = [{"step": s, "kl": 2.0 - s / 10, "kl_to_end": s / 10, "locked": s / 10} for s in (0, 5, 10)]
    chart = path_chart(path, 5)
    assert chart.count("<rect") == 3 and chart.count("<polyline") == 2
    assert 'x1="295.0" x2="295.0"' in chart and "50% of the nearest tokens stand" in chart


def test_before_anything_is_read_the_panel_says_what_it_is_for():
    assert "Nearest tokens are not a prompt’s meaning" in NOTHING_YET
