"""The Compare tab with its components, outside of a page."""

import gradio as gr
import pytest

from app.compare.tab import lay_out


@pytest.fixture
def laid_out():
    """Returns what the tab does, and what stands beside: laid_out(services)."""

    def of(services):
        with gr.Blocks():
            return lay_out(services)

    return of


@pytest.fixture
def tab(laid_out, answering):
    """What the tab does."""
    return laid_out(answering)[0]
