"""The Train tab in a real browser: the whole way, pause and resume over a reload, what is refused, phones and keys."""

import json

import pytest

from app.train import trainings as module
from ddpt_core.backbone import registry
from ddpt_core.settings import TRAINING_STATE, TrainConfig

pytestmark = pytest.mark.slow

HOSTILE = "<img src=q onerror=window.hacked=1>${window.hacked=2}{{value}}"
STATUS = "(document.querySelector('#train-status')?.innerText ?? '')"


@pytest.fixture
def visit(answering_server, new_page, monkeypatch):
    """Opens the tab in a new window; the noise has 20 levels, so that a finished prompt is soon measured."""
    monkeypatch.setattr(
        module, "TrainConfig", lambda method, **named: TrainConfig(method, **{"timesteps": 20, **named})
    )

    def open_page(query="?tab=train", width=1440, height=900):
        page = new_page(width, height, accept_downloads=True)
        page.goto(f"{answering_server}/{query}")
        page.wait_for_function(f"{STATUS}.length > 20")
        page.wait_for_timeout(300)
        return page

    return open_page


@pytest.fixture
def fill(tiny_folder, data_file):
    """Fills the form for a training on the tiny backbone: fill(page, name, steps)."""

    def fields(page, name="mine", steps=30, data=None):
        for label, text in (("Data", str(data or data_file)), ("Backbone", str(tiny_folder))):
            page.get_by_label(label).first.fill(text)
            page.keyboard.press("Tab")
        page.get_by_label("Name of the prompt").fill(name)
        page.get_by_label("Context: the text").fill("sort list")
        page.get_by_label("Steps · ").fill(str(steps))
        page.get_by_label("Tasks a step").fill("8")
        page.get_by_text("Sizes and the objective").click()
        page.get_by_label("Positions of the context").fill("8")
        page.get_by_label("Steps between validations").fill("5")
        page.get_by_label("Width of the denoiser").fill("16")

    return fields


def said(page, words):
    """Waits until the status says so."""
    page.wait_for_function(f"words => {STATUS}.includes(words)", arg=words)


def test_data_are_checked_a_prompt_is_trained_and_compare_and_explore_offer_it(visit, fill, tmp_path, data_file):
    rows = [json.loads(line) for line in data_file.read_text().splitlines()]
    rows[0] |= {"instruction": HOSTILE, "reference": HOSTILE}
    hostile = tmp_path / "hostile.jsonl"
    hostile.write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = visit()
    fill(page, data=hostile)
    page.locator("#train-check").click()
    page.wait_for_selector("#train-checked table")
    checked = page.inner_text("#train-checked")
    assert "tasks to learn from" in checked and "Rows\t64" in checked and HOSTILE in checked

    page.locator("#train-go").click()
    said(page, "mine is trained, and stands in Compare, Evaluate and Explore.")
    assert not page.locator("#train-checked details").evaluate("one => one.open")
    figures = page.inner_text("#train-figures")
    metrics = json.loads((registry.user_folder("prompts") / "mine" / "prompt.json").read_text())["metrics"]
    assert f"{metrics['validation_loss']:.4f}" in figures and "30 of 30" in figures
    assert page.locator("#train-curves svg.wide .dot").count() == 6
    with page.expect_download() as picture:
        page.locator("#train-picture").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG") and picture.value.suggested_filename.endswith(
        ".png"
    )

    page.locator("#train-explore").click()
    page.wait_for_selector("#new-run.open")
    assert page.get_by_label("Prompt", exact=True).input_value() == "mine"
    page.get_by_role("tab", name="Train").click()
    page.locator("#train-compare").click()
    page.wait_for_function("""document.querySelectorAll("#compare-board .arm.answered").length === 3""")
    assert "(mine)" in page.inner_text("#compare-board") and page.evaluate("window.hacked") is None
    assert page.failed == [] and page.locator("img[src=q]").count() == 0


