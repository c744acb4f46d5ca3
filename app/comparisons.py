"""Comparisons: one instruction, the arms that answer it, and the examples to start from.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.arms import arms_of
from app.numbers import generation_settings, whole
from app.progress import Tell
from app.prompts import Prompts
from app.typed_tests import check_limits, typed_statements
from ddpt_core.backbone import registry
from ddpt_core.data.programs import program_of
from ddpt_core.data.readers import load_tasks
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.tuning.arm_names import ARMS, MANUAL, NONE, PROMPT_TUNING, RESIDUAL

if TYPE_CHECKING:
    from ddpt_core.backbone.frozen_lm import GenerationSettings
    from ddpt_core.evaluation.arms import Arm, ArmResult

KEPT_CONTEXTS = 32  # final contexts of DDPT prompts that are kept, one for each prompt and seed
COLLAPSED = 0.01  # spread over seeds, in standard deviations of the vocabulary, below which the seed hardly matters
TOLD_EVERY = 20  # steps of the reverse process between two notes


@dataclass(frozen=True)
class Question:
    """A task, the manual arm's context, DDPT's seed, arm -> name of its prompt, and how to write.

    `note` is what a reader of the answers should know: that reference and tests are of another instruction.
    """

    task: Task
    context: str
    settings: GenerationSettings
    seed: int = 0
    prompts: dict[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """What one arm gave: its result, and in words which context it had."""

    result: ArmResult
    about: str = ""


class Comparisons:
    """Puts questions to the arms; `services` gives backbones, prompts and the lock around the model."""

    def __init__(self, services):
        self.services = services
        self.prompts = Prompts(services)
        self._contexts: OrderedDict[tuple[Any, int], Any] = OrderedDict()  # (prompt, seed) -> (P, D)

    @cached_property
    def examples(self) -> dict[str, Task]:
        """The example tasks by id, in the order of their file; none without that file."""
        path = registry.ASSETS / "examples" / "examples.jsonl"
        return {task.id: task for task in load_tasks(path)} if path.is_file() else {}

    def question(
        self,
        instruction: str,
        reference: str = "",
        setup: str = "",
        tests: str | list[str] | None = "",
        context: str = "",
        seed: Any = 0,
        prompts: dict[str, str] | None = None,
        **settings: Any,
    ) -> Question:
        """Returns the question; raises DDPTError for what no arm could answer. Only chosen prompts are named in it."""
        statements = tuple(typed_statements(tests) if isinstance(tests, str) else tests or ())
        check_limits(reference or "", setup or "", statements)
        task = Task("own", check_instruction(instruction or ""), (reference or "").strip(), statements, setup or "")
        chosen = {arm: name for arm, name in (prompts or {}).items() if name}
        how = generation_settings(**settings)
        return Question(
            task, (context or "").strip() or self.prompts.started_from(chosen), how, whole("Seed", seed), chosen
        )

    def ask(self, question: Question, name: str, tell: Tell) -> Answer:
        """Returns what the arm `name` answers; an arm without a prompt that fits is not run, and says why.

        The tests run after the model is free again: they may take their ten seconds.
        """
        from ddpt_core.evaluation.arms import run_arm
        from ddpt_core.evaluation.execution import execute

        with self.services.model(tell):
            tell(0.0, "Loading the model…")
            backbone = self.services.backbone(self.prompts.backbone_of(question.prompts))
            arm, about = self._arm(question, backbone, name, tell)
            tell(1.0, "Writing code…")
            result = run_arm(backbone, arm, replace(question.task, tests=()), question.settings)
        if result.code is not None and question.task.tests:
            tell(1.0, "Running the tests…")
            program = program_of(result.code, question.task)
            run = execute(program, question.task.tests, setup=question.task.setup)
            result = replace(result, execution=run)
        return Answer(result, about)

    def ask_all(self, question: Question, tell: Tell, arms: Sequence[str] = ARMS) -> dict[str, Any]:
        """Returns the question and each arm's result as plain JSON, as `python -m ddpt_core compare --json` does."""
        results = [self.ask(question, name, tell).result for name in arms_of(arms)]
        said = {"instruction": question.task.instruction, "manual_context": question.context, "seed": question.seed}
        return said | {"settings": asdict(question.settings), "arms": [asdict(result) for result in results]}

    def _arm(self, question: Question, backbone, name: str, tell: Tell) -> tuple[Arm, str]:
        """Returns the arm with its context (P, D), and the context in words."""
        from ddpt_core.evaluation.arms import Arm, make_arms

        if name == NONE:
            return Arm(name, None), "nothing stands before the instruction"
        if name == MANUAL:
            loaded = (self.prompts.load(question.prompts, arm, backbone) for arm in question.prompts)
            first = next((prompt for prompt in loaded if not isinstance(prompt, str)), None)
            known = {} if first is None else {first.arm: first}  # it gives the length
            (arm,) = make_arms(backbone, known, question.context, names=(MANUAL,))
            return arm, f"“{question.context}”"
        prompt = self.prompts.load(question.prompts, name, backbone)
        if isinstance(prompt, str):
            return Arm(name, None, prompt), ""
        if name in (PROMPT_TUNING, RESIDUAL):
            context = prompt.final_context()
            learned = "learned directly" if name == PROMPT_TUNING else "made once, without noise or timestep"
            return Arm(name, context), f"{len(context)} vectors {learned} ({prompt.name})"
        steps = prompt.schedule.timesteps
        context = self._denoised(prompt, question.seed, tell)
        about = f"{len(context)} vectors denoised from noise in {steps:,} steps, seed {question.seed:,} ({prompt.name})"
        spread = prompt.info.get("metrics", {}).get("seed_spread")
        collapsed = spread is not None and spread < COLLAPSED
        return Arm(name, context), about + "; all seeds end in nearly the same place" * collapsed

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
