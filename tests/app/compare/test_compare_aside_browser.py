"""Differences, what figures mean, history and taking away in a real browser: mouse, keyboard, dark and narrow."""

import csv
import html
import io
import json
import re
from pathlib import Path

import pytest

from app.page.pieces.code import code_html
from ddpt_core.metrics.text_metrics import METRICS

pytestmark = pytest.mark.slow

HOSTILE = "x`<img src=q onerror=window.hacked=1>${window.hacked=2}{{value}}`"
ANSWERED = """count => document.querySelectorAll("#compare-board .arm.answered").length === count
  && !document.querySelector("#compare-go").disabled"""
CONTRAST = """element => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  const shade = layers => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of layers) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = [];
  for (let one = element; one; one = one.parentElement) behind.unshift(getComputedStyle(one).backgroundColor);
  const [light, dark] = [shade(behind), shade([...behind, getComputedStyle(element).color])].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}"""


@pytest.fixture
def visit(answering_server, new_page):
    """Opens the tab in a new window and waits for the first answers; collects requests and script errors."""

    def open_tab(query="", width=1440, height=900, **settings):
        page = new_page(width, height, **settings)
        with page.expect_response("**/run/predict*"):  # which tab the address asks for; it may undo an earlier click
            page.goto(f"{answering_server}/{query}")
        page.wait_for_timeout(100)
        page.get_by_role("tab", name="Compare").click()
        page.wait_for_function(ANSWERED, arg=3)
        page.wait_for_function("document.querySelector('#compare-history').innerText.includes('(1)')")
        return page

    return open_tab


def compare(page, instruction):
    """Types an instruction and waits for its answers to be in the history."""
    before = page.locator("#compare-history").inner_text().count("\n")
    page.get_by_label("Instruction (Ctrl").fill(instruction)
    page.get_by_label("Instruction (Ctrl").press("Control+Enter")
    page.wait_for_function(
        "text => document.querySelector('.board .instruction')?.innerText.includes(text)", arg=instruction
    )
    page.wait_for_function(ANSWERED, arg=3)
    page.wait_for_timeout(300)
    return before


def set_against(page, name):
    """Chooses what the answers are set against."""
    page.get_by_label("Mark differences against").click()
    page.get_by_role("option", name=name).click()


def codes(page):
    """What every column shows as its code, without what is struck out."""
    return page.eval_on_selector_all(
        "#compare-board .arm .code",
        """all => all.map(one => {
          const copy = one.cloneNode(true);
          copy.querySelectorAll("del").forEach(lost => lost.remove());
          return copy.textContent;
        })""",
    )


def test_differences_are_marked_at_once_and_the_model_is_not_asked(visit, answering):
    page = visit()
    plain = codes(page)
    with answering.model():  # another visitor's work: whoever asked the model would wait
        set_against(page, "the reference")
        page.locator("#compare-board del").first.wait_for()
        page.locator("#compare-board .against").first.wait_for()
        assert codes(page) == plain
        assert "against the reference" in page.inner_text("#compare-board .arm .against")
        set_against(page, "Prompt tuning")
        page.get_by_text("the others are set against this").wait_for()
        assert codes(page) == plain
        assert page.locator("[data-column=prompt-tuning] ins, [data-column=prompt-tuning] del").count() == 0
        set_against(page, "nothing")
        page.wait_for_function("!document.querySelector('#compare-board .against')")
    assert codes(page) == plain and page.failed == []


def test_the_choice_is_made_by_keyboard_stays_for_the_next_question_and_is_told_to_screen_readers(visit):
    page = visit()
    page.get_by_label("Mark differences against").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#compare-board .against").first.wait_for()
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    told = "".join(node["name"]["value"] for node in nodes if node["role"]["value"] == "StaticText")
    assert "[more" in told and "[missing" in told and "[end]" in told
    compare(page, "sum of list `c`")  # the example's reference goes, and with it what was chosen
    page.wait_for_function("document.querySelector('#compare-against input').value === 'nothing'")
    assert page.locator("#compare-board .against").count() == 0
    set_against(page, "Manual")
    compare(page, "length of list `b`")
    assert page.locator("#compare-board .against").count() == 3


@pytest.mark.parametrize("query", ["?tab=compare", "?tab=compare&__theme=dark"])
def test_marked_code_can_be_read_in_both_themes(visit, query):
    page = visit(query)
    set_against(page, "the reference")
    page.locator("#compare-board del").first.wait_for()
    for tag in ("ins", "del"):
        for kind in ("keyword", "string", "number", "builtin", "comment", "plain"):
            page.eval_on_selector(
                f"#compare-board {tag}", "(mark, kind) => mark.innerHTML = `<span class=${kind}>x</span>`", kind
            )
            assert page.eval_on_selector(f"#compare-board {tag} span", CONTRAST) >= 4.5, (tag, kind)  # WCAG 2.2, 1.4.3
    decorated = (
        "all => all.map(one => getComputedStyle(one)).every(style => style.textDecorationLine.includes('line-through'))"
    )
    assert page.eval_on_selector_all("#compare-board del", decorated)
    assert page.eval_on_selector("#compare-board ins", "one => getComputedStyle(one).borderBottomStyle") == "solid"


