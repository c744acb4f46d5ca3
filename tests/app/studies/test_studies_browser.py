"""The studies' page in a real browser and through gradio_client: started, cancelled, gone on with, read, opened."""

import json
import time

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

pytestmark = pytest.mark.slow

HOSTILE = "<img src=s onerror=window.hacked=3>${window.hacked=4}{{value}}"
LONG = 120_000  # milliseconds that a tiny study may take on a busy machine
ANSWERED = """document.querySelectorAll("#compare-board .arm.answered").length === 2
  && !document.querySelector("#compare-go").disabled"""


@pytest.fixture
def visit(own_study, launched, new_page):
    """Opens an address of the app, whose user has the small study, in a new window."""
    with launched(own_study) as address:

        def open_page(query="?tab=evaluate&study=small", width=1440, height=900):
            page = new_page(width, height, accept_downloads=True)
            page.goto(f"{address}/{query}")
            page.wait_for_function("document.querySelector('#studies-list button')")
            return page

        yield open_page


def says(page, element, text, timeout=LONG):
    """Waits until an element of the page holds a text."""
    looking = "([id, text]) => document.querySelector('#' + id)?.innerText.includes(text)"
    page.wait_for_function(looking, arg=[element, text], timeout=timeout)


def upload(page, path):
    """Chooses a study file as a person does: a click lets the same name be chosen again."""
    with page.expect_file_chooser() as chooser:
        page.locator("#study-upload").click()
    chooser.value.set_files(path)


def choose(page, menu, option):
    page.locator(f"#{menu} input").click()
    page.get_by_role("option", name=option).click()


def test_a_study_is_started_cancelled_gone_on_with_and_read(visit, study_yaml, study_data, tmp_path):
    page = visit()
    page.get_by_role("button", name="Start a study").click()
    path = tmp_path / "mine.yaml"
    path.write_text(study_yaml + "stepps: 3\n")
    upload(page, path)
    says(page, "study-file-said", "Unknown key 'stepps' in the study; did you mean 'steps'?")
    path.write_text(study_yaml.replace("steps: 2\n", "steps: 40\n", 1))
    upload(page, path)
    page.wait_for_function("document.querySelector('#study-file input').value.startsWith('mine.yaml: 2 parts')")
    page.locator("#study-folder").locator("input, textarea").fill(str(study_data))
    page.locator("#study-name").locator("input, textarea").fill("from-the-page")
    page.locator("#study-limit input").fill("2")
    assert page.locator("#study-start").count() == 0  # not before its cost is known
    page.locator("#study-cost").click()
    says(page, "study-estimate", "1 trainings of")
    page.locator("#study-limit input").fill("3")
    page.locator("#study-limit input").blur()
    says(page, "study-form-status", "The form has changed since")
    assert page.locator("#study-start").count() == 0
    page.locator("#study-cost").click()
    page.locator("#study-start").click(timeout=LONG)
    says(page, "studies-list", "from-the-page")
    says(page, "study-status", "Cell 2 of")
    page.locator("#study-cancel").click()
    page.locator("#study-resume").wait_for(timeout=LONG)
    says(page, "study-status", "Go on takes it up where it was")
    assert "stopped" in page.inner_text("#studies-list") and "study=from-the-page" in page.url

    page.reload()
    page.locator("#study-resume").click(timeout=LONG)
    says(page, "study-status", "from-the-page is done")
    says(page, "study-results", "best manual context")
    assert page.evaluate("window.hacked") is None and page.failed == []


def test_the_predictions_are_sorted_filtered_and_opened_in_compare(visit):
    page = visit()
    says(page, "study-results", HOSTILE)
    page.wait_for_selector("#study-arms-plot .js-plotly-plot .trace")
    page.wait_for_selector("#study-chart-0 .js-plotly-plot .trace")  # quality against the seconds of two samplers
    assert page.locator("#study-rows article").count() == 20
    choose(page, "study-arm", "best manual context")
    page.wait_for_function("document.querySelectorAll('#study-rows article').length === 6")
    choose(page, "study-by", "Loss of the reference, per token")
    page.wait_for_function("document.querySelector('#study-rows .chip')?.innerText.startsWith('Loss')")
    losses = [float(chip.split()[1]) for chip in page.locator("#study-rows .chip").all_inner_texts()]
    assert losses == sorted(losses)
    choose(page, "study-first", "Worst first")
    page.wait_for_function(
        "first => !document.querySelector('#study-rows .chip').innerText.endsWith(first)", arg=losses[0]
    )
    instruction = page.locator("#study-rows .instruction").first.inner_text()
    assert HOSTILE in instruction and page.locator("#studies img[src=s]").count() == 0
    page.get_by_role("button", name="Open in Compare").first.click()
    page.wait_for_function(ANSWERED)  # manual and DDPT, the arms of the study
    assert page.get_by_label("Instruction (").input_value() == instruction
    assert page.evaluate("window.hacked") is None and page.failed == []


