"""The page: a masthead and the tabs."""

from collections.abc import Callable
from functools import partial

import gradio as gr

from app.compare import tab as compare
from app.evaluate import tab as evaluate
from app.explore import tab as explore
from app.explore.runs.runs import Runs
from app.page.masthead import foot, masthead
from app.page.services import Services
from app.page.theme import build_css, build_theme
from app.studies import tab as studies
from app.train import tab as train
from ddpt_core.trajectory.limits import MAX_BYTES

# Name in addresses -> label, builder. A new tab is one folder of app/ and one line here.
TABS: dict[str, tuple[str, Callable[[Services], None]]] = {
    "explore": ("Explore", explore.build),
    "compare": ("Compare", compare.build),
    "train": ("Train", train.build),
    "evaluate": ("Evaluate", partial(evaluate.build, studies=studies.build)),
}

UPLOADS = (3_600, 6 * 3_600)  # seconds: how often uploaded files are looked through, and how old they may get

# Gradio also selects the first tab when the page opens: that is nobody's choice, so it must not be written down.
_TAB_IN_ADDRESS = """() => {
  const address = new URL(location.href);
  const opening = !window.ddptTabChosen;
  window.ddptTabChosen = true;
  if (opening) return;
  address.searchParams.set("tab", "NAME");
  history.replaceState(history.state, "", address);
}"""


def build_app(services: Services) -> gr.Blocks:
    """Returns the whole page, not yet launched."""
    with gr.Blocks(title="DDPT Explorer", analytics_enabled=False, fill_width=True, delete_cache=UPLOADS) as page:
        masthead()
        with gr.Tabs() as tabs:
            for name, (label, build) in TABS.items():
                with gr.Tab(label, id=name) as tab:
                    build(services)
                tab.select(None, js=_TAB_IN_ADDRESS.replace("NAME", name))
        foot()
        page.load(asked_tab, None, tabs, api_visibility="private", show_progress="hidden", queue=False)
    return page


def asked_tab(request: gr.Request) -> gr.Tabs:
    """Chooses the tab that the address names; another name, or the first tab's, changes nothing."""
    name = request.query_params.get("tab")
    return gr.Tabs(selected=name) if name in list(TABS)[1:] else gr.skip()


def launch_settings(services: Services) -> dict:
    """Returns what `launch` needs besides host and port.

    Only the folders of packed runs are served. Gradio's own run history stays off: the recorded runs are it.
    """
    return {
        "theme": build_theme(),
        "css": build_css(),
        "allowed_paths": [str(folder) for folder in services.of(Runs).store.folders],
        "run_history": False,
        "footer_links": ["api"],
        "state_session_capacity": 100,  # sessions whose last values are kept; a value here is a small JSON
        "max_file_size": MAX_BYTES,  # of a run as a zip; the reader of task files has its own, lower limit
        "ssr_mode": False,
        "show_error": True,
        "quiet": True,
    }
