"""True distances against brute force, and what a page could send instead of numbers."""

import numpy as np
import pytest

from app.explore.runs.runs import Runs
from app.explore.truths import MOST_TOKENS, Truths
from ddpt_core import Trajectory
from ddpt_core.errors import ArtifactError, BackboneError, ConfigError, DDPTError

VOCABULARY = 300  # of the tiny backbone


@pytest.fixture
def asked(recorded):
    """Truths of the services with one recorded run, its key, and its trajectory."""
    services, name = recorded
    return Truths(services), services.of(Runs).open(name, lambda share, text: None)["key"], Trajectory.load(name)


def table_of(truths):
    return truths.services.backbone().embedding_table.numpy().astype(np.float64)


@pytest.mark.parametrize("kind", ["state", "estimate"])
def test_distances_from_a_step_are_those_in_the_backbones_space(asked, kind):
    truths, key, run = asked
    table = table_of(truths)
    vector = {"state": run.state, "estimate": run.context}[kind][17, 2].astype(np.float64)
    found = truths.of_step(key, kind, 17, 2, [0, 299, 5, 5])
    tokens = table[[0, 299, 5, 5]]
    np.testing.assert_allclose(found.distances, np.linalg.norm(tokens - vector, axis=1), rtol=1e-5)
    expected = tokens @ vector / np.linalg.norm(tokens, axis=1) / np.linalg.norm(vector)
    np.testing.assert_allclose(found.cosines, expected, atol=1e-6)
    assert found.token_ids.tolist() == [0, 299, 5, 5]


def test_neighbours_of_a_token_are_the_nearest_by_cosine_and_never_itself(asked):
    truths, key, _ = asked
    table = table_of(truths)
    directions = table / np.linalg.norm(table, axis=1, keepdims=True)
    cosines = directions @ directions.T
    for token in (0, 42, VOCABULARY - 1):
        found = truths.of_token(key, token, 7)
        others = [other for other in np.argsort(-cosines[token]) if other != token][:7]
        assert found.token_ids.tolist() == others
        np.testing.assert_allclose(found.cosines, cosines[token][others], atol=1e-6)
        np.testing.assert_allclose(found.distances, np.linalg.norm(table[others] - table[token], axis=1), rtol=1e-6)


def test_of_tokens_with_the_same_vector_one_is_the_others_neighbour(asked, monkeypatch):
    truths, key, _ = asked
    nearest = truths.services.nearest()
    same = nearest.table.copy()
    same[100:120] = same[100]
    twins = type(nearest)(same)
    monkeypatch.setattr(truths.services, "nearest", lambda name: twins)
    found = truths.of_token(key, 119, 5)  # by the order of ids it would come after twelve others
    assert found.token_ids.tolist() == [100, 101, 102, 103, 104]
    np.testing.assert_allclose(found.distances, 0, atol=1e-6)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": "<script>"}, "Unknown kind of vector"),
        ({"kind": ["state"]}, "Unknown kind of vector"),
        ({"step": 41}, "step must be from 0 to 40"),
        ({"step": -1}, "step must be from 0 to 40"),
        ({"step": 1.5}, "step must be a whole number"),
        ({"step": None}, "step must be a whole number"),
        ({"position": 4}, "position must be from 0 to 3"),
        ({"position": {}}, "position must be a whole number"),
        ({"token_ids": [VOCABULARY]}, "token id must be from 0 to 299"),
        ({"token_ids": [-1]}, "token id must be from 0 to 299"),
        ({"token_ids": ["x"]}, "token id must be a whole number"),
        ({"token_ids": []}, "the number of tokens must be from 1"),
        ({"token_ids": [1] * (MOST_TOKENS + 1)}, "the number of tokens must be from 1"),
        ({"token_ids": "123"}, "must be a list of ids"),
        ({"token_ids": None}, "must be a list of ids"),
    ],
)
def test_what_is_outside_the_run_or_the_vocabulary_is_refused(asked, changed, words):
    truths, key, _ = asked
    given = {"key": key, "kind": "state", "step": 3, "position": 1, "token_ids": [5]} | changed
    with pytest.raises(ConfigError, match=words):
        truths.of_step(**given)


@pytest.mark.parametrize(("token", "k"), [(VOCABULARY, 5), (3, 0), (3, 101), (3, "many"), (None, 5)])
def test_neighbours_of_what_is_no_token_are_refused(asked, token, k):
    truths, key, _ = asked
    with pytest.raises(ConfigError):
        truths.of_token(key, token, k)


@pytest.mark.parametrize("key", ["", "../../etc", "0" * 5_000, None, 7])
def test_an_unknown_key_is_refused(asked, key):
    truths, *_ = asked
    with pytest.raises(ArtifactError, match="is not here any longer"):
        truths.of_token(key, 3)


def test_a_backbone_that_takes_long_to_load_is_told_of_and_not_waited_for(asked, monkeypatch):
    truths, key, _ = asked
    monkeypatch.setattr("app.explore.truths.PATIENCE", 0.05)
    with truths.services.model():  # somebody else works on the model, which loading needs too
        load = truths.services.nearest

        def waits(name):
            with truths.services.model():
                return load(name)

        monkeypatch.setattr(truths.services, "nearest", waits)
        with pytest.raises(BackboneError, match="still being loaded; ask again"):
            truths.of_token(key, 3)
    monkeypatch.setattr("app.explore.truths.PATIENCE", 60.0)
    assert len(truths.of_token(key, 3).token_ids) == 10


def test_a_backbone_that_cannot_be_loaded_is_tried_again_at_the_next_call(asked, monkeypatch):
    truths, key, _ = asked

    def fails(name):
        raise BackboneError("The weights are damaged; export them again.")

    with monkeypatch.context() as broken:
        broken.setattr(truths.services, "nearest", fails)
        with pytest.raises(DDPTError, match="damaged"):
            truths.of_token(key, 3)
    assert len(truths.of_token(key, 3, 4).token_ids) == 4
