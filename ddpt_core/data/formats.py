"""The formats of task files: which keys tell them apart, and how one record becomes a task.

A new format is one function and one line in FORMATS.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import DataError

_CHECK = re.compile(r"^def check\(", re.MULTILINE)
_CALL = re.compile(r"^check\(", re.MULTILINE)  # some later versions of HumanEval have it in the test


@dataclass(frozen=True)
class Record:
    """One object of a file or one row of a data set.

    `place` is what error messages say ("Line 3 of x.jsonl"), `name` the id if it has none of its own
    ("line-3").
    """

    fields: Mapping[str, Any]
    place: str
    name: str

    def text(self, key: str) -> str:
        """Returns the string under `key`; raises DataError if it is missing or is anything else."""
        if key not in self.fields:
            raise DataError(f"{self.place} lacks {key!r}, which the records before it have; add it.")
        return self._checked(key, self.fields[key])

    def optional_text(self, key: str) -> str:
        """Returns the string under `key`, "" where it is missing or null."""
        value = self.fields.get(key)
        return "" if value is None else self._checked(key, value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Returns the list of strings under `key`, () where it is missing or null."""
        values = self.fields.get(key)
        if values is None:
            return ()
        if not isinstance(values, list):
            raise DataError(f"{self.place}: {key!r} must be a list of strings, got {_kind(values)}.")
        return tuple(self._checked(key, value) for value in values)

    def _checked(self, key: str, value: Any) -> str:
        if not isinstance(value, str):
            raise DataError(f"{self.place}: {key!r} must be a string, got {_kind(value)}.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"{self.place}: {key!r} holds half of a surrogate pair, which is no character; remove it."
            ) from None
        return value


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def _conala(record: Record) -> dict[str, Any]:
    """CoNaLa, and library documentation in its form; the rewritten intent, if given, names the variables."""
    intent = record.text("intent")
    rewritten = record.optional_text("rewritten_intent")
    instruction = rewritten if rewritten.strip() else intent
    return {"instruction": instruction, "reference": record.text("snippet"), **_own_tests(record)}


def _codealpaca(record: Record) -> dict[str, Any]:
    """CodeAlpaca; the input, if there is one, follows the instruction on a new line."""
    instruction = f"{record.text('instruction')}\n{record.optional_text('input')}"  # stripped like all others
    return {"instruction": instruction, "reference": record.text("output"), **_own_tests(record)}


def _mbpp(record: Record) -> dict[str, Any]:
    """MBPP; its challenge tests are left aside, as in its paper's evaluation (Austin et al. 2021)."""
    return {
        "instruction": record.text("text"),
        "reference": record.text("code"),
        "tests": record.texts("test_list"),
        "setup": record.optional_text("test_setup_code"),
    }


def _mbpp_sanitized(record: Record) -> dict[str, Any]:
    """The hand-verified half of MBPP, which names its columns differently."""
    return {
        "instruction": record.text("prompt"),
        "reference": record.text("code"),
        "tests": record.texts("test_list"),
        "setup": "\n".join(record.texts("test_imports")),
    }


def _humaneval(record: Record) -> dict[str, Any]:
    """HumanEval; its reference is a whole program, an answer may be the function's body alone (see programs.py).

    The instruction is the prompt (imports, signature, docstring), the reference the prompt completed by the
    canonical solution. `test` mostly only defines `check(candidate)`; then the one test is that text and a call of
    `check` with the entry point, as the data set's own harness runs it (Chen et al. 2021).
    """
    prompt = record.text("prompt")
    entry_point = record.text("entry_point")
    test = record.text("test").rstrip()
    if not entry_point.isidentifier():
        raise DataError(f"{record.place}: 'entry_point' must be the name of a function, got {entry_point!r}.")
    return {
        "instruction": prompt,
        "reference": prompt + record.text("canonical_solution"),
        "tests": (test if _CALL.search(test) or not _CHECK.search(test) else f"{test}\n\ncheck({entry_point})\n",),
    }


def _plain(record: Record) -> dict[str, Any]:
    """Our own form; `style` may say what the answer is like."""
    return {
        "instruction": record.text("instruction"),
        "reference": record.text("reference"),
        "style": record.optional_text("style"),
        **_own_tests(record),
    }


def _own_tests(record: Record) -> dict[str, Any]:
    """`tests` (a list of statements) and `setup`, which may be left out, of the formats that have none of their own."""
    return {"tests": record.texts("tests"), "setup": record.optional_text("setup")}


@dataclass(frozen=True)
class Format:
    """The keys that a record of this format must have, and what turns it into the fields of a Task."""

    keys: tuple[str, ...]
    read: Callable[[Record], dict[str, Any]]


FORMATS: dict[str, Format] = {
    "HumanEval": Format(("prompt", "canonical_solution", "test", "entry_point"), _humaneval),
    "MBPP": Format(("text", "code", "test_list"), _mbpp),
    "MBPP (sanitized)": Format(("prompt", "code", "test_list"), _mbpp_sanitized),
    "CoNaLa": Format(("intent", "snippet"), _conala),
    "plain": Format(("instruction", "reference"), _plain),
    "CodeAlpaca": Format(("instruction", "output"), _codealpaca),
}
ID_KEYS = ("id", "task_id", "question_id")


def recognise(record: Record) -> Format:
    """Returns the first format whose keys the record has; raises DataError that lists what is known."""
    for form in FORMATS.values():
        if all(key in record.fields for key in form.keys):
            return form
    found = ", ".join(sorted(map(str, record.fields)))[:200] or "(none)"
    known = "; ".join(f"{name} ({', '.join(form.keys)})" for name, form in FORMATS.items())
    raise DataError(f"{record.place} has the keys {found}, which fit no known format; known are {known}.")


def record_id(record: Record) -> str:
    """Returns the record's own id as text, the name of its place if it has none."""
    for key in ID_KEYS:
        value = record.fields.get(key)
        if value is None:
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # pandas writes the 5 of a column with gaps as 5.0
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise DataError(f"{record.place}: {key!r} must be a string or a whole number, got {_kind(value)}.")
        return str(value) if isinstance(value, int) else record.text(key) or record.name
    return record.name


def read_task(record: Record, form: Format, task_id: str) -> Task:
    """Returns the record as a task; raises DataError that names its place."""
    fields = form.read(record)
    try:
        fields["instruction"] = check_instruction(fields["instruction"])
    except DataError as error:
        raise DataError(f"{record.place}: {error}") from None
    return Task(id=task_id, **fields)
