"""`compare`: the answers of the arms to one instruction."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ddpt_core.arms import ALL_ARMS, ARMS
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.commands.options import Backbone, Guidance, Json, Prompts, Style, show


@with_loading
def compare(
    instruction: Annotated[str, typer.Option(help="What the code should do.")],
    reference: Annotated[str | None, typer.Option(help="The code to compare with.")] = None,
    tests: Annotated[Path | None, typer.Option(help="Python file of asserts, or JSON list of them.")] = None,
    prompt: Prompts = None,
    context: Annotated[str | None, typer.Option(help="The manual arm's context.")] = None,
    backbone: Backbone = DEFAULT,
    seed: int = 0,
    style: Style = "",
    guidance: Guidance = 1.0,
    *,
    loading: Loading,
    as_json: Json = False,
) -> None:
    """Code from each arm: manual, prompt-tuning, ddpt; and each that learns from a library, if its prompt is there."""
    from ddpt_core.answering.arms import choose_prompts
    from ddpt_core.answering.arms import compare as run
    from ddpt_core.data.task import check_instruction
    from ddpt_core.metrics.tests_file import read_tests

    check_instruction(instruction)
    statements = read_tests(tests) if tests else []
    model = loading.backbone(backbone)
    prompts = choose_prompts(model, prompt or ())
    results = run(
        instruction,
        reference,
        statements,
        backbone=model,
        prompts=prompts,
        manual_context=context,
        seed=seed,
        names=[*ARMS, *(arm for arm in prompts if ALL_ARMS[arm].from_library)],
        style=style,
        guidance=guidance,
    )
    result = {"instruction": instruction, "arms": [asdict(arm) for arm in results]}
    lines = []
    for arm in results:
        status = f", tests {arm.execution.status}" if arm.execution else ""
        reason = [f"tests: {arm.execution.detail}"] if arm.execution and arm.execution.detail else []
        figures = f"{arm.seconds:.2f} s, {arm.tokens} tokens{status}" if arm.code is not None else "not run"
        lines += [f"— {arm.name} ({figures})", arm.missing if arm.code is None else arm.code, *reason, ""]
    show(result, as_json, lines)
