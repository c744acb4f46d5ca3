"""How time and peak memory of our operations grow with P, D, V, S and the number of items: the exponent of each.

The exponent is the slope of a straight line through the logarithms of all sizes, by least squares: 1 is growth in
proportion, 2 with the square. Self-attention over P may have 2; everything else has a limit of 1.1.

Every size is measured in a process of its own with one thread, which has loaded the libraries, made what the
operation reads, and done it once at the smallest size. Time is of the processor, the least of a few repetitions.
Memory is the highest that the operation's first call reached above what the process held before it, as Linux counts
(VmHWM of /proc), results included; sizes at which that is below 1 MiB are left out, for there it is the allocator's.
"""

import ctypes
import gc
import math
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from benchmarks.pairs import AgainstLimit

LIMIT, LIMIT_OF_ATTENTION = 1.1, 2.0
ENOUGH_SECONDS, MOST_REPETITIONS = 0.3, 7  # of repeating one size
LEAST_MEMORY = 2**20  # bytes
LEAST_SIZES = 3  # with less, no slope is told
LOADED = ["benchmarks.scaling_work", "sklearn.decomposition", "faiss", "sacrebleu", "codebleu"]
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure() -> Iterator[AgainstLimit]:
    """Yields two results, time and memory, for each operation and axis; takes some minutes."""
    with one_process_each() as pool:
        from benchmarks.scaling_work import GROWTHS

        for number, growth in enumerate(GROWTHS):
            points = [pool.submit(measured, number, size) for size in growth.sizes]
            seconds, memory = zip(*(point.result() for point in points), strict=True)
            limit = LIMIT_OF_ATTENTION if growth.operation == "attention" else LIMIT
            name = f"scaling, {growth.axis}, {growth.operation}"
            yield result(f"{name}, time", growth.sizes, seconds, limit, "seconds")
            seen = [0 if highest < LEAST_MEMORY else highest for highest in memory]
            yield result(f"{name}, memory", growth.sizes, seen, limit, "bytes")


def result(name: str, sizes: Sequence[int], found: Sequence[float], limit: float, unit: str) -> AgainstLimit:
    """Returns the exponent with what it rests on; 0 where less than three sizes have anything to show."""
    shown = [(size, value) for size, value in zip(sizes, found, strict=True) if value > 0]
    enough = len(shown) >= LEAST_SIZES
    what = (
        f"{'exponent' if enough else 'too little to see'} from {sizes[0]:,} to {sizes[-1]:,}, a line through the points"
    )
    details = {
        "sizes": list(sizes),
        unit: list(found),
        "exponent_of_the_last_two": exponent(*zip(*shown[-2:], strict=True)) if enough else None,
    }
    slope = exponent(*zip(*shown, strict=True)) if enough else 0.0
    return AgainstLimit(name, what, slope, limit, "", len(shown), details)


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Returns the slope of log value over log size, by least squares."""
    x, y = ([math.log(number) for number in numbers] for numbers in (sizes, values))
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


@contextmanager
def one_process_each() -> Iterator[ProcessPoolExecutor]:
    """Yields a pool that gives every call a new process, one at a time, with the libraries loaded and one thread."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # read when a library is loaded
    context = get_context("forkserver")
    context.set_forkserver_preload(
        ["benchmarks.scaling_work", "sklearn.decomposition", "faiss", "sacrebleu", "codebleu"]
    )
    try:
        with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
            yield pool
    finally:
        os.environ.pop("OMP_NUM_THREADS") if before is None else os.environ.update(OMP_NUM_THREADS=before)


def measured(number: int, size: int) -> tuple[float, int]:
    """Returns seconds of the processor and bytes at most of GROWTHS[number] at a size; in a process of its own."""
    from benchmarks.scaling_work import GROWTHS

    growth = GROWTHS[number]
    growth.prepare(growth.sizes[0])()  # what is loaded, compiled or kept for good is so now
    work = growth.prepare(size)
    memory, took = highest_during(work)
    times = [took]
    while sum(times) < ENOUGH_SECONDS and len(times) < MOST_REPETITIONS:
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times), memory


def highest_during(work) -> tuple[int, float]:
    """Returns how many bytes above the present ones this process came to hold during `work`, and its seconds."""
    gc.collect()
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)  # or what was freed before would serve the work, uncounted
    CLEAR.write_text("5")  # sets VmHWM to what is resident now
    before = kilobytes("VmHWM:")
    start = time.process_time()
    kept = work()
    took = time.process_time() - start
    after = kilobytes("VmHWM:")
    del kept
    return 1024 * (after - before), took


def kilobytes(what: str) -> int:
    """Returns a figure of this process's memory."""
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(what))
