"""A new run in the viewer, from the click on Sample until it is drawn, against bare sampling."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.pairs import LEAST_PAIRS, Pairs, Result
from benchmarks.startup import ROOT, call
from benchmarks.viewer_page import PATIENCE, opened
from benchmarks.viewer_world import STEPS

NEW_RUN_GOAL, NEW_RUN_EXTRA_SECONDS = 1.5, 2.0
FIRST_SEED = 101  # none of the shipped runs has it

BARE_SAMPLING = """
import sys, time
from ddpt_core import load_backbone, load_prompt, sample
prompt = load_prompt("ddpt", backbone=load_backbone())
for line in sys.stdin:
    started = time.perf_counter()
    for step in sample(prompt, steps=2000, seed=int(line), scheduler="ddpm"):
        pass
    print(time.perf_counter() - started, flush=True)
"""


def new_runs(browser, address: str) -> Iterator[Result]:
    """Yields the time to a new run's picture, less what it may take beside sampling, over that of sampling."""
    with bare_sampling() as sample_bare:
        sample_bare(FIRST_SEED)
        first_click = sample_and_see(browser, address, FIRST_SEED)  # loads the backbone and the prompt
        pairs = Pairs([], [])
        for pair in range(LEAST_PAIRS):
            seed = FIRST_SEED + 1 + pair
            sides = [(pairs.ours, lambda seed: sample_and_see(browser, address, seed)), (pairs.other, sample_bare)]
            for seconds, side in sides if pair % 2 == 0 else sides[::-1]:
                seconds.append(side(seed))
    less = Pairs([seconds - NEW_RUN_EXTRA_SECONDS for seconds in pairs.ours], pairs.other)
    clicked, bare = pairs.medians()
    details = {"click_to_picture": clicked, "first_click_to_picture": first_click}
    seconds = {f"new run less {NEW_RUN_EXTRA_SECONDS:g} s": clicked - NEW_RUN_EXTRA_SECONDS, "bare sampling": bare}
    yield Result("viewer-new-run", less.ratio, NEW_RUN_GOAL, seconds, LEAST_PAIRS, details)


@contextmanager
def bare_sampling() -> Iterator[Callable[[int], float]]:
    """Gives a function of a seed that returns the seconds of bare sampling in a process of its own."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", BARE_SAMPLING], cwd=ROOT, **pipes)

    def sample_bare(seed: int) -> float:
        print(seed, file=process.stdin, flush=True)
        return float(process.stdout.readline())

    try:
        yield sample_bare
    finally:
        process.stdin.close()
        process.wait(timeout=20)


def sample_and_see(browser, address: str, seed: int) -> float:
    """Returns the seconds from the click on Sample until the new run of 2000 steps is drawn."""
    short = next(run["name"] for run in call(address, "list_runs", []) if run["steps"] != STEPS)
    with opened(browser, f"{address}/?run={short}&step=0") as page:
        page.click(".ddpt .new-run")
        page.get_by_label("Steps", exact=True).fill(str(STEPS))
        page.get_by_label("Seed", exact=True).fill(str(seed))
        page.evaluate("steps => { sampledAndDrawn(steps).then((taken) => { window.taken = taken; }); }", STEPS)
        page.click("#sample")
        page.wait_for_function("window.taken", timeout=PATIENCE)
        return page.evaluate("window.taken") / 1000
