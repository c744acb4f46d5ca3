"""The library of runs without a browser: whose a run is, what can be done to it, and what an upload may be."""

import json
import os
import re
import shutil
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app.explore.library_panel import LibraryPanel
from app.explore.runs.library import Library
from app.explore.runs.run_entry import RunEntry
from app.explore.runs.run_picture import run_picture
from app.explore.runs.runs import Runs, progress_of
from app.explore.runs.unsaved import HOURS
from app.explore.tab import Explore
from app.page.sessions import visitor_of
from app.viewer.view import key_of
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError
from ddpt_core.trajectory.trajectory import available_runs

ANN, BOB = visitor_of("ann", None), visitor_of("bob", None)


def silent(share, text):
    """Hears of progress and does nothing with it."""


def session(name):
    return SimpleNamespace(query_params={}, session_hash=name)


def event(**data):
    return SimpleNamespace(**data)


@pytest.fixture
def library(services):
    return Library(services)


@pytest.fixture
def made(services):
    """Samples an unsaved run: made(visitor, seed) -> its name."""
    return lambda visitor, seed=5: services.of(Runs).record("ddpt", "ddim", 8, seed, silent, visitor)


@pytest.fixture
def embedded(recorded):
    """The name of a run that came with the project."""
    services, name = recorded
    folder = registry.ASSETS / "runs" / name
    folder.parent.mkdir()
    services.of(Runs).entry(name).folder.rename(folder)
    return name


