"""Programs whose answers lie: objects, exceptions and replaced functions that should turn a failing test round."""

from attacks.attack import SECRET, Attack, forged

_NEAR = f"assert abs(answer(2) - {SECRET}) < 1e-6"

ATTACKS: tuple[Attack, ...] = (
    forged("object equal to all", "answers with an object that equals everything", """
        class Same:
            __eq__ = __le__ = __ge__ = __contains__ = lambda self, other: True
            __ne__ = __lt__ = __gt__ = lambda self, other: False
            __hash__ = lambda self: 0
            __bool__ = lambda self: True
        def answer(x):
            return Same()
    """),
    *(
        forged(f"{kind.__name__} equal to all", f"answers with a {kind.__name__} of its own that equals all", f"""
            class Same({kind.__name__}):
                __eq__ = __le__ = __ge__ = __contains__ = lambda self, other: True
                __ne__ = lambda self, other: False
                __hash__ = lambda self: 0
                __len__ = lambda self: 1
                __iter__ = lambda self: iter([self])
                __getitem__ = lambda self, key: self
                __sub__ = __rsub__ = __add__ = lambda self, other: self
                __abs__ = __round__ = lambda self, *a: self
            def answer(x):
                return Same()
        """, f"assert answer(2) == {kind(expected)!r}")
        for kind, expected in (
            (int, SECRET), (float, 2.5), (str, "expected"), (list, [1, 2]), (tuple, (1, 2)), (dict, {1: 2})
        )
    ),
    forged("class that is not its own", "says that its class is int and that it is the very object", """
        class Lie:
            __class__ = int
            __index__ = __int__ = lambda self: 5
            __instancecheck__ = lambda self, other: True
            __eq__ = lambda self, other: True
        def answer(x):
            return Lie()
    """, f"assert isinstance(answer(2), int) and answer(2) == {SECRET}"),
    forged("ANY", "answers with the library's own object that equals everything", """
        from unittest.mock import ANY
        def answer(x):
            return ANY
    """),
    forged("ANY inside", "hides an object that equals everything in lists and dicts", """
        from unittest.mock import ANY
        def answer(x):
            return [ANY, {"key": ANY}]
    """, f'assert answer(2) == [{SECRET}, {{"key": 1}}]'),
    forged("class instead of a function", "is a class whose instances equal everything", """
        class answer:
            def __init__(self, x):
                pass
            def __eq__(self, other):
                return True
    """),
    forged("descriptors and metaclasses", "makes the comparison a property of a metaclass", """
        class Meta(type):
            __eq__ = lambda self, other: True
            __call__ = lambda self, *a: self
            __hash__ = type.__hash__
        class answer(metaclass=Meta):
            pass
    """),
    forged("answer that changes", "changes its answer after it was given", """
        import threading, time
        def answer(x):
            found = [0]
            def later():
                for number in range(10**6):
                    found[0] = number
            threading.Thread(target=later, daemon=True).start()
            return found
    """, f"found = answer(2)\nassert found == [{SECRET}]"),
    forged("answer that counts", "gives another answer each time", """
        import itertools
        numbers = itertools.count()
        def answer(x):
            return next(numbers)
    """, f"assert answer(2) == answer(2) == {SECRET}"),
    forged("builtins replaced", "replaces what a test calls, in builtins and as names of its own", """
        import builtins
        for name in "abs len sorted isinstance round all any str print type AssertionError".split():
            setattr(builtins, name, lambda *a, **k: 0)
            globals()[name] = lambda *a, **k: 0
        def answer(x):
            return 1
    """, _NEAR),
    Attack("fake verdict", "builtin in a later test", "replaces what a test calls that asks of an earlier one's answer",
           "abs = lambda x: 0\ndef answer(x):\n    return 1",
           ("found = answer(2)", f"assert abs(found - {SECRET}) < 1e-6"), ("failed",), says=""),
    forged("comparison replaced", "replaces the operators of the library", """
        import functools, math, operator
        operator.eq = operator.__eq__ = lambda a, b: True
        math.isclose = lambda *a, **k: True
        functools.total_ordering = None
        def answer(x):
            return 1
    """, f"import math, operator\nassert math.isclose(answer(2), {SECRET}) and operator.eq(answer(2), {SECRET})"),
    forged("numpy replaced", "replaces the comparisons of numpy", """
        import numpy
        for name in ("allclose", "array_equal", "isclose", "all", "asarray"):
            setattr(numpy, name, lambda *a, **k: True)
        def answer(x):
            return numpy.zeros(2)
    """, "import numpy as np\nassert np.allclose(answer(2), [1, 2]) and np.array_equal(answer(2), [1, 2])"),
    forged("array by address", "gives numpy an address of memory for an answer", """
        class Lie:
            @property
            def __array_interface__(self):
                return {"shape": (2,), "typestr": "<i8", "data": (0x1000, False), "version": 3}
            __array_struct__ = None
            def __array__(self, *a, **k):
                raise SystemExit(0)
            __len__ = lambda self: 2
            __getitem__ = lambda self, i: [0, 0][i]
        def answer(x):
            return Lie()
    """, "import numpy as np\nassert np.array_equal(np.asarray(answer(2)), [1, 2])"),
    forged("json and struct replaced", "replaces what its answers are written with", """
        import json, struct
        json.dumps = lambda *a, **k: '["value",true,[],""]'
        json.encoder.JSONEncoder.encode = lambda *a: "true"
        def answer(x):
            return 1
    """),
    forged("modules replaced", "puts modules of its own in place of the library's", """
        import sys, types
        for name in ("math", "operator", "json", "unittest", "collections", "numpy", "__main__", "builtins"):
            module = types.ModuleType(name)
            module.isclose = module.eq = lambda *a, **k: True
            module.__getattr__ = lambda attribute: lambda *a, **k: True
            sys.modules[name] = module
            globals()[name] = module
        def answer(x):
            return 1
    """, f"import math\nassert math.isclose(answer(2), {SECRET})"),
    forged("assertion machinery replaced", "disables assertions and the hooks behind them", """
        import builtins, sys, threading
        class Quiet(Exception):
            pass
        builtins.AssertionError = Quiet
        AssertionError = Quiet
        sys.excepthook = threading.excepthook = sys.unraisablehook = lambda *a: None
        sys.settrace(lambda *a: None)
        sys.setprofile(lambda *a: None)
        __debug__ if False else None
        def answer(x):
            return 1
    """),
    forged("AssertionError of its own", "raises and gives out exceptions that a test might catch", """
        AssertionError = Exception = BaseException = KeyError
        def answer(x):
            raise KeyError("passed")
    """),
    forged("StopIteration", "ends the loop that checks it", "def answer(x):\n    raise StopIteration",
           f"assert all(map(lambda case: answer(case[0]) == case[1], [(2, {SECRET}), (3, 4)]))"),
    forged("GeneratorExit", "ends the generator that checks it", "def answer(x):\n    raise GeneratorExit",
           f"assert all(answer(x) == y for x, y in [(2, {SECRET}), (3, 4)])"),
    forged("exceptions that pretend", "raises errors named as those of the harness", """
        class ProgramLost(Exception):
            pass
        class Passed(BaseException):
            def __str__(self):
                raise Passed
        def answer(x):
            raise (ProgramLost if x == 2 else Passed)("passed")
    """),
    forged("error that cannot be shown", "raises an error whose parts raise", """
        class Shy:
            def __repr__(self):
                raise SystemExit(0)
            __str__ = __hash__ = __eq__ = __repr__
        def answer(x):
            raise KeyError(Shy(), [Shy()])
    """),
    forged("MemoryError", "says that memory ran out as it answers", """
        class MemoryError(Exception):
            pass
        def answer(x):
            raise MemoryError("passed")
    """),
    forged("suppressing manager", "swallows the failed assertion in its context manager", """
        class answer:
            value = 1
            def __init__(self, x):
                pass
            def __enter__(self):
                return self
            def __exit__(self, *reason):
                return True
    """, f"with answer(2) as found:\n    assert found.value == {SECRET}"),
    forged("manager that swallows its own error", "makes the test's body fail before it asserts", """
        class answer:
            value = None
            def __init__(self, x):
                pass
            def __enter__(self):
                return self
            def __exit__(self, *reason):
                return True
    """, f"with answer(2) as found:\n    assert found.value[0] - 1 == {SECRET}"),
    forged("manager that swallows what it raises", "raises in the test's body before it asserts", """
        class answer:
            def __init__(self, x):
                pass
            def __enter__(self):
                return self
            def __exit__(self, *reason):
                return True
            @property
            def value(self):
                raise ValueError
    """, f"with answer(2) as found:\n    assert found.value == {SECRET}"),
    forged("swallowed callback", "catches the assertion in the function that it was given", """
        import re
        def answer(check):
            for number in range(3):
                try:
                    return check(number)
                except BaseException as error:
                    found = re.findall("27[0-9]{18}", str(error) + repr(error.args))
                    number = int(found[0]) if found else number
                    try:
                        check(number)
                    except BaseException:
                        pass
    """, f"def check(value):\n    assert value == {SECRET}\nanswer(check)"),
    forged("callback that is not called", "never calls what it was given, and calls it with nonsense", """
        def answer(check):
            for arguments in ((), (1, 2), (None,)):
                try:
                    check(*arguments)
                except BaseException:
                    pass
            return True
    """, f"seen = []\nanswer(lambda value: seen.append(value))\nassert seen == [{SECRET}]"),
    forged("setup's check replaced", "replaces the function that checks it", """
        def check(candidate):
            pass
        def answer(x):
            return 1
    """, f"def check(candidate):\n    assert candidate(2) == {SECRET}\ncheck(answer)"),
    forged("type hints", "has annotations that the library evaluates among the tests", """
        def answer(x):
            return 1
        answer.__annotations__ = {"x": "__import__('os')._exit(0)", "return": "int"}
    """, "import typing\nassert typing.get_type_hints(answer) == {'x': int, 'return': int}"),
    forged("docstring", "is taken for documented though it says nothing", "def answer(x):\n    return 1",
    "assert answer.__doc__"),
    forged("type that is another", "says that its type is the one that the test asks for", """
        class Liar:
            __class__ = int
        Liar.__name__ = Liar.__qualname__ = "int"
        Liar.__module__ = "builtins"
        def answer(x):
            return Liar()
    """, f"assert type(answer(2)) is int or answer(2).__class__ is int and answer(2) == {SECRET}"),
    forged("path of its own", "answers with a path and an identifier that equal everything", """
        import pathlib, uuid
        class Path(pathlib.PosixPath):
            __eq__ = lambda self, other: True
            __hash__ = lambda self: 0
        class UUID(uuid.UUID):
            __eq__ = lambda self, other: True
            __hash__ = lambda self: 0
        Path.__module__, Path.__qualname__, UUID.__module__ = "pathlib", "PosixPath", "uuid"
        def answer(x):
            return [Path("b"), UUID(int=3)]
    """, "import pathlib, uuid\nassert answer(2) == [pathlib.Path('a'), uuid.UUID(int=2)]"),
    forged("names of numpy in a namespace", "gives numpy an address of memory in a namespace and in an exception", """
        import types
        found = {"shape": (2,), "typestr": "<i8", "data": (0x1000, False), "version": 3}
        def answer(x):
            if x == 2:
                return types.SimpleNamespace(__array_interface__=found)
            error = ValueError()
            error.__array_interface__ = found
            return error
    """, "import numpy as np\nassert np.array_equal(np.asarray(answer(2)), [1, 2]) or np.asarray(answer(3)) == [1, 2]"),
    forged("exception with methods", "raises an error whose attributes are what unittest calls", """
        def answer(x):
            error = KeyError(1)
            error.with_traceback = error.add_note = lambda *a: same
            raise error
        class Same:
            __eq__ = lambda self, other: True
        same = Same()
    """, f"""
import unittest
class T(unittest.TestCase):
    def test_it(self):
        with self.assertRaises(KeyError) as caught:
            answer(2)
        self.assertEqual(caught.exception.args, ({SECRET},))
"""),
    forged("skipped test", "raises what has a test skipped, under every name that it may have", """
        import unittest
        class SkipTest(unittest.SkipTest):
            pass
        class Skipped(Exception):
            pass
        def answer(x):
            raise (unittest.SkipTest, SkipTest, Skipped)[x % 3]("nothing to see")
    """, f"""
import unittest
class T(unittest.TestCase):
    def test_it(self):
        self.assertEqual(answer(2), {SECRET})
    def test_other(self):
        self.assertEqual(answer(3), {SECRET})
    def test_third(self):
        self.assertEqual(answer(4), {SECRET})
"""),
    forged("comparison with unittest", "answers with an object that unittest's own comparisons take for equal", """
        class Same(list):
            __eq__ = __le__ = __contains__ = lambda self, other: True
            __ne__ = lambda self, other: False
            __len__ = lambda self: 1
        def answer(x):
            return Same([x])
    """, f"""
import unittest
class T(unittest.TestCase):
    def test_it(self):
        self.assertListEqual(answer(2), [{SECRET}])
"""),
    forged("namedtuple of the test", "gives back a namedtuple of the test's with an equality of its own", """
        def answer(point):
            kind = type(point)
            kind.__eq__ = lambda self, other: True
            return kind(0, 0)
    """, "from collections import namedtuple\nP = namedtuple('P', 'x y')\nassert answer(P(1, 2)) == P(2, 1)"),
    forged("name that is data", "has a value where a function is called", "answer = {2: 1}\nabs = sorted = len = 0",
    _NEAR),
)  # fmt: skip
