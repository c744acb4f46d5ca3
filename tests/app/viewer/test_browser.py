"""The page in a real browser: what a visitor sees, drives and sends, with a vocabulary of hostile tokens."""

import re

import pytest

from app.explore.runs.runs import Runs
from ddpt_core.backbone import registry

pytestmark = pytest.mark.slow


def silent(share, text):
    """Hears of progress and does nothing with it."""


@pytest.fixture
def server(recorded, launched):
    """The address of the app with two runs: an embedded one of 40 steps and seed 3, an own one of 20 and seed 4."""
    services, name = recorded
    embedded = registry.ASSETS / "runs" / name
    embedded.parent.mkdir()
    services.of(Runs).entry(name).folder.rename(embedded)
    services.of(Runs).record("ddpt", "ddim", 20, 4, silent)
    with launched(services) as address:
        yield address


@pytest.fixture
def visit(server, open_viewer):
    """Opens an address of the app in a new window and waits for the run; collects requests and script errors."""

    return lambda query="", **window: open_viewer(f"{server}/{query}", **window)


def step(page):
    return page.evaluate("ddptViewer.step")


def test_the_first_visit_plays_the_recorded_run_once_with_captions(visit):
    page = visit()
    assert page.evaluate("ddptViewer.stepCount") == 41
    page.wait_for_function("ddptViewer.step > 0")
    assert "Noise" in page.inner_text(".caption")
    page.select_option(".speed", "4")
    page.wait_for_function("ddptViewer.step === 40")
    assert "End" in page.inner_text(".caption")
    page.reload()
    page.wait_for_function("window.ddptViewer && ddptViewer.stepCount")
    assert step(page) == 40 and page.is_hidden(".caption")
    assert page.failed == []


def test_with_reduced_motion_the_run_rests_at_its_end(visit):
    page = visit(reduced_motion="reduce")
    page.wait_for_timeout(300)
    assert step(page) == 40 and page.is_hidden(".caption")


def test_the_whole_vocabulary_and_the_paths_are_drawn(visit):
    page = visit("?run=ddpt-ddpm-40-seed3&step=20")
    for layer in ("field", "past", "path"):
        count = page.evaluate(
            """name => { const canvas = document.querySelector("." + name + "-layer");
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return data.filter((value, i) => i % 4 === 3 && value).length; }""",
            layer,
        )
        assert count > 100, layer
    assert "300 of 300 tokens shown" in page.inner_text(".legend")


def test_seeking_shows_the_step_in_picture_table_and_words(visit):
    page = visit("?run=ddpt-ddpm-40-seed3&step=7")
    assert step(page) == 7
    assert page.evaluate("ddptViewer.seek(40)") == 40
    assert page.inner_text(".where") == "step 40 of 40 · timestep 0 · noise 0.0 %"
    assert page.get_attribute("input.step", "aria-valuetext") == page.inner_text(".where")
    shown = page.eval_on_selector_all(
        "tbody tr", "rows => rows.map(row => row.querySelector('.c-near .chip').textContent)"
    )
    assert len(shown) == len(page.evaluate("ddptViewer.tokensAt(40)")) == 4
    assert page.evaluate("ddptViewer.seek(-5)") == 0 and page.evaluate("ddptViewer.seek(9999)") == 40
    assert page.evaluate("ddptViewer.seek('x').catch(error => error.message)").startswith("seek needs")


def test_keys_move_time_but_not_while_typing(visit):
    page = visit("?run=ddpt-ddpm-40-seed3&step=20")
    moves = [("ArrowRight", 21), ("ArrowLeft", 20), ("Shift+ArrowRight", 30), ("PageUp", 40), ("PageDown", 0)]
    for key, expected in [*moves, ("End", 40), ("Home", 0)]:
        page.keyboard.press(key)
        assert step(page) == expected, key
    page.keyboard.press(" ")
    page.wait_for_function("ddptViewer.step > 0")
    page.keyboard.press(" ")
    assert page.get_attribute(".play", "aria-label") == "Play"
    resting = step(page)
    page.fill(".find-token", "re")
    page.keyboard.press("ArrowRight")
    assert step(page) == resting
    assert page.inner_text(".found") == "1 found"


