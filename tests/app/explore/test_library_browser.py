"""The library of runs in a real browser: keeping, renaming, deleting, down and up again, and two windows."""

import io
import re
import struct
import time
import zipfile

import pytest

from app.explore.runs.runs import Runs
from app.explore.sketch import Sketch
from ddpt_core.backbone import registry
from ddpt_core.trajectory.trajectory import available_runs

pytestmark = pytest.mark.slow


@pytest.fixture
def server(recorded, launched):
    """The address of the app with an embedded run of 40 steps and seed 3."""
    services, name = recorded
    embedded = registry.ASSETS / "runs" / name
    embedded.parent.mkdir()
    services.of(Runs).entry(name).folder.rename(embedded)
    with launched(services) as address:
        yield address


@pytest.fixture
def visit(server, open_viewer):
    """Opens the app in a window of its own and waits for the run."""
    return lambda query="", **window: open_viewer(f"{server}/{query}", accept_downloads=True, **window)


def sample(page, seed=5, steps=20):
    """Makes a run in the page and waits until it is open."""
    if not page.is_visible("#new-run"):
        page.click(".new-run")
    page.get_by_label("Steps", exact=True).fill(str(steps))
    page.get_by_label("Seed", exact=True).fill(str(seed))
    page.click("#sample")
    page.wait_for_function("document.querySelector('#new-run-status').textContent.includes('is open')", timeout=60_000)
    return f"ddpt-ddpm-{steps}-seed{seed}"


def unfold(page):
    """Opens the list of runs."""
    page.click(".open-runs")
    page.wait_for_selector(".run-list li")


def names(page):
    """The names of the runs in the list."""
    return page.eval_on_selector_all(".run-list li", "rows => rows.map(row => row.dataset.run)")


def said(page, words):
    """Waits until the list tells so, and returns the sentence."""
    page.wait_for_function(
        "words => document.querySelector('.run-list .said')?.textContent.includes(words)", arg=words, timeout=90_000
    )
    return page.inner_text(".run-list .said")


def chosen(page):
    """What the viewer offers to open: the options' names."""
    return page.eval_on_selector_all(".pick-run option", "options => options.map(option => option.value)")


def test_a_new_run_is_drawn_listed_kept_renamed_deleted_and_brought_back(visit):
    page = visit()
    name = sample(page)
    unfold(page)
    row = f".run-list li[data-run='{name}']"
    assert names(page) == [name, "ddpt-ddpm-40-seed3"]
    assert "unsaved, only yours" in page.inner_text(row) and available_runs().keys() == {"ddpt-ddpm-40-seed3"}
    assert page.locator(f"{row} svg").count() == 1
    page.click(f"{row} [data-act=keep_run]")
    said(page, f"{name} is kept")
    assert name in available_runs() and page.locator(f"{row} [data-act=keep_run]").count() == 0

    page.focus(f"{row} [data-act=rename]")
    page.keyboard.press("Enter")
    page.keyboard.type("no/slash")
    page.keyboard.press("Enter")
    assert "1 to 80 letters" in said(page, "letters")
    page.click(f"{row} [data-act=rename]")
    page.keyboard.type("mine")
    page.keyboard.press("Enter")
    said(page, "is now called mine")
    assert names(page) == ["mine", "ddpt-ddpm-40-seed3"]
    page.wait_for_function("[...document.querySelectorAll('.pick-run option')].some(o => o.value === 'mine')")

    page.click("li[data-run=mine] [data-act=delete_run]")
    said(page, "mine is deleted")
    assert names(page) == ["ddpt-ddpm-40-seed3"] and "mine" not in available_runs()
    page.wait_for_function("document.activeElement.textContent === 'Undo'")
    page.keyboard.press("Enter")
    said(page, "mine is back")
    assert "mine" in names(page) and "mine" in available_runs()
    assert page.failed == []


def test_an_embedded_run_says_that_it_stays(visit):
    page = visit()
    unfold(page)
    row = page.locator(".run-list li")
    assert "came with the project: not to be renamed or deleted" in row.inner_text()
    assert row.locator("button").all_inner_texts() == ["Open", "Download"]


def test_a_downloaded_run_can_be_uploaded_by_somebody_else(visit, tmp_path):
    page = visit()
    name = sample(page)
    unfold(page)
    with page.expect_download() as waiting:
        page.click(f"li[data-run='{name}'] [data-act=download_run]")
    assert waiting.value.suggested_filename == f"{name}.zip"
    waiting.value.save_as(tmp_path / "from-ann.zip")
    with zipfile.ZipFile(tmp_path / "from-ann.zip") as packed:
        assert packed.testzip() is None and len(packed.namelist()) == 2
    other = visit()
    unfold(other)
    other.set_input_files("#runs-panel input[type=file]", tmp_path / "from-ann.zip")
    said(other, "from-ann is taken in")
    other.wait_for_function("ddptViewer.stepCount === 21")
    assert "from-ann" in names(other) and "from-ann" not in names(page)
    page.set_input_files("#runs-panel input[type=file]", tmp_path / "from-ann.zip")
    said(page, f"This run is here already, as {name}")


