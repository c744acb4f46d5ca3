"""The Explore tab without a browser: its events, its endpoints' work, and what they say when something is wrong."""

import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from app.explore.runs.runs import Runs
from app.explore.runs.ship import ship
from app.explore.tab import Explore, number
from app.main import TABS, build_app, launch_settings
from app.page.numbers import whole
from app.page.pieces.status_line import status_line
from app.page.services import Services, as_endpoint, as_toast
from app.page.sessions import visitor_of
from app.page.stream import UNEXPECTED, Cancelled, Done, stream
from app.viewer.coded import unpack
from app.viewer.payload import PayloadStore
from app.viewer.view import RunView, key_of
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, ConfigError, DDPTError
from ddpt_core.trajectory.limits import MAX_BYTES


def silent(share, text):
    """Hears of progress and does nothing with it."""


def asked(**query):
    return SimpleNamespace(query_params=query, session_hash="a-session")


def chosen(name):
    return SimpleNamespace(name=name)


@pytest.fixture
def warnings(monkeypatch):
    """The sentences that were shown as warnings."""
    said = []
    monkeypatch.setattr(gr, "Warning", lambda message, **_: said.append(message))
    return said


def arrays_of(address):
    """The arrays of a packed file, by the address that a page is given."""
    return unpack(Path(address.removeprefix("gradio_api/file=")).read_bytes())


def test_an_opened_run_holds_what_the_core_computes(recorded):
    services, name = recorded
    files = services.of(Runs).open(name, silent)["files"]
    arrays = arrays_of(files["run"])
    trajectory = Trajectory.load(name)
    np.testing.assert_array_equal(arrays["timesteps"], trajectory.timesteps)
    np.testing.assert_array_equal(arrays["manual.ids"], [1, 2, 3, 4])
    table = services.backbone().embedding_table.numpy()
    for kind, vectors in (("state", trajectory.state), ("estimate", trajectory.context)):
        arrays = arrays if kind == "state" else arrays_of(files[kind])
        cosine = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
        cosine = cosine @ (table / np.linalg.norm(table, axis=1, keepdims=True)).T  # (S+1,P,V)
        np.testing.assert_array_equal(arrays[f"{kind}.ids"][..., 0], cosine.argmax(-1))
        np.testing.assert_allclose(arrays[f"{kind}.scores"][..., 0], cosine.max(-1), atol=1e-4)


def test_an_estimate_that_comes_later_is_the_same_and_is_waited_for(recorded, tmp_path):
    services, name = recorded
    whole = type(services)(tmp_path / "whole").of(Runs).open(name, silent)["files"]["estimate"]
    later = services.of(Runs).open(name, silent, whole=False)
    path = Path(later["files"]["estimate"].removeprefix("gradio_api/file="))
    assert services.of(Runs).open(name, silent)["files"] == later["files"], "it is not packed again meanwhile"
    for _ in range(200):
        if path.is_file():
            break
        time.sleep(0.05)
    assert path.read_bytes() == Path(whole.removeprefix("gradio_api/file=")).read_bytes()


def test_a_run_is_packed_once_and_found_again_by_another_server(recorded):
    services, name = recorded
    first = services.of(Runs).open(name, silent)
    again = type(services)(services.cache)
    again.nearest = pytest.fail  # nothing may be computed
    assert again.of(Runs).open(name, silent) == first


def test_the_first_run_opens_without_a_button(recorded):
    services, name = recorded
    *_, (value, *_form) = Explore(services).first(asked())
    assert (value["reason"], value["run"]["name"], value["step"]) == ("open", name, None)
    assert [run["label"] for run in value["runs"]] == ["own · DDPM 40 · seed 3"]
    assert len(json.dumps(value)) < 2_000  # addresses, not arrays


def test_an_address_opens_its_run_at_its_step(recorded):
    services, name = recorded
    *_, (value, *_form) = Explore(services).first(asked(run=name, step="17", seed="3"))
    assert (value["run"]["name"], value["step"]) == (name, 17)


def test_an_address_with_an_unknown_run_says_so_and_opens_the_first(recorded, warnings):
    services, name = recorded
    *_, (value, *_form) = Explore(services).first(asked(run="<b>gone</b>", step="17"))
    assert value["run"]["name"] == name
    assert "&lt;b&gt;gone&lt;/b&gt;" in warnings[0] and "<b>" not in warnings[0]
    assert name in warnings[0]


def test_an_address_with_another_seed_opens_that_run_or_fills_in_the_form(recorded, warnings):
    services, name = recorded
    *_, (value, *form) = Explore(services).first(asked(run=name, seed="8"))
    assert form == ["ddpt", "ddpm", 40, 8, [], 50, 1.0] and value["run"]["name"] == name and "seed 8" in warnings[0]
    other = services.of(Runs).record("ddpt", "ddpm", 40, 8, silent)
    *_, (value, *_form) = Explore(services).first(asked(run=name, seed="8"))
    assert value["run"]["name"] == other


