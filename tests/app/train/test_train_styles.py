"""A prompt with styles from the Train tab: its library first, paused and gone on with, then the denoiser."""

import json

import pytest

from app.train import tab as train_tab
from app.train.training import CANCEL, PAUSE
from app.train.trainings import Trainings
from app.train.with_styles import Styles, library_folder
from ddpt_core.backbone import registry
from ddpt_core.errors import ConfigError
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.steering import build
from ddpt_core.steering.diagnostics import Sizes

LONG = 60.0  # seconds after which something hangs
ASKED = (["print", "lambda"], 1, 2, "sort list", 8)


@pytest.fixture
def trainings(answering, monkeypatch):
    """Trainings on a backbone that follows no style, of which none is left out."""
    monkeypatch.setattr(build, "LEAST_ADHERENCE", 0.0)
    monkeypatch.setattr(build, "ASKED", 2)
    few = Sizes(1, 1, (1, 10), (1.0,), at=10, unconditional=2, paths=2, moments=3)
    monkeypatch.setattr("app.train.trainings.sizes", lambda: few)
    return Trainings(answering)


@pytest.fixture
def wanted(trainings, tiny_folder):
    return lambda **changes: trainings.with_styles(str(tiny_folder), "mine", Styles.asked(*ASKED), 4)


def ended(training):
    assert training.ended.wait(LONG)
    return training


def test_a_prompt_with_styles_is_trained_and_says_what_its_steps_add(trainings, wanted):
    training = ended(trainings.start(wanted()))
    assert training.sentence == "" and training.outcome == "done"
    assert [point.step for point in training.points] == [1, 2, 3, 4]
    prompt = load_prompt("mine")
    assert prompt.styles == ("print", "lambda") and len(prompt.x0) == 8 and prompt.context_text == "sort list"
    assert [row["steps"] for row in prompt.info["metrics"]["steering"]["steps"]] == [1, 10]
    assert json.loads((library_folder("mine") / "library.json").read_text())["llm_passes"] == 4


def test_a_library_that_is_paused_is_kept_and_goes_on_under_its_name(trainings, wanted, monkeypatch):
    told = []
    real = build.train

    def counted(*given, **more):
        told.append(given[2].name)
        if told == ["print-0", "lambda-0"]:
            trainings.ask(PAUSE)
        return real(*given, **more)

    monkeypatch.setattr(build, "train", counted)
    training = ended(trainings.start(wanted()))
    assert (
        training.sentence
        == "Stopped before the library was whole. What there is of it is kept: train mine again to go on."
    )
    assert not (registry.user_folder("prompts") / "mine").exists() and (library_folder("mine") / "print-0").is_dir()
    monkeypatch.setattr(build, "train", real)
    assert ended(trainings.start(wanted())).outcome == "done"


def test_a_library_that_is_cancelled_is_gone(trainings, wanted, monkeypatch):
    real = build.train

    def cancelled(*given, **more):
        trainings.ask(CANCEL)
        return real(*given, **more)

    monkeypatch.setattr(build, "train", cancelled)
    assert ended(trainings.start(wanted())).outcome == "cancelled"
    assert not library_folder("mine").exists() and not (registry.user_folder("prompts") / "mine").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({0: []}, "No style is chosen; choose at least one of expression"),
        ({0: ["lamda"]}, "Unknown style 'lamda'; did you mean lambda"),
        ({1: 1.5}, "Trainings of each style must be a whole number"),
        ({4: "x"}, "Positions of the context must be a whole number"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence(changes, said):
    with pytest.raises(ConfigError) as refused:
        Styles.asked(*[changes.get(place, value) for place, value in enumerate(ASKED)])
    assert said in str(refused.value)


def test_the_fold_asks_for_what_it_shows(answering, tiny_folder, monkeypatch):
    from types import SimpleNamespace

    import gradio as gr

    with gr.Blocks():
        tab = train_tab.lay_out(answering)
    seen = []
    monkeypatch.setattr(tab.trainings, "start", lambda wanted: seen.append(wanted) or pytest.skip("begun"))
    form = tab.page.form
    values = [*[one.value for one in form.styles.inputs], *[one.value for one in form.inputs]]
    home = SimpleNamespace(
        session_hash="a", client=SimpleNamespace(host="127.0.0.1"), headers={"host": "localhost"}, query_params={}
    )
    with pytest.raises(pytest.skip.Exception):
        next(tab.start_styles(home, *values))
    (one,) = seen
    assert one.styles == Styles(("print", "lambda", "function"), 3, 40, one.styles.context, 16)
    assert one.config.steps == 2000 and one.name == "distribution-3-styles-seed0"
