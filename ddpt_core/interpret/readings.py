"""The ways to read a context beyond its nearest tokens, by name, each with its caveat; torch is loaded on reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ddpt_core.data.styles import STYLES
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, require_choice, require_range

if TYPE_CHECKING:
    from ddpt_core.backbone.frozen_lm import FrozenLM
    from ddpt_core.interpret.nearest_tokens import NearestTokens
    from ddpt_core.prompts.prompt import Prompt
    from ddpt_core.trajectory.trajectory import Trajectory

TASKS = 8  # that a reading asks the backbone about
TUNED = 2  # prompts of each style that the check of `words` puts into words


@dataclass(frozen=True)
class Asked:
    """What is read: the state or the estimate of a run at a step, with K tokens, on tasks.

    `prompt` is the run's, if it is at hand; `table` serves for nearest tokens; `tell` hears the share that is done, and
    may raise to cancel. `checks` keeps what `words` is worth on each prompt, for the next time.
    """

    run: Trajectory
    backbone: FrozenLM
    step: int
    of: str
    k: int
    tasks: Sequence[Task]
    prompt: Prompt | None = None
    table: NearestTokens | None = None
    tell: Callable[[float], None] = lambda share: None
    checks: dict[Prompt, dict[str, Any] | None] = field(default_factory=dict)

    @property
    def context(self):
        """The vectors at the step, (P, D), on the backbone's device."""
        import torch

        from ddpt_core.interpret.probe import vectors_at

        return torch.from_numpy(vectors_at(self.run, [self.step], self.of)[0]).to(self.backbone.device)


@dataclass(frozen=True)
class Reading:
    """One way to read: its label, what it cannot tell, and what it returns as plain JSON."""

    label: str
    caveat: str
    read: Callable[[Asked], dict[str, Any]]


def read_context(how: str, asked: Asked) -> dict[str, Any]:
    """Returns what one of READINGS finds, with step, timestep, caveat and `said`, the finding in a sentence.

    Raises ConfigError for a way that is none, and for a step outside the run.
    """
    require_choice("way to read", how, READINGS)
    require_range("step", asked.step, 0, asked.run.steps)
    if not asked.tasks:
        raise ConfigError("A reading needs at least one task; give an instruction or data.")
    told = {"step": asked.step, "timestep": int(asked.run.timesteps[asked.step]), "of": asked.of, "how": how}
    return told | {"caveat": READINGS[how].caveat} | READINGS[how].read(asked)


def tasks_for(run: Trajectory, count: int = TASKS) -> list[Task]:
    """Returns held-out tasks of our own; their answers are in the style that a run was asked for, if it is one of ours.

    Raises ConfigError for less than one.
    """
    from ddpt_core.steering.adherence import held_out_tasks

    return held_out_tasks(run.info.get("style", ""), require_range("limit", count, 1))


def _layers(asked: Asked) -> dict[str, Any]:
    from ddpt_core.interpret.layers import through_layers

    found = through_layers(asked.backbone, asked.context, asked.tasks[0].instruction, asked.k, asked.table)
    positions = found.as_json(asked.backbone.token_strings())
    return {"said": found.said, "note": found.note or None, "positions": positions}


def _effect(asked: Asked) -> dict[str, Any]:
    from ddpt_core.interpret.effect import effect_along, mean_interval

    texts, instructions = asked.backbone.token_strings(), [task.instruction for task in asked.tasks]
    found = effect_along(
        asked.run,
        asked.backbone,
        instructions,
        asked.of,
        step=asked.step,
        k=asked.k,
        table=asked.table,
        progress=asked.tell,
    )
    path: list[dict[str, Any]] = [
        {"step": int(step), "timestep": int(asked.run.timesteps[step]), "kl": float(kl.mean())}
        | {"kl_ci95": mean_interval(kl), "kl_to_end": float(to_end.mean()), "locked": float(locked)}
        for step, kl, to_end, locked in zip(
            found.steps, found.effect.kl, found.effect.to_last, found.locked, strict=True
        )
    ]
    place = found.steps.tolist().index(asked.step)
    here = path[place]
    told = {"said": found.said, "instructions": len(instructions), "kl": here["kl"], "kl_ci95": here["kl_ci95"]}
    told |= {"tokens": found.effect.tokens(place, texts), "path": path}
    return told | {"appears": found.appears, "locks_in": found.locks_in}


