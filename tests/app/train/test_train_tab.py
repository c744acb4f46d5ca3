"""The Train tab without a browser: what it checks, trains, pauses and goes on with, hands over, and refuses."""

import html
import json
import re
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

from app.compare import tab as compare_tab
from app.evaluate import tab as evaluate_tab
from app.explore.runs.runs import Runs
from app.explore.tab import Explore
from app.page.services import Services
from app.page.sources import YOUR_FILE, source_of
from app.train import tab as train_tab
from app.train import trainings as module
from app.train.form import settings_of
from app.train.training import CANCEL, PAUSE, Training, Wanted
from app.train.trainings import config_of
from app.train.view import standing
from ddpt_core.arms import ALL_ARMS, methods, trained_arms
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, BackboneError, ConfigError
from ddpt_core.settings import TRAINING_REQUEST, TRAINING_STATE, TrainConfig
from ddpt_core.training.trainer import train

PROMPTS = {"prompt-tuning": "prompt-tuning", "ddpt": "ddpt"}
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}</script>\u202e"
LONG = 60.0  # seconds after which something hangs


def at_home(name="a-session"):
    """A request of somebody at this machine."""
    client, headers = SimpleNamespace(host="127.0.0.1"), {"host": "localhost:7860"}
    return SimpleNamespace(session_hash=name, client=client, headers=headers, query_params={})


def laid_out(services, tab=train_tab):
    """What a tab does, with its components."""
    with gr.Blocks():
        return tab.lay_out(services)


@pytest.fixture
def tab(answering):
    return laid_out(answering)


@pytest.fixture
def view(tab):
    return tab.page.view


@pytest.fixture
def form(tiny_folder):
    """The form's values, for a training of a second: form(steps=8, ...) -> what follows upload and data."""

    def values(**changes):
        small = {"steps": 6, "batch_size": 8, "seed": 0, "context_length": 8, "validate_every": 2, "hidden": 16}
        given = {"diffusion_weight": 0.0, "method": "ddpt", "context": "sort list", "name": "mine", "trusted": False}
        all_of = {**small, **given, **changes}
        numbers = [all_of[one] for one in ("steps", "batch_size", "seed", "context_length", "validate_every")]
        rates = [ALL_ARMS[one].rate for one in methods(from_tasks=True)]
        chosen = [str(tiny_folder), all_of["method"], all_of["context"], all_of["name"], all_of["trusted"]]
        return [*chosen, *rates, *numbers, all_of["hidden"], all_of["diffusion_weight"]]

    return values


@pytest.fixture
def quick(monkeypatch):
    """Lets the noise have 20 levels, so that what is measured of a finished DDPT prompt takes no time."""
    monkeypatch.setattr(
        module, "TrainConfig", lambda method, **given: TrainConfig(method, **{"timesteps": 20, **given})
    )


def said(shown):
    return html.unescape(re.sub(r"<[^>]+>", " ", shown)).strip()


def home():
    return registry.user_folder("prompts")


def trained(tab, form, data_file, **changes):
    """What the tab showed of a training, one after the other."""
    return list(tab.start(at_home(), "", str(data_file), *form(**changes)))


def paused_at(trainings, step):
    """Pauses the training under way once it has come to a step; returns it."""
    training, end = trainings.latest, time.monotonic() + LONG
    while training.step < step and not training.outcome and time.monotonic() < end:
        time.sleep(0.002)
    training.ask(PAUSE)
    assert training.ended.wait(LONG)
    return training


# A training


