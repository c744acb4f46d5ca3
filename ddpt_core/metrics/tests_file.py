"""Reading a program and its tests from files, and tests from text."""

import ast
import json
from pathlib import Path

from ddpt_core.errors import DataError, first_line
from ddpt_core.metrics.test_plan import BYTE_ORDER_MARK, LONE_SURROGATE


def read_text(path: Path) -> str:
    """Returns the text of a file, without a byte order mark; raises DataError if there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")  # without a byte order mark, as Python reads its own
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DataError(f"The file {path} cannot be read ({reason}); give a UTF-8 text file.") from error


def read_tests(path: Path) -> list[str]:
    """Returns the tests in a file: a JSON list of statements, or Python source whose top-level statements they are."""
    text = read_text(path)
    if path.suffix == ".json":
        try:
            tests = json.loads(text)
        except (ValueError, RecursionError) as error:
            reason = first_line(error)
            raise DataError(f"The tests {path} are not JSON ({reason}); give a list of Python statements.") from error
        if not isinstance(tests, list) or not all(isinstance(test, str) and test.strip() for test in tests):
            raise DataError(f"The tests {path} must be a JSON list of strings; each a Python statement.")
        if not tests:
            raise DataError(f"The tests {path} hold no statement; write at least one assert.")
        if any(LONE_SURROGATE.search(test) for test in tests):
            raise DataError(f"The tests {path} hold half of a surrogate pair, which is no character; remove it.")
        return tests
    tests = statements_of(text, f"tests {path}")
    if not tests:
        raise DataError(f"The tests {path} hold no statement; write at least one assert.")
    return tests


def statements_of(source: str, what: str = "tests") -> list[str]:
    """Returns the top-level statements of Python source as they are written; raises DataError if it is not Python."""
    source = source.removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
    if LONE_SURROGATE.search(source):
        raise DataError(f"The {what} hold half of a surrogate pair, which is no character; remove it.")
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise DataError(f"The {what} are not Python (line {error.lineno}: {error.msg}); mend that line.") from error
    except (ValueError, RecursionError, MemoryError) as error:  # a null byte, or nested too deeply
        raise DataError(f"The {what} are not Python ({first_line(error)}); write plain asserts.") from error
    lines = [line.encode() for line in source.split("\n")]  # columns of the tree count bytes
    return [_as_written(node, lines) for node in tree.body]


def _as_written(node: ast.stmt, lines: list[bytes]) -> str:
    decorators = [decorator.lineno for decorator in getattr(node, "decorator_list", [])]
    first = min([node.lineno, *decorators])
    rows = lines[first - 1 : node.end_lineno]
    rows[-1] = rows[-1][: node.end_col_offset]
    rows[0] = rows[0][0 if decorators else node.col_offset :]
    return b"\n".join(rows).decode()
