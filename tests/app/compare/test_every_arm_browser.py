"""Every arm and the study in a real browser: shown, ticked, linked to, on a phone; and through gradio_client."""

import pytest

from ddpt_core.arms import ALL_ARMS, ARMS

pytestmark = pytest.mark.slow

HOSTILE = "<img src=q onerror=window.hacked=1>${window.hacked=2}{{value}}"
ALL = f"?tab=compare&arms={','.join(ALL_ARMS)}"
ANSWERED = """count => document.querySelectorAll("#compare-board .arm.answered").length === count
  && !document.querySelector("#compare-go").disabled"""
INSIDE = "all => all.every(one => one.closest('.scroll') || one.getBoundingClientRect().right <= 390)"


@pytest.fixture
def visit(every_arm, launched, new_page):
    """Opens an address in a new window and waits for so many answers; collects requests and script errors."""
    with launched(every_arm) as address:

        def open_page(query, count, width=1440, height=900):
            page = new_page(width, height)
            page.goto(f"{address}/{query}")
            page.wait_for_function(ANSWERED, arg=count)
            return page

        yield open_page


def names(page):
    return page.locator("#compare-board h3").all_inner_texts()


def test_an_address_opens_all_arms_and_each_says_what_it_is(visit):
    page = visit(ALL, len(ALL_ARMS))
    assert names(page) == [arm.label for arm in ALL_ARMS.values()]
    tops = {round(page.locator("#compare-board .arm").nth(i).bounding_box()["y"]) for i in range(len(ALL_ARMS))}
    assert len(tops) == 1  # more than six stand in one row that scrolls
    page.locator("#compare-arms label").nth(3).hover()
    assert page.get_attribute("#compare-arms label >> nth=3", "title") == ALL_ARMS["residual"].note
    page.get_by_text("What the arms are").first.click()
    assert page.get_by_text(ALL_ARMS["ddpt-full"].note).first.is_visible() and page.failed == []


def test_a_ticked_arm_comes_to_the_answers_and_an_unticked_one_goes(visit):
    page = visit("?tab=compare", 3)
    boxes = page.locator("#compare-arms")
    boxes.get_by_label("No context").check()
    page.wait_for_function(ANSWERED, arg=4)
    assert names(page) == ["No context", "Manual", "Prompt tuning", "DDPT"]
    page.wait_for_function("location.href.includes('arms=none')")
    boxes.get_by_label("No context").uncheck()
    page.wait_for_function(ANSWERED, arg=3)
    page.wait_for_function("!location.href.includes('arms=')")
    page.get_by_text("Contexts and generation").click()
    assert page.get_by_label("Prompt of DDPT").count() == 0  # there is no choice


def test_all_arms_and_the_study_fit_a_phone(visit, study_file):
    study_file()
    page = visit(f"{ALL}&__theme=dark", len(ALL_ARMS), width=390, height=844)
    page.wait_for_selector("#study-plot .js-plotly-plot .trace")
    for summary in page.locator("#study-more summary").all():
        summary.click()
    page.get_by_text("What the arms are").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.eval_on_selector_all(".board *, .study *, #compare label, .about-arms *", INSIDE)


def test_the_study_stands_below_the_answers_with_the_figures_of_its_file(visit, study_file, invented):
    invented["data"][1]["name"] = HOSTILE
    study_file(invented)
    page = visit("?tab=compare", 3)
    page.wait_for_selector("#study-plot .js-plotly-plot .trace")
    shown = page.inner_text("#study")
    assert "How much does the prompt matter?" in shown and "12.3" in shown and "10.5–14.2" in shown
    assert "BLEU-4 12.3 against 7.00, 1.76 times (1.59–1.94)" in shown and invented["command"] in shown
    page.locator("#study-data input").click()
    page.get_by_role("option").nth(1).click()
    page.wait_for_function("document.querySelector('#study-table').innerText.includes('pass@1')")
    page.get_by_label("Measure", exact=True).click()
    page.get_by_role("option", name="pass@1").click()
    page.wait_for_function("!document.querySelector('#study-table').innerText.includes('chrF')")
    assert f"On “{HOSTILE}” DDPT does not beat prompt tuning" in page.inner_text("#study-table")
    assert page.evaluate("window.hacked") is None and page.locator("#study img[src=q]").count() == 0
    assert page.failed == []


def test_without_a_study_the_page_names_the_command_that_makes_it(visit):
    page = visit("?tab=compare", 3)
    page.wait_for_function("!document.querySelector('#study-table').innerText.includes('Reading the comparison')")
    assert "python -m ddpt_core study" in page.inner_text("#study-table")
    assert page.locator("#study-plot").count() == 0 and page.locator("#study-data").count() == 0


def test_evaluate_shows_all_arms_on_a_phone(visit):
    page = visit("?tab=compare", 3, width=390, height=844)
    page.get_by_role("tab", name="Evaluate").click()
    for label in (arm.label for name, arm in ALL_ARMS.items() if name not in ARMS):
        page.locator("#evaluate-arms").get_by_label(label).check()
    page.get_by_label("Tasks, at most").fill("2")
    page.get_by_label("Tasks, at most").press("Tab")
    page.locator("#evaluate-go").click()
    page.wait_for_function("document.querySelector('#evaluate-status').innerText.includes('Done in')", timeout=90_000)
    page.wait_for_selector("#evaluate-plot .js-plotly-plot .trace")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.eval_on_selector_all("#evaluate .result *, #evaluate article > *, #evaluate label", INSIDE)
    page.locator("#evaluate-arm input").click()
    page.get_by_role("option", name="DDPT, full objective").click()
    page.wait_for_function("document.querySelectorAll('#evaluate-rows article').length === 2")


def test_gradio_client_asks_all_arms_and_hears_why_one_is_not_run(answering, launched):
    from gradio_client import Client

    there = {"none", "manual", "prompt-tuning", "ddpt"}
    with launched(answering) as address:
        client = Client(address, verbose=False)
        said = client.predict("sort list `a`", arms=list(ALL_ARMS), max_new_tokens=8, api_name="/compare")["arms"]
        assert [arm["name"] for arm in said] == list(ALL_ARMS)
        for arm in said:
            assert (arm["code"] is not None) == (arm["name"] in there) == (not arm["missing"]), arm
        rows = [{"instruction": "sort list `a`", "reference": "sorted(a)"}]
        found = client.predict(
            tasks=rows, arms=["none", "residual"], tests=False, max_new_tokens=8, api_name="/evaluate"
        )
        assert set(found["arms"]) | set(found["not_run"]) == {"none", "residual"} and "none" in found["arms"]
        with pytest.raises(Exception, match="Unknown arm 'gpt'"):
            client.predict("sort list `a`", arms=["gpt"], api_name="/compare")
