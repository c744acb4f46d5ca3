"""A tab is one folder and one line: a throw-away one is added in the test and used in the page and by a script."""

import gradio as gr
import pytest

from app import main
from app.page.addresses import to_tab
from app.page.services import Services, as_toast
from ddpt_core.errors import ConfigError

pytestmark = pytest.mark.slow


def build(services: Services) -> None:
    """Adds what the throw-away tab shows."""

    def count(text: str) -> str:
        if not text:
            raise ConfigError("The text is empty; type some.")
        return f"{len(text)} characters, {len(services.prompt_names())} prompt"

    text, go, said = gr.Textbox(label="Text to count"), gr.Button("Count"), gr.HTML(elem_id="counted")
    go.click(as_toast(count), text, said, api_name="count")


def test_a_tab_is_one_line_of_the_table(answering, launched, new_page, monkeypatch):
    monkeypatch.setitem(main.TABS, "count", ("Count letters", build))
    with launched(answering) as address:
        page = new_page()
        page.goto(f"{address}/?tab=count")
        page.get_by_label("Text to count").fill("prompt")
        page.get_by_role("button", name="Count", exact=True).click()
        page.locator("#counted", has_text="6 characters, 2 prompt").wait_for()
        for name in ("train", "count"):
            page.evaluate(to_tab(name))
            page.wait_for_function(f"location.search.includes('tab={name}')")
        page.get_by_label("Text to count").fill("")
        page.get_by_role("button", name="Count", exact=True).click()
        page.locator(".toast-body", has_text="The text is empty; type some.").wait_for()
        assert page.failed == []
