"""What runs leave behind, in the nursery that starts them and outside, and what becomes of it when something dies."""

import ast
import gc
import os
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.execution import descendants, held, run_programs
from ddpt_core.metrics.execution import Limits, execute
from sandbox import pool

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 10  # s for something to end

pytestmark = pytest.mark.usefixtures("needs_landlock")


def soon(holds) -> bool:
    """Returns whether `holds()` comes true."""
    deadline = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(holds())


def printed(code: str, **arguments):
    """Returns the value that a program prints."""
    found = execute(code, **arguments)
    assert found.passed, found.detail
    return ast.literal_eval(found.output)


@pytest.fixture
def endless():
    """Yields what starts an endless program and returns its folder; ends it by its time limit of 60 s at most."""
    threads, results = [], []

    def start(code: str = "import time\nopen('mine', 'w').write('secret')\ntime.sleep(60)") -> tuple[Path, list]:
        base = Path(pool.nursery().base.path)
        before = set(base.iterdir())
        threads.append(threading.Thread(target=lambda: results.append(execute(code, limits=Limits(timeout=60)))))
        threads[-1].start()
        assert soon(lambda: [folder for folder in set(base.iterdir()) - before if (folder / "mine").exists()])
        return (set(base.iterdir()) - before).pop(), results

    yield start
    os.kill(pool.nursery().pid, signal.SIGKILL)
    for thread in threads:
        thread.join()


# --- every program starts alike


def test_nothing_of_one_program_is_seen_by_the_next():
    marks = "import builtins, sys, os, random\nprint((hasattr(builtins, 'mark'), 'mark' in sys.modules, "
    marks += "os.environ.get('MARK'), os.listdir('.'), os.umask(0), random.__dict__.get('mark')))\n"
    marks += "builtins.mark = sys.modules['mark'] = random.mark = 1; os.environ['MARK'] = '1'; open('mark', 'w')"
    first, second = printed(marks), printed(marks)
    assert first == second == (False, False, None, [], first[4], None)


def test_random_numbers_differ_from_program_to_program_and_the_order_of_sets_does_not():
    code = "import random, uuid, tempfile\nprint((random.random(), uuid.uuid4().int, tempfile.mktemp()))"
    assert all(len(set(values)) == 3 for values in zip(*(printed(code) for _ in range(3)), strict=True))
    numpy_code = "import numpy as np\nprint(float(np.random.rand()))"
    assert len({printed(numpy_code) for _ in range(3)}) == 3
    assert len({execute("print({chr(i) for i in range(99)})").output for _ in range(3)}) == 1


def test_signals_are_handled_as_in_a_bare_interpreter():
    code = "import signal\nprint((sorted(map(int, signal.pthread_sigmask(0, []))), "
    code += "[str(signal.getsignal(n)).partition(' at ')[0] for n in range(1, 65) if n not in (32, 33)]))"
    bare = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed(code) == ast.literal_eval(bare)


DESCRIPTORS = """
import os, stat
found = []
for number in range(1024):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        continue
    kinds = {stat.S_ISCHR: "device", stat.S_ISFIFO: "pipe", stat.S_ISDIR: "folder"}
    found.append(next((kind for test, kind in kinds.items() if test(mode)), "other"))
print(found)
"""


def test_a_program_has_no_descriptors_but_its_input_output_pipes_and_pythons_folders():
    found = printed(DESCRIPTORS)
    assert found[:3] == ["device", "pipe", "pipe"] and found.count("pipe") == 4 and "other" not in found


def test_the_first_program_with_numpy_pays_for_its_import_and_the_next_do_not():
    imported = "import sys\nprint('num' + 'py' in sys.modules)  # "
    assert (printed(imported), printed(imported + "numpy")) == (False, True)
    assert printed(imported + "numpy", limits=Limits(memory_mb=100)) is False  # there is no room for it


# --- what the processes of one run cannot do to others


def test_a_program_cannot_see_the_folder_of_another(endless):
    folder, _ = endless()
    for attempt in (
        f"open('{folder}/mine').read()",
        f"import os; os.listdir('{folder}')",
        "import os; os.listdir('..')",
    ):
        assert execute(attempt).detail.startswith("PermissionError"), attempt
    for attempt in (f"open('{folder}/new', 'w')", "open('../new', 'w')", f"import os; os.remove('{folder}/mine')"):
        assert execute(attempt).detail.startswith("PermissionError"), attempt
    assert (folder / "mine").read_text() == "secret"


def test_a_program_cannot_read_packages_beside_the_standard_library():
    installed = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix})) / "site-packages"
    if not installed.is_dir():
        pytest.skip(f"there is no {installed}")
    assert execute(f"import os; os.listdir({str(installed)!r})").detail.startswith("PermissionError")


@pytest.mark.parametrize("number", [0, 9, 19])
def test_a_program_cannot_signal_the_nursery(number):
    before = pool.nursery().pid
    for target in ("os.getppid()", "-os.getppid()", str(before), "-1"):
        assert execute(f"import os; os.kill({target}, {number})").detail.startswith("PermissionError")
    assert execute("1").passed and pool.nursery().pid == before


