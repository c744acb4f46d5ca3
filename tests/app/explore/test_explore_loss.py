"""The loss along the path without a browser: measured, kept, told of, refused and cancelled."""

import json
from types import SimpleNamespace

import pytest
import torch

from app.explore.loss_panel import LossDesk
from app.explore.runs.path_loss import PathLosses
from app.explore.runs.runs import Runs
from app.page.services import Services
from app.page.sources import Examples
from app.viewer.view import key_of
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, ConfigError


def silent(share, text):
    """Hears of progress and does nothing with it."""


@pytest.fixture
def recorded_tiny(answering, tiny, monkeypatch):
    """Services whose every backbone is the tiny T5, with a run of 20 steps; returns (services, name of the run)."""
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: tiny)
    services = Services(answering.cache)
    return services, services.of(Runs).record("ddpt", "ddpm", 20, 3, silent)


def losses_of(services):
    return PathLosses(services, services.of(Examples).tasks)


def measured(services, name, kind="estimate"):
    return losses_of(services).of(services.of(Runs).entry(name), silent, kind)


def session(name="a-session"):
    return SimpleNamespace(session_hash=name)


def test_the_loss_is_that_of_the_examples_and_is_kept_for_the_next_process(recorded_tiny, tiny, monkeypatch):
    services, name = recorded_tiny
    path = measured(services, name)
    tasks = list(services.of(Examples).tasks.values())[::3][:12]  # of 41, evenly spaced
    assert (path.examples, len(path.rows)) == (12, 21)
    alone = tiny.loss(torch.from_numpy(Trajectory.load(name).context[7]), tasks).item()
    assert path.rows[7].loss == pytest.approx(alone, rel=1e-5)
    monkeypatch.setattr(PathLosses, "_measure", pytest.fail)
    assert measured(Services(services.cache), name) == path


def test_the_browser_is_told_of_a_loss_that_was_measured_on_the_examples_as_they_are(recorded_tiny):
    services, name = recorded_tiny
    assert "loss-estimate" not in services.of(Runs).open(name, silent)["files"]
    path = measured(services, name)
    address = services.of(Runs).open(name, silent)["files"]["loss-estimate"]
    said = json.loads(services.of(Runs).store.find(address.rsplit("/", 1)[1]).read_text())
    assert said == path.as_json() and said["source"].startswith("written by hand") and len(said["rows"]) == 21
    examples = registry.ASSETS / "examples" / "examples.jsonl"
    examples.write_text("".join(examples.read_text().splitlines(True)[:3]))
    assert "loss-estimate" not in services.of(Runs).open(name, silent)["files"]
    assert measured(type(services)(services.cache), name).examples == 3  # as after a new start


def asked(key):
    return SimpleNamespace(key=key, kind="estimate")


def test_the_desk_tells_how_far_the_loss_is_and_gives_it(recorded_tiny):
    services, name = recorded_tiny
    key, losses = key_of(services.of(Runs).entry(name).folder), losses_of(services)
    first, *_, last = LossDesk(losses, services).measure(asked(key), session())
    assert (first["state"], first["share"]) == ("busy", 0.0)
    assert last == {"key": key, "kind": "estimate", "state": "done", "loss": measured(services, name).as_json()}


def test_what_cannot_be_measured_is_told_in_a_sentence(recorded_tiny, monkeypatch):
    services, name = recorded_tiny
    key, losses = key_of(services.of(Runs).entry(name).folder), losses_of(services)
    *_, last = LossDesk(losses, services).measure(asked("gone"), session())
    assert last["state"] == "failed" and "'gone' is not here any longer" in last["text"]
    *_, last = LossDesk(PathLosses(services, {}), services).measure(asked(key), session())
    assert last["state"] == "failed" and "no examples with a reference" in last["text"]
    monkeypatch.setattr(losses, "_measure", lambda *_: 1 / 0)
    shown = LossDesk(losses, services).measure(asked(key), session())
    with pytest.raises(ZeroDivisionError):
        for value in shown:
            assert value["state"] == "busy" or "mistake of this program" in value["text"]


def test_measuring_can_be_cancelled_by_the_session_alone_and_leaves_nothing(recorded_tiny):
    services, name = recorded_tiny
    key, losses = key_of(services.of(Runs).entry(name).folder), losses_of(services)
    desk = LossDesk(losses, services)
    with services.model():  # another visitor's work
        values = desk.measure(asked(key), session())
        next(values)
        desk.stop(session("other"))
        assert next(values)["state"] == "busy"
        desk.stop(session())
        assert list(values)[-1] == {"key": key, "kind": "estimate", "state": "cancelled"}
    assert desk.stops == {} and "loss-estimate" not in services.of(Runs).open(name, silent)["files"]


@pytest.mark.parametrize("kind", ["state", "estimate"])
def test_either_kind_of_vector_has_its_loss(recorded_tiny, tiny, kind):
    services, name = recorded_tiny
    losses = losses_of(services)
    found = losses.of(services.of(Runs).entry(name), silent, kind).rows[7].loss
    alone = tiny.loss(torch.from_numpy(getattr(Trajectory.load(name), kind)[7]), losses.tasks).item()
    assert found == pytest.approx(alone, rel=1e-5)
    with pytest.raises(ConfigError, match="kind of vector"):
        measured(services, name, "end")


def test_a_run_of_another_backbone_is_refused(recorded_tiny):
    services, name = recorded_tiny
    services.backbone = lambda name: SimpleNamespace(name=name, sha256="another")
    with pytest.raises(ArtifactError, match="another version of the backbone"):
        measured(services, name)
