"""`evaluate`: the arms on a data set."""

from typing import Annotated, Any

import typer

from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.commands.options import (
    Backbone,
    Guidance,
    Json,
    Memory,
    Out,
    Prompts,
    Style,
    Timeout,
    progress_of_whole,
    show,
)
from ddpt_core.settings import GenerationSettings


@with_loading
def evaluate(
    data: Annotated[str, typer.Option(help="JSONL file, Hugging Face data set, or families:value (phrasing, family).")],
    out: Out,
    arms: Annotated[str, typer.Option(help="Arms, separated by commas.")] = "manual,prompt-tuning,ddpt",
    limit: Annotated[int | None, typer.Option(help="Only the first tasks.")] = None,
    prompt: Prompts = None,
    context: Annotated[str | None, typer.Option(help="The manual arm's context.")] = None,
    backbone: Backbone = DEFAULT,
    seed: int = 0,
    style: Style = "",
    guidance: Guidance = 1.0,
    max_new_tokens: Annotated[int, typer.Option(help="The longest answer.")] = 64,
    tests: Annotated[bool, typer.Option("--tests", help="Run the tasks' unit tests as well, for pass@k.")] = False,
    samples: Annotated[int, typer.Option(help="Answers to each task to test; a single one is the greedy one.")] = 1,
    temperature: Annotated[float | None, typer.Option(help="Of the samples; 0.8 by default if several.")] = None,
    k: Annotated[str, typer.Option(help="Each k of pass@k, separated by commas.")] = "1",
    show_tests: Annotated[
        bool, typer.Option("--show-tests", help="Put them behind the instruction, for MBPP.")
    ] = False,
    timeout: Timeout = 10.0,
    memory: Memory = 512,
    *,
    loading: Loading,
    as_json: Json = False,
) -> None:
    """Writes predictions.jsonl and metrics.json of every arm on a data set."""
    from ddpt_core.answering.arms import choose_prompts
    from ddpt_core.answering.evaluate import evaluate as run
    from ddpt_core.errors import ConfigError
    from ddpt_core.metrics.execution import Limits
    from ddpt_core.training.processes import processes

    if not tests and (samples, temperature, k, show_tests, timeout, memory) != (1, None, "1", False, 10.0, 512):
        raise ConfigError(
            "--samples, --temperature, --k, --show-tests, --timeout and --memory are of unit tests; add --tests, or "
            "leave them out."
        )
    settings = GenerationSettings(max_new_tokens=max_new_tokens)
    wanted, limits = whole_numbers("--k", k), Limits(timeout=timeout, memory_mb=memory)
    model = loading.backbone(backbone, processes().device)
    with progress_of_whole() as tell:
        report = run(
            data,
            out,
            backbone=model,
            prompts=choose_prompts(model, prompt or ()),
            names=[name.strip() for name in arms.split(",")],
            limit=limit,
            manual_context=context,
            seed=seed,
            style=style,
            guidance=guidance,
            settings=settings,
            tests=tests,
            samples=samples,
            temperature=temperature,
            k=wanted,
            limits=limits,
            show_tests=show_tests,
            progress=tell,
        )
    show({"out": str(out), **report}, as_json, evaluation_lines(report))


def whole_numbers(option: str, text: str) -> tuple[int, ...]:
    """Returns the numbers in "1,10"; raises ConfigError for anything else."""
    from ddpt_core.errors import ConfigError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"{option} must be whole numbers separated by commas, such as 1,10, got {text!r}.") from None


def evaluation_lines(report: dict[str, Any]) -> list[str]:
    """Returns what people are told of an evaluation: figures with intervals, and what could not be run."""
    lines = []
    for name, scores in report["arms"].items():
        intervals = dict(scores["ci95"])
        figures = [(metric, scores[metric], interval) for metric, interval in intervals.items() if metric != "pass_at"]
        if scores.get("pass_at"):
            figures += [(f"pass@{k}", value, intervals["pass_at"][k]) for k, value in scores["pass_at"].items()]
        lines.append(f"{name}: " + ", ".join(figure_in_words(*figure) for figure in figures if figure[1] is not None))
        if "styles" in scores:
            lines.append("  styles: " + ", ".join(f"{style} {count}" for style, count in scores["styles"].items()))
    lines += [f"{name}: not run, {why}" for name, why in report["not_run"].items()]
    if tests := report.get("tests"):
        lines += [
            f"left out: {task['id']}, whose own reference does not pass: {task['status']}, {task['detail']}"
            for task in tests["left_out"]
        ]
        counts = (
            f"{tests['tasks']} tasks judged, {len(tests['left_out'])} left out, {tests['without_tests']} without tests"
        )
        lines.append(f"tests: not run, {tests['not_run']}" if tests["not_run"] else f"tests: {counts}")
    return lines


def figure_in_words(what: str, value: float, interval: list[float] | None) -> str:
    """Returns "bleu 5.82 [4.22, 7.34]"."""
    return f"{what} {value:.3g}" + (" [{:.3g}, {:.3g}]".format(*interval) if interval else "")
