"""Maps of the vocabulary with a run's paths through it: PCA in three dimensions, UMAP in two.

Both are fitted to tokens and paths together. PCA is linear: distances on its map are true as far as its explained
variance goes, and every step is where it belongs. UMAP keeps neighbourhoods, not distances. It never places a point
that it was not fitted to (its `transform` depends on the batch and misplaces even points it knows): tokens outside
the sample have no place, and steps between fitted ones lie on straight lines.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ddpt_core.errors import ConfigError, require_choice, require_range
from ddpt_core.interpret.map_cache import cached
from ddpt_core.interpret.map_methods import SETTINGS, UmapSettings, pca, umap

MAX_SEED = 2**32 - 1  # of numpy's generators, which UMAP draws from
WHOLE_PATH_POINTS = 8_192  # at most, of all paths together, where UMAP places the whole vocabulary
PROJECTIONS: dict[str, Callable[..., dict]] = {"pca": pca, "umap": umap}


@dataclass(frozen=True)
class Projection:
    """Places on a map of C dimensions (3 for PCA, 2 for UMAP), float32.

    vocabulary: (V, C), NaN for tokens that have no place. paths: name -> (S+1, P, C). marks: name -> (P, C).
    fitted_steps: name -> (F,) int64, the steps of a path whose places are their own; the others are drawn in
    between.
    quality: `trustworthiness` (0..1, of a sample; None if there are too few points) and, for PCA,
    `explained_variance_ratio` (of each component, in the points that were fitted).
    parameters: what the map was made with; `hidden` counts the tokens without a place, `vocabulary_sample` those that
    were fitted, `steps_fitted` the fitted steps of every path.
    """

    method: str
    vocabulary: np.ndarray
    paths: dict[str, np.ndarray]
    marks: dict[str, np.ndarray]
    quality: dict
    parameters: dict
    fitted_steps: dict[str, np.ndarray]


def project(
    method: str,
    table,
    paths: dict,
    marks: dict,
    *,
    seed: int = 0,
    umap: UmapSettings | None = None,
    whole: bool = False,
    cache: str | Path | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Projection:
    """Returns the map of a vocabulary and of the paths and marks in it.

    method: one of PROJECTIONS. table: (V, D); paths: name -> (S+1, P, D); marks: name -> (P, D); all in the
    backbone's own space, tensors or arrays. seed: the same one draws the same map, 0 to 2^32 - 1.
    umap: what was chosen of UMAP, if that is the method. whole: UMAP places every token instead of a sample, and more
    steps of the paths; minutes instead of seconds.
    cache: a folder that keeps maps by the content of what they show.
    progress: is told the fraction done and what is being done; what it raises ends the work and leaves
    nothing.

    Cost on one core for V = 32,100, D = 1024 and two paths of 2001 x 16: see `map_methods`; from the cache 1
    s. Raises ConfigError for an unknown method, for shapes that do not fit and for values that are not
    finite, for a seed outside its range, and for settings of a method that is not the one asked for.
    """
    require_choice("projection", method, PROJECTIONS)
    require_range("seed", seed, 0, MAX_SEED)
    if umap is not None and method != "umap":
        raise ConfigError(f"Settings of UMAP were given for the projection {method!r}; leave them out or choose umap.")
    settings = SETTINGS[method] | (asdict(umap or UmapSettings()) if method == "umap" else {})
    if whole and method == "umap":
        settings |= {"tokens": len(table), "path_points": WHOLE_PATH_POINTS}
    tell = progress or (lambda fraction, text: None)
    table = _checked("The embedding table", table, 2, None)
    paths = {name: _checked(f"The path {name!r}", path, 3, table) for name, path in paths.items()}
    marks = {name: _checked(f"The mark {name!r}", mark, 2, table) for name, mark in marks.items()}

    def draw() -> Projection:
        drawing = PROJECTIONS[method](table, paths, marks, settings, seed, tell)
        tell(1.0, "Done")
        return Projection(method, **drawing)

    if cache is None:
        return draw()
    tell(0.0, "Looking for the same map")
    arrays = {"table": table}
    arrays |= {f"path {name}": path for name, path in paths.items()}
    arrays |= {f"mark {name}": mark for name, mark in marks.items()}
    made_with = {"method": method, "seed": seed, **settings}
    return cached(Path(cache), arrays, made_with, Projection, draw)


def _checked(what: str, values, dimensions: int, table: np.ndarray | None) -> np.ndarray:
    """Returns a tensor or array as a float32 array of the right shape with finite values."""
    if hasattr(values, "detach"):
        values = values.detach().float().cpu().numpy()
    values = np.ascontiguousarray(values, dtype=np.float32)
    shape = {2: "(n, D)", 3: "(S+1, P, D)"}[dimensions]
    other_width = table is not None and values.shape[-1:] != table.shape[-1:]
    if values.ndim != dimensions or 0 in values.shape or other_width:
        width = "" if table is None else f" with D = {table.shape[1]:,} as the embedding table has"
        raise ConfigError(
            f"{what} must have the shape {shape}{width} and not be empty, got {values.shape}; pass vectors of "
            f"the backbone's own space."
        )
    if not np.isfinite(values).all():
        raise ConfigError(f"{what} must hold finite numbers only, got NaN or infinity; it is damaged.")
    return values
