"""What crosses between tests and program by its name, and what is told where something cannot."""

import array
import datetime
import ipaddress
import json
import pathlib
import re
import struct
import subprocess
import time
import types
import uuid
import zoneinfo

import numpy
import pytest

from ddpt_core.metrics.execution import execute
from sandbox.wire import Codec, WireError

VALUES = [
    pathlib.Path("a/b"), pathlib.PureWindowsPath("c:/x"), uuid.UUID(int=7), ipaddress.ip_address("::1"),
    ipaddress.ip_network("10.0.0.0/8"), zoneinfo.ZoneInfo("UTC"), re.compile("a+", re.I), time.gmtime(0),
    datetime.datetime(2020, 1, 2, tzinfo=zoneinfo.ZoneInfo("UTC")), types.SimpleNamespace(x=[1]),
    types.MappingProxyType({1: 2}), array.array("i", [1, 2]), {"a": 1}.keys(), {"a": [1]}.items(), ..., NotImplemented,
    json.JSONDecodeError, struct.error, subprocess.CalledProcessError, type(None), pathlib.Path, uuid.UUID,
    numpy.datetime64("2020-01-02"),
]  # fmt: skip


def crossed(value):
    codec = Codec()
    return codec.decode(json.loads(json.dumps(codec.encode(value))))


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_standard_value_arrives_as_it_was_with_its_type(value):
    back = crossed(value)
    assert back == value and type(back) is type(value)


def test_an_exception_arrives_with_its_class_arguments_and_attributes():
    try:
        json.loads("{")
    except json.JSONDecodeError as error:
        back = crossed(error)
        assert type(back) is json.JSONDecodeError and back.args == error.args and (back.pos, back.lineno) == (1, 1)
    back = crossed(subprocess.CalledProcessError(3, ["a"]))
    assert str(back) == "Command '['a']' returned non-zero exit status 3."
    assert crossed(KeyError("k")).args == ("k",) and crossed(OSError(2, "none")).errno == 2


@pytest.mark.parametrize(
    "form",
    [
        ["value", "pathlib.PosixPath", ["list", "a"]],
        ["value", "pathlib.PosixPath", ["value", "pathlib.PosixPath", "a"]],
        ["value", "uuid.UUID", ["value", "types.SimpleNamespace", ["dict", ["replace", 1]]]],
        ["value", "types.SimpleNamespace", ["dict", ["__array_interface__", 1]]],
        ["value", "builtins.dict_keys", "ab"],
        ["value", "builtins.dict_items", ["list", "ab"]],
        ["value", "builtins.mappingproxy", ["list"]],
        ["value", "re.Pattern", "(", 0],
        ["value", "os.DirEntry", "a"],
        ["constant", "print"],
        ["shared", "unittest.case", "SkipTest"],
        ["shared", "json.decoder", "scanner"],
        ["shared", "subprocess", "Popen"],
        ["error", ["shared", "builtins", "print"], ["list"], ["dict"]],
        ["error", ["shared", "builtins", "KeyError"], ["list"], ["dict", ["__array_interface__", 1]]],
        ["namedtuple", ["P", "x"], 1],
        ["library", "subprocess", "Popen"],
    ],
)
def test_a_form_that_nobody_writes_is_refused(form):
    with pytest.raises(WireError):
        Codec().decode(form)


def test_an_attribute_never_hides_one_that_the_class_of_an_exception_has():
    form = ["error", ["shared", "builtins", "KeyError"], ["list", 1], ["dict", ["with_traceback", 2], ["code", 3]]]
    error = Codec().decode(form)
    assert callable(error.with_traceback) and error.code == 3


def test_a_value_with_names_that_numpy_asks_for_stays_where_it_is():
    with pytest.raises(TypeError, match="cannot cross"):
        Codec().encode(types.SimpleNamespace(__array_interface__={}))


