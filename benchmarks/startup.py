"""From `python app.py` to the first 200 with the recorded run in it, against a Gradio page that holds one line of text.

The recorded run is there once the app has answered `open_run` and sent the run's packed steps.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.pairs import Result, in_turn

ROOT = Path(__file__).resolve().parents[1]
GOAL = 2.0  # the core loads nothing heavy; what is left is Gradio itself, building our page, and one packed run
PATIENCE = 120  # s until a start counts as failed
BARE_PAGE = """
import sys, gradio as gr
with gr.Blocks(analytics_enabled=False) as page:
    gr.Markdown("one line")
page.launch(server_port=int(sys.argv[1]), quiet=True)
"""


def measure() -> Iterator[Result]:
    """Yields the ratio of both starts; each start is a process of its own, files already in the system's cache."""

    def ours() -> None:
        with serving(["app.py", "--port"]) as address:
            fetch_recorded_run(address)

    def bare() -> None:
        with serving(["-c", BARE_PAGE]):
            pass

    ours(), bare()  # fills the system's file cache, and packs the run where it is packed for the first time
    pairs = in_turn(ours, bare)
    app, page = pairs.medians()
    yield Result("startup", pairs.ratio, GOAL, {"app.py": app, "bare Gradio page": page}, len(pairs.ours))


@contextmanager
def serving(arguments: list[str], patience: float = PATIENCE) -> Iterator[str]:
    """Runs Python with `arguments` and a free port; gives the address once its page has answered 200.

    Raises RuntimeError if it has not within `patience` seconds.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, *arguments, str(port)], cwd=ROOT, stdout=subprocess.DEVNULL)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + patience
    try:
        while True:
            try:
                with urlopen(address, timeout=5) as answer:
                    if answer.status == 200:
                        break
            except (URLError, ConnectionError, TimeoutError):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"The page did not come up with {' '.join(arguments[:1])}.") from None
                time.sleep(0.02)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def fetch_recorded_run(address: str) -> None:
    """Asks the app for its first run, and gets every file of it."""
    first = call(address, "list_runs", [])[0]
    described = call(address, "open_run", [first["name"]])
    for url in urls(described):
        with urlopen(f"{address}{url}" if url.startswith("/") else f"{address}/{url}", timeout=PATIENCE) as answer:
            answer.read()


def call(address: str, name: str, data: list):
    """Returns what a named endpoint answers."""
    body = json.dumps({"data": data}).encode()
    request = Request(f"{address}/gradio_api/call/{name}", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE) as answer:
        event = json.load(answer)["event_id"]
    with urlopen(f"{address}/gradio_api/call/{name}/{event}", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    data_lines = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return json.loads(data_lines[-1])[0]


def urls(value) -> Iterator[str]:
    """Yields every string in `value` that is the address of a file that the app serves."""
    if isinstance(value, dict):
        for item in value.values():
            yield from urls(item)
    elif isinstance(value, list):
        for item in value:
            yield from urls(item)
    elif isinstance(value, str) and "gradio_api/file=" in value:
        yield value
