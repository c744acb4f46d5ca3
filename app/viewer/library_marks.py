"""The prompts that a distribution learned from, marks beside a run of it: where each style's trainings ended."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddpt_core.backbone import registry
from ddpt_core.data.styles import STYLES
from ddpt_core.settings import PROMPT_FILE

OTHER = "#5E6876"  # the colour of a style that is not of STYLES


def library_folder(info: Mapping[str, Any]) -> Path | None:
    """Returns the folder of the prompt that a run was sampled from, if it is here and has a library; `info` is the
    run's run.json.
    """
    prompt = info.get("prompt") or {}
    folder = registry.available("prompts", PROMPT_FILE).get(prompt.get("name"))
    try:
        about = json.loads((folder / PROMPT_FILE).read_text(encoding="utf-8")) if folder else {}
        return folder if about.get("styles") and about["weights_sha256"] == prompt["sha256"] else None
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def library_of(info: Mapping[str, Any]) -> tuple[np.ndarray, dict[str, Any]] | None:
    """Returns the vectors (N P, D) of the library's N ends, and what is told of them; None for a run without one.

    Told: the `styles`, each with name, label and colour, and `labels`, the place in them of each of the N prompts.
    """
    from ddpt_core import load_prompt

    folder = library_folder(info)
    if folder is None:
        return None
    prompt: Any = load_prompt(folder)
    vectors = prompt.library[prompt.ends].flatten(0, 1).float().cpu().numpy()  # (N,P,D) -> (N P,D)
    styles = [
        {"name": name, "label": STYLES[name].label, "colour": STYLES[name].colour}
        if name in STYLES
        else {"name": name, "label": name, "colour": OTHER}
        for name in prompt.styles
    ]
    return vectors, {"styles": styles, "labels": prompt.labels[prompt.ends].tolist()}
