"""Packs the embedded runs for the browser into assets/views, so that the first visitor waits for nothing.

`python -m app.viewer.ship`, after a run in assets/runs or the format of a payload has changed.
"""

import gzip
import sys
import tempfile
from pathlib import Path

from app.probe import PathProbe
from app.progress import Note, stream
from app.services import Services
from app.viewer.payload import PACKED, PayloadStore
from ddpt_core.backbone import registry


def ship(services: Services) -> list[str]:
    """Writes the packed files of every embedded run and its loss, compressed; returns their names. Removes all others.

    Not UMAP: it is fitted when somebody asks for it, and assets/ has a limit of 60 MB.
    """
    views = registry.ASSETS / "views"
    views.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        services.store = PayloadStore(Path(folder))
        probe = PathProbe(services)
        works = [services.runs.open, *([probe.loss] if probe.examples else [])]
        for name, entry in services.runs.entries().items():
            if not entry.embedded:
                continue
            for work in works:
                for message in stream(lambda tell, work=work, name=name: work(name, tell)):
                    if isinstance(message, Note):
                        print(f"\r{name}: {message.text} {message.share:.0%}   ", end="", file=sys.stderr)
        made = {file.name + PACKED: file.read_bytes() for file in Path(folder).iterdir()}
    for file in views.iterdir():
        if file.name not in made and file.name != "README.md":
            file.unlink()
    for name, content in made.items():
        (views / name).write_bytes(gzip.compress(content, mtime=0))  # with no date in it, the same file each time
    return sorted(made)


if __name__ == "__main__":
    print("\n".join(["", *ship(Services())]))