def test_without_runs_the_viewer_says_what_helps(services):
    *_, (value, *_form) = Explore(services).first(asked())
    assert value["reason"] == "failed" and "new run" in value["message"]


def test_a_new_run_is_recorded_and_opened(services):
    shown = list(Explore(services).sample("ddpt", "ddim", 20, 5, None, 50, 1, "", asked()))
    opened = [value for _, _, value, *_ in shown if isinstance(value, dict) and value.get("reason") == "open"]
    assert opened[-1]["run"]["name"] == "ddpt-ddim-20-seed5"
    run = services.of(Runs).entry("ddpt-ddim-20-seed5", visitor_of("", asked()))
    assert Trajectory.load(run.folder).steps == 20 and run.unsaved
    assert "is open" in shown[-1][0]


def test_the_same_settings_are_not_recorded_twice(recorded):
    services, name = recorded
    assert services.of(Runs).record("ddpt", "ddpm", 40, 3, silent) == name
    assert list(services.of(Runs).entries()) == [name]


@pytest.mark.parametrize(
    ("prompt", "scheduler", "steps", "seed", "words"),
    [
        ("ddpt", "ddmp", 10, 0, "Unknown scheduler 'ddmp'"),
        ("ddpt", "ddpm", 0, 0, "from 1 to 2,000"),
        ("ddpt", "ddpm", 2001, 0, "from 1 to 2,000"),
        ("ddpt", "ddpm", None, 0, "Steps must be a whole number, got nothing"),
        ("ddpt", "ddpm", 10, -1, "seed"),
        ("no such", "ddpm", 10, 0, "no prompt 'no such'"),
    ],
)
def test_wrong_settings_are_answered_with_the_cores_sentence_and_no_run(
    services, prompt, scheduler, steps, seed, words
):
    shown = []
    with pytest.raises(gr.Error, match=words) as toast:
        for value in as_toast(Explore(services).sample)(prompt, scheduler, steps, seed, None, 50, 1, "", asked()):
            shown.append(value)
    assert toast.value.message.split("'")[0] in shown[-1][0]  # the same sentence stands below the form
    assert services.of(Runs).entries(visitor_of("", asked())) == {}


def test_a_cancelled_sampling_keeps_nothing_and_frees_the_model(services):
    explore = Explore(services)
    shown = explore.sample("ddpt", "ddpm", 2000, 5, None, 50, 1, "", asked())
    next(shown)
    explore.cancel(asked())
    assert "Cancelled" in list(shown)[-1][0]
    assert services.of(Runs).entries(visitor_of("", asked())) == {} and explore.stops == {}
    assert services.of(Runs).record("ddpt", "ddpm", 10, 5, silent)


def test_closing_a_stream_stops_its_work():
    ended = threading.Event()

    def work(tell):
        try:
            while True:
                tell(0.0, "working")
        except Cancelled:
            ended.set()
            raise

    notes = stream(work)
    next(notes)
    notes.close()
    assert ended.is_set()


def test_a_stream_ends_with_the_result_or_the_error():
    assert list(stream(lambda tell: 7)) == [Done(7)]
    with pytest.raises(ConfigError, match="no"):
        list(stream(lambda tell: (_ for _ in ()).throw(ConfigError("no"))))


def test_neighbours_of_a_step_are_those_of_the_packed_run(recorded):
    services, name = recorded
    found = services.of(Runs).neighbours(name, 40, k=3, kind="estimate")
    assert found["timestep"] == 0 and len(found["positions"]) == 4 and len(found["positions"][0]) == 3
    packed = arrays_of(services.of(Runs).open(name, silent)["files"]["estimate"])
    ids = [[token["token_id"] for token in position] for position in found["positions"]]
    np.testing.assert_array_equal(ids, packed["estimate.ids"][40, :, :3])


@pytest.mark.parametrize(("step", "kind"), [(41, "state"), (-1, "state"), (1.5, "state"), (3, "nothing")])
def test_neighbours_outside_the_run_are_refused(recorded, step, kind):
    services, name = recorded
    with pytest.raises(ConfigError):
        services.of(Runs).neighbours(name, step, kind=kind)


def test_a_run_of_another_backbone_is_refused_by_name(recorded):
    services, name = recorded
    services.backbone = lambda name: SimpleNamespace(name=name, sha256="another")
    with pytest.raises(ArtifactError, match=f"{name}.*another version of the backbone"):
        services.of(Runs).neighbours(name, 0)


def test_a_damaged_run_json_is_left_out_of_the_list(recorded, caplog):
    services, name = recorded
    broken = Path(services.of(Runs).entry(name).folder).parent / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    assert list(services.of(Runs).entries()) == [name]
    assert "broken" in caplog.text


def test_a_toast_shows_the_sentence_as_text():
    def fails():
        raise DDPTError("Unknown <img src=x>; choose another.")

    with pytest.raises(gr.Error) as toast:
        as_toast(fails)()
    assert toast.value.message == "Unknown &lt;img src=x&gt;; choose another."
    with pytest.raises(gr.Error, match=r"Unknown <img src=x>; choose another\."):
        as_endpoint(fails)()
    assert "&lt;b&gt;" in status_line("<b>")


