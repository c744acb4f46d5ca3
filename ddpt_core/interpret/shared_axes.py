"""The axes that all runs of one backbone are drawn on: a PCA of its vocabulary and of the contexts that prompts end in.

Fitted once for a backbone and kept, so that a token lies at the same place on every picture. A run has no say in them:
what is placed is a plain projection, of which `project_on` tells how much it keeps.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ddpt_core.errors import ArtifactError, ConfigError
from ddpt_core.files import write_files
from ddpt_core.interpret.map_methods import thin, trustworthiness_of
from ddpt_core.interpret.metric import chunks
from ddpt_core.interpret.projection import Projection

FORMAT = 1
COMPONENTS = 3
SAMPLED = 64  # steps of a path, at most, among the points of which trustworthiness is measured
HALF = 0.5  # of the weight that the contexts have together: neither they nor the vocabulary drown the other


@dataclass(frozen=True)
class SharedAxes:
    """Axes in the space of a backbone: `place(vectors)` is `(vectors - mean) @ components.T`.

    mean: (D,) float32. components: (C, D) float32, orthonormal, the one with most variance first; the entry of each
    that is largest in size is positive, so that no picture is mirrored. explained: (C,), the share of the variance
    that each axis holds in all that was fitted; explained_vocabulary: (C,), in the vocabulary alone.
    tokens, contexts: how many vectors of either were fitted. backbone_sha256: of which backbone.
    """

    backbone_sha256: str
    mean: np.ndarray
    components: np.ndarray
    explained: tuple[float, ...]
    explained_vocabulary: tuple[float, ...]
    tokens: int
    contexts: int

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Returns the places (..., C) float32 of vectors (..., D)."""
        flat = np.ascontiguousarray(vectors.reshape(-1, vectors.shape[-1]))
        parts = [(rows - self.mean) @ self.components.T for rows in chunks(flat)]
        return np.concatenate(parts).astype(np.float32).reshape(*vectors.shape[:-1], len(self.components))

    @cached_property
    def digest(self) -> str:
        """The sha256 of mean and components, in hexadecimal: pictures that have it in common share every place."""
        return hashlib.sha256(self.mean.tobytes() + self.components.tobytes()).hexdigest()


def fit_axes(table, contexts: Sequence = (), backbone_sha256: str = "") -> SharedAxes:
    """Returns the axes in which a vocabulary (V, D) and contexts (P, D) vary most, each with half of the weight.

    Without contexts the vocabulary has all of it. The same input gives the same axes. V D^2 operations in float64 and
    an eigendecomposition: 2 s on one core for V = 49,152, D = 576. Raises ConfigError for a table with fewer than three
    tokens or dimensions, for contexts of another width, and for values that are not finite.
    """
    from scipy.linalg import eigh

    rows = _finite("The embedding table", table)
    if min(rows.shape) < COMPONENTS:
        raise ConfigError(
            f"PCA needs at least {COMPONENTS} points of {COMPONENTS} dimensions, got {len(rows):,} of "
            f"{rows.shape[-1]:,}; use a larger embedding table."
        )
    width = rows.shape[1]
    ends = [_finite("A context", context) for context in contexts]
    if any(end.shape[1] != width for end in ends):
        raise ConfigError(f"Contexts must have the width {width:,} of the embedding table; leave the others out.")
    mean, variation = _moments(rows)
    own = variation
    if ends:
        other, apart = _moments(np.concatenate(ends))
        gap = (mean - other)[:, None] * HALF
        mean, variation = HALF * (mean + other), HALF * (variation + apart) + gap @ gap.T
    values, vectors = eigh(variation, subset_by_index=[width - COMPONENTS, width - 1])
    components = vectors[:, ::-1].T  # (C,D), the most variance first
    largest = np.take_along_axis(components, np.abs(components).argmax(1)[:, None], axis=1)
    components = components * np.where(largest < 0, -1.0, 1.0)
    return SharedAxes(
        backbone_sha256,
        mean.astype(np.float32),
        np.ascontiguousarray(components, np.float32),
        _shares(np.clip(values[::-1], 0, None), np.trace(variation)),
        _shares(np.einsum("cd,de,ce->c", components, own, components), np.trace(own)),
        len(rows),
        sum(len(end) for end in ends),
    )


