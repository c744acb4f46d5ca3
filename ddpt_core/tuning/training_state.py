"""Stopping and going on: everything that a training needs to continue as if it had never stopped, without pickle.

A state is one safetensors file (weights and optimiser tensors) that holds its JSON part (counters, random states) in its
header, so both are replaced by one rename.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ddpt_core.errors import ArtifactError


def save_state(
    path: Path,
    module: torch.nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    numbers: Mapping[str, Any],
) -> None:
    """Writes weights, optimiser states and `numbers` (anything JSON holds) to one file, whole or not at all."""
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
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"numbers": json.dumps(dict(numbers)), "plain": json.dumps(plain)})
    os.replace(part, path)


def load_state(path: Path, module: torch.nn.Module, optimizers: Sequence[torch.optim.Optimizer]) -> dict[str, Any]:
    """Restores weights and optimiser states from `path` and returns its numbers; raises ArtifactError if damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ArtifactError(
            f"The training state {path} cannot be read ({error}); train anew without --resume."
        ) from error
    module.load_state_dict({n.removeprefix("module."): t for n, t in tensors.items() if n.startswith("module.")})
    entries = {n: t for n, t in tensors.items() if n.startswith("optimizer.")} | json.loads(metadata["plain"])
    for i, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Any]] = {}
        for slot, value in entries.items():
            _, index, key, name = slot.split(".", 3)
            if int(index) == i:
                state.setdefault(int(key), {})[name] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return json.loads(metadata["numbers"])