def broken():
    """The bytes of a zip that is cut short."""
    return fine({"run.json": b"{}", "trajectory.safetensors": bytes(999)})[:-30]


def fine(files):
    """The bytes of a zip of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return content.getvalue()


def declaring(size):
    """The bytes of a zip whose table of contents declares so many bytes of numbers."""
    content = bytearray(fine({"run.json": b"{}", "trajectory.safetensors": b"x"}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<L", size)
    return bytes(content)


def test_hostile_zips_are_refused_and_the_page_goes_on(visit, recorded, tmp_path):
    services, _ = recorded
    page = visit()
    unfold(page)
    given = [
        (broken(), "cut short"),
        (fine({"../run.json": b"{}", "trajectory.safetensors": b"x"}), "leads elsewhere"),
        (declaring(1 << 30), "declares 1.07e+03 MB"),
        (b"no zip at all", "is no zip"),
        (fine({"run.json": b"{}", "trajectory.safetensors": b"x", "<img src=x onerror=hacked()>": b""}), "<img src=x"),
    ]
    for number, (content, words) in enumerate(given):
        path = tmp_path / f"hostile-{number}.zip"
        path.write_bytes(content)
        page.set_input_files("#runs-panel input[type=file]", path)
        said(page, words)
    assert page.locator(".run-list img").count() == 0
    assert [file for file in services.of(Runs).unsaved.root.rglob("*") if file.is_file()] == []
    sample(page)
    page.wait_for_function("ddptViewer.stepCount === 21")


def test_two_windows_do_not_see_each_others_unsaved_runs(visit, server):
    ann, bob = visit(), visit()
    name = sample(ann)
    for page in (ann, bob):
        unfold(page)
    assert name in names(ann) and name in chosen(ann)
    assert names(bob) == ["ddpt-ddpm-40-seed3"] == chosen(bob)
    bob.goto(f"{server}/?run={name}")
    toast = bob.wait_for_selector(".toast-body, [data-testid=toast-body]", timeout=90_000).inner_text()
    assert "There is no run" in toast
    ann.goto(f"{server}/?run={name}")  # a reload keeps what is one's own
    ann.wait_for_function("window.ddptViewer && ddptViewer.stepCount === 21", timeout=90_000)
    assert sample(bob) == name  # the same settings, at their own
    unfold(bob)
    assert "only yours" in bob.inner_text(f"li[data-run='{name}']")
    assert ann.failed == bob.failed == []


def test_sampling_can_be_cancelled_in_its_first_instant_and_begun_again(visit, recorded, monkeypatch):
    page, add = visit(), Sketch.add
    page.click(".new-run")
    page.get_by_label("Steps", exact=True).fill("2000")
    with monkeypatch.context() as slow:
        slow.setattr(Sketch, "add", lambda *told: (time.sleep(0.02), add(*told)))  # else it is over before the click
        page.click("#sample")
        page.wait_for_selector("#cancel:not([disabled])")
        page.click("#cancel")
        page.wait_for_function("document.querySelector('#new-run-status').textContent.includes('Cancelled')")
    assert page.get_by_label("Steps", exact=True).input_value() == "2000"
    assert page.inner_html("#new-run-preview").count("<svg") == 0
    services, _ = recorded
    assert list(services.of(Runs).unsaved.all()) == []
    sample(page, seed=6)


@pytest.mark.parametrize(("theme", "width"), [("dark", 1440), ("light", 390)])
def test_the_list_fits_and_can_be_read(visit, width, theme):
    page = visit(f"?__theme={theme}", width=width, height=844)
    sample(page)
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for part in (".context", ".origin.unsaved", ".count", "[data-act=open_run]"):
        assert contrast(page, f".run-list {part}") >= 4.5, part
    page.focus(".run-list [data-act=open_run]")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.act") == "keep_run"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def contrast(page, selector):
    """The contrast of a text's colour with the ground behind it."""

    def luminance(colour):
        channels = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    ink, ground = page.eval_on_selector(
        selector,
        """element => {
          let ground = element;
          const colour = () => getComputedStyle(ground).backgroundColor.replace(/ /g, "");
          while (colour().endsWith(",0)")) ground = ground.parentElement;
          return [getComputedStyle(element).color, colour()];
        }""",
    )
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
