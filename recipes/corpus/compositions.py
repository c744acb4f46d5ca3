"""Requests put together from parts, as ("the sum of the squares of the even numbers in `xs`", its code).

The task families teach some 170 idioms; what a small model lacks is that idioms combine. So here every part of a
request (a source, filters, a change of each item, an order, a piece, a summary) is drawn by itself, in one of several
wordings. What the held-out families ask for is never drawn: counting items above or below a limit, a piece with both
ends, a list of a dictionary's keys or values as the whole answer, rounding, merging, chaining, sorting of records,
tests of how one text starts or ends, parsing dates.
"""

import random
from dataclasses import dataclass, replace

from families.draws import KEYS, SEPARATORS, WORDS
from families.family import LOWER_CASE_SHARE, NAME_MARKS
from families.names import name_for
from recipes.corpus.parts import (
    CHANGES,
    DICTIONARIES,
    FILTERS,
    FRAMES,
    ORDERS,
    PIECES,
    PREDICATES,
    SOURCES,
    SUMMARIES,
    TESTS,
)

LOOPS = {"numbers": "x", "texts": "w"}  # loop variables


@dataclass(frozen=True)
class Items:
    """Several items: what they are called in text, and the comprehension that makes them.

    kind: "numbers" or "texts"; source: what is looped over; loop: the variable; item: code of one item, in terms of it.
    """

    kind: str
    text: str
    source: str
    loop: str
    item: str = ""
    conditions: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether this is its source as it is."""
        return not self.conditions and self.item in ("", self.loop)

    def inner(self) -> str:
        """Returns the comprehension without its brackets."""
        conditions = "".join(f" if {condition}" for condition in self.conditions[:1])
        conditions += "".join(f" and {condition}" for condition in self.conditions[1:])
        return f"{self.item or self.loop} for {self.loop} in {self.source}{conditions}"

    def code(self) -> str:
        """Returns the code of the whole list."""
        return self.source if self.plain else f"[{self.inner()}]"

    def argument(self) -> str:
        """Returns the code as the only argument of a call."""
        return self.source if self.plain else self.inner()


def _draw_values(rng: random.Random) -> dict[str, str]:
    separator = rng.choice(SEPARATORS)
    low = rng.random()
    return {
        "n": str(rng.randint(0, 10) if low < 0.4 else rng.randint(11, 99) if low < 0.8 else rng.randint(100, 2000)),
        "k": str(rng.randint(2, 9)),
        "s": repr(
            rng.choice(
                (rng.choice(WORDS)[: rng.randint(1, 3)], rng.choice(WORDS), rng.choice(KEYS), rng.choice("_-.!#@xyz"))
            )
        ),
        "t": repr(rng.choice((rng.choice(WORDS), "", " ", "_", "-", rng.choice(WORDS)[:1]))),
        "sep": repr(separator),
        "bare": separator.replace("\n", "; ").replace("\t", " ").replace("'", ""),
        "u": name_for(rng, "list"),
    }


def _source(rng: random.Random, kind: str, values: dict[str, str]) -> Items:
    weights = [6, 3, 2] + [1] * (len(SOURCES[kind]) - 3)
    sort, wordings, code = rng.choices(SOURCES[kind], weights)[0]
    named = {**values, "v": name_for(rng, sort)}
    return Items(kind, rng.choice(wordings).format(**named), code.format(**named), LOOPS[kind])


def _filtered(rng: random.Random, items: Items, values: dict[str, str]) -> Items:
    wordings, condition = rng.choice(FILTERS[items.kind])
    text = f"{items.text} {rng.choice(wordings).format(**values)}"
    return replace(items, text=text, conditions=(*items.conditions, condition.format(items.loop, **values)))


def _changed(rng: random.Random, items: Items, values: dict[str, str]) -> Items:
    wordings, code, kind = rng.choice(CHANGES[items.kind])
    text = rng.choice(wordings).format(X=items.text, **values)
    return replace(items, kind=kind, text=text, item=code.format(items.item or items.loop, **values))


def _items(rng: random.Random, values: dict[str, str]) -> Items:
    items = _source(rng, rng.choice(("numbers", "texts")), values)
    if rng.random() < 0.45:
        items = _filtered(rng, items, values)
        if rng.random() < 0.15:
            items = _filtered(rng, items, {**values, **{key: v for key, v in _draw_values(rng).items() if key != "u"}})
    if rng.random() < 0.5:
        items = _changed(rng, items, values)
    return items


def _listed(items: Items) -> str:
    """Returns code that can be indexed."""
    if not items.plain:
        return items.code()
    is_list = items.source.isidentifier() or items.source.endswith((".split()", ".splitlines()"))
    return items.source if is_list else f"list({items.source})"


def composition(rng: random.Random) -> tuple[str, str]:
    """Returns one request and its code, a single expression."""
    values = _draw_values(rng)
    form = rng.random()
    if form < 0.16:
        wordings, code = rng.choice(DICTIONARIES)
        named = {**values, "v": name_for(rng, "dict" if ".items()" in code else "list")}
        return _framed(rng, rng.choice(wordings).format(**named)), code.format(**named)
    if form < 0.22:
        items = _source(rng, "numbers", values)
        word, condition = rng.choice(PREDICATES)
        wordings, code = rng.choice(TESTS)
        text = rng.choice(wordings).format(X=items.text, P=word.format(**values))
        return _framed(rng, text), code.format(c=condition.format(**values), x="x", source=items.source)
    items = _items(rng, values)
    text, code, argument = items.text, items.code(), items.argument()
    if form < 0.40 or (form < 0.5 and items.plain):
        known = [order for order in ORDERS if order[0] in ("", items.kind)]
        _, wordings, order = rng.choice(known)
        return _framed(rng, rng.choice(wordings).format(X=text)), _call(order, argument)
    if form < 0.52:
        wordings, piece = rng.choice(PIECES)
        return _framed(rng, rng.choice(wordings).format(X=text, **values)), piece.format(l=_listed(items), **values)
    if form < 0.85 or items.plain:
        known = [summary for summary in SUMMARIES if summary[0] in ("", items.kind)]
        _, wordings, summary = rng.choice(known)
        text = rng.choice(wordings).format(X=text, **values)
        return _framed(rng, text), _call(summary, argument, l=_listed(items), **values)
    return _framed(rng, text), code


def _call(code: str, argument: str, **values: str) -> str:
    """Returns the call; a comprehension that is not the only argument needs brackets of its own."""
    alone = code.endswith("({a})") or code.endswith("({a}))")
    wrapped = argument if alone or " for " not in argument else f"[{argument}]"
    return code.format(a=wrapped, **values)


def _framed(rng: random.Random, text: str) -> str:
    sentence = rng.choice(FRAMES).format(N=text).replace("`", rng.choice(NAME_MARKS))
    return sentence[0].lower() + sentence[1:] if rng.random() < LOWER_CASE_SHARE else sentence


def compositions(count: int, seed: int) -> list[tuple[str, str]]:
    """Returns `count` pairs of request and code, the same for the same seed."""
    rng = random.Random(f"compositions/{seed}")
    return [composition(rng) for _ in range(count)]
