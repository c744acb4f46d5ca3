"""The command line: `python -m ddpt_core COMMAND`.

Every command takes --json; bad input is one line on stderr and exit code 2.
"""

import json
import logging
import os
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ddpt_core.errors import DDPTError

STOPPED = 130  # exit code after Ctrl-C

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train, sample, read and compare DDPT prompts.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
Backbone = Annotated[str, typer.Option(help="'embedded', a folder, or a name on the Hugging Face hub.")]
Trust = Annotated[bool, typer.Option(help="Run Python code that comes with a model from the hub.")]
Prompts = Annotated[
    list[str] | None, typer.Option("--prompt", help="A trained prompt (name or folder); may be given once per method.")
]
Timeout = Annotated[float, typer.Option(help="Seconds that one program and its tests may take.")]
Memory = Annotated[int, typer.Option(help="Address space of one program in MB.")]
Out = Annotated[Path, typer.Option(help="The folder to write.")]


def show(result: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Prints a command's result: the object, or the lines for people."""
    print(json.dumps(result) if as_json else "\n".join(lines))


def progress_bar(total: int, unit: str):
    """Returns a progress bar on stderr."""
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, file=sys.stderr, mininterval=0.5, disable=None, leave=False)


def version_of(package: str) -> str | None:
    """Returns a package's version, None if it is not installed."""
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@app.command()
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


@app.command()
def train(
    method: Annotated[str, typer.Option(help="ddpt or prompt-tuning.")],
    data: Annotated[str, typer.Option(help="JSONL file or Hugging Face data set.")],
    out: Out,
    backbone: Backbone = "embedded",
    context: Annotated[str | None, typer.Option(help="The text that the prompt starts from.")] = None,
    steps: Annotated[int | None, typer.Option(help="LLM forward passes.")] = None,
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int = 0,
    context_length: Annotated[int | None, typer.Option(help="P, tokens of the context.")] = None,
    hidden: Annotated[int | None, typer.Option(help="Width of the denoiser.")] = None,
    diffusion_weight: Annotated[float | None, typer.Option(help="lambda of the full objective; 0: LLM loss.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on with the training stopped in the folder.")] = False,
    trust_remote_code: Trust = False,
    as_json: Json = False,
) -> None:
    """Trains a prompt on the frozen backbone."""
    from ddpt_core.backbone.loading import load_backbone
    from ddpt_core.errors import require_choice
    from ddpt_core.tuning.config import LEARNING_RATES, TrainConfig
    from ddpt_core.tuning.methods import METHODS
    from ddpt_core.tuning.report import finish
    from ddpt_core.tuning.trainer import train as run

    require_choice("method", method, METHODS)
    given: dict[str, Any] = {
        "steps": steps,
        "batch_size": batch_size,
        "lr": LEARNING_RATES[method] if lr is None else lr,
        "context": context,
        "context_length": context_length,
        "hidden": hidden,
        "diffusion_weight": diffusion_weight,
    }
    config = TrainConfig(method, seed=seed, **{name: value for name, value in given.items() if value is not None})
    model = load_backbone(backbone, trust_remote_code=trust_remote_code)
    with progress_bar(config.steps, "step") as bar:
        for at in run(model, data, out, config, resume):
            bar.update(at.step - bar.n)
            bar.set_postfix(loss=f"{at.train_loss:.3f}", best=f"{at.best_validation_loss:.3f}")
    info = finish(out, model, data)
    metrics = info["metrics"]
    result = {
        "out": str(out),
        "steps": config.steps,
        "train_loss": metrics["train_loss"],
        "validation_loss": metrics["validation_loss"],
        "best_step": metrics["best_step"],
        "seconds": metrics["seconds"],
        "trainable_parameters": info["trainable_parameters"],
    }
    for name in ("seed_spread", "steps_ablation"):
        if name in metrics:
            result[name] = metrics[name]
    show(result, as_json, [f"{key}: {value}" for key, value in result.items()])