def test_a_paused_training_goes_on_after_a_reload_and_can_be_cancelled(visit, fill):
    page = visit()
    fill(page, steps=100_000)
    page.locator("#train-go").click()
    said(page, "left")
    assert page.locator("#train-go").is_disabled()
    page.reload()
    said(page, "left")  # it went on, and this page shows it
    page.wait_for_selector("#train-curves svg.wide .dot")
    page.locator("#train-pause").click()
    said(page, "mine is paused after step")
    folder = registry.user_folder("prompts") / "mine"
    assert (folder / TRAINING_STATE).is_file() and page.locator("#train-go").is_enabled()

    page.reload()
    page.wait_for_selector("#train-stopped")
    assert page.locator("#train-stopped input").input_value().startswith("mine · step ")
    page.locator("#train-resume").click()
    said(page, "left")
    page.locator("#train-cancel").click()  # the question is answered with no
    page.wait_for_timeout(700)
    said(page, "left")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#train-cancel").click()
    said(page, "Cancelled; nothing of it was kept.")
    assert not folder.exists() and page.locator("#train-stopped").count() == 0 and page.failed == []


def test_what_cannot_be_trained_is_said_and_what_was_typed_stays(visit, fill, tmp_path):
    page = visit()
    fill(page, name="../up", steps=7)
    page.locator("#train-go").click()
    said(page, "A prompt's name must have 1 to 80 letters")
    page.get_by_label("Name of the prompt").fill("mine")
    page.get_by_label("Backbone").first.fill("nobody/nothing")
    page.keyboard.press("Tab")
    page.locator("#train-go").click()
    said(page, "'nobody/nothing'")
    assert page.locator("#train-status .failed").count() == 1
    assert page.get_by_label("Steps · ").input_value() == "7" and page.locator("#train-go").is_enabled()
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"instruction": "a", "refer')
    page.locator("#train input[type=file]").set_input_files(bad)
    page.locator("#train-file-said .failed", has_text="Line 1 of bad.jsonl").wait_for()
    assert list(registry.user_folder("prompts").iterdir()) == []


def test_an_uploaded_file_is_chosen_and_checked(visit, fill, data_file):
    page = visit()
    fill(page)
    page.locator("#train input[type=file]").set_input_files(data_file)
    page.wait_for_function("document.querySelector('#train-data input').value.startsWith('tasks.jsonl: 64 tasks')")
    page.locator("#train-check").click()
    page.locator("#train-checked summary", has_text="tasks.jsonl:").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_all_of_it_and_everybody_can_use_it(visit, fill, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(f"?tab=train&__theme={theme}", width=390, height=844)
    fill(page)
    page.locator("#train-check").click()
    page.wait_for_selector("#train-checked table")
    page.locator("#train-go").focus()
    page.keyboard.press("Enter")
    said(page, "is trained")
    page.locator("#train-checked summary").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    inside = "all => all.every(one => one.getBoundingClientRect().right <= 390)"
    assert page.eval_on_selector_all("#train-checked td, #train-figures td, #train button, #train svg.narrow", inside)
    assert page.locator("svg.narrow").is_visible() and page.locator("svg.wide").is_hidden()
    tabs = page.locator("button[role=tab]").last.bounding_box()
    assert tabs["x"] + tabs["width"] <= page.locator(".masthead button").bounding_box()["x"]
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"]) for one in found if one["impact"] in ("serious", "critical")] == []


def test_methods_show_the_settings_that_they_have(visit):
    page = visit()
    page.get_by_text("Sizes and the objective").click()
    shown = {}
    for method in ("Prompt tuning", "Residual", "DDPT"):
        page.locator("#train-method input").click()
        page.get_by_role("option", name=method, exact=True).click()
        page.wait_for_timeout(500)
        labels = ("Width of the denoiser", "Weight of the diffusion loss")
        rate = [one.input_value() for one in page.get_by_label("Rate · ").all() if one.is_visible()]
        shown[method] = [rate, *(page.get_by_label(label).is_visible() for label in labels)]
    assert shown == {
        "Prompt tuning": [["0.01"], False, False],
        "Residual": [["0.01"], True, False],
        "DDPT": [["0.01"], True, True],
    }
