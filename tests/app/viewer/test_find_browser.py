"""Finding tokens in a real browser: search, region, neighbours, how true the picture is, the picture as a table."""

import csv
import re

import numpy as np
import pytest

from app.explore.runs.runs import Runs
from app.viewer.coded import unpack
from app.viewer.token_kinds import KINDS, kinds_of
from ddpt_core import Trajectory

pytestmark = pytest.mark.slow
RUN = "ddpt-ddpm-40-seed3"
LEFT_HALF = [(0.5, 0.02), (-0.01, -0.01), (-0.01, 1.01), (0.5, 1.01)]  # beyond the edge: a line ends there
SEEN = "document.querySelector('.of-token .truth').textContent.startsWith('in truth')"


@pytest.fixture
def server(recorded, launched):
    """The address of the app with one run of 40 steps."""
    with launched(recorded[0]) as address:
        yield address


@pytest.fixture
def tokens(recorded):
    """The vocabulary of the tiny backbone, as text."""
    return recorded[0].backbone().token_strings()


@pytest.fixture
def visit(server, open_viewer):
    """Opens a step of the run in a new window and waits for it."""
    return lambda step=40, **window: open_viewer(f"{server}/?run={RUN}&step={step}", **window)


@pytest.fixture
def packed(recorded):
    """The arrays that the viewer draws, once a page has opened the run."""

    def read():
        folder = recorded[0].of(Runs).store.folder
        files = [next(folder.glob(name)) for name in ("map-*.safetensors.gz", "*-run.safetensors.gz")]
        return {name: values for file in files for name, values in unpack(file.read_bytes()).items()}

    return read


def listed(page):
    """Returns the CSV of the tokens that were found, as rows."""
    page.locator(".pane-tabs button", has_text=" found").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV ⤓", exact=True).click()
    return list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))


def ids(rows):
    return {int(row["token_id"]) for row in rows}


def selected(page):
    """Returns the id of the selected token, as the inspector tells it; None if there is none."""
    if page.get_by_role("button", name="token", exact=True).is_hidden():
        return None
    return int(re.search(r"id ([\d,]+)", page.locator(".of-token .about").text_content())[1].replace(",", ""))


def draw(page, *points):
    """Draws a line through points, given as shares of the picture's width and height."""
    box = page.locator(".plot").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def test_a_text_is_found_in_any_case_and_enter_goes_through_what_was_found(visit, tokens):
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("W1")
    expected = [i for i, token in enumerate(tokens) if "w1" in token.lower()]
    assert page.inner_text(".found") == f"{len(expected)} found"
    page.keyboard.press("Enter")
    assert tokens[selected(page)].strip() == "w1"  # the text itself comes first
    page.keyboard.press("Enter")
    assert page.inner_text(".found") == f"2 of {len(expected)} found"
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    assert page.inner_text(".found") == f"{len(expected)} of {len(expected)} found"
    assert ids(listed(page)) == set(expected)
    page.focus(".find-token")
    page.keyboard.press("Escape")
    assert page.inner_text(".found") == page.input_value(".find-token") == ""
    assert selected(page) is None and page.is_hidden(".pane")
    page.fill(".find-token", "nowhere")
    assert page.inner_text(".found") == "no token with “nowhere”"


def test_the_selected_token_is_brought_into_the_picture(visit):
    page = visit()
    lit = """() => { const canvas = document.querySelector(".spot-layer");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, i) => i % 4 === 3 && value); }"""
    box = page.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] - 5)
    for _ in range(12):
        page.mouse.wheel(0, -600)
    page.wait_for_timeout(100)
    assert not page.evaluate(lit)
    page.fill(".find-token", "w250")
    page.wait_for_timeout(100)
    assert not page.evaluate(lit)
    page.press(".find-token", "Enter")
    assert page.evaluate(lit)


@pytest.mark.parametrize("typed", ["/^.?w[12]\\d$/", "^.?w[12]\\d$"])
def test_a_regular_expression_finds_what_pythons_does(visit, tokens, typed):
    page = visit()
    if not typed.startswith("/"):
        page.click(".as-pattern")
        assert page.get_attribute(".as-pattern", "aria-pressed") == "true"
    page.fill(".find-token", typed)
    expected = {i for i, token in enumerate(tokens) if re.search(typed.strip("/"), token)}
    page.wait_for_function(f"document.querySelector('.found').textContent === '{len(expected)} found'")
    assert ids(listed(page)) == expected