def everything(folder):
    """Every file below a folder."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


# Whose a run is


def test_an_unsaved_run_is_its_visitors_alone(services, made):
    name = made(ANN)
    assert [*services.of(Runs).entries(ANN)] == [name] and services.of(Runs).entry(name, ANN).unsaved
    assert services.of(Runs).entries(BOB) == services.of(Runs).entries() == {} == available_runs()
    for other in (BOB, None):
        with pytest.raises(ArtifactError, match=f"no run '{name}'; the runs here are: none yet"):
            services.of(Runs).open(name, silent, other)


def test_the_same_settings_give_each_visitor_a_run_of_their_own(services, made):
    assert made(ANN) == made(BOB) == made(ANN)
    ann, bob = (services.of(Runs).entry("ddpt-ddim-8-seed5", visitor) for visitor in (ANN, BOB))
    assert ann.folder != bob.folder
    np.testing.assert_array_equal(Trajectory.load(ann.folder).x, Trajectory.load(bob.folder).x)


def test_the_same_settings_at_the_same_time_disturb_nobody(services, made):
    names = {}
    threads = [threading.Thread(target=lambda who=who: names.update({who: made(who)})) for who in (ANN, BOB)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name for who in (ANN, BOB) for name in services.of(Runs).entries(who)} == set(names.values())
    assert all(services.of(Runs).open(names[who], silent, who)["unsaved"] for who in (ANN, BOB))


def test_a_key_finds_any_run_but_a_name_does_not(services, made, recorded):
    name = made(BOB)
    entry = services.of(Runs).entry(name, BOB)
    assert services.of(Runs).by_key(key_of(entry.folder)).folder == entry.folder
    kept = services.of(Runs).entry(recorded[1])
    assert services.of(Runs).by_key(key_of(kept.folder)) == kept
    with pytest.raises(ArtifactError, match="not here any longer"):
        services.of(Runs).by_key("0" * 20)


def test_one_visitors_cancel_leaves_anothers_sampling_alone(services):
    explore = Explore(services)
    ann, bob = (explore.sample("ddpt", "ddpm", 300, 5, None, 50, 1, "", session(who), who) for who in ("ann", "bob"))
    next(ann), next(bob)
    explore.cancel(session("ann"))
    assert "Cancelled" in list(ann)[-1][0]
    assert "is open" in list(bob)[-1][0]
    assert services.of(Runs).entries(ANN) == {} and [*services.of(Runs).entries(BOB)] == ["ddpt-ddpm-300-seed5"]


def test_a_window_is_known_by_what_it_says_and_a_client_by_its_session():
    assert visitor_of("one", session("s")) == visitor_of("one", session("t")) != visitor_of("two", session("s"))
    assert visitor_of("", session("s")) == visitor_of(None, session("s")) != visitor_of("s", session("s"))
    assert visitor_of("../../etc", None).isalnum() and visitor_of("x" * 10_000, None).isalnum()


def test_every_event_of_the_page_is_answered_for_its_own_window(services, made):
    name = made(ANN)
    explore = Explore(services)
    ours = [*explore.chosen(event(name=name), session("s"), "ann")]
    assert ours[-1]["run"]["name"] == name and [run["name"] for run in ours[-1]["runs"]] == [name]
    theirs = explore.chosen(event(name=name), session("s"), "bob")
    assert next(theirs)["reason"] == "failed"


# Keep, rename, delete


def test_a_kept_run_is_there_for_everybody_and_for_the_command_line(services, library, made):
    name = made(ANN)
    entry = library.keep(name, ANN)
    assert not entry.unsaved and [*available_runs()] == [name] == [*services.of(Runs).entries(BOB)]
    assert Trajectory.load(name).steps == 8
    assert everything(services.of(Runs).unsaved.root) == []
    with pytest.raises(ArtifactError, match="kept already"):
        library.keep(name, ANN)


def test_two_visitors_who_keep_the_same_name_both_keep_their_run(services, library, made):
    name = made(ANN), made(BOB)
    assert library.keep(name[0], ANN).name == "ddpt-ddim-8-seed5"
    assert library.keep(name[1], BOB).name == "ddpt-ddim-8-seed5-2"
    assert [*available_runs()] == ["ddpt-ddim-8-seed5", "ddpt-ddim-8-seed5-2"]


@pytest.mark.parametrize("kept", [False, True])
def test_a_run_is_renamed_and_stays_the_same(services, library, made, kept):
    name = made(ANN)
    before = key_of((library.keep(name, ANN) if kept else services.of(Runs).entry(name, ANN)).folder)
    entry = library.rename(name, " A_name+1.b-c ", ANN)
    assert entry.name == "A_name+1.b-c" and entry.unsaved is not kept
    assert key_of(entry.folder) == before
    assert [*services.of(Runs).entries(ANN)] == ["A_name+1.b-c"]


@pytest.mark.parametrize("new", ["", " ", ".hidden", "..", "a/b", "a\\b", "a b", "ü", "x" * 81, "a\nb", None])
def test_a_name_that_cannot_be_is_refused(services, library, made, new):
    name = made(ANN)
    with pytest.raises(ArtifactError, match="1 to 80 letters"):
        library.rename(name, new, ANN)
    assert [*services.of(Runs).entries(ANN)] == [name]


def test_a_name_that_is_taken_is_refused(services, library, made, embedded):
    name, other = made(ANN), made(ANN, 6)
    for taken in (other, embedded):
        with pytest.raises(ArtifactError, match=f"a run '{taken}' already"):
            library.rename(name, taken, ANN)


def test_an_embedded_run_is_neither_renamed_nor_deleted_nor_kept(library, embedded):
    for change, words in (("rename", "renamed"), ("delete", "deleted")):
        with pytest.raises(ArtifactError, match=f"came with the project and cannot be {words}"):
            getattr(library, change)(embedded, *(["other"] if change == "rename" else []), ANN)
    with pytest.raises(ArtifactError, match="kept already"):
        library.keep(embedded, ANN)


def test_on_a_space_a_visitor_changes_nothing_that_is_everybodys(services, library, made, monkeypatch):
    kept = library.keep(made(ANN), ANN).name
    monkeypatch.setenv("SPACE_ID", "owner/space")
    for change in (lambda: library.rename(kept, "mine", BOB), lambda: library.delete(kept, BOB)):
        with pytest.raises(ArtifactError, match="everybody's"):
            change()
    own = made(BOB, 6)
    with pytest.raises(ArtifactError, match="download it"):
        library.keep(own, BOB)
    assert library.rename(own, "mine", BOB).unsaved and library.delete("mine", BOB)


@pytest.mark.parametrize("kept", [False, True])
def test_a_deleted_run_can_be_brought_back(services, library, made, kept):
    name = made(ANN)
    if kept:
        library.keep(name, ANN)
    before = services.of(Runs).entry(name, ANN)
    files = everything(before.folder)
    undo = library.delete(name, ANN)
    assert services.of(Runs).entries(ANN) == {} == available_runs()
    assert library.restore(undo, ANN) == before and everything(before.folder) == files
    with pytest.raises(ArtifactError, match="cannot be brought back"):
        library.restore(undo, ANN)


def test_a_run_comes_back_by_another_name_if_its_own_was_taken(library, made):
    name = made(ANN)
    undo = library.delete(name, ANN)
    assert made(ANN) == name
    assert library.restore(undo, ANN).name == f"{name}-2"


def test_nobody_brings_back_or_changes_anothers_unsaved_run(library, made):
    name = made(ANN)
    for change in (lambda: library.keep(name, BOB), lambda: library.rename(name, "b", BOB)):
        with pytest.raises(ArtifactError, match="no run"):
            change()
    for work in (library.delete, library.pack):
        with pytest.raises(ArtifactError, match="no run"):
            work(name, BOB)
    undo = library.delete(name, ANN)
    with pytest.raises(ArtifactError, match="cannot be brought back"):
        library.restore(undo, BOB)


@pytest.mark.parametrize("undo", ["", "..", "../..", "/", "x" * 24, "0" * 24, "a\0b"])
def test_a_word_that_undoes_nothing_is_refused(library, made, undo):
    made(ANN)
    with pytest.raises(ArtifactError, match="cannot be brought back"):
        library.restore(undo, ANN)


def test_unsaved_runs_are_removed_some_hours_after_their_last_use(services, library, made):
    old, trashed, used = made(ANN, 1), made(ANN, 2), made(ANN, 3)
    files = services.of(Runs).open(old, silent, ANN)["files"]
    kept = library.keep(made(ANN, 4), ANN)
    undo = library.delete(trashed, ANN)
    folder = services.of(Runs).unsaved.folder(ANN)
    long_ago = time.time() - HOURS * 3_600 - 60
    for path in (folder / old, folder / used, folder / ".trash" / undo, kept.folder):
        os.utime(path, (long_ago, long_ago))
    services.of(Runs).entry(used, ANN)  # which uses it
    again = type(services)(services.cache)  # a server that starts looks for old ones first
    assert [*again.of(Runs).entries(ANN)] == [used, kept.name]
    assert not any((folder / name).exists() for name in (old, ".trash"))
    assert not Path(files["run"].removeprefix("gradio_api/file=")).exists()


def test_a_visitors_empty_folder_is_removed_but_not_one_that_a_run_may_just_be_coming_into(services):
    fresh, left = (services.of(Runs).unsaved.folder(visitor) for visitor in (ANN, BOB))
    for folder in (fresh, left):
        folder.mkdir(parents=True)
    os.utime(left, (0, 0))
    services.of(Runs).unsaved.of(ANN)
    assert fresh.is_dir() and not left.exists()


def test_what_was_packed_of_a_removed_run_stays_if_another_has_the_same_content(services, made):
    name = made(ANN)
    entry = services.of(Runs).entry(name, ANN)
    shutil.copytree(entry.folder, services.of(Runs).unsaved.folder(BOB) / "copy")
    run = Path(services.of(Runs).open(name, silent, ANN)["files"]["run"].removeprefix("gradio_api/file="))
    services.of(Runs).remove(entry.folder)
    assert run.is_file() and not entry.folder.exists()
    services.of(Runs).remove(services.of(Runs).entry("copy", BOB).folder)
    assert not run.exists()


# Down and up


def test_a_downloaded_run_can_be_uploaded_again_by_somebody_else(services, library, made):
    name = made(ANN)
    archive = library.pack(name, ANN)
    assert archive.name == f"{name}.zip"
    entry, new = library.take_in(archive, BOB, silent)
    assert (entry.name, entry.unsaved, new) == (name, True, True)
    ours = services.of(Runs).entry(name, ANN).folder
    for file in everything(ours):
        assert (entry.folder / file).read_bytes() == (ours / file).read_bytes()
    assert services.of(Runs).open(name, silent, BOB)["steps"] == 8


def test_a_run_that_is_here_already_is_not_taken_in_again(services, library, made):
    name = made(ANN)
    archive = library.pack(name, ANN)
    assert library.take_in(archive, ANN, silent) == (services.of(Runs).entry(name, ANN), False)
    assert [*services.of(Runs).entries(ANN)] == [name]
    library.delete(name, ANN)
    assert library.take_in(archive, ANN, silent)[1]


def test_an_uploaded_name_becomes_one_that_a_run_can_have(library, made, tmp_path):
    archive = library.pack(made(ANN), ANN)
    odd = archive.rename(tmp_path / "..ein Lauf $(x).zip")
    assert library.take_in(odd, BOB, silent)[0].name == "ein-Lauf-x-"


def changed(archive, to, **changes):
    """Writes the zip with other values in run.json."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(to, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.endswith("run.json"):
                content = json.dumps(json.loads(content) | changes).encode()
            new.writestr(entry.filename, content)
    return to