@pytest.mark.usefixtures("needs_landlock")
@pytest.mark.parametrize(
    ("code", "test"),
    [
        ("from pathlib import Path\ndef f():\n    return Path('a') / 'b'",
         "from pathlib import Path\nassert f() == Path('a/b')"),
        ("import json\ndef f():\n    return json.loads('{')",
         "import json\ntry:\n    f()\n    ok = False\nexcept json.JSONDecodeError:\n    ok = True\nassert ok"),
        ("import struct\ndef f():\n    return struct.unpack('>h', b'a')",
         "import struct\ntry:\n    f()\n    ok = False\nexcept struct.error:\n    ok = True\nassert ok"),
        ("class Base(Exception):\n    code = 404\nclass E(Base):\n    def __init__(self, a, b):\n"
         "        super().__init__(a)\n        self.b = b\ndef f():\n    raise E('m', 7)",
         "try:\n    f()\nexcept Base as e:\n    assert (str(e), e.b, e.code) == ('m', 7, 404) and type(e) is E\n"
         "else:\n    assert False"),
        ("def f(p):\n    return p.x + p.y",
         "from collections import namedtuple\nP = namedtuple('P', 'x y')\nassert f(P(1, 2)) == 3"),
        ("def f(p):\n    return p._replace(x=5)",
         "from collections import namedtuple\nP = namedtuple('P', 'x')\nassert type(f(P(1))) is P and f(P(1)).x == 5"),
        ("def f(kind):\n    return kind(1)",
         "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\nassert f(P) == P(1)"),
        ("def f(g, kind):\n    try:\n        return g()\n    except kind as e:\n        raise kind('again')",
         "class Mine(Exception):\n    pass\ndef g():\n    raise Mine('once')\ntry:\n    f(g, Mine)\nexcept Mine as e:\n"
         "    assert str(e) == 'again'\nelse:\n    assert False"),
        ("class Dog:\n    pass\ndef f():\n    return Dog()",
         "d = f()\nassert type(d).__name__ == 'Dog' == d.__class__.__name__ and type(d) is Dog and type(3) is int"),
        ("def f(d):\n    return d.keys()", "assert f({'a': 1}) == {'a': 2}.keys() and list(f({'b': 1})) == ['b']"),
        ("def f(n):\n    n.x += 1\n    return n",
         "from types import SimpleNamespace as N\nn = N(x=1)\nassert f(n) == N(x=2) and n.x == 2"),
        ("def f():\n    return ValueError('a', 1)", "assert isinstance(f(), ValueError) and f().args == ('a', 1)"),
        ("import datetime\nclass Z(datetime.tzinfo):\n    def utcoffset(self, t):\n        return None\n"
         "def f():\n    return datetime.datetime(2020, 1, 2, tzinfo=Z())", "assert f().year == 2020"),
    ],
)  # fmt: skip
def test_tests_work_as_if_they_ran_beside_the_program(code, test):
    namespace: dict = {"__name__": "__main__"}
    exec(code, namespace)
    exec(test, namespace)  # what Python itself says about it
    found = execute(code, [test])
    assert found.passed, found.detail


@pytest.mark.usefixtures("needs_landlock")
@pytest.mark.parametrize(
    ("test", "need"),
    [
        ("class Dog:\n    pass\nassert f(Dog())", "to hand the program a value of type Dog"),
        ("class Dog:\n    pass\nassert f(Dog)", "to hand the program the class Dog"),
        ("assert V() + 1 == 2", r"add of an object of the program \(V\) and one of its own \(int\)"),
        ("try:\n    ok = V() < 3\nexcept Exception:\n    ok = True\nassert ok", "lt of an object of the program"),
        ("assert kind() == list[int]", "to compare values of type types.GenericAlias"),
        ("assert f('x' * 34_000_000)", "to hand over more than the sandbox carries: a value of 32 MiB"),
        ("assert len(large()) == 34_000_000", "to be given more than the sandbox carries: a value of 32 MiB"),
        ("import pytest", "the module pytest, which the sandbox does not have"),
        ("from unittest.mock import patch\nwith patch('builtins.input', lambda: '5'):\n    assert f(1)",
         "to patch builtins.input in the program"),
        ("import time\nfrom unittest import mock\nwith mock.patch.object(time, 'sleep'):\n    assert f(1)",
         "to patch time in the program"),
        ("def test_a(tmp_path):\n    assert f(1)", "the argument tmp_path"),
        ("def each(x):\n    return V() + 1\nassert apply(each)", "add of an object of the program"),
    ],
)  # fmt: skip
def test_what_a_test_needs_and_cannot_have_is_told_and_is_no_wrong_answer(test, need):
    code = "class V:\n    pass\ndef f(x):\n    return x\ndef kind():\n    return list[int]\n"
    code += "def large():\n    return 'x' * 34_000_000\ndef apply(g):\n    try:\n        return g(1)\n"
    code += "    except BaseException:\n        return True"
    found = execute(code, [test, "assert f(1) == 1"])
    assert found.status == "error" and re.match(f"this test needs {need}", found.detail), found
    assert found.tests[1].outcome == "passed"


@pytest.mark.usefixtures("needs_landlock")
def test_a_program_learns_nothing_from_an_assertion_that_fails_in_a_function_it_was_lent():
    code = "def f(g):\n    try:\n        g()\n    except BaseException as e:\n        print(repr((e, vars(e))))"
    test = "def g():\n    e = AssertionError('27')\n    e.expected = 27\n    raise e\nf(g)"
    found = execute(code, [test])
    assert found.status == "failed" and found.output == "(AssertionError(), {})\n"
