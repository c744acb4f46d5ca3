"""Test classes and test functions, really run against programs."""

import pytest

from ddpt_core.metrics.execution import execute

pytestmark = pytest.mark.usefixtures("needs_landlock")

RIGHT, WRONG = "def add(a, b):\n    return a + b", "def add(a, b):\n    return a - b"
CLASS = """
import unittest
class AddTest(unittest.TestCase):
    def setUp(self):
        self.three = add(1, 2)
    def test_sum(self):
        self.assertEqual(self.three, 3)
    def test_many(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertEqual(add(n, 1), n + 1)
    def test_error(self):
        with self.assertRaises(TypeError):
            add(1, 'a')
"""
MAIN = "if __name__ == '__main__':\n    unittest.main()"


def test_each_method_has_an_outcome_and_unittest_main_does_no_harm():
    found = execute(RIGHT, [CLASS, MAIN, "from unittest import main\nmain(exit=False)"])
    assert found.passed, found
    assert [test.test for test in found.tests[3:]] == ["AddTest.test_error", "AddTest.test_many", "AddTest.test_sum"]
    found = execute(WRONG, [CLASS, MAIN])
    assert (found.status, [test.outcome for test in found.tests[2:]]) == ("failed", ["passed", "failed", "failed"])


def test_a_function_that_nothing_calls_judges():
    tests = ["def test_small():\n    assert add(1, 2) == 3"]
    assert execute(RIGHT, tests).passed
    found = execute(WRONG, tests)
    assert (found.status, found.detail) == ("failed", "add(1, 2) == 3 does not hold: -1 == 3")


def test_a_plain_class_is_run_between_its_setup_and_its_teardown():
    plain = """
class TestAdd:
    def setup_method(self, method):
        self.one = 1
    def test_it(self):
        assert add(self.one, 2) == 3
        self.one = None
    def teardown_method(self):
        assert self.one is None
"""
    assert execute(RIGHT, [plain]).passed and execute(WRONG, [plain]).status != "passed"


def test_a_skipped_method_says_nothing_and_all_skipped_is_no_verdict():
    skipped = "    @unittest.skip('later')\n    def test_skipped(self):\n        assert add(1, 2) == 4\n"
    found = execute(RIGHT, [CLASS + skipped])
    assert found.passed and ("not reached", "Skipped: later") in [(test.outcome, test.detail) for test in found.tests]
    alone = "import unittest\nclass T(unittest.TestCase):\n" + skipped
    assert execute(RIGHT, [alone]).status == "error"


def test_a_program_cannot_have_a_test_skipped_or_expected_to_fail():
    skip = "import unittest\ndef add(a, b):\n    raise unittest.SkipTest('nothing to see')"
    own = "import unittest.case\nclass SkipTest(unittest.case.SkipTest):\n    pass\ndef add(a, b):\n    raise SkipTest"
    for code in (skip, own, "import unittest\ndef add(a, b):\n    raise unittest.case._ShouldStop"):
        found = execute(code, [CLASS])
        assert found.status == "error" and "not reached" not in {test.outcome for test in found.tests}, found


def test_a_program_that_ends_itself_in_a_method_is_lost():
    found = execute("import os\ndef add(a, b):\n    os._exit(0)", [CLASS])
    assert found.status == "failed" and found.detail.startswith("The program ended itself")


def test_dataclasses_of_a_test_find_the_module_that_they_are_from():
    test = "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: 'int'\nassert add(P(1).x, 2) == 3"
    assert execute(RIGHT, [test]).passed
