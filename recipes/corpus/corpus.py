"""Pairs of text and Python code, mined from the standard library and from installed, permissively licensed packages.

Four sources: a docstring's first sentence with its function, the same sentence with a call of the function, a comment
with the statement after it, and the sentence before a doctest with its first line. Most comments say little about
the code below them, and a small model that trains on them learns to ignore what it is asked. So a pair counts only if
text and code share words.
"""

import ast
import logging
import re
import sysconfig
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

log = logging.getLogger(__name__)

PERMISSIVE = re.compile(r"\b(MIT|BSD|Apache|PSF|ISC|Python Software Foundation)\b", re.IGNORECASE)
NOT_PERMISSIVE = re.compile(r"\b(?:[AL]?GPL|MPL|Mozilla|GNU)", re.IGNORECASE)
MAX_FILE_BYTES = 400_000
MAX_CODE_CHARACTERS = 420
MAX_TEXT_CHARACTERS = 240
STOP_WORDS = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "this",
        "that",
        "from",
        "are",
        "not",
        "into",
        "has",
        "have",
        "its",
        "all",
        "any",
        "but",
        "can",
        "use",
        "used",
        "using",
        "when",
        "which",
        "will",
        "then",
        "them",
        "they",
        "does",
        "each",
        "our",
        "you",
        "should",
        "only",
        "just",
        "also",
        "here",
        "there",
        "than",
        "was",
        "were",
        "been",
        "be",
        "is",
        "it",
        "of",
        "to",
        "in",
        "on",
        "or",
        "an",
        "as",
        "by",
        "we",
        "if",
        "no",
        "so",
        "do",
        "at",
        "self",
        "return",
        "returns",
        "none",
        "true",
        "false",
    ]
)


@dataclass(frozen=True)
class Pair:
    """A text and the code that it speaks of. kind: function, call, statement or doctest."""

    kind: str
    text: str
    code: str


def sources() -> dict[str, list[Path]]:
    """Returns the Python files to mine by owner: "python" (the standard library), then each permissive package."""
    library = Path(sysconfig.get_path("stdlib"))
    skip = {"test", "tests", "site-packages", "idlelib", "turtledemo", "lib2to3", "__pycache__"}
    found = {"python": [p for p in sorted(library.rglob("*.py")) if not skip & set(p.relative_to(library).parts)]}
    for distribution in metadata.distributions():
        name, licence = distribution.metadata["Name"], licence_of(distribution)
        if PERMISSIVE.search(licence) and not NOT_PERMISSIVE.search(licence):
            files = (Path(str(f.locate())) for f in distribution.files or () if str(f).endswith(".py"))
            found[name] = sorted(p for p in files if p.is_file() and not {"tests", "test", "_vendor"} & set(p.parts))
    return {name: found[name] for name in sorted(found)}


def licence_of(distribution: metadata.Distribution) -> str:
    """Returns what a package says of its licence: the expression, else the classifiers, else the first line."""
    meta = distribution.metadata
    classifiers = [c for c in meta.get_all("Classifier") or [] if c.startswith("License")]
    expressions, texts = meta.get_all("License-Expression") or [], meta.get_all("License") or []
    return "".join(expressions) or "; ".join(classifiers) or "".join("".join(texts).strip().splitlines()[:1])


def words(text: str) -> set[str]:
    """Returns the lower-case words of a text or of code, with names split at underscores and capitals."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    found = {w.lower() for w in re.findall(r"[A-Za-z]{3,}", split)}
    return {w.removesuffix("s") for w in found - STOP_WORDS}


def speaks_of(text: str, code: str, share: float, least: int = 1) -> bool:
    """True if at least `least` words, and `share` of the text's words, stand in the code as well."""
    said = words(text)
    shared = said & words(code)
    return len(shared) >= least and len(shared) >= share * len(said)


def first_sentence(docstring: str) -> str:
    """Returns a docstring's first sentence on one line, without markup."""
    paragraph = docstring.strip().split("\n\n")[0]
    line = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", " ".join(paragraph.split())).replace("``", "`")
    return re.split(r"(?<=[a-z)`'])\.(?:\s|$)", line, maxsplit=1)[0].strip()


