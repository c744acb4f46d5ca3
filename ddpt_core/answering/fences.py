"""The fenced blocks of an answer: where code stands between two lines of backticks or tildes."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ddpt_core.answering.source import code_tree, is_code

# A run of three or more, at the start of a line or behind words, and what is said of the block.
OPENER = re.compile(
    r"^([ \t]*)(?:(`{3,})([^`\n]*)|(~{3,})([^\n]*))$|^(.*?[^`\n])(`{3,})([\w+#.-]*)[ \t]*$", re.MULTILINE
)
ONE_LINE = re.compile(r"^[ \t]*(`{3,})(?:(?:python3?|py)\b[ \t]*)?([^`\n]+?)\1[ \t]*$", re.MULTILINE | re.IGNORECASE)
ASIDES = {"bash", "sh", "shell", "zsh", "console", "cmd", "powershell", "text", "txt", "plaintext", "output", "log"}
CLOSERS_TRIED = 20


@dataclass(frozen=True)
class Block:
    """The text between two fences, and the language that the first names in lower case ("" if it names none)."""

    language: str
    text: str

    @property
    def is_python(self) -> bool:
        """Whether it is said to be Python, or nothing is said and it is."""
        if self.language.startswith(("py", "ipy")):
            return True
        return not self.language and (is_code(self.text) or self.text.lstrip().startswith(">>>"))


def blocks(text: str) -> Iterator[Block]:
    """Yields the blocks that are not empty in their order; one that nothing closes goes to the end of the text."""
    place = 0
    while True:
        single, opener = ONE_LINE.search(text, place), OPENER.search(text, place)
        if single and (not opener or single.start() <= opener.start()):
            place = single.end()
            yield Block("", single[2].strip())
        elif opener:
            block, place = _block(text, opener)
            if block.text.strip():
                yield block
        else:
            return


def first_fence(text: str) -> int | None:
    """Returns where the first fence begins, None without any."""
    places = [found.start() for found in (ONE_LINE.search(text),) if found]
    if opener := OPENER.search(text):
        places.append(opener.start(7) if opener[7] else opener.start())
    return min(places, default=None)


def chosen(text: str) -> str | None:
    """Returns the first block that holds code, None if there is none.

    Python goes before other languages, and these before what is typed into a shell or printed. A block of nothing but
    imports goes before the next one.
    """
    found = list(blocks(text))
    python = [block.text for block in found if block.is_python]
    if python:
        if len(python) > 1 and _only_imports(python[0]):
            return f"{python[0]}\n{python[1]}"
        return python[0]
    others = [block.text for block in found if block.language not in ASIDES]
    return next(iter(others or [block.text for block in found]), None)


def _block(text: str, opener: re.Match[str]) -> tuple[Block, int]:
    """Returns the block behind an opening fence, and where the text goes on.

    It ends at the first fence that closes it and leaves Python before it, so not at one in a string of the code; if
    there is none such, at the first that closes it.
    """
    depth, fence = len(opener[1] or ""), opener[2] or opener[4] or opener[7]
    said = (opener[3] or opener[5] or opener[8] or "").strip()
    closer = re.compile(rf"^(?:[ \t]*|(.*[^`~\s])){re.escape(fence[0])}{{{len(fence)},}}[ \t]*$", re.MULTILINE)
    start = min(opener.end() + 1, len(text))
    ends = list(closer.finditer(text, start))
    cuts = [(end.end(1) if end[1] else end.start(), end.end()) for end in ends[:CLOSERS_TRIED]]
    inside = [(_content(text[start:cut], depth), after) for cut, after in cuts]
    inside = inside or [(_content(text[start:], depth), len(text))]
    content, after = next((one for one in inside if code_tree(one[0]) is not None), inside[0])
    if said and not re.fullmatch(r"[\w+#.-]+", said) and is_code(f"{said}\n{content}"):
        return Block("", f"{said}\n{content}".rstrip()), after  # code begins on the line of the fence
    language = re.match(r"[{.\s]*([\w+#-]*)", said)
    return Block(language[1].lower() if language else "", content), after


def _content(text: str, depth: int) -> str:
    """Returns the lines without the indentation that their fence has, and without blank lines around them."""
    lines = [re.sub(rf"^[ \t]{{0,{depth}}}", "", line) for line in text.split("\n")]
    return re.sub(r"\A(?:[ \t]*\n)+", "", "\n".join(lines)).rstrip()


def _only_imports(text: str) -> bool:
    tree = code_tree(text)
    return tree is not None and bool(tree.body) and all(isinstance(x, ast.Import | ast.ImportFrom) for x in tree.body)
