"""Small programs run in the sandbox by `execute_many`, against as many bare starts of the same interpreter."""

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.pairs import Result, in_turn
from ddpt_core.data.task import Task
from ddpt_core.metrics.execution import execute_many

GOAL = 0.6
COUNT = 500  # programs, and bare starts
WORKERS = 2
LONG_RUN = 5_000  # programs after which nothing more may be held than before


def measure() -> Iterator[Result]:
    """Yields the ratio of both; details: the same against two starts at a time, and what is held by and by."""
    run_programs(50), start_interpreters(10, 1)  # starts what stays running, and fills the system's file cache
    pairs = in_turn(lambda: run_programs(COUNT), lambda: start_interpreters(COUNT, 1))
    two_at_a_time = in_turn(lambda: run_programs(COUNT // 5), lambda: start_interpreters(COUNT // 5, WORKERS))
    before = held()
    for _ in range(LONG_RUN // COUNT):
        run_programs(COUNT)
    details = {
        "programs_per_second": COUNT / statistics.median(pairs.ours),
        "ratio_to_two_starts_at_a_time": two_at_a_time.ratio,
        "held_before": before,
        f"held_after_{LONG_RUN}_programs": held(),
    }
    ours, bare = pairs.medians()
    seconds = {f"{COUNT} programs": ours, f"{COUNT} bare starts": bare}
    yield Result("execution", pairs.ratio, GOAL, seconds, len(pairs.ours), details)


def run_programs(count: int) -> None:
    """Runs small programs; raises RuntimeError if one does not pass."""
    task = Task(id="add", instruction="adds", tests=("assert add(1, 2) == 3", "assert add('a', 'b') == 'ab'"))
    code = "def add(a, b):\n    return a + b"
    for found in execute_many([(code, task)] * count, workers=WORKERS):
        if not found.passed:
            raise RuntimeError(f"A program of the benchmark ended as {found.status}: {found.detail}")


def start_interpreters(count: int, at_a_time: int) -> None:
    """Starts the interpreter that often, for nothing."""
    bare = lambda _: subprocess.run([sys.executable, "-c", ""], check=True)  # noqa: E731
    with ThreadPoolExecutor(at_a_time) as threads:
        list(threads.map(bare, range(count)))


def held() -> dict[str, int | None]:
    """Returns what this process and those it started hold: how many they are, resident KiB, open descriptors.

    Only root is shown the descriptors of those it started; None for others.
    """
    started = descendants(os.getpid())
    return {
        "processes": 1 + len(started),
        "own_kb": resident_kb(os.getpid()),
        "started_kb": sum(map(resident_kb, started)),
        "own_descriptors": descriptors(os.getpid()),
        "started_descriptors": sum(map(descriptors, started)) if os.geteuid() == 0 else None,
    }


def descriptors(process: int) -> int:
    """Returns how many descriptors a process has open."""
    return len(os.listdir(f"/proc/{process}/fd"))


def descendants(process: int) -> list[int]:
    """Returns the numbers of the processes that a process has started, and that those have, and so on."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
    found = [process]
    for parent in found:
        found += [number for number, its_parent in parents.items() if its_parent == parent]
    return found[1:]


def resident_kb(process: int) -> int:
    """Returns the resident memory of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
