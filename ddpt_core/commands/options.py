"""What the commands share: the options that several take, and how a result and progress are shown."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ddpt_core.tuning.processes import is_main

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
Backbone = Annotated[str, typer.Option(help="'embedded', a folder, or a name on the Hugging Face hub.")]
Trust = Annotated[
    bool, typer.Option(help="Run the Python code that comes with a model: it can do whatever you can do here.")
]
Dtype = Annotated[str, typer.Option(help="How the backbone's weights are held: float32, bfloat16 or float16.")]
DeviceMap = Annotated[str | None, typer.Option(help="'auto' spreads the backbone over all devices.")]
EightBit = Annotated[bool, typer.Option("--load-in-8bit", help="Hold its weights in 8 bits; needs bitsandbytes.")]
Prompts = Annotated[
    list[str] | None, typer.Option("--prompt", help="A trained prompt (name or folder); may be given once per method.")
]
Timeout = Annotated[float, typer.Option(help="Seconds that one program and its tests may take.")]
Memory = Annotated[int, typer.Option(help="Address space of one program in MB.")]
Out = Annotated[Path, typer.Option(help="The folder to write.")]


def show(result: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Prints a command's result: the object, or the lines for people; of several processes only the main one does."""
    if is_main():
        print(json.dumps(result) if as_json else "\n".join(lines))


def progress_bar(total: int, unit: str):
    """Returns a progress bar on stderr, drawn by the main process alone."""
    from tqdm import tqdm

    hidden = None if is_main() else True  # None: where stderr is no terminal
    return tqdm(total=total, unit=unit, file=sys.stderr, mininterval=0.5, disable=hidden, leave=False)
