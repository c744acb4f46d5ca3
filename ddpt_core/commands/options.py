"""What the commands share: the options that several take, and how a result and progress are shown."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ddpt_core.training.processes import is_main

BETWEEN_LINES = 10.0  # s, where progress cannot be drawn over
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
Backbone = Annotated[str, typer.Option(help="The default one, a folder, or a name on the Hugging Face hub.")]
Prompts = Annotated[
    list[str] | None, typer.Option("--prompt", help="A trained prompt (name or folder); may be given once per method.")
]
Style = Annotated[str, typer.Option(help="A style for the prompt that has some, or several as lambda=0.7,print=0.3.")]
Guidance = Annotated[float, typer.Option(help="How far to go towards the style: 0 not at all, 1 plain.")]
Timeout = Annotated[float, typer.Option(help="Seconds that one program and its tests may take.")]
Memory = Annotated[int, typer.Option(help="Address space of one program in MB.")]
Out = Annotated[Path, typer.Option(help="The folder to write.")]


def show(result: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Prints a command's result: the object, or the lines for people; of several processes only the main one does."""
    if is_main():
        print(json.dumps(result) if as_json else "\n".join(lines))


def progress_bar(total: int, unit: str):
    """Returns a progress bar on stderr, drawn by the main process alone; where that is no terminal, a line at times."""
    from tqdm import tqdm

    class Lines(tqdm):
        """A bar that is written anew on a line of its own, not before BETWEEN_LINES have passed."""

        due = time.monotonic() + BETWEEN_LINES

        def display(self, msg=None, pos=None) -> None:
            """Writes how it stands, if that is due; nothing where tqdm would clear the line."""
            if msg == "" or time.monotonic() < self.due:  # `set_postfix` asks for a line at every step
                return
            self.due = time.monotonic() + BETWEEN_LINES
            self.fp.write(f"{msg or self}\n")
            self.fp.flush()

    told = {"total": total, "unit": unit, "file": sys.stderr, "leave": False, "disable": not is_main()}
    if sys.stderr.isatty():
        return tqdm(mininterval=0.5, **told)
    return Lines(mininterval=BETWEEN_LINES, maxinterval=BETWEEN_LINES, delay=BETWEEN_LINES, ncols=120, **told)


@contextmanager
def progress_of_whole() -> Iterator[Callable[[float, str], None]]:
    """Lends what is to be told the share done and a word on it, and shows both."""
    with progress_bar(100, "%") as bar:

        def tell(share: float, text: str) -> None:
            bar.set_description(text, refresh=False)
            bar.update(round(100 * share) - bar.n)

        yield tell
