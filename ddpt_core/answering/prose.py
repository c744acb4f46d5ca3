"""Code among sentences with no fence around it: which lines are prose, and what is left without them."""

import re

from ddpt_core.answering.source import is_beginning, is_code
from ddpt_core.data.programs import parsed

CODE_MARKS = re.compile(r"[={};$\\<>|]|\w\(|\)\.")
WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
TICKS = re.compile(r"`+[^`\n]*`+")
LIST_MARK = re.compile(r"(?:[-*•+]|\d+[.)])[ \t]+")
CODE_START = re.compile(r"(?:def|class|import|from|async def)\s|@\w")
PLAIN_WORDS = re.compile(r"[A-Za-z][\w ,.'’\"`:!?()/-]*")
ENDS_TRIED = 40


def is_prose(line: str) -> bool:
    """Returns whether a line that is no Python reads as a sentence, a heading or an item of a list.

    Code of other languages does not: it begins with a small letter or all capitals, or ends in a mark of code.
    """
    if not line.strip() or parsed(line.strip()) is not None:
        return False
    text = TICKS.sub("it", line.strip())
    words = text.strip("*_>#• \t")
    if mark := LIST_MARK.match(text):
        return bool(WORD.match(text[mark.end() :].lstrip("*_")))
    if re.fullmatch(r"[A-Z][a-z]+[*_]*[!:.]+", words):  # Sure! Example:
        return True
    if len(WORD.findall(words)) < 2 or words[-1:] in ";{}[(\\,":
        return False
    ends = words[-1] in ".:!?"
    if re.match(r"(?:[A-Z][a-z'’]|I['’ ]|A )", words):
        return ends or not CODE_MARKS.search(words)
    return words.startswith("here") or (words[-1] in ".!?" and not CODE_MARKS.search(words) and words[0].isalpha())


def among_sentences(text: str) -> str | None:
    """Returns the first run of lines that is code, with only prose before it; None if there is none.

    What follows it is left out from the first line of prose, or of a session at the prompt, on.
    """
    lines = text.split("\n")
    for start in _starts(lines):
        ends = [i for i in range(start + 1, len(lines)) if _ends_code(lines[i])][:ENDS_TRIED]
        for end in [*ends, len(lines)]:
            code = without_ticks("\n".join(lines[start:end]).strip("\n").rstrip())
            if is_code(code) or (end == len(lines) and start and CODE_START.match(code) and is_beginning(code)):
                return code
    return None


def _starts(lines: list[str]) -> list[int]:
    """Returns where code may begin: behind lines of prose, or at a definition or an import behind plain words."""
    behind = next((i for i, line in enumerate(lines) if line.strip() and not is_prose(line)), None)
    definition = next((i for i, line in enumerate(lines) if CODE_START.match(line)), None)
    starts = [] if behind is None else [behind]
    head = lines[:definition] if definition else []
    worded = all(not line.strip() or PLAIN_WORDS.fullmatch(line.strip()) for line in head)
    if definition and worded and not is_code("\n".join(head)):
        starts.append(definition)
    return starts


def _ends_code(line: str) -> bool:
    return not line[:1].isspace() and (line.startswith(">>>") or is_prose(line))


def from_session(text: str) -> str | None:
    """Returns what was typed at the prompts of an interactive session, None if the text is none.

    Only prose may stand before the first prompt; what is printed between them is left out.
    """
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if re.match(r"[ \t]*>>>(?: |$)", line)), None)
    if first is None or any(line.strip() and not is_prose(line) for line in lines[:first]):
        return None
    typed = [found[1] for line in lines[first:] if (found := re.match(r"[ \t]*(?:>>>|\.\.\.)(?: (.*)|$)", line))]
    code = "\n".join(line or "" for line in typed).strip("\n")
    return code if code.strip() else None


def without_ticks(text: str) -> str:
    """Returns the text without the backticks around all of it, or around each of its lines."""
    whole = re.fullmatch(r"\s*(`+)([^`](?:.*[^`])?)\1\s*", text, re.DOTALL)
    if whole and whole[1] not in re.findall(r"`+", whole[2]):
        return whole[2].strip()
    lines = text.strip().split("\n")
    if len(lines) > 1 and all(not line.strip() or re.fullmatch(r"[ \t]*`[^`]+`[ \t]*", line) for line in lines):
        return "\n".join(line.strip().strip("`") for line in lines)
    return text
