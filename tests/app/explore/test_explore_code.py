"""Code along the path without a browser: what is written, told, kept, shipped and refused."""

import gzip
import json
from itertools import groupby
from types import SimpleNamespace

import gradio as gr
import pytest
import torch

from app.explore import code_panel
from app.explore.code_panel import CodeDesk
from app.explore.runs import ship
from app.explore.runs.path_code import PathCodes, pieces_of
from app.explore.runs.runs import Runs
from app.main import build_app
from app.page.services import Services
from app.page.sources import Examples
from app.viewer.example_files import CODE, LOSSES, example_file
from app.viewer.view import key_of
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ConfigError, DataError

ASKED = "sort list `a`"


def silent(share, text):
    """Hears of progress and does nothing with it."""


@pytest.fixture
def recorded_tiny(answering, tiny, monkeypatch):
    """Services whose every backbone is the tiny T5, with a run of 20 steps and three examples; (services, entry)."""
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: tiny)
    examples = registry.ASSETS / "examples" / "examples.jsonl"
    examples.write_text("".join(examples.read_text().splitlines(True)[:3]))
    services = Services(answering.cache)
    name = services.of(Runs).record("ddpt", "ddpm", 20, 3, silent)
    return services, services.of(Runs).entry(name)


@pytest.fixture
def codes(recorded_tiny):
    services, _ = recorded_tiny
    return PathCodes(services, services.of(Examples).tasks)


def session(name="a-session"):
    return SimpleNamespace(session_hash=name)


def asked(key, instruction=ASKED, kind="state"):
    return SimpleNamespace(key=key, instruction=instruction, kind=kind)


@pytest.mark.parametrize("kind", ["state", "estimate"])
def test_the_code_is_what_the_backbone_writes_with_each_steps_vectors(codes, recorded_tiny, tiny, kind):
    _, entry = recorded_tiny
    task = codes.write(entry, f" {ASKED} ", [kind], silent)
    rows, run = task["paths"][kind]["rows"], Trajectory.load(entry.folder)
    assert (task["instruction"], task["tests"], rows[0]["step"], rows[-1]["step"]) == (ASKED, [], 0, 20)
    assert 16 <= len(rows) <= 21
    for row in rows[::5]:
        (alone,) = tiny.generate(torch.from_numpy(getattr(run, kind)[row["step"]]), [ASKED])
        assert (row["answer"], row["timestep"], row["tests"]) == (alone.text, run.timesteps[row["step"]], None)
    new = [row for row in rows if "pieces" in row]
    assert ["".join(text for text, _, _ in row["pieces"]) for row in new] == [row["code"] for row in new]
    assert [row["code"] for row in new] == [code for code, _ in groupby(row["code"] for row in rows)]


def test_an_own_instruction_fills_in_and_the_kind_that_is_shown_comes_first(codes, recorded_tiny):
    heard = []
    task = codes.write(recorded_tiny[1], ASKED, code_panel.kinds_from("state"), silent, heard.append)
    assert heard[-1] == task and list(task["paths"]) == ["state", "estimate"]
    counts = [len(told["paths"]["state"]["rows"]) for told in heard]
    assert counts[:4] == [4, 8, 12, 16] and list(heard[0]["paths"]) == ["state"]


def test_an_example_is_asked_with_its_tests_and_anything_else_without(codes):
    first = next(iter(codes.examples.values()))
    assert codes.task(f" {first.instruction}\n") == first and first.tests
    assert codes.task(ASKED).tests == ()
    with pytest.raises(DataError, match="instruction is empty"):
        codes.task("  ")


def test_the_code_of_the_examples_is_kept_and_the_browser_is_told_where(
    codes, recorded_tiny, monkeypatch, needs_landlock
):
    services, entry = recorded_tiny
    assert CODE not in services.of(Runs).open(entry.name, silent)["files"]
    found = codes.of(entry, silent)
    assert [task["id"] for task in found] == [task.id for task in codes.tasks]
    for task, example in zip(found, codes.tasks, strict=True):
        assert sorted(task["paths"]) == ["estimate", "state"]
        for row in (row for path in task["paths"].values() for row in path["rows"]):
            assert len(row["tests"]) == len(example.tests)
    monkeypatch.setattr(PathCodes, "_written", pytest.fail)
    again = Services(services.cache)
    assert PathCodes(again, codes.examples).of(entry, silent) == found
    address = again.of(Runs).open(entry.name, silent)["files"][CODE]
    assert json.loads(again.of(Runs).store.find(address.rsplit("/", 1)[1]).read_text()) == found


