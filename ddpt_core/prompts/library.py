"""A library on disk: tuned prompts z_i and their styles c_i, which a distribution of prompts is learned from.

library.json tells how each was had, library.safetensors holds the vectors; the trainings that made them lie beside.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import OWN_TRAINING
from ddpt_core.errors import ArtifactError, first_line
from ddpt_core.files import read_description, write_files
from ddpt_core.settings import PROMPT_FILE, WEIGHTS

FORMAT = 1  # of library.json; a reader refuses what is newer
DESCRIPTION, VECTORS = "library.json", "library.safetensors"
TENSORS = ("vectors", "labels", "ends", "generalist")
GENERALIST = "generalist"  # the folder in it of the prompt that was tuned on all styles
TASKS = "tasks"  # the folder in it that holds the tasks of styles which are not ours
LEAST_DEVIATION = 0.05  # of a dimension, in parts of the mean deviation: none is blown up to unit variance


def tasks_of(folder: str | Path) -> list[str]:
    """Returns the sources of the tasks that the prompts of a library were tuned on; raises ArtifactError."""
    folder = Path(folder)
    styles = described(folder)["styles"].items()
    sources = (
        (folder / TASKS / f"{name}.jsonl", f"{OWN_TRAINING}:{name}") for name, told in styles if not told["left_out"]
    )
    return [str(path) if path.is_file() else own for path, own in sources]


def described(folder: Path) -> dict[str, Any]:
    """Returns what library.json tells, or what a prompt that was learned from a library tells of it.

    Raises ArtifactError if it is missing or damaged.
    """
    if (folder / PROMPT_FILE).is_file():
        info = read_description(folder / PROMPT_FILE, "prompt", FORMAT)
        if not info.get("styles"):
            raise ArtifactError(f"The prompt {folder} was not learned from a library; name a library's folder.")
        styles = {name: {"left_out": ""} for name in info["styles"]}
        told = {"plan": {"context": info["context"]}, "vectors_sha256": info.get("weights_sha256")}
        return {"backbone": info["backbone"], "styles": styles, **told, **info["library"]}
    if not (folder / DESCRIPTION).is_file():
        raise ArtifactError(f"There is no finished library of prompts in {folder}; build one with the command library.")
    return read_description(folder / DESCRIPTION, "library", FORMAT)


@dataclass(frozen=True)
class Library:
    """N tuned prompts: `vectors` (N, P, D) float32 in the backbone's space, `labels` (N,) into `styles`.

    `ends` (N,) says which were the end of their training, the others are checkpoints before it.
    `generalist` (P, D) is one prompt tuned on the tasks of all styles.
    """

    vectors: torch.Tensor
    labels: torch.Tensor
    ends: torch.Tensor
    generalist: torch.Tensor
    info: dict[str, Any]

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles' names, in the order of the labels."""
        return tuple(name for name, told in self.info["styles"].items() if not told["left_out"])

    @cached_property
    def mean(self) -> torch.Tensor:
        """The mean of every dimension over prompts and positions, (D,)."""
        return self.vectors.mean((0, 1))

    @cached_property
    def std(self) -> torch.Tensor:
        """The deviation of every dimension, (D,), none below LEAST_DEVIATION of their mean."""
        deviation = self.vectors.std((0, 1))
        return deviation.clamp_min(LEAST_DEVIATION * deviation.mean().item())

    def save(self, folder: Path) -> None:
        """Writes both files, whole or not at all."""
        data = save({name: getattr(self, name).contiguous() for name in TENSORS})
        told = {"format": FORMAT, **self.info, "vectors_sha256": hashlib.sha256(data).hexdigest()}
        write_files(folder, {VECTORS: data, DESCRIPTION: json.dumps(told, indent=1) + "\n"})

    @classmethod
    def load(cls, folder: str | Path, backbone: FrozenLM) -> "Library":
        """Returns the library in `folder`; raises ArtifactError if it is missing, unfinished, damaged or of another
        backbone.
        """
        folder = Path(folder)
        info = described(folder)
        try:
            of_prompt = (folder / PROMPT_FILE).is_file()
            data = (folder / (WEIGHTS if of_prompt else VECTORS)).read_bytes()
            given = load(data)
            if of_prompt:
                given["vectors"] = given["library"].float()
            tensors = {name: given[name].to(backbone.device) for name in TENSORS}
            made_on = info["backbone"]["sha256"]
        except (SafetensorError, OSError, KeyError, TypeError) as error:
            raise ArtifactError(f"The library {folder} is damaged ({first_line(error)}); build it again.") from error
        if hashlib.sha256(data).hexdigest() != info.get("vectors_sha256"):
            raise ArtifactError(f"The library {folder} does not match its {DESCRIPTION}; build it again.")
        if made_on != backbone.sha256:
            raise ArtifactError(
                f"The library {folder} was tuned on the backbone {info['backbone']['name']!r}, not on "
                f"{backbone.name!r}; build one of this backbone."
            )
        return cls(info=info, **tensors)
