"""Eight seeds at once: the same paths as eight runs, what each ends in, one opened, and the picture that is saved."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from app.explore.eight_board import as_svg, board_html, said
from app.explore.eight_panel import EightPanel
from app.explore.runs.eight import sample_eight
from app.explore.runs.runs import Runs
from app.viewer.shared_maps import axes_of
from ddpt_core import Trajectory
from ddpt_core.errors import ConfigError, DataError
from tests.app.conftest import STEERED
from tests.app.explore.test_explore import asked, silent

CODES = ["lambda x: x", "print(1)", "<b>&", "", *["print(2)"] * 4]


@pytest.fixture
def eight(steerable, monkeypatch):
    """Samples eight by these settings; the code of each is one of CODES."""

    def written(backbone, contexts, tasks):
        assert contexts.shape == (8, 4, 32) and {task.instruction for task in tasks} == {"sum"}
        return [SimpleNamespace(code=code) for code in CODES]

    monkeypatch.setattr("ddpt_core.answering.writing.write_all", written)
    store = steerable.of(Runs).store

    def sample(prompt=STEERED, steps=6, first=2, style="print", guidance=2.0, instruction=" sum "):
        return sample_eight(steerable, store, prompt, "ddim", steps, first, style, guidance, instruction, silent)

    return sample


def test_each_of_the_eight_is_the_path_of_its_own_run(steerable, eight):
    found = eight()
    assert [row.seed for row in found.rows] == list(range(2, 10))
    assert [row.style for row in found.rows] == ["lambda", "print", None, None, *["print"] * 4]
    run = Trajectory.record(steerable.prompt(STEERED), 6, 5, "ddim", style="print", guidance=2.0)
    axes = axes_of(steerable.backbone(), steerable.of(Runs).store)
    np.testing.assert_allclose(found.rows[3].paths, axes.place(run.state)[..., :2].swapaxes(0, 1), atol=1e-3)


def test_the_board_shows_the_eight_and_saves_them_as_a_picture(eight):
    found = eight()
    assert "steered · print · guidance 2 · DDIM 6" in said(found) and "5 print" in said(found)
    shown = board_html(found, json.dumps(asdict(found.asked)))
    assert shown.count("<figure>") == 8 and "<b>&amp;" not in shown and "(an empty answer)" in shown
    picture = ElementTree.fromstring(as_svg(found))
    assert len(picture.findall(".//{*}svg")) == 8 and "<b>&" in [text.text for text in picture.iter() if text.text]


def test_one_of_the_eight_is_opened_as_a_run(steerable, eight, monkeypatch):
    with gr.Blocks():
        panel = EightPanel(steerable)
    event = SimpleNamespace(**asdict(eight().asked), seed=4)
    opened = panel.opened(event, silent, "visitor")
    assert opened["name"] == "steered-print-guidance2-ddim-6-seed4" and opened["unsaved"]


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"style": "sql"}, ConfigError, "Unknown style 'sql'"),
        ({"guidance": 21}, ConfigError, "guidance must be"),
        ({"steps": 0}, ConfigError, "from 1 to 2,000"),
        ({"instruction": " "}, DataError, "instruction is empty"),
        ({"prompt": "ddpt"}, ConfigError, "no styles"),
    ],
)
def test_what_cannot_be_sampled_is_one_sentence(eight, wrong, error, words):
    with pytest.raises(error, match=words):
        eight(**wrong)


def test_what_goes_wrong_is_said_where_the_eight_would_have_stood(steerable, eight):
    with gr.Blocks():
        panel = EightPanel(steerable)
    *_, last = panel.sample(STEERED, "ddim", ["print"], 50, 99, 6, 0, "sum", asked())
    assert "guidance must be" in last[0] and last[1].interactive and panel.stops == {}
    *_, last = panel.sample(STEERED, "ddim", ["print"], 50, 2, 6, 0, "sum", asked())
    assert last[0].startswith('<div class="run-status"') and last[3].count("<figure>") == 8
