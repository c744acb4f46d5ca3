"""Evaluations: what is to be evaluated, with limits for a page that strangers use, and what each session got.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.page.fields.typed_tests import check_limits
from app.page.numbers import generation_settings, number, whole
from app.page.prompts import Prompts
from app.page.services import WAITING
from app.page.stream import Tell
from app.page.uploads import TaskFile
from ddpt_core.arms import ALL_ARMS, ARMS, arms_of, trained_arms
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError, require_range
from ddpt_core.settings import METRICS_FILE, PREDICTIONS

if TYPE_CHECKING:
    from ddpt_core.backbone.frozen_lm import GenerationSettings

MAX_EVALUATED = 500  # tasks of one evaluation
MAX_SAMPLES = 50
MAX_ANSWERS = 6_000  # tasks x arms x samples
MAX_SECONDS = 1_200
TIMEOUT = 5.0  # seconds of one program; as long again for each that hangs is too long for a page
KEPT = 40  # evaluations whose files are kept, one of each session, newest last
ELSEWHERE = "python -m ddpt_core evaluate has no such limit"


@dataclass(frozen=True)
class Wanted:
    """What is to be evaluated; `prompts` is arm -> name of the chosen prompt, `tests` None without tests."""

    source: str
    tasks: tuple[Task, ...]
    arms: tuple[str, ...]
    prompts: dict[str, str]
    context: str
    seed: int
    settings: GenerationSettings
    tests: dict[str, Any] | None
    style: str = ""
    guidance: float = 1.0


@dataclass(frozen=True)
class Evaluation:
    """A finished evaluation: its folder with metrics.json and predictions.jsonl, and its tasks by id."""

    folder: Path
    tasks: dict[str, Task]

    @cached_property
    def report(self) -> dict[str, Any]:
        """The content of metrics.json."""
        return json.loads(self.metrics.read_text(encoding="utf-8"))

    @property
    def metrics(self) -> Path:
        """The path of metrics.json."""
        return self.folder / METRICS_FILE

    @property
    def predictions(self) -> Path:
        """The path of predictions.jsonl."""
        return self.folder / PREDICTIONS

    def rows(self) -> list[dict[str, Any]]:
        """Returns the rows of predictions.jsonl, in their order."""
        with self.predictions.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def delete(self) -> None:
        """Deletes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Evaluations:
    """Runs evaluations and keeps the last of each session; `services` gives backbones, prompts and the turns."""

    def __init__(self, services):
        self.services = services
        self.prompts = Prompts(services)
        self._kept: OrderedDict[str | None, Evaluation] = OrderedDict()
        self._lock = threading.Lock()
        self._root = tempfile.TemporaryDirectory(prefix="ddpt-evaluations-")

    def wanted(
        self,
        file: TaskFile,
        arms: Sequence[str] = ARMS,
        limit: Any = None,
        prompts: dict[str, str] | None = None,
        context: str = "",
        seed: Any = 0,
        tests: bool = True,
        samples: Any = 1,
        temperature: Any = None,
        k: Sequence[Any] = (1,),
        style: str = "",
        guidance: Any = 1.0,
        **settings: Any,
    ) -> Wanted:
        """Returns what is to be evaluated; raises DDPTError for what cannot be, before anything is loaded."""
        from ddpt_core.answering.unit_tests import UnitTests

        names = arms_of(arms)
        count = len(file.tasks) if limit is None else require_range("Tasks", whole("Tasks", limit), 1, MAX_EVALUATED)
        tasks = tuple(file.tasks.values())[: min(count, MAX_EVALUATED)]
        for task in tasks:
            try:
                check_limits(task.reference, task.setup, task.tests)
            except DataError as error:
                raise DataError(f"Task {task.id}: {error}") from None
        drawn = require_range("Samples", whole("Samples", samples), 1, MAX_SAMPLES) if tests else 1
        answers = len(tasks) * len(names) * drawn
        if answers > MAX_ANSWERS:
            raise ConfigError(
                f"Tasks times arms times samples must be at most {MAX_ANSWERS:,}, got {answers:,}; choose fewer of one "
                f"({ELSEWHERE})."
            )
        plan = None
        if tests:
            heat = None if temperature is None else number("Temperature", temperature)
            plan = {"samples": drawn, "temperature": heat, "k": tuple(whole("k", one) for one in k)}
            UnitTests(**plan)
        how = generation_settings(**settings)
        chosen = {arm: name for arm, name in (prompts or {}).items() if name}
        before = (context or "").strip() or self.prompts.started_from(chosen)
        steering = self.prompts.steering(chosen, style, guidance)
        return Wanted(file.name, tasks, names, chosen, before, whole("Seed", seed), how, plan, *steering)

    def run(self, wanted: Wanted, tell: Tell) -> Evaluation:
        """Returns the evaluation once its files are written; whatever stops it leaves nothing behind.

        Others who wait for the model have their turn at every note of the progress.
        """
        folder = Path(tempfile.mkdtemp(dir=self._root.name))
        try:
            with self.services.model(tell):
                self._run(wanted, folder, self._courteous(tell))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return Evaluation(folder, {task.id: task for task in wanted.tasks})

    def _run(self, wanted: Wanted, folder: Path, tell: Tell) -> None:
        from ddpt_core.answering.evaluate import evaluate
        from ddpt_core.metrics.execution import Limits

        tell(0.0, "Loading the model…")
        backbone = self.services.backbone(self.prompts.backbone_of(wanted.prompts))
        loaded = {arm: self.prompts.load(wanted.prompts, arm, backbone) for arm in wanted.arms if arm in trained_arms()}
        prompts = {arm: one.rstrip(".") if isinstance(one, str) else one for arm, one in loaded.items()}
        data = folder / _file_name(wanted.source)
        data.write_text("".join(json.dumps(asdict(task)) + "\n" for task in wanted.tasks), encoding="utf-8")
        tell(0.0, "Making the contexts…")
        evaluate(
            data,
            folder,
            backbone=backbone,
            prompts=prompts,
            names=wanted.arms,
            manual_context=wanted.context,
            seed=wanted.seed,
            style=wanted.style,
            guidance=wanted.guidance,
            settings=wanted.settings,
            progress=tell,
            **({"tests": True, "limits": Limits(timeout=TIMEOUT), **wanted.tests} if wanted.tests else {}),
        )
        data.unlink()

    def _courteous(self, tell: Tell) -> Tell:
        """Returns `tell` that lets others at the model between two notes, and ends what takes too long."""
        end = time.monotonic() + MAX_SECONDS

        def told(share: float, text: str) -> None:
            said = _in_words(text)
            tell(share, said)
            if time.monotonic() > end:
                raise ConfigError(
                    f"The evaluation was stopped after {MAX_SECONDS // 60} minutes; choose fewer tasks or samples "
                    f"({ELSEWHERE})."
                )
            self.services.turns.give_way(lambda: tell(share, WAITING))

        return told

    def keep(self, session: str | None, evaluation: Evaluation) -> None:
        """Makes it the session's; the files of the one before, and of the oldest of too many, are deleted."""
        with self._lock:
            gone = [self._kept.pop(session)] if session in self._kept else []
            self._kept[session] = evaluation
            while len(self._kept) > KEPT:
                gone.append(self._kept.popitem(last=False)[1])
        for old in gone:
            old.delete()

    def of(self, session: str | None) -> Evaluation:
        """Returns the session's evaluation; raises DataError if there is none, or none any longer."""
        with self._lock:
            found = self._kept.get(session)
        if found is None:
            raise DataError("This evaluation is not kept any longer; run it again.")
        return found


def _in_words(text: str) -> str:
    """Returns what the core tells of its progress with the arm as the page calls it."""
    arm = next((arm for arm in ALL_ARMS if re.match(rf"{arm}[:,]", text)), None)
    return text if arm is None else ALL_ARMS[arm].label + text[len(arm) :]


def _file_name(source: str) -> str:
    """Returns the source as a file's name that no other file of the folder has."""
    plain = re.sub(r"[^\w.+ -]+", "-", source).strip(". ")[:80]
    return plain if plain not in ("", METRICS_FILE, PREDICTIONS) else "tasks.jsonl"
