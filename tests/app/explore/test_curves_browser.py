"""The curves along the path in a real browser: what they show, seeking, folding, the loss, a second run, saving."""

import csv
import json

import numpy as np
import pytest

from app.explore.runs.runs import Runs
from app.page.services import Services
from app.viewer import view
from ddpt_core import Trajectory
from ddpt_core.backbone import registry

pytestmark = pytest.mark.slow

RUN, OTHER, STEPS = "ddpt-ddpm-20-seed3", "ddpt-ddpm-20-seed4", 20
ALL = ["to_end", "to_manual", "similarity", "norm", "loss"]


@pytest.fixture
def probed(answering, tiny, monkeypatch):
    """Services whose every backbone is the tiny T5, with two runs of 20 steps, seeds 3 and 4."""
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: tiny)
    services = Services(answering.cache)
    for seed in (3, 4):
        services.of(Runs).record("ddpt", "ddpm", STEPS, seed, lambda share, text: None)
    return services


@pytest.fixture
def visit(probed, launched, open_viewer):
    """Opens the run of seed 3 in a new window, at a step."""
    with launched(probed) as address:
        yield lambda query=f"?run={RUN}&step=10", **window: open_viewer(f"{address}/{query}", **window)


def shown(page, name, part="value"):
    return page.inner_text(f"[data-curve={name}] .{part}")


def estimates(page):
    """Shows the estimates, which are the run's contexts as they are."""
    page.click("[data-kind=estimate]")
    page.wait_for_selector("[data-kind=estimate][aria-pressed=true]")
    return Trajectory.load(RUN).context


def seek(page, step):
    page.evaluate(f"ddptViewer.seek({step})")


def point(page, name, share):
    """Returns where a share of a curve's axis lies on the screen."""
    box = page.locator(f"[data-curve={name}] .curve-box")
    box.scroll_into_view_if_needed()
    found = box.bounding_box()
    return found["x"] + share * found["width"], found["y"] + found["height"] / 2


def test_the_values_at_the_cursor_are_those_of_the_run(visit):
    page = visit()
    context = estimates(page)
    to_end = np.linalg.norm(context - context[-1], axis=-1)
    norm = np.linalg.norm(context, axis=-1)
    for step in (0, 7, 20):
        seek(page, step)
        assert float(shown(page, "to_end")) == pytest.approx(to_end[step].mean(), rel=6e-3, abs=1e-6)
        assert float(shown(page, "norm")) == pytest.approx(norm[step].mean(), rel=6e-3)
    seek(page, 7)
    page.locator(".strip-rows li").nth(2).click()
    assert float(shown(page, "to_end")) == pytest.approx(to_end[7, 2], rel=6e-3)
    assert shown(page, "to_end", "about").startswith("position 3 · mean ")
    assert page.failed == []


def test_the_line_is_drawn_where_the_numbers_of_the_axis_put_it(visit):
    page = visit()
    context = estimates(page)
    distances = np.linalg.norm(context - context[-1], axis=-1).mean(1)
    step = 1 + int(distances[1:STEPS].argmax())  # where the line is far from the axis's lowest number
    top, _, low = [float(text) for text in page.locator("[data-curve=to_end] .curve-axis span").all_inner_texts()]
    drawn = page.evaluate(
        """(share) => {
          const canvas = document.querySelector("[data-curve=to_end] canvas");
          const { width, height } = canvas;
          const column = Math.round(width * share);
          const { data } = canvas.getContext("2d").getImageData(column, 0, 1, height);
          const alpha = Array.from({ length: height }, (_, y) => data[4 * y + 3]);
          const whole = alpha.map((value, y) => [value, y]).filter(([value]) => value > 180).map(([, y]) => y + 0.5);
          return { middle: whole.reduce((sum, y) => sum + y, 0) / whole.length, height };
        }""",
        step / STEPS,
    )
    edge = 5  # pixels between the border and the outermost numbers
    value = low + (top - low) * (drawn["height"] - edge - drawn["middle"]) / (drawn["height"] - 2 * edge)
    assert value == pytest.approx(distances[step], abs=0.04 * (top - low))
    assert distances[step] - low > 0.2 * (top - low)


def test_click_and_drag_seek_hover_reads_and_one_cursor_stands_in_line_with_the_strip(visit):
    page = visit()
    page.mouse.click(*point(page, "norm", 0.25))
    assert page.evaluate("ddptViewer.step") == 5
    page.mouse.move(*point(page, "similarity", 0.25))
    page.mouse.down()
    page.mouse.move(*point(page, "similarity", 0.9), steps=4)
    page.mouse.up()
    assert page.evaluate("ddptViewer.step") == 18
    asked = len(page.asked)
    page.mouse.move(*point(page, "norm", 0.5))
    assert shown(page, "to_end", "hovered").startswith("step 10: ") and page.evaluate("ddptViewer.step") == 18
    pointed = shown(page, "norm", "hovered").removeprefix("step 10: ")
    seek(page, 10)
    assert shown(page, "norm") == pointed
    places = page.evaluate(
        """() => [".lines .now-line", ".strip .cursor"].map((name) => document.querySelector(name))
          .map((node, i) => node.getBoundingClientRect().left + i)"""
    )  # the strip's is two pixels wide, its middle is the step
    assert places[0] == pytest.approx(places[1], abs=1)
    page.mouse.move(5, 5)
    assert shown(page, "norm", "hovered") == "" and len(page.asked) == asked


