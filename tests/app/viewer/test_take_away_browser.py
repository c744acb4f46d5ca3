"""What can be taken away from the viewer, in a real browser: pictures, a film, a link; and the help sheet."""

import re
import xml.etree.ElementTree as ET

import pytest

from app.explore.runs.runs import Runs
from app.page.theme import KIND_COLOURS

pytestmark = pytest.mark.slow
RUN = "ddpt-ddpm-40-seed3"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def server(recorded, launched):
    """The address of the app with two runs, of 40 steps and seed 3 and of 20 and seed 4."""
    services, _ = recorded
    services.of(Runs).record("ddpt", "ddim", 20, 4, lambda share, text: None)
    with launched(services) as address:
        yield address


@pytest.fixture
def visit(server, open_viewer):
    """Opens an address of the app in a new window and waits for the run."""
    return lambda query, **window: open_viewer(f"{server}/{query}", **window)


def saved(page, name):
    """Returns the file that an item of the menu saves."""
    page.click(".menu summary")
    with page.expect_download(timeout=60_000) as download:
        page.click(name)
    return download.value


def test_the_vector_picture_holds_what_is_on_the_screen_as_text_and_shapes(visit):
    page = visit(f"?run={RUN}&step=40", accept_downloads=True)
    picture = saved(page, ".save-svg")
    assert picture.suggested_filename == f"{RUN}-pca-state-step40.svg"
    root = ET.fromstring(picture.path().read_text(encoding="utf-8"))
    box = page.locator(".plot").bounding_box()
    assert abs(int(root.get("width")) - box["width"]) <= 1
    circles = sum(path.get("d").count("a") // 2 for path in root.iter(f"{SVG}path") if "a" in (path.get("d") or ""))
    # Every token; for every position the end, and now, which has a rim; and both of these in the legend.
    assert circles == 300 + 4 + 2 * 4 + 3
    words = "\n".join(text.text for text in root.iter(f"{SVG}text"))
    assert "step 40 of 40" in words and "% of the variance" in words
    assert not list(root.iter(f"{SVG}script")) and "onerror" not in "".join(node.tag for node in root.iter())


def test_kinds_that_are_put_away_are_not_in_the_vector_picture(visit):
    page = visit(f"?run={RUN}&step=40", accept_downloads=True)
    everything = saved(page, ".save-svg").path().read_text(encoding="utf-8")
    page.click(".legend .kind:has-text('name')")
    less = saved(page, ".save-svg").path().read_text(encoding="utf-8")
    colour = KIND_COLOURS["name"]
    assert len(less) < 0.7 * len(everything) and colour in everything and colour not in less


def test_the_film_is_a_webm_of_the_whole_run(visit):
    page = visit(f"?run={RUN}&step=10", accept_downloads=True, width=500, height=600)
    film = saved(page, ".save-film")
    assert film.suggested_filename == f"{RUN}-pca-state-steps.webm"
    content = film.path().read_bytes()
    assert content[:4] == b"\x1a\x45\xdf\xa3" and b"webm" in content[:64]
    assert page.evaluate("ddptViewer.step") == 40
    seconds = page.evaluate(
        """async bytes => {
          const video = document.createElement("video");
          video.src = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
          await new Promise((resolve, reject) => { video.onloadedmetadata = resolve; video.onerror = reject; });
          return video.videoWidth;
        }""",
        list(content),
    )
    assert seconds > 100  # it plays: the browser has read its width


def test_a_link_shows_somebody_else_the_same(visit):
    page = visit(f"?run={RUN}&step=12")
    page.select_option(".pick-second", "ddpt-ddim-20-seed4")
    page.wait_for_selector(".key-second:not([hidden])")
    page.click("[data-kind=estimate]")
    page.wait_for_selector("[data-kind=estimate][aria-pressed=true]")
    page.select_option(".pick-axes", "0,2")
    page.click(".rows tbody tr:nth-child(3) .c-pos")
    page.click(".legend .kind:has-text('word piece')")
    page.wait_for_function("location.search.includes('without=word')")
    link = "?" + page.url.split("?")[1]
    other = visit(link)
    other.wait_for_selector(".key-second:not([hidden])")
    assert other.evaluate("ddptViewer.step") == 12
    assert other.get_attribute("[data-kind=estimate]", "aria-pressed") == "true"
    assert other.input_value(".pick-axes") == "0,2"
    assert other.get_attribute(".rows tbody tr:nth-child(3)", "aria-selected") == "true"
    assert other.get_attribute(".legend .kind:has-text('word piece')", "aria-pressed") == "false"
    assert other.failed == []


NONSENSE = ["position=99", "position=x", "axes=7,8", "without=<b>", "token=-1", "map=3d", "time=0"]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_a_link_that_says_something_wrong_is_as_usual_there(visit, nonsense):
    page = visit(f"?run={RUN}&step=12&{nonsense}")
    assert page.evaluate("ddptViewer.step") == 12 and page.input_value(".pick-axes") == "0,1"
    assert page.locator("tr[aria-selected=true]").count() == 0 and page.failed == []


def test_umap_asks_for_its_parameters_first_and_a_link_restores_them(visit):
    page = visit(f"?run={RUN}&step=12")
    page.keyboard.press("u")
    form = page.locator(".umap-form")
    assert form.is_visible()
    page.fill("[name=n_neighbors]", "1")
    page.click(".fit")
    assert form.is_visible(), "one neighbour is refused where it was typed"
    page.fill("[name=n_neighbors]", "7")
    page.fill("[name=min_dist]", "0.3")
    page.fill("[name=seed]", "5")
    page.click(".fit")
    page.wait_for_selector("[data-method=umap][aria-pressed=true]", timeout=120_000)
    shown = page.inner_text(".explain-map")
    assert "neighbours 7" in shown and "least distance 0.3" in shown and "seed 5" in shown
    page.wait_for_function("location.search.includes('umap_seed=5')")
    other = visit("?" + page.url.split("?")[1])
    other.wait_for_selector("[data-method=umap][aria-pressed=true]", timeout=60_000)
    assert other.inner_text(".explain-map") == shown
    assert other.failed == []


def test_the_help_sheet_lists_every_key_that_the_viewer_hears(visit):
    page = visit(f"?run={RUN}&step=12")
    page.keyboard.press("?")
    sheet = page.locator("dialog.help")
    assert sheet.is_visible()
    text = sheet.inner_text()
    for words in ("play or pause", "first step", "on 100 steps", "zoom in", "this sheet"):
        assert words in text
    page.keyboard.press("ArrowRight")
    assert page.evaluate("ddptViewer.step") == 12, "keys belong to the sheet while it is open"
    page.keyboard.press("Escape")
    assert sheet.is_hidden()
    page.click(".open-help")
    page.click("dialog.help .close")
    assert sheet.is_hidden()


def test_the_picture_is_moved_and_zoomed_by_keys(visit):
    page = visit(f"?run={RUN}&step=12")
    look = "document.querySelector('.field-layer').toDataURL()"
    seen = [page.evaluate(look)]
    for key in ("+", "d", "w", "0"):
        page.keyboard.press(key)
        page.wait_for_timeout(80)
        seen.append(page.evaluate(look))
    assert len(set(seen[:4])) == 4 and seen[4] == seen[0]


def test_the_link_button_says_where_the_link_is(visit):
    page = visit(f"?run={RUN}&step=12", permissions=["clipboard-read", "clipboard-write"])
    page.click(".copy-link")
    page.wait_for_function("document.querySelector('.busy').textContent.includes('link')")
    assert re.search(r"run=.*step=12", page.evaluate("navigator.clipboard.readText()"))
