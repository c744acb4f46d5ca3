"""Stopping and going on: everything that a training needs to continue as if it had never stopped, without pickle.

A state is one safetensors file (weights and optimiser tensors) that holds its JSON part (counters, random states) in
its header, so both are replaced by one rename.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ddpt_core.errors import ArtifactError, first_line
from ddpt_core.files import write_files


def save_state(
    path: Path,
    module: torch.nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    numbers: Mapping[str, Any],
) -> None:
    """Writes weights, optimiser states and `numbers` (anything JSON holds) to one file, whole or not at all.

    Raises ArtifactError if it cannot be written.
    """
    tensors = {f"module.{name}": value.detach().contiguous().clone() for name, value in module.state_dict().items()}
    plain: dict[str, Any] = {}
    for i, optimizer in enumerate(optimizers):
        for key, entries in optimizer.state_dict()["state"].items():
            for name, value in entries.items():
                slot = f"optimizer.{i}.{key}.{name}"
                if isinstance(value, torch.Tensor):
                    tensors[slot] = value.detach().contiguous().clone()
                else:
                    plain[slot] = value
    header = {"numbers": json.dumps(dict(numbers)), "plain": json.dumps(plain)}
    write_files(path.parent, {path.name: save(tensors, metadata=header)})


def read_numbers(path: Path) -> dict[str, Any]:
    """Returns the numbers of a state without loading it; raises ArtifactError if it is damaged."""
    return _read(path, with_tensors=False)[0]


def load_state(path: Path, module: torch.nn.Module, optimizers: Sequence[torch.optim.Optimizer]) -> dict[str, Any]:
    """Restores weights and optimiser states from `path` and returns its numbers; raises ArtifactError if damaged."""
    numbers, entries = _read(path, with_tensors=True)
    try:
        module.load_state_dict({n.removeprefix("module."): t for n, t in entries.items() if n.startswith("module.")})
        for i, optimizer in enumerate(optimizers):
            state: dict[int, dict[str, Any]] = {}
            for slot, value in entries.items():
                if slot.startswith(f"optimizer.{i}."):
                    _, _, key, name = slot.split(".", 3)
                    state.setdefault(int(key), {})[name] = value
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    except (ValueError, RuntimeError) as error:
        raise _damaged(path, error) from error
    return numbers


def _read(path: Path, with_tensors: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns (numbers, name -> tensor or plain value)."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()} if with_tensors else {}  # noqa: SIM118
        return json.loads(metadata["numbers"]), tensors | json.loads(metadata["plain"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ArtifactError:
    reason = first_line(error)
    return ArtifactError(f"The training state {path} cannot be read ({reason}); remove it and train without --resume.")