# --- what is left


def test_three_hundred_programs_leave_memory_descriptors_and_processes_as_they_were():
    run_programs(100)
    gc.collect()
    before = held()
    run_programs(300)
    gc.collect()
    after = held()
    assert after["processes"] == before["processes"] and after["own_descriptors"] == before["own_descriptors"]
    if os.geteuid() == 0:
        assert after["started_descriptors"] < before["started_descriptors"] + 10  # the last run
    for what in ("own_kb", "started_kb"):
        assert after[what] < before[what] + 2_000
    assert os.listdir(pool.nursery().base.path) == []


def test_programs_of_several_threads_do_not_mix():
    def product(n: int) -> str:
        return execute(f"print({n} * 7)", [f"assert {n} * 7 == {7 * n}"]).output

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(product, range(40))) == [f"{7 * n}\n" for n in range(40)]


# --- when something dies


def test_a_run_whose_nursery_is_killed_says_so_and_the_next_run_has_another(endless):
    folder, results = endless()
    before = pool.nursery().pid
    started = descendants(before)
    os.kill(before, signal.SIGKILL)
    assert soon(lambda: results) and len(started) == 2
    assert soon(lambda: not any(Path(f"/proc/{number}").exists() for number in started))
    assert results[0].status == "error" and results[0].detail.startswith("The sandbox's own process was ended")
    assert execute("1").passed and pool.nursery().pid != before
    assert not folder.exists() and not folder.parent.exists()


def test_a_nursery_that_was_killed_between_runs_is_replaced_unnoticed():
    before = pool.nursery().pid
    os.kill(before, signal.SIGKILL)
    assert execute("1").passed and pool.nursery().pid != before


def test_a_nursery_that_is_killed_before_it_has_started_a_run_is_replaced_unnoticed():
    before = pool.nursery()
    os.kill(before.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        found = threads.submit(execute, "1")
        assert soon(lambda: os.listdir(before.base.path))
        time.sleep(0.1)  # until the order is on its way; if it is not, the send fails, which ends alike
        os.kill(before.pid, signal.SIGKILL)
        assert found.result().passed and pool.nursery().pid != before.pid


def test_a_program_that_is_stopped_costs_the_nursery_nothing():
    before = pool.nursery().pid
    assert execute("while True:\n    pass", limits=Limits(timeout=0.2)).status == "timeout"
    assert pool.nursery().pid == before and descendants(before) == []


def test_a_folder_that_was_removed_from_outside_is_made_anew():
    os.rmdir(pool.nursery().base.path)
    assert execute("open('a', 'w').close()").passed


USER = """
import os, sys, threading, time
from ddpt_core.metrics.execution import execute
from sandbox import pool
assert execute("1").passed
print(pool.nursery().pid, pool.nursery().base.path, flush=True)
"""
ENDLESS = """
threading.Thread(target=execute, args=("open('mine', 'w').close()\\nwhile True:\\n    pass",), daemon=True).start()
time.sleep(60)
"""
FORKS = """
copy = os.fork()
if copy == 0:
    assert execute("1").passed
    print(pool.nursery().pid, pool.nursery().base.path, flush=True)
    sys.exit(0)
os.waitpid(copy, 0)
assert execute("1").passed
print(pool.nursery().pid, pool.nursery().base.path, flush=True)
"""


def start(code: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_the_death_of_the_user_leaves_no_process_and_the_next_user_removes_its_folder(monkeypatch):
    with start(USER + ENDLESS) as user:
        nursery, base = user.stdout.readline().split()
        assert soon(lambda: list(Path(base).glob("*/mine")))
        started = [*descendants(user.pid)]
        assert int(nursery) in started and len(started) == 3
        user.kill()
    assert soon(lambda: not any(Path(f"/proc/{number}").exists() for number in started))
    monkeypatch.setattr("sandbox.scratch._SURELY_LOCKED_SECONDS", -1.0)
    own = pool.nursery().base.path
    pool.discard(pool.nursery())
    other = pool.nursery(("numpy",)).base.path
    assert execute("1").passed
    assert not os.path.exists(base) and not os.path.exists(own) and os.path.exists(other)


def test_a_user_that_ends_leaves_neither_process_nor_folder():
    with start(USER) as user:
        nursery, base = user.stdout.readline().split()
        assert user.wait(PATIENCE) == 0
    assert not os.path.exists(f"/proc/{nursery}") and not os.path.exists(base)


def test_a_forked_copy_of_the_user_has_a_nursery_of_its_own_and_leaves_the_originals_alone():
    with start(USER + FORKS) as user:
        original, of_copy, still = (user.stdout.readline().split() for _ in range(3))
        assert user.wait(PATIENCE) == 0
    assert original == still != of_copy
    for nursery, base in (original, of_copy):
        assert not os.path.exists(f"/proc/{nursery}") and not os.path.exists(base)