@pytest.mark.parametrize(
    ("backbone", "words"),
    [
        ({"name": registry.DEFAULT, "sha256": "0" * 64}, f"another version of the backbone {registry.DEFAULT!r}"),
        ({"name": "somebody/unknown", "sha256": "0" * 64}, "'somebody/unknown', which is not here"),
        ({"name": "../../secret", "sha256": "0" * 64}, "which is not here"),
    ],
)
def test_a_run_of_a_backbone_that_is_not_here_is_refused_and_nothing_is_loaded(
    services, library, made, tmp_path, backbone, words
):
    archive = changed(library.pack(made(ANN), ANN), tmp_path / "given.zip", backbone=backbone)
    before = everything(services.cache)
    real = services.backbone
    services.backbone = lambda name: real(name) if name == registry.DEFAULT else pytest.fail("loaded")
    with pytest.raises(ArtifactError, match=words):
        library.take_in(archive, BOB, silent)
    assert everything(services.cache) == before and services.of(Runs).entries(BOB) == {}


def test_a_refused_upload_is_told_in_the_list_and_leaves_nothing(services, tmp_path):
    (tmp_path / "given.zip").write_bytes(b"<img src=x>")
    panel, explore = LibraryPanel(services), Explore(services)
    *_, (listing, _viewer) = panel.uploading(explore)(str(tmp_path / "given.zip"), session("s"), "ann")
    assert 'class="said failed"' in listing and "is no zip" in listing
    assert everything(services.of(Runs).unsaved.root) == []


