"""The trajectory viewer in headless Chromium, 1440 x 900: seeking, opening, and making a new run.

*viewer-seek*: `ddptViewer.seek(i)` over 2001 steps with 49,152 tokens and P = 16, to random steps and from one to the
next. A seek's work is what the page's main thread does for it until it is drawn: the call with its microtasks, and the
whole frame after it (animation callbacks, style, layout, paint, and the software rendering of its canvases), without
the waiting between. The rest of a frame is other threads' (compositing). Next to it the requests that were sent while
seeking and playing, and how many frames any panel came after `await seek(i)`.
*viewer-plotly*: the same seeks against Plotly: `restyle` of what moves in a scattergl chart of the same tokens.
*viewer-open*: from the page's load event until the recorded run is drawn, each time in a browser without a cache, and
the bytes of the run's data files as they were sent; of the large run and of the shipped one.
*viewer-new-run*: 2000 steps on the embedded default, from the click on Sample until the viewer has drawn the run, less
2 s, against `sample` in a loop in a process of its own.
"""

import math
import random
import statistics
from collections.abc import Iterator
from urllib.request import urlopen

import numpy as np

from app.viewer.coded import unpack
from benchmarks.browser import MainThread, Wire, chromium, new_page
from benchmarks.pairs import LEAST_PAIRS, AgainstLimit, Pairs, Result
from benchmarks.plotly_chart import PlotlyChart
from benchmarks.startup import call
from benchmarks.viewer_new_run import new_runs
from benchmarks.viewer_page import PATIENCE, PROBE, SETTLING_MS, opened, served
from benchmarks.viewer_world import STEPS

SEEK_MS, SLOW_SEEK_MS, REQUESTS, FRAMES_BEHIND = 8, 16, 0, 1
OPEN_SECONDS, RUN_BYTES = 1.5, 4_000_000
PLOTLY_GOAL = 0.03
SEEKS, RESTYLES, PLAYED_MS, CHECKED, VISITS = 60, 15, 3_000, 20, 5


def measure() -> Iterator[Result | AgainstLimit]:
    """Yields the results; takes some minutes."""
    with chromium() as browser:
        with served("large") as address:
            yield from seeking(browser, address)
            yield from opening(browser, address, "viewer-open")
        with served("shipped") as address:
            yield from opening(browser, address, "viewer-open-shipped")
            yield from new_runs(browser, address)


