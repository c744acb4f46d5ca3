"""Headless Chromium, driven by Playwright: what the benchmarks of the page measure in."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZE = {"width": 1440, "height": 900}
METER = (Path(__file__).parent / "frame_meter.js").read_text(encoding="utf-8")


@contextmanager
def chromium() -> Iterator:
    """Gives a running browser; ends the program with a sentence if Playwright or Chromium is missing."""
    if find_spec("playwright") is None:
        raise SystemExit("This benchmark needs Playwright; install what requirements-dev.txt lists and run it again.")
    path = shutil.which("chromium")
    if path is None:
        raise SystemExit("This benchmark needs the program chromium; install it (`make browser`) and run it again.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def new_page(browser, script: str = "") -> Iterator:
    """Gives an empty page in a window with a cache of its own, which runs `script` first.

    It holds `frameMeter`, and as `asked` the addresses of its requests.
    """
    context = browser.new_context(viewport=SIZE)
    try:
        context.add_init_script(METER + script)
        page = context.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        yield page
    finally:
        context.close()


class MainThread:
    """The seconds of processor time that a page's main thread has worked, by Chromium's own count."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds(self) -> dict[str, float]:
        """Returns TaskDuration, which holds all, and of it ScriptDuration, LayoutDuration, RecalcStyleDuration."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return {item["name"]: item["value"] for item in metrics if item["name"].endswith("Duration")}


class Wire:
    """The bytes that a page's requests brought over the wire, heads included, by address."""

    def __init__(self, page):
        self.sent: dict[str, float] = {}
        addresses: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.on(
            "Network.requestWillBeSent", lambda said: addresses.update({said["requestId"]: said["request"]["url"]})
        )
        session.on("Network.loadingFinished", lambda said: self._add(addresses, said))
        session.send("Network.enable")

    def _add(self, addresses: dict[str, str], said: dict) -> None:
        address = addresses.get(said["requestId"], "")
        self.sent[address] = self.sent.get(address, 0) + said["encodedDataLength"]

    def total(self, part: str = "") -> int:
        """Returns the bytes of the addresses that hold `part`."""
        return round(sum(size for address, size in self.sent.items() if part in address))
