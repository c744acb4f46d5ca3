"""The page as everyone needs it: axe-core over every tab, theme and width; a server that goes away and comes back."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
READY = {
    "explore": ".ddpt[data-state=ready]",
    "compare": "#study-plot .js-plotly-plot",
    "train": "#train-status",
    "evaluate": "#evaluate-status",
}


class ServedApp:
    """`python app.py` as a program of its own, on one port, with its own runs."""

    def __init__(self, home: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.home = home

    def start(self) -> None:
        """Starts the program and waits until it answers."""
        command = [sys.executable, "app.py", "--port", str(self.port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.program = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"DDPT_HOME": str(self.home)}, **quiet)
        for _ in range(600):
            try:
                urllib.request.urlopen(self.address, timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        pytest.fail("The app did not start within a minute.")

    def kill(self) -> None:
        """Ends the program at once, as a crash would."""
        self.program.send_signal(signal.SIGKILL)
        self.program.wait()


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The app with what ships."""
    app = ServedApp(tmp_path_factory.mktemp("home"))
    app.start()
    yield app
    app.kill()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
@pytest.mark.parametrize("tab", list(READY))
def test_axe_finds_no_serious_violation(app, new_page, tab, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = new_page(width=width, height=900, reduced_motion="reduce")
    page.goto(f"{app.address}/?tab={tab}&__theme={theme}")
    page.wait_for_selector(READY[tab], timeout=60_000)
    page.wait_for_timeout(1500)
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["target"] for node in one["nodes"]][:6])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_server_that_dies_is_told_of_and_the_page_recovers_when_it_is_back(tmp_path, new_page):
    app = ServedApp(tmp_path / "home")
    app.start()
    try:
        page = new_page(reduced_motion="reduce")
        page.goto(f"{app.address}/?tab=explore&run=2000-steps&step=700")
        page.wait_for_function("window.ddptViewer && ddptViewer.stepCount === 2001", timeout=60_000)
        page.evaluate("ddptViewer.ready.then(() => 1)")
        app.kill()
        page.wait_for_function("/connection|does not answer/i.test(document.body.innerText)", timeout=60_000)
        assert page.evaluate("ddptViewer.seek(900)") == 900, "what is on the screen goes on working"
        page.wait_for_timeout(600)
        app.start()
        page.wait_for_function("!/connection|does not answer/i.test(document.body.innerText)", timeout=90_000)
        page.wait_for_function("window.ddptViewer && ddptViewer.stepCount === 2001 && ddptViewer.step === 900")
        page.select_option(".pick-run", "11-styles")
        page.wait_for_function("ddptViewer.stepCount === 201", timeout=60_000)
    finally:
        app.kill()


def test_a_run_that_could_not_be_fetched_is_shown_once_the_server_is_back(tmp_path, new_page):
    app = ServedApp(tmp_path / "home")
    app.start()
    try:
        page = new_page(reduced_motion="reduce")
        page.route("**/*-run.safetensors*", lambda route: route.abort())
        page.goto(f"{app.address}/?tab=explore&run=2000-steps&step=700")
        page.wait_for_selector(".ddpt[data-state=failed]", timeout=60_000)
        assert "does not answer" in page.inner_text(".ddpt")
        app.kill()
        page.wait_for_selector(".server-away:not([hidden])", timeout=60_000)
        page.unroute_all()
        app.start()
        page.wait_for_function("ddptViewer.stepCount === 2001 && ddptViewer.step === 700", timeout=60_000)
    finally:
        app.kill()
