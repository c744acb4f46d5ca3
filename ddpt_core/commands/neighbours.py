"""`neighbours`: the tokens nearest to the positions of a step."""

import json
from typing import Annotated

import typer

from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.commands.opening import opened_run
from ddpt_core.commands.options import Backbone, Json, show


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
    from ddpt_core import NearestTokens

    opened = opened_run(run, step, of, prompt, backbone, loading)
    path, index, model = opened.run, opened.step, opened.backbone
    found = NearestTokens(model.embedding_table, metric).search(getattr(path, opened.of)[index], k)
    tokens = model.token_strings()
    positions = [
        [{"token": tokens[i], "token_id": int(i), "score": float(s)} for i, s in zip(ids, scores, strict=True)]
        for ids, scores in zip(found.ids, found.scores, strict=True)
    ]
    timestep = int(path.timesteps[index])
    result = {"step": index, "timestep": timestep, "of": opened.of, "metric": metric, "positions": positions}
    lines = [f"step {index} of {path.steps}, t = {timestep}, {metric}, {opened.of}"]
    for place, row in enumerate(positions):
        lines.append(f"{place:3d}  " + "  ".join(f"{json.dumps(n['token'])} {n['score']:.3f}" for n in row))
    show(result, as_json, lines)
