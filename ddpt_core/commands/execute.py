"""`execute`: a program and its tests in the sandbox."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ddpt_core.commands.options import Json, Memory, Timeout, show


def execute(
    code: Annotated[Path, typer.Option(help="Python file to run.")],
    tests: Annotated[Path, typer.Option(help="Python file of asserts, or JSON list of them.")],
    timeout: Timeout = 10.0,
    memory: Memory = 512,
    as_json: Json = False,
) -> None:
    """Runs a program's tests in the sandbox."""
    from ddpt_core.metrics.execution import Limits
    from ddpt_core.metrics.execution import execute as run
    from ddpt_core.metrics.tests_file import read_tests, read_text

    result = run(read_text(code), read_tests(tests), Limits(timeout=timeout, memory_mb=memory))
    lines = [f"{result.status} in {result.seconds:.2f} s" + (f": {result.detail}" if result.detail else "")]
    for test in result.tests:
        lines += [f"  {test.outcome}: {test.test}", *([f"    {test.detail}"] if test.detail else [])]
    show(asdict(result), as_json, lines)
