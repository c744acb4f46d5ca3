"""How a map is drawn: `pca` and `umap`, with one signature and one result.

Each takes table (V, D), paths name -> (S+1, P, D), marks name -> (P, D), settings, a seed and a progress callback,
and returns the fields of a Projection. Settings are what, besides points and seed, decides where these come to lie:
SETTINGS, and for UMAP what UmapSettings lets somebody choose.

Cost on one core for V = 32,100, D = 1024, two paths of 2001 x 16: `pca` 4 s, `umap` 12 s and up to half
a minute for its first start after being installed. 1.2 GB of memory with the table and both paths.
"""

import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from ddpt_core.errors import ConfigError
from ddpt_core.interpret.nearest_tokens import NearestTokens

SETTINGS: dict[str, dict] = {
    "pca": {"components": 3, "solver": "covariance_eigh"},
    "umap": {
        "components": 2,
        "metric": "cosine",
        # Not UMAP's own spectral start: with few neighbours that depends on chance which no seed rules, and keeps the
        # places of groups no better (Kobak & Linderman 2021, doi:10.1038/s41587-020-00809-z).
        "init": "pca",
        "tokens": 4000,  # at most, of the vocabulary
        "steps": 64,  # at most, of one path
        "path_points": 2048,  # at most, of all paths together
    },
}
WIDE = 512  # dimensions above which `pca` asks ARPACK, which takes V D time for each of some dozen rounds
TRUST_SAMPLE, TRUST_NEIGHBOURS = 1500, 15

N_NEIGHBORS, MIN_DIST = (2, 200), (0.0, 0.99)  # limits: UMAP needs 2, and spreads points over 1.0

_one_umap_at_a_time = threading.Lock()  # numba's own threads must not be started from two threads at once


@dataclass(frozen=True)
class UmapSettings:
    """What can be chosen of UMAP; the defaults are umap-learn's own.

    n_neighbors: how many points near each the map keeps together (2 to 200); few show what is close at hand, many the
    whole. min_dist: how closely points may be packed (0 to 0.99). Raises ConfigError outside these.
    """

    n_neighbors: int = 15
    min_dist: float = 0.1

    def __post_init__(self):
        _require("n_neighbors", self.n_neighbors, Integral, "a whole number", *N_NEIGHBORS)
        _require("min_dist", self.min_dist, Real, "a number", *MIN_DIST)


def _require(name: str, given: Any, kind: type, words: str, low: float, high: float) -> None:
    is_number = isinstance(given, kind) and not isinstance(given, bool)
    fits = is_number and low <= float(given) <= high  # no NaN does
    if not fits:
        raise ConfigError(f"{name} of UMAP must be {words} from {low:g} to {high:g}, got {given!r}; choose another.")


