"""Tables as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


def csv_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Returns a table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue()