@pytest.mark.parametrize("method", methods(from_tasks=True))
def test_a_training_writes_the_prompt_that_the_core_writes(tab, form, data_file, tiny, tmp_path, quick, method, view):
    shown = trained(tab, form, data_file, method=method)
    assert "mine is trained" in said(shown[-1][view.status])
    sizes = {"steps": 6, "batch_size": 8, "context_length": 8, "hidden": 16, "validate_every": 2}
    config = config_of(method, "sort list", **sizes)
    list(train(tiny, data_file, tmp_path / "core", config))
    ours, theirs = (json.loads((f / "prompt.json").read_text()) for f in (home() / "mine", tmp_path / "core"))
    assert ours["weights_sha256"] == theirs["weights_sha256"] and ours["config"] == theirs["config"]
    assert ("seed_spread" in ours["metrics"]) == (method == "ddpt")
    assert sorted(f.name for f in (home() / "mine").iterdir()) == ["README.md", "prompt.json", "weights.safetensors"]


def test_what_is_shown_at_the_end_is_what_the_prompt_says(tab, form, data_file, quick, view):
    last = trained(tab, form, data_file)[-1]
    metrics = json.loads((home() / "mine" / "prompt.json").read_text())["metrics"]
    figures = said(last[view.figures])
    assert f"{metrics['validation_loss']:.4f}" in figures and f"{metrics['train_loss']:.4f}" in figures
    assert all(f"{loss:.4f}" in figures for loss in metrics["steps_ablation"].values())
    assert f"{metrics['seed_spread']:.2g}" in figures and "python -m ddpt_core train --method ddpt" in figures
    assert last[view.curves].count('class="dot"') == 2 * len(metrics["curve"])  # in both layouts
    assert [last[i].visible for i in (view.compare, view.explore)] == [True, True] and last[view.name] == "mine"
    assert last[view.go].interactive and not last[view.pause].interactive


def test_prompt_tuning_offers_no_run(tab, form, data_file, view):
    last = trained(tab, form, data_file, method="prompt-tuning")[-1]
    assert [last[i].visible for i in (view.compare, view.explore)] == [True, False]


def test_the_new_prompt_appears_in_compare_evaluate_and_explore(tab, form, data_file, quick):
    trained(tab, form, data_file)
    services = tab.services
    assert "mine" in laid_out(services, compare_tab)[0].comparisons.prompts.names()["ddpt"]
    assert "mine" in laid_out(services, evaluate_tab).evaluations.prompts.names()["ddpt"]
    assert Explore(services).offer("ddpt", at_home()).choices == [("ddpt", "ddpt"), ("mine", "mine")]
    assert services.of(Runs).record("mine", "ddpm", 5, 0, lambda share, text: None) == "mine-ddpm-5-seed0"


def test_a_prompt_that_is_handed_over_is_chosen_and_asked(tab, form, data_file):
    trained(tab, form, data_file, method="residual")
    tab.hand_over("mine", at_home())
    compare, _ = laid_out(tab.services, compare_tab)
    settings = ["", *(PROMPTS.get(arm) for arm in trained_arms()), "0", 1, 4, 1.0, 0, "", 1.0, ""]
    shown = list(compare.first(at_home(), None, "", None, "sort list `b`", "", "", "", ["manual"], *settings))
    page, board = compare.page, shown[-1][compare.page.answered]
    prompts = PROMPTS | {"residual": "mine"}
    assert shown[0][page.arms] == ["manual", "residual"]
    assert [shown[0][menu].value for menu in page.prompts] == [prompts.get(arm) for arm in trained_arms()]
    assert [(card.column.arm, bool(card.result.code is not None)) for card in board.cards] == [
        ("manual", True),
        ("residual", True),
    ]
    assert board.question.task.instruction == "sort list `b`" and not tab.services.handed_prompts


def test_explore_chooses_what_is_handed_over_once(tab, form, data_file, quick):
    trained(tab, form, data_file, steps=2)
    explore = Explore(tab.services)
    tab.hand_over("mine", at_home())
    assert explore.offer("ddpt", at_home("another")).value == "ddpt"
    assert explore.offer("ddpt", at_home()).value == "mine" and explore.offer("ddpt", at_home()).value == "ddpt"


# Pause, resume, cancel


