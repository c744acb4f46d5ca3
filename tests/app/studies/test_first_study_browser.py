"""The form that starts a study, in a fresh clone, in a real browser."""

import pytest


@pytest.mark.slow
def test_the_form_says_at_its_defaults_what_it_will_cost(fresh, launched, new_page):
    with launched(fresh) as address:
        page = new_page()
        page.goto(f"{address}/?tab=evaluate")
        page.get_by_role("tab", name="Studies").click()
        page.get_by_role("button", name="Start a study").click()
        assert page.locator("#study-file input").input_value().startswith("first · ")
        page.locator("#study-cost").click()
        page.locator("#study-start, #study-form-status .failed").first.wait_for()
        assert "Everything it needs is there" in page.inner_text("#study-form-status")
        assert page.locator("#study-start").is_visible() and page.failed == []