def test_an_upload_stopped_on_the_way_leaves_nothing(services, library, made):
    archive = library.pack(made(ANN), ANN)

    def stop(share, text):
        if share == 1.0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.take_in(archive, BOB, stop)
    assert everything(services.of(Runs).unsaved.folder(BOB)) == []


def test_unsaved_runs_may_take_only_so_much_room(services, library, made, monkeypatch):
    name = made(ANN)
    archive = library.pack(name, ANN)
    monkeypatch.setattr("app.explore.runs.unsaved.ROOM", 100)
    for work in (lambda: made(ANN, 6), lambda: library.take_in(archive, ANN, silent)):
        with pytest.raises(ArtifactError, match="keep or delete one first"):
            work()
    assert made(ANN) == name and made(BOB)  # what is there is there, and nobody else is kept from theirs


# The list, and a run while it is made


def test_the_list_offers_what_can_be_done_and_shows_text_as_text(services, made, embedded):
    name = made(ANN)
    folder = services.of(Runs).entry(name, ANN).folder
    info = json.loads((folder / "run.json").read_text()) | {"context": "<img src=x onerror=alert(1)>${1}"}
    (folder / "run.json").write_text(json.dumps(info))
    listing = LibraryPanel(services).shown(ANN, "<b>said</b>", undo='"><b>')
    assert "&lt;img src=x onerror=alert(1)&gt;" in listing and "<img" not in listing and "<b>" not in listing
    ours, theirs = listing.split("<li ")[1:]
    assert name in ours and "only yours" in ours and embedded in theirs and "came with the project" in theirs
    for act, here, there in [("keep_run", 1, 0), ("delete_run", 1, 0), ("rename", 1, 0), ("download_run", 1, 1)]:
        assert (f'data-act="{act}"' in ours, f'data-act="{act}"' in theirs) == (bool(here), bool(there))


