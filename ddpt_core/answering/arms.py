"""The arms of a comparison: no context, or that of a manual or a learned prompt, before the same instruction."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from ddpt_core.answering.writing import write_all
from ddpt_core.arms import ALL_ARMS, ARMS, MANUAL, NONE
from ddpt_core.backbone import registry
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.programs import program_of
from ddpt_core.data.styles import weights_of
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.diffusion.sampler import sample
from ddpt_core.errors import DataError
from ddpt_core.metrics.execution import Execution, execute_task
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.prompts.ddpt import DDPTPrompt
from ddpt_core.prompts.instructed import InstructedContext, InstructedPrompt
from ddpt_core.prompts.prompt import Prompt
from ddpt_core.settings import DEFAULT_CONTEXT, PROMPT_FILE, GenerationSettings

MOST_MANUAL_TOKENS = 256  # room for a few worked examples
KEPT_CONTEXTS = 32  # final contexts of DDPT prompts
TOLD_EVERY = 20  # steps of the reverse process between two notes
Tell = Callable[[float, str], None]

_kept: OrderedDict[tuple[Prompt, int, str, float], torch.Tensor] = OrderedDict()  # of prompt, seed, style, guidance


@dataclass(frozen=True)
class ArmContext:
    """A name and its context (P, D), None for the arm without one; `missing` says why an arm is not run.

    Where each instruction has a context of its own, `context` is what makes them; `of` returns either kind.
    """

    name: str
    context: torch.Tensor | InstructedContext | None
    missing: str = ""

    def of(self, tasks: Sequence[Task]) -> torch.Tensor | None:
        """Returns the context (P, D) of all tasks, (tasks, P, D) for one each, or None."""
        return self.context(tasks) if isinstance(self.context, InstructedContext) else self.context

    @property
    def runs(self) -> bool:
        """Whether there is what the arm needs."""
        return not self.missing


@dataclass(frozen=True)
class ArmResult:
    """The code that one arm leads to, with its figures; code is None for an arm that was not run (`missing` says why).

    seconds: of generation, None for several at once; tokens: generated; metrics: {metric: value or None} as
    text_metrics.score gives them, only valid_python without a reference; execution: of the tests, None without tests;
    answer: what was written, out of which the code is cut (see code_of), None for an arm that was not run.
    """

    name: str
    code: str | None
    seconds: float | None = None
    tokens: int | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    execution: Execution | None = None
    missing: str = ""
    answer: str | None = None


def choose_prompts(backbone: FrozenLM, sources: Sequence[str | Path] = ()) -> dict[str, Prompt]:
    """Returns arm -> prompt: the embedded ones if the backbone is, each replaced by one of `sources` of its arm.

    An embedded prompt that is not there is left out, and its arm is not run. Raises ArtifactError for a prompt that
    is there but cannot be used.
    """
    embedded = [registry.ASSETS / "prompts" / name for name in ALL_ARMS]
    there = [folder for folder in embedded if (folder / PROMPT_FILE).is_file() and backbone.name == registry.DEFAULT]
    prompts = [load_prompt(source, backbone) for source in (*there, *sources)]
    return {prompt.arm: prompt for prompt in prompts}


def make_arms(
    backbone: FrozenLM,
    prompts: Mapping[str, Prompt | str],
    manual_context: str | None = None,
    seed: int = 0,
    names: Sequence[str] = ARMS,
    style: str = "",
    guidance: float = 1.0,
) -> list[ArmContext]:
    """Returns the arms of `names` in their order; the manual context is by default the one the prompts started from.

    In place of a prompt may stand why there is none. `style` and `guidance` (see `sample`) are for the prompts that
    have styles. Raises DataError for a manual context that is too long, ConfigError for a style that none has.
    """
    if style and not any(steerable(prompts.get(name)) for name in names):
        weights_of(style, ())
    texts = [prompt.context_text for prompt in prompts.values() if not isinstance(prompt, str)]
    text = manual_context or next(iter(texts), DEFAULT_CONTEXT)  # "" asks for the default
    return [make_arm(backbone, name, prompts.get(name), text, seed, None, style, guidance) for name in names]


def steerable(prompt: Prompt | str | None) -> bool:
    """Returns whether a style can be asked of a prompt."""
    return isinstance(prompt, DDPTPrompt) and bool(prompt.styles)


def make_arm(
    backbone: FrozenLM,
    name: str,
    prompt: Prompt | str | None,
    text: str,
    seed: int = 0,
    tell: Tell | None = None,
    style: str = "",
    guidance: float = 1.0,
) -> ArmContext:
    """Returns one arm: the manual one is of `text`, one that learns of `prompt` and, if it is sampled, of `seed`.

    A text stands there as it is written, as many positions as it has tokens; raises DataError for one that is too
    long. A prompt that is a sentence says why there is none. `tell` hears of the reverse process. A prompt without
    styles is not asked for one.
    """
    if name == NONE:
        return ArmContext(name, None)
    if name == MANUAL:
        return ArmContext(name, manual(backbone, text))
    if isinstance(prompt, InstructedPrompt):
        return ArmContext(name, InstructedContext(prompt, backbone, seed))
    if isinstance(prompt, Prompt):
        steered = (style, guidance) if steerable(prompt) else ("", 1.0)
        return ArmContext(name, final_context(prompt, seed, tell, *steered))
    return ArmContext(name, None, prompt or f"no {name} prompt of the backbone {backbone.name!r} was given")


def manual(backbone: FrozenLM, text: str) -> torch.Tensor:
    """Returns the context (P, D) of a text, P its tokens; raises DataError for more than MOST_MANUAL_TOKENS."""
    count = len(backbone.token_ids(text))
    if count > MOST_MANUAL_TOKENS:
        raise DataError(f"A manual context must have at most {MOST_MANUAL_TOKENS} tokens, got {count:,}; shorten it.")
    return backbone.embed(text)


def final_context(
    prompt: Prompt, seed: int = 0, tell: Tell | None = None, style: str = "", guidance: float = 1.0
) -> torch.Tensor:
    """Returns the prompt's final context; a DDPT run of 2000 steps is made once for the same arguments, and kept."""
    if not isinstance(prompt, DDPTPrompt):
        return prompt.final_context()
    made = (prompt, seed, style, guidance)
    context = _kept.get(made)
    if context is None:
        context = _kept[made] = denoised(prompt, seed, tell=tell, style=style, guidance=guidance)
    _kept.move_to_end(made)
    while len(_kept) > KEPT_CONTEXTS:
        _kept.popitem(last=False)
    return context


