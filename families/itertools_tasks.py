"""Families about iterating: chunks, neighbours, combinations, running totals, enumerating, grouping."""

import itertools
import random

from families.draws import calls, expect, ints, words
from families.family import Draw, Family
from families.names import function_name, name_for, names_for

TOPIC = "itertools"
SETUP = "import itertools\n"


def _chunks(rng: random.Random) -> Draw:
    a, n, data = name_for(rng, "list"), rng.randint(2, 6), ints(rng, high=99, least=13, most=15)
    expected = [data[i : i + n] for i in range(0, len(data), n)]
    return Draw(
        {"a": a, "n": str(n)},
        f"[{a}[i:i + {n}] for i in range(0, len({a}), {n})]",
        f"{a} = {data}",
        expect(expected, **{a: data}),
    )


def _neighbours(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), ints(rng)
    word = rng.choice(["consecutive", "adjacent", "neighbouring", "successive"])
    return Draw(
        {"a": a, "word": word},
        f"list(zip({a}, {a}[1:]))",
        f"{a} = {data}",
        expect(list(itertools.pairwise(data)), **{a: data}),
    )


def _arrangements(rng: random.Random) -> Draw:
    a, n, data = name_for(rng, "list"), rng.randint(2, 4), ints(rng, least=5, most=5)
    word, function = rng.choice([("combinations", "combinations"), ("permutations", "permutations")])
    expected = list(getattr(itertools, function)(data, n))
    return Draw(
        {"a": a, "n": str(n), "word": word},
        f"list(itertools.{function}({a}, {n}))",
        f"{SETUP}{a} = {data}",
        (
            f"assert len(_) == {len(expected)}",
            f"assert _[:5] == {expected[:5]}",
            f"assert _[-3:] == {expected[-3:]}",
        ),
    )


def _product(rng: random.Random) -> Draw:
    (a, b), first, second = names_for(rng, "list", "list"), ints(rng, least=3, most=4), words(rng, 3)
    return Draw(
        {"a": a, "b": b},
        f"list(itertools.product({a}, {b}))",
        f"{SETUP}{a} = {first}\n{b} = {second}",
        expect(list(itertools.product(first, second)), **{a: first, b: second}),
    )


def _running(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), ints(rng)
    word = rng.choice(["cumulative sums", "running totals", "partial sums"])
    return Draw(
        {"a": a, "word": word},
        f"list(itertools.accumulate({a}))",
        f"{SETUP}{a} = {data}",
        expect(list(itertools.accumulate(data)), **{a: data}),
    )


def _chain(rng: random.Random) -> Draw:
    a, b, c = names_for(rng, "list", "list", "list")
    data = [ints(rng, least=3, most=4) for _ in range(3)]
    return Draw(
        {"a": a, "b": b, "c": c},
        f"list(itertools.chain({a}, {b}, {c}))",
        SETUP + "\n".join(f"{name} = {values}" for name, values in zip((a, b, c), data, strict=True)),
        expect([*data[0], *data[1], *data[2]]),
    )


def _enumerate(rng: random.Random) -> Draw:
    a, data, n = name_for(rng, "list"), words(rng), rng.randint(1, 50)
    return Draw(
        {"a": a, "n": str(n)},
        f"list(enumerate({a}, {n}))",
        f"{a} = {data}",
        expect(list(enumerate(data, n)), **{a: data}),
    )


def _zip_fill(rng: random.Random) -> Draw:
    (a, b), first, fill = (
        names_for(rng, "list", "list"),
        ints(rng),
        rng.choice([0, -1, "-", "", "none", "x", 99, "?"]),
    )
    second = words(rng, 4)
    return Draw(
        {"a": a, "b": b, "fill": repr(fill)},
        f"list(itertools.zip_longest({a}, {b}, fillvalue={fill!r}))",
        f"{SETUP}{a} = {first}\n{b} = {second}",
        expect(list(itertools.zip_longest(first, second, fillvalue=fill)), **{a: first, b: second}),
    )


def _take_while(rng: random.Random) -> Draw:
    f, a = function_name(rng, "take", "skip", "cut", "prefix"), name_for(rng, "list")
    limit = rng.randint(20, 40)
    verb, function = rng.choice([("keeps", "takewhile"), ("drops", "dropwhile")])
    cases = [[9, 5, limit - 1, limit, 3, 50], [limit + 3, 1], [2, 3], []]
    cases = [[*xs, *ints(rng)[:2]] if xs else xs for xs in cases]
    of = getattr(itertools, function)
    return Draw(
        {"f": f, "a": a, "limit": str(limit), "verb": verb},
        f"def {f}({a}):\n    return list(itertools.{function}(lambda x: x < {limit}, {a}))",
        SETUP.strip(),
        calls(f, *(((xs,), list(of(lambda x: x < limit, xs))) for xs in cases)),
    )


