"""Tests that somebody typed: how they are split into statements, what is too much, and what is said of them."""

import ast
from collections.abc import Sequence

from ddpt_core.errors import DataError
from ddpt_core.metrics.tests_file import statements_of

MAX_TESTS = 50  # of one task; the sandbox itself takes more
MAX_CHARACTERS = 20_000  # of each of reference, setup, and all tests together
FORM = (
    "One statement per line: `assert _ == [1, 2]` where the answer is one line (`_` is its value), "
    "`assert f(2) == 4` where it is a function."
)
LIMITS = f"At most {MAX_TESTS} tests and {MAX_CHARACTERS:,} characters; they run for at most 10 s in 512 MB."


def typed_statements(source: str) -> list[str]:
    """Returns the statements of tests that were typed; raises DataError if they are too long or not Python."""
    _check_length("tests", len(source))
    return statements_of(source)


def check_limits(reference: str, setup: str, tests: Sequence[str]) -> None:
    """Raises DataError for a task with more tests, or longer text, than one visitor may have run."""
    _check_length("reference", len(reference))
    _check_length("setup", len(setup))
    _check_length("tests", sum(map(len, tests)))
    if len(tests) > MAX_TESTS:
        raise DataError(f"There must be at most {MAX_TESTS} tests, got {len(tests):,}; leave some out.")


def remark(setup: str, tests: str) -> tuple[bool, str]:
    """Returns whether setup and tests could run, and a sentence about them for the form."""
    try:
        _check_setup(setup or "")
        statements = typed_statements(tests or "")
        check_limits("", "", statements)
    except DataError as error:
        return False, str(error)
    if not statements:
        return True, f"No tests yet. {FORM} {LIMITS}"
    count = "1 test" if len(statements) == 1 else f"{len(statements)} tests"
    idle = [i for i, text in enumerate(statements, start=1) if not _can_fail(text)]
    if len(idle) == len(statements):
        return True, f"{count}, but none asserts anything: write assert before what must hold."
    return True, f"{count}, no mistake of syntax. They run for at most 10 s in 512 MB."


def _check_setup(setup: str) -> None:
    _check_length("setup", len(setup))
    try:
        ast.parse(setup)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        place = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
        raise DataError(f"The setup is not Python ({place}); mend that line.") from None


def _can_fail(statement: str) -> bool:
    """Returns whether a statement asserts or calls something, which may assert."""
    return any(isinstance(node, ast.Assert | ast.Call | ast.Raise) for node in ast.walk(ast.parse(statement)))


def _check_length(what: str, given: int) -> None:
    if given > MAX_CHARACTERS:
        raise DataError(f"The {what} must have at most {MAX_CHARACTERS:,} characters, got {given:,}; shorten it.")
