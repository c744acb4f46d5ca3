"""The panel of readings in a real browser: read at the step shown, followed, read again, narrow and dark."""

import pytest

from app.explore.runs.runs import Runs
from app.page.services import Services
from ddpt_core.backbone import registry
from ddpt_core.interpret.readings import tasks_for

pytestmark = pytest.mark.slow


def test_a_reading_is_of_the_step_shown_and_says_when_the_viewer_has_gone_on(
    answering, tiny, monkeypatch, launched, open_viewer
):
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: tiny)
    monkeypatch.setattr("app.explore.readings.reader.tasks_for", lambda run: tasks_for(run, 2))
    services = Services(answering.cache)
    services.of(Runs).record("ddpt", "ddpm", 20, 3, lambda share, text: None)
    with launched(services) as address:
        page = open_viewer(f"{address}/?step=20")
        page.click("#readings > button")
        assert "Nearest tokens are not a prompt’s meaning" in page.inner_text("#readings-status")
        page.click("#readings-go")
        page.wait_for_selector("#readings-shown figure svg")
        board = page.locator("#readings-shown .reading")
        assert board.get_attribute("data-step") == "20" and page.inner_text("#readings-shown .at") == ""
        page.evaluate("ddptViewer.seek(7)")
        assert "at step 7: read it" in page.inner_text("#readings-shown .at")
        page.get_by_label("through the layers").check()
        page.click("#readings-shown .at button")
        page.wait_for_selector("#readings-shown .strip td")
        assert board.get_attribute("data-step") == "7" and page.locator("#readings-shown .strip tbody tr").count() == 8
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate("document.body.classList.add('dark')")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") and page.failed == []