def seeking(browser, address: str) -> Iterator[Result | AgainstLimit]:
    """Yields what seeks cost, what was asked of the server meanwhile, how far panels were behind; and Plotly's cost."""
    rng = random.Random(0)
    with opened(browser, f"{address}/?step=1000") as page, new_page(browser) as other:
        chart = PlotlyChart(other, *drawn_points(address))
        main_thread, asked_before = MainThread(page), len(page.asked)
        kinds: dict[str, list[float]] = {"random": [], "sequential": []}
        pairs = Pairs([], [])
        for _ in range(LEAST_PAIRS):
            steps = {"random": rng.choices(range(STEPS + 1), k=SEEKS // 2), "sequential": sequence(rng, SEEKS // 2)}
            block = {kind: seek(page, asked) for kind, asked in steps.items()}
            for kind, found in block.items():
                kinds[kind] += found
            pairs.ours.append(statistics.median(block["random"] + block["sequential"]) / 1000)
            pairs.other.append(statistics.median(chart.restyle(steps["random"][:RESTYLES])) / 1000)
        found = kinds["random"] + kinds["sequential"]
        details = {
            "median_ms": {kind: statistics.median(one) for kind, one in kinds.items()},
            "empty_frame_ms": statistics.median(work(page, "() => 0", [0] * SEEKS)),
            "processor_ms": processor_ms(page, main_thread, rng.choices(range(STEPS + 1), k=SEEKS)),
            "playing_ms": spread(playing(page)),
        }
        behind = page.evaluate("framesBehind", rng.choices(range(STEPS + 1), k=CHECKED))
        page.wait_for_timeout(SETTLING_MS)
        requests = page.asked[asked_before:]
    yield AgainstLimit("viewer-seek", "the median", statistics.median(found), SEEK_MS, "ms", len(found), details)
    yield AgainstLimit("viewer-seek-slow", "95th percentile", percentile(found), SLOW_SEEK_MS, "ms", len(found))
    yield AgainstLimit(
        "viewer-requests",
        "while seeking and playing, and after",
        len(requests),
        REQUESTS,
        "requests",
        len(found),
        {"asked": requests[:10]},
    )
    yield AgainstLimit(
        "viewer-panels",
        "the most that a panel was behind",
        behind["frames"],
        FRAMES_BEHIND,
        "frames",
        CHECKED,
        {"late": behind["late"]},
    )
    seconds = dict(zip(("seek", "plotly restyle"), pairs.medians(), strict=True))
    yield Result("viewer-plotly", pairs.ratio, PLOTLY_GOAL, seconds, len(pairs.ours))


def work(page, act: str, items: list) -> list[float]:
    """Returns the milliseconds of work of `act(item)` for every item."""
    return [one["work"] for one in page.evaluate(f"items => frameMeter.each(items, {act})", items)]


def seek(page, steps: list[int]) -> list[float]:
    """Returns the milliseconds of work of going to each of some steps."""
    return work(page, "step => ddptViewer.seek(step)", steps)


def sequence(rng: random.Random, count: int) -> list[int]:
    """Returns `count` steps in a row, from anywhere."""
    first = rng.randrange(STEPS + 2 - count)
    return list(range(first, first + count))


def processor_ms(page, main_thread: MainThread, steps: list[int]) -> dict[str, float]:
    """Returns the processor time of a seek on the main thread, all that came of it included; less that of no seek."""
    readings = [main_thread.seconds()]
    for act in ("() => 0", "step => ddptViewer.seek(step)"):
        work(page, act, steps)
        readings.append(main_thread.seconds())
    before, empty, after = readings
    return {name: 1000 * (after[name] - 2 * empty[name] + before[name]) / len(steps) for name in after}


def playing(page) -> list[float]:
    """Returns the milliseconds of work of every frame while the run plays at 1x."""
    page.evaluate("ddptViewer.seek(0)")
    press = "document.querySelector('.ddpt .play').click()"
    page.evaluate(press)
    frames = page.evaluate("duration => frameMeter.during(duration)", PLAYED_MS)
    page.evaluate(press)
    return frames


def spread(found: list[float]) -> dict[str, float]:
    return {"median": statistics.median(found), "p95": percentile(found), "count": len(found)}


def percentile(found: list[float], share: float = 0.95) -> float:
    """Returns the value that this share of the values does not exceed."""
    return sorted(found)[math.ceil(share * len(found)) - 1]


def drawn_points(address: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first run's vocabulary (V, C) and path (S+1, P, C), as the page is sent them."""
    described = call(address, "open_run", [call(address, "list_runs", [])[0]["name"]])
    arrays = {}
    for part in ("map", "run"):
        with urlopen(f"{address}/{described['files'][part]}", timeout=PATIENCE / 1000) as answer:
            arrays |= unpack(answer.read())
    return arrays["pca.vocabulary"], arrays["pca.state"]


def opening(browser, address: str, name: str, visits: int = VISITS) -> Iterator[AgainstLimit]:
    """Yields the seconds from the page's load event until the first run is drawn, and the bytes of its data."""
    seconds, run_bytes, page_bytes = [], [], []
    for _ in range(visits):
        with new_page(browser, PROBE) as page:
            wire = Wire(page)
            page.goto(address, timeout=PATIENCE)
            drawn = page.evaluate("firstDrawn.then(({ to }) => to)")
            loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventStart")
            page.wait_for_timeout(SETTLING_MS)  # until what is fetched after the first picture is there too
        seconds.append(max(0, drawn - loaded) / 1000)
        run_bytes.append(wire.total("gradio_api/file="))
        page_bytes.append(wire.total())
    details = {"least": min(seconds), "most": max(seconds), "page_bytes": max(page_bytes)}
    yield AgainstLimit(
        name,
        "from the load event to the picture, the median",
        statistics.median(seconds),
        OPEN_SECONDS,
        "s",
        visits,
        details,
    )
    yield AgainstLimit(f"{name}-bytes", "sent for the run, the most", max(run_bytes), RUN_BYTES, "bytes", visits)
