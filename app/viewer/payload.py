"""Packs what the viewer draws into a few binary files that the browser fetches by URL, once per run.

The container is safetensors, which a script reads in a dozen lines; `coded` packs the numbers in it. A file's name
holds a hash of everything it was made from, so that a file never changes once it is there and a browser may keep it.

Array names in the files: `timesteps`, `noise_level`, `manual.ids`, `tuned.ids`; for a projection
`<method>.vocabulary` (in a file that all runs of a backbone share where they share its axes), `.state`, `.estimate`,
`.manual`, `.tuned`; for a kind of vector `<kind>.ids`, `.scores`,
`.range`, `.norm`, `.to_end`, `.to_manual`. There is nothing `tuned` where no prompt-tuning prompt is of the backbone.
"""

import gzip
import json
import logging
import os
import tempfile
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from app.viewer.coded import PACKED
from app.viewer.token_kinds import KINDS, kinds_of
from ddpt_core.interpret.metric import norms

log = logging.getLogger(__name__)

FORMAT = 3  # raise it when a file's content changes, so that old files are not read


def neighbour_arrays(kind: str, ids: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Returns `<kind>.ids`, `<kind>.scores` and `<kind>.range` (low, high); ids, scores: (S+1, P, K)."""
    narrow = np.uint16 if ids.max() <= np.iinfo(np.uint16).max else np.uint32
    return {
        f"{kind}.ids": ids.astype(narrow),
        f"{kind}.scores": scores.astype(np.float32),
        f"{kind}.range": np.array([scores.min(), scores.max()], np.float32),
    }


def curve_arrays(kind: str, vectors: np.ndarray, manual: np.ndarray) -> dict[str, np.ndarray]:
    """Returns `<kind>.norm`, `.to_end` and `.to_manual`, each (S+1, P) float32, in the backbone's own space.

    vectors: (S+1, P, D). to_end is the distance to the same position's last step, to_manual the one to `manual`
    (P, D), the embedded manual context; all Euclidean.
    """
    curves = {name: np.empty(vectors.shape[:2], np.float32) for name in ("norm", "to_end", "to_manual")}
    for position in range(vectors.shape[1]):  # one at a time: little memory
        path = vectors[:, position]  # (S+1,D)
        curves["norm"][:, position] = norms(path)
        curves["to_end"][:, position] = norms(path - path[-1])
        curves["to_manual"][:, position] = norms(path - manual[position])
    return {f"{kind}.{name}": curve for name, curve in curves.items()}


def projection_arrays(
    method: str, vocabulary: np.ndarray, paths: Mapping[str, np.ndarray], marks: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Returns `<method>.vocabulary` (V, C), and every path (S+1, P, C) and mark (P, C), all as float32."""
    named = {"vocabulary": vocabulary, **paths, **marks}
    return {f"{method}.{name}": array.astype(np.float32) for name, array in named.items()}


def pack_tokens(tokens: Sequence[str], special_ids: Collection[int] = ()) -> bytes:
    """Returns compressed JSON with the readable tokens and the kind of each, in the order of the vocabulary."""
    kinds = kinds_of(tokens, special_ids)
    text = json.dumps({"tokens": list(tokens), "kinds": kinds, "kind_names": KINDS}, separators=(",", ":"))
    return gzip.compress(text.encode("ascii"), mtime=0)  # json escapes everything else, lone surrogates too


class PayloadStore:
    """The folders whose files the browser may fetch; a file is there whole or not at all.

    New files go to `folder`; `shipped` holds those that came with the project, all of them compressed. They are copied
    into `folder` when they are first asked for, and unpacked on the way if they are asked for without PACKED.
    """

    def __init__(self, folder: Path, shipped: Path | None = None):
        self.folder, self.shipped = folder, shipped
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def folders(self) -> list[Path]:
        """The folders that a server must be allowed to serve."""
        return [self.folder.resolve()]

    def find(self, name: str) -> Path | None:
        """Returns the file `name`, None if it is yet to be made."""
        file = self.folder.resolve() / name
        if not file.is_file() and self.shipped:
            self._take(name, self.shipped / (name.removesuffix(PACKED) + PACKED))
        return file if file.is_file() else None

    def _take(self, name: str, packed: Path) -> None:
        try:
            if packed.is_file():
                data = packed.read_bytes()
                content = gzip.decompress(data)  # also says whether the file is whole
                self.replace(name, data if name.endswith(PACKED) else content)
        except (OSError, EOFError, zlib.error) as error:
            log.warning("%s cannot be unpacked and is made anew: %s", packed, error)

    def url(self, name: str) -> str:
        """Returns the address of the file, relative to the app's root."""
        return f"gradio_api/file={(self.folder.resolve() / name).as_posix()}"

    def put(self, name: str, build: Callable[[], bytes]) -> str:
        """Returns the address of the file `name`, made by `build` if it is not there yet."""
        if not self.find(name):
            self.replace(name, build())
        return self.url(name)

    def replace(self, name: str, content: bytes) -> None:
        """Writes the file `name`, whole and at once, whether or not it was there."""
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(self.folder / name)
        finally:
            Path(temporary).unlink(missing_ok=True)