@app.command()
def sample(
    out: Out,
    prompt: Annotated[str, typer.Option(help="A DDPT prompt: name or folder.")] = "ddpt",
    scheduler: Annotated[str, typer.Option(help="ddpm, ddim or dpmsolver++.")] = "ddpm",
    steps: int = 2000,
    seed: int = 0,
    precision: Annotated[str, typer.Option(help="float32, or float16 at half the size.")] = "float32",
    as_json: Json = False,
) -> None:
    """Runs the reverse process and records every step."""
    from ddpt_core.errors import require_choice
    from ddpt_core.trajectory.trajectory import PRECISIONS, Trajectory, check_new_folder
    from ddpt_core.tuning.checkpoint import load_prompt

    require_choice("precision", precision, PRECISIONS)
    loaded = load_prompt(prompt)
    check_new_folder(out)
    with progress_bar(steps, "step") as bar:
        run = Trajectory.record(loaded, steps, seed, scheduler, on_step=lambda index: bar.update(index - bar.n))
    run.save(out, precision)
    result = {
        "run": str(out),
        "steps": steps,
        "seconds": run.info["seconds"],
        "scheduler": scheduler,
        "seed": seed,
        "shape": list(run.x.shape),
    }
    show(result, as_json, [f"{out}: {steps} {scheduler} steps, seed {seed}, in {run.info['seconds']:.2f} s"])


@app.command()
def neighbours(
    run: Annotated[str, typer.Argument(help="A recorded run: name or folder.")],
    step: Annotated[int, typer.Option(help="0 = pure noise to S = final; negative counts from the end.")] = -1,
    k: int = 5,
    metric: Annotated[str, typer.Option(help="cosine or l2.")] = "cosine",
    of: Annotated[str, typer.Option(help="'context': the estimate of the end; 'state': the noisy state.")] = "context",
    backbone: Backbone = "",
    trust_remote_code: Trust = False,
    as_json: Json = False,
) -> None:
    """Nearest vocabulary tokens of every position at a step."""
    from ddpt_core import NearestTokens, Trajectory, load_backbone
    from ddpt_core.errors import ArtifactError, require_choice, require_range

    require_choice("vector", of, ("context", "state"))
    loaded = Trajectory.load(run)
    require_range("step", step, -loaded.steps - 1, loaded.steps)
    index = step + loaded.steps + 1 if step < 0 else step
    made_on = loaded.info.get("backbone") or {}
    if not backbone and "name" not in made_on:
        raise ArtifactError(f"The run {run} does not say with which backbone it was recorded; name it with --backbone.")
    model = load_backbone(backbone or made_on["name"], trust_remote_code=trust_remote_code)
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


@app.command()
def compare(
    instruction: Annotated[str, typer.Option(help="What the code should do.")],
    reference: Annotated[str | None, typer.Option(help="The code to compare with.")] = None,
    tests: Annotated[Path | None, typer.Option(help="Python file of asserts, or JSON list of them.")] = None,
    prompt: Prompts = None,
    context: Annotated[str | None, typer.Option(help="The manual arm's context.")] = None,
    backbone: Backbone = "embedded",
    seed: int = 0,
    trust_remote_code: Trust = False,
    as_json: Json = False,
) -> None:
    """Code from each arm: manual, prompt-tuning, ddpt."""
    from ddpt_core.backbone.loading import load_backbone
    from ddpt_core.data.task import check_instruction
    from ddpt_core.evaluation.arms import choose_prompts
    from ddpt_core.evaluation.arms import compare as run
    from ddpt_core.evaluation.tests_file import read_tests

    check_instruction(instruction)
    statements = read_tests(tests) if tests else []
    model = load_backbone(backbone, trust_remote_code=trust_remote_code)
    results = run(
        instruction,
        reference,
        statements,
        backbone=model,
        prompts=choose_prompts(model, prompt or ()),
        manual_context=context,
        seed=seed,
    )
    result = {"instruction": instruction, "arms": [asdict(arm) for arm in results]}
    lines = []
    for arm in results:
        status = f", tests {arm.execution.status}" if arm.execution else ""
        reason = [f"tests: {arm.execution.detail}"] if arm.execution and arm.execution.detail else []
        figures = f"{arm.seconds:.2f} s, {arm.tokens} tokens{status}" if arm.code is not None else "not run"
        lines += [f"— {arm.name} ({figures})", arm.missing if arm.code is None else arm.code, *reason, ""]
    show(result, as_json, lines)