def test_a_paused_training_goes_on_to_the_same_weights(tab, form, data_file, tmp_path, quick):
    for name in ("whole", "halves"):
        threading.Thread(target=trained, args=(tab, form, data_file), kwargs={"name": name, "steps": 40}).start()
        while tab.trainings.latest is None or tab.trainings.latest.wanted.name != name:
            time.sleep(0.002)
        if name == "whole":
            assert tab.trainings.latest.ended.wait(LONG)
    halves = paused_at(tab.trainings, 5)
    assert halves.outcome == "paused" and 5 <= halves.step < 40
    again = laid_out(Services(tmp_path / "another cache"))  # as after the server was closed
    stopped = again.trainings.stopped()
    assert list(stopped) == ["halves"] and stopped["halves"].standing["step"] == halves.step
    shown = list(again.resume(at_home(), "", "", "halves", False))
    assert "halves is trained" in said(shown[-1][again.page.view.status]) and again.trainings.stopped() == {}
    whole, halved = (json.loads((home() / name / "prompt.json").read_text()) for name in ("whole", "halves"))
    assert whole["weights_sha256"] == halved["weights_sha256"]
    assert [one["step"] for one in halved["metrics"]["curve"]] == list(range(2, 41, 2))


def test_a_prompt_that_was_used_during_a_pause_is_read_anew_after_the_end(tab, form, data_file, quick):
    values = asked(tab, form, method="prompt-tuning", steps=40)
    tab.trainings.start(tab.trainings.wanted(source_of(str(data_file), local=True), *values))
    paused_at(tab.trainings, 4)
    early = tab.services.prompt("mine")
    assert tab.services.prompt("mine") is early and early.info["metrics"]["steps"] < 40
    assert tab.trainings.resume("mine").ended.wait(LONG)
    assert tab.services.prompt("mine").info["metrics"]["steps"] == 40


def test_pausing_shows_where_it_stands_and_offers_to_resume(tab, form, data_file, view):
    shown = []
    worker = threading.Thread(target=lambda: shown.extend(trained(tab, form, data_file, steps=5_000)))
    worker.start()
    while tab.trainings.latest is None:
        time.sleep(0.002)
    training = paused_at(tab.trainings, 4)
    worker.join(LONG)
    last = shown[-1]
    assert f"mine is paused after step {training.step:,} of 5,000; it is kept" in said(last[view.status])
    assert last[view.stopped].visible and last[view.menu].value == "mine" and last[view.go].interactive
    assert f"step {training.step:,} of 5,000" in last[view.menu].choices[0][0]
    assert last[view.compare].visible, "its best so far can be compared"


def test_a_paused_training_is_deleted_only_if_one_is_sure(tab, form, data_file, view):
    tab.trainings.start(tab.trainings.wanted(source_of(str(data_file), local=True), *asked(tab, form, steps=5_000)))
    paused_at(tab.trainings, 2)
    assert tab.delete("mine", False) == gr.skip() and (home() / "mine" / TRAINING_STATE).is_file()
    shown = tab.delete("mine", True)
    assert (
        not (home() / "mine").exists() and "is deleted" in said(shown[view.status]) and not shown[view.stopped].visible
    )
    with pytest.raises(ArtifactError, match="There is no stopped training 'mine'"):
        tab.delete("mine", True)


def asked(tab, form, **changes):
    """Backbone, config and name, as the form asks for them."""
    _, backbone, config, name = tab.asked(at_home(), "", "families:training", form(**changes))
    return backbone, config, name


def test_a_cancelled_training_leaves_nothing(tab, form, data_file, view):
    tab.trainings.start(tab.trainings.wanted(source_of(str(data_file), local=True), *asked(tab, form, steps=5_000)))
    while tab.trainings.latest.step < 3:
        time.sleep(0.002)
    tab.cancel(False)
    assert not tab.trainings.latest.asked
    tab.cancel(True)
    assert "ending" in standing(tab.trainings.latest)
    assert tab.trainings.latest.ended.wait(LONG)
    (shown,) = tab.look(at_home())
    assert "Cancelled; nothing of it was kept." in said(shown[view.status]) and list(home().iterdir()) == []
    with pytest.raises(ConfigError, match="No training is under way"):
        tab.pause()