def test_what_a_figure_means_is_shown_on_hover_and_focus_and_closed_by_escape(visit):
    page = visit()
    name = page.locator("[data-column=ddpt] .metric").nth(2)
    button, note = name.get_by_role("button"), name.locator("[role=tooltip]")
    assert button.inner_text() == "chrF" and not note.is_visible()
    button.hover()
    assert note.is_visible() and "Runs of one to six characters" in note.inner_text()
    note.hover()  # the pointer may go to the note without closing it
    assert note.is_visible()
    page.keyboard.press("Escape")
    assert not note.is_visible()
    page.mouse.move(0, 0)
    page.locator("[data-column=ddpt] .metric button").nth(1).focus()
    page.keyboard.press("Tab")
    assert note.is_visible() and page.evaluate("document.activeElement.innerText") == "chrF"
    page.keyboard.press("Escape")
    assert not note.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert note.is_visible()
    described = "one => document.getElementById(one.getAttribute('aria-describedby')).textContent"
    assert "Runs of one to six characters" in button.evaluate(described)
    ids = page.eval_on_selector_all(".board [role=tooltip]", "all => all.map(one => one.id)")
    assert len(ids) == len(set(ids)) == 3 * (len(METRICS) + 2)


def test_a_tap_shows_what_a_figure_means_inside_the_window(visit):
    page = visit("?tab=compare", width=390, height=844, has_touch=True)
    for place in (0, 1, 7):
        name = page.locator("[data-column=manual] .metric").nth(place)
        name.get_by_role("button").tap()
        note = name.locator("[role=tooltip]")
        box = note.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
        corners = """note => {
          const { left, top, right, bottom } = note.getBoundingClientRect();
          return [[left + 2, top + 2], [right - 2, bottom - 2]].every(at => document.elementFromPoint(...at) === note);
        }"""
        assert note.evaluate(corners), place  # nothing cuts it off or lies over it
    page.get_by_text("What these figures mean").tap()
    assert page.locator(".metric-notes dt").count() == len(METRICS) + 2


def test_a_line_of_the_history_is_shown_again_without_the_model(visit, answering):
    page = visit()
    first = codes(page)
    compare(page, "length of list `b`")
    compare(page, HOSTILE)
    page.get_by_role("button", name="History of this session (3)").click()
    lines = page.locator("#compare-history-list button")
    lines.nth(2).wait_for()
    assert lines.count() == 3 and "length of list" in lines.nth(1).inner_text()
    assert HOSTILE in lines.nth(0).inner_text() and page.evaluate("window.hacked") is None
    page.get_by_role("tab", name="Explore").click()
    page.get_by_role("tab", name="Compare").click()
    assert lines.count() == 3
    with answering.model():
        lines.nth(2).focus()
        page.keyboard.press("Enter")
        page.wait_for_function("!document.querySelector('.board .instruction').innerText.includes('onerror')")
        assert codes(page) == first and page.locator(".arm.answered").count() == 3
        asked = page.inner_text(".board .instruction")
        assert page.get_by_label("Instruction (Ctrl").input_value() == asked
        assert page.locator("#compare-go").is_enabled()
    page.get_by_role("button", name="Clear the history").click()
    page.get_by_text("Nothing has been compared in this session yet.").wait_for()
    assert page.locator(".arm.answered").count() == 3 and page.failed == []


def test_two_sessions_do_not_see_each_others_history_or_choice(visit):
    one, other = visit(), visit()
    compare(one, "sum of list `c`")
    set_against(one, "Manual")
    one.locator("#compare-board .against").first.wait_for()
    other.get_by_role("button", name="History of this session (1)").click()
    assert "sum of list" not in other.inner_text("#compare-history")
    compare(other, "length of list `b`")
    assert other.locator("#compare-board .against").count() == 0


def as_shown(code):
    """Code as the page shows it: what cannot be seen is spelled out there."""
    return html.unescape(re.sub(r"<[^>]+>", "", code_html(code)))


def taken(page, where, name):
    """Clicks a button that saves a file; returns the file's name and text."""
    with page.expect_download() as started:
        page.locator(where).get_by_role("button", name=name).click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes().decode("utf-8")


def test_what_is_shown_is_taken_away_in_three_forms(visit):
    page = visit()
    compare(page, HOSTILE + " é")
    shown = codes(page)
    name, text = taken(page, "#compare-export", "CSV")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert name == "comparison.csv" and [as_shown(row["code"]) for row in rows] == shown
    assert {row["instruction"] for row in rows} == {HOSTILE + " é"}
    name, text = taken(page, "#compare-export", "JSON")
    (compared,) = json.loads(text)["comparisons"]
    assert name == "comparison.json" and [as_shown(arm["code"]) for arm in compared["arms"]] == shown
    for _ in range(2):  # the same file twice
        name, text = taken(page, "#compare-export", "Python script")
        assert name == "comparison.py" and compile(text, name, "exec")
    assert page.failed == [] and page.evaluate("window.hacked") is None


def test_a_list_is_taken_away_whole(visit):
    page = visit()
    page.get_by_role("button", name="A list of instructions").click()
    assert not page.locator("#compare-list-export").is_visible()
    page.get_by_label("Instructions, one per line").fill("sum of list `c`\nlength of list `b`")
    page.locator("#compare-list-go").click()
    page.locator("#compare-list-export").wait_for()
    _, text = taken(page, "#compare-list-export", "CSV")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["instruction"] for row in rows] == ["sum of list `c`"] * 3 + ["length of list `b`"] * 3
    assert all(row["code"] for row in rows)


def test_a_phone_shows_it_all_without_scrolling_sideways(visit):
    page = visit("?tab=compare&__theme=dark", width=390, height=844)
    set_against(page, "the reference")
    page.get_by_text("What these figures mean").click()
    page.get_by_role("button", name="History of this session").click()
    page.wait_for_timeout(400)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    seen = "all => all.filter(one => one.offsetParent).every(one => one.getBoundingClientRect().right <= 390)"
    parts = "#compare-history *, #compare-export *, #compare-against *, .metric-notes *, #compare-board .code *"
    assert page.eval_on_selector_all(parts, seen)
    for selector in (".history .who", ".history time", ".export-note", ".metric-notes dd", ".board .against"):
        assert page.eval_on_selector(selector, CONTRAST) >= 4.5, selector
