"""Runs kept as recipes, in the app: made again once, told while it happens, taken away whole or as they are."""

import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app.explore.library_panel import LibraryPanel
from app.explore.runs.library import Library
from app.explore.runs.path_code import PathCodes
from app.explore.runs.runs import Runs
from app.explore.truths import NotYet, Truths
from app.page.sessions import visitor_of
from app.viewer.view import key_of
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError
from ddpt_core.trajectory.folder import TENSORS, WAYPOINTS

ANN, BOB = visitor_of("ann", None), visitor_of("bob", None)
ROUNDING = 1e-5  # matrix products round otherwise where memory is aligned otherwise


def silent(share, text):
    """Hears of progress and does nothing with it."""


def everything(folder):
    """Every file below a folder."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def downloads(panel):
    """What a click on Download in the list shows, one answer after the other."""
    request = SimpleNamespace(query_params={}, session_hash="s")
    return panel.download(SimpleNamespace(name="shipped"), request, "ann")


@pytest.fixture
def whole(recorded):
    """The recorded run, which lies nowhere any longer."""
    services, name = recorded
    folder = services.of(Runs).entry(name).folder
    run = Trajectory.load(folder)
    shutil.rmtree(folder)
    return run


@pytest.fixture
def shipped(services, whole):
    """The services, with the run as an embedded recipe by the name shipped, of which nothing is in memory."""
    whole.save(registry.ASSETS / "runs" / "shipped", recipe=True)
    return type(services)(services.cache)


@pytest.fixture
def made(monkeypatch):
    """Counts the runs that are made: a list of their seeds."""
    seeds, record = [], Trajectory.record

    def counted(prompt, steps, seed, *rest, **options):
        seeds.append(seed)
        return record(prompt, steps, seed, *rest, **options)

    monkeypatch.setattr(Trajectory, "record", counted)
    return seeds


@pytest.fixture
def slow(monkeypatch):
    """Has a run that is being made wait until the event is set."""
    go, record = threading.Event(), Trajectory.record

    def waits(*given, **options):
        assert go.wait(20)
        return record(*given, **options)

    monkeypatch.setattr(Trajectory, "record", waits)
    yield go
    go.set()


def test_a_recipe_is_listed_as_one_and_opens_like_any_run(shipped, made):
    (entry,) = shipped.of(Runs).entries().values()
    assert entry.recipe and entry.embedded and entry.describe()["recipe"] and entry.describe()["bytes"] < 10_000
    heard = []
    opened = shipped.of(Runs).open("shipped", lambda share, text: heard.append(text))
    assert opened["steps"] == 40 and {"run", "estimate"} <= opened["files"].keys()
    assert "Making the run again from its seed: step 20 of 40" in heard
    assert shipped.of(Runs).open("shipped", silent) == opened and made == [3]


def test_nearest_tokens_and_truths_of_a_recipe_are_those_of_its_steps_and_it_is_made_once(shipped, whole, made):
    found = shipped.of(Runs).neighbours("shipped", 17, 5, "estimate")
    near = shipped.nearest(whole.info["backbone"]["name"]).search(whole.context[17], 5)
    assert [[token["token_id"] for token in row] for row in found["positions"]] == near.ids.tolist()
    truth = Truths(shipped).of_step(key_of(shipped.of(Runs).entry("shipped").folder), "state", 17, 2, [5])
    token = shipped.backbone().embedding_table[5].numpy()
    np.testing.assert_allclose(truth.distances, [np.linalg.norm(token - whole.state[17, 2])], rtol=1e-4)
    assert made == [3]


def test_a_question_does_not_wait_for_a_run_that_takes_long_to_make(shipped, slow, monkeypatch):
    monkeypatch.setattr("app.explore.truths.PATIENCE", 0.05)
    truths, key = Truths(shipped), key_of(shipped.of(Runs).entry("shipped").folder)
    while True:
        try:
            assert len(truths.of_token(key, 3, 4).token_ids) == 4  # needs no step of the run
            break
        except NotYet as still:
            assert "backbone" in str(still)
    for _ in range(2):
        with pytest.raises(NotYet, match="The run 'shipped' is being made again from its seed; ask again"):
            truths.of_step(key, "state", 17, 2, [5])
    slow.set()
    monkeypatch.setattr("app.explore.truths.PATIENCE", 20.0)
    assert truths.of_step(key, "state", 17, 2, [5]).ranks.distances[0] >= 1


def test_whoever_asks_while_another_makes_the_run_gets_the_same(shipped, made):
    entry, backbone, got = shipped.of(Runs).entry("shipped"), shipped.backbone(), []

    def ask(hold):
        if hold:
            with shipped.model():
                got.append(shipped.of(Runs).recent.load(entry, backbone))
        else:
            got.append(shipped.of(Runs).recent.load(entry, backbone))

    threads = [threading.Thread(target=ask, args=(hold,), daemon=True) for hold in (True, False, True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(got) == 4 and all(run is got[0] for run in got) and made == [3]


def test_making_a_run_again_can_be_cancelled_and_is_then_begun_anew(shipped, made):
    def stop(share, text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shipped.of(Runs).recent.load(shipped.of(Runs).entry("shipped"), tell=stop)
    assert shipped.of(Runs).neighbours("shipped", 3)["step"] == 3 and made == [3, 3]


def test_a_recipe_without_its_prompt_is_refused_by_the_names_of_both(shipped):
    (registry.ASSETS / "prompts" / "ddpt").rename(registry.ASSETS / "away")
    with pytest.raises(ArtifactError) as caught:
        shipped.of(Runs).neighbours("shipped", 3)
    assert str(caught.value).startswith("The run 'shipped' is a recipe, made again from the prompt 'ddpt' with the")
    assert "put that prompt into prompts/" in str(caught.value) and str(registry.ASSETS) not in str(caught.value)


def test_the_same_settings_find_the_recipe_and_record_nothing(shipped, made):
    assert shipped.of(Runs).record("ddpt", "ddpm", 40, 3, silent, ANN) == "shipped" and made == []


def test_a_recipe_is_taken_away_with_its_steps_or_as_it_is(shipped, whole):
    library, heard = Library(shipped), []
    archive = library.pack("shipped", ANN, lambda share, text: heard.append(text))
    entry, new = library.take_in(archive, BOB, silent)
    assert new and not entry.recipe and any("Making the run again" in text for text in heard)
    np.testing.assert_allclose(Trajectory.load(entry.folder).x, whole.x, atol=ROUNDING)
    assert everything(entry.folder) == ["run.json", TENSORS]
    assert everything(archive.parent) == ["shipped.zip"]
    small = library.pack("shipped", ANN, recipe=True)
    assert small.stat().st_size < archive.stat().st_size / 5
    assert library.take_in(small, BOB, silent) == (shipped.of(Runs).entry("shipped"), False)  # it is here already


def test_an_uploaded_recipe_is_made_once_and_opens(services, whole, made, tmp_path):
    from ddpt_core.trajectory.archive import pack

    archive, heard = pack(whole.save(tmp_path / "mine", recipe=True), tmp_path / "mine.zip"), []
    entry, new = Library(services).take_in(archive, BOB, lambda share, text: heard.append((share, text)))
    assert new and entry.recipe and entry.unsaved and everything(entry.folder) == ["run.json", WAYPOINTS]
    assert services.of(Runs).open("mine", silent, BOB)["steps"] == 40 and made == [3]
    assert (0.1, "Making the run again from its seed…") in heard and [share for share, _ in heard] == sorted(
        share for share, _ in heard
    )


def test_an_uploaded_recipe_whose_prompt_is_not_here_is_refused_and_leaves_nothing(services, whole, tmp_path):
    from ddpt_core.trajectory.archive import pack

    archive = pack(whole.save(tmp_path / "mine", recipe=True), tmp_path / "mine.zip")
    (registry.ASSETS / "prompts" / "ddpt").rename(registry.ASSETS / "away")
    with pytest.raises(ArtifactError, match="which is not here; put that prompt into prompts/"):
        Library(services).take_in(archive, BOB, silent)
    assert everything(services.of(Runs).unsaved.root) == []
    with services.model():  # it is free again
        assert services.of(Runs).entries(BOB) == {}


def test_the_list_says_that_a_run_is_made_again_before_it_is_downloaded(shipped, slow):
    panel = LibraryPanel(shipped)
    shown = downloads(panel)
    threading.Timer(0.1, slow.set).start()
    first, *_, (listing, path) = list(shown)
    assert "Making the run again from its seed" in first[0] and "Making" not in listing and Path(path).is_file()
    ((listing, path),) = downloads(panel)
    assert not isinstance(listing, str) and Path(path).is_file()  # it is made now, and nothing is said


def test_code_is_written_along_a_recipe(answering):
    run = Trajectory.record(answering.prompt("ddpt"), 10, 3)
    run.save(registry.user_folder("runs") / "mine", recipe=True)
    heard = []
    task = PathCodes(answering, {}).write(
        answering.of(Runs).entry("mine"), "sort list `a`", ["estimate"], lambda share, text: heard.append(text)
    )
    assert task["paths"]["estimate"]["rows"][-1]["step"] == 10
    assert any("Making the run again" in text for text in heard)
