"""`read`: what a step's context is beyond its nearest tokens."""

import json
from typing import Annotated, Any

import typer

from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.commands.opening import opened_run
from ddpt_core.commands.options import Backbone, Json, progress_of_whole, show


@with_loading
def read(
    run: Annotated[str, typer.Argument(help="A recorded run: name or folder.")],
    how: Annotated[
        str,
        typer.Option(help="layers, effect (on the next token), words (the model's own), or ablation (of positions)."),
    ],
    step: Annotated[int, typer.Option(help="0 = pure noise to S = final; negative counts from the end.")] = -1,
    of: Annotated[str, typer.Option(help="'estimate' of the end, or the noisy 'state'.")] = "estimate",
    k: Annotated[int, typer.Option(help="Tokens that are told.")] = 5,
    instruction: Annotated[
        str, typer.Option(help="What the code should do, in place of tasks; not for an ablation.")
    ] = "",
    data: Annotated[str, typer.Option(help="Tasks to ask about, by default held-out ones of our own.")] = "",
    limit: Annotated[int, typer.Option(help="How many of them.")] = 8,
    prompt: Annotated[
        str, typer.Option(help="The prompt that the run was made with, where it is not among your prompts.")
    ] = "",
    backbone: Backbone = "",
    *,
    loading: Loading,
    as_json: Json = False,
) -> None:
    """Other readings of the context at a step."""
    from ddpt_core.data.readers import load_tasks
    from ddpt_core.data.task import Task, check_instruction
    from ddpt_core.errors import require_choice, require_range
    from ddpt_core.interpret.readings import READINGS, Asked, read_context, tasks_for

    require_choice("way to read", how, READINGS)
    require_range("limit", limit, 1)
    own = [Task("own", check_instruction(instruction))] if instruction else load_tasks(data, limit) if data else []
    opened = opened_run(run, step, of, prompt, backbone, loading)
    tasks = own or tasks_for(opened.run, limit)
    made_by = opened.prompt() if how == "words" else None
    with progress_of_whole() as tell:
        asked = Asked(
            opened.run,
            opened.backbone,
            opened.step,
            opened.of,
            k,
            tasks,
            made_by,
            tell=lambda share: tell(share, READINGS[how].label),
        )
        result = read_context(how, asked)
    head = f"step {opened.step} of {opened.run.steps}, t = {result['timestep']}, {opened.of}: {READINGS[how].label}"
    show(result, as_json, [head, *LINES[how](result), result["said"], f"({result['caveat']})"])


def _layers(result: dict[str, Any]) -> list[str]:
    lines = []
    for place, layers in enumerate(result["positions"]):
        lines.append(f"position {place}")
        for row in layers:
            head = [f"{json.dumps(one['token'])} {one['probability']:.2f}" for one in row["head"] or []]
            near = [f"{json.dumps(one['token'])} {one['score']:.2f}" for one in row["nearest"] or []]
            lines.append(f"{row['layer']:5d}  {'  '.join(head)}  |  {'  '.join(near)}")
    return lines


def _effect(result: dict[str, Any]) -> list[str]:
    lines = [f"KL with it from without it: {result['kl']:.3g} nats, {result['instructions']} instructions"]
    lines += [
        f"{json.dumps(one['token']):>16}  {one['gained']:+.2f} nats, {one['without']:.3g} -> {one['probability']:.3g}"
        for one in result["tokens"]
    ]
    lines.append("  step     KL  to the end  locked in")
    return lines + [
        f"{row['step']:6d}  {row['kl']:5.3g}  {row['kl_to_end']:10.3g}  {row['locked']:9.0%}" for row in result["path"]
    ]


def _words(result: dict[str, Any]) -> list[str]:
    lines = []
    for row in result["frames"]:
        named = f"  (names {', '.join(row['named'])})" if row["named"] else ""
        lines += [row["frame"], f"    {json.dumps(row['answer'], ensure_ascii=False)}{named}"]
    return lines


def _ablation(result: dict[str, Any]) -> list[str]:
    def row(name: str, told: dict[str, Any], change: str = "") -> str:
        style = "" if told["in_style"] is None else f"  {told['in_style']:4.0%} {result['style']}"
        return f"{name:>8}  {told['loss']:.3f}  {change:7}{style}"

    rows = [row(str(told["position"]), told, f"{told['change']:+.3f}") for told in result["positions"]]
    return [f"loss on {result['tasks']} tasks", row("whole", result["whole"]), *rows, row("manual", result["manual"])]


LINES = {"layers": _layers, "effect": _effect, "words": _words, "ablation": _ablation}
