"""The value that a code leads to, whatever form it has: of a lambda or a function when called, a name's, a print's.

Tests that ask for the value of an expression (`_`) fail for any other form. Where the form itself is what is looked at,
as along the path of a prompt with styles, the value is asked for first. Evaluations do not do this: there the form
counts.
"""

import ast
import re

from ddpt_core.data.programs import parsed
from ddpt_core.data.task import Task

VALUE = re.compile(r"\b_\b")  # how tests call the value of the last expression


def as_value(code: str, task: Task) -> str:
    """Returns the code with one line more, whose value is the one that its form leads to; as it is if that is nothing.

    A function is called with the task's inputs: those that its setup assigns under the names of the parameters, or all
    of them in their order if there are as many.
    """
    tree, setup = parsed(code), parsed(task.setup)
    if not tree or not tree.body or setup is None or not any(VALUE.search(test) for test in task.tests):
        return code
    given = [
        target.id
        for line in setup.body
        if isinstance(line, ast.Assign)
        for target in line.targets
        if isinstance(target, ast.Name)
    ]
    asked = _asked(tree.body[-1], given)
    return f"{code}\n{asked}" if asked else code


def _asked(last: ast.stmt, given: list[str]) -> str:
    """Returns the expression of the value that the last statement leads to, "" if it has no other than its own."""
    if isinstance(last, ast.FunctionDef):
        return _called(last.name, last.args, given)
    if isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name):
        name = last.targets[0].id
        return _called(name, last.value.args, given) if isinstance(last.value, ast.Lambda) else name
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Lambda):
        return _called(f"({ast.unparse(last.value)})", last.value.args, given)
    printed = last.value if isinstance(last, ast.Expr) else None
    if isinstance(printed, ast.Call) and isinstance(printed.func, ast.Name) and printed.func.id == "print":
        return ast.unparse(printed.args[0]) if len(printed.args) == 1 else ""
    return ""


def _called(function: str, arguments: ast.arguments, given: list[str]) -> str:
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if not all(name in given for name in names):
        names = given if len(given) == len(names) else []
    return f"{function}({', '.join(names)})" if names else ""
