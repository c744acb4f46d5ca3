"""Every arm on every task of a data set: predictions and figures with intervals, written as two files."""

import json
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from ddpt_core.answering.arms import choose_prompts, make_arms
from ddpt_core.answering.unit_tests import Examination, Judged, UnitTests, with_tests_shown
from ddpt_core.answering.writing import Done, write_all
from ddpt_core.arms import ALL_ARMS, ARMS
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import load_tasks
from ddpt_core.data.styles import style_of
from ddpt_core.errors import DataError, require_choice, require_range
from ddpt_core.files import check_writable, write_files
from ddpt_core.metrics.execution import DEFAULT_LIMITS, Limits
from ddpt_core.prompts.prompt import Prompt
from ddpt_core.settings import METRICS_FILE, PREDICTIONS, GenerationSettings
from ddpt_core.training.processes import is_main, processes


def evaluate(
    data: str | Path,
    out: str | Path,
    *,
    backbone: FrozenLM,
    prompts: Mapping[str, Prompt | str] | None = None,
    names: Sequence[str] = ARMS,
    limit: int | None = None,
    manual_context: str | None = None,
    seed: int = 0,
    style: str = "",
    guidance: float = 1.0,
    settings: GenerationSettings | None = None,
    tests: bool = False,
    samples: int = 1,
    temperature: float | None = None,
    k: Sequence[int] = (1,),
    limits: Limits = DEFAULT_LIMITS,
    show_tests: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Writes predictions.jsonl and metrics.json to `out` and returns the latter.

    A prediction is the code that code_of cuts out of the raw `answer` beside it; metrics and tests judge that code.

    `arms` holds for each arm that could be run the corpus metrics of its greedy answers with bootstrap 95 % intervals
    over the tasks; `not_run` says why for each other. With `tests` it also holds `pass_at` (see UnitTests for samples,
    temperature and k) and `outcomes`, and `tests` says which tasks were judged: not those whose own reference fails,
    which is run first. Without any, or where the sandbox refuses, `pass_at` is None and `tests.not_run` says why.
    `style` and `guidance` are for the prompts that have styles (see `make_arms`); `styles` then counts those of each
    arm's answers, by the rules on code.
    `show_tests` puts the tests behind the instructions, as MBPP needs, whose text does not name the function.

    An earlier evaluation in `out` is replaced; nothing is written if anything fails. Cost: tasks x arms generations, in
    batches of 64; with tests also tasks x arms x samples generations, if they are drawn, and tasks x (1 + arms x
    samples) executions on all processors, of which equal programs run once. Several processes share the generations;
    the main one alone runs tests and writes, and all of them must call this.
    """
    from ddpt_core.metrics.text_metrics import score_with_intervals

    names = [require_choice("arm", name, ALL_ARMS) for name in dict.fromkeys(names)]
    require_range("seed", seed, 0)
    plan = UnitTests(samples, temperature, tuple(sorted(set(k))), limits) if tests else None
    tasks, out = load_tasks(data, limit), Path(out)
    if show_tests:
        tasks = [with_tests_shown(task) for task in tasks]
    if not any(task.reference.strip() or (tests and task.tests) for task in tasks):
        raise DataError(
            f"None of the {len(tasks)} tasks of {data} has a reference to compare with; give tasks that do."
        )
    here = processes()
    here.on_main(lambda: check_writable(out))
    tell = progress or (lambda fraction, text: None)
    chosen = choose_prompts(backbone) if prompts is None else prompts
    arms = make_arms(backbone, chosen, manual_context, seed, names, style, guidance)
    run = [arm for arm in arms if arm.runs]
    report: dict[str, Any] = {
        "data": {"source": Path(str(data)).name, "tasks": len(tasks)},
        "backbone": {"name": backbone.name, "sha256": backbone.sha256},
        "prompts": {arm: prompt.name for arm, prompt in chosen.items() if not isinstance(prompt, str)},
        "seed": seed,
        **({"style": style, "guidance": guidance} if style else {}),
        "settings": asdict(settings or GenerationSettings()),
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("torch", "transformers", "sacrebleu", "codebleu")},
        "not_run": {arm.name: arm.missing for arm in arms if not arm.runs},
        "arms": {},
    }
    examination = Examination(plan, tasks) if plan else None
    rounds = 0 if plan is None else plan.samples  # of tests and, if drawn, generations beside the greedy one
    stages = _Stages(tell, bool(plan) + len(run) * (1 + rounds))
    if examination:
        examination.run_references(stages.next(1, "references", f"{len(tasks)} tasks"))
    judged: dict[str, dict[int, list[Judged]]] = {}
    rows: list[dict[str, Any]] = []
    lengths: list[int] = []  # of all arms' answers, in tokens
    for arm in run:
        start = time.monotonic()
        done = stages.next(1, arm.name, f"{len(tasks)} instructions")
        context = arm.of(tasks)
        answers = write_all(backbone, context, tasks, settings, done, lengths)
        seconds = time.monotonic() - start
        if examination:
            done = stages.next(rounds, f"{arm.name}, tests", f"{len(examination.judged)} tasks")
            judged[arm.name] = examination.judge(backbone, context, answers, seed, settings, done)
        if not is_main():
            continue
        scores = score_with_intervals([answer.code for answer in answers], [task.reference for task in tasks])
        report["arms"][arm.name] = scores | {"seconds": round(seconds, 3)}
        if style:
            counts = Counter(style_of(answer.code) or "none" for answer in answers)
            report["arms"][arm.name]["styles"] = dict(counts.most_common())
        of_arm = [answer.row(arm=arm.name) for answer in answers]
        rows += examination.rows(of_arm, judged[arm.name]) if examination else of_arm
    if examination and is_main():
        report["tests"] = examination.described() | {"shown": show_tests}
        for name, scores in report["arms"].items():
            figures = examination.figures(judged[name])
            scores["ci95"]["pass_at"] = figures.pop("ci95")
            scores |= figures

    def write() -> dict[str, Any]:
        write_files(out, {PREDICTIONS: as_lines(rows), METRICS_FILE: json.dumps(report, indent=1) + "\n"})
        return report

    return here.on_main(write)


def as_lines(rows: Iterable[dict[str, Any]]) -> str:
    """Returns the content of a predictions.jsonl."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


class _Stages:
    """What is told of the progress: stages one after another, each with its share of the whole."""

    def __init__(self, tell: Callable[[float, str], None], total: int) -> None:
        self._tell, self._total, self._behind = tell, total, 0

    def next(self, weight: int, name: str, of_what: str) -> Done:
        """Returns what the next stage, `weight` of the total, is to call with its own share done."""
        before = self._behind
        self._behind += weight
        return lambda share: self._tell((before + share * weight) / self._total, f"{name}: {share:.0%} of {of_what}")
