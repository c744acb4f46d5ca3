"""The command line: `python -m ddpt_core COMMAND`; each command is a file of ddpt_core/commands.

Every command takes --json; bad input is one line on stderr and exit code 2.
"""

import io
import logging
import os
import sys
import time
import warnings

import typer

from ddpt_core.commands.compare import compare
from ddpt_core.commands.evaluate import evaluate
from ddpt_core.commands.execute import execute
from ddpt_core.commands.fetch import fetch
from ddpt_core.commands.info import info
from ddpt_core.commands.library import library
from ddpt_core.commands.neighbours import neighbours
from ddpt_core.commands.read import read
from ddpt_core.commands.sample import sample
from ddpt_core.commands.study import study
from ddpt_core.commands.train import train
from ddpt_core.errors import DDPTError
from ddpt_core.training.processes import is_main

# In the order of --help.
COMMANDS = (fetch, info, library, train, sample, neighbours, read, compare, evaluate, execute, study)
MAIN_FIRST = 5.0  # s; where all processes meet the same error, the launcher ends the others before they say it again
STOPPED = 130  # exit code after Ctrl-C
GOES_ON = {"train": "; the training goes on with --resume", "study": "; the study goes on with --resume"}

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train, sample, read and compare DDPT prompts.")
for command in COMMANDS:
    app.command()(command)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0, or 2 with one line on stderr for bad input."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what a terminal cannot show ends nothing; stderr is like that
    warnings.simplefilter("ignore", FutureWarning)  # of libraries about each other
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        code = app(arguments, prog_name="python -m ddpt_core", standalone_mode=False)
        if code == STOPPED and is_main():
            given = sys.argv[1:] if arguments is None else arguments
            print(f"Stopped{GOES_ON.get(given[0], '')}.", file=sys.stderr)
        return code if isinstance(code, int) else 0
    except DDPTError as error:
        if not is_main():
            time.sleep(MAIN_FIRST)
        print(" ".join(str(error).splitlines()), file=sys.stderr)
    except typer.TyperException as error:
        if said := " ".join(error.format_message().splitlines()):  # no arguments at all: the help says it
            print(f"{said} See --help.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