def _words(asked: Asked) -> dict[str, Any]:
    from ddpt_core.interpret.words import say_in_words

    (said,) = say_in_words(asked.backbone, asked.context[None], progress=lambda share: asked.tell(0.1 * share))
    rows = zip(said.frames, said.answers, said.named, strict=True)
    frames = [{"frame": frame, "answer": answer, "named": list(named)} for frame, answer, named in rows]
    if asked.prompt and asked.prompt not in asked.checks:
        asked.checks[asked.prompt] = _checked(asked)
    check = asked.checks[asked.prompt] if asked.prompt else None
    if check is None:
        verdict = "Whether these answers mean anything is not known: the prompt has no styles to measure it on."
    else:
        verdict = _verdict(check)
    return {"said": verdict, "frames": frames, "check": check}


def _checked(asked: Asked) -> dict[str, Any] | None:
    """Returns how often answers name the style of the prompt's own library, and of texts that name it; None without."""
    import torch

    from ddpt_core.interpret.words import check_words, say_in_words
    from ddpt_core.prompts.distribution import DistributionPrompt

    if not isinstance(asked.prompt, DistributionPrompt):
        return None
    styles = [style for style in asked.prompt.styles if style in STYLES]
    tuned = [(style, context) for style in styles for context in asked.prompt.tuned(style)[:TUNED]]
    if len(styles) < 2:
        return None
    contexts = torch.stack([context for _, context in tuned]).to(asked.backbone.device)
    length = contexts.shape[1]
    texts = torch.stack([asked.backbone.embed(STYLES[style].request, length) for style in styles])
    both = say_in_words(
        asked.backbone, torch.cat([contexts, texts]), styles, progress=lambda share: asked.tell(0.1 + 0.9 * share)
    )
    checks = {
        "prompts": check_words(both[: len(tuned)], [style for style, _ in tuned]),
        "texts": check_words(both[len(tuned) :], styles),
    }
    return {
        name: {"named": check.right, "answers": check.answers, "chance": check.chance, "p_value": check.p_value}
        | {"by_frame": check.by_frame, "above_chance": check.is_above_chance}
        for name, check in checks.items()
    }


def _verdict(check: dict[str, Any]) -> str:
    prompts, texts = check["prompts"], check["texts"]
    counted = (
        f"On the library's own prompts the right style is named in {prompts['named']} of {prompts['answers']} answers "
        f"(by chance {prompts['chance']:.3g}, p = {prompts['p_value']:.2g}), on texts that name it in {texts['named']} "
        f"of {texts['answers']}"
    )
    if prompts["above_chance"]:
        return f"{counted}: its answers tell something of a prompt."
    why = "though what texts say is" if texts["above_chance"] else "nor is what texts say"
    return f"{counted}: not told from chance, {why}; this model's answers are no evidence of what a prompt means."


def _ablation(asked: Asked) -> dict[str, Any]:
    from ddpt_core.interpret.ablation import ablate

    manual = asked.backbone.embed(asked.run.info["context"], asked.run.x.shape[1])
    weights = asked.run.info.get("style") or ""
    style = weights if weights in STYLES else ""
    found = ablate(asked.backbone, asked.context, manual, asked.tasks, style, asked.tell)
    return {"said": found.said, "manual_context": asked.run.info["context"]} | found.as_json()


READINGS: dict[str, Reading] = {
    "layers": Reading(
        "through the layers",
        "A layer's state is made for the layers after it, not for the head; early ones read by it may say nothing.",
        _layers,
    ),
    "effect": Reading(
        "what it does",
        "Only the first token of an answer is looked at; a prompt may act later in it.",
        _effect,
    ),
    "words": Reading(
        "in the model's words",
        "What a model says of a vector it never saw need not be what that vector does.",
        _words,
    ),
    "ablation": Reading(
        "which positions carry it",
        "One position is replaced at a time; what two carry together does not show.",
        _ablation,
    ),
}
