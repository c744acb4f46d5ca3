"""The code beside the picture in a real browser: follows slider and switch, is written when asked, fits a phone."""

import json

import pytest

from app.explore.runs.path_code import PathCodes
from app.explore.runs.runs import Runs
from app.page.services import Services
from app.page.sources import Examples
from ddpt_core.backbone import registry

pytestmark = pytest.mark.slow

HOSTILE = "x`<img src=q onerror=window.hacked=1>${window.hacked=2}{{value}}`"


@pytest.fixture
def coded(answering, tiny, monkeypatch):
    """Services whose every backbone is the tiny T5, with a run of 20 steps along which two examples are written."""
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: tiny)
    examples = registry.ASSETS / "examples" / "examples.jsonl"
    examples.write_text("".join(examples.read_text().splitlines(True)[:2]))
    services = Services(answering.cache)
    runs = services.of(Runs)
    entry = runs.entry(runs.record("ddpt", "ddpm", 20, 3, lambda share, text: None))
    codes = PathCodes(services, services.of(Examples).tasks)
    return services, codes.of(entry, lambda share, text: None)


@pytest.fixture
def visit(coded, launched, open_viewer):
    """Opens the tab in a new window and waits for the run; collects requests and script errors."""
    with launched(coded[0]) as address:
        yield lambda query="?step=20", **window: open_viewer(f"{address}/{query}", **window)


def ready(page):
    page.wait_for_selector(".code-now:not(.bare)")


def test_the_code_follows_the_slider_and_the_switch_without_a_request(visit, coded):
    page = visit()
    ready(page)
    page.click("[data-kind=estimate]")
    page.click("[data-kind=state]")
    task = next(one for one in coded[1] if one["instruction"] == page.input_value(".pick-task"))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for kind in ("state", "estimate"):
        page.click(f"[data-kind={kind}]")
        rows = task["paths"][kind]["rows"]
        for step in (0, 7, 13, 20):
            page.evaluate(f"ddptViewer.seek({step})")
            row = [row for row in rows if row["step"] <= step][-1]
            shown = page.evaluate("document.querySelector('.code-now code').textContent")
            assert shown == (row["code"] or "(an empty answer)")
            assert page.inner_text(".code-at") == f"code at step {step}"
            assert page.inner_text(".tests-chip").endswith(f"of {len(row['tests'])} tests")
        assert page.locator(".code-strip .stretch").count() == sum("pieces" in row for row in rows)
        assert page.locator(".code-all tbody tr").count() == len(rows)
    assert asked == [] and page.failed == []
    other = next(one["instruction"] for one in coded[1] if one is not task)
    page.select_option(".pick-task", other)
    assert page.input_value(".pick-task") == other and asked == []


def test_an_own_instruction_is_written_when_asked_and_is_text(visit):
    page = visit()
    ready(page)
    page.select_option(".pick-task", label="type your own…")
    page.fill(".own-task input", HOSTILE)
    page.press(".own-task input", "Enter")
    page.wait_for_function("document.querySelector('.code-ask').hidden")
    assert page.input_value(".pick-task") == HOSTILE and page.inner_text(".tests-chip") == "no tests"
    assert page.locator(".code-all tbody tr").count() >= 16
    assert page.evaluate("window.hacked") is None and page.locator(".code-now img").count() == 0
    page.click(".code-all summary")
    page.click(".code-all tbody tr:first-child button")
    page.wait_for_function("ddptViewer.step === 0")
    assert page.failed == []


def test_what_is_written_can_be_cancelled_and_saved(visit, coded):
    page = visit(accept_downloads=True)
    ready(page)
    with page.expect_download() as file:
        page.click(".code-all summary")
        page.click(".save-code")
    assert file.value.suggested_filename == "code-along-ddpt-ddpm-20-seed3-state.csv"
    heads, *_ = file.value.path().read_text(encoding="utf-8").splitlines()
    assert heads == "step,timestep,noise_level,style,tests_passed,tests,code,answer"
    with coded[0].model():
        page.select_option(".pick-task", label="type your own…")
        page.fill(".own-task input", "sort list `a`")
        page.press(".own-task input", "Enter")
        page.get_by_text("Waiting for other work to end…").wait_for()
        page.click(".stop-code")
        page.wait_for_selector(".write-code", state="visible")
    assert page.failed == []


def test_a_phone_shows_picture_slider_code_tokens_in_that_order_and_keeps_the_slider_in_reach(visit):
    page = visit("?step=20&__theme=dark", width=390, height=844)
    ready(page)
    tops = page.evaluate(
        "['.plot', 'input.step', '.code-now', '.rows', '.strip'].map((name) => document.querySelector(name)"
        ".getBoundingClientRect().top + scrollY)"
    )
    assert json.dumps(sorted(tops)) == json.dumps(tops)
    page.evaluate("document.querySelector('.rows').scrollIntoView()")
    slider = page.locator(".slider-axis").bounding_box()
    assert slider["y"] >= 0 and slider["y"] + slider["height"] <= 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390 and page.failed == []