def pca(
    table: np.ndarray, paths: dict, marks: dict, settings: dict, seed: int, tell: Callable[[float, str], None]
) -> dict:
    """Returns a linear map fitted to all tokens, the marks, and at most as many points of the paths.

    Neither tokens nor paths drown the other then. The components are eigenvectors of the covariance (V D^2 + D^3
    operations), or of wide tables the singular vectors that Lanczos iteration finds (V D for each round), to the same
    digits; in float32 of points whose mean is taken off first, so that none are lost.
    """
    from sklearn.decomposition import PCA

    tell(0.05, "PCA: gathering points")
    share = len(table) // max(len(paths), 1)  # points of one path
    fitted = {name: thin(len(path), share // path.shape[1]) for name, path in paths.items()}
    points = _stack(table, paths, fitted, marks)
    mean = points.mean(0, dtype=np.float64).astype(np.float32)
    points -= mean
    components = settings["components"]
    if min(points.shape) < components:
        raise ConfigError(
            f"PCA needs at least {components} points of {components} dimensions, got {len(points):,} of "
            f"{points.shape[1]:,}; use a larger embedding table."
        )
    tell(0.2, "PCA: finding the directions of most variance")
    method = settings["solver"] if min(points.shape) <= WIDE else "arpack"
    solver = PCA(components, svd_solver=method, random_state=seed).fit(points)

    def place(vectors: np.ndarray) -> np.ndarray:
        flat = solver.transform(vectors.reshape(-1, vectors.shape[-1]) - mean)
        return flat.astype(np.float32).reshape(*vectors.shape[:-1], components)

    tell(0.6, "PCA: placing tokens and steps")
    drawn = {name: place(path) for name, path in paths.items()}
    tell(0.8, "PCA: measuring how far it can be trusted")
    shares = [float(share) for share in solver.explained_variance_ratio_]
    trust = trustworthiness_of(points, solver.transform(points), "euclidean", seed)
    return {
        "vocabulary": place(table),
        "paths": drawn,
        "marks": {name: place(mark) for name, mark in marks.items()},
        "quality": {"explained_variance_ratio": shares, "trustworthiness": trust},
        "parameters": {
            **settings,
            "solver": method,
            "seed": seed,
            "vocabulary": len(table),
            "vocabulary_sample": len(table),
            "hidden": 0,
            "steps_fitted": {name: len(kept) for name, kept in fitted.items()},
            "fitted_points": len(points),
        },
        "fitted_steps": {name: np.arange(len(path)) for name, path in paths.items()},
    }


def umap(
    table: np.ndarray, paths: dict, marks: dict, settings: dict, seed: int, tell: Callable[[float, str], None]
) -> dict:
    """Returns a map fitted to a sample of the tokens, the marks, and evenly spaced steps of every path.

    The first and the last step are always among them. Neighbours are exact, where umap-learn would
    approximate.
    """
    tell(0.0, "UMAP: loading, which takes half a minute the first time")
    from umap import UMAP

    positions = sum(path.shape[1] for path in paths.values())
    steps = min(settings["steps"], settings["path_points"] // max(positions, 1))
    fitted = {name: thin(len(path), steps) for name, path in paths.items()}
    tokens = min(len(table), settings["tokens"])
    sample = np.sort(np.random.default_rng(seed).choice(len(table), tokens, replace=False))
    points = _stack(table[sample], paths, fitted, marks)
    neighbours = min(settings["n_neighbors"], len(points) - 1)
    if neighbours < 2:
        raise ConfigError(f"UMAP needs at least 3 points, got {len(points)}; use a larger embedding table.")

    tell(0.2, "UMAP: finding neighbours")
    near = NearestTokens(points, settings["metric"]).run(points[:, None], neighbours)  # a third of the time of `search`
    tell(0.3, f"UMAP: laying out {len(points):,} points")
    with _one_umap_at_a_time, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="precomputed_knn")  # it says that transform will not work
        layout = UMAP(
            n_components=settings["components"],
            n_neighbors=neighbours,
            min_dist=settings["min_dist"],
            metric=settings["metric"],
            init=settings["init"],
            random_state=seed,
            n_jobs=1,  # what a seed asks for
            precomputed_knn=(near.ids[:, 0].astype(np.int64), np.maximum(1 - near.scores[:, 0], 0), None),
        )
        places = np.asarray(layout.fit_transform(points), np.float32)
    tell(0.9, "UMAP: measuring how far it can be trusted")
    vocabulary = np.full((len(table), settings["components"]), np.nan, np.float32)
    vocabulary[sample] = places[: len(sample)]
    rest = places[len(sample) :]
    drawn, marked = {}, {}
    for name, path in paths.items():
        shape = (len(fitted[name]), path.shape[1], settings["components"])
        own, rest = np.split(rest, [shape[0] * shape[1]])
        drawn[name] = between(len(path), fitted[name], own.reshape(shape))
    for name, mark in marks.items():
        marked[name], rest = np.split(rest, [len(mark)])
    return {
        "vocabulary": vocabulary,
        "paths": drawn,
        "marks": marked,
        "quality": {"trustworthiness": trustworthiness_of(points, places, settings["metric"], seed)},
        "parameters": {
            **settings,
            "n_neighbors": neighbours,
            "seed": seed,
            "vocabulary": len(table),
            "vocabulary_sample": len(sample),
            "hidden": len(table) - len(sample),
            "steps_fitted": {name: len(kept) for name, kept in fitted.items()},
            "fitted_points": len(points),
        },
        "fitted_steps": fitted,
    }


def thin(steps: int, at_most: int) -> np.ndarray:
    """Returns evenly spaced steps of 0..steps-1, at most `at_most`, but always the first and the last."""
    kept = np.linspace(0, steps - 1, min(steps, max(at_most, 2)))
    return np.unique(kept.round().astype(np.int64))


def between(steps: int, fitted: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Returns places (steps, P, C) of all steps from those of fitted ones (F, P, C), linear in between."""
    columns = places.reshape(len(fitted), -1).T
    lines = [np.interp(np.arange(steps), fitted, column) for column in columns]
    return np.stack(lines, 1).astype(np.float32).reshape(steps, *places.shape[1:])


def _stack(tokens: np.ndarray, paths: dict, fitted: dict, marks: dict) -> np.ndarray:
    """Returns tokens, the fitted steps of all paths, and marks as the rows (n, D) of one new array."""
    parts = [path[fitted[name]].reshape(-1, path.shape[-1]) for name, path in paths.items()]
    return np.concatenate([tokens, *parts, *marks.values()])


def trustworthiness_of(points: np.ndarray, places: np.ndarray, metric: str, seed: int) -> float | None:
    """Returns how far neighbours on the map are neighbours in fact (Venna & Kaski 2001), of a sample."""
    from sklearn.manifold import trustworthiness

    count = min(len(points), TRUST_SAMPLE)
    neighbours = min(TRUST_NEIGHBOURS, (count - 1) // 2)
    if neighbours < 1:
        return None
    sample = np.random.default_rng(seed).choice(len(points), count, replace=False)
    return float(trustworthiness(points[sample], places[sample], n_neighbors=neighbours, metric=metric))
