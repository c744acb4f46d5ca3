"""What a run that comes from outside must be, beyond what `Trajectory.load` checks of every run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ddpt_core.diffusion.samplers import SAMPLERS
from ddpt_core.errors import ArtifactError, first_line
from ddpt_core.prompts.checkpoint import read_description
from ddpt_core.trajectory.folder import DESCRIPTION, TENSORS, is_recipe
from ddpt_core.trajectory.limits import MAX_BYTES, MAX_POSITIONS, MAX_STEPS
from ddpt_core.trajectory.trajectory import FORMAT, Trajectory

LONGEST = 2_000  # characters of a text in run.json
ARRAYS = ("context", "mean", "noise_level", "std", "timesteps", "x")
FLOATS = ("F16", "F32")


def check_description(path: Path) -> dict[str, Any]:
    """Returns what run.json says; raises ArtifactError unless it says all that is shown of a run, within the limits.

    Its numbers may take MAX_BYTES in memory, in single precision.
    """
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(info, dict):
            raise ValueError("it is no object")
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"The run's {DESCRIPTION} is no JSON ({first_line(error)}); pack the run again.") from None
    if not isinstance(info.get("format"), int) or info["format"] > FORMAT:
        raise ArtifactError(
            f"The run has the format {str(info.get('format'))[:20]!r}, and {FORMAT} is the newest that is known here; "
            "update this program."
        )
    read_description(path, "run", FORMAT)
    wrong = [what for what, right in _claims(info).items() if not right]
    if wrong:
        raise ArtifactError(f"The run's {DESCRIPTION} has no usable {', '.join(wrong)}; record the run anew.")
    steps, (rows, positions, width) = info["steps"], info["shape"]
    if steps > MAX_STEPS or positions > MAX_POSITIONS:
        raise ArtifactError(
            f"A run must have at most {MAX_STEPS:,} steps and {MAX_POSITIONS} positions, got {steps:,} and "
            f"{positions:,}; record a shorter one."
        )
    if 2 * 4 * rows * positions * width > MAX_BYTES:
        raise ArtifactError(
            f"A run must have at most {MAX_BYTES // 1_000_000} MB of numbers, got "
            f"{8 * rows * positions * width / 1e6:,.3g}; record the run with fewer steps."
        )
    return info


def check_arrays(folder: Path, info: dict[str, Any], progress: Callable[[float], None] | None = None) -> Trajectory:
    """Returns the run in `folder`; raises ArtifactError unless its numbers are those of a run as `info` tells.

    A recipe's are made here, from a prompt that is here, and `progress` is told how far that is.
    """
    if not is_recipe(folder):
        _check_kinds(folder, info)
    try:
        run = Trajectory.load(folder, progress=progress)
    except ArtifactError as error:  # names the folder, of which its owner knows nothing
        raise ArtifactError(str(error).replace(f"The run {folder}", "The run")) from None
    if not all(np.isfinite(getattr(run, name)).all() for name in ARRAYS):
        raise ArtifactError("The run holds numbers that are not finite (NaN or infinity); record it anew.")
    falling = (np.diff(run.timesteps) < 0).all() and run.timesteps[-1] >= 0
    if not falling or not ((run.noise_level >= 0) & (run.noise_level <= 1)).all():
        raise ArtifactError("The run's timesteps must fall and its noise levels lie from 0 to 1; record it anew.")
    return run


def _check_kinds(folder: Path, info: dict[str, Any]) -> None:
    """Raises ArtifactError unless every array has the shape that `info` tells and numbers of its kind."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / TENSORS, "np") as tensors:
            found = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118
            shapes = {name: tuple(part.get_shape()) for name, part in found.items()}
            kinds = {name: part.get_dtype() for name, part in found.items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise ArtifactError(f"The run's {TENSORS} is damaged ({first_line(error)}); copy the run again.") from None
    rows, positions, width = info["shape"]
    path, line = (rows, positions, width), (width,)
    wanted = dict(zip(ARRAYS, (path, line, (rows,), line, (rows,), path), strict=True))
    if shapes != wanted:
        other = sorted(name for name in {*shapes, *wanted} if shapes.get(name) != wanted.get(name))
        raise ArtifactError(
            f"The run's arrays do not have the shapes that its {DESCRIPTION} tells ({', '.join(other)[:120]}); "
            "record the run anew."
        )
    odd = sorted(name for name, kind in kinds.items() if (kind != "I64" if name == "timesteps" else kind not in FLOATS))
    if odd:
        raise ArtifactError(f"The run's arrays hold numbers of another kind ({', '.join(odd)}); record the run anew.")


def _claims(info: dict[str, Any]) -> dict[str, bool]:
    """Returns what run.json must tell -> whether it does."""

    def text(value: Any) -> bool:
        return isinstance(value, str) and len(value) <= LONGEST

    def count(value: Any, least: int) -> bool:
        return type(value) is int and least <= value < 2**63

    def named(value: Any) -> bool:
        return isinstance(value, dict) and text(value.get("name")) and bool(value["name"])

    shape = info.get("shape")
    return {
        "backbone": named(info.get("backbone")) and text(info["backbone"].get("sha256")),
        "prompt": named(info.get("prompt")) and isinstance(info["prompt"].get("sha256"), str | None),
        "context": text(info.get("context")),
        "scheduler": info.get("scheduler") in tuple(SAMPLERS),
        "steps": count(info.get("steps"), 1),
        "seed": count(info.get("seed"), 0),
        "date": text(info.get("created")),
        "shape": isinstance(shape, list)
        and len(shape) == 3
        and all(count(size, 1) for size in shape)
        and shape[0] - 1 == info.get("steps"),
    }
