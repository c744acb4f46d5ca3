"""Measuring two sides in turn: what disturbs a machine disturbs both, and their ratio stays."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

LEAST_PAIRS = 5


@dataclass(frozen=True)
class Result:
    """What one benchmark found.

    name: of the benchmark. ratio: our time over the other side's, the median over `pairs` pairs.
    goal: the ratio to stay at or below. seconds: the median of either side, by the side's name, ours first.
    details: whatever else the benchmark wants to tell.
    """

    name: str
    ratio: float
    goal: float
    seconds: dict[str, float]
    pairs: int
    details: dict = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return self.ratio <= self.goal

    def as_json(self) -> str:
        """Returns the result as one line of JSON."""
        return json.dumps({**asdict(self), "met": self.met})

    def as_text(self) -> str:
        """Returns the result as one line for people."""
        ours, other = self.seconds.items()
        verdict = "met" if self.met else "missed"
        return (
            f"{self.name}: {self.ratio:.3f} of {other[0]} (goal {self.goal}, {verdict}); "
            f"{ours[0]} {ours[1]:.3g} s, {other[0]} {other[1]:.3g} s, medians of {self.pairs} pairs"
        )


@dataclass(frozen=True)
class AgainstLimit:
    """What one benchmark measured where there is no other side, only a limit in the same unit.

    name: of the benchmark. value: the median, or whatever `what` says, of `count` measurements. limit: the value to
    stay at or below. ratio: value over limit, and goal 1; or the value itself, and goal 0, where the limit is 0.
    """

    name: str
    what: str
    value: float
    limit: float
    unit: str
    count: int
    details: dict = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.value / self.limit if self.limit else float(self.value)

    @property
    def goal(self) -> float:
        return 1.0 if self.limit else 0.0

    @property
    def met(self) -> bool:
        return self.ratio <= self.goal

    def as_json(self) -> str:
        """Returns the result as one line of JSON."""
        return json.dumps({**asdict(self), "ratio": self.ratio, "goal": self.goal, "met": self.met})

    def as_text(self) -> str:
        """Returns the result as one line for people."""
        verdict = "met" if self.met else "missed"
        unit = f" {self.unit}".rstrip()
        return (
            f"{self.name}: {self.value:.3g}{unit}, {self.what} of {self.count} (limit {self.limit:g}{unit}, {verdict})"
        )


@dataclass(frozen=True)
class Pairs:
    """Seconds of both sides, pair by pair."""

    ours: list[float]
    other: list[float]

    @property
    def ratio(self) -> float:
        """The median over pairs of our time over the other's."""
        return statistics.median(a / b for a, b in zip(self.ours, self.other, strict=True))

    def medians(self) -> tuple[float, float]:
        return statistics.median(self.ours), statistics.median(self.other)


def in_turn(
    ours: Callable[[], object],
    other: Callable[[], object],
    pairs: int = LEAST_PAIRS,
    clock: Callable[[], float] = time.perf_counter,
) -> Pairs:
    """Returns the seconds of both sides, run in turn; every second pair starts with the other side.

    Load the libraries and data of both sides before: what is measured is the call.
    """
    if pairs < LEAST_PAIRS:
        raise ValueError(f"pairs must be at least {LEAST_PAIRS}, got {pairs}")
    seconds: dict[str, list[float]] = {"ours": [], "other": []}
    sides = [("ours", ours), ("other", other)]
    for pair in range(pairs):
        for name, side in sides if pair % 2 == 0 else sides[::-1]:
            start = clock()
            side()
            seconds[name].append(clock() - start)
    return Pairs(**seconds)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps torch, FAISS and BLAS to one thread each: ratios then do not depend on who threads better."""
    import faiss
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads(), faiss.omp_get_max_threads()
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before[0])
        faiss.omp_set_num_threads(before[1])
