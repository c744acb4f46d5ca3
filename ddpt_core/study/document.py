"""The pieces that a report is made of, and how they are written in Markdown; page.py writes them in HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

from ddpt_core.study.charts import Chart


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Some sentences; what stands in backticks is code."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]


class Command(Paragraph):
    """A command to be typed, in which nothing is marked."""


@dataclass(frozen=True)
class Table:
    """A table; a line break in a cell stays one."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A chart, which lies beside a Markdown report as the file `name`."""

    name: str
    chart: Chart


Block = Heading | Paragraph | Bullets | Command | Table | Picture


def markdown(blocks: Sequence[Block]) -> str:
    """Returns the blocks as Markdown."""
    return "\n\n".join("\n".join(_lines(block)) for block in blocks) + "\n"


def _lines(block: Block) -> list[str]:
    match block:
        case Heading(text, level):
            return [f"{'#' * level} {text}"]
        case Bullets(items):
            return [f"- {item}" for item in items]
        case Command(text):
            return [f"    {text}"]
        case Table(head, rows):
            first, *others = ["| " + " | ".join(map(_cell, row)) + " |" for row in (head, *rows)]
            return [first, "|" + "---|" * len(head), *others]
        case Picture(name, chart):
            return [f"![{chart.title.replace('[', '(').replace(']', ')')}]({name})"]
        case Paragraph(text):
            return [text]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")