def project_on(axes: SharedAxes, table, paths: Mapping, marks: Mapping, seed: int = 0) -> Projection:
    """Returns where a vocabulary, a run's paths and its marks lie on shared axes; see `projection.project`.

    Its quality says how far neighbours on the map are neighbours in fact, and three times how much each axis holds:
    `explained_variance_ratio` of what was fitted, `explained_vocabulary`, and `explained_paths` of all steps of the
    paths, whose variation has no say in the axes.
    """
    table = _finite("The embedding table", table)
    paths = {name: np.asarray(path, np.float32) for name, path in paths.items()}
    drawn = {name: axes.place(path) for name, path in paths.items()}
    some = [path[thin(len(path), SAMPLED)].reshape(-1, path.shape[-1]) for path in paths.values()]
    points = np.concatenate([table, *some])
    trust = trustworthiness_of(points, axes.place(points), "euclidean", seed)
    steps = np.concatenate([path.reshape(-1, path.shape[-1]) for path in paths.values()]) if paths else table
    held = axes.place(steps).var(0, dtype=np.float64)
    return Projection(
        "pca",
        axes.place(table),
        drawn,
        {name: axes.place(np.asarray(mark, np.float32)) for name, mark in marks.items()},
        {
            "explained_variance_ratio": list(axes.explained),
            "explained_vocabulary": list(axes.explained_vocabulary),
            "explained_paths": list(_shares(held, float(steps.var(0, dtype=np.float64).sum()))),
            "trustworthiness": trust,
        },
        {
            "vocabulary": len(table),
            "vocabulary_sample": axes.tokens,
            "hidden": 0,
            "contexts": axes.contexts,
            "steps_fitted": dict.fromkeys(paths, 0),
        },
        {name: np.arange(len(path)) for name, path in paths.items()},
    )


def save_axes(axes: SharedAxes, folder: Path) -> None:
    """Writes axes to a folder, as `pca-<backbone>.safetensors` and a card beside it; raises ArtifactError."""
    from safetensors.numpy import save

    name = axes_name(axes.backbone_sha256)
    card = {
        "format": FORMAT,
        "backbone": axes.backbone_sha256,
        "digest": axes.digest,
        "explained": list(axes.explained),
        "explained_vocabulary": list(axes.explained_vocabulary),
        "tokens": axes.tokens,
        "contexts": axes.contexts,
    }
    arrays = save({"mean": axes.mean, "components": axes.components})
    write_files(folder, {f"{name}.safetensors": arrays, f"{name}.json": json.dumps(card, indent=1) + "\n"})


def load_axes(folder: Path, backbone_sha256: str) -> SharedAxes | None:
    """Returns the axes of a backbone from a folder, None if it holds none of it.

    Raises ArtifactError for files that are damaged, of another backbone, or of a newer format.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    card = axes_card(folder, backbone_sha256)
    if card is None:
        return None
    file = folder / f"{axes_name(backbone_sha256)}.safetensors"
    try:
        arrays = load(file.read_bytes())
        axes = SharedAxes(
            card["backbone"],
            arrays["mean"],
            arrays["components"],
            tuple(card["explained"]),
            tuple(card["explained_vocabulary"]),
            card["tokens"],
            card["contexts"],
        )
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise ArtifactError(f"The axes in {file} cannot be read; remove the file, and they are fitted anew.") from error
    if axes.digest != card["digest"]:
        raise ArtifactError(f"The axes in {file} are not those of the card beside it; remove both.")
    return axes


def axes_card(folder: Path, backbone_sha256: str) -> dict | None:
    """Returns what the card of a backbone's axes says, None if there is none; raises ArtifactError for a bad one."""
    file = folder / f"{axes_name(backbone_sha256)}.json"
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        fits = card["backbone"] == backbone_sha256
        newer = card["format"] > FORMAT
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"The card {file} of the axes cannot be read; remove it.") from error
    if newer:
        raise ArtifactError(f"The axes in {file} are of format {card['format']}, got {FORMAT} at most; update.")
    return card if fits else None


def axes_name(backbone_sha256: str) -> str:
    """Returns the name, without an ending, of the files of a backbone's axes."""
    return f"pca-{backbone_sha256[:20]}"


def _moments(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean (D,) and covariance (D, D) of rows (n, D) in float64, with little memory."""
    mean = rows.mean(0, dtype=np.float64)
    variation = np.zeros((rows.shape[1], rows.shape[1]))
    for some in chunks(rows):
        centred = some - mean
        variation += centred.T @ centred
    return mean, variation / len(rows)


def _shares(held: np.ndarray, whole: float) -> tuple[float, ...]:
    return tuple(float(part) / whole if whole > 0 else 0.0 for part in held)


def _finite(what: str, values) -> np.ndarray:
    """Returns a tensor or array (n, D) as float32; raises ConfigError unless it has two dimensions, all finite."""
    if hasattr(values, "detach"):
        values = values.detach().float().cpu().numpy()
    rows = np.ascontiguousarray(values, np.float32)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ConfigError(f"{what} must have the shape (n, D) and not be empty, got {rows.shape}.")
    if not np.isfinite(rows).all():
        raise ConfigError(f"{what} must hold finite numbers only, got NaN or infinity; it is damaged.")
    return rows
