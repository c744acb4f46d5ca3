"""Packs the embedded runs for the browser into assets/views, so that the first visitor waits for nothing.

`python -m app.explore.runs.ship`, after a run or a prompt in assets/ or the format of a payload has changed. It also
fits the maps that all of them share: the axes of each backbone (assets/maps), and UMAP of its whole vocabulary with the
runs.
"""

import gzip
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from app.explore.runs.path_code import PathCodes
from app.explore.runs.path_loss import PathLosses
from app.explore.runs.run_entry import RunEntry
from app.explore.runs.runs import Runs
from app.page.services import Services
from app.page.sources import Examples
from app.page.stream import Note, Tell, stream
from app.viewer.coded import PACKED
from app.viewer.example_files import CODE, LOSSES, example_file
from app.viewer.joint_maps import quality_of, vectors_of
from app.viewer.marks import marks_of
from app.viewer.payload import PayloadStore
from app.viewer.shared_maps import fit_umap_together, put_umap, shipped_maps
from app.viewer.view import key_of
from ddpt_core.backbone import registry
from ddpt_core.interpret.shared_axes import axes_name, fit_axes, save_axes

ENDED_AFTER = 50  # steps in which a prompt's context is sampled for the axes


def ship(services: Services, umap: bool = True) -> list[str]:
    """Writes the packed files of every embedded run, and what they share, compressed; returns their names.

    Removes all others in assets/views. Minutes on one core and run for the code along it, and some for UMAP, which can
    be left out. Losses and code of a run are kept as soon as they are there, so that a stopped time goes on from them.
    """
    views = registry.ASSETS / "views"
    views.mkdir(exist_ok=True)
    embedded = {name: entry for name, entry in services.of(Runs).entries().items() if entry.embedded}
    backbones = sorted({entry.info["backbone"]["name"] for entry in embedded.values()})
    fit_shared_axes(services, backbones)
    with tempfile.TemporaryDirectory() as folder:
        services.of(Runs).store = PayloadStore(Path(folder))
        for name, entry in embedded.items():
            told_of(name, lambda tell, name=name: services.of(Runs).open(name, tell))
            read_examples(services, entry, views)
        for backbone in backbones if umap else []:
            add_umap(services, backbone, [e for e in embedded.values() if e.info["backbone"]["name"] == backbone])
        made = dict(packed_files(Path(folder)))
    for file in views.iterdir():
        if file.name not in made and file.name != "README.md":
            file.unlink()
    for name, content in made.items():
        (views / name).write_bytes(content)
    return sorted(made)


def read_examples(services: Services, entry: RunEntry, views: Path) -> None:
    """Puts the losses and the code of the examples along a run into the store, new ones into `views` as well."""
    examples, store, key = services.of(Examples).tasks, services.of(Runs).store, key_of(entry.folder)
    losses, codes = PathLosses(services, examples), PathCodes(services, examples)
    works = {what: lambda tell, kind=kind: losses.of(entry, tell, kind) for kind, what in LOSSES.items()}
    works |= {CODE: lambda tell: codes.of(entry, tell)}
    for what, work in works.items() if losses.tasks and codes.tasks else ():
        name = example_file(key, what)
        shipped = views / (name + PACKED)
        if shipped.is_file():
            store.replace(name, gzip.decompress(shipped.read_bytes()))
            continue
        told_of(entry.name, work)
        part = shipped.with_name(f".{shipped.name}.part")
        part.write_bytes(gzip.compress((store.folder / name).read_bytes(), mtime=0))
        part.replace(shipped)


def told_of(name: str, work: Callable[[Tell], object]) -> None:
    """Does a piece of work on the run `name` and writes how far it is."""
    for message in stream(work):
        if isinstance(message, Note):
            tell_of(name, message.share, message.text)


def fit_shared_axes(services: Services, backbones: list[str]) -> None:
    """Fits the axes of each backbone to its vocabulary and the contexts of the embedded prompts; removes all others."""
    folder = shipped_maps()
    folder.mkdir(parents=True, exist_ok=True)
    kept = set()
    for name in backbones:
        backbone = services.backbone(name)
        axes = fit_axes(backbone.embedding_table, list(contexts_of(services, backbone)), backbone.sha256)
        save_axes(axes, folder)
        kept |= {f"{axes_name(backbone.sha256)}.{ending}" for ending in ("json", "safetensors")}
    for file in folder.iterdir():
        if file.name not in kept and file.name != "README.md":
            file.unlink()


def contexts_of(services: Services, backbone) -> Iterator:
    """Yields the contexts (P, D) in which the embedded prompts of a backbone end."""
    from ddpt_core import load_prompt
    from ddpt_core.errors import ArtifactError

    for name, folder in sorted(registry.available("prompts", "prompt.json").items()):
        if not folder.is_relative_to(registry.ASSETS):
            continue
        try:
            prompt = load_prompt(folder, backbone=backbone)
        except ArtifactError as error:
            print(f"The axes are fitted without {name}: {error}", file=sys.stderr)
            continue
        yield prompt.final_context(0, ENDED_AFTER).detach().float().cpu().numpy()


def add_umap(services: Services, name: str, entries: list[RunEntry]) -> None:
    """Fits UMAP to the whole vocabulary of a backbone and to runs of it, all together, and adds it to the store."""
    backbone = services.backbone(name)
    runs, marks = {}, {}
    for entry in entries:
        trajectory, key = services.of(Runs).recent.load(entry, backbone), key_of(entry.folder)
        runs[key], marks[key] = vectors_of(trajectory), marks_of(trajectory, backbone)
    fitted = fit_umap_together(backbone, runs, marks, lambda share, text: tell_of(name, share, text))
    put_umap(services.of(Runs).store, fitted, list(runs), quality_of(fitted))


def packed_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yields name and content, compressed, of the files that a store holds."""
    for file in sorted(folder.iterdir()):
        content = file.read_bytes() if file.is_file() else b""
        if file.name.endswith(PACKED):
            yield file.name, content
        elif content:
            yield file.name + PACKED, gzip.compress(content, mtime=0)  # with no date in it, the same file each time


def tell_of(what: str, share: float, text: str) -> None:
    """Writes how far the work is over the last such line."""
    print(f"\r{what}: {text} {share:.0%}   ", end="", file=sys.stderr)


if __name__ == "__main__":
    print("\n".join(["", *ship(Services())]))
