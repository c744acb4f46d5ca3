"""The page where nothing ships yet, neither prompt nor run nor study: each tab says so, and what can work does."""

import pytest

from app.page.services import Services
from ddpt_core.backbone import registry
from ddpt_core.backbone.fetch import ORIGIN

pytestmark = pytest.mark.slow


@pytest.fixture
def page(tiny, tmp_path, monkeypatch, launched, new_page):
    """The page of an app without assets, whose default backbone is the tiny T5."""
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "assets")
    monkeypatch.setenv("DDPT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: tiny)
    with launched(Services(tmp_path / "cache")) as address:
        page = new_page()
        page.goto(address)
        yield page


def test_every_tab_opens_says_what_there_is_none_of_and_compares_what_needs_no_prompt(page):
    page.get_by_text("No run is recorded here yet").wait_for()
    assert ORIGIN in page.inner_text("#origin")
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Check data").wait_for()
    page.get_by_role("tab", name="Evaluate").click()
    page.get_by_role("tab", name="Studies").wait_for()
    page.get_by_role("tab", name="Compare").click()
    page.get_by_text("there is no assets/comparison/results.json").wait_for()
    page.locator("#compare").get_by_label("Instruction").first.fill("sort list `a`")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.locator("#compare article.answered, #compare .arm.answered").first.wait_for()
    said = page.inner_text("#compare")
    assert "Not run" in said and "No prompt of this arm" in said
    assert page.failed == []
