"""What the viewer shows of one run: its data files, made once, and the small card that points to them."""

import hashlib
import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from app.page.stream import Tell
from app.viewer.coded import pack, unpack
from app.viewer.example_files import CODE, LOSSES, example_file
from app.viewer.joint_maps import SEED, quality_of, vectors_of
from app.viewer.library_marks import library_folder, library_of
from app.viewer.marks import manual_ids, marks_of, tuned_sha256
from app.viewer.payload import (
    FORMAT,
    PayloadStore,
    curve_arrays,
    neighbour_arrays,
    pack_tokens,
)
from app.viewer.shared_maps import axes_key, axes_of, put_vocabulary, umap_card
from app.viewer.side_by_side import alone, side_by_side
from ddpt_core.interpret.shared_axes import project_on

NEIGHBOURS = 10  # K, tokens kept for every position of every step

log = logging.getLogger(__name__)


def key_of(folder: Path) -> str:
    """Returns a name for what is shown of the run: a hash of run.json, which holds the hashes of its numbers and of
    its backbone, of whatever is marked beside it, and of the axes that it is drawn on.
    """
    described = (folder / "run.json").read_bytes()
    info = json.loads(described)
    backbone = info["backbone"].get("sha256")
    shown = f" {FORMAT} {NEIGHBOURS} {tuned_sha256(backbone)} {axes_key(backbone)}"
    library = " library" if library_folder(info) else ""
    return hashlib.sha256(described + (shown + library).encode()).hexdigest()[:20]


class RunView:
    """The files of one run in a PayloadStore; `read` finds them, `build` makes them."""

    _to_come: ClassVar[set[str]] = set()  # names of files that a thread of this program is still making

    def __init__(self, store: PayloadStore, key: str):
        self.store, self.key = store, key

    def read(self) -> dict[str, Any] | None:
        """Returns {files, quality} of the run, or None if they are yet to be made."""
        card = self._card()
        if card is None or not all(self.store.find(name) or name in self._to_come for name in card["files"].values()):
            return None
        kept = {what: example_file(self.key, what) for what in (*LOSSES.values(), CODE)}
        files = card["files"] | {what: name for what, name in kept.items() if self.store.find(name)}
        urls: dict[str, Any] = {part: self.store.url(name) for part, name in files.items()}
        quality, shared = card["quality"], umap_card(self.store, self.key)
        if shared:
            urls["umap"] = [self.store.url(name) for name in shared["files"]["umap"]]
            quality = quality | shared["quality"]
        return {"key": self.key, "files": urls, "quality": quality, "library": card.get("library")}

    def picture(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the places of the vocabulary (V, C) and of the states (S+1, P, C) of a run that `read` finds."""
        files = self._card()["files"]
        found = {part: unpack(self.store.find(files[part]).read_bytes()) for part in ("map", "run")}
        return found["map"]["pca.vocabulary"], found["run"]["pca.state"]

    def build(self, trajectory, backbone, nearest, tell: Tell, whole: bool = True) -> dict[str, Any]:
        """Returns {files, quality} after packing PCA, curves and the neighbours of both kinds of vector.

        Without `whole` the estimate's file is yet to come when this returns: it is not what is shown first.
        """
        tell(0.0, "Projecting the vocabulary…")
        vectors, marks = vectors_of(trajectory), marks_of(trajectory, backbone)
        shares = dict.fromkeys(vectors if whole else ("state",), 0.0)

        def path(kind: str) -> dict[str, np.ndarray]:
            def told(share: float, _words: str = "") -> None:
                if kind in shares:
                    shares[kind] = share
                    tell(sum(shares.values()) / len(shares), "Nearest tokens of every step…")

            found = nearest.run(vectors[kind], k=NEIGHBOURS, progress=told)
            return neighbour_arrays(kind, found.ids, found.scores) | curve_arrays(kind, vectors[kind], marks["manual"])

        def rest() -> tuple:
            axes = axes_of(backbone, self.store)
            projection = project_on(axes, backbone.embedding_table, vectors, marks, SEED)
            return (axes, projection), path("estimate") if whole else None

        state, ((axes, projection), estimate) = side_by_side(lambda: path("state"), rest)
        run = {
            "timesteps": trajectory.timesteps.astype(np.int32),
            "noise_level": trajectory.noise_level.astype(np.float32),
            "manual.ids": np.array(manual_ids(trajectory, backbone), np.int32),
            **({"tuned.ids": nearest.search(marks["tuned"], 1).ids[:, 0]} if "tuned" in marks else {}),
            **{f"pca.{name}": places for name, places in {**projection.paths, **projection.marks}.items()},
            **state,
        }
        tokens = f"tokens-{backbone.sha256[:20]}-{FORMAT}.json.gz"
        self.store.put(tokens, lambda: pack_tokens(backbone.token_strings(), special_ids(backbone)))
        files = {"tokens": tokens, "map": put_vocabulary(self.store, axes, projection.vocabulary)}
        for part in ("run", "estimate"):
            files[part] = f"{self.key}-{part}.safetensors.gz"
        self.store.replace(files["run"], pack(run))
        if whole:
            self.store.replace(files["estimate"], pack(estimate))
        else:
            self._later(files["estimate"], lambda: pack(path("estimate")))
        card = {"files": files, "quality": {"pca": quality_of(projection)}}
        if library := library_of(trajectory.info):
            card["library"] = library[1]
        self.store.replace(f"{self.key}.json", json.dumps(card).encode())
        return self.read() or {}

    def _later(self, name: str, make: Callable[[], bytes]) -> None:
        """Makes a file in a thread of its own."""

        def work() -> None:
            try:
                self.store.replace(name, alone(make))
            except Exception:
                log.warning(
                    "The file %s could not be made; it will be when the run is opened again.", name, exc_info=True
                )
            finally:
                self._to_come.discard(name)

        self._to_come.add(name)
        threading.Thread(target=work, daemon=True).start()

    def _card(self) -> dict[str, Any] | None:
        file = self.store.find(f"{self.key}.json")
        return json.loads(file.read_text(encoding="utf-8")) if file else None


def special_ids(backbone) -> list[int]:
    """Returns the ids of control tokens, and of rows of the table that no token uses."""
    known = len(backbone.tokenizer)
    return [*backbone.tokenizer.all_special_ids, *range(known, len(backbone.embedding_table))]