def test_hostile_tokens_are_text_and_nothing_runs(visit):
    page = visit("?run=ddpt-ddpm-40-seed3&step=40")
    tokens = page.evaluate("ddptViewer.tokensAt(40)")
    shown = page.inner_text("tbody")
    assert "${window.hacked=1}" in shown and "{{value}}" in shown and "<img␣src=x" in shown
    assert "\u202e" not in shown and "\\u{202e}evil" in shown
    assert set(tokens) & {"${window.hacked=1}", "{{value}}", "\u202eevil"}
    page.click("tbody tr >> nth=0")
    page.hover(".plot")
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.querySelectorAll('.ddpt img').length") == 0
    assert page.failed == []


def test_scrubbing_asks_the_server_nothing(visit):
    page = visit("?run=ddpt-ddpm-40-seed3&step=0")
    page.click("[data-kind=estimate]")
    page.wait_for_selector("[data-kind=estimate][aria-pressed=true]")
    page.click("[data-kind=state]")
    page.wait_for_timeout(800)  # the address is written once the step rests
    page.asked.clear()
    for target in range(41):
        page.evaluate("step => ddptViewer.seek(step)", target)
    box = page.locator(".strip").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    assert step(page) == 20
    page.click("[data-kind=estimate]")
    page.wait_for_timeout(800)
    assert page.asked == []
    assert "step=20" in page.url and "run=ddpt-ddpm-40-seed3" in page.url and "seed=3" in page.url


def test_nothing_is_asked_of_another_host(visit, server):
    page = visit()
    assert [url for url in page.asked if not url.startswith((server, "data:", "blob:"))] == []


@pytest.mark.parametrize(("theme", "width"), [("dark", 390), ("light", 820), ("dark", 1440)])
def test_no_window_is_too_narrow_in_either_theme(visit, theme, width):
    page = visit(f"?run=ddpt-ddpm-40-seed3&step=20&__theme={theme}", width=width, height=844)
    page.click(".new-run")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ink = page.evaluate("getComputedStyle(document.querySelector('.ddpt')).color")
    brightness = sum(map(int, re.findall(r"\d+", ink)[:3])) / 3
    assert (brightness > 150) == (theme == "dark")


def test_an_unknown_run_in_the_address_is_told_and_the_first_is_shown(visit):
    page = visit("?tab=explore&run=nowhere&step=3")
    toast = page.wait_for_selector(".toast-body, [data-testid=toast-body]").inner_text()
    assert "There is no run 'nowhere'" in toast
    assert page.evaluate("ddptViewer.stepCount") == 41


def test_another_run_and_a_second_one_beside_it_can_be_chosen(visit):
    page = visit("?run=ddpt-ddpm-40-seed3&step=40")
    page.select_option(".pick-second", "ddpt-ddim-20-seed4")
    page.wait_for_selector(".key-second:not([hidden])")
    assert "of 4 positions" in page.inner_text(".key-second")
    page.select_option(".pick-run", "ddpt-ddim-20-seed4")
    page.wait_for_function("ddptViewer.stepCount === 21")
    assert page.is_hidden(".key-second") and step(page) == 20
    assert page.failed == []


def test_a_new_run_is_made_or_refused_with_the_inputs_kept(visit):
    page = visit("?run=ddpt-ddpm-40-seed3&step=40")
    page.click(".new-run")
    steps, seed = (page.get_by_label(name, exact=True) for name in ("Steps", "Seed"))
    steps.fill("5000")
    seed.fill("9")
    page.click("#sample")
    page.wait_for_selector(".run-status.failed")
    assert "from 1 to 2,000, got 5,000" in page.inner_text(".run-status")
    assert (steps.input_value(), seed.input_value()) == ("5000", "9")
    steps.fill("30")
    page.click("#sample")
    page.wait_for_function("ddptViewer.stepCount === 31")
    page.wait_for_function("document.querySelector('.run-status').textContent.includes('is open')")
    assert page.failed == []


def test_the_picture_and_the_coordinates_can_be_saved(visit):
    page = visit("?run=ddpt-ddpm-40-seed3&step=40", accept_downloads=True)
    page.click(".menu summary")
    with page.expect_download() as picture:
        page.click(".save-picture")
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
    assert picture.value.suggested_filename == "ddpt-ddpm-40-seed3-pca-state-step40.png"
    page.click(".menu summary")
    with page.expect_download() as table:
        page.click(".save-table")
    lines = table.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 41 * 4
    assert lines[0] == "step,timestep,noise_level,position,pca_1,pca_2,pca_3,token_id,token,similarity"
