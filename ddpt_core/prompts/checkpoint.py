"""Prompts on disk: a folder of prompt.json and weights.safetensors; written whole or not at all."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ddpt_core.arms import DDPT
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.registry import available, find
from ddpt_core.errors import ArtifactError, first_line
from ddpt_core.files import read_description, write_files
from ddpt_core.prompts.method import method_named
from ddpt_core.prompts.prompt import Prompt
from ddpt_core.settings import CARD, PROMPT_FILE, WEIGHTS

FORMAT = 1  # of prompt.json; a reader refuses what is newer


def write_prompt(folder: Path, tensors: dict[str, torch.Tensor], info: dict[str, Any]) -> None:
    """Writes a prompt's tensors and what prompt.json tells of it, with the format and the digest of its weights."""
    weights = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    described = {"format": FORMAT, **info, "weights_sha256": hashlib.sha256(weights).hexdigest()}
    write_files(folder, {WEIGHTS: weights, PROMPT_FILE: _as_text(described)})


def update_metrics(folder: Path, metrics: dict[str, Any], card: Callable[[dict], str] | None = None) -> dict[str, Any]:
    """Adds to the metrics in a prompt's prompt.json, writes `card` of it as README.md, and returns it."""
    info = read_description(folder / PROMPT_FILE, "prompt", FORMAT)
    info["metrics"] = info.get("metrics", {}) | metrics
    write_files(folder, {PROMPT_FILE: _as_text(info)} | ({CARD: card(info)} if card else {}))
    return info


def _as_text(info: dict[str, Any]) -> str:
    return json.dumps(info, indent=1) + "\n"


def load_prompt(source: str | Path | None = None, backbone: FrozenLM | None = None) -> Prompt:
    """Returns a trained prompt: the embedded DDPT one for None, else by the name of an available one or by folder.

    With `backbone`, the prompt must have been trained on it, and is moved to its device. Raises ArtifactError for a
    prompt that is missing, damaged, of a newer format or of another backbone.
    """
    folder = find("prompts", PROMPT_FILE, DDPT if source is None else source, "train one")
    info = read_description(folder / PROMPT_FILE, "prompt", FORMAT)
    try:
        trained_on = info["backbone"]["name"], info["backbone"]["sha256"]
        method = method_named(info["method"])
        weights = (folder / WEIGHTS).read_bytes()
        device = backbone.device if backbone else torch.device("cpu")
        tensors = {name: tensor.to(device) for name, tensor in load(weights).items()}
        common = {"name": folder.name, "context_text": info["context"], "info": info, "folder": folder}
        prompt = method.load(tensors, device, **common)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ArtifactError(f"The prompt {folder} is damaged ({first_line(error)}); copy or train it again.") from error
    if hashlib.sha256(weights).hexdigest() != info.get("weights_sha256"):
        raise ArtifactError(
            f"The prompt {folder} does not match its {PROMPT_FILE}: one of the two files was swapped; copy both again."
        )
    if backbone is not None and trained_on[1] != backbone.sha256:
        raise ArtifactError(
            f"The prompt {folder.name!r} was trained on the backbone {trained_on[0]!r}, not on {backbone.name!r} as "
            "loaded here; choose a prompt of this backbone or train one."
        )
    return prompt


def available_prompts() -> dict[str, Path]:
    """Returns name -> folder of the embedded prompts and of the user's own."""
    return available("prompts", PROMPT_FILE)
