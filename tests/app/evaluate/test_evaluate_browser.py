"""The Evaluate tab in a real browser and through gradio_client, and task files in Compare, with hostile tasks."""

import json

import pytest

from app.page.uploads import MAX_BYTES

pytestmark = pytest.mark.slow

HOSTILE = "<img src=q onerror=window.hacked=1>${window.hacked=2}{{value}}"
DONE = "document.querySelector('#evaluate-status').innerText.includes('Done in')"
ANSWERED = """document.querySelectorAll("#compare-board .arm.answered").length === 3
  && !document.querySelector("#compare-go").disabled"""


@pytest.fixture
def task_file(tmp_path):
    """A file of three tasks: one with tests, one whose own reference fails them, one without; all hostile."""
    rows = [
        {"id": f"first {HOSTILE}", "instruction": f"sort list `a` {HOSTILE}", "reference": f"sorted(a)  # {HOSTILE}"},
        {"id": "second", "instruction": "reverse list `a`", "reference": "a"},
        {"id": "third", "instruction": "sum of list `c`", "reference": "sum(c)"},
    ]
    rows[0] |= {"tests": [f"assert _ == [1, 2], {HOSTILE!r}"], "setup": "a = [2, 1]"}
    rows[1] |= {"tests": [f"assert _ == [1, 2], {HOSTILE!r}"], "setup": "a = [2, 1]"}
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def visit(answering_server, new_page):
    """Opens an address of the app in a new window; collects requests and script errors."""

    def open_page(query="?tab=evaluate", width=1440, height=900):
        page = new_page(width, height, accept_downloads=True)
        page.goto(f"{answering_server}/{query}")
        page.wait_for_timeout(300)
        return page

    return open_page


def upload(page, tab, path):
    """Uploads a task file on a tab and waits until the page says something of it."""
    page.locator(f"#{tab} input[type=file]").set_input_files(path)
    page.wait_for_function(
        f"name => document.querySelector('#{tab}-file-said').innerText.includes(name)", arg=path.name
    )


def evaluate(page):
    page.locator("#evaluate-go").click()
    page.wait_for_function(DONE)


def test_an_uploaded_file_is_evaluated_and_every_prediction_can_be_looked_at(visit, task_file, answering_server):
    page = visit()
    upload(page, "evaluate", task_file)
    assert page.get_by_label("Data").input_value() == "mine.jsonl: 3 tasks, 2 with tests"
    evaluate(page)
    result = page.inner_text("#evaluate-result")
    assert "pass@1" in result and "1 task left out of pass@k" in result and "1 task without tests" in result
    page.wait_for_selector("#evaluate-plot .js-plotly-plot .trace")
    assert page.locator("#evaluate-rows article").count() == 9

    page.get_by_label("Search").fill("REVERSE")
    page.wait_for_function("document.querySelectorAll('#evaluate-rows article').length === 3")
    page.get_by_label("Search").fill("<IMG SRC=q")
    page.wait_for_function("document.querySelector('#evaluate-rows article .id').innerText.includes('first')")
    page.locator("#evaluate-arm input").click()
    page.get_by_role("option", name="DDPT").click()
    page.wait_for_function("document.querySelectorAll('#evaluate-rows article').length === 1")
    assert HOSTILE in page.inner_text("#evaluate-rows .instruction")
    assert page.evaluate("window.hacked") is None and page.locator("#evaluate img[src=q]").count() == 0

    page.get_by_role("button", name="Open in Compare").click()
    page.wait_for_function(ANSWERED)
    assert page.get_by_label("Instruction (").input_value() == f"sort list `a` {HOSTILE}"
    assert "a = [2, 1]" in page.inner_text(".board .given") and HOSTILE in page.inner_text(".board .tests >> nth=0")
    assert page.evaluate("window.hacked") is None and page.locator(".board img").count() == 0
    assert page.failed == [] and all(u.startswith((answering_server, "data:", "blob:")) for u in page.asked)


def test_picture_and_files_can_be_saved(visit, task_file):
    page = visit("?tab=evaluate&__theme=dark")
    upload(page, "evaluate", task_file)
    evaluate(page)
    page.wait_for_selector("#evaluate-plot .js-plotly-plot .trace")
    with page.expect_download() as picture:
        page.locator("#evaluate-picture").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as metrics:
        page.locator("#evaluate-metrics").click()
    assert json.loads(metrics.value.path().read_text())["tests"]["left_out"][0]["id"] == "second"
    with page.expect_download() as predictions:
        page.locator("#evaluate-predictions").click()
    assert len(predictions.value.path().read_text().splitlines()) == 9