def test_logarithmic_time_moves_curves_and_cursor_together(visit):
    page = visit()
    page.click("[data-time=log]")
    share = page.evaluate(
        """() => {
          const place = (name) => document.querySelector(name).getBoundingClientRect();
          const [line, box] = [place(".lines .now-line"), place("[data-curve=norm] .curve-box")];
          return (line.left - box.left) / box.width;
        }"""
    )
    assert share == pytest.approx(1 - np.log1p(10) / np.log1p(20), abs=0.003)
    page.mouse.click(*point(page, "norm", share))
    assert page.evaluate("ddptViewer.step") == 10


def test_a_curve_is_folded_by_key_and_still_tells_its_value(visit):
    page = visit()
    assert page.locator(".curve .fold").count() == len(ALL)
    fold = page.locator("[data-curve=norm] .fold")
    fold.focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("aria-expanded") == "false" and not page.is_visible("[data-curve=norm] canvas")
    before = shown(page, "norm")
    seek(page, 0)
    assert shown(page, "norm") != before
    page.keyboard.press("Enter")
    assert page.is_visible("[data-curve=norm] canvas")
    assert "at step 0" in page.get_attribute("[data-curve=norm] canvas", "aria-label")


def test_data_without_the_curves_is_told_and_breaks_nothing(visit, monkeypatch):
    monkeypatch.setattr(view, "curve_arrays", lambda *_: {})
    page = visit()
    assert "does not hold this" in shown(page, "to_end", "missing") and shown(page, "to_end") == ""
    assert float(shown(page, "similarity")) > 0
    seek(page, 3)
    assert page.failed == []


def test_the_loss_is_measured_on_demand_told_and_there_the_next_time(visit, probed):
    page = visit()
    assert "on 12 examples, at 21 steps" in shown(page, "loss", "words")
    page.click(".loss .measure")
    page.wait_for_selector("[data-curve=loss] canvas", state="visible")
    (file,) = probed.of(Runs).store.folder.glob("*-loss-state-*.json")
    losses = [row["loss"] for row in json.loads(file.read_text())["rows"]]
    for step in (0, 13):
        seek(page, step)
        assert float(shown(page, "loss")) == pytest.approx(losses[step], rel=6e-4)
    assert "12 examples, written by hand" in shown(page, "loss", "words")
    again = visit()
    again.wait_for_selector("[data-curve=loss] canvas", state="visible")
    assert not again.is_visible(".loss .measure") and page.failed == again.failed == []


def test_measuring_can_be_cancelled_by_key_while_another_works(visit, probed):
    page = visit()
    with probed.model():
        page.locator(".loss .measure").press("Enter")
        page.get_by_text("Waiting for other work to end…").wait_for()
        page.locator(".loss button:has-text('cancel'):focus").press("Enter")
        page.wait_for_selector(".loss .measure")
    assert page.evaluate("document.activeElement.className") == "measure"
    assert not list(probed.of(Runs).store.folder.glob("*-loss-state-*.json"))


def test_a_second_run_is_laid_over_at_the_same_share_of_its_way(visit):
    page = visit()
    assert shown(page, "norm", "other") == ""
    page.select_option(".pick-second", OTHER)
    page.wait_for_function("document.querySelector('[data-curve=norm] .other').textContent")
    estimates(page)
    seek(page, 7)
    norms = np.linalg.norm(Trajectory.load(OTHER).context, axis=-1).mean(1)
    assert float(shown(page, "norm", "other").removeprefix("second run ")) == pytest.approx(norms[7], rel=6e-3)
    assert "dashed: the mean of" in page.inner_text(".curves .strip-words")


def test_curves_can_be_saved_as_a_table_and_a_picture(visit, probed):
    page = visit(accept_downloads=True)
    context = estimates(page)
    with page.expect_download() as file:
        page.click("text=curves ⤓")
    rows = list(csv.DictReader(file.value.path().open()))
    assert file.value.suggested_filename == f"curves-{RUN}-estimate.csv"
    positions = context.shape[1]
    assert list(rows[0]) == ["step", "timestep", "noise_level", "position", *ALL]
    assert len(rows) == (STEPS + 1) * (positions + 1)
    to_end = np.linalg.norm(context - context[-1], axis=-1)
    written = [[row["step"], row["position"], row["to_end"]] for row in rows if row["position"] != "mean"]
    assert [float(value) for _, _, value in written] == pytest.approx(to_end.ravel(), rel=1e-4, abs=1e-5)
    assert written[positions + 1][:2] == ["1", "2"]
    with page.expect_download() as picture:
        page.click("text=picture ⤓")
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_curves_fit_a_narrow_window_in_either_theme(visit, theme):
    page = visit(f"?run={RUN}&step=10&__theme={theme}", width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ALL[:4]:
        box = page.locator(f"[data-curve={name}] .curve-box").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] > 30
    assert page.failed == []
