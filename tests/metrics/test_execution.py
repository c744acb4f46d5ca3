"""Programs are really run here, in real confined processes; nothing of the sandbox is replaced."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError
from ddpt_core.metrics.execution import MAX_SOURCE_CHARACTERS, MAX_TEST_CHARACTERS, Limits, execute, execute_many
from sandbox import pool, scratch

ROOT = Path(__file__).resolve().parents[2]
SHORT = Limits(timeout=0.4)

pytestmark = pytest.mark.usefixtures("needs_landlock")


def outcomes(execution) -> list[str]:
    return [test.outcome for test in execution.tests]


# --- verdicts


def test_a_right_program_passes_each_of_its_tests():
    found = execute("def add(a, b):\n    return a + b", ["assert add(1, 2) == 3", "assert add('a', 'b') == 'ab'"])
    assert (found.status, found.detail, outcomes(found)) == ("passed", "", ["passed", "passed"])
    assert found.passed and found.seconds > 0 and 5 < found.peak_memory_mb < 100


def test_a_wrong_answer_fails_and_shows_both_values():
    found = execute("def add(a, b):\n    return a - b", ["assert add(5, 2) == 7", "assert add(0, 0) == 0"])
    assert (found.status, outcomes(found)) == ("failed", ["failed", "passed"])
    assert found.tests[0].detail == found.detail == "add(5, 2) == 7 does not hold: 3 == 7"


def test_the_message_of_an_assertion_is_shown():
    found = execute("def f():\n    return []", ["assert f(), 'nothing came back'"])
    assert found.detail == "f() does not hold (nothing came back)"


def test_an_exception_in_a_test_is_an_error_with_its_type_and_line_and_the_next_test_still_runs():
    found = execute("def f(x):\n    y = 1\n    return y / x", ["assert f(0) == 0", "assert f(1) == 1"])
    assert (found.status, outcomes(found)) == ("error", ["error", "passed"])
    assert found.tests[0].detail == "ZeroDivisionError: division by zero (line 3: return y / x)"


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("def f(:\n    pass", "SyntaxError: invalid syntax (line 1: def f(:)"),
        ("x = 1\nx.foo", "AttributeError: 'int' object has no attribute 'foo' (line 2: x.foo)"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 (line 2: sys.exit(3))"),
        ("import torch", "ModuleNotFoundError: No module named 'torch' (line 1: import torch)"),
        ("\0", "ValueError: source code string cannot contain null bytes"),
    ],
)
def test_code_that_does_not_run_is_an_error_and_no_test_is_reached(code, detail):
    found = execute(code, ["assert True"])
    assert found.status == "error" and outcomes(found) == ["not reached"]
    assert found.detail.replace("SyntaxError: source", "ValueError: source") == detail


def test_the_value_of_a_last_expression_is_bound_to_an_underscore():
    assert execute("a = [3, 1]\nsorted(a)", ["assert _ == [1, 3]"]).passed
    assert execute("1 + 1", ["assert _ == 3"]).detail == "_ == 3 does not hold: 2 == 3"


def test_setup_runs_before_the_code_and_tests_see_what_all_of_it_bound():
    found = execute("b = a + 1", ["c = b + 1", "assert (a, b, c) == (1, 2, 3)"], setup="a = 1")
    assert found.passed, found.detail


def test_a_setup_that_needs_the_programs_names_runs_after_it():
    code = "class Node:\n    def __init__(self, v):\n        self.v = v\ndef last(n):\n    return n.next.v"
    assert execute(code, ["assert last(root) == 2"], setup="root = Node(1)\nroot.next = Node(2)").passed


def test_without_tests_passed_means_that_the_code_ran():
    found = execute("print('hello')")
    assert (found.status, found.tests, found.output) == ("passed", (), "hello\n")


def test_numpy_is_there():
    found = execute(
        "import numpy as np\ndef double(x):\n    return np.asarray(x) * 2",
        ["assert (double([1, 2]) == np.array([2, 4])).all()", "assert double(3) == 7"],
    )
    assert outcomes(found) == ["passed", "failed"], found.detail


def test_a_check_function_as_in_humaneval_is_given_the_programs_function():
    check = "def check(candidate):\n    assert candidate(2) == 4\n    assert abs(candidate(3) - 6) < 1e-9\n"
    assert execute("def f(x):\n    return 2 * x", [check + "check(f)"]).passed
    stub = "def f(x):\n    '''Doubles x.'''\n"
    assert execute("def f(x):\n    return 2 * x", ["check(f)"], setup=stub + check).passed
    assert execute("def f(x):\n    return x + 2", ["check(f)"], setup=stub + check).status == "failed"


# --- what crosses between a test and the program


@pytest.mark.parametrize(
    ("code", "test"),
    [
        ("def s(x):\n    x.sort()", "a = [3, 1]; s(a); assert a == [1, 3]"),
        ("def apply(f, x):\n    return f(x)", "assert apply(lambda v: v + 1, 3) == 4"),
        ("def apply(f, x):\n    return f(x)", "assert apply(len, 'abc') == 3"),
        ("def collect(it):\n    return list(it)", "assert collect(c for c in 'ab') == ['a', 'b']"),
        ("def g():\n    yield 1\n    yield 2", "assert list(g()) == [1, 2]"),
        ("def adder(n):\n    return lambda x: x + n", "assert adder(2)(3) == 5"),
        ("def f():\n    print('out')", "import io, contextlib\nb = io.StringIO()\n"
         "with contextlib.redirect_stdout(b):\n    f()\nassert b.getvalue() == 'out\\n'"),
        ("from collections import namedtuple\nP = namedtuple('P', 'x y')",
         "assert P(1, 2) == (1, 2) and P(1, 2).y == 2"),
        ("import enum\nclass C(enum.IntEnum):\n    RED = 3", "assert C.RED == 3 and C(3) is C.RED"),
        ("class S(list):\n    pass", "s = S(); s.append(1); assert s == [1] and len(s) == 1 and 1 in s"),
        ("class V:\n    def __init__(self, x):\n        self.x = x\n"
         "    def __add__(self, o):\n        return V(self.x + o.x)\n"
         "    def __eq__(self, o):\n        return self.x == o.x",
         "v = V(1) + V(2); assert v == V(3) and v.x == 3 and isinstance(v, V)"),
        ("class E(ValueError):\n    pass\ndef f():\n    raise E('bad')",
         "try:\n    f()\nexcept E as error:\n    assert str(error) == 'bad'\nelse:\n    assert False"),
        ("def f():\n    return {1: (2.5, None)}, {3}, b'x', 2**80, 1j, range(3)",
         "assert f() == ({1: (2.5, None)}, {3}, b'x', 2**80, 1j, range(3))"),
        ("from fractions import Fraction\nimport datetime\nfrom collections import Counter",
         "assert (Fraction(1, 2), Counter('aab')['a'], datetime.date(2020, 1, 2).day) == (0.5, 2, 2)"),
        ("def sum(a, b):\n    return a + b + 1", "assert sum(1, 2) == 4"),
        ("import math\ndef area(r):\n    return math.pi * r * r",
         "assert math.isclose(area(1), 3.14159, rel_tol=1e-4)"),
    ],
)  # fmt: skip
def test_tests_work_as_if_they_ran_beside_the_program(code, test):
    namespace: dict = {}
    exec(code, namespace)
    exec(test, namespace)  # what Python itself says about it
    found = execute(code, [test])
    assert found.passed, found.detail


# --- what a program may try


SECRET = "assert answer(2) == 5"


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)",
        "import os\ndef answer(x):\n    os._exit(0)",
        "def answer(x):\n    raise SystemExit(0)",
        "print('passed'); print('[\"done\"]')",
        "class Same:\n    def __eq__(self, other):\n        return True\ndef answer(x):\n    return Same()",
        "class Same(int):\n    def __eq__(self, other):\n        return True\ndef answer(x):\n    return Same(3)",
        "class answer:\n    def __init__(self, x):\n        pass\n    def __eq__(self, other):\n        return True",
        "from unittest.mock import ANY\ndef answer(x):\n    return ANY",
        "import json\njson.dumps = lambda *a, **k: '[\"value\",true,[],\"\"]'\ndef answer(x):\n    return 1",
        "import json, os, struct\ndef answer(x):\n    for message in (['done'], ['outcome', 0, 'passed', '', '']):\n"
        "        data = json.dumps(message).encode()\n        for fd in range(1, 20):\n            try:\n"
        "                os.write(fd, struct.pack('<I', len(data)) + data)\n            except OSError:\n"
        "                pass\n    os._exit(0)",
        "import os\nos.closerange(0, 64)",
        "import os, signal\ndef answer(x):\n    os.kill(os.getpid(), signal.SIGKILL)",
        "import ctypes\ndef answer(x):\n    ctypes.string_at(0)",
    ],
)  # fmt: skip
def test_a_program_that_does_not_know_the_answer_cannot_pass(code):
    found = execute(code, [SECRET])
    assert found.status in ("failed", "error") and "passed" not in outcomes(found)


SPY = """
import gc, re, sys
def answer(x):
    frame, seen = sys._getframe(), [repr(o) for o in gc.get_objects() if type(o) in (list, dict, tuple)]
    while frame:
        seen.append(repr(frame.f_locals))
        frame = frame.f_back
    found = re.findall("2[0-9]{19}", " ".join(seen))
    return int(found[0]) if found else 0
