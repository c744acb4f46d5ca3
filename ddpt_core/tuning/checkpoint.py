"""Prompts on disk: a folder of prompt.json and weights.safetensors; written whole or not at all."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.registry import available
from ddpt_core.diffusion.denoiser import Denoiser, DenoiserConfig
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.errors import ArtifactError
from ddpt_core.tuning.prompt import DDPT, PROMPT_TUNING, DDPTPrompt, Prompt, PromptTuningPrompt

FORMAT = 1  # of prompt.json; a reader refuses what is newer
WEIGHTS, DESCRIPTION = "weights.safetensors", "prompt.json"


def save_ddpt(prompt: DDPTPrompt, folder: Path, info: dict[str, Any]) -> None:
    """Writes a DDPT prompt: the denoiser's weights, x0, mean and std, with the sizes they need in prompt.json."""
    tensors = {f"denoiser.{name}": value for name, value in prompt.denoiser.state_dict().items()}
    tensors |= {"x0": prompt.x0, "mean": prompt.mean, "std": prompt.std}
    _save(folder, tensors, info | {"denoiser": asdict(prompt.denoiser.config), "schedule": asdict(prompt.schedule)})


def save_prompt_tuning(context: torch.Tensor, folder: Path, info: dict[str, Any]) -> None:
    """Writes a prompt-tuning prompt: its vectors (P, D)."""
    _save(folder, {"context": context}, info)


def _save(folder: Path, tensors: dict[str, torch.Tensor], info: dict[str, Any]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / (WEIGHTS + ".part")
        save_file({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, part)
        text = folder / (DESCRIPTION + ".part")
        text.write_text(json.dumps({"format": FORMAT, **info}, indent=1) + "\n")
        os.replace(part, folder / WEIGHTS)
        os.replace(text, folder / DESCRIPTION)
    except (OSError, SafetensorError) as error:
        raise ArtifactError(f"The prompt cannot be written to {folder} ({error}); choose another folder.") from error


def load_prompt(source: str | Path | None = None, backbone: FrozenLM | None = None) -> Prompt:
    """Returns a trained prompt: the embedded DDPT one for None, else by the name of an available one or by folder.

    With `backbone`, the prompt must have been trained on it, and is moved to its device. Raises ArtifactError for a
    prompt that is missing, damaged, of a newer format or of another backbone.
    """
    folder = find_prompt(DDPT if source is None else source)
    info = read_description(folder / DESCRIPTION, "prompt", FORMAT)
    if backbone is not None and info["backbone"]["sha256"] != backbone.sha256:
        raise ArtifactError(
            f"The prompt {folder.name!r} was trained on the backbone {info['backbone']['name']!r}, not on "
            f"{backbone.name!r} as loaded here; choose a prompt of this backbone or train one."
        )
    try:
        tensors = load_file(folder / WEIGHTS)
        prompt = _build(folder, info, tensors, backbone.device if backbone else torch.device("cpu"))
    except (SafetensorError, OSError, KeyError, TypeError, RuntimeError) as error:
        raise ArtifactError(
            f"The prompt {folder} is damaged ({_first_line(error)}); copy or train it again."
        ) from error
    return prompt


def _build(folder: Path, info: dict[str, Any], tensors: dict[str, torch.Tensor], device: torch.device) -> Prompt:
    common = {"name": folder.name, "context_text": info["context"], "info": info, "folder": folder}
    tensors = {name: tensor.to(device) for name, tensor in tensors.items()}
    if info["method"] == PROMPT_TUNING:
        return PromptTuningPrompt(context=tensors["context"], **common)
    denoiser = Denoiser(DenoiserConfig(**info["denoiser"]))
    denoiser.load_state_dict({n.removeprefix("denoiser."): t for n, t in tensors.items() if n.startswith("denoiser.")})
    return DDPTPrompt(
        denoiser=denoiser.to(device).requires_grad_(False).eval(),
        schedule=NoiseSchedule(**info["schedule"]),
        x0=tensors["x0"],
        mean=tensors["mean"],
        std=tensors["std"],
        **common,
    )


def available_prompts() -> dict[str, Path]:
    """Returns name -> folder of the embedded prompts and of the user's own."""
    return available("prompts", DESCRIPTION)


def find_prompt(source: str | Path) -> Path:
    """Returns the folder of a prompt given by name or path; raises ArtifactError that lists the known names."""
    known = available_prompts()
    if str(source) in known:
        return known[str(source)]
    folder = Path(source)
    if not (folder / DESCRIPTION).is_file():
        raise ArtifactError(
            f"There is no prompt {str(source)!r}; choose one of {', '.join(known) or 'none yet (train one)'}, or give a "
            f"folder that holds {DESCRIPTION}."
        )
    return folder


def read_description(path: Path, what: str, newest: int) -> dict[str, Any]:
    """Returns the JSON object in `path`; raises ArtifactError if it is damaged or of a format newer than `newest`."""
    try:
        info = json.loads(path.read_text())
        version = int(info["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"The {what} description {path} is damaged ({_first_line(error)}); copy it again."
        ) from error
    if version > newest:
        raise ArtifactError(f"The {what} {path.parent} has format {version}, newer than {newest}; update this program.")
    return info


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
