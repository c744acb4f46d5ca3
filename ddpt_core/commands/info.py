"""`info`: what is there."""

from typing import Any

from ddpt_core.commands.options import Backbone, Json, show


def info(as_json: Json = False, backbone: Backbone = "") -> None:
    """What is installed: backbones, prompts, runs, device, versions."""
    import platform

    import torch

    from ddpt_core.backbone.registry import ASSETS, EMBEDDED, HUB_BACKBONES
    from ddpt_core.trajectory.trajectory import available_runs
    from ddpt_core.tuning.checkpoint import available_prompts

    embedded = [EMBEDDED] if (ASSETS / "backbone" / "config.json").is_file() else []
    packages = ("torch", "transformers", "diffusers", "peft", "gradio", "faiss-cpu", "umap-learn")
    result: dict[str, Any] = {
        "backbones": embedded + list(HUB_BACKBONES),
        "prompts": list(available_prompts()),
        "runs": list(available_runs()),
        "device": "cuda" if torch.cuda.is_available() else "cpu",
        "versions": {"python": platform.python_version()} | {name: version_of(name) for name in packages},
    }
    lines = [f"{key}: {', '.join(v) if isinstance(v, list) else v}" for key, v in result.items()]
    if backbone:
        from ddpt_core import load_backbone

        model = load_backbone(backbone)
        rows, width = model.embedding_table.shape
        count = sum(p.numel() for p in model.model.parameters())
        result["backbone"] = {"name": model.name, "sha256": model.sha256, "V": rows, "D": width, "parameters": count}
        lines.append(f"backbone: {result['backbone']}")
    show(result, as_json, lines)


def version_of(package: str) -> str | None:
    """Returns a package's version, None if it is not installed."""
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
