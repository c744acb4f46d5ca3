"""`info`: what is there."""

from typing import Any

from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.commands.options import Backbone, Json, show


@with_loading
def info(
    as_json: Json = False,
    backbone: Backbone = "",
    *,
    loading: Loading,
) -> None:
    """What is installed: backbones, prompts, runs, device, versions; with --backbone, what that model is."""
    import platform

    import torch

    from ddpt_core.backbone.fetch import ORIGIN, place
    from ddpt_core.backbone.load_options import LoadOptions
    from ddpt_core.backbone.registry import DEFAULT, HUB_BACKBONES
    from ddpt_core.prompts.checkpoint import available_prompts
    from ddpt_core.trajectory.trajectory import available_runs

    device = "cuda" if torch.cuda.is_available() else "cpu"
    packages = ("torch", "transformers", "diffusers", "peft", "gradio", "faiss-cpu", "umap-learn")
    result: dict[str, Any] = {
        "backbones": [DEFAULT, *HUB_BACKBONES],
        "default_backbone": {"name": DEFAULT, "origin": ORIGIN, "folder": (there := place()) and str(there)},
        "prompts": list(available_prompts()),
        "runs": list(available_runs()),
        "device": device,
        "computes_in": LoadOptions().settled(DEFAULT, device).precision,  # the default backbone, here
        "versions": {"python": platform.python_version()} | {name: version_of(name) for name in packages},
    }
    lines = [f"{key}: {', '.join(v) if isinstance(v, list) else v}" for key, v in result.items()]
    if backbone:
        from ddpt_core.backbone.description import describe

        told = describe(loading.backbone(backbone))
        result["backbone"] = told
        lines = [f"{key}: {in_words(value)}" for key, value in told.items()]
    show(result, as_json, lines)


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