@app.command()
def evaluate(
    data: Annotated[str, typer.Option(help="JSONL file, Hugging Face data set, or families:value (phrasing, family).")],
    out: Out,
    arms: Annotated[str, typer.Option(help="Arms, separated by commas.")] = "manual,prompt-tuning,ddpt",
    limit: Annotated[int | None, typer.Option(help="Only the first tasks.")] = None,
    prompt: Prompts = None,
    context: Annotated[str | None, typer.Option(help="The manual arm's context.")] = None,
    backbone: Backbone = "embedded",
    seed: int = 0,
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
    trust_remote_code: Trust = False,
    as_json: Json = False,
) -> None:
    """Writes predictions.jsonl and metrics.json of every arm on a data set."""
    from ddpt_core.backbone.frozen_lm import GenerationSettings
    from ddpt_core.backbone.loading import load_backbone
    from ddpt_core.errors import ConfigError
    from ddpt_core.evaluation.arms import choose_prompts
    from ddpt_core.evaluation.evaluate import evaluate as run
    from ddpt_core.evaluation.execution import Limits

    if not tests and (samples, temperature, k, show_tests, timeout, memory) != (1, None, "1", False, 10.0, 512):
        raise ConfigError(
            "--samples, --temperature, --k, --show-tests, --timeout and --memory are of unit tests; add --tests, or "
            "leave them out."
        )
    settings = GenerationSettings(max_new_tokens=max_new_tokens)
    wanted, limits = whole_numbers("--k", k), Limits(timeout=timeout, memory_mb=memory)
    model = load_backbone(backbone, trust_remote_code=trust_remote_code)
    with progress_bar(100, "%") as bar:

        def tell(fraction: float, text: str) -> None:
            bar.set_description(text, refresh=False)
            bar.update(round(100 * fraction) - bar.n)

        report = run(
            data,
            out,
            backbone=model,
            prompts=choose_prompts(model, prompt or ()),
            names=[name.strip() for name in arms.split(",")],
            limit=limit,
            manual_context=context,
            seed=seed,
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


@app.command()
def execute(
    code: Annotated[Path, typer.Option(help="Python file to run.")],
    tests: Annotated[Path, typer.Option(help="Python file of asserts, or JSON list of them.")],
    timeout: Timeout = 10.0,
    memory: Memory = 512,
    as_json: Json = False,
) -> None:
    """Runs a program's tests in the sandbox."""
    from ddpt_core.evaluation.execution import Limits
    from ddpt_core.evaluation.execution import execute as run
    from ddpt_core.evaluation.tests_file import read_tests, read_text

    result = run(read_text(code), read_tests(tests), Limits(timeout=timeout, memory_mb=memory))
    lines = [f"{result.status} in {result.seconds:.2f} s" + (f": {result.detail}" if result.detail else "")]
    for test in result.tests:
        lines += [f"  {test.outcome}: {test.test}", *([f"    {test.detail}"] if test.detail else [])]
    show(asdict(result), as_json, lines)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0, or 2 with one line on stderr for bad input."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    warnings.simplefilter("ignore", FutureWarning)  # of libraries about each other
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        code = app(arguments, prog_name="python -m ddpt_core", standalone_mode=False)
        if code == STOPPED:
            training = (sys.argv[1:] if arguments is None else arguments)[:1] == ["train"]
            print("Stopped; the training goes on with --resume." if training else "Stopped.", file=sys.stderr)
        return code if isinstance(code, int) else 0
    except DDPTError as error:
        print(" ".join(str(error).splitlines()), file=sys.stderr)
    except typer.TyperException as error:
        if said := " ".join(error.format_message().splitlines()):  # no arguments at all: the help says it
            print(f"{said} See --help.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
