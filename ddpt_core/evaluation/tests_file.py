"""Reading a program and its tests from files."""

import ast
import json
from pathlib import Path

from ddpt_core.errors import DataError, first_line


def read_text(path: Path) -> str:
    """Returns the text of a file; raises DataError if there is none."""
    try:
        return path.read_text(encoding="utf-8")
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
        if not isinstance(tests, list) or not all(isinstance(test, str) for test in tests):
            raise DataError(f"The tests {path} must be a JSON list of strings; each a Python statement.")
        return tests
    try:
        return [ast.unparse(statement) for statement in ast.parse(text).body]
    except SyntaxError as error:
        raise DataError(
            f"The tests {path} are not Python (line {error.lineno}: {error.msg}); mend that line."
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:  # a null byte, or nested too deeply
        raise DataError(f"The tests {path} are not Python ({first_line(error)}); write plain asserts.") from error
