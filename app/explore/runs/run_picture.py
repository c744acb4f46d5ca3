"""A small picture of a run: the path of every position over a thin field of tokens, as SVG that follows the theme."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.page.pieces.code import escaped

WIDTH, HEIGHT, EDGE = 320, 200, 8  # of the picture's own coordinates
PICTURE_CSS = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
TOKENS, POINTS = 240, 48  # at most so many tokens, and points of a path


def run_picture(
    tokens: np.ndarray,
    paths: np.ndarray,
    label: str,
    kinds: Sequence[str] = ("run-picture",),
    beside: np.ndarray | None = None,
) -> str:
    """Returns the picture as SVG, with the last point of every path marked.

    tokens: (n, 2); paths: (P, k, 2) with k >= 1, in the same coordinates; those that are not finite are left out.
    label: what is shown, in words. beside: places (m, 2) for which room is kept, so that pictures share a scale.
    """
    tokens = tokens[np.isfinite(tokens).all(1)]
    tokens = tokens[spread(len(tokens), TOKENS)]
    paths = paths[:, spread(paths.shape[1], POINTS)]
    others = np.empty((0, 2)) if beside is None else beside
    everything = np.concatenate([tokens, paths.reshape(-1, 2), others])
    low, high = everything.min(0), everything.max(0)
    scale = min((WIDTH - 2 * EDGE) / max(high[0] - low[0], 1e-9), (HEIGHT - 2 * EDGE) / max(high[1] - low[1], 1e-9))
    centre, middle = (low + high) / 2, np.array([WIDTH / 2, HEIGHT / 2])

    def place(points: np.ndarray) -> np.ndarray:
        return np.rint((points - centre) * [scale, -scale] + middle).astype(int)

    field = "".join(f"M{x} {y}h0" for x, y in place(tokens).tolist())
    ways = "".join("M" + "L".join(f"{x} {y}" for x, y in way) for way in place(paths).tolist())
    ends = "".join(f"M{x} {y}h0" for x, y in place(paths[:, -1]).tolist())
    return (
        f'<svg class="{" ".join(kinds)}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escaped(label)}">'
        f'<path class="tokens" d="{field}"/><path class="ways" d="{ways}"/><path class="ends" d="{ends}"/></svg>'
    )


def spread(count: int, at_most: int) -> np.ndarray:
    """Returns at most so many of 0..count-1, evenly spaced, always the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, at_most)).round().astype(int)) if count else np.arange(0)
