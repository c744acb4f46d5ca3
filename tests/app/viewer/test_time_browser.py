"""Time in a real browser: its axis, the slider, play at every speed, the ticks, the lock-in strip."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest

from app.explore.runs.runs import Runs
from ddpt_core import Trajectory

pytestmark = pytest.mark.slow

RUN, STEPS, POSITIONS = "ddpt-ddpm-40-seed3", 40, 4
LONG, MANY = "ddpt-ddim-403-seed3", 403

# What canvases were asked to draw since the list was last emptied; for texts in the strip also on which colours.
RECORDER = """
window.drawn = [];
for (const name of ["lineTo", "moveTo", "arc", "fillText"]) {
  const original = CanvasRenderingContext2D.prototype[name];
  CanvasRenderingContext2D.prototype[name] = function (...given) {
    const on = this.canvas.className || this.canvas.parentElement?.className || "";
    const entry = { name, given, on };
    if (name === "fillText" && on === "strip") {
      const { data } = this.getImageData(given[1] + 5, given[2], 5, 1);
      Object.assign(entry, { ink: this.fillStyle, ground: Array.from(data) });
    }
    drawn.push(entry);
    return original.apply(this, given);
  };
}
"""


@pytest.fixture
def visit(recorded, launched, open_viewer):
    """Opens the run of 40 steps, or another, at a step, with reduced motion; collects requests and script errors."""
    services, _ = recorded
    with launched(services) as address:

        def open_page(query=f"?run={RUN}&step=20", record=False, width=1440, **settings):
            window = {"reduced_motion": "reduce"} | settings
            return open_viewer(f"{address}/{query}", RECORDER if record else None, width=width, **window)

        yield open_page


@pytest.fixture
def long(recorded):
    """A second run, of 403 steps: more than the picture draws, with a last step that no stride but one hits."""
    services, _ = recorded
    return services.of(Runs).record("ddpt", "ddim", MANY, 3, lambda share, text: None)


def step(page):
    return page.evaluate("ddptViewer.step")


def middle_of(page, selector):
    """Returns the point of the screen in the middle of an element."""
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, selector, *shares):
    """Presses on an element at a share of the strip's width and drags over others; returns the step after each."""
    strip = page.locator(".strip").bounding_box()
    _, y = middle_of(page, selector)
    found = []
    for i, share in enumerate(shares):
        page.mouse.move(strip["x"] + share * strip["width"], y)
        if i == 0:
            page.mouse.down()
        found.append(step(page))
    page.mouse.up()
    return [*found, step(page)]


def logarithmic(share, steps):
    """The step at a share of an axis that is logarithmic in the number of steps left, plus one."""
    return round(steps + 1 - (steps + 1) ** (1 - share))


def by_noise(share, noise):
    """The step at a share of an axis that runs evenly through the noise; the first steps all have the whole of it."""
    return 0 if share == 0 else round(np.interp(share, 1 - noise / noise[0], range(len(noise))))


def test_slider_and_strip_are_dragged_along_the_one_axis_that_is_shown(visit, recorded):
    page = visit()
    noise = Trajectory.load(recorded[0].of(Runs).entry(RUN).folder).noise_level
    shares = (0.0, 0.25, 0.7, 1.0, 0.9)  # both ends are reached by mouse in any kind of time
    for selector in ("input.step", ".strip"):
        page.click("[data-time=linear]")
        assert drag(page, selector, *shares) == [round(share * STEPS) for share in (*shares, shares[-1])]
        page.click("[data-time=log]")
        assert drag(page, selector, *shares) == [logarithmic(share, STEPS) for share in (*shares, shares[-1])]
        page.click("[data-time=noise]")
        assert drag(page, selector, *shares) == [by_noise(share, noise) for share in (*shares, shares[-1])]
    assert page.failed == []


def test_the_slider_tells_the_step_in_any_kind_of_time_which_keys_and_this_browser_keep(visit):
    page = visit()
    for _ in range(3):
        page.evaluate("ddptViewer.seek(37)")
        slider = page.locator("input.step")
        assert [slider.get_attribute(name) for name in ("type", "min", "max")] == ["range", "0", str(STEPS)]
        assert slider.input_value() == "37"
        assert slider.get_attribute("aria-valuetext").startswith("step 37 of 40 · timestep ")
        slider.fill("12")  # as assistive technology sets it
        assert step(page) == 12
        slider.focus()
        page.keyboard.press("ArrowRight")
        assert step(page) == 13 and slider.input_value() == "13"
        page.keyboard.press("l")
    assert page.get_attribute("[data-time=linear]", "aria-pressed") == "true"  # three times l
    page.click("[data-time=noise]")
    page.wait_for_function("location.search.includes('time=noise')")
    page.goto(page.url.split("?")[0])  # no link says otherwise
    page.wait_for_selector("[data-time=noise][aria-pressed=true]")