def test_cancelling_shows_at_once_even_while_others_hold_the_model(visit, answering):
    page = visit()
    with answering.model():
        page.locator("#evaluate-go").click()
        page.get_by_text("Waiting for other work to end…").wait_for()
        page.locator("#evaluate-cancel").click()
        page.get_by_text("Cancelled; nothing of it was kept.").wait_for()
        assert page.locator("#evaluate-go").is_enabled() and page.locator("#evaluate-result").count() == 0


def test_what_cannot_be_read_or_evaluated_is_said_where_it_was_asked(visit, tmp_path):
    page = visit()
    for name, content in (("empty.jsonl", b""), ("table.csv", b"a,b\n"), ("photo.png", b"\x89PNG\r\n\xff")):
        path = tmp_path / name
        path.write_bytes(content)
        upload(page, "evaluate", path)
        assert page.locator("#evaluate-file-said .failed").count() == 1
    big = tmp_path / "big.jsonl"
    big.write_bytes(b"x" * (MAX_BYTES + 1))
    page.locator("#evaluate input[type=file]").set_input_files(big)
    page.locator("#evaluate-file-said", has_text="must have at most 5 MB").wait_for()
    page.get_by_label("Manual").uncheck()
    page.get_by_label("Prompt tuning").first.uncheck()
    page.get_by_label("DDPT").first.uncheck()
    page.locator("#evaluate-go").click()
    page.get_by_text("No arm is chosen; choose at least one.").wait_for()


def test_a_phone_shows_the_whole_result_without_scrolling_sideways(visit, task_file):
    page = visit("?tab=evaluate&__theme=dark", width=390, height=844)
    upload(page, "evaluate", task_file)
    evaluate(page)
    page.get_by_text("Tests, samples and pass@k").click()
    page.wait_for_timeout(400)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    inside = "all => all.every(one => one.getBoundingClientRect().right <= 390)"
    assert page.eval_on_selector_all("#evaluate .result *, #evaluate article > *, #evaluate button", inside)


def test_a_task_of_a_file_is_found_in_compare_by_typing_and_compared(visit, task_file):
    page = visit("?tab=compare")
    page.wait_for_function(ANSWERED)
    upload(page, "compare", task_file)
    page.wait_for_function("document.querySelector('.board .instruction').innerText.includes('sort list')")
    page.locator("#compare-example input").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("sum of")
    assert page.get_by_role("option").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.board .instruction').innerText.includes('sum of list')")
    page.wait_for_function(ANSWERED)
    assert page.evaluate("window.hacked") is None and "example=" not in page.url
    page.get_by_role("button", name="Back to the examples").click()
    page.locator("#compare-example input").click()
    page.get_by_role("option", name="reverse text").click()
    page.wait_for_function("document.querySelector('.board .instruction').innerText.includes('Reverse the string')")


def test_tests_are_checked_while_they_are_typed(visit):
    page = visit("?tab=compare")
    page.wait_for_function(ANSWERED)
    page.get_by_text("Reference, setup and tests").click()
    page.locator("#compare-tests .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("assert f(2) ==")
    page.get_by_text("The tests are not Python (line 1: invalid syntax)").wait_for()
    page.keyboard.type(" 4")
    page.get_by_text("1 test, no mistake of syntax.").wait_for()


def test_gradio_client_evaluates_rows_and_hears_sentences_as_they_are(answering_server):
    from gradio_client import Client

    client = Client(answering_server, verbose=False)
    rows = [
        {"instruction": f"sort {i}", "reference": "sorted(a)", "tests": ["assert _"], "setup": "a = [1]"} for i in "ab"
    ]
    said = client.predict(tasks=rows, arms=["ddpt"], samples=2, k=[1, 2], max_new_tokens=4, api_name="/evaluate")
    assert (
        said["data"]["tasks"] == 2
        and list(said["arms"]) == ["ddpt"]
        and set(said["arms"]["ddpt"]["pass_at"]) == {"1", "2"}
    )
    with pytest.raises(Exception, match=r"'<b>' is no data set of the Hugging Face hub"):
        client.predict(data="<b>", api_name="/evaluate")
    with pytest.raises(Exception, match=r"'app/main\.py' is no data set"):
        client.predict(data="app/main.py", api_name="/evaluate")