def test_parts_data_and_measures_change_what_is_shown_and_files_are_saved(visit):
    page = visit("?tab=evaluate&study=small&__theme=dark", width=390, height=844)
    says(page, "study-results", "best manual context")
    choose(page, "study-part", "Second")
    says(page, "study-results", "no context")
    choose(page, "study-on", "Tested")
    says(page, "study-results", "pass@1")
    choose(page, "study-metric", "chrF")
    says(page, "study-pairs", "by chrF")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as report:
        page.get_by_role("button", name="report.html").click()
    assert report.value.path().read_bytes().startswith(b"<!doctype html>")
    with page.expect_download() as rows:
        page.get_by_role("button", name="predictions.jsonl").click()
    assert {json.loads(line)["arm"] for line in rows.value.path().read_text().splitlines()} == {"manual", "none"}
    with page.expect_download() as picture:
        page.locator("#study-picture").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
    page.get_by_role("tab", name="One evaluation").click()
    page.wait_for_function("!location.search.includes('study=')")
    assert page.failed == []


def test_the_list_is_worked_by_keyboard_and_an_address_of_no_study_is_told(visit):
    page = visit("?tab=evaluate&study=<b>gone")
    says(page, "study-status", "There is no study '<b>gone' any longer")
    page.wait_for_function("location.search.includes('study=small')")  # the one that is shown instead
    button = page.locator("#studies-list button").first
    button.focus()
    page.keyboard.press("Enter")
    says(page, "study-status", "small is finished")
    assert page.locator("#studies-list button[aria-current]").inner_text() == "small"


def test_the_endpoints_tell_what_the_page_shows(own_study, launched, study_yaml, study_data):
    with launched(own_study) as address:
        client = Client(address, verbose=False)
        found = client.predict(api_name="/studies")
        assert [one["name"] for one in found["studies"]] == ["small"]
        assert {"file", "about"} == found["files"][0].keys()
        how = {"plan": study_yaml, "data_folder": str(study_data), "limit": 1}
        cost = client.predict(**how, api_name="/study_estimate")
        assert cost["trainings"] == 1 and "about" in cost["sentence"]
        assert client.predict(**how, name="by-client", api_name="/study_run")["name"] == "by-client"
        end = time.monotonic() + LONG / 1000
        while not (told := client.predict(api_name="/study_progress"))["outcome"] and time.monotonic() < end:
            time.sleep(0.2)
        assert told["outcome"] == "done", told
        results = client.predict("by-client", api_name="/study_results")
        assert [part["name"] for part in results["parts"]] == ["First", "Second"]
        best = client.predict("small", sort_by="chrf", limit=3, api_name="/study_predictions")
        assert best["found"] == 30 and len(best["predictions"]) == 3
        assert best["predictions"][0]["value"] >= best["predictions"][1]["value"]
        with pytest.raises(AppError, match="There is no study 'none'; choose one of the list"):
            client.predict("none", api_name="/study_results")
        with pytest.raises(AppError, match="did you mean 'steps'"):
            client.predict(plan=study_yaml + "stepps: 1\n", api_name="/study_estimate")
        with pytest.raises(AppError, match="No study is under way"):
            client.predict(api_name="/study_cancel")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_no_serious_violation_of_the_studies(visit, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(f"?tab=evaluate&study=small&__theme={theme}", width)
    page.wait_for_selector("#study-arms-plot .js-plotly-plot .trace")
    page.get_by_role("button", name="Start a study").click()
    page.wait_for_timeout(800)  # until the fold is open
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
