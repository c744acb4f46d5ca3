"""Performance as ratios: `python -m benchmarks [NAME ...] [--json]`.

Every benchmark runs our code and something a reader knows in turn, and prints our time over the other's.
A new benchmark is a module with `measure()`, which yields `Result`s (see `pairs`), and one line here.
"""

import argparse
import sys
from importlib import import_module

BENCHMARKS = {
    "evaluation": "benchmarks.evaluation",
    "execution": "benchmarks.execution",
    "neighbours": "benchmarks.neighbours",
    "sampling": "benchmarks.sampling",
    "scaling": "benchmarks.scaling",
    "startup": "benchmarks.startup",
    "training": "benchmarks.training",
    "viewer": "benchmarks.viewer",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmarks named, or all of them; returns the exit code, 2 for a name that is none."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Our time over another's, in turn.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(sorted(BENCHMARKS))}")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each benchmark")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in BENCHMARKS:
            choices = ", ".join(sorted(BENCHMARKS))
            print(f"Unknown benchmark {name!r}; choose one of {choices}.", file=sys.stderr)
            return 2
    for name in options.names or BENCHMARKS:
        for result in import_module(BENCHMARKS[name]).measure():
            print(result.as_json() if options.json else result.as_text(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
