"""Maps that are made when somebody asks: PCA on a run's own axes, and UMAP with chosen settings; of one run or two.

Each is one file and its card, named by a hash of all that decides what they hold, so that a map is made once.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from app.page.numbers import number, whole
from app.page.stream import Tell
from app.viewer.coded import pack
from app.viewer.marks import marks_of
from app.viewer.payload import FORMAT, PayloadStore, projection_arrays
from ddpt_core.errors import require_range
from ddpt_core.interpret.map_cache import content_key
from ddpt_core.interpret.map_methods import SETTINGS, UmapSettings
from ddpt_core.interpret.projection import MAX_SEED, Projection, project

SEED = 0  # of a PCA: which points its trustworthiness is measured on

Load = Callable[[], tuple[list, Any]]  # gives the trajectories of the runs, first run first, and their backbone


@dataclass(frozen=True)
class UmapChoice:
    """What somebody chose for a UMAP."""

    seed: int = SEED
    settings: UmapSettings = field(default_factory=UmapSettings)

    @classmethod
    def of(cls, seed: Any = SEED, n_neighbors: Any = 15, min_dist: Any = 0.1) -> "UmapChoice":
        """Returns the choice that a page sent; raises ConfigError for anything but numbers within their limits."""
        seed = require_range("seed", whole("Seed", seed), 0, MAX_SEED)
        return cls(seed, UmapSettings(whole("n_neighbors", n_neighbors), number("min_dist", min_dist)))


def vectors_of(trajectory) -> dict[str, np.ndarray]:
    """Returns both kinds of vector, each (S+1, P, D) in the backbone's space."""
    return {"state": trajectory.state, "estimate": trajectory.estimate}


def own_axes_of(services, store: PayloadStore, keys: list[str], load: Load, tell: Tell) -> dict[str, Any]:
    """Returns {files: {own}, quality: {own}} of a PCA fitted to the vocabulary and to one run or two."""
    made_of = {"runs": keys, "seed": SEED, **SETTINGS["pca"]}
    return _kept(services, store, "own", made_of, lambda: _draw("pca", load, SEED, tell), tell)


def umap_of(
    services, store: PayloadStore, keys: list[str], choice: UmapChoice, load: Load, tell: Tell
) -> dict[str, Any]:
    """Returns {files: {umap}, quality: {umap}} of UMAP fitted to the vocabulary and to one run or two."""
    made_of = {"runs": keys, "seed": choice.seed, **SETTINGS["umap"], **asdict(choice.settings)}
    return _kept(
        services, store, "umap", made_of, lambda: _draw("umap", load, choice.seed, tell, choice.settings), tell
    )


def _draw(method: str, load: Load, seed: int, tell: Tell, umap: UmapSettings | None = None) -> Projection:
    """Returns the projection of the runs that `load` gives; the paths of the second are `second.state` and so on."""
    trajectories, backbone = load()
    paths = vectors_of(trajectories[0])
    for second in trajectories[1:]:
        paths |= {f"second.{kind}": path for kind, path in vectors_of(second).items()}
    marks = marks_of(trajectories[0], backbone)
    return project(method, backbone.embedding_table, paths, marks, seed=seed, umap=umap, progress=tell)


def _kept(
    services, store: PayloadStore, part: str, made_of: dict, draw: Callable[[], Projection], tell: Tell
) -> dict[str, Any]:
    """Returns {files: {part}, quality} of the map that is in the store, or that `draw` makes while it has the model."""
    digest = content_key({}, {"format": FORMAT, "part": part, **made_of})[:20]
    name, card = f"{digest}-{part}.safetensors.gz", f"{digest}-{part}.json"
    if not (store.find(name) and store.find(card)):
        with services.model(tell):
            if not (store.find(name) and store.find(card)):
                projection = draw()
                arrays = projection_arrays(part, projection.vocabulary, projection.paths, projection.marks)
                store.replace(name, pack(arrays))
                store.replace(card, json.dumps({part: quality_of(projection)}).encode())
    return {"files": {part: store.url(name)}, "quality": json.loads(store.find(card).read_text(encoding="utf-8"))}


def quality_of(projection: Projection) -> dict[str, Any]:
    """Returns how far a map's neighbours can be trusted, and what it was fitted to.

    `trust` from 0 to 1, or None; `tokens` and `steps` (of each path, at least) that were fitted. Of PCA also
    `explained`, the share of the variance that each axis holds in what was fitted; on shared axes `contexts`, how many
    vectors of those were fitted, `explained_vocabulary` and `explained_paths`. Of UMAP what was chosen, `seed`,
    `n_neighbors`, `min_dist`, and `metric`.
    """
    quality, parameters = projection.quality, projection.parameters
    told = {
        "trust": quality["trustworthiness"],
        "tokens": parameters["vocabulary_sample"],
        "steps": min(parameters["steps_fitted"].values()),
    }
    if projection.method == "umap":
        return told | {name: parameters[name] for name in ("seed", "n_neighbors", "min_dist", "metric")}
    told["explained"] = [float(share) for share in quality["explained_variance_ratio"]]
    if "contexts" in parameters:
        told |= {"contexts": parameters["contexts"]}
        told |= {name: quality[name] for name in ("explained_vocabulary", "explained_paths")}
    return told
