"""The Compare tab in a real browser and through gradio_client: shown, typed into, cancelled, dark and narrow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ddpt_core.arms import ARMS
from ddpt_core.backbone import registry
from ddpt_core.data.readers import load_tasks

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "x`<img src=q onerror=window.hacked=1>${window.hacked=2}{{value}}`"
ANSWERED = """count => document.querySelectorAll("#compare-board .arm.answered").length === count
  && !document.querySelector("#compare-go").disabled"""


@pytest.fixture
def visit(answering_server, new_page):
    """Opens the tab in a new window and waits for the first answers; collects requests and script errors."""

    def open_tab(query="", width=1440, height=900):
        page = new_page(width, height)
        with page.expect_response("**/run/predict*"):  # which tab the address asks for; it may undo an earlier click
            page.goto(f"{answering_server}/{query}")
        page.wait_for_timeout(100)
        page.get_by_role("tab", name="Compare").click()
        page.wait_for_function(ANSWERED, arg=3)
        return page

    return open_tab


def type_and_run(page, text, key="Control+Enter"):
    box = page.get_by_label("Instruction (")
    box.fill(text)
    box.press(key)
    page.wait_for_function("text => document.querySelector('.board .instruction')?.innerText.includes(text)", arg=text)


def test_the_first_look_shows_an_example_with_the_answers_of_all_three_arms(visit):
    page, task = visit(), load_tasks(registry.ASSETS / "examples" / "examples.jsonl", limit=1)[0]
    assert page.get_by_label("Instruction (").input_value() == task.instruction
    assert page.eval_on_selector_all(".board h3", "all => all.map(one => one.innerText)") == [
        "Manual",
        "Prompt tuning",
        "DDPT",
    ]
    assert task.reference in page.inner_text(".board .given")
    assert page.locator(".board .chip").count() == 3
    page.get_by_role("tab", name="Explore").click()
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_timeout(300)
    assert page.locator(".arm.answered").count() == 3 and page.failed == []


def test_an_address_opens_its_example_and_the_menu_another(visit):
    page = visit("?tab=compare&example=digit-sum")
    assert "digit_sum" in page.inner_text(".board .instruction")
    page.locator("#compare-example input").click()
    page.get_by_role("option", name="reverse text").click()
    page.wait_for_function("document.querySelector('.board .instruction').innerText.includes('Reverse the string')")
    page.wait_for_function(ANSWERED, arg=3)
    assert "example=reverse-text" in page.url


def test_ctrl_enter_asks_what_is_typed_and_the_examples_tests_go(visit):
    page = visit()
    type_and_run(page, "length of list `b`")
    page.wait_for_function(ANSWERED, arg=3)
    assert "taken out" in page.inner_text(".board .note")
    assert page.locator(".board .given").count() == 0 and "No tests were given." in page.inner_text(".board .arms")
    assert page.get_by_label("Instruction (").input_value() == "length of list `b`"


def test_what_is_typed_never_runs_in_the_page(visit):
    page = visit()
    page.get_by_text("Contexts and generation").click()
    page.get_by_label("Manual context").fill("${a=1}")
    type_and_run(page, HOSTILE)
    page.wait_for_function(ANSWERED, arg=3)
    assert HOSTILE in page.inner_text(".board .instruction") and "${a=1}" in page.inner_text(".board .arm")
    assert page.evaluate("window.hacked") is None and page.locator(".board img").count() == 0


def test_an_empty_instruction_is_refused_in_a_sentence_and_the_answers_stay(visit):
    page = visit()
    page.get_by_label("Instruction (").fill("")
    page.locator("#compare-go").click()
    page.get_by_text("The instruction is empty; say in a sentence what the code should do.").wait_for()
    assert page.locator(".arm.answered").count() == 3 and page.locator("#compare-go").is_enabled()


def test_the_papers_settings_are_one_click_and_the_defaults_another(visit):
    page = visit()
    page.get_by_text("Contexts and generation").click()
    values = [page.get_by_label("Repetition penalty"), page.get_by_label("No-repeat n-gram")]
    page.get_by_role("button", name="As in the paper").click()
    page.wait_for_timeout(200)
    assert [value.input_value() for value in values] == ["1.2", "2"]
    page.get_by_role("button", name="Defaults").click()
    page.wait_for_timeout(200)
    assert [value.input_value() for value in values] == ["1", "0"]


def test_cancelling_keeps_what_is_there_and_frees_the_model(visit, answering):
    page = visit()
    with answering.model():  # another visitor's work
        type_and_run(page, "sum of list `c`")
        page.get_by_text("Waiting for other work to end…").wait_for()
        page.locator("#compare-cancel").click()
        page.get_by_text("Cancelled before there was an answer.").first.wait_for()
        assert page.locator("#compare-go").is_enabled()
    page.locator("#compare-go").click()
    page.wait_for_function(ANSWERED, arg=3)


def test_another_example_takes_the_place_of_one_that_still_waits(visit, answering):
    page = visit()
    with answering.model():
        for name in ("reverse text", "digit sum"):
            page.locator("#compare-example input").click()
            page.get_by_role("option", name=name).click()
            page.wait_for_timeout(400)
    page.wait_for_function(ANSWERED, arg=3)
    page.wait_for_timeout(500)
    assert "digit_sum" in page.inner_text(".board .instruction") and page.locator(".arm.answered").count() == 3
    assert "digit_sum" in page.get_by_label("Instruction (").input_value()


def test_a_phone_shows_everything_without_scrolling_sideways(visit):
    page = visit("?__theme=dark", width=390, height=844)
    page.get_by_text("Contexts and generation").click()
    page.get_by_text("Reference, setup and tests").click()
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    inside = "all => all.every(one => one.getBoundingClientRect().right <= 390)"
    assert page.eval_on_selector_all(".board *, #compare label, #compare button", inside)


def test_text_can_be_read_in_both_themes(visit):
    contrast = """selector => {
      const shade = text => {
        const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d");
        canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => v / 255)
          .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const holder = document.querySelector(".board .given");
      holder.innerHTML = `<pre><span class="${selector}">x</span></pre>`;
      const shades = [shade(getComputedStyle(holder.querySelector("span")).color),
        shade(getComputedStyle(holder).backgroundColor)].sort((a, b) => b - a);
      return (shades[0] + 0.05) / (shades[1] + 0.05);
    }"""
    for query in ("", "?__theme=dark"):
        page = visit(query)
        for kind in ("keyword", "string", "number", "builtin", "comment"):
            assert page.evaluate(contrast, kind) >= 4.5, (query, kind)  # WCAG 2.2, 1.4.3


def test_no_other_host_is_asked(visit, answering_server):
    page = visit()
    assert all(url.startswith((answering_server, "data:", "blob:")) for url in page.asked)


def test_the_page_is_built_before_torch_is_loaded():
    program = "import sys; from app.main import build_app; from app.page.services import Services; "
    program += "build_app(Services()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"torch", "transformers"} & set(done.stdout.split())


def test_gradio_client_compares_and_lists_the_examples(answering_server):
    from gradio_client import Client

    client = Client(answering_server, verbose=False)
    examples = client.predict(api_name="/examples")
    assert len(examples) >= 36 and {"id", "instruction", "reference", "setup", "tests"} == examples[0].keys()
    task = {key: examples[0][key] for key in ("instruction", "reference", "setup", "tests")}
    said = client.predict(**task, max_new_tokens=8, api_name="/compare")
    assert [arm["name"] for arm in said["arms"]] == list(ARMS) and json.dumps(said)
    assert all(arm["execution"]["tests"] for arm in said["arms"])
    with pytest.raises(Exception, match="The instruction is empty"):
        client.predict("", api_name="/compare")
