"""Steering a new run: what the form asks, what a run tells of it, and what is compared with what."""

import gradio as gr
import numpy as np
import pytest

from app.explore.runs.runs import Runs
from app.explore.runs.steering import Steering, asked_style
from app.explore.steer_fields import fitting
from app.explore.tab import Explore
from app.page.services import as_toast
from app.viewer.shared_maps import axes_of
from ddpt_core import Trajectory
from ddpt_core.backbone import registry
from ddpt_core.errors import ConfigError
from tests.app.conftest import STEERED
from tests.app.explore.test_explore import arrays_of, asked, silent


def test_a_steered_run_tells_its_styles_and_guidance_and_is_made_once(steerable):
    runs = steerable.of(Runs)
    name = runs.record(STEERED, "ddim", 10, 3, silent, style="print=1,lambda=3", guidance=2)
    assert name == "steered-lambda75+print25-guidance2-ddim-10-seed3"
    entry = runs.entry(name)
    assert entry.label == "own · steered · 75% lambda + 25% print · guidance 2 · DDIM 10 · seed 3"
    assert (entry.describe()["style"], entry.describe()["guidance"]) == ("print=1,lambda=3", 2)
    expected = Trajectory.record(steerable.prompt(STEERED), 10, 3, "ddim", style="lambda=0.75,print=0.25", guidance=2)
    np.testing.assert_allclose(Trajectory.load(name).x, expected.x, atol=1e-6)
    assert runs.record(STEERED, "ddim", 10, 3, silent, style="lambda=0.75,print=0.25", guidance=2) == name
    plain = runs.record(STEERED, "ddim", 10, 3, silent)
    assert plain == "steered-ddim-10-seed3" and runs.like(runs.entry(plain), 3) == runs.entry(plain)
    assert runs.like(entry, 4) is None and runs.like(runs.entry(plain), 3) != entry


@pytest.mark.parametrize(
    ("prompt", "style", "guidance", "words"),
    [
        (STEERED, "lamda", 1, "Unknown style 'lamda'; did you mean lambda"),
        (STEERED, "lambda=-1", 1, "weight must be a number above 0"),
        (STEERED, "lambda", 21, "guidance must be from -5 to 20"),
        (STEERED, "lambda", None, "Guidance must be a number, got nothing"),
        ("ddpt", "lambda", 1, "no styles"),
    ],
)
def test_a_style_that_cannot_be_asked_is_one_sentence_and_no_run(steerable, prompt, style, guidance, words):
    with pytest.raises(ConfigError, match=words):
        steerable.of(Runs).record(prompt, "ddim", 5, 0, silent, style=style, guidance=guidance)
    assert steerable.of(Runs).entries() == {}


def test_the_form_asks_for_one_style_or_two_with_their_shares():
    assert asked_style(None, 50) == asked_style([], 50) == "" and asked_style(["print"], 70) == "print"
    asked_for = Steering.of(asked_style(["print", "lambda"], 70), 1, ("lambda", "print"))
    assert dict(asked_for.shares) == {"print": pytest.approx(0.7), "lambda": pytest.approx(0.3)}
    assert Steering.of("", 3, ()) == Steering()  # without a style the guidance changes nothing


def test_the_fields_are_those_of_the_prompt(steerable):
    style, share, guidance = fitting(STEERED, ["lambda", "sql", "print"])
    assert style["choices"] == [("lambda", "lambda"), ("print", "print")] and style["value"] == ["lambda", "print"]
    assert style["visible"] and share["visible"] and guidance["visible"]
    assert not any(field["visible"] for field in fitting("ddpt", ["lambda"]))


def test_a_steered_run_is_opened_beside_the_one_before_it(steerable):
    explore = Explore(steerable)
    assert explore.prompts() == ["ddpt", STEERED]
    before = steerable.of(Runs).record("ddpt", "ddim", 5, 0, silent)

    def last(prompt):
        *_, shown = [
            v[2]
            for v in explore.sample(prompt, "ddim", 5, 1, ["print"] * (prompt != "ddpt"), 50, 2.0, before, asked())
            if isinstance(v[2], dict) and v[2].get("reason") == "open"
        ]
        return shown["run"]["name"], shown["beside"]

    assert last(STEERED) == ("steered-print-guidance2-ddim-5-seed1", before)
    assert last("ddpt") == ("ddpt-ddim-5-seed1", "")
    with pytest.raises(gr.Error, match="guidance must be"):
        list(as_toast(explore.sample)(STEERED, "ddim", 5, 1, ["print"], 50, 99, before, asked()))


def test_the_library_is_marked_on_the_axes_of_a_run_of_its_prompt(steerable):
    runs = steerable.of(Runs)
    name = runs.record(STEERED, "ddim", 5, 0, silent)
    opened = runs.open(name, silent)
    assert [style["label"] for style in opened["library"]["styles"]] == ["lambda", "print"]
    assert opened["library"]["labels"] == [0, 1]  # the ends of both styles
    prompt = steerable.prompt(STEERED)
    ends = prompt.library[prompt.ends].numpy()
    axes = axes_of(steerable.backbone(), runs.store)
    by_hand = ((ends - axes.mean) @ axes.components.T).reshape(-1, 3)
    np.testing.assert_allclose(arrays_of(opened["files"]["run"])["pca.library"], by_hand, atol=2e-3)
    own = runs.add_own_axes(name, silent)
    assert arrays_of(own["files"]["own"])["own.library"].shape == (8, 3)
    plain = runs.open(runs.record("ddpt", "ddim", 5, 0, silent), silent)
    assert plain["library"] is None and "pca.library" not in arrays_of(plain["files"]["run"])


def test_a_run_whose_prompt_came_later_is_packed_anew_with_its_library(steerable):
    runs, folder = steerable.of(Runs), registry.ASSETS / "prompts" / STEERED
    name = runs.record(STEERED, "ddim", 5, 0, silent)
    away = folder.rename(folder.with_name(".away"))
    assert runs.open(name, silent)["library"] is None
    away.rename(folder)
    assert runs.open(name, silent)["library"]["labels"] == [0, 1]
