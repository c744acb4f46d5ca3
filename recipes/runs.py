"""Records the shipped runs, as recipes, into assets/runs, and packs them for the browser.

`python -m recipes.runs`, after a prompt in assets/prompts has changed. Takes minutes: every run is sampled, then read.
"""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ddpt_core import Trajectory, load_prompt
from ddpt_core.backbone import registry
from ddpt_core.errors import DDPTError


@dataclass(frozen=True)
class ShippedRun:
    """A run that ships, and what it is made with; `prompt` names a folder of assets/prompts."""

    name: str
    prompt: str = "ddpt"
    scheduler: str = "ddim"
    steps: int = 50
    seed: int = 0
    style: str = ""
    guidance: float = 1.0


def steered(name: str, seed: int = 0, style: str = "", guidance: float = 1.0) -> ShippedRun:
    """Returns a run of the prompt that can be steered."""
    return ShippedRun(name, "distribution", "ddpm", 200, seed, style, guidance)


RUNS = (
    steered("11-styles"),  # three seeds that end on three styles: lambda, print, SQL
    steered("11-styles-seed-1", seed=1),
    steered("11-styles-seed-12", seed=12),
    steered("11-styles-typed", style="typed"),
    steered("11-styles-javascript", style="javascript"),
    steered("11-styles-typed-guidance-4", style="typed", guidance=4.0),  # guidance 0 is the first
    ShippedRun("2000-steps", scheduler="ddpm", steps=2000),
    ShippedRun("early-in-training", prompt="ddpt-early"),  # what training changed, from the same noise
)


def record(run: ShippedRun, told: Callable[[str], None]) -> Path:
    """Returns the folder of assets/runs that now holds the run, in place of what it held before; raises ArtifactError.

    `told` hears how far it is, a hundred times at most.
    """
    prompt = load_prompt(registry.ASSETS / "prompts" / run.prompt)
    marks = max(1, run.steps // 100)

    def on_step(step) -> None:
        if step.index % marks == 0:
            told(f"{run.name}: step {step.index:,} of {run.steps:,}")

    made = Trajectory.record(prompt, run.steps, run.seed, run.scheduler, on_step, run.style, run.guidance)
    folder = registry.ASSETS / "runs" / run.name
    fresh = made.save(folder.with_name(f".{run.name}.fresh"), recipe=True)
    shutil.rmtree(folder, ignore_errors=True)
    return fresh.rename(folder)


def record_all(told: Callable[[str], None]) -> list[Path]:
    """Returns the folders of RUNS, recorded anew; removes every other run in assets/runs."""
    home = registry.ASSETS / "runs"
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob(".*.fresh"):  # of a time that was stopped
        shutil.rmtree(left)
    folders = [record(run, told) for run in RUNS]
    for other in home.iterdir():
        if other not in folders and other.is_dir():
            shutil.rmtree(other)
    return folders


def main() -> int:
    """Records and packs all; returns 0, or 2 with one line on stderr if a prompt is missing or damaged."""
    from app.explore.runs.ship import ship
    from app.page.services import Services

    try:
        folders = record_all(lambda text: print(f"\r{text}   ", end="", file=sys.stderr, flush=True))
        packed = ship(Services())
    except DDPTError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    print("\n".join(["", *(folder.name for folder in folders), *packed]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
