"""The app's page in Chromium, for the benchmarks of the viewer: a world that is served, a page that has drawn a run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.browser import new_page
from benchmarks.startup import serving

SETTLING_MS = 1_500
PATIENCE = 300_000  # ms for what takes seconds on a quiet machine
PROBE = (Path(__file__).parent / "viewer_probe.js").read_text(encoding="utf-8")


@contextmanager
def served(world: str) -> Iterator[str]:
    """Gives the address of a world whose first run is packed already."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(["-m", "benchmarks.viewer_world", world, folder, "--port"], PATIENCE / 1000) as address,
    ):
        yield address


@contextmanager
def opened(browser, address: str) -> Iterator:
    """Gives a page of the app with a run drawn, and nothing left that the page does by itself."""
    with new_page(browser, PROBE) as page:
        page.goto(address, timeout=PATIENCE)
        page.wait_for_function("firstDrawn.then(() => true)", timeout=PATIENCE)
        page.wait_for_timeout(SETTLING_MS)
        yield page
