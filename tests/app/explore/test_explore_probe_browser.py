"""Code along the path in a real browser: written, clicked, saved, cancelled, narrow and dark."""

import pytest

from app.explore.runs.runs import Runs
from app.page.services import Services
from ddpt_core.backbone import registry

pytestmark = pytest.mark.slow

HOSTILE = "x`<img src=q onerror=window.hacked=1>${window.hacked=2}{{value}}`"
DONE = "document.querySelector('#probe-status').innerText.startsWith('Done in')"


@pytest.fixture
def probed(answering, tiny, monkeypatch):
    """Services whose every backbone is the tiny T5, with two runs of 20 steps, seeds 3 and 4."""
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: tiny)
    services = Services(answering.cache)
    for seed in (3, 4):
        services.of(Runs).record("ddpt", "ddpm", 20, seed, lambda share, text: None)
    return services


@pytest.fixture
def visit(probed, launched, open_viewer):
    """Opens the tab in a new window and waits for the run; collects requests and script errors."""
    with launched(probed) as address:
        yield lambda query="?step=20", **window: open_viewer(f"{address}/{query}", **window)


def write(page, text=None):
    if text is not None:
        page.locator("#probe-instruction textarea, #probe-instruction input").fill(text)
    page.click("#probe-go")
    page.wait_for_function(DONE)


def test_the_panel_says_that_nothing_is_written_and_one_button_writes(visit):
    page = visit()
    assert "Nothing has been written along this run yet" in page.inner_text("#probe-status")
    assert page.locator("#probe-code table").count() == 0
    write(page)
    assert 12 <= page.locator("#probe-code tbody tr").count() <= 24
    assert "seed 3" in page.inner_text("#probe-code .how")
    assert page.failed == []


def test_the_table_follows_the_viewer_and_never_moves_the_page(visit):
    page = visit()
    write(page)
    steps = [int(row.get_attribute("data-step")) for row in page.locator("#probe-code tbody tr").all()]
    page.evaluate("document.querySelector('#probe-code .steps').style.maxHeight = '120px'")  # so that it must scroll
    page.evaluate("scrollTo(0, 40)")
    for step in (0, 20, 13, 12):
        page.evaluate(f"ddptViewer.seek({step})")
        since = max(other for other in steps if other <= step)
        (row,) = page.locator("#probe-code tr[aria-current]").all()
        assert row.get_attribute("data-step") == str(since)
        said = f"Code at step {step}" + (f" (last written at step {since})" if since != step else "") + ": "
        assert page.inner_text("#probe-code .at").startswith(said)
        assert page.inner_text("#probe-code .now .code") == row.locator(".code").inner_text()
        page.wait_for_function(
            """() => {
              const place = (name) => document.querySelector("#probe-code " + name).getBoundingClientRect();
              const [box, row] = [place(".steps"), place("tr[aria-current]")];
              return row.bottom > box.top + 10 && row.top < box.bottom - 10;
            }"""
        )
        assert page.evaluate("scrollY") == 40
    page.select_option(".pick-run", "ddpt-ddpm-20-seed4")
    page.get_by_text("along another run than the one above").wait_for()
    assert page.locator("#probe-code tr[aria-current]").count() == 0 and page.failed == []


def test_a_step_of_the_table_moves_the_viewer_or_opens_its_run(visit):
    page = visit()
    write(page)
    page.click("#probe-code tr[data-step='5'] a")
    page.wait_for_function("ddptViewer.step === 5")
    page.locator("#probe-code tbody .chips").nth(0).click()
    page.wait_for_function("ddptViewer.step === 0")
    assert page.locator("#probe-code tbody tr").count() >= 12  # the page was not loaded again
    address = page.locator("#probe-code tbody a").nth(0).get_attribute("href")
    assert address == "?tab=explore&run=ddpt-ddpm-20-seed3&step=0"


def test_another_run_is_probed_once_it_is_open(visit):
    page = visit()
    page.select_option(".pick-run", "ddpt-ddpm-20-seed4")
    page.wait_for_function("document.querySelector('.veil').hidden")
    write(page)
    assert "seed 4" in page.inner_text("#probe-code .how")


def test_an_example_fills_in_its_instruction_and_enter_writes(visit, probed):
    page = visit()
    page.locator("#probe-example input").click()
    page.get_by_role("option", name="reverse text").click()
    page.wait_for_function(
        "document.querySelector('#probe-instruction textarea, #probe-instruction input').value.startsWith('Reverse')"
    )
    page.locator("#probe-instruction textarea, #probe-instruction input").press("Enter")
    page.wait_for_function(DONE)
    assert "Reverse the string" in page.inner_text("#probe-code .instruction")


def test_what_is_typed_is_text_and_an_empty_instruction_is_refused(visit):
    page = visit()
    write(page, HOSTILE)
    assert HOSTILE in page.inner_text("#probe-code .instruction")
    assert page.evaluate("window.hacked") is None and page.locator("#probe-code img").count() == 0
    page.locator("#probe-instruction textarea, #probe-instruction input").fill(" ")
    page.click("#probe-go")
    page.get_by_text("The instruction is empty; say in a sentence what the code should do.").wait_for()
    assert page.locator("#probe-code tbody tr").count() >= 12 and page.locator("#probe-go").is_enabled()


def test_the_table_can_be_saved(visit):
    page = visit(accept_downloads=True)
    write(page)
    with page.expect_download() as file:
        page.click("#probe-code a.save")
    assert file.value.suggested_filename == "code-along-ddpt-ddpm-20-seed3.csv"
    (heads, *_) = file.value.path().read_text(encoding="utf-8").splitlines()
    assert heads.startswith("step,timestep,noise_level,parses,code")
    with page.expect_download() as safe:
        page.click("#probe-code a.save-safe")
    assert safe.value.suggested_filename == "code-along-ddpt-ddpm-20-seed3-for-spreadsheets.csv"


def test_cancelling_while_another_works_frees_the_button(visit, probed):
    page = visit()
    with probed.model():
        page.click("#probe-go")
        page.get_by_text("Waiting for other work to end…").wait_for()
        page.click("#probe-cancel")
        page.get_by_text("Cancelled; what is shown stays.").wait_for()
        assert page.locator("#probe-go").is_enabled()
    write(page)


@pytest.mark.parametrize(("theme", "width"), [("dark", 390), ("light", 1440)])
def test_the_panel_fits_the_window_in_either_theme(visit, theme, width):
    page = visit(f"?step=20&__theme={theme}", width=width, height=844)
    write(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("#probe-code .steps").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert page.failed == []