def test_a_mistake_of_the_program_tells_a_stranger_nothing_of_the_machine():
    def fails():
        raise OSError("/home/someone/.secret <img src=x>")

    with pytest.raises(gr.Error) as toast:
        as_toast(fails)()
    assert toast.value.message == UNEXPECTED and isinstance(toast.value.__cause__, OSError)


@pytest.mark.parametrize("given", [None, "", "x", 1.5, float("nan"), float("inf"), True])
def test_what_is_no_whole_number_is_refused(given):
    with pytest.raises(ConfigError, match="whole number"):
        whole("Steps", given)


@pytest.mark.parametrize(
    ("text", "expected"), [("12", 12), ("-1", None), ("1e3", None), (None, None), ("9" * 30, None)]
)
def test_an_addresses_number_is_read_or_ignored(text, expected):
    assert number(text) == expected


def test_the_page_has_named_endpoints_and_serves_only_packed_runs(services):
    page = build_app(services)
    public = {fn.api_name for fn in page.fns.values() if fn.api_visibility == "public"}
    assert {"list_runs", "open_run", "new_run", "project", "neighbours"} <= public
    assert {"keep_run", "rename_run", "delete_run", "restore_run", "download_run", "upload_run"} <= public
    assert not any(name.startswith(("lambda", "first", "chosen")) for name in public)
    settings = launch_settings(services)
    assert [Path(folder).name for folder in settings["allowed_paths"]] == ["viewer"]
    assert settings["state_session_capacity"] <= 1_000 and settings["run_history"] is False
    assert settings["max_file_size"] == MAX_BYTES  # of a run's zip; task files have a lower limit of their own
    assert page.analytics_enabled is False


def test_every_tab_has_a_name_for_addresses_and_a_label():
    assert next(iter(TABS)) == "explore"
    assert all(name.isidentifier() and label and callable(build) for name, (label, build) in TABS.items())


def test_two_runs_lie_on_one_map_since_they_share_its_axes(recorded):
    services, name = recorded
    second = services.of(Runs).record("ddpt", "ddim", 20, 4, silent)
    first, beside = services.of(Runs).open(name, silent), services.of(Runs).beside(name, second, silent)
    assert beside["name"] == second and beside["files"]["map"] == first["files"]["map"]
    places = arrays_of(first["files"]["map"])["pca.vocabulary"]
    table = services.backbone().embedding_table.numpy()
    to_map, *_ = np.linalg.lstsq(np.hstack([table, np.ones((len(table), 1))]), places, rcond=None)  # solved from tokens
    for described in (first, beside):
        vectors = Trajectory.load(described["name"]).state
        by_hand = np.concatenate([vectors, np.ones((*vectors.shape[:2], 1))], -1) @ to_map
        np.testing.assert_allclose(arrays_of(described["files"]["run"])["pca.state"], by_hand, atol=2e-3)


@pytest.mark.slow
def test_umap_is_fitted_once_and_says_how_far_it_can_be_trusted(recorded):
    services, name = recorded
    *_, value = Explore(services).umap(chosen(name), asked())
    assert value["reason"] == "umap" and 0 < value["run"]["quality"]["umap"]["trust"] <= 1
    arrays = arrays_of(value["run"]["files"]["umap"])
    assert arrays["umap.vocabulary"].shape == (300, 2) and arrays["umap.estimate"].shape == (41, 4, 2)
    *_, again = Explore(services).umap(chosen(name), asked())
    assert again["run"] == value["run"]


def test_every_embedded_run_comes_packed_so_that_nobody_waits(tmp_path):
    services = Services(tmp_path / "cache")
    for name, entry in services.of(Runs).entries().items():
        if entry.embedded:
            packed = PayloadStore(tmp_path / "unpacked", shipped=registry.ASSETS / "views")
            assert RunView(packed, key_of(entry.folder)).read(), (
                f"run `python -m app.explore.runs.ship`: {name} is not packed"
            )


def test_shipping_packs_embedded_runs_only_and_removes_what_is_stale(recorded):
    services, name = recorded
    embedded = registry.ASSETS / "runs" / "shown"
    embedded.parent.mkdir()
    services.of(Runs).entry(name).folder.rename(embedded)
    services.of(Runs).record("ddpt", "ddim", 20, 4, silent)
    (registry.ASSETS / "views").mkdir()
    (registry.ASSETS / "views" / "stale.json").write_text("{}")
    files = ship(services, umap=False)
    assert sorted(file.name for file in (registry.ASSETS / "views").iterdir()) == files
    assert len(files) == 5  # card, tokens, map, run, estimate
    fresh = type(services)(services.cache / "another")
    fresh.backbone = pytest.fail  # nothing may be loaded
    assert set(fresh.of(Runs).open("shown", silent)["files"]) == {"tokens", "map", "run", "estimate"}