def test_who_waits_for_the_model_has_a_turn_between_two_steps(tab, form, data_file):
    tab.trainings.start(tab.trainings.wanted(source_of(str(data_file), local=True), *asked(tab, form, steps=5_000)))
    while tab.trainings.latest.step < 2:
        time.sleep(0.002)
    for _ in range(3):
        with tab.services.model():
            before = tab.trainings.latest.step
            time.sleep(0.05)
            assert tab.trainings.latest.step == before
    paused_at(tab.trainings, before + 1)
    assert tab.trainings.latest.step > before


def test_a_training_that_waits_for_the_model_says_so_and_can_be_stopped(tab, form, data_file, view):
    with tab.services.model():
        tab.trainings.start(tab.trainings.wanted(source_of(str(data_file), local=True), *asked(tab, form)))
        while "Waiting" not in tab.trainings.latest.text:
            time.sleep(0.01)
        tab.trainings.ask(PAUSE)
        assert tab.trainings.latest.ended.wait(LONG)
    assert "Stopped before its first step; nothing of it was kept." in said(next(tab.look(at_home()))[view.status])
    assert list(home().iterdir()) == []


def test_only_one_training_is_under_way(tab, form, data_file, view):
    tab.trainings.start(tab.trainings.wanted(source_of(str(data_file), local=True), *asked(tab, form, steps=5_000)))
    (shown,) = trained(tab, form, data_file, name="other")
    assert "The training 'mine' is under way; pause it or wait for its end." in said(shown[view.status])
    assert "failed" in shown[view.status] and shown.keys() == {view.status}, "what was typed stays"
    paused_at(tab.trainings, 1)


def test_every_window_shows_the_training_and_the_later_look_of_a_window_takes_over(tab, form, data_file, view):
    tab.trainings.start(tab.trainings.wanted(source_of(str(data_file), local=True), *asked(tab, form, steps=5_000)))
    first, second, other = tab.look(at_home()), tab.look(at_home()), tab.look(at_home("other"))
    next(first), next(second), next(other)
    assert list(first) == [], "the window's later look shows it now"
    paused_at(tab.trainings, 1)
    for look in (second, other):
        assert "is paused" in said(list(look)[-1][view.status])


def test_ending_the_program_pauses_the_training(tab, form, data_file):
    tab.trainings.start(tab.trainings.wanted(source_of(str(data_file), local=True), *asked(tab, form, steps=5_000)))
    while tab.trainings.latest.step < 2:
        time.sleep(0.002)
    tab.trainings.rest()
    assert tab.trainings.latest.outcome == "paused" and list(tab.trainings.stopped()) == ["mine"]


def test_a_training_of_the_command_line_goes_on_with_the_data_of_the_form(
    tab, data_file, tiny, tiny_folder, train_config, tmp_path, view
):
    config = train_config("prompt-tuning", steps=40)
    list(train(tiny, data_file, home() / "begun", config, stop_at=10))
    assert not (home() / "begun" / TRAINING_REQUEST).exists()
    (shown,) = tab.resume(at_home(), "", "", "begun", False)
    assert "No data is chosen" in said(shown[view.status])
    other = tmp_path / "other.jsonl"
    other.write_text("".join(data_file.read_text().splitlines(keepends=True)[:40]))
    shown = list(tab.resume(at_home(), "", str(other), "begun", False))
    assert "training data sha256" in said(shown[-1][view.status]) and "failed" in shown[-1][view.status]
    assert list(tab.trainings.stopped()) == ["begun"], "it is kept as it was"
    assert "begun is trained" in said(list(tab.resume(at_home(), "", str(data_file), "begun", False))[-1][view.status])


