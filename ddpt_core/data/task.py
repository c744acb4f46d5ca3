"""A task: what a user asks for, what a good answer is, and how to check it."""

from dataclasses import dataclass

from ddpt_core.errors import DataError

MAX_INSTRUCTION_CHARACTERS = 8_000  # about 2,000 tokens, more than any backbone here reads


@dataclass(frozen=True)
class Task:
    """One instruction with its reference code ("" if there is none) and the tests that the code must pass.

    `tests` are Python statements, run one by one after `setup` and the program that the code makes (see programs.py);
    most are `assert ...`. `style` says what the answer is like (see styles.py), "" where that is nothing special.
    """

    id: str
    instruction: str
    reference: str = ""
    tests: tuple[str, ...] = ()
    setup: str = ""
    style: str = ""


def check_instruction(text: str) -> str:
    """Returns `text` stripped; raises DataError if it is empty or longer than MAX_INSTRUCTION_CHARACTERS."""
    text = text.strip()
    if not text:
        raise DataError("The instruction is empty; say in a sentence what the code should do.")
    if len(text) > MAX_INSTRUCTION_CHARACTERS:
        raise DataError(
            f"The instruction must have at most {MAX_INSTRUCTION_CHARACTERS:,} characters, "
            f"got {len(text):,}; shorten it."
        )
    return text
