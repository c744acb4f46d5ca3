"""What lies in a run's folder: run.json, and either every step or a recipe's waypoints (door 3)."""

from pathlib import Path

DESCRIPTION = "run.json"
TENSORS = "trajectory.safetensors"  # every step
WAYPOINTS = "waypoints.safetensors"  # of a recipe, whose steps are made again


def is_recipe(folder: Path) -> bool:
    """Returns whether the run in `folder` is to be made again when it is loaded."""
    return (folder / WAYPOINTS).is_file() and not (folder / TENSORS).exists()
