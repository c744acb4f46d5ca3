"""Tables as CSV, with every text exactly as it is or so that no spreadsheet takes one for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

# What a spreadsheet may run begins with one of these, also after a tab or a line break that it drops
# (owasp.org/www-community/attacks/CSV_Injection); Excel in Japanese and Chinese takes the wide ones too.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_END = "\r\n"  # Python quotes what holds a sign of the line's end alone: with "\n" a carriage return would part a row


def csv_table(heads: Sequence[str], rows: Iterable[Sequence[Any]], for_spreadsheets: bool = False) -> str:
    """Returns a table as CSV; `for_spreadsheets` puts an apostrophe before every text that may be run as a formula.

    Numbers stay numbers, negative ones too.
    """
    whole = [heads, *([_neutral(cell) for cell in row] if for_spreadsheets else row for row in rows)]
    return "".join(map(_line, whole))


def _line(row: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=_END).writerow(row)
    return text.getvalue().removesuffix(_END) + "\n"


def _neutral(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_SIGNS) else cell
