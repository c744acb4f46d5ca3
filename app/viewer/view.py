"""What the viewer shows of one run: its data files, made once, and the small card that points to them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from app.progress import Tell
from app.theme import SCHEDULER_LABELS
from app.viewer.payload import FORMAT, PayloadStore, neighbour_arrays, pack, pack_tokens, projection_arrays

NEIGHBOURS = 10  # K, tokens kept for every position of every step
METRIC = "cosine"
SEED = 0  # of a projection; makes the same picture again
SHARES = {"state": (0.1, 0.5), "estimate": (0.55, 0.95)}  # of the time of packing, as measured


def label_of(info: dict[str, Any], embedded: bool) -> str:
    """Returns the run in words: where it is from, how it was made."""
    prompt = info["prompt"]["name"]
    scheduler = SCHEDULER_LABELS.get(info["scheduler"], info["scheduler"])
    words = ["embedded" if embedded else "own", f"{scheduler} {info['steps']:,}", f"seed {info['seed']}"]
    return " · ".join(words if prompt == "ddpt" else [words[0], prompt, *words[1:]])


def key_of(folder: Path) -> str:
    """Returns a name for the run's content: a hash of run.json, which holds the hash of its numbers."""
    made_of = (folder / "run.json").read_bytes() + f" {FORMAT} {NEIGHBOURS}".encode()
    return hashlib.sha256(made_of).hexdigest()[:20]


def manual_ids(trajectory, backbone) -> list[int]:
    """Returns the ids (P,) of the tokens that the run started from, the manual context."""
    return backbone.token_ids(trajectory.info["context"], trajectory.x.shape[1])


def vectors_of(trajectory) -> dict[str, np.ndarray]:
    """Returns both kinds of vector, each (S+1, P, D) in the backbone's space."""
    return {"state": trajectory.state, "estimate": trajectory.context}


class RunView:
    """The files of one run in a PayloadStore; `read` finds them, `build` makes them."""

    def __init__(self, store: PayloadStore, key: str):
        self.store, self.key = store, key

    def read(self) -> dict[str, Any] | None:
        """Returns {files, quality} of the run, or None if they are yet to be made."""
        card = self._card()
        if card is None or not all(self.store.find(name) for name in card["files"].values()):
            return None
        urls = {part: self.store.url(name) for part, name in card["files"].items()}
        return {"key": self.key, "files": urls, "quality": card["quality"]}

    def build(self, trajectory, backbone, nearest, tell: Tell) -> dict[str, Any]:
        """Returns {files, quality} after packing PCA and the neighbours of both kinds of vector."""
        from ddpt_core.interpret.projection import project

        tell(0.0, "Projecting the vocabulary…")
        manual = manual_ids(trajectory, backbone)
        marks = {"manual": backbone.embedding_table[manual]}
        projection = project("pca", backbone.embedding_table, vectors_of(trajectory), marks, seed=SEED)
        arrays = {
            "timesteps": trajectory.timesteps.astype(np.int32),
            "noise_level": trajectory.noise_level.astype(np.float32),
            "manual.ids": np.array(manual, np.int32),
            **projection_arrays("pca", projection.vocabulary, projection.paths, projection.marks),
            **self._neighbours("state", trajectory, nearest, tell),
        }
        tokens = f"tokens-{backbone.sha256[:20]}-{FORMAT}.json"
        files = {
            "tokens": tokens,
            "run": f"{self.key}-run.safetensors",
            "estimate": f"{self.key}-estimate.safetensors",
        }
        self.store.put(tokens, lambda: pack_tokens(backbone.token_strings(), special_ids(backbone)))
        self.store.put(files["run"], lambda: pack(arrays))
        self.store.put(files["estimate"], lambda: pack(self._neighbours("estimate", trajectory, nearest, tell)))
        return self._write({"files": files, "quality": {"pca": pca_quality(projection)}})

    def add_umap(self, trajectory, backbone, tell: Tell) -> dict[str, Any]:
        """Returns {files, quality} after fitting UMAP to the vocabulary and the run together."""
        from ddpt_core.interpret.projection import project

        marks = {"manual": backbone.embedding_table[manual_ids(trajectory, backbone)]}
        table, vectors = backbone.embedding_table, vectors_of(trajectory)
        projection = project("umap", table, vectors, marks, seed=SEED, progress=tell)
        card = self._card() or {}
        name = f"{self.key}-umap.safetensors"
        arrays = projection_arrays("umap", projection.vocabulary, projection.paths, projection.marks)
        self.store.put(name, lambda: pack(arrays))
        card["files"]["umap"] = name
        card["quality"]["umap"] = umap_quality(projection)
        return self._write(card)

    def beside(self, other: "RunView", load: Callable[[], tuple]) -> dict[str, Any]:
        """Returns {files, quality} of one PCA of this run and another together, so that both share its axes.

        load: gives both trajectories and the backbone, if the map is yet to be made.
        """
        from ddpt_core.interpret.projection import project

        name, card = f"{self.key}-{other.key}.safetensors", f"{self.key}-{other.key}.json"
        if not self.store.find(card):
            first, second, backbone = load()
            marks = {"manual": backbone.embedding_table[manual_ids(first, backbone)]}
            paths = vectors_of(first) | {f"second.{kind}": path for kind, path in vectors_of(second).items()}
            projection = project("pca", backbone.embedding_table, paths, marks, seed=SEED)
            arrays = projection_arrays("pca", projection.vocabulary, projection.paths, projection.marks)
            self.store.put(name, lambda: pack(arrays))
            self.store.replace(card, json.dumps({"pca": pca_quality(projection)}).encode())
        return {"files": {"both": self.store.url(name)}, "quality": self._json(card)}

    def _neighbours(self, kind: str, trajectory, nearest, tell: Tell) -> dict[str, np.ndarray]:
        start, end = SHARES[kind]

        def told(share: float, _words: str = "") -> None:
            tell(start + share * (end - start), f"Nearest tokens of every step ({kind})…")

        found = nearest.run(vectors_of(trajectory)[kind], k=NEIGHBOURS, progress=told)
        return neighbour_arrays(kind, found.ids, found.scores)

    def _card(self) -> dict[str, Any] | None:
        return self._json(f"{self.key}.json")

    def _json(self, name: str) -> dict[str, Any] | None:
        file = self.store.find(name)
        return json.loads(file.read_text(encoding="utf-8")) if file else None

    def _write(self, card: dict[str, Any]) -> dict[str, Any]:
        self.store.replace(f"{self.key}.json", json.dumps(card).encode())
        return self.read() or {}


def special_ids(backbone) -> list[int]:
    """Returns the ids of control tokens, and of rows of the table that no token uses."""
    known = len(backbone.tokenizer)
    return [*backbone.tokenizer.all_special_ids, *range(known, len(backbone.embedding_table))]


def pca_quality(projection) -> dict[str, Any]:
    """Returns the share of the variance that each axis holds, and how far neighbours can be trusted."""
    quality = projection.quality
    shares = [float(share) for share in quality["explained_variance_ratio"]]
    return {"explained": shares, "trust": quality["trustworthiness"]}


def umap_quality(projection) -> dict[str, Any]:
    """Returns how far neighbours can be trusted, and what the map was fitted to."""
    parameters = projection.parameters
    return {
        "trust": projection.quality["trustworthiness"],
        "tokens": parameters["vocabulary_sample"],
        "steps": parameters["steps_fitted"]["state"],
        "seed": parameters["seed"],
    }
