"""Launches the app: `python app.py [--host HOST] [--port PORT]`; also the entry of a Hugging Face Space."""

import argparse
import os
import socket
import sys
import threading


def main(arguments: list[str] | None = None) -> int:
    """Serves the app until it is interrupted; returns 0, or 2 after one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="app.py", description="DDPT Explorer in the browser.")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860")))
    given = parser.parse_args(arguments)
    problem = why_not_served(given.host, given.port)
    if problem:
        print(problem, file=sys.stderr)
        return 2

    from app.explore.runs.runs import Runs
    from app.main import build_app, launch_settings
    from app.page.services import Services

    services = Services()
    demo = build_app(services)
    demo.launch(server_name=given.host, server_port=given.port, prevent_thread_lock=True, **launch_settings(services))
    services.of(Runs).warm()
    print(f"DDPT Explorer is at http://{given.host}:{given.port}", flush=True)
    threading.Thread(target=make_ready, args=(services,), daemon=True).start()
    demo.block_thread()
    return 0


def make_ready(services) -> None:
    """Loads the default backbone behind the page, and says on stderr how far fetching it is, if it is not in place."""
    from ddpt_core.backbone.fetch import NAME, fetch, place
    from ddpt_core.errors import DDPTError

    told = -1

    def tell(share: float, text: str) -> None:
        nonlocal told
        if int(10 * share) > told:
            told = int(10 * share)
            print(f"Fetching {NAME}: {share:.0%}, {text}", file=sys.stderr, flush=True)

    try:
        if place() is None:
            fetch(tell)
        services.backbone()
    except DDPTError as error:  # recorded runs are shown without it; whoever asks for more is told the same
        print(error, file=sys.stderr, flush=True)


def why_not_served(host: str, port: int) -> str | None:
    """Returns a sentence if nothing can listen at this address, else None."""
    if not 1 <= port <= 65535:
        return f"The port must be from 1 to 65,535, got {port}; choose another with --port."
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(address[0], address[1]) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address[4])
    except socket.gaierror:
        return f"The host {host!r} is unknown; choose 127.0.0.1 or 0.0.0.0 with --host."
    except OSError as error:
        return f"Port {port} of {host} cannot be used ({error.strerror}); choose another with --port."
    return None


if __name__ == "__main__":
    sys.exit(main())
