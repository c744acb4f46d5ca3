"""Comparisons: one instruction, the columns that answer it, and the examples to start from.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app.compare.boards.columns import Column, columns_of, contexts_of, seeds_of
from app.page.examples import Examples
from app.page.fields.typed_tests import check_limits, typed_statements
from app.page.numbers import COLLAPSED, generation_settings
from app.page.prompts import Prompts
from app.page.stream import Tell
from ddpt_core.arms import ARMS, MANUAL, NONE, PROMPT_TUNING, RESIDUAL, arms_of
from ddpt_core.data.programs import program_of
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import DataError

if TYPE_CHECKING:
    from ddpt_core.answering.arms import Arm, ArmResult
    from ddpt_core.backbone.frozen_lm import GenerationSettings

KEPT_CONTEXTS = 32  # final contexts of DDPT prompts that are kept, one for each prompt and seed
TOLD_EVERY = 20  # steps of the reverse process between two notes


@dataclass(frozen=True)
class Question:
    """A task, the manual arm's context, how to write, DDPT's seeds, arm -> name of its prompt, and typed contexts.

    `note` is what a reader of the answers should know: that reference and tests are of another instruction.
    """

    task: Task
    context: str
    settings: GenerationSettings
    seeds: tuple[int, ...] = (0,)
    prompts: dict[str, str] = field(default_factory=dict)
    typed: tuple[str, ...] = ()
    note: str = ""

    def columns(self, arms: Sequence[str]) -> tuple[Column, ...]:
        """Returns the columns of these arms and of the typed contexts; raises ConfigError for none or too many."""
        return columns_of(arms_of(arms) if arms or not self.typed else (), self.seeds, self.typed, self.context)


@dataclass(frozen=True)
class Answer:
    """What one column gave: its result, named by the column's key, and in words which context it had."""

    result: ArmResult
    about: str = ""


class Comparisons:
    """Puts questions to the columns; `services` gives backbones, prompts and the lock around the model."""

    def __init__(self, services):
        self.services = services
        self.prompts = Prompts(services)
        self._contexts: OrderedDict[tuple[Any, int], Any] = OrderedDict()  # (prompt, seed) -> (P, D)

    @property
    def examples(self) -> dict[str, Task]:
        """The example tasks by id."""
        return self.services.of(Examples).tasks

    def question(
        self,
        instruction: str,
        reference: str = "",
        setup: str = "",
        tests: str | list[str] | None = "",
        context: str = "",
        seeds: Any = 0,
        prompts: dict[str, str] | None = None,
        typed: Any = (),
        **settings: Any,
    ) -> Question:
        """Returns the question; raises DDPTError for what no arm could answer. Only chosen prompts are named in it.

        `seeds` and `typed` are what seeds_of and contexts_of take.
        """
        statements = tuple(typed_statements(tests) if isinstance(tests, str) else tests or ())
        check_limits(reference or "", setup or "", statements)
        task = Task("own", check_instruction(instruction or ""), (reference or "").strip(), statements, setup or "")
        chosen = {arm: name for arm, name in (prompts or {}).items() if name}
        before = (context or "").strip() or self.prompts.started_from(chosen)
        how = generation_settings(**settings)
        return Question(task, before, how, seeds_of(seeds), chosen, contexts_of(typed))

    def ask(self, question: Question, column: Column, tell: Tell) -> Answer:
        """Returns what the column answers; one without a prompt that fits is not run, and says why.

        The tests run after the model is free again: they may take their ten seconds.
        """
        from ddpt_core.answering.arms import run_arm
        from ddpt_core.metrics.execution import execute

        with self.services.model(tell):
            tell(0.0, "Loading the model…")
            backbone = self.services.backbone(self.prompts.backbone_of(question.prompts))
            arm, about = self.arm(question, backbone, column, tell)
            tell(1.0, "Writing code…")
            result = run_arm(backbone, arm, replace(question.task, tests=()), question.settings)
        if result.code is not None and question.task.tests:
            tell(1.0, "Running the tests…")
            program = program_of(result.code, question.task)
            run = execute(program, question.task.tests, setup=question.task.setup)
            result = replace(result, execution=run)
        return Answer(result, about)

    def ask_all(self, question: Question, tell: Tell, arms: Sequence[str] = ARMS) -> dict[str, Any]:
        """Returns the question and each column's result as plain JSON, as `python -m ddpt_core compare --json` does."""
        columns = question.columns(arms)
        results = [self.ask(question, column, tell).result for column in columns]
        return described(question, columns) | {"arms": [asdict(result) for result in results]}

    def arm(self, question: Question, backbone, column: Column, tell: Tell) -> tuple[Arm, str]:
        """Returns the column's arm with its context (P, D), and the context in words."""
        from ddpt_core.answering.arms import Arm

        name = column.arm
        if name == NONE:
            return Arm(name, None), "nothing stands before the instruction"
        if name == MANUAL:
            try:
                return self._of_text(question, backbone, column)
            except DataError as error:
                if not column.typed:
                    raise
                return Arm(column.key, None, str(error)), _quoted(column.context)
        prompt = self.prompts.load(question.prompts, name, backbone)
        if isinstance(prompt, str):
            return Arm(column.key, None, prompt), ""
        if name in (PROMPT_TUNING, RESIDUAL):
            context = prompt.final_context()
            learned = "learned directly" if name == PROMPT_TUNING else "made once, without noise or timestep"
            return Arm(name, context), f"{len(context)} vectors {learned} ({prompt.name})"
        seed, steps = column.seed or 0, prompt.schedule.timesteps
        context = self._denoised(prompt, seed, tell)
        about = f"{len(context)} vectors denoised from noise in {steps:,} steps, seed {seed:,} ({prompt.name})"
        spread = prompt.info.get("metrics", {}).get("seed_spread")
        collapsed = spread is not None and spread < COLLAPSED
        return Arm(column.key, context), about + "; all seeds end in nearly the same place" * collapsed

    def _of_text(self, question: Question, backbone, column: Column) -> tuple[Arm, str]:
        """Returns the arm of a text as the core makes it."""
        from ddpt_core.answering.arms import make_arms

        (arm,) = make_arms(backbone, {}, column.context, names=(MANUAL,))
        given = len(arm.context)
        return replace(arm, name=column.key), f"{_quoted(column.context)} · {given} token{'s' * (given != 1)}"

    def _denoised(self, prompt, seed: int, tell: Tell) -> Any:
        """Returns the end (P, D) of a run with every step; it is kept for the next question."""
        from ddpt_core.diffusion.sampler import sample

        key, steps = (prompt, seed), prompt.schedule.timesteps
        if key not in self._contexts:
            for step in sample(prompt, steps, seed):
                if step.index % TOLD_EVERY == 0:
                    tell(step.index / steps, f"Denoising the context, step {step.index:,} of {steps:,}")
            self._contexts[key] = step.context
        self._contexts.move_to_end(key)
        if len(self._contexts) > KEPT_CONTEXTS:
            self._contexts.popitem(last=False)
        return self._contexts[key]


def described(question: Question, columns: Sequence[Column]) -> dict[str, Any]:
    """Returns what was asked, and of which columns, as plain JSON."""
    return {
        "instruction": question.task.instruction,
        "manual_context": question.context,
        "seed": question.seeds[0],
        "seeds": list(question.seeds),
        "settings": asdict(question.settings),
        "columns": [column.as_json() for column in columns],
    }


def _quoted(text: str) -> str:
    return f"“{text}”"