def test_a_bad_or_endless_pattern_is_told_and_what_was_typed_stays(visit):
    page = visit()
    page.fill(".find-token", "/w(1/")
    page.wait_for_function("document.querySelector('.found').textContent.startsWith('Not yet a regular expression')")
    assert page.get_attribute(".find-token", "aria-invalid") == "true"
    endless = "/^(.|.)*$(.)/"  # doubles its work with every character: a token here has 38
    page.fill(".find-token", endless)
    page.wait_for_timeout(300)
    page.focus(".plot")
    page.keyboard.press("Home")
    assert page.evaluate("ddptViewer.step") == 0  # the page answers meanwhile
    page.wait_for_function("document.querySelector('.found').textContent.startsWith('Stopped')")
    assert page.input_value(".find-token") == endless
    page.fill(".find-token", "/w17$/")
    page.wait_for_function("document.querySelector('.found').textContent === '1 found'")
    assert page.get_attribute(".find-token", "aria-invalid") == "false"


def test_found_tokens_of_kinds_that_are_put_away_are_counted(visit, tokens):
    page = visit()
    page.fill(".find-token", "e")
    found = [i for i, token in enumerate(tokens) if "e" in token.lower()]
    kinds = kinds_of(tokens, [0])
    away = sum(KINDS[kinds[i]] == "keyword" for i in found)
    page.locator(".legend .kind", has_text="keyword").click()
    assert page.inner_text(".found") == f"{len(found)} found, {away} of kinds put away"
    assert f"keyword: {away}, put away in the picture" in page.inner_text(".of-found")


def test_a_line_drawn_around_tokens_lists_those_within_it_and_of_kinds_that_are_shown(visit, packed):
    page = visit()
    page.keyboard.press("v")
    on_screen = listed(page)
    page.keyboard.press("b")
    assert page.get_attribute(".draw-region", "aria-pressed") == "true"
    draw(page, *LEFT_HALF)
    assert page.get_attribute(".draw-region", "aria-pressed") == "false"
    left = listed(page)
    assert 20 < len(left) < len(on_screen) <= 300 and ids(left) < ids(on_screen)
    across = packed()["pca.vocabulary"][:, 0]
    assert max(across[list(ids(left))]) <= min(across[list(ids(on_screen) - ids(left))])
    assert [float(row["pca_1"]) for row in left] == pytest.approx(
        across[[int(row["token_id"]) for row in left]].tolist(), rel=1e-4
    )
    heading = page.locator(".of-found h4").inner_text()
    assert heading == f"{len(left)} tokens in the region"
    counts = [int(text.split(": ")[1].split(",")[0]) for text in page.locator(".of-found h5").all_inner_texts()]
    assert sum(counts) == len(left)
    kind = left[0]["kind"]
    page.locator(".legend .kind", has_text=kind).first.click()
    page.keyboard.down("Shift")
    draw(page, *LEFT_HALF)
    page.keyboard.up("Shift")
    assert ids(listed(page)) == {int(row["token_id"]) for row in left if row["kind"] != kind}
    page.focus(".plot")
    page.keyboard.press("Escape")
    assert page.inner_text(".found") == "" and page.is_hidden(".pane")


def test_one_finger_scrolls_the_page_unless_the_tool_is_on(visit):
    page = visit(width=390, height=844, has_touch=True)
    touch = "getComputedStyle(document.querySelector('.plot')).touchAction"
    assert page.evaluate(touch) == "pan-y"
    page.tap(".draw-region")
    assert page.evaluate(touch) == "none"
    page.tap(".draw-region")
    assert page.evaluate(touch) == "pan-y"


def test_a_selected_token_lists_its_own_neighbours_which_can_be_selected_in_turn(visit, recorded):
    page = visit()
    table = recorded[0].backbone().embedding_table.numpy().astype(float)
    page.locator(".c-near .chip").first.click()
    for _ in range(2):
        page.wait_for_selector("table.own tbody tr")
        token = selected(page)
        cosines = table @ table[token] / np.linalg.norm(table, axis=1) / np.linalg.norm(table[token])
        expected = np.argsort(-cosines)[1:11]
        rows = page.locator("table.own tbody tr")
        titles = [rows.nth(i).locator(".chip").get_attribute("title") for i in range(rows.count())]
        assert [int(title.split("id ")[1]) for title in titles] == expected.tolist()
        shown = [
            float(text.replace("−", "-")) for text in page.locator("table.own tbody td:nth-child(2)").all_inner_texts()
        ]
        assert shown == pytest.approx(cosines[expected].tolist(), abs=0.0051)
        far = [float(text) for text in page.locator("table.own tbody td:nth-child(3)").all_inner_texts()]
        assert far == pytest.approx(np.linalg.norm(table[expected] - table[token], axis=1).tolist(), rel=0.006)
        rows.nth(3).locator(".chip").click()
        page.wait_for_function(f"document.querySelector('.of-token .about').textContent.endsWith('id {expected[3]}')")


