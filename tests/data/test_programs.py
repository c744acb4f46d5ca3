"""How an answer becomes a program: body or whole function for HumanEval's kind of instruction, as it is for others."""

import textwrap

import pytest

from ddpt_core.data.programs import program_of, unfinished_function
from ddpt_core.data.task import Task

HELPED = '''\
from math import floor


def half(n):
    return floor(n / 2)


def halves(numbers: list) -> list:
    """ The half of each number.
    >>> halves([2, 5])
    [1, 2]
    """
'''
BODY = """\
    found = []
    for number in numbers:
        if number:
            found.append(half(number))
        else:
            found.append(0)

    return found
"""
WHOLE = "def halves(numbers):\n" + BODY
TASK = Task("halves", HELPED.strip())
FORMS = {
    "body": BODY,
    "stripped body": BODY.strip(),
    "body without indentation": textwrap.dedent(BODY),
    "body without indentation after a blank line": "\n" + textwrap.dedent(BODY),
    "body of one line": "return [half(n) for n in numbers]",
    "body that is one block": "for _ in range(1):\n        return [half(n) for n in numbers]",
    "whole function": WHOLE,
    "whole function behind an import from the future": f"from __future__ import annotations\n{WHOLE}",
    "whole program": HELPED + BODY,
    "function that calls itself": "def halves(a):\n    return [half(a[0]), *halves(a[1:])] if a else []",
    "function and helper": f"def zero():\n    return 0\n\n{WHOLE.replace('(0)', '(zero())')}",
    "helper and function, then a half-written call": f"def zero():\n    return 0\n\n{WHOLE}\nprint(halves([2,",
    "body, then a half-written function": f"{BODY.strip()}\n\ndef other(numbers:\n",
    "body, then words": f"{BODY}\n# that is all\nas you see",
    "whole function, then a half-written call": f"{WHOLE}\nprint(halves([2,",
    "whole function, then a half-written function": f"{WHOLE}\ndef other(numb",
}


def outcome(program: str) -> list[int]:
    """What the program's `halves` gives."""
    names: dict = {}
    exec(program, names)
    return names["halves"]([2, 5, 0])


@pytest.mark.parametrize("form", FORMS)
def test_answer_to_an_unfinished_function_may_be_its_body_or_the_whole(form):
    assert outcome(program_of(FORMS[form], TASK)) == [1, 2, 0]


def test_body_that_has_its_indentation_completes_the_instruction_as_it_stands():
    assert program_of(BODY, TASK) == f"{HELPED.strip()}\n{BODY}"


@pytest.mark.parametrize("answer", ["", "pass", "x = 1", "halves = None"])
def test_answer_that_says_nothing_leaves_a_function_that_gives_nothing(answer):
    assert outcome(program_of(answer, TASK)) is None


def test_what_never_compiles_stays_a_completion_and_an_error():
    with pytest.raises(SyntaxError):
        outcome(program_of("return ((", TASK))


def test_what_compiles_is_not_cut():
    answer = f"{BODY}\nprint('done')"
    assert program_of(answer, TASK).endswith("print('done')")


@pytest.mark.parametrize(
    "instruction",
    ["Write a function to halve numbers.", "halves", "def f():\n    return 1", "def f(:", "x = 1", "# a comment"],
)
@pytest.mark.parametrize("answer", [WHOLE, BODY, "", "x ="])
def test_other_instructions_leave_the_answer_as_it_is(instruction, answer):
    assert unfinished_function(instruction) is None
    assert program_of(answer, Task("other", instruction)) == answer


@pytest.mark.parametrize(
    "instruction",
    [
        "def f(x):",
        "def f(x):\n    pass",
        'def f(x):\n    """Doc."""\n    # your code here',
        "import os\n\nasync def f(x):\n    '''Doc.'''",
        "def g(x):\n    return x\n\ndef f(x):\n    ...",
    ],
)
def test_the_unfinished_function_is_the_one_at_the_end(instruction):
    assert unfinished_function(instruction) == "f"


def test_signature_alone_is_completed():
    names: dict = {}
    exec(program_of("return x + 1", Task("one", "def f(x):")), names)
    assert names["f"](1) == 2


@pytest.mark.parametrize("text", ["(" * 100_000, "-" * 100_000 + "1", "\0"])
def test_answer_that_breaks_the_compiler_is_still_a_program(text):
    assert text in program_of(text, TASK)
    assert unfinished_function(text) is None
