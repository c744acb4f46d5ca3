"""The recorded steps of one reverse run: in memory as arrays, on disk as a folder (door 3).

The folder holds run.json and either every step (trajectory.safetensors) or a few of them (waypoints.safetensors). The
latter is a recipe: its steps are made again from prompt and seed when it is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ddpt_core.backbone.registry import available, find
from ddpt_core.errors import ArtifactError, first_line, require_choice
from ddpt_core.files import check_writable
from ddpt_core.prompts.checkpoint import WEIGHTS, read_description
from ddpt_core.trajectory.folder import DESCRIPTION, TENSORS, WAYPOINTS, is_recipe
from ddpt_core.trajectory.recipe import (
    check_prompt,
    check_waypoints,
    prompt_of,
    read_waypoints,
    waypoints_of,
)

if TYPE_CHECKING:
    import torch

    from ddpt_core.diffusion.sampler import DenoiseStep

FORMAT = 1  # of run.json; a reader refuses what is newer
OF_FILES = ("precision", "tensors_sha256", "waypoints_sha256")  # what run.json tells of the files beside it
PRECISIONS = {"float32": np.float32, "float16": np.float16}


@dataclass(frozen=True)
class Trajectory:
    """A run of S steps over P positions of width D, numpy float32 but for `timesteps`.

    x (S+1, P, D): diffusion state in the normalised space; context (S+1, P, D): the estimate of the end point in the
    backbone's own space; timesteps (S+1,) int64 from T to 0; mean, std (D,) of the normalised space; noise_level
    (S+1,), the noise's standard deviation in x, sqrt(1 - abar_t). Index 0 is pure noise, index S the end.
    """

    x: np.ndarray
    context: np.ndarray
    timesteps: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    noise_level: np.ndarray
    info: dict[str, Any]

    @property
    def steps(self) -> int:
        """S, the number of steps."""
        return len(self.timesteps) - 1

    @property
    def state(self) -> np.ndarray:
        """The diffusion state mapped into the backbone's own space, (S+1, P, D)."""
        return self.in_backbone_space(self.x)

    def in_backbone_space(self, x: np.ndarray) -> np.ndarray:
        """Returns x (..., D) of the normalised space in the backbone's own space."""
        return x * self.std + self.mean

    @property
    def estimate(self) -> np.ndarray:
        """The estimate of the end in the backbone's own space, (S+1, P, D); `context` is its name in the files."""
        return self.context

    @classmethod
    def record(
        cls,
        prompt,
        steps: int = 2000,
        seed: int = 0,
        scheduler: str = "ddpm",
        on_step: Callable[[DenoiseStep], None] | None = None,
        style: str = "",
        guidance: float = 1.0,
        instruction: str = "",
        condition: torch.Tensor | None = None,
    ) -> Trajectory:
        """Runs the reverse process and keeps every step; `on_step` is told each one, and may raise to cancel.

        `instruction` is what the `condition` was made of, where one stands in place of a style; for the rest see
        `sample`.
        """
        from ddpt_core.diffusion.sampler import sample

        start = time.monotonic()
        timesteps = np.empty(0)
        for step in sample(prompt, steps, seed, scheduler, style, guidance, condition):
            if step.index == 0:
                x = np.empty((steps + 1, *step.x.shape), np.float32)
                context, timesteps = np.empty_like(x), np.empty(steps + 1, np.int64)
            x[step.index], context[step.index] = step.x.cpu().numpy(), step.context.cpu().numpy()
            timesteps[step.index] = step.timestep
            if on_step:
                on_step(step)
        info = {
            "format": FORMAT,
            "backbone": prompt.info.get("backbone"),
            "prompt": {"name": prompt.name, "sha256": prompt_sha256(prompt)},
            "context": prompt.context_text,
            "scheduler": scheduler,
            "steps": steps,
            "seed": seed,
            **({"style": style} if style else {}),
            **({"instruction": instruction} if instruction else {}),
            **({"guidance": guidance} if style or instruction else {}),
            "shape": list(x.shape),
            "schedule": {"timesteps": prompt.schedule.timesteps, "kind": prompt.schedule.kind},
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - start, 3),
            "versions": {"python": platform.python_version()}
            | {name: metadata.version(name) for name in ("torch", "diffusers", "numpy")},
        }
        noise = prompt.schedule.noise_level[timesteps].astype(np.float32)
        return cls(x, context, timesteps, prompt.mean.cpu().numpy(), prompt.std.cpu().numpy(), noise, info)

    def save(self, folder: str | Path, precision: str = "float32", recipe: bool = False) -> Path:
        """Writes the run to `folder`, whole or not at all; float16 halves its size.

        As a recipe only its waypoints are written, in float32, and `load` makes the rest again, for which the prompt
        must be there. Raises ArtifactError if the folder holds something else already or cannot be written, or if the
        recipe's prompt is not on disk.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import save_file

        folder = Path(folder)
        kind = PRECISIONS[require_choice("precision", precision, PRECISIONS)]
        if recipe and "instruction" in self.info:
            raise ArtifactError(
                "A run under an instruction cannot be kept as a recipe, since the backbone would have to read it "
                "again; save it with its steps."
            )
        if recipe and not self.info["prompt"]["sha256"]:
            raise ArtifactError(
                "A run can be saved as a recipe only if its prompt is on disk, since it is made again from it; save "
                "the prompt first, or the run whole."
            )
        check_new_folder(folder)
        part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
        if recipe:
            file, digest, tensors = WAYPOINTS, "waypoints_sha256", waypoints_of(self.x, self.context)
        else:
            file, digest, tensors = TENSORS, "tensors_sha256", self._tensors(kind)
        info = {name: value for name, value in self.info.items() if name not in OF_FILES}
        try:
            part.mkdir(parents=True)
            save_file({name: np.ascontiguousarray(a) for name, a in tensors.items()}, part / file)
            info |= {} if recipe else {"precision": precision}
            info[digest] = hashlib.sha256((part / file).read_bytes()).hexdigest()
            text = json.dumps(info, indent=1)
            (part / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
            if folder.is_dir():
                folder.rmdir()  # an empty one, as checked above
            os.replace(part, folder)
        except (OSError, SafetensorError) as error:
            reason = first_line(error)
            raise ArtifactError(f"The run cannot be written to {folder} ({reason}); choose another folder.") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)  # what is left of it if anything failed
        return folder

    def _tensors(self, kind: type) -> dict[str, np.ndarray]:
        """Returns what trajectory.safetensors holds, the paths in the precision `kind`."""
        paths: dict[str, np.ndarray] = {"x": self.x.astype(kind), "context": self.context.astype(kind)}
        line = {"timesteps": self.timesteps, "mean": self.mean, "std": self.std, "noise_level": self.noise_level}
        return paths | line

    @classmethod
    def load(cls, folder: str | Path, prompt=None, progress: Callable[[float], None] | None = None) -> Trajectory:
        """Returns the run in `folder`, or of the name of an available run; raises ArtifactError if it is damaged.

        A recipe is made again, in seconds: with `prompt`, else with the available prompt of its weights. `progress`
        is then told the share that is done, and may raise to cancel. Raises ArtifactError also if that prompt is not
        here, and if the run does not come out as it was recorded, within `recipe.TOLERANCE`.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        folder = find("runs", DESCRIPTION, folder, "record one")
        info = read_description(folder / DESCRIPTION, "run", FORMAT)
        if is_recipe(folder):
            return cls._again(folder, info, prompt, progress)
        try:
            data = (folder / TENSORS).read_bytes()
            tensors = load(data)
            arrays = {
                name: np.asarray(tensors[name], np.float32) for name in ("x", "context", "mean", "std", "noise_level")
            }
            run = cls(timesteps=tensors["timesteps"], info=info, **arrays)
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            reason = first_line(error)
            raise ArtifactError(f"The run {folder} is damaged ({reason}); copy it again or record it anew.") from error
        if hashlib.sha256(data).hexdigest() != info.get("tensors_sha256"):
            raise ArtifactError(f"The run {folder} does not match its {DESCRIPTION}: one of the two files was swapped.")
        expected = (len(run.timesteps), *run.x.shape[1:])
        if run.x.shape != run.context.shape or run.x.shape != expected or run.x.shape[2:] != run.mean.shape:
            raise ArtifactError(f"The run {folder} is damaged: its tensors' shapes do not fit; record it anew.")
        return run

    @classmethod
    def _again(cls, folder: Path, info: dict[str, Any], prompt, progress: Callable[[float], None] | None) -> Trajectory:
        waypoints = read_waypoints(folder, info)
        prompt = prompt_of(folder, info) if prompt is None else prompt
        check_prompt(folder, info, prompt)
        steps = info["steps"]
        told = (lambda step: progress(step.index / steps)) if progress else None
        steered = {"style": info.get("style", ""), "guidance": info.get("guidance", 1.0)}
        again = cls.record(prompt, steps, info["seed"], info["scheduler"], told, **steered)
        run = replace(again, info=info)
        check_waypoints(folder, run, waypoints)
        return run


def prompt_sha256(prompt) -> str | None:
    """Returns the digest of the prompt's weights file, None for a prompt that is not on disk."""
    if prompt.folder is None:
        return None
    return hashlib.sha256((Path(prompt.folder) / WEIGHTS).read_bytes()).hexdigest()


def available_runs() -> dict[str, Path]:
    """Returns name -> folder of the embedded runs and of the user's own."""
    return available("runs", DESCRIPTION)


def check_new_folder(folder: Path) -> None:
    """Raises ArtifactError unless `folder` can be made: it holds nothing yet and its parent can be written."""
    if os.path.lexists(folder) and (not os.path.isdir(folder) or any(folder.iterdir())):
        raise ArtifactError(f"{folder} already holds something; give a new folder.")
    check_writable(folder.parent)
