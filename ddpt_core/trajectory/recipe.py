"""A run without its steps: what it was made with, and the waypoints by which the path that is made again is known.

2,001 steps of 16 positions of width 576 are 147 MB; from prompt, scheduler, steps and seed they are made again in
seconds. Another CPU or version rounds otherwise, so the path is compared with its waypoints, not with a digest. One is
in the middle: the end of a run may hardly depend on its noise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddpt_core.errors import ArtifactError, first_line
from ddpt_core.prompts.checkpoint import available_prompts, load_prompt
from ddpt_core.settings import PROMPT_FILE, WEIGHTS
from ddpt_core.trajectory.folder import WAYPOINTS

NAMES = {"x.first": "pure noise", "x.middle": "middle", "x.last": "last state", "context.last": "final context"}
TOLERANCE = 1e-3  # deviations of the vocabulary, and as large a share of the value; float32 rounds 100 times finer


def waypoints_of(x: np.ndarray, context: np.ndarray) -> dict[str, np.ndarray]:
    """Returns what is kept of a path of states x and estimates, each (S+1, P, D): by NAMES, (P, D) float32 each."""
    kept = {"x.first": x[0], "x.middle": x[len(x) // 2], "x.last": x[-1], "context.last": context[-1]}
    return {name: np.ascontiguousarray(point, np.float32) for name, point in kept.items()}


def read_waypoints(folder: Path, info: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Returns the waypoints that the recipe in `folder` keeps; raises ArtifactError if they are damaged.

    `info` is its run.json: of `shape` (S+1, P, D) with the waypoints' digest, `steps`, `seed`, `scheduler`, `prompt`.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        rows, *shape = info["shape"]
        told = {"steps": int, "seed": int, "scheduler": str, "prompt": dict}
        wrong = [name for name, kind in told.items() if type(info[name]) is not kind]
        if wrong or rows != info["steps"] + 1:
            raise ValueError(f"no usable {', '.join(wrong) or 'shape'}")
        data = (folder / WAYPOINTS).read_bytes()
        waypoints = load(data)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"The run {folder} is damaged ({first_line(error)}); copy it again or record it anew."
        ) from error
    if hashlib.sha256(data).hexdigest() != info.get("waypoints_sha256"):
        raise ArtifactError(f"The run {folder} does not match its run.json: one of the two files was swapped.")
    fits = {name: list(point.shape) == shape and point.dtype == np.float32 for name, point in waypoints.items()}
    if fits != dict.fromkeys(NAMES, True) or not all(np.isfinite(point).all() for point in waypoints.values()):
        raise ArtifactError(
            f"The run {folder} is damaged: its waypoints are not those of its run.json; record it anew."
        )
    return waypoints


def prompt_of(folder: Path, info: Mapping[str, Any]):
    """Returns the prompt of the recipe in `folder`: the available one with the weights that its run.json names.

    It may have another name here. Raises ArtifactError if it is not here.
    """
    name, sha256 = info["prompt"].get("name"), info["prompt"].get("sha256")
    known = available_prompts()
    first = [known[name]] if isinstance(name, str) and name in known else []
    for place in [*first, *known.values()]:
        if sha256 and _weights_sha256(place) == sha256:
            return load_prompt(place)
    raise ArtifactError(
        f"The run {folder} is a recipe, made again from the prompt {str(name)[:80]!r} with the weights "
        f"{str(sha256)[:12]}…, which is not here; put that prompt into prompts/, or take the run with its steps."
    )


def check_prompt(folder: Path, info: Mapping[str, Any], prompt) -> None:
    """Raises ArtifactError unless `prompt` is the one that the recipe in `folder` was made with, and of its sizes."""
    if prompt.folder is None or _digest(Path(prompt.folder) / WEIGHTS) != info["prompt"].get("sha256"):
        raise ArtifactError(
            f"The run {folder} was made with another prompt than {prompt.name!r}; give the prompt "
            f"{str(info['prompt'].get('name'))[:80]!r} with the weights {str(info['prompt'].get('sha256'))[:12]}…."
        )
    trained_on, made_on = (said.get("backbone") or {} for said in (prompt.info, info))
    shape = list(getattr(prompt, "x0", np.empty(0)).shape)
    if shape != info["shape"][1:] or trained_on.get("sha256") != made_on.get("sha256"):
        raise ArtifactError(
            f"The run {folder} does not fit its prompt {prompt.name!r}: its run.json tells of another backbone or "
            "other sizes; record it anew."
        )


def check_waypoints(folder: Path, run, waypoints: Mapping[str, np.ndarray]) -> None:
    """Raises ArtifactError unless a run that was made again passes where it did when it was recorded.

    run: the Trajectory. Compared in the normalised space, where 1 is the vocabulary's deviation.
    """
    made = waypoints_of(run.x, run.context)
    for name, what in NAMES.items():
        unit = run.std if name == "context.last" else 1.0
        off = np.abs(made[name].astype(np.float64) - waypoints[name]) / unit
        limit = TOLERANCE * (1 + np.abs(waypoints[name] / unit))
        if not (off <= limit).all():
            raise ArtifactError(
                f"The run {folder} comes out otherwise here: its {what} is {off.max():.2g} deviations of the "
                f"vocabulary away from the recorded one, and {TOLERANCE:g} is allowed; record it anew "
                f"(it was made with torch {run.info.get('versions', {}).get('torch', 'unknown')})."
            )


def _weights_sha256(folder: Path) -> str | None:
    """Returns the digest that a prompt's own description tells; `load_prompt` sees to it that it is true."""
    try:
        return json.loads((folder / PROMPT_FILE).read_text(encoding="utf-8")).get("weights_sha256")
    except (OSError, ValueError, AttributeError):
        return None


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