FAMILIES = (
    Family(
        "chunks",
        TOPIC,
        "statement",
        (
            "Split list `{a}` into chunks of {n} elements.",
            "How do I divide a list `{a}` into sublists of length {n}?",
            "chunk `{a}` into lists of size {n}",
            "Return the list `{a}` cut into parts of {n} items each, the last may be shorter.",
            "split `{a}` in groups of {n}",
            "Make a list of lists from `{a}`, every one with {n} elements at most.",
            "Group the elements of `{a}`, {n} at a time.",
            "`{a}` in portions of {n}",
        ),
        _chunks,
    ),
    Family(
        "neighbours",
        TOPIC,
        "statement",
        (
            "Get a list of all pairs of {word} elements in `{a}`.",
            "How do I iterate over {word} pairs of list `{a}`? Give them as a list of tuples.",
            "{word} pairs of list `{a}`",
            "Return the tuples of {word} items of `{a}`.",
            "list of {word} element pairs from `{a}`",
            "Pair each element of `{a}` with the next; I need the {word} pairs.",
            "Which {word} pairs does the list `{a}` have?",
            "tuples of two {word} values in `{a}`",
        ),
        _neighbours,
    ),
    Family(
        "arrangements",
        TOPIC,
        "statement",
        (
            "Get all {word} of {n} elements of list `{a}`.",
            "How do I list the {word} of length {n} of `{a}`?",
            "{word} of `{a}`, {n} items each",
            "Return a list of the {word} of `{a}` that have {n} elements.",
            "all length {n} {word} of list `{a}`",
            "Use itertools for the {word} of {n} out of `{a}`.",
            "Choosing {n} elements from `{a}`, which {word} are there?",
            "list, size {n}: {word} of `{a}`",
        ),
        _arrangements,
    ),
    Family(
        "product",
        TOPIC,
        "statement",
        (
            "Get all pairs of one element of `{a}` and one element of `{b}`.",
            "How do I compute the Cartesian product of lists `{a}` and `{b}`?",
            "cartesian product of `{a}` and `{b}`",
            "Return a list of tuples that combines each item of `{a}` with each of `{b}`.",
            "every combination of an item in `{a}` with an item in `{b}`",
            "List the product of `{a}` and `{b}` with itertools.",
            "Cross the list `{a}` with the list `{b}`.",
            "all tuples (from `{a}`, from `{b}`)",
        ),
        _product,
    ),
    Family(
        "running-totals",
        TOPIC,
        "statement",
        (
            "Get a list of the {word} of list `{a}`.",
            "How do I compute the {word} of the numbers in `{a}`?",
            "{word} of `{a}`",
            "Return the {word} of list `{a}` as a list.",
            "list with the {word} for `{a}`",
            "Use itertools to get the {word} of `{a}`.",
            "What are the {word} when going through `{a}`?",
            "`{a}` turned into its {word}",
        ),
        _running,
    ),
    Family(
        "chain",
        TOPIC,
        "statement",
        (
            "Chain the lists `{a}`, `{b}` and `{c}` into one list.",
            "How do I concatenate three lists `{a}`, `{b}`, `{c}` using itertools?",
            "one list from `{a}`, `{b}`, `{c}`",
            "Return the elements of `{a}`, then `{b}`, then `{c}` in a single list.",
            "combine lists `{a}`, `{b}` and `{c}`",
            "Put `{a}`, `{b}` and `{c}` one after another in a new list.",
            "First `{a}`, next `{b}`, last `{c}`: join these lists.",
            "all items of `{a}` and `{b}` and `{c}`, in this order",
        ),
        _chain,
    ),
    Family(
        "number-items",
        TOPIC,
        "statement",
        (
            "Number the items of list `{a}` starting at {n}, as a list of tuples.",
            "How do I enumerate `{a}` with indices that begin at {n}?",
            "enumerate list `{a}` from {n}",
            "Return pairs of a number and an item of `{a}`, numbers starting from {n}.",
            "list of (number, item) for `{a}`, first number {n}",
            "Give every element of `{a}` a number; the first one gets {n}.",
            "Count the items in `{a}` beginning with {n} and list the pairs.",
            "indexed `{a}`, start {n}",
        ),
        _enumerate,
    ),
    Family(
        "zip-with-fill",
        TOPIC,
        "statement",
        (
            "Zip the lists `{a}` and `{b}`, filling the shorter one with {fill}.",
            "How do I zip `{a}` and `{b}` of different lengths with {fill} for missing values?",
            "zip `{a}` with `{b}`, fill value {fill}",
            "Return a list of pairs from `{a}` and `{b}`; use {fill} where one list has ended.",
            "zip longest of `{a}` and `{b}` with {fill} as filler",
            "Pair up all of `{a}` and `{b}` and put {fill} when an element is lacking.",
            "Lists `{a}` and `{b}` may differ in length: make pairs, {fill} stands for nothing.",
            "pairs of `{a}` and `{b}` up to the longer, rest {fill}",
        ),
        _zip_fill,
    ),
    Family(
        "take-or-drop-while",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that {verb} the leading elements of `{a}` that are less than {limit}.",
            "Define `{f}({a})` which {verb} items from the start while they are less than {limit}.",
            "function `{f}` that {verb} the first items of `{a}` as long as they are below {limit}",
            "How do I write `{f}({a})` that {verb} elements at the front while they are under {limit}?",
            "Create a function `{f}` of `{a}`; it {verb} the leading numbers smaller than {limit}.",
            "Implement `{f}({a})`: it {verb} the part of the list before the first item not below {limit}.",
            "As long as items of `{a}` are less than {limit}, `{f}` {verb} them; it returns a list.",
            "def `{f}` of `{a}`, {verb} the head with values under {limit}",
        ),
        _take_while,
    ),
)
