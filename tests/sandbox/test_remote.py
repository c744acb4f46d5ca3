"""What tests may still do with the program's objects, beside what hostile/ shows they must not."""

import pytest

from ddpt_core.metrics.execution import execute

pytestmark = pytest.mark.usefixtures("needs_landlock")


SWALLOW = """
def each(f, xs):
    for x in xs:
        try:
            f(x)
        except AssertionError:
            pass
"""
IGNORE = """
class Ignore:
    def __init__(self, kind):
        self.kind, self.left = kind, 0
    def __enter__(self):
        return self
    def __exit__(self, kind, error, trace):
        self.left += 1
        return kind is not None and issubclass(kind, self.kind)
"""


def test_a_context_manager_suppresses_what_a_test_raises_and_nothing_else():
    suppressed = "m = Ignore(ValueError)\nwith m:\n    raise ValueError('x')\nassert m.left == 1"
    assert execute(IGNORE, [suppressed]).passed
    assert execute(IGNORE, [suppressed.replace("raise ValueError", "raise KeyError")]).detail == "KeyError: 'x'"
    assert execute(IGNORE, ["with Ignore(Exception):\n    assert 1 == 2"]).status == "failed"
    assert execute(IGNORE, ["with Ignore(Exception) as m:\n    m.nothing"]).status == "error"


def test_a_generator_of_the_program_ends_as_generators_do():
    code = "def echo():\n    got = yield 1\n    return got"
    test = (
        "g = echo()\nassert next(g) == 1\ntry:\n    g.send(5)\nexcept StopIteration:\n    pass\nelse:\n    assert False"
    )
    assert execute(code, [test, "assert list(echo()) == [1]"]).passed
    found = execute("def f(x):\n    return next(iter([]))", ["assert all(map(f, [1, 2]))"])
    assert (found.status, found.detail) == ("error", "RuntimeError: the program raised StopIteration")
    assert execute("raise StopIteration", ["assert True"]).detail == "StopIteration (line 1: raise StopIteration)"


def test_an_assertion_in_a_function_that_a_test_lends_fails_the_test():
    test = "def check(x):\n    assert x < {}\neach(check, [1, 2, 3])"
    assert execute(SWALLOW, [test.format(4)]).passed
    assert execute(SWALLOW, [test.format(3)]).detail == "x < 3 does not hold: 3 < 3"


def test_a_function_says_its_own_name_docstring_and_annotations():
    code = "import typing\ndef f(x: int) -> str:\n    '''Says x.'''\n    return str(x)\ndef g():\n    pass"
    tests = [
        "assert f.__doc__ == 'Says x.' and g.__doc__ is None and f.__name__ == 'f'",
        "assert f.__annotations__ == {'x': int, 'return': str}",
        "import typing\nassert typing.get_type_hints(f) == {'x': int, 'return': str}",
    ]
    found = execute(code, tests)
    assert found.passed, found
    assert execute("def h(x: 'int'):\n    pass", ["assert h.__annotations__ == {'x': 'int'}"]).passed


def test_a_message_of_the_program_is_one_short_line_that_can_be_written():
    found = execute("def f():\n    raise ValueError('a\\n b\\x1b' + '\\ud800' + 'x' * 10**6)", ["f()"])
    assert found.detail.startswith("ValueError: a b\\x1b\\ud800xxx") and len(found.detail) < 5_000
    assert found.detail.isprintable() and "(1,000,006 characters)" in found.detail


def test_a_message_keeps_joiners_and_wide_blanks_and_spells_out_what_turns_its_direction():
    said = "می\u200cخ\u3000👩\u200d🚀"
    found = execute(f"def f():\n    raise ValueError({said + chr(0x202E)!r})", ["f()"])
    assert found.detail.startswith(f"ValueError: {said}\\u202e (line 2: ")
