"""How a command opens a run at a step, with the backbone that it was recorded on."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ddpt_core.commands.loading import Loading
from ddpt_core.commands.options import progress_of_whole

if TYPE_CHECKING:
    from ddpt_core.backbone.frozen_lm import FrozenLM
    from ddpt_core.prompts.prompt import Prompt
    from ddpt_core.trajectory.trajectory import Trajectory


@dataclass(frozen=True)
class OpenedRun:
    """A run and its backbone, the step asked for, its state or estimate, and the prompt if one was named."""

    run: "Trajectory"
    backbone: "FrozenLM"
    step: int
    of: str
    named: "Prompt | None"

    def prompt(self) -> "Prompt | None":
        """Returns the prompt that the run was made with, None if it is not here."""
        from ddpt_core.errors import ArtifactError
        from ddpt_core.trajectory.recipe import prompt_of

        try:
            return self.named or prompt_of(Path("the run"), self.run.info)
        except ArtifactError:
            return None


def opened_run(run: str, step: int, of: str, prompt: str, backbone: str, loading: Loading) -> OpenedRun:
    """Returns a run, of the name or in the folder, at a step; negative ones count from its end.

    A recipe is made again, with `prompt` if that is named. Raises ConfigError for a step outside it, ArtifactError for
    another backbone than its own.
    """
    from ddpt_core import Trajectory, load_prompt
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
    return OpenedRun(loaded, model, index, of, made_with)
