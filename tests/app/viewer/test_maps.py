"""The maps behind the viewer: what is marked on them, what they are named by, two runs on one, and what is refused."""

import json
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import torch

from app.explore.runs import ship
from app.explore.runs.recent import RecentTrajectories, size_of
from app.explore.runs.runs import Runs
from app.explore.tab import Explore
from app.page.services import as_toast
from app.page.stream import Cancelled
from app.viewer.coded import unpack
from app.viewer.joint_maps import UmapChoice
from app.viewer.marks import tuned_sha256
from app.viewer.side_by_side import side_by_side
from app.viewer.view import key_of
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, ConfigError
from ddpt_core.prompts.prompt_tuning import save_vectors

VOCABULARY, WIDTH = 300, 32  # of the tiny backbone
TUNED = 3  # vectors of the prompt-tuning prompt, fewer than the run has positions


def silent(share, text):
    """Hears of progress and does nothing with it."""


def arrays_of(described, part):
    files = [described["files"][part]] if isinstance(described["files"][part], str) else described["files"][part]
    read = (unpack(Path(file.removeprefix("gradio_api/file=")).read_bytes()) for file in files)
    return {name: values for arrays in read for name, values in arrays.items()}


@pytest.fixture
def tuned(recorded):
    """Services and a run's name, with an embedded prompt-tuning prompt of TUNED random vectors; and these."""
    vectors = torch.randn(TUNED, WIDTH, generator=torch.Generator().manual_seed(5))
    return *recorded, embed(vectors, backbone_of(recorded[0]).sha256).numpy()


def backbone_of(services):
    return services.backbone()


def table_of(services):
    return backbone_of(services).embedding_table.numpy()


def embed(vectors, sha256):
    info = {"method": "prompt-tuning", "context": "Write code:"}
    info["backbone"] = {"name": registry.DEFAULT, "sha256": sha256}
    save_vectors(vectors, registry.ASSETS / "prompts" / "prompt-tuning", info)
    return vectors


def test_tuned_vectors_lie_where_the_map_puts_such_vectors_beside_their_nearest_tokens(tuned):
    services, name, vectors = tuned
    described = services.of(Runs).open(name, silent)
    arrays = arrays_of(described, "map") | arrays_of(described, "run")
    table = table_of(services).astype(np.float64)
    known = np.hstack([table, np.ones((VOCABULARY, 1))])
    to_map, *_ = np.linalg.lstsq(known, arrays["pca.vocabulary"], rcond=None)  # the map is linear: solved from tokens
    by_hand = np.hstack([vectors, np.ones((TUNED, 1))]) @ to_map
    np.testing.assert_allclose(arrays["pca.tuned"], by_hand, atol=1e-3)
    cosines = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)) @ (
        table / np.linalg.norm(table, axis=1, keepdims=True)
    ).T
    np.testing.assert_array_equal(arrays["tuned.ids"], cosines.argmax(1))
    np.testing.assert_allclose(arrays["pca.manual"], arrays["pca.vocabulary"][arrays["manual.ids"]], atol=1e-3)


def test_without_a_prompt_tuning_prompt_of_the_backbone_nothing_is_marked(recorded):
    services, name = recorded
    run = services.of(Runs).entry(name).folder
    key = key_of(run)
    assert not any("tuned" in array for array in arrays_of(services.of(Runs).open(name, silent), "run"))
    embed(torch.ones(TUNED, WIDTH), sha256="another")
    assert tuned_sha256(backbone_of(services).sha256) is None and key_of(run) == key


def test_the_key_changes_with_what_is_marked(recorded):
    services, name = recorded
    folder, keys = services.of(Runs).entry(name).folder, set()
    for level in (0.0, 1.0):
        embed(torch.full((TUNED, WIDTH), level), backbone_of(services).sha256)
        keys.add(key_of(folder))
    assert len(keys) == 2


