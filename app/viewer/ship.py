"""Packs the embedded runs for the browser into assets/views, so that the first visitor waits for nothing.

`python -m app.viewer.ship`, after a run in assets/runs or the format of a payload has changed.
"""

import sys

from app.progress import Note, stream
from app.services import Services
from app.viewer.payload import PayloadStore
from ddpt_core.backbone import registry


def ship(services: Services) -> list[str]:
    """Writes the packed files of every embedded run and removes all others; returns their names.

    Not UMAP: it is fitted when somebody asks for it, and assets/ has a limit of 60 MB.
    """
    views = registry.ASSETS / "views"
    services.store = PayloadStore(views)
    wanted: set[str] = set()
    for name, entry in services.runs.entries().items():
        if not entry.embedded:
            continue
        for message in stream(lambda tell, name=name: services.runs.open(name, tell)):
            if isinstance(message, Note):
                print(f"\r{name}: {message.text} {message.share:.0%}   ", end="", file=sys.stderr)
            else:
                files = [address.rsplit("/", 1)[-1] for address in message.result["files"].values()]
                wanted |= {*files, f"{message.result['key']}.json"}
    for file in views.iterdir():
        if file.name not in wanted and file.name != "README.md":
            file.unlink()
    return sorted(wanted)


if __name__ == "__main__":
    print("\n".join(["", *ship(Services())]))