"""


def test_a_program_cannot_find_what_is_expected_in_its_own_process():
    test = "assert answer(2) == 27182818284590452353"
    both = "import sys\nnames = {}\nexec(sys.argv[1], names)\nexec(sys.argv[2], names)"
    subprocess.run([sys.executable, "-c", both, SPY, test], check=True)  # beside the test it does find it
    assert execute(SPY, [test]).detail == "answer(2) == 27182818284590452353 does not hold: 0 == 27182818284590452353"


@pytest.mark.parametrize(
    ("helper", "test"),
    [
        ("abs = lambda x: 0", "assert abs(answer(2) - 5) < 1e-6"),
        ("sorted = lambda x: [5]", "assert sorted([answer(2)]) == [5]"),
        ("class math:\n    isclose = lambda *a, **k: True", "assert math.isclose(answer(2), 5)"),
        ("def check(candidate):\n    pass", "check(answer)"),
        ("import builtins\nbuiltins.len = lambda x: 5", "assert len('a' * answer(2)) == 5"),
        ("class int(int):\n    pass", "assert answer(2) == int('5')"),
    ],
)
def test_a_replaced_builtin_module_or_check_function_is_not_the_tests(helper, test):
    setup = "def check(candidate):\n    assert candidate(2) == 5"
    found = execute(f"{helper}\ndef answer(x):\n    return 1", [test], setup=setup)
    assert found.status == "failed", found.detail


def test_dying_is_not_taken_for_an_expected_exception():
    test = "try:\n    f(-1)\nexcept BaseException:\n    pass\nelse:\n    assert False"
    assert execute("def f(x):\n    raise ValueError", [test]).passed
    found = execute("import os\ndef f(x):\n    os._exit(0)", [test, "assert True"])
    assert (found.status, outcomes(found)) == ("failed", ["error", "not reached"])
    assert found.detail == "The program ended itself with exit code 0 before the run was over."


@pytest.mark.parametrize(
    "attempt",
    [
        "import os; os.fork()",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import socket; socket.socket()",
        "import socket; socket.socketpair()",
        "import os; os.kill(1, 0)",
        "import os; os.kill(os.getppid(), 0)",
        "import os; os.listdir('/')",
        "import os; os.listdir('/proc')",
        "open('/etc/passwd').read()",
        "open('/proc/self/environ').read()",
        f"open({str(ROOT / 'pyproject.toml')!r}).read()",
        f"import os; os.listdir({os.path.expanduser('~')!r})",
        "import tempfile; open('/tmp/outside', 'w')",
        "import os; os.chmod('.', 0o777)",
        "import os; os.setuid(0)",
        "import os; os.mkfifo('pipe')",
        "import os; os.memfd_create('x')",
        "import os; os.sched_setaffinity(0, {0})",
        "import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"
        "if c.fork() == c.unshare(0x10000000) == c.ptrace(0, 0, 0, 0) == c.socket(2, 1, 0) == -1:\n"
        "    raise PermissionError(ctypes.get_errno())",
    ],
)  # fmt: skip
def test_what_reaches_outside_is_refused_by_the_kernel(attempt):
    found = execute(attempt)
    assert found.status == "error" and found.detail.startswith("PermissionError"), found.detail


def test_files_can_be_written_in_the_scratch_folder_which_is_gone_afterwards():
    code = "import os\nos.makedirs('a/b')\nopen('a/b/c.txt', 'w').write('text')\nos.getcwd()"
    found = execute(code, ["assert open('a/b/c.txt').read() == 'text'", "print(_)"])
    assert found.passed, found.detail
    assert found.output.strip() and not os.path.exists(found.output.strip())


def test_the_environment_is_empty_and_root_is_given_up():
    tests = ["assert not {'PATH', 'HOME', 'USER'} & set(env)", "assert uid != 0", "assert groups in ([], None)"]
    code = "import os\nenv, uid = dict(os.environ), os.getuid()\ngroups = os.getgroups() if uid == 65534 else None"
    found = execute(code, tests)
    assert found.passed, found.detail


def test_threads_work():
    code = "import threading\nt = threading.Thread(target=print, args=('from a thread',))\nt.start()"
    assert execute(code).output == "from a thread\n"


# --- limits


@pytest.mark.parametrize(
    "code",
    ["while True:\n    pass", "import time\ntime.sleep(60)", "import os\nos.kill(os.getpid(), 19)  # SIGSTOP"],
)
def test_an_endless_program_is_stopped(code):
    found = execute(code, ["assert True"], SHORT)
    assert (found.status, found.detail) == ("timeout", "The program was stopped after 0.4 seconds.")
    assert outcomes(found) == ["not reached"] and found.seconds < 5


def test_an_endless_test_is_stopped_and_the_ones_before_it_count():
    found = execute("def f(x):\n    while x:\n        pass", ["f(0)", "f(1)", "f(0)"], SHORT)
    assert (found.status, outcomes(found)) == ("timeout", ["passed", "error", "not reached"])


@pytest.mark.parametrize(
    "code",
    [
        "x = [0] * 10**10",
        "x = []\nwhile True:\n    x.append(' ' * 10**6)",
        "x = None\nwhile True:\n    x = (x, x)",  # down to the last byte, which leaves nothing to report with
    ],
)
def test_too_much_memory_is_refused(code):
    found = execute(code, ["assert True"], Limits(memory_mb=64))
    assert found.status == "memory" and outcomes(found) == ["not reached"]
    assert found.detail == "The program needed more than its 64 MB of memory."


def test_a_flood_of_output_ends_the_program_and_only_its_beginning_is_kept():
    found = execute("while True:\n    print('x' * 10_000)")
    assert found.status == "failed" and "printed more than 1,024 KB" in found.detail
    assert len(found.output) <= 1 << 16


@pytest.mark.parametrize(
    "code",
    [
        "for i in range(10**6):\n    open(str(i), 'w').close()",
        "import time\nfor i in range(100):\n    open(str(i), 'wb').write(bytes(900_000)); time.sleep(0.02)",
    ],
)
def test_a_flood_of_files_ends_the_program(code, monkeypatch):
    monkeypatch.setattr(scratch, "_MAX_ENTRIES", 100)
    found = execute(code, limits=Limits(timeout=5, disk_mb=1))
    assert found.status == "failed" and "wrote over 1 MB or 2,000 files" in found.detail


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *(("timeout", seconds) for seconds in (0, -1, float("nan"), 1e9)),
        ("memory_mb", 63),
        ("output_kb", 0),
        ("disk_mb", 0),
    ],
)
def test_limits_out_of_range_are_refused_in_one_sentence(setting, value):
    with pytest.raises(ConfigError, match=r"must be .*, got "):
        Limits(**{setting: value})


def test_what_is_no_program_is_refused_in_one_sentence():
    with pytest.raises(DataError, match="got one string"):
        execute("x = 1", "assert x")
    with pytest.raises(DataError, match="code must have at most 200,000 characters, got 200,001"):
        execute(" " * (MAX_SOURCE_CHARACTERS + 1), [])
    with pytest.raises(DataError, match="tests must be text, got int"):
        execute("x = 1", [1])
    with pytest.raises(DataError, match="at most 1,000 tests"):
        execute("x = 1", ["assert x"] * 1_001)


def test_a_byte_order_mark_before_code_setup_and_tests_is_dropped():
    found = execute("\ufeffdef f(x):\n    return x + n", ["\ufeffassert f(1) == 2"], setup="\ufeffn = 1")
    assert found.passed, found.detail


def test_half_of_a_surrogate_pair_in_tests_is_refused_in_one_sentence():
    with pytest.raises(DataError, match="half of a surrogate pair, which is no character; remove it"):
        execute("x = 1", ["assert x == '\ud800'"])


def test_tests_of_megabytes_are_read():
    numbers = ", ".join(["[1, 2]"] * 60_000)
    test = f"assert f([{numbers}]) == 60_000"
    assert len(test) > 400_000 and execute("f = len", [test], Limits(timeout=60)).passed
    assert execute("f = max", [test], Limits(timeout=60)).status != "passed"


def test_a_helper_of_an_earlier_test_finds_the_names_of_the_program():
    code = "def double(x):\n    return 2 * x\ndef copy(x):\n    return [x]"
    tests = [
        "def twice(x):\n    return double(double(x))",
        "later = lambda x: twice(x) + double(x)",
        "checks = []",
        "checks.append(lambda: later(1) == 6)",
        "assert twice(1) == 4 and later(1) == 6 and checks[0]()",
        "assert copy(double(1)) == [2]",  # a function, though the library has a module of that name
    ]
    assert execute(code, tests).passed
    assert execute(code.replace("2 * x", "3 * x"), tests).status == "failed"


def test_check_of_a_task_finds_the_helper_that_the_instruction_defines_beside_the_function():
    prompt = "def plus(x):\n    return x + 1\n\n\ndef minus(x):\n    'Undoes plus.'"
    tests = ("def check(candidate):\n    assert candidate(plus(3)) == 3",)
    task = Task(id="t", instruction=prompt, tests=tests)
    split = Task(id="s", instruction=prompt, tests=(*tests, "check(minus)"))
    right, wrong = (f"{prompt}\n    return x {sign} 1" for sign in "-+")
    found = execute_many([(right, task), (right, split), (wrong, task), (wrong, split)])
    assert [execution.status for execution in found] == ["passed", "passed", "failed", "failed"]


def test_a_function_called_as_a_builtin_is_meant_where_nothing_else_of_the_program_is():
    code = "def sum(a, b):\n    return a + b + 1"
    check = "def check(candidate):\n    assert candidate(1, 2) == 4"
    assert execute(code, [check, "check(sum)", "found = sum(1, 2)", "assert sum(found, 1) == 6"]).passed
    forged = "abs = lambda x: 0\ndef answer(x):\n    return 1"
    keep = "def store(x, kept=[]):\n    kept.append(x)\n    return kept"
    found = execute(forged, [keep, "store(answer(2))", "assert abs(store(0)[0] - 5) < 1e-6"])
    assert found.status == "failed"
    put = "def put():\n    global box\n    box = answer(2)"
    assert execute(forged, [put, "put()", "assert abs(box - 5) < 1e-6"]).status == "failed"


def test_what_cannot_be_run_at_all_does_not_keep_the_others_from_being_run():
    tests = {"none": ("x = 1",), "bare": ("def check(candidate):\n    assert candidate",), "good": ("assert _ == 1",)}
    tests["long"] = ("assert '" + "x" * MAX_TEST_CHARACTERS + "'",)
    found = execute_many([("1", Task(id=name, instruction="a number", tests=each)) for name, each in tests.items()])
    told = {name: (execution.status, execution.detail) for name, execution in zip(tests, found, strict=True)}
    assert told["good"] == ("passed", "") and {told[name][0] for name in ("none", "bare", "long")} == {"error"}
    assert "check nothing" in told["none"][1] and "at most 4,000,000 characters" in told["long"][1]


def test_many_programs_come_back_in_order():
    tasks = [(f"{i}", Task(id=str(i), instruction="a number", tests=(f"assert _ == {i % 3}",))) for i in range(4)]
    done: list[int] = []
    found = execute_many(tasks, workers=2, progress=done.append)
    assert [execution.status for execution in found] == ["passed", "passed", "passed", "failed"]
    assert done == [1, 2, 3, 4]


# --- nothing is run with less

WITHOUT = """
import struct
import sys
from ddpt_core.metrics.execution import execute
from sandbox import kernel, seccomp
from sandbox.syscalls import named, of_nursery
number = (named(kernel.MACHINE) | of_nursery(kernel.MACHINE))[sys.argv[1]]
fails = (0x06, 0, 0, 0x00050000 | 38)  # ENOSYS
lines = [(0x20, 0, 0, 0), (0x15, 0, 1, number), fails, (0x06, 0, 0, 0x7FFF0000)]
kernel.prctl(38, 1)
seccomp.install(b"".join(struct.pack("=HBBI", *line) for line in lines))
found = execute("print('it ran')", ["assert True"])
print(found.status, found.output, [test.outcome for test in found.tests], found.detail)
"""


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("landlock_create_ruleset", "this kernel has no Landlock"),
        ("landlock_restrict_self", "needs landlock_restrict_self, which this system refuses"),
        ("seccomp", "needs seccomp, which this system refuses"),
        ("capset", "needs capset, which this system refuses"),
    ],
)
def test_a_system_without_one_of_the_walls_runs_nothing_and_says_why(missing, reason):
    run = subprocess.run([sys.executable, "-c", WITHOUT, missing], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.stdout.startswith("refused  ['not reached'] "), run.stdout + run.stderr
    assert reason in run.stdout


def test_an_interpreter_that_cannot_be_started_is_refused(monkeypatch):
    pool.stop()
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    found = execute("1", ["assert True"])
    assert (found.status, outcomes(found)) == ("refused", ["not reached"])
    assert "/nonexistent/python" in found.detail


def test_a_constant_of_the_setup_is_made_with_pythons_own_functions():
    code, test = "float = lambda text: 1e99\ndef f(x):\n    return 1", "assert abs(f(2) - 5) < TOLERANCE"
    assert execute(code, [test], setup="TOLERANCE = float('1e-6')").status == "failed"


@pytest.mark.parametrize(
    ("setup", "code", "test"),
    [
        ("a = [1]", "a.append(2)", "assert a == [1, 2]"),
        ("n = 1", "n += 1", "assert n == 2"),
        ("d = {}", "d['k'] = 2\nn = 1", "assert d == {'k': 2} and n == 1"),
        ("class P:\n    x = 1\np = P()", "p.x = 5", "assert p.x == 5"),
    ],
)
def test_a_test_sees_what_the_code_did_to_a_variable_of_the_setup(setup, code, test):
    assert execute(code, [test], setup=setup).status == "passed"
    assert execute("pass", [test], setup=setup).status in ("failed", "error")


def test_a_variable_that_should_have_stayed_as_it_was_is_seen_to_have_changed():
    tests = ["assert _ == [1, 3]", "assert a == [3, 1]"]
    assert execute("sorted(a)", tests, setup="a = [3, 1]").status == "passed"
    assert execute("a.sort()\na", tests, setup="a = [3, 1]").status == "failed"


@pytest.mark.parametrize(
    ("setup", "code"),
    [
        ("cases = [(2, 2.5)]\ndef check(f):\n    for a, b in cases:\n        assert f(a) == b", "cases = []"),
        ("eps = 1e-6\ndef check(f):\n    assert abs(f(2) - 2.5) < eps", "eps = 1e99"),
    ],
)
def test_the_functions_of_the_setup_read_the_setups_own_variables(setup, code):
    wrong, right = f"{code}\ndef answer(x):\n    return 7.0", "def answer(x):\n    return x + 0.5"
    assert execute(wrong, ["check(answer)"], setup=setup).status == "failed"
    assert execute(right, ["check(answer)"], setup=setup).status == "passed"


def test_a_class_that_the_setup_makes_by_a_call_can_be_passed_to_the_program():
    setup = "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\nhome = Point(0, 0)"
    code = "def swapped(p):\n    return Point(p.y, p.x)"
    tests = [
        "assert swapped(Point(1, 2)) == Point(2, 1)",
        "assert swapped(Point(1, 2)).x == 2",
        "assert home == (0, 0)",
    ]
    assert execute(code, tests, setup=setup).status == "passed"
    assert execute("def swapped(p):\n    return p", tests, setup=setup).status == "failed"


def test_an_answer_that_cannot_be_read_is_told_as_that():
    forged = "import sys\nprogram = sys._getframe(4).f_locals['self']\nprogram._answer = lambda request: ['nonsense']\n"
    run = execute(forged + "def f():\n    return 1", ["assert f() == 1"])
    assert run.status == "failed" and "cannot be read" in run.detail, run
