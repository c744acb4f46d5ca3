"""A code of any form is asked for its value: what Python itself makes of the program is the value of the expression."""

import pytest

from ddpt_core.data.task import Task
from ddpt_core.data.value_forms import as_value
from ddpt_core.metrics.execution import execute_task

TASK = Task("own", "Sort `a` by `key`", "", ("assert _ == [1, 3]", "assert a == [3, 1]"), "a = [3, 1]\nkey = None")
RIGHT = (
    "sorted(a, key=key)",
    "result = sorted(a, key=key)",
    "print(sorted(a, key=key))",
    "lambda a, key: sorted(a, key=key)",
    "ordered = lambda key, a: sorted(a, key=key)",
    "lambda xs, by: sorted(xs, key=by)",
    "def solve(a, key):\n    return sorted(a, key=key)",
    "import os\n\ndef solve(a: list) -> list:\n    return sorted(a)",
)


@pytest.mark.parametrize("code", RIGHT)
def test_each_form_of_the_right_answer_has_the_value_of_the_expression(code):
    names = {}
    *lines, last = f"{TASK.setup}\n{as_value(code, TASK)}".splitlines()
    exec("\n".join(lines), names)
    assert eval(last, names) == [1, 3]


@pytest.mark.parametrize("code", RIGHT)
def test_the_sandbox_passes_it(code, needs_landlock):
    assert execute_task(as_value(code, TASK), TASK).status == "passed"


@pytest.mark.parametrize(
    "code",
    ["sorted(a", "", "x, y = a", "assert a", "lambda: 1", "def f(*xs):\n    return xs", "print()", "a[0] = 1"],
)
def test_what_leads_to_no_value_stays_as_it_is(code):
    assert as_value(code, TASK) == code


def test_a_program_that_is_asked_by_name_stays_as_it_is():
    task = Task("own", "", "", ("assert solve(1) == 2",), "a = 1")
    assert as_value("def solve(a):\n    return a + 1", task) == "def solve(a):\n    return a + 1"
