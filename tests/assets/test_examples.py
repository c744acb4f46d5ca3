"""The example instructions: read by the reader of tasks, right with their references, wrong with wrong code."""

import json
import re

import pytest

from ddpt_core.backbone.registry import ASSETS
from ddpt_core.data.readers import load_tasks
from ddpt_core.metrics.execution import execute

PATH = ASSETS / "examples" / "examples.jsonl"
TASKS = load_tasks(PATH)
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)


def wrong_answers(task) -> list[str]:
    """Returns code that does not do what is asked: nothing, or the input (the last argument) as it came."""
    head = re.match(r"(def|class) (\w+)(\(.*\))?:", task.reference)
    if head is None:
        given = task.setup.rsplit("\n", 1)[-1].split(" = ")[0]
        return ["None", given]
    kind, name, arguments = head.groups()
    if kind == "class":
        return [f"class {name}:\n    pass"]
    last = arguments.strip("()").split(", ")[-1]
    return [f"def {name}{arguments}:\n    return {value}" for value in ("None", last)]


def test_there_are_enough_of_both_kinds_and_each_has_an_id_of_its_own():
    records = [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()]
    kinds = [record["kind"] for record in records]
    assert kinds.count("statement") >= 26 and kinds.count("function") >= 12 and len(set(kinds)) == 2
    assert [record["id"] for record in records] == [task.id for task in TASKS]
    assert len({task.instruction for task in TASKS}) == len(TASKS)


@each_task
def test_the_reference_passes_its_tests(task):
    execution = execute(task.reference, task.tests, setup=task.setup)
    assert execution.passed, execution.detail


@each_task
def test_wrong_code_fails(task):
    for code in wrong_answers(task):
        execution = execute(code, task.tests, setup=task.setup)
        assert execution.status in ("failed", "error"), code
        assert any(test.outcome != "passed" for test in execution.tests), code


@each_task
def test_every_name_in_the_instruction_is_given_or_made(task):
    names = re.findall(r"`(\w+)", task.instruction)
    assert names
    assert all(re.search(rf"\b{name}\b", task.setup + task.reference) for name in names)
