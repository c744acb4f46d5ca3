"""`info`: what is there."""

import json
from pathlib import Path
from typing import Any

from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.commands.options import Backbone, Json, show
from ddpt_core.settings import PROMPT_FILE


@with_loading
def info(
    as_json: Json = False,
    backbone: Backbone = "",
    *,
    loading: Loading,
) -> None:
    """What is installed: backbones, prompts, runs, styles, device, versions; with --backbone, what that model is."""
    import platform

    import torch

    from ddpt_core.backbone.fetch import ORIGIN, place
    from ddpt_core.backbone.load_options import LoadOptions
    from ddpt_core.backbone.registry import DEFAULT, HUB_BACKBONES
    from ddpt_core.data.styles import STYLES
    from ddpt_core.prompts.checkpoint import available_prompts
    from ddpt_core.trajectory.trajectory import available_runs

    prompts = available_prompts()
    steered = {name: own for name, folder in prompts.items() if (own := styles_of(folder))}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    packages = ("torch", "transformers", "diffusers", "peft", "gradio", "faiss-cpu", "umap-learn")
    result: dict[str, Any] = {
        "backbones": [DEFAULT, *HUB_BACKBONES],
        "default_backbone": {"name": DEFAULT, "origin": ORIGIN, "folder": (there := place()) and str(there)},
        "prompts": list(prompts),
        "runs": list(available_runs()),
        "styles": list(dict.fromkeys([*STYLES, *(style for styles in steered.values() for style in styles)])),
        "styles_of_prompts": steered,
        "device": device,
        "computes_in": LoadOptions().settled(DEFAULT, device).precision,  # the default backbone, here
        "versions": {"python": platform.python_version()} | {name: version_of(name) for name in packages},
    }
    of_prompts = "; ".join(f"{name}: {', '.join(own)}" for name, own in steered.items())
    told = result | {"styles_of_prompts": of_prompts or "none"}
    lines = [f"{key}: {', '.join(v) if isinstance(v, list) else v}" for key, v in told.items()]
    if backbone:
        from ddpt_core.backbone.description import describe

        result["backbone"] = described = describe(loading.backbone(backbone))
        lines = [f"{key}: {in_words(value)}" for key, value in described.items()]
    show(result, as_json, lines)


def styles_of(folder: Path) -> list[str]:
    """Returns the styles that a prompt can be asked for, none if its description names none or cannot be read."""
    try:
        return list(json.loads((folder / PROMPT_FILE).read_text(encoding="utf-8")).get("styles", ()))
    except (OSError, ValueError, AttributeError):
        return []


def in_words(value: str | bool | float | None) -> str:
    """Returns 8,000,000 for a number, yes or no, and "no limit" for None, which only `positions` can be."""
    if value is None:
        return "no limit"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:,}"


def version_of(package: str) -> str | None:
    """Returns a package's version, None if it is not installed."""
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