def test_the_drawn_and_the_true_distance_stand_side_by_side_and_follow_the_step(visit, recorded, packed):
    services, name = recorded
    page = visit()
    page.locator(".rows tbody tr .number").nth(1).click()
    page.fill(".find-token", "w99")
    page.press(".find-token", "Enter")
    token, arrays = selected(page), packed()
    state = Trajectory.load(services.of(Runs).entry(name).folder).state
    table = services.backbone().embedding_table.numpy()
    for step in (40, 11):
        page.evaluate("step => ddptViewer.seek(step)", step)
        page.wait_for_function(f"document.querySelector('.of-token .drawn').textContent.length > 3 && {SEEN}")
        drawn = np.linalg.norm(arrays["pca.vocabulary"][:, :2] - arrays["pca.state"][step, 1, :2], axis=1)
        true = np.linalg.norm(table - state[step, 1], axis=1)
        said = [
            float(number.replace(",", ""))
            for number in re.findall(r"[\d,]*\.?\d+", page.inner_text(".of-token .drawn"))
        ]
        assert said[0] == 2 and said[1] == pytest.approx(drawn[token], rel=0.006)
        assert said[2] == (drawn < drawn[token]).sum() + 1
        said = [
            float(number.replace(",", ""))
            for number in re.findall(r"[\d,]*\.?\d+", page.inner_text(".of-token .truth"))
        ]
        assert said[0] == pytest.approx(true[token], rel=0.006) and said[1] == 32
        assert said[2] == (true < true[token]).sum() + 1 and said[3] == 300


def test_the_server_is_asked_once_the_step_rests_and_not_while_scrubbing(visit):
    page = visit()
    page.locator(".c-near .chip").first.click()
    page.wait_for_function(SEEN)
    page.wait_for_timeout(600)
    page.asked.clear()
    page.evaluate("async () => { for (let step = 0; step < 39; step += 1) await ddptViewer.seek(step); }")
    assert page.asked == [] and page.inner_text(".of-token .truth") == ""
    page.wait_for_function(SEEN)
    assert len([url for url in page.asked if "component_server" in url]) == 1


def test_hovering_tells_the_token_and_the_truth_about_its_place(visit):
    page = visit()
    page.evaluate("ddptViewer.seek(30)")
    box = page.locator(".plot").bounding_box()
    for x in range(40, int(box["width"]) - 40, 6):
        page.mouse.move(box["x"] + x, box["y"] + box["height"] / 2)
        if page.is_visible(".tip"):
            break
    assert re.search(r"id \d+", page.inner_text(".tip")) and "from position" in page.inner_text(".tip .drawn")
    page.wait_for_function("document.querySelector('.tip .truth').textContent.startsWith('in truth')")
    page.keyboard.press("ArrowRight")
    assert page.is_hidden(".tip")  # it spoke of another step


def test_rows_are_all_clickable_by_pointer_and_by_key(visit):
    page = visit()
    locks = page.locator(".seek-lock")
    step = int(re.sub(r"\D", "", locks.nth(2).inner_text()))
    locks.nth(2).click()
    assert page.evaluate("ddptViewer.step") == step
    assert page.locator(".rows tbody tr").nth(2).get_attribute("aria-selected") == "false"  # it only sought
    page.locator(".rows tbody tr").nth(2).focus()
    page.keyboard.press("Enter")
    assert page.locator(".of-position li").count() == 10
    shown = page.locator(".of-position li .chip").first
    assert shown.inner_text() == page.locator(".rows tbody tr").nth(2).locator(".near .chip").first.inner_text()
    shown.focus()
    page.keyboard.press("Enter")
    assert selected(page) == int(shown.get_attribute("title").split("id ")[1])
    for gone in (".of-token", ".of-position"):
        page.focus(".plot")
        page.keyboard.press("Escape")
        assert page.is_hidden(gone)


