"""`train`: a prompt learned on the frozen backbone."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpt_core.arms import ALL_ARMS, INSTRUCTED, methods
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.commands.options import (
    Backbone,
    Json,
    Out,
    progress_bar,
    progress_of_whole,
    show,
)

VALIDATIONS, VALIDATION_TASKS = 6, 96  # of a distribution


@with_loading
def train(
    method: Annotated[str, typer.Option(help=f"{', '.join(methods()[:-1])} or {methods()[-1]}.")],
    out: Out,
    data: Annotated[
        list[str] | None, typer.Option(help="JSONL file, Hugging Face data set, families:training; or several.")
    ] = None,
    library: Annotated[
        str, typer.Option(help="What a distribution learns from, a folder of the command library; also its tasks.")
    ] = "",
    llm_weight: Annotated[float | None, typer.Option(help="Weight of the LLM loss of a distribution, 0 to 1.")] = None,
    llm_every: Annotated[int | None, typer.Option(help="That loss is asked for in one of so many steps.")] = None,
    backbone: Backbone = DEFAULT,
    context: Annotated[str | None, typer.Option(help="The text that the prompt starts from.")] = None,
    steps: Annotated[int | None, typer.Option(help="LLM forward passes.")] = None,
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int = 0,
    context_length: Annotated[int | None, typer.Option(help="P, tokens of the context.")] = None,
    hidden: Annotated[int | None, typer.Option(help="Width of the denoiser.")] = None,
    diffusion_weight: Annotated[float | None, typer.Option(help="lambda of the full objective; 0: LLM loss.")] = None,
    bound: Annotated[float | None, typer.Option(help="q of the generalised cross-entropy; 0: cross-entropy.")] = None,
    accumulate: Annotated[int, typer.Option(help="Pieces in which a process reads its part of a batch.")] = 1,
    mixed_precision: Annotated[str, typer.Option(help="no, bf16, or auto: bf16 where it is fast.")] = "auto",
    stop_at: Annotated[int | None, typer.Option(help="Stop after this many of the steps; --resume goes on.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on with the training stopped in the folder.")] = False,
    *,
    loading: Loading,
    as_json: Json = False,
) -> None:
    """Trains a prompt on the frozen backbone."""
    from ddpt_core.errors import ConfigError, require_choice
    from ddpt_core.prompts.library import tasks_of
    from ddpt_core.settings import TrainConfig
    from ddpt_core.steering.by_instruction import finish as finish_instructed
    from ddpt_core.steering.diagnostics import finish as finish_steered
    from ddpt_core.training.processes import processes
    from ddpt_core.training.report import finish
    from ddpt_core.training.trainer import train as run

    require_choice("method", method, methods())
    sources = data or (tasks_of(library) if library else [])
    if not sources:
        raise ConfigError("There are no tasks to train on; name them with --data.")
    arm = ALL_ARMS[method]
    steps = arm.steps if steps is None else steps
    given: dict[str, Any] = {
        "steps": steps,
        "library": library,
        "llm_weight": llm_weight,
        "llm_every": llm_every,
        "batch_size": batch_size,
        "lr": arm.rate if lr is None else lr,
        "context": context,
        "context_length": context_length,
        "hidden": hidden,
        "diffusion_weight": diffusion_weight,
        "bound": bound,
        "accumulate": accumulate,
        "mixed_precision": mixed_precision,
    }
    if arm.from_library and steps:  # a step is short, and a validation makes and reads a context of every style
        given |= {"validate_every": -(-steps // VALIDATIONS), "save_every": -(-steps // VALIDATIONS)}
        given |= {"validation_tasks": VALIDATION_TASKS}
    config = TrainConfig(method, seed=seed, **{name: value for name, value in given.items() if value is not None})
    model = loading.backbone(backbone, processes().device)
    with progress_bar(config.steps, "step") as bar:
        for at in run(model, sources, out, config, resume, stop_at):
            bar.update(at.step - bar.n)
            bar.set_postfix(loss=f"{at.train_loss:.3f}", best=f"{at.best_validation_loss:.3f}")
    with progress_of_whole() as tell:
        info = finish(out, model, sources, tell)
        if method == INSTRUCTED:
            info = finish_instructed(out, model, sources, tell)
        elif arm.from_library:
            info = finish_steered(out, model, Path(library), tell)
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