def test_a_damaged_prompt_tuning_prompt_is_left_out_with_a_line_in_the_log(tuned, caplog):
    services, name, _ = tuned
    (registry.ASSETS / "prompts" / "prompt-tuning" / "weights.safetensors").write_bytes(b"no tensors")
    assert "pca.tuned" not in arrays_of(services.of(Runs).open(name, silent), "run")
    assert "left out of the picture" in caplog.text


def test_an_opened_run_holds_the_curves_of_both_kinds_of_vector(recorded):
    services, name = recorded
    described, run = services.of(Runs).open(name, silent), Trajectory.load(name)
    manual = table_of(services)[[1, 2, 3, 4]]
    for part, kind, vectors in (("run", "state", run.state), ("estimate", "estimate", run.context)):
        arrays = arrays_of(described, part)
        curves = {"norm": vectors, "to_end": vectors - vectors[-1], "to_manual": vectors - manual}
        for curve, difference in curves.items():
            exact = np.linalg.norm(difference, axis=-1)
            np.testing.assert_allclose(arrays[f"{kind}.{curve}"], exact, rtol=1e-4, atol=1e-4 * exact.max())


def test_all_runs_of_a_backbone_share_one_file_of_places_and_say_how_much_of_each_is_shown(recorded):
    services, name = recorded
    other = services.of(Runs).record("ddpt", "ddim", 20, 4, silent)
    first, second = (services.of(Runs).open(run, silent) for run in (name, other))
    assert first["files"]["map"] == second["files"]["map"] and first["files"]["run"] != second["files"]["run"]
    one, two = (described["quality"]["pca"] for described in (first, second))
    assert one["explained_vocabulary"] == two["explained_vocabulary"]
    assert one["explained_paths"] != two["explained_paths"]
    assert (one["tokens"], one["contexts"]) == (VOCABULARY, 0)  # nothing was shipped: the vocabulary alone decides
    assert 0 < one["trust"] <= 1


def map_of(services, seed):
    """The address of the vocabulary's map of a new run."""
    runs = services.of(Runs)
    return runs.open(runs.record("ddpt", "ddim", 20, seed, silent), silent)["files"]["map"]


def test_axes_are_fitted_once_and_a_damaged_file_of_them_is_made_anew(recorded, caplog, monkeypatch):
    services, name = recorded
    first = services.of(Runs).open(name, silent)["files"]["map"]
    (file,) = (services.of(Runs).store.folder / "axes").glob("*.safetensors")
    with monkeypatch.context() as patched:
        patched.setattr("app.viewer.shared_maps.fit_axes", pytest.fail)
        assert map_of(services, 4) == first
    file.write_bytes(b"no tensors")
    assert map_of(services, 5) == first
    assert file.name in caplog.text and file.read_bytes() != b"no tensors"


def test_a_run_on_its_own_axes_is_the_pca_of_it_and_of_the_second_run(recorded):
    services, name = recorded
    second = services.of(Runs).record("ddpt", "ddim", 20, 4, silent)
    alone, both = services.of(Runs).add_own_axes(name, silent), services.of(Runs).add_own_axes(name, silent, second)
    assert alone["files"]["own"] != both["files"]["own"]
    assert (alone["quality"]["own"]["second"], both["quality"]["own"]["second"]) == ("", second)
    assert alone["quality"]["own"]["steps"] == VOCABULARY // 2 // 4  # half of the vocabulary's weight for each path
    shapes = {array: values.shape for array, values in arrays_of(both, "own").items()}
    assert shapes["own.vocabulary"] == (VOCABULARY, 3) and shapes["own.second.state"] == (21, 4, 3)
    shared, own = (alone["quality"][part] for part in ("pca", "own"))
    assert sum(own["explained"]) > sum(shared["explained_paths"])
    services.nearest = services.backbone = pytest.fail  # what was made once is only looked up
    assert services.of(Runs).add_own_axes(name, silent, second) == both


def embedded(services, name):
    """The run, moved to where shipped ones lie."""
    folder = services.of(Runs).entry(name).folder
    (registry.ASSETS / "runs").mkdir(exist_ok=True)
    folder.rename(registry.ASSETS / "runs" / name)


