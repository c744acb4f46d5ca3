"""The arms of a comparison: no context, or that of a manual or a learned prompt, before the same instruction."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import torch

from ddpt_core.answering.code import code_of
from ddpt_core.arms import ALL_ARMS, ARMS, MANUAL, NONE
from ddpt_core.backbone import registry
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.programs import program_of
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import DataError
from ddpt_core.metrics.execution import Execution, execute_task
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.prompts.prompt import Prompt
from ddpt_core.settings import DEFAULT_CONTEXT, PROMPT_FILE, GenerationSettings

MOST_MANUAL_TOKENS = 256  # room for a few worked examples


@dataclass(frozen=True)
class Arm:
    """A name and its context (P, D), None for the arm without one; `missing` says why an arm is not run.

    `seconds` is what making the context took: for DDPT the whole reverse process.
    """

    name: str
    context: torch.Tensor | None
    missing: str = ""
    seconds: float = 0.0

    @property
    def runs(self) -> bool:
        """Whether there is what the arm needs."""
        return not self.missing


@dataclass(frozen=True)
class ArmResult:
    """The code that one arm leads to, with its figures; code is None for an arm that was not run (`missing` says why).

    seconds: of generation; tokens: generated; metrics: {metric: value or None} as text_metrics.score gives them, only
    valid_python without a reference; execution: of the tests, None without tests; answer: what was written, out of
    which the code is cut (see code_of), None for an arm that was not run.
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
    prompts: dict[str, Prompt],
    manual_context: str | None = None,
    seed: int = 0,
    names: Sequence[str] = ARMS,
) -> list[Arm]:
    """Returns the arms of `names` in their order; the manual context is by default the one the prompts started from.

    It stands there as it is written, as many positions as it has tokens. Raises DataError for one that is too long.
    """
    first = next(iter(prompts.values()), None)
    arms = []
    for name in names:
        start = time.monotonic()
        context = None
        if name == MANUAL:
            text = manual_context or (first.context_text if first else DEFAULT_CONTEXT)  # "" asks for the default
            context = manual(backbone, text)
        elif name in prompts:
            context = final_context(prompts[name], seed)
        elif name != NONE:
            arms.append(Arm(name, None, f"no {name} prompt of the backbone {backbone.name!r} was given"))
            continue
        arms.append(Arm(name, context, seconds=time.monotonic() - start))
    return arms


def manual(backbone: FrozenLM, text: str) -> torch.Tensor:
    """Returns the context (P, D) of a text, P its tokens; raises DataError for more than MOST_MANUAL_TOKENS."""
    count = len(backbone.token_ids(text))
    if count > MOST_MANUAL_TOKENS:
        raise DataError(f"A manual context must have at most {MOST_MANUAL_TOKENS} tokens, got {count:,}; shorten it.")
    return backbone.embed(text)


@lru_cache(maxsize=32)
def final_context(prompt: Prompt, seed: int) -> torch.Tensor:
    """Returns the prompt's final context; a DDPT run of 2000 steps is made once per prompt and seed."""
    return prompt.final_context(seed)


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
    progress: Callable[[float, str], None] | None = None,
) -> list[ArmResult]:
    """Returns the code of each arm for one instruction, with metrics against `reference` and outcomes of `tests`.

    `prompts` as choose_prompts gives them, by default the embedded ones. Raises DataError for a bad instruction or
    context before anything runs.
    """
    task = Task("own", check_instruction(instruction), reference or "", tuple(tests), setup)
    chosen = choose_prompts(backbone) if prompts is None else prompts
    tell = progress or (lambda fraction, text: None)
    tell(0.0, "Making the contexts…")
    arms = make_arms(backbone, chosen, manual_context, seed, names)
    results = []
    for i, arm in enumerate(arms):
        tell((i + 1) / (len(arms) + 1), f"Writing code: {arm.name}…")
        results.append(run_arm(backbone, arm, task, settings))
    return results


def run_arm(backbone: FrozenLM, arm: Arm, task: Task, settings: GenerationSettings | None = None) -> ArmResult:
    """Returns what the backbone writes for one task under one arm, judged."""
    from ddpt_core.metrics.text_metrics import score

    if not arm.runs:
        return ArmResult(arm.name, None, missing=arm.missing)
    start = time.monotonic()
    (written,) = backbone.generate(arm.context, [task.instruction], settings)
    seconds = time.monotonic() - start
    code = code_of(written.text, task)
    metrics = score([code], [task.reference])
    program = program_of(code, task)
    execution = execute_task(program, task) if task.tests else None
    return ArmResult(arm.name, code, seconds, written.tokens, metrics, execution, answer=written.text)
