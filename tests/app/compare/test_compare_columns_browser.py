"""Seeds, typed contexts, lists and marked settings in a real browser and through gradio_client."""

import pytest

from app.compare.boards.columns import seeds_of

pytestmark = pytest.mark.slow

HOSTILE = "<b>${window.hacked=1}"  # of more tokens than the prompts have positions: not run, but shown
ANSWERED = """count => document.querySelectorAll("#compare-board .arm:is(.answered, .missing)").length === count
  && !document.querySelector("#compare-go").disabled"""
DONE = "document.querySelector('#compare-list-said').innerText.includes('Done')"
INSIDE = "all => all.every(one => one.closest('.rows') || one.getBoundingClientRect().right <= 390)"


@pytest.fixture
def visit(answering_server, new_page):
    """Opens an address of the tab in a new window and waits for so many columns."""

    def open_page(query, count, width=1440, height=900):
        page = new_page(width, height)
        page.goto(f"{answering_server}/?tab=compare{query}")
        page.wait_for_function(ANSWERED, arg=count, timeout=90_000)
        return page

    return open_page


def heads(page):
    return page.locator("#compare-board h3").all_inner_texts()


def test_an_address_restores_the_columns_and_typing_writes_it(visit):
    page = visit("&arms=ddpt&seeds=0-1&context=sort%0Asum", 4)
    assert heads(page) == ["DDPT, seed 0", "DDPT, seed 1", "Your context", "Your context 2"]
    page.get_by_text("Contexts and generation").click()
    seeds = page.get_by_label("Seeds of DDPT’s noise")
    assert seeds.input_value() == "0-1" and page.get_by_label("Your contexts").input_value() == "sort\nsum"
    seeds.fill("1, 4")
    seeds.press("Enter")
    page.wait_for_function("document.querySelector('#compare-board h3').innerText === 'DDPT, seed 1'")
    page.wait_for_function(ANSWERED, arg=4)
    page.wait_for_function("new URL(location.href).searchParams.get('seeds') === '1, 4'")
    page.get_by_label("Your contexts").fill(HOSTILE)
    page.wait_for_function("text => new URL(location.href).searchParams.get('context') === text", arg=HOSTILE)
    page.get_by_label("Instruction (").press("Control+Enter")
    page.wait_for_function(ANSWERED, arg=3)
    page.reload()
    page.wait_for_function(ANSWERED, arg=3, timeout=90_000)
    assert heads(page) == ["DDPT, seed 1", "DDPT, seed 4", "Your context"]
    assert HOSTILE in page.inner_text("#compare-board .arm.typed")
    assert page.evaluate("window.hacked") is None and page.failed == []


def test_a_bad_seed_in_an_address_is_said_and_the_usual_columns_come(visit):
    page = visit("&seeds=many", 3)
    assert "Seeds must be whole numbers from 0 up, got 'many'" in page.inner_text("#compare-board .note")


def test_eight_columns_scroll_inside_the_board_and_stay_where_they_were(visit):
    page = visit("&arms=ddpt&seeds=0-7", 8)
    row = page.locator("#compare-board .in-a-row")
    assert page.evaluate("document.documentElement.scrollWidth") == 1440
    row.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#compare-board .in-a-row').scrollLeft > 100")
    page.wait_for_timeout(400)  # the last stroke scrolls smoothly
    left = row.evaluate("one => { window.old = one; return one.scrollLeft; }")
    page.get_by_label("Instruction (").fill("sum of list `c`")
    page.get_by_label("Instruction (").press("Control+Enter")
    page.wait_for_function("document.querySelector('.board .instruction').innerText.includes('sum of list')")
    page.wait_for_function(ANSWERED, arg=8)
    assert row.evaluate("one => one !== window.old") and abs(row.evaluate("one => one.scrollLeft") - left) <= 1


def test_a_changed_setting_is_marked_and_one_click_puts_it_back(visit):
    page = visit("", 3)
    page.get_by_text("Contexts and generation").click()
    changed = page.locator("#compare .setting.changed")
    for name, value, default in (("Beams", "4", "1"), ("New tokens", "8", "64"), ("No-repeat n-gram", "2", "0")):
        page.get_by_label(f"{name} · default {default}").fill(value)
        page.get_by_label(f"{name} · changed from {default}").wait_for()
        assert changed.count() == 1
        page.get_by_role("button", name=f"↺ {default}").locator("visible=true").click()
        page.get_by_label(f"{name} · default {default}").wait_for()
        assert page.get_by_label(f"{name} · default {default}").input_value() == default
    page.get_by_role("button", name="As in the paper").click()
    page.get_by_label("Repetition penalty · changed from 1").wait_for()
    page.wait_for_function("document.querySelectorAll('#compare .setting.changed').length === 2")
    page.get_by_role("button", name="Defaults").click()
    page.wait_for_function("document.querySelectorAll('#compare .setting.changed').length === 0")


