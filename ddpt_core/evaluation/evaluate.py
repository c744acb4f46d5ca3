"""Every arm on every task of a data set: predictions and figures with intervals, written as two files."""

import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from ddpt_core.artifact_files import check_writable, write_files
from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.data.readers import load_tasks
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError, require_choice
from ddpt_core.evaluation.arms import ARMS, Arm, choose_prompts, make_arms
from ddpt_core.tuning.prompt import Prompt

BATCH = 32  # instructions written at once
PREDICTIONS, METRICS_FILE = "predictions.jsonl", "metrics.json"


def evaluate(
    data: str | Path,
    out: str | Path,
    *,
    backbone: FrozenLM,
    prompts: dict[str, Prompt] | None = None,
    names: Sequence[str] = ARMS,
    limit: int | None = None,
    manual_context: str | None = None,
    seed: int = 0,
    settings: GenerationSettings | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Writes predictions.jsonl and metrics.json to `out` and returns the latter.

    `arms` holds for each arm that could be run the corpus metrics with bootstrap 95 % intervals over the tasks;
    `not_run` says why for each other. An earlier evaluation in `out` is replaced. Cost: tasks x arms generations, in
    batches of 32. Nothing is written if anything fails.
    """
    from ddpt_core.evaluation.text_metrics import score_with_intervals

    names = [require_choice("arm", name, ARMS) for name in dict.fromkeys(names)]
    tasks, out = load_tasks(data, limit), Path(out)
    if not any(task.reference.strip() for task in tasks):
        raise DataError(
            f"None of the {len(tasks)} tasks of {data} has a reference to compare with; give tasks that do."
        )
    check_writable(out)
    tell = progress or (lambda fraction, text: None)
    chosen = choose_prompts(backbone) if prompts is None else prompts
    arms = make_arms(backbone, chosen, manual_context, seed, names)
    run = [arm for arm in arms if arm.context is not None]
    report: dict[str, Any] = {
        "data": {"source": Path(str(data)).name, "tasks": len(tasks)},
        "backbone": {"name": backbone.name, "sha256": backbone.sha256},
        "prompts": {method: prompt.name for method, prompt in chosen.items()},
        "seed": seed,
        "settings": asdict(settings or GenerationSettings()),
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("torch", "transformers", "sacrebleu", "codebleu")},
        "not_run": {arm.name: arm.missing for arm in arms if arm.context is None},
        "arms": {},
    }
    rows: list[dict[str, Any]] = []
    for i, arm in enumerate(run):

        def done(share: float, i: int = i, name: str = arm.name) -> None:
            tell((i + share) / len(run), f"{name}: {share:.0%} of {len(tasks)} instructions")

        start = time.monotonic()
        written = write_all(backbone, arm, tasks, settings, done)
        seconds = time.monotonic() - start
        scores = score_with_intervals(written, [task.reference for task in tasks])
        report["arms"][arm.name] = scores | {"seconds": round(seconds, 3)}
        rows += [
            {"id": t.id, "arm": arm.name, "instruction": t.instruction, "reference": t.reference, "prediction": code}
            for t, code in zip(tasks, written, strict=True)
        ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_files(out, {PREDICTIONS: lines, METRICS_FILE: json.dumps(report, indent=1) + "\n"})
    return report


def write_all(
    backbone: FrozenLM,
    arm: Arm,
    tasks: Sequence[Task],
    settings: GenerationSettings | None = None,
    done: Callable[[float], None] | None = None,
) -> list[str]:
    """Returns the code for every task in their order; short and long instructions go in batches of their own."""
    order = sorted(range(len(tasks)), key=lambda i: len(tasks[i].instruction))
    code = [""] * len(tasks)
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        written = backbone.generate(arm.context, [tasks[i].instruction for i in batch], settings)
        for i, generation in zip(batch, written, strict=True):
            code[i] = generation.text
        if done:
            done((start + len(batch)) / len(order))
    return code
