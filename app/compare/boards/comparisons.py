"""Comparisons: one instruction, the columns that answer it, and the examples to start from.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app.compare.boards.board import Card
from app.compare.boards.columns import Column, columns_of, contexts_of, seeds_of
from app.page.fields.typed_tests import check_limits, typed_statements
from app.page.numbers import COLLAPSED, generation_settings
from app.page.prompts import Prompts
from app.page.sources import Examples
from app.page.stream import Tell
from ddpt_core.arms import ALL_ARMS, ARMS, MANUAL, NONE, PROMPT_TUNING, arms_of
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import DataError

if TYPE_CHECKING:
    from ddpt_core.answering.arms import ArmContext
    from ddpt_core.backbone.frozen_lm import GenerationSettings


@dataclass(frozen=True)
class Question:
    """A task, the manual arm's context, how to write, DDPT's seeds, arm -> name of its prompt, and typed contexts.

    `style` and `guidance` are asked of the prompts that have styles. `note` is what a reader of the answers should
    know: that reference and tests are of another instruction.
    """

    task: Task
    context: str
    settings: GenerationSettings
    seeds: tuple[int, ...] = (0,)
    prompts: dict[str, str] = field(default_factory=dict)
    typed: tuple[str, ...] = ()
    note: str = ""
    style: str = ""
    guidance: float = 1.0

    def columns(self, arms: Sequence[str]) -> tuple[Column, ...]:
        """Returns the columns of these arms and of the typed contexts; raises ConfigError for none or too many."""
        return columns_of(arms_of(arms) if arms or not self.typed else (), self.seeds, self.typed, self.context)


class Comparisons:
    """Puts questions to the columns; `services` gives backbones, prompts and the lock around the model."""

    def __init__(self, services):
        self.services = services
        self.prompts = Prompts(services)

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
        style: str = "",
        guidance: Any = 1.0,
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
        steered = dict(zip(("style", "guidance"), self.prompts.steering(chosen, style, guidance), strict=True))
        return Question(task, before, how, seeds_of(seeds), chosen, contexts_of(typed), **steered)

    def ask(self, question: Question, column: Column, tell: Tell) -> Card:
        """Returns what the column answers; one without a prompt that fits is not run, and says why.

        The tests run after the model is free again: they may take their ten seconds.
        """
        from ddpt_core.answering.arms import tested

        (card,) = self.written(question, column, [question.task], tell, 0.0, (1.0, "Writing code…"))
        if card.result.code is not None and question.task.tests:
            tell(1.0, "Running the tests…")
        return replace(card, result=tested(card.result, question.task))

    def written(
        self,
        question: Question,
        column: Column,
        tasks: Sequence[Task],
        tell: Tell,
        begun: float,
        at: tuple[float, str],
    ) -> list[Card]:
        """Returns what the column writes to each of the tasks in place of the question's own; no tests are run.

        `begun` is the share that is done before, `at` what is told when all is there to write.
        """
        from ddpt_core.answering.arms import answered

        with self.services.model(tell):
            tell(begun, "Loading the model…")
            backbone = self.services.backbone(self.prompts.backbone_of(question.prompts))
            arm, about = self.arm(question, backbone, column, tell)
            if arm.runs:
                tell(*at)
            results = answered(backbone, arm, tasks, question.settings)
        return [Card(column, result, about) for result in results]

    def ask_all(self, question: Question, tell: Tell, arms: Sequence[str] = ARMS) -> dict[str, Any]:
        """Returns the question and each column's result as plain JSON, as `python -m ddpt_core compare --json` does."""
        columns = question.columns(arms)
        results = [self.ask(question, column, tell).result for column in columns]
        return described(question, columns) | {"arms": [asdict(result) for result in results]}

    def arm(self, question: Question, backbone, column: Column, tell: Tell) -> tuple[ArmContext, str]:
        """Returns the column's arm, under the column's key, with its context (P, D), and the context in words."""
        from ddpt_core.answering.arms import ArmContext, make_arm

        name = column.arm
        prompt = self.prompts.load(question.prompts, name, backbone) if ALL_ARMS[name].method else None
        try:
            asked = (question.style, question.guidance)
            arm = make_arm(backbone, name, prompt, column.context, column.seed or 0, tell, *asked)
        except DataError as error:
            if not column.typed:
                raise
            arm = ArmContext(name, None, str(error))
        return replace(arm, name=column.key), _about(column, prompt, arm, question)


def described(question: Question, columns: Sequence[Column]) -> dict[str, Any]:
    """Returns what was asked, and of which columns, as plain JSON."""
    return {
        "instruction": question.task.instruction,
        "manual_context": question.context,
        "seed": question.seeds[0],
        "seeds": list(question.seeds),
        **({"style": question.style, "guidance": question.guidance} if question.style else {}),
        "settings": asdict(question.settings),
        "columns": [column.as_json() for column in columns],
    }


def _about(column: Column, prompt: Any, arm: ArmContext, question: Question) -> str:
    """Returns in words which context an arm has; `prompt` is what it was made of, or says why there is none."""
    if column.arm == NONE:
        return "nothing stands before the instruction"
    given = 0 if arm.context is None else len(arm.context)
    if column.arm == MANUAL:
        return f"“{column.context}”" + (f" · {given} token{'s' * (given != 1)}" if arm.runs else "")
    if not arm.runs:
        return ""
    of = ALL_ARMS[column.arm]
    if not of.sampled:
        learned = "learned directly" if of.method == PROMPT_TUNING else "made once, without noise or timestep"
        return f"{given} vectors {learned} ({prompt.name})"
    if "clusters" in prompt.info:
        return f"{given} vectors denoised from noise under the instruction, seed {column.seed or 0:,} ({prompt.name})"
    steps, spread = prompt.schedule.timesteps, prompt.info.get("metrics", {}).get("seed_spread")
    collapsed = spread is not None and spread < COLLAPSED
    said = f"{given} vectors denoised from noise in {steps:,} steps, seed {column.seed or 0:,} ({prompt.name})"
    if prompt.styles:
        said += f", style {question.style} at guidance {question.guidance:g}" if question.style else ", no style asked"
    return said + "; all seeds end in nearly the same place" * collapsed