def test_the_legend_shows_all_none_or_one_kind_by_pointer_and_by_key(visit):
    page = visit()
    total = lambda: int(page.inner_text(".legend .total").split()[0])  # noqa: E731
    kinds = page.locator(".legend .kind[aria-pressed]:visible")
    counts = [int(text) for text in page.locator(".legend .kind .count:visible").all_inner_texts()]
    assert total() == sum(counts) == 300
    page.get_by_role("button", name="none", exact=True).click()
    assert total() == 0
    page.get_by_role("button", name="all", exact=True).click()
    assert total() == 300
    kinds.nth(1).dblclick()
    assert total() == counts[1]
    kinds.nth(0).click(modifiers=["Alt"])
    assert total() == counts[0]
    kinds.nth(2).focus()
    page.keyboard.press("Shift+Enter")
    assert total() == counts[2]
    page.keyboard.press("Enter")  # the focus stays on the button
    assert total() == 0
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    assert total() == 300


def test_the_picture_has_a_twin_in_numbers(visit, packed):
    page = visit(step=25)
    page.fill(".find-token", "w7")
    page.press(".find-token", "Enter")
    page.focus(".plot")
    page.keyboard.press("t")
    assert page.is_hidden(".plot") and page.get_attribute(".as-table", "aria-pressed") == "true"
    arrays = packed()
    first = page.locator(".twin table").first
    for step in (25, 31):
        page.evaluate("step => ddptViewer.seek(step)", step)
        page.wait_for_function(f"document.querySelector('.twin caption').textContent.endsWith('at step {step}')")
        rows = [row.locator("th, td").all_inner_texts() for row in first.locator("tbody tr").all()]
        assert len(rows) == 4
        for position, (number, x, y, _, similarity, to_end, to_manual) in enumerate(rows):
            told = [float(text.replace("−", "-")) for text in (x, y, similarity, to_end, to_manual)]
            named = [arrays[f"state.{name}"][step, position] for name in ("to_end", "to_manual")]
            score = arrays["state.scores"][step, position, 0]
            assert number == str(position + 1)
            assert told == pytest.approx(
                [*arrays["pca.state"][step, position, :2], score, *named], rel=0.006, abs=0.0051
            )
    captions = page.locator(".twin caption").all_inner_texts()
    assert [caption.split(",")[0] for caption in captions[1:]] == [
        "Noise",
        "End",
        "Manual context",
        "Selected and found tokens",
    ]
    assert "PCA 1 and PCA 2" in captions[0] and "not its meaning" in page.inner_text(".twin-note >> nth=0")
    page.click(".as-table")
    assert page.is_visible(".plot") and page.is_hidden(".twin")
    assert page.failed == []


def test_hostile_tokens_stay_text_wherever_tokens_are_found(visit):
    page = visit(accept_downloads=True)
    page.fill(".find-token", "/[<$\\u202e]/")
    page.wait_for_function("document.querySelector('.found').textContent.endsWith('found')")
    page.press(".find-token", "Enter")
    page.wait_for_selector("table.own tbody tr")
    page.click(".as-table")
    page.wait_for_function("document.querySelectorAll('.twin table').length >= 5")
    page.locator(".pane-tabs button", has_text=" found").click()
    for part in (".of-found", ".twin"):
        words = page.inner_text(part)
        assert "${window.hacked=1}" in words and "\\u{202e}evil" in words and "\u202e" not in words
        assert "<img␣src=x␣onerror='window.hacked=1'>" in words
    rows = {row["token"] for row in listed(page)}
    assert "<img␣src=x␣onerror='window.hacked=1'>" in rows and "\\u{202e}evil" in rows
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.querySelectorAll('.ddpt img').length") == 0
    assert page.failed == []


def test_a_notch_in_the_line_leaves_its_tokens_out(visit):
    page = visit()
    page.keyboard.press("v")
    on_screen = ids(listed(page))
    notch = [(0.5, 0.35), (-0.01, 0.35), (-0.01, 0.65), (0.5, 0.65)]
    around = [*notch[:2], (-0.01, -0.01), (1.01, -0.01), (1.01, 1.01), (-0.01, 1.01), *notch[2:]]
    found = []
    for line in (notch, around):
        page.focus(".plot")
        page.keyboard.press("b")
        draw(page, *line)
        found.append(ids(listed(page)))
    assert len(found[0]) > 5 and found[1] == on_screen - found[0]