# Data


def test_an_uploaded_file_is_copied_so_that_the_training_can_go_on_later(tab, form, data_file, tmp_path):
    upload = tmp_path / "upload" / "my tasks.jsonl"
    upload.parent.mkdir()
    upload.write_bytes(data_file.read_bytes())
    fields, shown = tab.page.form, tab.uploaded(str(upload))
    path, menu = shown[fields.source], shown[fields.data]
    assert path == str(upload) and menu.value == YOUR_FILE and "64 tasks" in menu.choices[1][0]
    assert "failed" not in shown[fields.said]
    source = source_of(YOUR_FILE, path)
    tab.trainings.start(tab.trainings.wanted(source, *asked(tab, form, steps=5_000)))
    paused_at(tab.trainings, 2)
    upload.unlink()
    (tab.trainings.stopped()["mine"],)
    assert (home() / "mine" / "my-tasks.jsonl").read_bytes() == data_file.read_bytes()
    tab.trainings.resume("mine")
    assert paused_at(tab.trainings, 6).outcome == "paused"


def test_the_check_shows_what_the_core_counts_and_nothing_of_a_task_is_markup(tab, form, tmp_path, tasks, view):
    rows = [{"instruction": task.instruction, "reference": task.reference} for task in tasks]
    rows[0] = {"instruction": HOSTILE, "reference": HOSTILE}
    path = tmp_path / f"{'x' * 20}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"instruction": "none", "reference": ""}]))
    shown = list(tab.check(at_home(), str(path), YOUR_FILE, *form()))
    table = shown[-1][tab.page.checked]
    assert "<img" not in table and "${alert(2)}" in table and "\u202e" not in table
    text = " ".join(said(table).split())
    assert "1 row without a reference left out" in text and "Rows 65" in text
    assert re.search(r"xxx.jsonl: \d\d tasks to learn from, \d+ to validate on", text)
    assert "Nothing is being trained" in said(shown[-1][view.status]) and not home().exists()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("", "No data is chosen; choose families:training, or upload a JSONL file of tasks."),
        ("families:value", "The tasks of families:value are held out for evaluation"),
        ("no such file.jsonl", "There is no file 'no such file.jsonl'"),
    ],
)
def test_data_that_cannot_be_learned_from_are_refused_in_a_sentence_and_leave_nothing(tab, form, data, sentence, view):
    last = list(tab.start(at_home(), "", data, *form()))[-1]
    assert sentence in said(last[view.status]) and "failed" in last[view.status]
    assert not home().exists() or list(home().iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "../up"}, "A prompt's name must have 1 to 80 letters, digits"),
        ({"name": ".hidden"}, "and no dot first"),
        ({"name": "ddpt"}, "There is a prompt 'ddpt' already"),
        ({"steps": 0}, "steps must be from 1 to"),
        ({"steps": None}, "Steps must be a whole number, got nothing"),
        ({"batch_size": 2.5}, "Batch size must be a whole number"),
        ({"context": "sort list reverse list length list sum list largest"}, "The context must have at most 8 tokens"),
        ({"hidden": 17}, "hidden"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_a_sentence(tab, form, data_file, changes, sentence, view):
    last = trained(tab, form, data_file, **changes)[-1]
    assert sentence in said(last[view.status]) and "failed" in last[view.status]
    assert not home().exists() or list(home().iterdir()) == []


def test_nothing_is_overwritten_not_even_a_folder_that_is_no_prompt(tab, form, data_file, view):
    (home() / "mine").mkdir(parents=True)
    (home() / "mine" / "notes.txt").write_text("kept")
    last = trained(tab, form, data_file)[-1]
    assert "There is a prompt 'mine' already" in said(last[view.status])
    assert (home() / "mine" / "notes.txt").read_text() == "kept"


def test_a_prompt_without_a_name_gets_one_that_is_free(tab, form, data_file):
    source = source_of(str(data_file), local=True)
    backbone, config, _ = asked(tab, form, method="prompt-tuning")
    name = tab.trainings.wanted(source, backbone, config).name
    assert re.fullmatch(r"prompt-tuning-[\w-]*tasks-seed0", name)
    (home() / name).mkdir(parents=True)
    assert tab.trainings.wanted(source, backbone, config).name == f"{name}-2"


def test_a_loss_that_is_no_number_is_told_of_and_what_was_good_is_kept(tab, form, data_file, monkeypatch, view):
    monkeypatch.setitem(ALL_ARMS, "prompt-tuning", replace(ALL_ARMS["prompt-tuning"], rate=1e-2))
    values = form(method="prompt-tuning", steps=40)
    values[5 + methods(from_tasks=True).index("prompt-tuning")] = 10.0
    from ddpt_core.backbone.frozen_lm import FrozenLM

    real, calls = FrozenLM.summed_losses, []

    def spoiled(self, *given, **named):
        losses, counts = real(self, *given, **named)
        calls.append(1)
        return (losses * float("nan") if len(calls) > 30 else losses), counts

    monkeypatch.setattr(FrozenLM, "summed_losses", spoiled)
    last = list(tab.start(at_home(), "", str(data_file), *values))[-1]
    assert re.search(r"The loss is nan at step \d+ .*tasks", said(last[view.status])) and "failed" in last[view.status]
    assert (
        last[view.stopped].visible and last[view.menu].value == "mine" and (home() / "mine" / "prompt.json").is_file()
    )


def test_a_mistake_of_the_program_is_told_of_and_nothing_hangs(tab, form, data_file, monkeypatch, view):
    monkeypatch.setattr(tab.services, "backbone", lambda name: 1 / 0)
    last = trained(tab, form, data_file)[-1]
    assert (
        "a mistake of this program" in said(last[view.status])
        and last[view.go].interactive
        and list(home().iterdir()) == []
    )


def test_code_that_comes_with_a_model_runs_only_if_the_box_was_ticked(tab, form, monkeypatch):
    seen = []

    def load(name, **given):
        seen.append((name, given))
        raise BackboneError("stop here")

    monkeypatch.setattr("ddpt_core.load_backbone", load, raising=False)
    values = form()
    values[0] = "owner/name"
    for trusted in (False, True):
        values[4] = trusted
        list(tab.check(at_home(), "", "families:training", *values))
    assert seen == [("owner/name", {"trust_remote_code": trusted}) for trusted in (False, True)]


def test_a_training_takes_its_first_wish_and_none_after_its_last_step(tmp_path):
    wanted = Wanted("mine", "any", "families:training", "families:training", config_of("ddpt", steps=5))
    training = Training(wanted, tmp_path)
    training.ask(PAUSE)
    training.ask(CANCEL)
    assert training.asked == PAUSE
    last = Training(wanted, tmp_path)
    last.step = 5
    last.ask(CANCEL)
    assert last.asked == "" and not last.stoppable


def test_the_form_gives_every_setting_by_its_name(form, monkeypatch):
    monkeypatch.setitem(ALL_ARMS, "prompt-tuning", replace(ALL_ARMS["prompt-tuning"], rate=0.0321))
    assert settings_of(form(method="prompt-tuning"))["lr"] == 0.0321 != ALL_ARMS["ddpt"].rate
    settings = settings_of(form(method="residual", seed=7))
    assert settings["lr"] == ALL_ARMS["residual"].rate and settings["seed"] == 7 and settings["name"] == "mine"
    for name in ("name", "backbone", "trusted"):
        settings.pop(name)
    assert config_of(**settings) == TrainConfig(
        "residual", 6, 8, ALL_ARMS["residual"].rate, 7, "sort list", 8, hidden=16, validate_every=2
    )
