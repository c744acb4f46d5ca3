"""Two pieces of numpy and torch work at the same time, each on one core.

Many small products on two cores wait for each other more than they compute, and many times as long once anything else
runs: two threads with one core each do not.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

First, Second = TypeVar("First"), TypeVar("Second")


def side_by_side(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """Returns what both return, `first` run in a thread of its own; raises what either raises once both have ended."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.get_num_threads()
    with threadpool_limits(1), ThreadPoolExecutor(1) as threads:  # that of BLAS holds for all threads
        other = threads.submit(alone, first)
        done = second()
        return other.result(), done


def alone(work: Callable[[], First]) -> First:
    """Returns what `work` returns, on one core, whatever the threads beside this one do."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.get_num_threads()  # at its first use in a thread torch sets the number itself
    with threadpool_limits(1, "openmp"):  # holds for this thread alone
        return work()