def test_every_action_tells_what_it_did_and_which_runs_there_are(services, made):
    name = made(ANN)
    panel, explore = LibraryPanel(services), Explore(services)

    def act(change, **data):
        return panel.changing(getattr(panel, change), explore)(event(**data), session("s"), "ann")

    opened = services.of(Runs).open(name, silent, ANN)
    listing, value = act("rename_run", name=name, to="mine")
    assert "is now called mine" in listing and [run["name"] for run in value["runs"]] == ["mine"]
    assert (value["run"]["key"], value["run"]["name"]) == (opened["key"], "mine")  # for the viewer
    listing, value = act("delete_run", name="mine")
    undo = listing.split('data-undo="')[1].split('"')[0]
    assert value["reason"] == "runs" and value["runs"] == []
    assert "mine is back" in act("restore_run", undo=undo)[0]
    assert "mine is kept" in act("keep_run", name="mine")[0]
    assert "failed" in (refused := act("rename_run", name="mine", to="a/b"))[0] and "letters" in refused[0]


def test_a_thumbnail_is_made_once_a_run_was_opened(services, library, made):
    name = made(ANN)
    entry = services.of(Runs).entry(name, ANN)
    assert library.thumbnail(entry) == ""
    services.of(Runs).open(name, silent, ANN)
    picture = library.thumbnail(entry)
    assert picture.startswith("<svg") and picture == library.thumbnail(entry)
    assert (services.of(Runs).store.folder / f"{key_of(entry.folder)}-picture.svg").read_text() == picture


def test_a_run_is_drawn_while_it_is_sampled(services):
    sketch = Explore(services).sketches.new()
    assert sketch.picture() == ""
    seen = []

    def watch(prompt, steps, step):
        sketch.add(prompt, steps, step)
        seen.append(sketch.picture().count("L"))

    name = services.of(Runs).record("ddpt", "ddpm", 40, 3, silent, ANN, watch)
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] > 4 * 30  # 4 positions
    run = Trajectory.load(services.of(Runs).entry(name, ANN).folder)
    drawn = np.stack(sketch.places)  # (k,P,2)
    np.testing.assert_allclose(drawn[-1], (run.state[-1] - sketch.axes.mean) @ sketch.axes.main, atol=1e-4)
    np.testing.assert_allclose(sketch.axes.main.T @ sketch.axes.main, np.eye(2), atol=1e-9)


def test_a_picture_keeps_the_first_and_last_point_and_leaves_out_what_has_no_place():
    tokens = np.array([[0, 0], [np.nan, 1], [10, 10]], float)
    way = np.stack([np.linspace(1, 9, 999), np.full(999, 5)], 1)
    picture = run_picture(tokens, way[None], 'a "label"')
    field, path, end = re.findall(r' d="([^"]*)"', picture)
    assert field.count("M") == 2 and "nan" not in picture and 'aria-label="a &quot;label&quot;"' in picture
    points = [tuple(map(int, point.split())) for point in path[1:].split("L")]
    assert len(points) <= 48 and end == f"M{points[-1][0]} {points[-1][1]}h0"
    low, high = (tuple(map(int, point.split()[:2])) for point in field.replace("h0", "")[1:].split("M"))
    assert abs(points[0][0] - low[0] - (high[0] - low[0]) * 0.1) <= 1  # drawn to one scale
    assert abs(points[-1][0] - low[0] - (high[0] - low[0]) * 0.9) <= 1


def test_the_time_left_is_told_once_it_is_known():
    assert progress_of(3, 2_000, 0.1) == "Step 3 of 2,000"
    assert progress_of(500, 2_000, 2.0) == "Step 500 of 2,000 · 6 s left"


def test_an_entry_says_in_a_word_where_it_is_from(tmp_path):
    info = {"prompt": {"name": "other"}, "scheduler": "ddim", "steps": 1_000, "seed": 2}
    assert RunEntry("a", tmp_path, info, unsaved=True).label == "unsaved · other · DDIM 1,000 · seed 2"
    assert RunEntry("a", registry.ASSETS / "runs" / "a", info).origin == "embedded"