def test_shipping_fits_the_axes_to_the_prompts_and_leaves_only_what_the_runs_need(tuned):
    services, name, _ = tuned
    before = services.of(Runs).open(name, silent)["files"]["map"]
    embedded(services, name)
    for folder in ("views", "maps"):
        (registry.ASSETS / folder).mkdir()
        (registry.ASSETS / folder / "of-another").write_bytes(b"old")
    made = ship.ship(services, umap=False)
    views = sorted(file.name for file in (registry.ASSETS / "views").iterdir())
    assert views == made and all(file.endswith(".gz") for file in views)
    key = key_of(services.of(Runs).entry(name).folder)
    assert {"map", "tokens"} == {file.partition("-")[0] for file in made if not file.startswith(key)}
    card = json.loads(next((registry.ASSETS / "maps").glob("*.json")).read_text())
    assert card["contexts"] == TUNED + 4 and len(list((registry.ASSETS / "maps").iterdir())) == 2
    assert ship.ship(services, umap=False) == made  # the same files each time

    fresh = type(services)(services.cache / "fresh")
    fresh.nearest = fresh.backbone = pytest.fail
    described = fresh.of(Runs).open(name, silent)
    assert described["files"]["map"].rpartition("/")[2] != before.rpartition("/")[2]
    assert described["quality"]["pca"]["contexts"] == TUNED + 4
    assert "umap" not in described["files"]


@pytest.mark.slow
def test_shipped_runs_share_one_umap_of_all_tokens_that_is_there_when_they_are_opened(tuned):
    services, name, _ = tuned
    other = services.of(Runs).record("ddpt", "ddim", 20, 4, silent)
    for run in (name, other):
        embedded(services, run)
    ship.ship(services)
    fresh = type(services)(services.cache / "fresh")
    fresh.nearest = fresh.backbone = pytest.fail
    first, second = (fresh.of(Runs).open(run, silent) for run in (name, other))
    assert first["files"]["umap"][0] == second["files"]["umap"][0]
    arrays = arrays_of(first, "umap")
    shapes = {array: values.shape for array, values in arrays.items()}
    assert shapes == {
        "umap.vocabulary": (VOCABULARY, 2),
        "umap.state": (41, 4, 2),
        "umap.estimate": (41, 4, 2),
        "umap.manual": (4, 2),
        "umap.tuned": (TUNED, 2),
    }
    assert all(np.isfinite(places).all() for places in arrays.values())
    quality = first["quality"]["umap"]
    assert {"tokens": VOCABULARY, "runs": 2, "second": "", "steps": 21, "seed": 0}.items() <= quality.items()


