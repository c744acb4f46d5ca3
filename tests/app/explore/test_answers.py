"""What the viewer is told while somebody looks, against the same numbers reckoned by hand."""

import json

import numpy as np
import pytest

from app.explore.answers import server_functions
from app.explore.runs.runs import Runs
from app.viewer.view import key_of
from ddpt_core import Trajectory

VOCABULARY, WIDTH = 300, 32  # of the tiny backbone


@pytest.fixture
def asked(recorded):
    """The functions that the page may call, and the key of the run."""
    services, name = recorded
    functions = {function.__name__: function for function in server_functions(services)}
    return functions, key_of(services.of(Runs).entry(name).folder)


@pytest.fixture
def vectors(recorded):
    """Both kinds of vector of the run, each (S+1, P, D)."""
    services, name = recorded
    trajectory = Trajectory.load(services.of(Runs).entry(name).folder)
    return {"state": trajectory.state, "estimate": trajectory.context}


@pytest.fixture
def table(recorded):
    """The embedding table (V, D)."""
    return recorded[0].backbone().embedding_table.numpy().astype(float)


@pytest.mark.parametrize("kind", ["state", "estimate"])
def test_the_truth_about_a_token_is_its_distance_cosine_and_place_among_all(asked, vectors, table, kind):
    functions, key = asked
    vector = vectors[kind][17, 2].astype(float)
    distances = np.linalg.norm(table - vector, axis=1)
    cosines = table @ vector / np.linalg.norm(table, axis=1) / np.linalg.norm(vector)
    for token in (0, 7, 299):
        question = {"key": key, "kind": kind, "step": 17, "position": 2, "token": token}
        found = functions["truth"](question)
        json.dumps(found)
        assert found["distance"] == pytest.approx(distances[token], rel=1e-5)
        assert found["cosine"] == pytest.approx(cosines[token], abs=1e-5)
        assert found["rank"] == np.argsort(distances).tolist().index(token) + 1
        assert found["cosine_rank"] == np.argsort(-cosines).tolist().index(token) + 1
        assert (found["tokens"], found["dimensions"]) == (VOCABULARY, WIDTH)


def test_the_neighbours_of_a_token_are_the_nearest_others(asked, table):
    functions, key = asked
    found = functions["token_neighbours"]({"key": key, "token": 5, "k": 10})["neighbours"]
    cosines = table @ table[5] / np.linalg.norm(table, axis=1) / np.linalg.norm(table[5])
    assert [one["id"] for one in found] == np.argsort(-cosines)[1:11].tolist()
    for one in found:
        assert one["cosine"] == pytest.approx(cosines[one["id"]], abs=1e-6)
        assert one["distance"] == pytest.approx(np.linalg.norm(table[one["id"]] - table[5]), rel=1e-6)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"step": 41}, "step"),
        ({"step": "last"}, "step"),
        ({"position": -1}, "position"),
        ({"kind": "noise"}, "noise"),
        ({"token": VOCABULARY}, "token"),
        ({"token": None}, "token"),
        ({"key": "0" * 20}, "not here"),
        ({"key": {"a": 1}}, "not here"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(asked, wrong, said):
    functions, key = asked
    question = {"key": key, "kind": "state", "step": 0, "position": 0, "token": 1} | wrong
    found = functions["truth"](question)
    assert list(found) == ["error"] and said in found["error"]


@pytest.mark.parametrize("question", [None, [], "key", {"key": "x"}, {}])
def test_a_question_without_its_parts_is_a_sentence(asked, question):
    functions, _ = asked
    for function in functions.values():
        assert "must be an object with" in function(question)["error"]


def test_a_mistake_of_the_program_is_told_without_its_text(asked, recorded, monkeypatch):
    functions, key = asked
    services, _ = recorded

    def broken(key):
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(services.of(Runs), "by_key", broken)
    found = functions["token_neighbours"]({"key": key, "token": 1, "k": 3})
    assert "mistake of this program" in found["error"] and "secret" not in found["error"]
