"""What the commands share: the options that several take, and how a result and progress are shown."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
Backbone = Annotated[str, typer.Option(help="'embedded', a folder, or a name on the Hugging Face hub.")]
Trust = Annotated[bool, typer.Option(help="Run Python code that comes with a model from the hub.")]
Prompts = Annotated[
    list[str] | None, typer.Option("--prompt", help="A trained prompt (name or folder); may be given once per method.")
]
Timeout = Annotated[float, typer.Option(help="Seconds that one program and its tests may take.")]
Memory = Annotated[int, typer.Option(help="Address space of one program in MB.")]
Out = Annotated[Path, typer.Option(help="The folder to write.")]


def show(result: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Prints a command's result: the object, or the lines for people."""
    print(json.dumps(result) if as_json else "\n".join(lines))


def progress_bar(total: int, unit: str):
    """Returns a progress bar on stderr."""
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, file=sys.stderr, mininterval=0.5, disable=None, leave=False)