def test_shipping_goes_on_from_what_a_stopped_time_left(recorded_tiny, tmp_path, monkeypatch):
    services, entry = recorded_tiny
    names = {what: example_file(key_of(entry.folder), what) for what in (*LOSSES.values(), CODE)}
    made, views = [], tmp_path / "views"
    views.mkdir()
    for kind, owner in (("losses", "PathLosses"), ("codes", "PathCodes")):

        def work(self, entry, tell, vectors=None, kind=kind):
            name = names[LOSSES[vectors] if vectors else CODE]
            made.append(name)
            services.of(Runs).store.replace(name, f'"{kind}"'.encode())
            if kind == "codes" and len(made) == 3:
                raise KeyboardInterrupt

        monkeypatch.setattr(f"app.explore.runs.ship.{owner}.of", work)
    with pytest.raises(KeyboardInterrupt):
        ship.read_examples(services, entry, views)
    assert sorted(file.name for file in views.iterdir()) == sorted(names[what] + ".gz" for what in LOSSES.values())
    ship.read_examples(services, entry, views)
    assert made == [*names.values(), names[CODE]]
    assert json.loads(gzip.decompress((views / (names[CODE] + ".gz")).read_bytes())) == "codes"


def test_pieces_tell_what_is_new_and_what_is_gone():
    assert pieces_of(None, "return 1") == [["return", "keyword", 0], [" ", "", 0], ["1", "number", 0]]
    assert pieces_of("", "x") == [["x", "", 1]] and pieces_of("x", "") == [["", "x", -1]]
    found = pieces_of("print(len(a))", "len(a) + 1")
    assert "".join(text for text, _, _ in found) == "len(a) + 1"
    assert "".join(text for text, _, change in found if change == 1).split() == ["+", "1"]
    assert "".join(kind for _, kind, change in found if change == -1) == "print()"


def test_the_desk_tells_what_is_written_while_it_is_written(codes, recorded_tiny):
    services, entry = recorded_tiny
    desk, key = CodeDesk(codes, services), key_of(entry.folder)
    first, *_, last = desk.write(asked(key), session())
    assert first == {"key": key, "instruction": ASKED, "state": "busy", "share": 0.0, "text": "Starting…"}
    assert last["state"] == "done" and sorted(last["task"]["paths"]) == ["estimate", "state"] and desk.stops == {}


def test_what_cannot_be_written_is_told_in_a_sentence(codes, recorded_tiny, monkeypatch):
    services, entry = recorded_tiny
    desk, key = CodeDesk(codes, services), key_of(entry.folder)
    for question, sentence in (
        (asked("gone"), "'gone' is not here any longer"),
        (asked(key, " "), "instruction is empty"),
        (asked(key, "x" * 8_001), "at most 8,000 characters"),
        (asked(key, kind="end"), "must be one of state, estimate, got 'end'"),
    ):
        *_, last = desk.write(question, session())
        assert last["state"] == "failed" and sentence in last["text"] and "task" not in last
    monkeypatch.setattr(codes, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        assert ["mistake of this program" in told["text"] for told in desk.write(asked(key), session())][-1]


def test_writing_can_be_cancelled_by_the_session_alone(codes, recorded_tiny):
    services, entry = recorded_tiny
    desk = CodeDesk(codes, services)
    with services.model():  # another visitor's work
        values = desk.write(asked(key_of(entry.folder)), session())
        next(values)
        desk.stop(session("other"))
        assert next(values)["state"] == "busy"
        desk.stop(session())
        assert list(values)[-1]["state"] == "cancelled"
    assert desk.stops == {}


def test_the_endpoints_have_names_and_give_plain_json(recorded_tiny):
    services, entry = recorded_tiny
    calls = {fn.api_name: fn.fn for fn in build_app(services).fns.values() if fn.api_visibility == "public"}
    first, *_ = calls["code_along_path"](entry.name, ASKED, session())
    assert {"step", "timestep", "code", "parses", "pieces", "answer", "style", "tests"} <= set(first)
    assert "".join(text for text, _ in first["pieces"]) == first["code"]
    losses = calls["loss_along_path"](entry.name, session())
    states = calls["loss_along_path"](entry.name, session(), "state")
    assert (losses[-1]["step"], losses[-1]["noise_level"]) == (20, 0.0) and losses[0] != states[0]
    with pytest.raises(gr.Error, match="no run 'gone'"):
        calls["code_along_path"]("gone", "x", session())
    with pytest.raises(ConfigError):
        code_panel.kinds_from("end")
