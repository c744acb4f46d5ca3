"""Idioms: short Python answers, each with several requests that people word differently (`idioms/*.txt`).

A file holds blocks: the code, then its requests, each on a line that starts with "- ". `$list`, `$word2` and the like
are slots, filled at random and alike in code and request, so that no answer can be known without its request.
What the held-out task families ask for is not among them.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from families.draws import KEYS, SEPARATORS, WORDS
from families.family import LOWER_CASE_SHARE, NAME_MARKS
from families.names import NOUNS, PREFIXES, SHORT, class_name, file_name, function_name, name_for

FOLDER = Path(__file__).parent / "idioms"
MARK = "- "  # before a request
SLOT = re.compile(r"\$([A-Za-z_]+?)(\d?)(?![A-Za-z0-9_])")
VALIDATION_EVERY = 8  # of every eighth idiom the last request is kept out of training
VERBS = tuple("get find make count compute check is to remove sum format parse reverse".split())  # noqa: SIM905
DATE_FORMATS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%d.%m.%y",
    "%H:%M",
    "%Y%m%d",
    "%d %b %Y",
    "%m/%d/%Y",
    "%A",
    "%Y-%m-%d %H:%M:%S",
)


@dataclass(frozen=True)
class Idiom:
    """An answer and its requests, both with slots. `unseen` is a request that is kept out of training, or none."""

    code: str
    requests: tuple[str, ...]
    unseen: str | None

    @property
    def kind(self) -> str:
        """ "function" for a definition, else "statement"."""
        return "function" if self.code.startswith(("def ", "class ", "@")) else "statement"


@cache
def all_idioms() -> tuple[Idiom, ...]:
    """Returns every idiom of the folder, files in order of their names; one that stands in two has all requests."""
    found: dict[str, list[str]] = {}
    for file in sorted(FOLDER.glob("*.txt")):
        for block in re.split(r"\n\s*\n", file.read_text(encoding="utf-8").strip()):
            lines = block.splitlines()
            code = "\n".join(line for line in lines if not line.startswith(MARK))
            found.setdefault(code, []).extend(line.removeprefix(MARK) for line in lines if line.startswith(MARK))
    idioms = []
    for i, (code, repeated) in enumerate(found.items()):
        requests = list(dict.fromkeys(repeated))
        unseen = requests.pop() if i % VALIDATION_EVERY == 0 else None
        idioms.append(Idiom(code, tuple(requests), unseen))
    return tuple(idioms)


def _date(rng: random.Random) -> str:
    return f"{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _table_name(rng: random.Random) -> str:
    return rng.choice(("df", "df", "df", "data", "df1", "frame", f"df_{rng.choice(NOUNS)}", f"{rng.choice(NOUNS)}_df"))


def _file_variable(rng: random.Random) -> str:
    return rng.choice(("f", "file", "fh", "fp", "infile", f"{rng.choice(NOUNS)}_file", f"{rng.choice(PREFIXES)}_file"))


FILLERS: dict[str, Callable[[random.Random], str]] = {
    **{sort: partial(name_for, sort=sort) for sort in SHORT},  # variables: list, dict, str, ...
    "df": _table_name,
    "file": _file_variable,
    "obj": lambda rng: rng.choice(("obj", "x1", "instance", rng.choice(NOUNS), f"my_{rng.choice(NOUNS)}")),
    "func": lambda rng: function_name(rng, *VERBS),
    "fname": lambda rng: function_name(rng, *VERBS),
    "Class": class_name,
    "attr": lambda rng: rng.choice(KEYS),
    "word": lambda rng: repr(rng.choice(WORDS)),
    "key": lambda rng: repr(rng.choice(KEYS)),
    "col": lambda rng: repr(rng.choice((rng.choice(KEYS), rng.choice(NOUNS), rng.choice("ABCXYabc")))),
    "sep": lambda rng: repr(rng.choice(SEPARATORS)),
    "path": lambda rng: repr(file_name(rng)),
    "int": lambda rng: str(rng.randint(0, 12) if rng.random() < 0.6 else rng.randint(13, 99)),
    "small": lambda rng: str(rng.randint(2, 9)),
    "big": lambda rng: str(rng.randint(100, 2000)),
    "float": lambda rng: str(rng.choice((0.1, 0.25, 0.5, 0.75, 1.5, 2.5, 3.14, 0.01, 0.05, 9.99))),
    "date_text": lambda rng: repr(_date(rng)),
    "format": lambda rng: repr(rng.choice(DATE_FORMATS)),
}


def filled(idiom: Idiom, request: str, rng: random.Random) -> tuple[str, str]:
    """Returns (request, code) with every slot filled, different slots differently, and names marked as people do."""
    values: dict[str, str] = {}
    for sort, number in dict.fromkeys(SLOT.findall(idiom.code)):
        value = FILLERS[sort](rng)
        while value in values.values():
            value = FILLERS[sort](rng)
        values[sort + number] = value
    request = request.replace("`", rng.choice(NAME_MARKS))
    if rng.random() < LOWER_CASE_SHARE and not request.startswith("$"):
        request = request[0].lower() + request[1:]
    text, code = (SLOT.sub(lambda slot: values[slot[1] + slot[2]], part) for part in (request, idiom.code))
    return text, code


def idiom_pairs(count: int, seed: int, kind: str, unseen: bool = False) -> list[tuple[str, str]]:
    """Returns `count` pairs (request, code) of idioms of `kind`; `unseen`: in the requests kept out of training."""
    rng = random.Random(f"idioms/{kind}/{unseen}/{seed}")
    chosen = [idiom for idiom in all_idioms() if idiom.kind == kind and (idiom.unseen or not unseen)]
    drawn = []
    for _ in range(count):
        idiom = rng.choice(chosen)
        request = idiom.unseen if unseen and idiom.unseen else rng.choice(idiom.requests)
        drawn.append(filled(idiom, request, rng))
    return drawn