def list_of_twelve(page):
    page.get_by_text("A list of instructions").click()
    page.get_by_role("button", name="Choose the first 10").click()
    page.wait_for_function("document.querySelectorAll('#compare-list-tasks .token').length === 10")
    page.get_by_label("Instructions, one per line").fill("sort list `a`\n\n<img src=q onerror=window.hacked=1>")
    page.locator("#compare-list-go").click()
    page.wait_for_function(DONE, timeout=90_000)


def test_a_list_fills_a_table_whose_rows_open_by_keyboard(visit):
    page = visit("&seeds=0,1", 4)
    list_of_twelve(page)
    table = page.locator("#compare-list-table table")
    assert table.locator("tbody tr").count() == 12 and table.locator("thead th").count() == 5
    assert table.locator("tbody td code").count() == 48 and "of 12 parse" in table.locator("tfoot").inner_text()
    row = table.locator("button[data-row='11']")
    row.focus()
    page.keyboard.press("Enter")
    text = row.inner_text()
    page.wait_for_function(
        "text => document.querySelector('.board:not(.listing) .instruction').innerText === text", arg=text
    )
    page.wait_for_function(ANSWERED, arg=4)
    assert page.get_by_label("Instruction (").input_value() == text and row.get_attribute("aria-current") == "true"
    cells = table.locator("tbody tr").nth(11).locator("code").evaluate_all("all => all.map(one => one.textContent)")
    shown = page.locator("#compare-board .arm pre.code").evaluate_all("all => all.map(one => one.textContent)")
    beginnings = [cell.split(" ↵ ")[0].rstrip("…") for cell in cells]
    assert len(cells) == 4 and all(text.startswith(one) for text, one in zip(shown, beginnings, strict=True))
    assert page.evaluate("window.hacked") is None and page.failed == []


def test_columns_and_a_list_fit_a_phone(visit):
    page = visit("&arms=ddpt&seeds=0-6&__theme=dark", 7, width=390, height=844)
    list_of_twelve(page)
    page.get_by_text("Contexts and generation").click()
    page.get_by_label("Repetition penalty").fill("1.2")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.eval_on_selector_all("#compare-board *, .listing *, #compare label, #compare button", INSIDE)
    lefts = page.locator("#compare-board .arm").evaluate_all("all => all.map(one => one.getBoundingClientRect().left)")
    assert len(set(lefts)) == 1  # one below the other


def test_cancelling_a_list_keeps_what_is_there(visit, answering):
    page = visit("", 3)
    page.get_by_text("A list of instructions").click()
    page.get_by_label("Instructions, one per line").fill("sort list `a`")
    with answering.model():  # another visitor's work
        page.locator("#compare-list-go").click()
        page.get_by_text("Waiting for other work to end…").first.wait_for()
        page.locator("#compare-list-cancel").click()
        page.get_by_text("Cancelled: 0 of 3 columns answered").wait_for()
    page.locator("#compare-list-go").click()
    page.wait_for_function(DONE)


def test_gradio_client_compares_seeds_contexts_and_lists(answering_server):
    from gradio_client import Client

    client = Client(answering_server, verbose=False)
    how = {"arms": ["manual", "ddpt"], "seeds": [0, 7], "contexts": ["sum of list"], "max_new_tokens": 8}
    names = ["manual", "ddpt", "ddpt@7", "typed"]
    one = client.predict("sort list `a`", reference="sorted(a)", **how, api_name="/compare")
    assert [arm["name"] for arm in one["arms"]] == names and one["seeds"] == list(seeds_of("0, 7"))
    many = client.predict(
        ["sort list `a`", "sum of `b`"], references=["sorted(a)", ""], **how, api_name="/compare_list"
    )
    assert [row["instruction"] for row in many["rows"]] == ["sort list `a`", "sum of `b`"]
    for alone, listed in zip(one["arms"], many["rows"][0]["arms"], strict=True):
        assert {**alone, "seconds": None} == listed
    assert set(many["overall"]) == set(names) and many["overall"]["typed"]["with_reference"] == 1
    with pytest.raises(Exception, match="at most 12 columns"):
        client.predict("sort", seeds=list(range(12)), arms=["manual", "ddpt"], api_name="/compare")
    with pytest.raises(Exception, match="at most 50 instructions, got 51"):
        client.predict(["sort"] * 51, api_name="/compare_list")