def denoised(
    prompt: DDPTPrompt,
    seed: int,
    scheduler: str = "ddpm",
    steps: int | None = None,
    tell: Tell | None = None,
    style: str = "",
    guidance: float = 1.0,
) -> torch.Tensor:
    """Returns the context (P, D) that a reverse run of `steps` steps (default T) ends on; see `sample`."""
    steps = steps or prompt.schedule.timesteps
    for step in sample(prompt, steps, seed, scheduler, style, guidance):
        if tell and step.index % TOLD_EVERY == 0:
            tell(step.index / steps, f"Denoising the context, step {step.index:,} of {steps:,}")
    return step.context


def compare(
    instruction: str,
    reference: str | None = None,
    tests: Sequence[str] = (),
    setup: str = "",
    *,
    backbone: FrozenLM,
    prompts: dict[str, Prompt] | None = None,
    manual_context: str | None = None,
    seed: int = 0,
    names: Sequence[str] = ARMS,
    settings: GenerationSettings | None = None,
    progress: Tell | None = None,
    style: str = "",
    guidance: float = 1.0,
) -> list[ArmResult]:
    """Returns the code of each arm for one instruction, with metrics against `reference` and outcomes of `tests`.

    `prompts` as choose_prompts gives them, by default the embedded ones; `style` and `guidance` as for make_arms.
    Raises DataError for a bad instruction or context before anything runs.
    """
    task = Task("own", check_instruction(instruction), reference or "", tuple(tests), setup)
    chosen = choose_prompts(backbone) if prompts is None else prompts
    tell = progress or (lambda fraction, text: None)
    tell(0.0, "Making the contexts…")
    arms = make_arms(backbone, chosen, manual_context, seed, names, style, guidance)
    results = []
    for i, arm in enumerate(arms):
        tell((i + 1) / (len(arms) + 1), f"Writing code: {arm.name}…")
        results.append(run_arm(backbone, arm, task, settings))
    return results


def run_arm(backbone: FrozenLM, arm: ArmContext, task: Task, settings: GenerationSettings | None = None) -> ArmResult:
    """Returns what the backbone writes for one task under one arm, judged, its tests run."""
    (result,) = answered(backbone, arm, [task], settings)
    return tested(result, task)


def answered(
    backbone: FrozenLM, arm: ArmContext, tasks: Sequence[Task], settings: GenerationSettings | None = None
) -> list[ArmResult]:
    """Returns what the backbone writes for each task under one arm, each judged by itself; no tests are run.

    The seconds of answers that are written together are not known one by one, and None.
    """
    from ddpt_core.metrics.statistics import score_of
    from ddpt_core.metrics.text_metrics import METRICS, item_statistics

    if not arm.runs:
        return [ArmResult(arm.name, None, missing=arm.missing)] * len(tasks)
    start = time.monotonic()
    answers = write_all(backbone, arm.of(tasks), tasks, settings)
    seconds = time.monotonic() - start if len(tasks) == 1 else None
    items = item_statistics([answer.code for answer in answers], [task.reference for task in tasks])
    results = []
    for i, one in enumerate(answers):
        metrics = {name: score_of(items[name][i : i + 1], metric.sums.reduce) for name, metric in METRICS.items()}
        results.append(ArmResult(arm.name, one.code, seconds, one.tokens, metrics, answer=one.text))
    return results


def tested(result: ArmResult, task: Task) -> ArmResult:
    """Returns the result with what became of the task's tests; as it is without tests, or if the arm was not run."""
    if result.code is None or not task.tests:
        return result
    return replace(result, execution=execute_task(program_of(result.code, task), task))
