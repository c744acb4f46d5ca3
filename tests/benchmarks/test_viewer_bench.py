"""What the viewer's benchmark measures with, and that it measures something; how fast the viewer is is not tested."""

import pytest

from benchmarks import browser as browsers
from benchmarks import viewer, viewer_world


def test_a_percentile_is_a_value_that_was_measured():
    assert viewer.percentile(list(range(1, 101))) == 95
    assert viewer.percentile([7.0]) == 7.0


def test_steps_in_a_row_stay_within_the_run():
    class Last:
        def randrange(self, stop):
            return stop - 1

    assert viewer.sequence(Last(), 3) == [viewer_world.STEPS - 2, viewer_world.STEPS - 1, viewer_world.STEPS]


def test_the_large_vocabulary_has_its_size_and_every_common_kind_of_token():
    import numpy as np

    from app.viewer.token_kinds import KINDS, kinds_of

    tokens = viewer_world.words(np.random.default_rng(0))
    assert len(tokens) == viewer_world.VOCABULARY
    assert {"keyword", "name", "operator", "number", "word piece"} <= {KINDS[kind] for kind in kinds_of(tokens)}


@pytest.mark.parametrize(("missing", "named"), [("find_spec", "Playwright"), ("which", "chromium")])
def test_what_is_missing_is_told_in_a_sentence(monkeypatch, missing, named):
    holder = browsers if missing == "find_spec" else browsers.shutil
    monkeypatch.setattr(holder, missing, lambda name: None)
    with pytest.raises(SystemExit, match=f"needs .*{named}.* run it again"), browsers.chromium():
        pass


@pytest.mark.slow
class TestInChromium:
    @pytest.fixture(scope="class")
    def browser(self):
        with browsers.chromium() as browser:
            yield browser

    def test_work_holds_the_call_and_the_frames_until_its_promise_resolves(self, browser):
        busy = "(ms) => { const end = performance.now() + ms; while (performance.now() < end); }"
        frame = "() => new Promise((resolve) => requestAnimationFrame(() => { busy(30); resolve(); }))"
        with browsers.new_page(browser, f"window.busy = {busy}; window.busyFrame = {frame};") as page:
            page.goto("about:blank")
            in_the_call = page.evaluate("frameMeter.measure(() => busy(30))")
            in_frames = page.evaluate("frameMeter.measure(async () => { await busyFrame(); await busyFrame(); })")
        assert in_the_call["call"] >= 30 and in_the_call["frames"] == 1
        assert in_frames["work"] >= 60 and in_frames["frames"] >= 2

    def test_the_large_world_is_served_and_measured(self, browser):
        with viewer.served("large") as address:
            with viewer.opened(browser, f"{address}/?step=7") as page:
                shown = page.evaluate("panelSteps()")
                assert set(shown.values()) == {7} and page.evaluate("ddptViewer.stepCount") == 2001
                page.evaluate("document.querySelector('.ddpt .where span').textContent = 'step 1,412 of 2,000'")
                assert page.evaluate("panelSteps().words") == 1412
                assert page.evaluate("framesBehind([3, 2000, 0])") == {"frames": 0, "late": []}
                assert all(found > 0 for found in viewer.seek(page, [1000, 5]))
                main_thread = viewer.MainThread(page)
                assert viewer.processor_ms(page, main_thread, [3, 4, 5])["TaskDuration"] > 0
            time, sent = viewer.opening(browser, address, "open", visits=1)
            assert time.value > 0 and 1e6 < sent.value < 1e8
