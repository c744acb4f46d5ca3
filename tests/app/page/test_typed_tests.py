"""Tests typed by hand: what is said of them while they are typed, and what is too much."""

import pytest

from app.page.fields.typed_tests import MAX_CHARACTERS, MAX_TESTS, check_limits, remark, typed_statements
from ddpt_core.errors import DataError


@pytest.mark.parametrize(
    ("setup", "tests", "fine", "said"),
    [
        ("", "", True, "No tests yet. One statement per line: `assert _ == [1, 2]`"),
        ("", "assert f(2) == 4", True, "1 test, no mistake of syntax."),
        ("x = 1", "assert 1\nassert f('\\d')", True, "2 tests, no mistake of syntax."),
        ("", "f == 2", True, "1 test, but none asserts anything"),
        ("", "check(f)", True, "1 test, no mistake of syntax."),
        ("", "assert 1\nassert f(2) ==", False, "The tests are not Python (line 2: invalid syntax)"),
        ("x = (", "assert 1", False, "The setup is not Python (line 1: '(' was never closed)"),
        ("", "\0", False, "The tests are not Python"),
        ("", "(" * 500, False, "The tests are not Python"),
        ("", "assert 1\n" * (MAX_TESTS + 1), False, "There must be at most 50 tests, got 51"),
        ("", "#" * (MAX_CHARACTERS + 1), False, "must have at most 20,000 characters, got 20,001"),
    ],
)
def test_the_form_says_what_is_wrong_or_what_is_there(setup, tests, fine, said):
    judged, sentence = remark(setup, tests)
    assert judged == fine and sentence.startswith(said.split("must")[0]) and said in sentence


def test_an_empty_field_of_gradio_is_no_test():
    assert remark(None, None) == remark("", "")


@pytest.mark.parametrize("field", ["reference", "setup", "tests"])
def test_each_field_has_its_limit(field):
    given = {"reference": "", "setup": "", "tests": []}
    given[field] = ["x" * 20_001] if field == "tests" else "x" * 20_001
    with pytest.raises(DataError, match=f"The {field} must have at most 20,000 characters"):
        check_limits(**given)


def test_what_is_too_long_is_not_even_parsed():
    with pytest.raises(DataError, match="at most 20,000 characters"):
        typed_statements("(" * 10_000_000)
