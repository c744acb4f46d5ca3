"""A comparison as a Python script: it writes the same codes again with the core's API, and says whether they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from string import Template
from typing import TYPE_CHECKING, Any

from app.compare.boards.board import Board
from app.compare.boards.listings import ROWS_AT_ONCE
from ddpt_core.errors import DataError

if TYPE_CHECKING:
    from app.compare.boards.origin import Origin

# What is put in is Python literals alone, as repr() gives them: no text from outside can end one.
_SCRIPT = Template('''\
"""Writes the codes of a comparison again, and says whether they are those that the page showed.

Save it in the folder of the repository and run it there: python comparison.py
It ends with 1 if a code differs. Made with $made.
"""

import sys

from ddpt_core import GenerationSettings, Task, code_of, load_backbone, load_prompt

BACKBONE, SHA256 = $backbone
ROWS = $rows  # instructions that are written side by side
SETTINGS = GenerationSettings($settings)
STYLE, GUIDANCE = $steering  # of prompts with styles

# arm -> name of its prompt, and the sha256 of its weights
PROMPTS = $prompts

# name, arm, seed of the noise, text of the context
COLUMNS = $columns

INSTRUCTIONS = $instructions

# For each instruction what each column showed; None where nothing was.
SHOWN = $shown


def main() -> int:
    """Prints every code; returns how many are not as shown."""
    backbone = load_backbone(BACKBONE)
    if backbone.sha256 != SHA256:
        print("This is another backbone than the comparison was made with.", file=sys.stderr)
    prompts = {}
    for arm, (name, sha256) in PROMPTS.items():
        prompts[arm] = load_prompt(name, backbone)
        if prompts[arm].info["weights_sha256"] != sha256:
            print(f"The prompt {name!r} is another than the comparison was made with.", file=sys.stderr)
    different = 0
    for place, (name, arm, seed, text) in enumerate(COLUMNS):
        prompt, context = prompts.get(arm), None
        if arm == "manual":
            context = backbone.embed(text)
        elif arm == "distribution":
            context = prompt.final_context(seed or 0, None, STYLE, GUIDANCE)
        elif arm not in ("none", "instructed"):
            context = prompt.final_context(seed or 0)
        for start in range(0, len(INSTRUCTIONS), ROWS):
            batch = INSTRUCTIONS[start : start + ROWS]
            if arm == "instructed":  # a context for each instruction
                context = prompt.contexts(prompt.conditions(backbone, batch), seed or 0)
            written = backbone.generate(context, batch, SETTINGS)
            for instruction, answer, shown in zip(batch, written, SHOWN[start:], strict=False):
                code = code_of(answer.text, Task("own", instruction))
                same = shown[place] in (code, None)
                different += not same
                print(f"# {name}: {instruction!r}" + ("" if same else "  -- NOT as shown"))
                print(code, end="\\n\\n")
    return different


if __name__ == "__main__":
    sys.exit(min(1, main()))
''')


def as_script(boards: Sequence[Board], origin: Origin) -> str:
    """Returns the script; raises DataError if no column was run. One that was not is left out."""
    written = {card.key for board in boards for card in board.cards if card.result and card.result.code is not None}
    columns = [card.column for card in boards[0].cards if card.key in written]
    if not columns:
        raise DataError("No column was run, so there is nothing to write again; choose another arm.")
    arms = {column.arm for column in columns}
    prompts = {arm: (one["name"], one["sha256"]) for arm, one in origin.prompts.items() if arm in arms}
    settings = asdict(boards[0].question.settings)
    return _SCRIPT.substitute(
        made=", ".join(f"{name} {version}" for name, version in origin.versions.items()),
        backbone=repr((origin.backbone["name"], origin.backbone["sha256"]))[1:-1],
        rows=max(1, ROWS_AT_ONCE // settings["num_beams"]),
        settings=", ".join(f"{name}={value!r}" for name, value in settings.items()),
        steering=repr((boards[0].question.style, boards[0].question.guidance))[1:-1],
        prompts=_lines("{}", (f"{arm!r}: {one!r}" for arm, one in prompts.items())),
        columns=_lines("[]", (repr((one.key, one.arm, one.seed, one.context)) for one in columns)),
        instructions=_lines("[]", (repr(board.question.task.instruction) for board in boards)),
        shown=_lines("[]", (repr([_code(board, one.key) for one in columns]) for board in boards)),
    )


def _code(board: Board, key: str) -> str | None:
    card = board.card(key)
    return card.result.code if card and card.result else None


def _lines(brackets: str, items: Iterable[Any]) -> str:
    """Returns a literal with an item on each line."""
    return brackets[0] + "".join(f"\n    {item}," for item in items) + f"\n{brackets[1]}"