def test_thumb_and_cursor_stand_where_the_axis_has_the_step(visit, recorded):
    page = visit()
    noise = Trajectory.load(recorded[0].of(Runs).entry(RUN).folder).noise_level
    kinds = {"log": lambda at: 1 - math.log(1 + STEPS - at) / math.log(1 + STEPS), "noise": lambda at: 1 - noise[at]}
    for kind, share in kinds.items():
        page.click(f"[data-time={kind}]")
        for at in (0, 20, 39, 40):
            page.evaluate("at => ddptViewer.seek(at)", at)
            strip = page.locator(".strip").bounding_box()
            for part in (".knob", ".cursor"):
                expected = strip["x"] + strip["width"] * share(at)
                assert middle_of(page, part)[0] == pytest.approx(expected, abs=1.5), (kind, part, at)


def timed_play(page, speed):
    """Plays from the start at a speed by a clock that is moved by hand; returns the steps at 1, 2, ... seconds."""
    page.select_option(".speed", speed)
    page.evaluate("ddptViewer.seek(0)")
    page.click(".play")
    steps = []
    while page.get_attribute(".play", "aria-label") == "Pause" and len(steps) < 100:
        for _ in range(10):
            page.evaluate("() => frame(100)")
        steps.append(step(page))
    return steps


CLOCK = """
let now = 0, waiting = [];
performance.now = () => now;
window.requestAnimationFrame = (call) => waiting.push(call);
window.frame = (passed) => { now += passed; const due = waiting; waiting = []; for (const call of due) call(now); };
"""


def test_play_takes_the_time_that_its_speed_says(visit):
    page = visit()
    page.evaluate(CLOCK)
    # 1x goes through a run in 20 seconds, but never slower than 3 steps a second.
    assert [len(timed_play(page, speed)) for speed in ("0.25", "0.5", "1", "2", "4", "8")] == [54, 27, 14, 7, 4, 2]
    fitted = timed_play(page, "fit")
    assert fitted == pytest.approx([4 * second for second in range(1, 11)], abs=1)
    assert fitted[-1] == STEPS


def test_in_logarithmic_time_play_moves_evenly_along_the_axis(visit):
    page = visit()
    page.click("[data-time=log]")
    page.evaluate(CLOCK)
    fitted = timed_play(page, "fit")
    exact = [STEPS + 1 - (STEPS + 1) ** (1 - second / 10) for second in range(1, 11)]
    assert [shown == pytest.approx(want, abs=1.01) for shown, want in zip(fitted, exact, strict=True)] == [True] * 10


def test_keys_make_play_slower_and_faster_up_to_the_ends(visit):
    page = visit()
    labels = []
    for key in "<<<>>>>>>>":
        page.keyboard.press(key)
        labels.append(page.input_value(".speed"))
    assert labels == ["0.5", "0.25", "0.25", "0.5", "1", "2", "4", "8", "8", "8"]
    page.select_option(".speed", "fit")  # 4 steps a second: between 1x and 2x for this run
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(">")
    assert page.input_value(".speed") == "2"
    assert page.inner_text(".live") == "speed 2×"


def test_the_tour_plays_in_linear_time_and_reduced_motion_only_starts_none_by_itself(visit):
    page = visit("?run=" + RUN)
    page.wait_for_timeout(300)
    assert step(page) == STEPS and page.is_hidden(".caption")
    page.keyboard.press("l")
    page.click(".replay")
    page.wait_for_function("ddptViewer.step > 0")
    assert page.get_attribute("[data-time=linear]", "aria-pressed") == "true"
    assert page.is_visible(".caption")


