"""A hub of this machine's own, as far as the client asks for: one data set of one file, and all that can go wrong."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

COMMIT = "a" * 40


class LocalHub(ThreadingHTTPServer):
    """Serves owner/pairs with `content` as train.jsonl; the first `cuts` downloads of it end half way."""

    def __init__(self, content: bytes, cuts: int = 0):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.cuts = {"train.jsonl": content}, cuts
        self.address = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    """One request, answered as huggingface.co answers it."""

    protocol_version = "HTTP/1.1"
    server: LocalHub

    def do_GET(self):
        path, _, wanted = self.path.partition("?")[0].partition("/resolve/")
        name = wanted.partition("/")[2]
        if "owner/closed" in path:
            return self.tell(403, b"{}", {"X-Error-Code": "GatedRepo"})
        if "owner/pairs" not in path:
            return self.tell(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        if wanted and name not in self.server.files:
            return self.tell(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        if wanted:
            return self.send_file(self.server.files[name])
        listed = [{"type": "file", "path": n, "size": len(d), "oid": etag(d)} for n, d in self.server.files.items()]
        about = {"id": "owner/pairs", "sha": COMMIT, "private": False, "gated": False, "tags": [], "siblings": []}
        return self.tell(200, json.dumps(listed if "/tree/" in path else about).encode())

    def send_file(self, data: bytes):
        cut = self.command == "GET" and self.server.cuts > 0
        self.server.cuts -= cut
        self.tell(200, data, {"ETag": f'"{etag(data)}"', "X-Repo-Commit": COMMIT}, len(data) // 2 if cut else None)

    do_HEAD = do_GET

    def tell(self, code: int, body: bytes, headers: dict | None = None, only: int | None = None):
        """Answers with the whole length; sends the body, or `only` so much of it and then hangs up."""
        self.send_response(code)
        for key, value in {"Content-Type": "application/json", "Content-Length": len(body), **(headers or {})}.items():
            self.send_header(key, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:only])
        self.close_connection = only is not None

    def log_message(self, *_):
        pass


def etag(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@contextmanager
def local_hub(content: bytes, cuts: int = 0) -> Iterator[LocalHub]:
    """Runs a LocalHub in a thread of its own while the block lasts."""
    with LocalHub(content, cuts) as hub:
        thread = Thread(target=hub.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
