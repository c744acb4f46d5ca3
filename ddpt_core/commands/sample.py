"""`sample`: a reverse run, recorded."""

from typing import Annotated

import typer

from ddpt_core.commands.options import Json, Out, progress_bar, show
from ddpt_core.diffusion.samplers import SAMPLERS


def sample(
    out: Out,
    prompt: Annotated[str, typer.Option(help="A DDPT prompt: name or folder.")] = "ddpt",
    scheduler: Annotated[str, typer.Option(help=f"One of {', '.join(SAMPLERS)}.")] = "ddpm",
    steps: int = 2000,
    seed: int = 0,
    style: Annotated[
        str, typer.Option(help="A style of the prompt, or several as lambda=0.7,print=0.3; without it unconditional.")
    ] = "",
    instruction: Annotated[
        str, typer.Option(help="What the run is to lead to, for a prompt that reads the instruction.")
    ] = "",
    guidance: Annotated[
        float, typer.Option(help="How far to go towards style or instruction: 0 not at all, 1 plain.")
    ] = 1.0,
    precision: Annotated[str, typer.Option(help="float32, or float16 at half the size.")] = "float32",
    recipe: Annotated[
        bool, typer.Option("--recipe", help="Keep what the run can be made again from, not its steps.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Runs the reverse process and records every step."""
    from ddpt_core.errors import require_choice
    from ddpt_core.prompts.checkpoint import load_prompt
    from ddpt_core.trajectory.trajectory import PRECISIONS, Trajectory, check_new_folder

    require_choice("precision", precision, PRECISIONS)
    loaded = load_prompt(prompt)
    check_new_folder(out)
    condition = condition_of(loaded, instruction) if instruction else None
    with progress_bar(steps, "step") as bar:
        asked = (style, guidance, instruction, condition)
        run = Trajectory.record(loaded, steps, seed, scheduler, lambda step: bar.update(step.index - bar.n), *asked)
    run.save(out, precision, recipe)
    result = {
        "run": str(out),
        "steps": steps,
        "seconds": run.info["seconds"],
        "scheduler": scheduler,
        "seed": seed,
        "style": style,
        "instruction": instruction,
        "guidance": guidance,
        "shape": list(run.x.shape),
        "recipe": recipe,
    }
    under = f", {style or repr(instruction)} at guidance {guidance:g}" if style or instruction else ""
    show(result, as_json, [f"{out}: {steps} {scheduler} steps, seed {seed}{under}, in {run.info['seconds']:.2f} s"])


def condition_of(prompt, instruction: str):
    """Returns the condition (W,) that an instruction is for a prompt; raises ConfigError for one that reads none."""
    from ddpt_core.backbone.loading import load_backbone
    from ddpt_core.errors import ConfigError
    from ddpt_core.prompts.instructed import InstructedPrompt

    if not isinstance(prompt, InstructedPrompt):
        raise ConfigError(
            f"The prompt {prompt.name!r} does not read the instruction; choose one that does (method instructed), or "
            "leave --instruction out."
        )
    return prompt.conditions(load_backbone(prompt.info["backbone"]["name"]), [instruction])[0]
