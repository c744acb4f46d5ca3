"""The code along recorded runs: written for the examples once and kept with what the browser fetches, or for one asked.

What needs torch is imported where it is used, so that the page is there before the model is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from app.explore.runs.path_loss import OPENING
from app.explore.runs.run_entry import RunEntry
from app.explore.runs.runs import Runs
from app.page.pieces.code import PLAIN, kinds_of
from app.page.services import WAITING
from app.page.stream import Tell
from app.viewer.example_files import CODE, KINDS, example_file
from app.viewer.view import key_of
from ddpt_core.data.differences import LOST, NEW, differences
from ddpt_core.data.task import Task, check_instruction

if TYPE_CHECKING:
    from ddpt_core.interpret.code_path import CodeAt, JudgedCode

EXAMPLES = 12  # evenly spaced among those with tests, for which code is shipped
ROUND = 4  # steps that an own instruction is first written at together, so that the code fills in as it comes

Found = Callable[[dict[str, Any]], None]


class PathCodes:
    """Writes the code along runs, and finds what was written; `examples` are the tasks by id."""

    def __init__(self, services, examples: Mapping[str, Task]):
        self.services, self.examples = services, examples
        tested = [task for task in examples.values() if task.tests]
        self.tasks = tested[:: max(1, len(tested) // EXAMPLES)][:EXAMPLES]

    def of(self, entry: RunEntry, tell: Tell) -> list[dict[str, Any]]:
        """Returns the code of the chosen examples along the run, as `described` has it; it is kept for the next time.

        Takes minutes where it is not there; so only runs that ship have it.
        """
        store, name = self.services.of(Runs).store, example_file(key_of(entry.folder), CODE)
        if kept := store.find(name):
            return json.loads(kept.read_text(encoding="utf-8"))
        with self.services.model(tell):
            found: list[dict[str, Any]] = [{} for _ in self.tasks]
            for kind in KINDS:
                for written in self._written(entry, self.tasks, kind, tell):
                    last = written
                found = [joined(*pair) for pair in zip(found, last, strict=True)]
        store.replace(name, json.dumps(found, separators=(",", ":")).encode())
        return found

    def task(self, instruction: str) -> Task:
        """Returns the example that says this, else a task without tests; raises DataError for what cannot be asked."""
        instruction = check_instruction(instruction or "")
        same = (task for task in self.examples.values() if task.instruction == instruction)
        return next(same, Task("own", instruction))

    def write(
        self, entry: RunEntry, instruction: str, kinds: Sequence[str], tell: Tell, found: Found | None = None
    ) -> dict[str, Any]:
        """Returns the code along the run for one instruction, as `described`; `found` hears of it as it fills in."""
        task, told = self.task(instruction), {}
        with self.services.model(tell):
            for kind in kinds:
                for (one,) in self._written(entry, [task], kind, tell, ROUND):
                    told = joined(told, one)
                    if found:
                        found(told)
        return told

    def _written(
        self, entry: RunEntry, tasks: Sequence[Task], kind: str, tell: Tell, at_once: int = 0
    ) -> Iterator[list[dict[str, Any]]]:
        """Yields what is written so far of each task, as `described`, after each round."""
        from ddpt_core.interpret.code_path import EVEN, MOST, code_paths, judge

        tell(0.0, OPENING)
        backbone = self.services.backbone(entry.info["backbone"]["name"])
        run = self.services.of(Runs).recent.load(entry, backbone, tell)
        done = 0

        def progress(_share: float) -> None:
            share, said = min(0.99, done / MOST), f"Writing code along the {kind}s: {done} steps so far"
            tell(share, said)
            self.services.turns.give_way(lambda: tell(share, WAITING))

        progress(0.0)
        for paths in code_paths(run, backbone, tasks, kind, EVEN, MOST, at_once or EVEN, progress=progress):
            done = max(map(len, paths))
            pairs = [(at.code, task) for path, task in zip(paths, tasks, strict=True) for at in path]
            judged = iter(judge(pairs))
            yield [
                described(task, kind, path, [next(judged) for _ in path])
                for path, task in zip(paths, tasks, strict=True)
            ]


def joined(told: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """Returns what `described` tells of a task twice, of two kinds of vector, as one; `told` may be empty."""
    return one | {"paths": told.get("paths", {}) | one["paths"]}


def described(task: Task, kind: str, path: Sequence[CodeAt], judged: Sequence[JudgedCode]) -> dict[str, Any]:
    """Returns the code along one kind of vector as plain JSON: the task, and in `paths` under the kind its `rows`.

    A row has `step`, `timestep`, `code`, `answer`, `style`, `tests` (None if none ran), `detail`, and, where its code
    is another than in the row before, `pieces` (see pieces_of). `code_since` and `style_since` are the steps from which
    code and style are the final ones, as far as steps were written; `different` is how many stretches of one code.
    """
    from ddpt_core.interpret.code_path import since

    steps, before = [at.step for at in path], [None, *(at.code for at in path)]
    rows = [
        {
            "step": at.step,
            "timestep": at.timestep,
            "code": at.code,
            "answer": at.answer,
            "style": found.style,
            "tests": None if found.tests is None else list(found.tests),
            "detail": found.detail,
            **({"pieces": pieces_of(was, at.code)} if was != at.code else {}),
        }
        for at, found, was in zip(path, judged, before, strict=False)
    ]
    told = {
        "rows": rows,
        "code_since": since([at.code for at in path], steps),
        "style_since": since([found.style for found in judged], steps),
        "different": 1 + sum(one.code != other.code for one, other in pairwise(path)),
    }
    return {"id": task.id, "instruction": task.instruction, "tests": list(task.tests), "paths": {kind: told}}


def pieces_of(before: str | None, after: str) -> list[list[Any]]:
    """Returns `after` as [text, kind of token, 1 where it is new against `before`, else 0], neighbours alike joined.

    What is lost stands as ["", text, -1]. Without anything before it nothing is new.
    """
    parts = [("", after)] if before is None else [(part.kind, part.text) for part in differences(before, after)]
    kinds = iter(kinds_of([text for kind, text in parts if kind != LOST]))
    pieces: list[list[Any]] = []
    for kind, text in parts:
        if kind == LOST:
            pieces.append(["", text, -1])
            continue
        for piece, token in next(kinds):
            shown = ["", "" if token in PLAIN else token, int(kind == NEW)]
            if not pieces or pieces[-1][1:] != shown[1:]:
                pieces.append(shown)
            pieces[-1][0] += piece
    return pieces
