"""Maps that runs of one backbone share: the axes of PCA, and the UMAP that was fitted to the shipped runs together.

The axes that came with the project lie in assets/maps; of another backbone they are fitted to its vocabulary when they
are first needed, and kept beside the packed views. The shared UMAP is made by `ship` alone.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.viewer.coded import pack
from app.viewer.payload import FORMAT, PayloadStore, projection_arrays
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError
from ddpt_core.interpret.map_cache import content_key
from ddpt_core.interpret.map_methods import UmapSettings
from ddpt_core.interpret.projection import Projection, project
from ddpt_core.interpret.shared_axes import SharedAxes, axes_card, fit_axes, load_axes, save_axes

log = logging.getLogger(__name__)

SEED = 0  # of the shared UMAP


def shipped_maps() -> Path:
    """Returns the folder of the axes that came with the project."""
    return registry.ASSETS / "maps"


def axes_key(backbone_sha256: str | None) -> str:
    """Returns what names the shipped axes of a backbone; "" if there are none, and its vocabulary decides."""
    try:
        card = axes_card(shipped_maps(), backbone_sha256 or "")
        return str(card["digest"]) if card else ""
    except (ArtifactError, KeyError):
        return ""


def axes_of(backbone, store: PayloadStore) -> SharedAxes:
    """Returns the axes on which all runs of a backbone are drawn: the shipped ones, else those of its vocabulary."""
    kept = store.folder / "axes"
    for folder in (shipped_maps(), kept):
        try:
            axes = load_axes(folder, backbone.sha256)
            if axes is not None:
                return axes
        except ArtifactError as error:
            log.warning("%s Until then the vocabulary decides.", error)
    axes = fit_axes(backbone.embedding_table, backbone_sha256=backbone.sha256)
    try:
        save_axes(axes, kept)
    except ArtifactError as error:
        log.warning("The axes could not be kept: %s", error)
    return axes


def put_vocabulary(store: PayloadStore, axes: SharedAxes, vocabulary: np.ndarray) -> str:
    """Returns the name of the file with the places of the vocabulary (V, C) on shared axes, made if it is not there."""
    name = f"map-{axes.digest[:20]}-{FORMAT}.safetensors.gz"
    store.put(name, lambda: pack(projection_arrays("pca", vocabulary, {}, {})))
    return name


def umap_card(store: PayloadStore, key: str) -> dict[str, Any]:
    """Returns {files: {umap}, quality: {umap}} of a run in the shared UMAP, by the names of files; {} if it is not."""
    file = store.find(f"{key}-umap.json")
    card = json.loads(file.read_text(encoding="utf-8")) if file else {}
    return card if card and all(store.find(name) for name in card["files"]["umap"]) else {}


def fit_umap_together(backbone, runs: Mapping[str, Mapping], marks: Mapping[str, Mapping], tell=None) -> Projection:
    """Returns UMAP of a whole vocabulary with runs: key -> kind -> path (S+1, P, D), and their marks.

    Paths and marks of the projection are named `<key>/<name>`. Minutes on one core for 49,152 tokens and four runs.
    """
    paths = {f"{key}/{kind}": path for key, kinds in runs.items() for kind, path in kinds.items()}
    named = {f"{key}/{mark}": vectors for key, own in marks.items() for mark, vectors in own.items()}
    table = backbone.embedding_table
    return project("umap", table, paths, named, seed=SEED, umap=UmapSettings(), whole=True, progress=tell)


def put_umap(store: PayloadStore, projection: Projection, keys: list[str], quality: dict[str, Any]) -> None:
    """Writes a shared UMAP to the store: its vocabulary once, and every run's own places with a card."""
    digest = content_key({"vocabulary": projection.vocabulary}, {"format": FORMAT, "runs": keys})[:20]
    vocabulary = f"umap-{digest}.safetensors.gz"
    store.replace(vocabulary, pack(projection_arrays("umap", projection.vocabulary, {}, {})))
    for key in keys:
        own = {
            f"umap.{name.removeprefix(key + '/')}": places.astype(np.float32)
            for name, places in {**projection.paths, **projection.marks}.items()
            if name.startswith(key + "/")
        }
        file = f"{key}-umap.safetensors.gz"
        store.replace(file, pack(own))
        card = {"files": {"umap": [vocabulary, file]}, "quality": {"umap": quality | {"second": "", "runs": len(keys)}}}
        store.replace(f"{key}-umap.json", json.dumps(card).encode())
