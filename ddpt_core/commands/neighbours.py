"""`neighbours`: the tokens nearest to the positions of a step."""

import json
from typing import Annotated

import typer

from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.commands.options import Backbone, Json, progress_of_whole, show


@with_loading
def neighbours(
    run: Annotated[str, typer.Argument(help="A recorded run: name or folder.")],
    step: Annotated[int, typer.Option(help="0 = pure noise to S = final; negative counts from the end.")] = -1,
    k: int = 5,
    metric: Annotated[str, typer.Option(help="cosine or l2.")] = "cosine",
    of: Annotated[str, typer.Option(help="'estimate' of the end, or the noisy 'state'.")] = "estimate",
    prompt: Annotated[
        str, typer.Option(help="The prompt that a recipe was made with, where it is not among your prompts.")
    ] = "",
    backbone: Backbone = "",
    *,
    loading: Loading,
    as_json: Json = False,
) -> None:
    """Nearest vocabulary tokens of every position at a step."""
    from ddpt_core import NearestTokens, Trajectory, load_prompt
    from ddpt_core.errors import ArtifactError, require_choice, require_range

    of = "estimate" if of == "context" else of  # its name in the files, and once here
    require_choice("vector", of, ("estimate", "state"))
    made_with = load_prompt(prompt) if prompt else None
    with progress_of_whole() as tell:  # hears of a recipe alone, which takes seconds
        loaded = Trajectory.load(run, made_with, lambda share: tell(share, "making the run again from its seed"))
    require_range("step", step, -loaded.steps - 1, loaded.steps)
    index = step + loaded.steps + 1 if step < 0 else step
    made_on = loaded.info.get("backbone") or {}
    if not backbone and "name" not in made_on:
        raise ArtifactError(f"The run {run} does not say with which backbone it was recorded; name it with --backbone.")
    model = loading.backbone(backbone or made_on["name"])
    if model.sha256 != made_on.get("sha256"):
        raise ArtifactError(
            f"The run {run} was recorded with another backbone than {model.name!r}; name its own with --backbone."
        )
    found = NearestTokens(model.embedding_table, metric).search(getattr(loaded, of)[index], k)
    tokens = model.token_strings()
    positions = [
        [{"token": tokens[i], "token_id": int(i), "score": float(s)} for i, s in zip(ids, scores, strict=True)]
        for ids, scores in zip(found.ids, found.scores, strict=True)
    ]
    timestep = int(loaded.timesteps[index])
    result = {"step": index, "timestep": timestep, "of": of, "metric": metric, "positions": positions}
    lines = [f"step {index} of {loaded.steps}, t = {timestep}, {metric}, {of}"]
    for place, row in enumerate(positions):
        lines.append(f"{place:3d}  " + "  ".join(f"{json.dumps(n['token'])} {n['score']:.3f}" for n in row))
    show(result, as_json, lines)
