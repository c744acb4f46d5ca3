"""The frame of the benchmarks; how fast things are is not tested here."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.pairs import AgainstLimit, Pairs, Result, in_turn, one_thread


class Clock:
    """A clock that moves only when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_both_sides_run_in_turn_and_take_turns_at_being_first():
    order = []
    in_turn(lambda: order.append("ours"), lambda: order.append("other"), pairs=6)
    assert order == ["ours", "other", "other", "ours"] * 3


def test_a_disturbance_of_both_sides_does_not_move_the_ratio():
    clock = Clock()

    def side(seconds):
        factors = iter([1, 1, 10, 1, 1])  # the third pair finds a busy machine

        def run():
            clock.now += seconds * next(factors)

        return run

    found = in_turn(side(1), side(4), clock=clock)
    assert found.ratio == 0.25 and found.medians() == (1, 4)
    assert found.ours == [1, 1, 10, 1, 1]


def test_an_outlier_does_not_move_the_ratio():
    assert Pairs(ours=[1, 1, 1, 1, 50], other=[2, 2, 2, 2, 2]).ratio == 0.5


def test_fewer_than_five_pairs_are_refused():
    with pytest.raises(ValueError, match="at least 5, got 4"):
        in_turn(lambda: None, lambda: None, pairs=4)


def test_a_result_is_one_line_of_json_with_both_sides():
    result = Result("speed", 0.5, 0.6, {"ours": 1.0, "theirs": 2.0}, 5, {"vectors": 3})
    line = result.as_json()
    assert "\n" not in line
    assert json.loads(line) == {
        "name": "speed", "ratio": 0.5, "goal": 0.6, "seconds": {"ours": 1.0, "theirs": 2.0}, "pairs": 5,
        "details": {"vectors": 3}, "met": True,
    }  # fmt: skip


@pytest.mark.parametrize(("ratio", "verdict"), [(0.6, "met"), (0.61, "missed")])
def test_a_result_for_people_says_whether_the_goal_is_met(ratio, verdict):
    text = Result("speed", ratio, 0.6, {"ours": 1.0, "theirs": 2.0}, 5).as_text()
    assert verdict in text and "ours 1 s" in text and "theirs 2 s" in text


def test_a_measurement_against_a_limit_tells_the_share_of_it():
    found = AgainstLimit("seek", "the median", 6.0, 8.0, "ms", 300)
    told = json.loads(found.as_json())
    assert (told["name"], told["ratio"], told["goal"], told["met"]) == ("seek", 0.75, 1.0, True)
    assert found.as_text() == "seek: 6 ms, the median of 300 (limit 8 ms, met)"
    assert not AgainstLimit("seek", "the median", 8.1, 8.0, "ms", 300).met


@pytest.mark.parametrize(("value", "met"), [(0, True), (1, False)])
def test_a_limit_of_nothing_is_met_by_nothing_alone(value, met):
    found = AgainstLimit("requests", "sent", value, 0, "requests", 300)
    assert (found.ratio, found.goal, found.met) == (value, 0.0, met)


def test_one_thread_is_given_back():
    import faiss
    import torch

    before = torch.get_num_threads(), faiss.omp_get_max_threads()
    with one_thread():
        assert (torch.get_num_threads(), faiss.omp_get_max_threads()) == (1, 1)
    assert (torch.get_num_threads(), faiss.omp_get_max_threads()) == before


class TestCommand:
    @pytest.fixture
    def two_benchmarks(self, monkeypatch, tmp_path):
        for name in ("first", "second"):
            source = (
                "from benchmarks.pairs import Result\n"
                f"def measure():\n    yield Result({name!r}, 0.5, 0.6, {{'ours': 1.0, 'other': 2.0}}, 5)\n"
            )
            (tmp_path / f"{name}_benchmark.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(command, "BENCHMARKS", {"first": "first_benchmark", "second": "second_benchmark"})

    def test_all_run_where_none_is_named(self, two_benchmarks, capsys):
        assert command.main(["--json"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [json.loads(line)["name"] for line in lines] == ["first", "second"]

    def test_only_the_named_one_runs(self, two_benchmarks, capsys):
        assert command.main(["second"]) == 0
        assert capsys.readouterr().out.startswith("second: 0.500 of other (goal 0.6, met)")

    def test_an_unknown_name_is_refused_with_the_choices_before_anything_runs(self, two_benchmarks, capsys):
        assert command.main(["first", "third"]) == 2
        told = capsys.readouterr()
        assert told.out == "" and told.err == "Unknown benchmark 'third'; choose one of first, second.\n"

    def test_every_benchmark_is_a_module_that_measures(self):
        assert command.BENCHMARKS
        for module in command.BENCHMARKS.values():
            assert "def measure(" in Path(find_spec(module).origin).read_text(encoding="utf-8")
