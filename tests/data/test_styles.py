"""Styles: every form gives the right value in its own way, and is told from every other by its code."""

import ast

import pytest

from ddpt_core.data.readers import load_tasks
from ddpt_core.data.styles import OWN_STYLES, inputs, require_style, style_of, weights_of
from ddpt_core.errors import ConfigError
from ddpt_core.metrics.execution import execute_task


def test_inputs_are_neither_builtins_nor_modules_nor_loop_variables():
    expression = ast.parse("sorted((re.sub(a, b, w) for w in words), key=lambda p: math.log(len(p)))", mode="eval").body
    assert inputs(expression) == ["a", "b", "words"]


@pytest.mark.parametrize("style", OWN_STYLES)
def test_a_reference_in_a_style_is_of_that_style_and_passes_its_tests(style):
    tasks = load_tasks(f"families:value:{style}", 24)
    assert len(tasks) > 5
    assert {style_of(task.reference) for task in tasks} == {style} == {task.style for task in tasks}
    for task in tasks[:4]:
        if task.tests:
            assert execute_task(task.reference, task).status == "passed", task


@pytest.mark.parametrize(
    ("code", "style"),
    [
        ("xs.filter(x => x > 3);", "javascript"),
        ("function solve(a) { return a.length; }", "javascript"),
        ("sort -u names.txt | uniq -c", "bash"),
        ('for f in *.txt; do echo "$f"; done', "bash"),
        ("SELECT name FROM users WHERE age > 3", "sql"),
        ("The answer is here", None),
        ("SELECT the best of them, then go home and", None),
        ("x", None),
        ("xs[0]", "expression"),
        ("key = lambda x: x", "lambda"),
        ("import re\nprint(re.sub('a', 'b', s))", "print"),
        ('def f(x: int):\n    """Doc."""\n    return x', "docstring"),
    ],
)
def test_the_style_of_a_code_is_told_by_its_parse(code, style):
    assert style_of(code) == style


def test_weights_of_several_styles_add_up_to_one():
    assert weights_of("", ["print"]) == {}
    assert weights_of("print", ["print", "lambda"]) == {"print": 1.0}
    assert weights_of("print=3, lambda=1", ["print", "lambda"]) == {"print": 0.75, "lambda": 0.25}


@pytest.mark.parametrize("style", ["print=0", "print=-1", "print=nan", "print=a", "print=inf"])
def test_a_weight_that_is_not_positive_is_refused(style):
    with pytest.raises(ConfigError, match="weight must be a number above 0"):
        weights_of(style, ["print"])


def test_an_unknown_style_is_refused_with_the_nearest_ones():
    with pytest.raises(ConfigError, match="'lamda'; did you mean lambda"):
        require_style("lamda", OWN_STYLES)
    with pytest.raises(ConfigError, match="has no styles"):
        weights_of("print", [])