def mine_file(path: Path) -> Iterator[Pair]:
    """Yields every pair of one file; a file that does not parse yields none."""
    try:
        with tokenize.open(path) as file:
            source = file.read(MAX_FILE_BYTES)
        tree = ast.parse(source)
    except (SyntaxError, UnicodeDecodeError, ValueError, RecursionError, OSError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and (doc := ast.get_docstring(node)):
            yield from mine_doctests(doc)
            if isinstance(node, ast.FunctionDef):
                yield from mine_function(node, first_sentence(doc), path.stem)
    yield from mine_comments(source, tree)


def mine_function(node: ast.FunctionDef, text: str, module: str) -> Iterator[Pair]:
    """Yields (first sentence, function without docstring) and (first sentence, a call of it)."""
    if not 12 <= len(text) <= MAX_TEXT_CHARACTERS or text.startswith((">>>", "..", ":")):
        return
    if len(body := node.body[1:]) and lines_of(node) <= 60:
        bare = ast.FunctionDef(**{**{f: getattr(node, f) for f in node._fields}, "body": body, "decorator_list": []})
        code = ast.unparse(ast.fix_missing_locations(bare))
        if len(code) <= MAX_CODE_CHARACTERS and speaks_of(text, code, share=0.34, least=2):
            yield Pair("function", text, code)
    arguments = [a.arg for a in node.args.args]
    owner = [] if arguments[:1] == ["self"] or module.startswith("_") else [module]
    if arguments[:1] == ["self"]:
        arguments = arguments[1:]
    if not node.name.startswith("_") and len(arguments) <= 4:
        code = ".".join([*owner, node.name]) + f"({', '.join(arguments)})"
        if speaks_of(text, code, share=0.34):
            yield Pair("call", text, code)


def mine_doctests(docstring: str) -> Iterator[Pair]:
    """Yields (the sentence before a doctest, its first statement)."""
    lines = [line.strip() for line in docstring.splitlines()]
    for i, line in enumerate(lines[1:], 1):
        if not line.startswith(">>> ") or (i + 1 < len(lines) and lines[i + 1].startswith("...")):
            continue
        before = [text for text in lines[max(0, i - 4) : i] if text]
        text = before[-1].rstrip(":. ") if before else ""
        code = normal_statement(line.removeprefix(">>> "))
        if code and 12 <= len(text) <= MAX_TEXT_CHARACTERS and text[0].isalpha() and speaks_of(text, code, 0.25):
            yield Pair("doctest", text, code)


def mine_comments(source: str, tree: ast.Module) -> Iterator[Pair]:
    """Yields (comment, the simple statement right below it); comments over several lines are joined."""
    by_line = {n.lineno: n for n in ast.walk(tree) if isinstance(n, ast.stmt)}
    lines, comment = source.splitlines(), []
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.lstrip("#").strip())
            continue
        text, comment = " ".join(comment).rstrip(":. "), []
        node = by_line.get(number)
        if node is None or not 12 <= len(text) <= MAX_TEXT_CHARACTERS or not text[0].isalpha():
            continue
        if lines_of(node) > 4 or isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import):
            continue
        code = ast.unparse(node)
        if len(code) <= 160 and speaks_of(text, code, share=0.3, least=2):
            yield Pair("statement", text, code)


def lines_of(node: ast.stmt) -> int:
    """Returns how many lines a statement takes."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def normal_statement(line: str) -> str:
    """Returns one line of code as `ast.unparse` writes it, or "" if it is no single statement."""
    try:
        body = ast.parse(line).body
    except (SyntaxError, ValueError):
        return ""
    plain = len(body) == 1 and not isinstance(body[0], ast.Import | ast.ImportFrom)
    return ast.unparse(body[0]) if plain and len(line) <= 160 else ""


def mine() -> tuple[list[Pair], dict[str, int]]:
    """Returns every distinct pair of all sources, and how many each source gave. About two minutes on one core."""
    pairs: dict[tuple[str, str], Pair] = {}
    counts: dict[str, int] = {}
    for name, files in sources().items():
        before = len(pairs)
        for path in files:
            for pair in mine_file(path):
                pairs.setdefault((pair.kind, pair.code), pair)
        if len(pairs) > before:
            counts[name] = len(pairs) - before
            log.info("%s: %d files, %d pairs", name, len(files), counts[name])
    return list(pairs.values()), counts
