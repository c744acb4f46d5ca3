"""Packs what the viewer draws into a few binary files that the browser fetches by URL, once per run.

The container is safetensors, which a script reads in a dozen lines. A file's name holds a hash of everything
it was made from, so that a file never changes once it is there and a browser may keep it.

Array names in the files: `timesteps`, `noise_level`, `manual.ids`, `tuned.ids`; for a projection
`<method>.vocabulary`, `.state`, `.estimate`, `.manual`, `.tuned`; for a kind of vector `<kind>.ids`, `.scores`,
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
from safetensors.numpy import save

from app.viewer.token_kinds import KINDS, kinds_of
from ddpt_core.interpret.metric import norms

log = logging.getLogger(__name__)

FORMAT = 2  # raise it when a file's content changes, so that old files are not read
PACKED = ".gz"  # what the name of a shipped file ends with
SCORE_LEVELS = 65_535  # scores are stored as uint16 between the run's lowest and highest


def neighbour_arrays(kind: str, ids: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Returns `<kind>.ids`, `<kind>.scores` (uint16 of equal levels) and `<kind>.range` (low, high).

    ids, scores: (S+1, P, K). The error of a stored score is at most (high - low) / SCORE_LEVELS / 2.
    """
    low, high = float(scores.min()), float(scores.max())
    levels = (scores.astype(np.float64) - low) * (SCORE_LEVELS / max(high - low, 1e-12))
    narrow = np.uint16 if ids.max() <= np.iinfo(np.uint16).max else np.uint32
    return {
        f"{kind}.ids": ids.astype(narrow),
        f"{kind}.scores": np.rint(levels).clip(0, SCORE_LEVELS).astype(np.uint16),
        f"{kind}.range": np.array([low, high], np.float32),
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


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Returns the bytes of one safetensors file that holds `arrays`."""
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def pack_tokens(tokens: Sequence[str], special_ids: Collection[int] = ()) -> bytes:
    """Returns JSON with the readable tokens and the kind of each, in the order of the vocabulary."""
    kinds = kinds_of(tokens, special_ids)
    text = json.dumps({"tokens": list(tokens), "kinds": kinds, "kind_names": KINDS}, separators=(",", ":"))
    return text.encode("ascii")  # json escapes everything else, lone surrogates too


class PayloadStore:
    """The folders whose files the browser may fetch; a file is there whole or not at all.

    New files go to `folder`; `shipped` holds those that came with the project, compressed, which are unpacked into
    `folder` when they are first asked for.
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
            self._unpack(name, self.shipped / (name + PACKED))
        return file if file.is_file() else None

    def _unpack(self, name: str, packed: Path) -> None:
        try:
            if packed.is_file():
                self.replace(name, gzip.decompress(packed.read_bytes()))
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
