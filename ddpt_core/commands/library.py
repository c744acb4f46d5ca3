"""`library`: prompts tuned to styles, which a distribution of prompts is learned from."""

from typing import Annotated

import typer

from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.commands.options import Backbone, Json, Out, progress_of_whole, show


def library(
    out: Out,
    style: Annotated[
        list[str] | None, typer.Option(help="A style; may be given several times. All that are known by default.")
    ] = None,
    data: Annotated[list[str] | None, typer.Option(help="Tasks that say their style, for your own ones.")] = None,
    clusters: Annotated[
        int | None,
        typer.Option(help="In place of styles so many clusters of the tasks of --data, by their instruction."),
    ] = None,
    backbone: Backbone = DEFAULT,
    seeds: Annotated[int, typer.Option(help="Trainings of each style.")] = 3,
    steps: Annotated[int, typer.Option(help="LLM forward passes of each training.")] = 40,
    batch_size: int = 8,
    as_json: Json = False,
) -> None:
    """Tunes a prompt to every style, from several seeds; a library that was stopped goes on."""
    from ddpt_core.backbone.loading import load_backbone
    from ddpt_core.errors import ConfigError
    from ddpt_core.steering.build import LibraryPlan, build_library
    from ddpt_core.steering.clusters import write_clusters

    if clusters is not None and (style or not data):
        raise ConfigError("Clusters are made of the tasks of --data and take the place of styles; give no --style.")
    model = load_backbone(backbone)
    styles = tuple(style) if style else LibraryPlan.styles
    if clusters is not None:
        data, styles = write_clusters(model, data or (), clusters, out)
    plan = LibraryPlan(styles, seeds, steps, batch_size)
    with progress_of_whole() as tell:
        built = build_library(model, out, plan, data or (), tell)
    told = built.info["styles"]
    result = {
        "out": str(out),
        "prompts": len(built.vectors),
        "styles": list(built.styles),
        "left_out": {name: one["left_out"] for name, one in told.items() if one["left_out"]},
        "adherence": {name: one.get("adherence", []) for name, one in told.items()},
        "llm_passes": built.info["llm_passes"],
        "seconds": built.info["seconds"],
    }
    lines = [f"{out}: {len(built.vectors)} prompts of {len(built.styles)} styles"]
    for name, one in told.items():
        shares = ", ".join(f"{share:.0%}" for share in one.get("adherence", []))
        lines.append(f"{name}: {one['left_out'] or f'adherence {shares}'}")
    show(result, as_json, lines)