@pytest.mark.parametrize(("kind", "width"), [("log", 390), ("linear", 1440)])
def test_ticks_are_thinned_to_three_pixels_but_never_lose_an_end_and_say_so(visit, long, kind, width):
    page = visit(f"?run={long}&step=20", record=True, width=width)
    page.click("[data-time=linear]")
    page.evaluate("drawn.length = 0")
    page.click(f"[data-time={kind}]")
    ticks = page.evaluate(
        "drawn.filter(({ name, on }) => name === 'moveTo' && on === 'ticks').map(({ given }) => given[0])"
    )
    room = page.locator(".ticks").bounding_box()["width"]
    assert (ticks[0], ticks[-1]) == (0.5, pytest.approx(room - 0.5, abs=1))
    assert min(after - before for before, after in pairwise(ticks)) >= 2  # 3 but for rounding
    said = page.inner_text(".thinned").split(". ")[0]
    hidden = MANY + 1 - len(ticks)
    if hidden:
        assert f": {hidden} of 404 hidden" in said
    else:
        assert said == "A tick for each of 404 steps"
    texts = page.evaluate(
        "drawn.filter(({ name, on }) => name === 'fillText' && on === 'ticks').map(({ given }) => given[0])"
    )
    assert texts[:2] == ["0", "403"] and len(texts) > 2


def test_a_short_run_has_a_tick_for_each_step(visit):
    page = visit()
    assert page.inner_text(".thinned") == "A tick for each of 41 steps."


def test_the_drawn_path_keeps_its_first_and_last_step_however_it_is_thinned(visit, long):
    page = visit(f"?run={long}&step={MANY}", record=True)
    assert "older part of a path goes through every 2nd step" in page.inner_text(".thinned")

    def after(at, name, layers):
        page.evaluate("at => { drawn.length = 0; return ddptViewer.seek(at); }", at)
        points = page.evaluate("drawn.filter(({ on }) => on.includes('-layer'))")
        return [tuple(p["given"][:3]) for p in points if p["name"] == name and p["on"].split()[-1] in layers]

    def heads(at):  # the dots of the shown step are the arcs of radius 4
        return {dot[:2] for dot in after(at, "arc", ["path-layer"]) if dot[2] == 4}

    first, last = heads(0), heads(MANY)
    after(0, "lineTo", [])
    lines = {point[:2] for point in after(MANY, "lineTo", ["past-layer", "path-layer"])}
    assert len(first) == len(last) == POSITIONS
    assert first | last <= lines


def columns_of(page):
    """Returns the colours of the strip's first row, column by column."""
    return page.evaluate(
        """() => { const canvas = document.querySelector(".strip canvas");
        const { data } = canvas.getContext("2d").getImageData(0, canvas.height / 4 - 3, canvas.width, 1);
        return Array.from({ length: canvas.width }, (_, i) => Array.from(data.slice(4 * i, 4 * i + 3))); }"""
    )


def shown_similarity(page, at):
    page.evaluate("at => ddptViewer.seek(at)", at)
    page.wait_for_timeout(250)  # what stands beside the token follows
    return page.evaluate("getComputedStyle(document.querySelector('tbody .c-bar .bar')).getPropertyValue('--colour')")


@pytest.mark.parametrize("kind", ["linear", "log"])
def test_the_strip_shows_the_first_and_the_last_step_in_its_outermost_columns(visit, long, kind):
    page = visit(f"?run={long}&step=20", width=390)
    page.click(f"[data-time={kind}]")
    assert re.search(r"The lock-in strip has no column for \d+ of the 404\.", page.inner_text(".thinned"))
    columns = columns_of(page)
    assert len(columns) < MANY
    for at, column in [(0, columns[0]), (MANY, columns[-1])]:
        wanted = [int(number) for number in re.findall(r"\d+", shown_similarity(page, at))]
        assert column == pytest.approx(wanted, abs=2), at  # 256 shades


def test_pointing_at_the_strip_tells_position_step_token_and_similarity(visit):
    page = visit(f"?run={RUN}&step=30")
    page.wait_for_timeout(250)  # the similarities follow
    token = page.inner_text("tbody tr >> nth=2 >> .c-near .chip >> nth=0")
    similarity = page.inner_text("tbody tr >> nth=2 >> .c-bar .score")
    box = page.locator(".strip").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 30 / STEPS, box["y"] + box["height"] * 2.5 / POSITIONS)
    assert page.inner_text(".strip-tip .chip") == token
    assert page.inner_text(".strip-tip > span >> nth=1") == f"position 3 · step 30 · similarity {similarity}"
    page.mouse.move(5, 5)
    assert page.is_hidden(".strip-tip")


