"""What is run of tests that leave it to a runner or a harness to call them."""

import pytest

from ddpt_core.errors import DataError
from ddpt_core.metrics.test_plan import steps_of

UNITTEST = "import unittest\nclass T(unittest.TestCase):\n"


def called(*tests: str, entry_point: str | None = None) -> list[str]:
    """Returns what is called besides the statements."""
    steps = steps_of(tests, entry_point)
    assert [step.source for step in steps[: len(tests)]] == list(tests)
    return [step.shown for step in steps[len(tests) :]]


def test_plain_asserts_stand_for_themselves():
    assert called("assert f(1) == 2", "x = f(2)") == []


def test_functions_that_nothing_calls_are_called_after_all_statements():
    assert called("def test_a():\n    assert f(1)", "def test():\n    assert f(2)", "n = f(3)") == [
        "test_a()",
        "test()",
    ]


@pytest.mark.parametrize(
    "tests",
    [
        ["def test_a():\n    assert f(1)", "test_a()"],
        ["def test_a():\n    assert f(1)\ndef run():\n    test_a()\nif __name__ == '__main__':\n    run()"],
        ["def test_a():\n    assert f(1)", "for test in (test_a,):\n    test()"],
        ["def check(candidate):\n    assert candidate(1)", "check(f)"],
    ],
)
def test_functions_that_the_tests_call_themselves_are_not_called_again(tests):
    assert called(*tests, entry_point="f") == []


def test_a_function_that_only_an_uncalled_one_calls_is_called():
    assert called("def test_a():\n    assert f(1)", "def run():\n    test_a()") == ["test_a()"]


def test_each_method_of_a_test_class_is_a_step_inherited_ones_too():
    base = "class Base(unittest.TestCase):\n    def test_z(self):\n        assert f(1)"
    derived = "class T(Base):\n    def helper(self):\n        pass\n    def test_b(self):\n        assert f(2)"
    assert called("import unittest", base, derived) == ["Base.test_z", "T.test_b", "T.test_z"]


def test_a_plain_class_counts_if_its_name_begins_with_test_and_nothing_uses_it():
    plain = "class {}:\n    def test_it(self):\n        assert f(1)"
    assert called(plain.format("TestF")) == ["TestF.test_it"]
    assert called(plain.format("TestF"), "TestF().test_it()") == []
    assert called(plain.format("Helper"), "assert f(2)") == []


def test_check_is_called_with_the_entry_point_and_refused_where_none_is_known():
    check = "def check(candidate):\n    assert candidate(2) == 4"
    assert called(check, entry_point="double") == ["check(double)"]
    with pytest.raises(DataError, match="add a line that calls check with the name of the function"):
        steps_of([check])
    with pytest.raises(DataError, match="never call it"):
        steps_of([check, "assert double(1) == 2"])


@pytest.mark.parametrize(
    "test",
    [
        "x = 1",
        "# nothing",
        "'''words'''",
        "import math",
        "print('done')",
        "def helper():\n    assert f(1)",
        "def test_a():\n    pass",
        "class A:\n    def test_a(self):\n        assert f(1)",
        UNITTEST + "    def helper(self):\n        self.assertEqual(f(1), 2)",
        UNITTEST + "    def test_a(self):\n        pass\nif __name__ == '__main__':\n    unittest.main()",
    ],
)
def test_tests_that_check_nothing_are_refused_in_one_sentence(test):
    with pytest.raises(DataError, match=r"The tests check nothing: .*; write at least one assert\.$"):
        steps_of([test])


@pytest.mark.parametrize(
    "test",
    [
        "f(1)",
        "x = f(1)",
        "if 1 + 1 != 2:\n    raise ValueError",
        "assert True",
        "def helper():\n    assert f(1)\nhelper()",
        "x = (",
        UNITTEST + "    def test_a(self):\n        self.assertTrue(1)",
    ],
)
def test_tests_that_a_program_could_fail_are_taken(test):
    assert steps_of([test])


def test_what_a_test_function_needs_and_nothing_gives_is_told():
    tests = ["def test_a(tmp_path):\n    assert f(1)", "async def test_b():\n    assert f(1)"]
    lacking = [step.lacks for step in steps_of(tests)[2:]]
    assert lacking[0] == "the argument tmp_path, which nothing here gives it" and "event loop" in lacking[1]
    assert steps_of(["@given\ndef test_a(x=1, *, y):\n    assert f(1)"])[1].lacks == ""
