"""The app behind a reverse proxy that hides the port, and the scheme, from it: every address is the page's own."""

import re
import socket
import threading
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from app.page import addresses

pytestmark = pytest.mark.slow
RUN = "ddpt-ddpm-40-seed3"


@contextmanager
def proxy(address):
    """A reverse proxy before the app at `address`, which passes `Host` on without its port; gives its own address."""
    upstream = (urlsplit(address).hostname, urlsplit(address).port)
    listening = socket.create_server(("127.0.0.1", 0))

    def forward(source, target):
        with suppress(OSError):
            while block := source.recv(65_536):
                target.sendall(block)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def serve(visitor):
        head = b""
        while b"\r\n\r\n" not in head:
            if not (block := visitor.recv(65_536)):
                return visitor.close()
            head += block
        head = re.sub(rb"(?im)^host: *([^:\r]+).*\r\n(connection:.*\r\n)?", rb"Host: \1\r\nConnection: close\r\n", head)
        server = socket.create_connection(upstream)
        server.sendall(head)
        threading.Thread(target=forward, args=(visitor, server), daemon=True).start()
        forward(server, visitor)
        server.close()
        visitor.close()

    def accept():
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.close()


def test_explore_shows_a_run_hears_the_server_and_saves_a_zip_through_a_proxy(recorded, launched, open_viewer):
    with launched(recorded[0]) as server, proxy(server) as address:
        page = open_viewer(f"{address}/?run={RUN}&step=40", accept_downloads=True)
        assert page.evaluate("[ddptViewer.stepCount, ddptViewer.step]") == [41, 40]
        page.click(".open-runs")
        with page.expect_download() as saved:
            page.click(f"li[data-run='{RUN}'] [data-act=download_run]")
        assert saved.value.path().read_bytes().startswith(b"PK")
        assert any("heartbeat/page-" in url for url in page.asked) and page.is_hidden(".server-away")
        strangers = [url for url in page.asked if not url.startswith((address, "data:", "blob:"))]
        assert strangers == page.failed == []


def test_evaluate_gives_its_files_through_a_proxy(answering_server, new_page, tmp_path):
    tasks = tmp_path / "mine.jsonl"
    tasks.write_text('{"instruction": "sort list `a`", "reference": "sorted(a)"}\n')
    with proxy(answering_server) as address:
        page = new_page(accept_downloads=True)
        page.goto(f"{address}/?tab=evaluate")
        page.locator("#evaluate input[type=file]").set_input_files(tasks)
        page.wait_for_function("document.querySelector('#evaluate-file-said').innerText.includes('mine.jsonl')")
        page.locator("#evaluate-go").click()
        page.wait_for_function("document.querySelector('#evaluate-status').innerText.includes('Done in')")
        with page.expect_download() as saved:
            page.locator("#evaluate-metrics").click()
        assert b'"bleu"' in saved.value.path().read_bytes()
        assert all(url.startswith((address, "data:", "blob:")) for url in page.asked) and page.failed == []


@pytest.mark.parametrize(
    ("root", "at", "asked"),
    [
        ("http://explorer.test", "https://explorer.test/", "https://explorer.test/file=a.json"),
        ("http://explorer.test/below", "https://explorer.test:8443/below/?run=x", "https://explorer.test:8443/below/file=a.json"),
        ("http://127.0.0.1:7860", "https://explorer.test/", "https://explorer.test/file=a.json"),
        ("", "https://explorer.test/below", "https://explorer.test/below/file=a.json"),
    ],
)  # fmt: skip
def test_where_a_proxy_ends_https_an_address_has_the_path_of_the_root_and_the_origin_of_the_page(
    root, at, asked, new_page
):
    page = new_page()
    page.route("https://explorer.test*/**", lambda route: route.fulfill(content_type="text/html", body="<p>"))
    page.goto(at)
    page.evaluate("root => { window.gradio_config = { root }; }", root)
    assert page.evaluate(f"() => {{ {addresses.SCRIPT} return addressOf('file=a.json'); }}") == asked