def nearest(page):
    return page.eval_on_selector_all(
        "tbody tr", "rows => rows.map(row => row.querySelector('.c-near .chip').textContent)"
    )


def luminance(colour):
    """Relative luminance of red, green, blue from 0 to 255 (WCAG 2.2)."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def over(colour, ground):
    """A colour with its opacity, from 0 to 255 each, as it is seen on a ground."""
    share = colour[3] / 255
    return [share * part + (1 - share) * under for part, under in zip(colour[:3], ground, strict=True)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_strip_writes_the_tokens_that_stay_as_readable_text(visit, theme):
    page = visit(f"?run={RUN}&step=40&__theme={theme}", record=True)
    last = nearest(page)
    below = page.evaluate("getComputedStyle(document.querySelector('gradio-app') || document.body).backgroundColor")
    page_colour = [int(part) for part in re.findall(r"\d+", below)[:3]]
    assert (sum(page_colour) > 380) == (theme == "light")
    inks = set()
    for act in ("[data-time=log]", "[data-kind=estimate]", "[data-kind=state]", ".strip-rows li >> nth=0"):
        page.evaluate("drawn.length = 0")
        page.click(act)
        page.wait_for_function("drawn.some(({ on }) => on === 'strip')")
        texts = page.evaluate("drawn.filter(({ name, on }) => name === 'fillText' && on === 'strip')")
        written = [text["given"][0] for text in texts]
        for token in last:
            begins = [w for w in written if w == token or (w.endswith("…") and token.startswith(w[:-1]))]
            assert begins, token
        assert not any("\u202e" in text for text in written)
        for text in texts:
            ink = [int(text["ink"][i : i + 2], 16) for i in (1, 3, 5)]
            grounds = [over(text["ground"][i : i + 4], page_colour) for i in range(0, 20, 4)]
            assert max(contrast(ink, ground) for ground in grounds) >= 4.5, text
            inks.add(text["ink"])
    assert inks > {"#000000", "#ffffff"}  # and the theme's own on the rows that are dimmed


def chosen(page):
    return page.eval_on_selector_all(
        ".strip-rows li", "rows => rows.findIndex(row => row.getAttribute('aria-selected') === 'true')"
    )


def test_a_position_is_chosen_by_its_label_by_a_double_click_and_by_keys(visit):
    page = visit()
    page.click(".strip-rows li >> nth=2")
    assert chosen(page) == 2
    assert page.get_attribute("tbody tr >> nth=2", "aria-selected") == "true"
    page.click(".strip-rows li >> nth=2")
    assert chosen(page) == -1
    box = page.locator(".strip").bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] / 4, box["y"] + box["height"] * 1.5 / POSITIONS)
    assert (chosen(page), step(page)) == (1, 10)
    page.focus(".strip-rows")
    page.keyboard.press("ArrowDown")
    assert chosen(page) == 2
    for key, position, at in [("ArrowRight", 2, 11), ("ArrowUp", 1, 11), ("Enter", -1, 11), ("Enter", 1, 11)]:
        page.keyboard.press(key)
        assert (chosen(page), step(page)) == (position, at), key
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    assert chosen(page) == POSITIONS - 1
    active = page.get_attribute(".strip-rows", "aria-activedescendant")
    assert page.get_attribute(f"#{active}", "aria-label").startswith(f"position {POSITIONS}, manual context ")
    assert page.failed == []


def test_the_keyboard_reaches_slider_rows_and_switch_with_a_visible_focus(visit):
    page = visit()
    page.focus(".speed")
    seen = []
    for _ in range(20):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => { const element = document.activeElement;
                const ringed = element.matches("input.step") ? document.querySelector(".knob") : element;
                return [element.className + (element.dataset.time || ""), getComputedStyle(ringed).outlineStyle]; }"""
            )
        )
    reached = dict(seen)
    for name in ("linear", "log", "step", "strip-rows"):
        assert reached[name] == "solid", name


def test_changing_the_kind_of_time_and_the_strip_ask_the_server_nothing(visit):
    page = visit()
    page.wait_for_timeout(800)  # the address is written once the step rests
    page.asked.clear()
    page.keyboard.press("l")
    drag(page, ".strip", 0.1, 0.6)
    page.click(".strip-rows li >> nth=1")
    page.wait_for_timeout(300)
    assert page.asked == []