@pytest.mark.slow
def test_umap_of_two_runs_is_one_map_named_by_all_that_made_it(tuned):
    services, name, _ = tuned
    second = services.of(Runs).record("ddpt", "ddim", 20, 4, silent)
    explore = Explore(services)

    def fit(**chosen):
        event = SimpleNamespace(name=name, second=second, **chosen)
        *_, value = explore.umap(event, SimpleNamespace(query_params={}, session_hash="a-session"))
        assert value["reason"] == "umap" and value["run"]["name"] == name
        return value["run"]

    run = fit(seed=7, n_neighbors=5, min_dist=0.4)
    quality = run["quality"]["umap"]
    told = {"seed": 7, "n_neighbors": 5, "min_dist": 0.4, "second": second, "metric": "cosine", "tokens": VOCABULARY}
    assert told.items() <= quality.items() and 0 < quality["trust"] <= 1 and quality["steps"] == 21
    shapes = {array: values.shape for array, values in arrays_of(run, "umap").items()}
    assert shapes == {
        "umap.vocabulary": (VOCABULARY, 2),
        "umap.state": (41, 4, 2),
        "umap.estimate": (41, 4, 2),
        "umap.second.state": (21, 4, 2),
        "umap.second.estimate": (21, 4, 2),
        "umap.manual": (4, 2),
        "umap.tuned": (TUNED, 2),
    }
    files = {run["files"]["umap"], fit(seed=8, n_neighbors=5, min_dist=0.4)["files"]["umap"]}
    services.nearest = services.backbone = pytest.fail  # what was made once is only looked up
    assert fit(seed=7, n_neighbors=5, min_dist=0.4) == run and len(files) == 2


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"seed": -1}, "seed must be from 0 to 4,294,967,295"),
        ({"seed": 2**32}, "seed must be from 0 to 4,294,967,295"),
        ({"seed": "<b>"}, "Seed must be a whole number, got '&lt;b&gt;'"),
        ({"seed": None}, "Seed must be a whole number, got nothing"),
        ({"n_neighbors": 1}, "from 2 to 200, got 1"),
        ({"n_neighbors": 201}, "from 2 to 200, got 201"),
        ({"n_neighbors": [15]}, "n_neighbors must be a whole number"),
        ({"n_neighbors": float("inf")}, "n_neighbors must be a whole number"),
        ({"min_dist": 1}, r"from 0 to 0\.99, got 1"),
        ({"min_dist": float("nan")}, r"from 0 to 0\.99, got nan"),
        ({"min_dist": "0.1; drop"}, "min_dist must be a number"),
        ({"second": "no such run"}, "There is no run 'no such run'"),
    ],
)
def test_what_umap_cannot_take_is_answered_with_a_sentence_before_anything_is_loaded(recorded, chosen, words):
    services, name = recorded
    services.of(Runs).open(name, silent)
    services.nearest = services.backbone = pytest.fail
    event = SimpleNamespace(**{"name": name, "second": ""} | chosen)
    with pytest.raises(gr.Error, match=words):
        list(as_toast(Explore(services).umap)(event, SimpleNamespace(query_params={}, session_hash="a-session")))


def test_numbers_from_a_page_come_as_floats_too():
    assert UmapChoice.of(3.0, 20.0, 0) == UmapChoice.of(3, 20, 0.0)


def test_a_recorded_run_is_not_read_from_disk_to_be_shown(services, monkeypatch):
    name = services.of(Runs).record("ddpt", "ddpm", 20, 3, silent)
    monkeypatch.setattr(Trajectory, "load", pytest.fail)
    assert services.of(Runs).open(name, silent)["files"]


def test_the_last_used_trajectories_are_kept_within_the_room_but_always_the_last(services):
    names = [services.of(Runs).record("ddpt", "ddpm", 10, seed, silent) for seed in range(3)]
    entries = [services.of(Runs).entry(name) for name in names]
    backbone, one = backbone_of(services), size_of(Trajectory.load(names[0]))
    kept = RecentTrajectories(room=2 * one)
    first, second = (kept.load(entry, backbone) for entry in entries[:2])
    assert kept.load(entries[0], backbone) is first  # and so the second is the older one
    kept.load(entries[2], backbone)
    assert kept.load(entries[0], backbone) is first and kept.load(entries[1], backbone) is not second
    small = RecentTrajectories(room=1)
    assert small.load(entries[0], backbone) is small.load(entries[0], backbone)


def test_a_changed_run_json_is_never_answered_from_memory(recorded):
    services, name = recorded
    entry, backbone = services.of(Runs).entry(name), backbone_of(services)
    services.of(Runs).recent.load(entry, backbone)
    file = entry.folder / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"tensors_sha256": "0" * 64}))
    with pytest.raises(ArtifactError, match="does not match"):
        services.of(Runs).recent.load(entry, backbone)


def test_two_pieces_of_work_run_side_by_side_and_either_may_fail():
    assert side_by_side(lambda: 1, lambda: 2) == (1, 2)

    def fails(error):
        raise error

    with pytest.raises(ConfigError, match="first"):
        side_by_side(lambda: fails(ConfigError("first")), lambda: 2)
    with pytest.raises(Cancelled):
        side_by_side(lambda: 1, lambda: fails(Cancelled()))
