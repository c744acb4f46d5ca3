"""Families about counting, grouping, queues and named tuples with the collections module."""

import collections
import random

from families.draws import REDUCERS, WORDS, calls, expect, ints, keys, not_rising, words
from families.family import Draw, Family
from families.names import NOUNS, class_name, function_name, name_for

TOPIC = "collections"
SETUP = "import collections\n"


def _with_clear_counts(rng: random.Random, least: int) -> list[str]:
    """Returns shuffled words of which no two occur equally often."""
    pool = words(rng, rng.randint(least, least + 1))
    data = [word for times, word in enumerate(pool, 1) for _ in range(times)]
    rng.shuffle(data)
    return data


def _most_common(rng: random.Random) -> Draw:
    a, data, n = name_for(rng, "list"), _with_clear_counts(rng, 5), rng.randint(2, 5)
    word = rng.choice(["most common", "most frequent"])
    if len(set(data)) == n:  # one more, or else all of them were right
        data = [*data, *data, next(word for word in WORDS if word not in data)]
    first = [item for item, _ in collections.Counter(data).most_common(n)]
    renamed = dict(zip(first, not_rising(first), strict=True))
    data = [renamed.get(item, item) for item in data]
    return Draw(
        {"a": a, "n": str(n), "word": word},
        f"collections.Counter({a}).most_common({n})",
        f"{SETUP}{a} = {data}",
        expect(collections.Counter(data).most_common(n), **{a: data}),
    )


def _most_common_item(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), _with_clear_counts(rng, 4)
    word, code = rng.choice([("most", "max"), ("least", "min")])
    of = REDUCERS[code]
    while of(data) == of(set(data), key=data.count):  # the alphabet must not decide
        data = _with_clear_counts(rng, 4)
    return Draw(
        {"a": a, "word": word},
        f"{code}(set({a}), key={a}.count)",
        f"{a} = {data}",
        expect(of(set(data), key=data.count), **{a: data}),
    )


def _count_all(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), _with_clear_counts(rng, 3)
    word = rng.choice(["item", "element", "word", "string"])
    counts = {word_: data.count(word_) for word_ in sorted(set(data))}
    return Draw(
        {"a": a, "word": word},
        f"collections.Counter({a})",
        f"{SETUP}{a} = {data}",
        (f"assert _ == {counts}", f"assert len(_) == {len(counts)}", f"assert {a} == {data}"),
    )


def _group_words(rng: random.Random) -> Draw:
    f, a = function_name(rng, "group", "group_by", "index", "collect"), name_for(rng, "list")
    how, code, key = rng.choice(
        [
            ("first letter", "x[0]", lambda x: x[0]),
            ("last letter", "x[-1]", lambda x: x[-1]),
            ("length", "len(x)", len),
        ]
    )
    cases = []
    for data in (words(rng, 6), words(rng, 4), []):
        groups: dict = {}
        for word in data:
            groups.setdefault(key(word), []).append(word)
        cases.append(((data,), groups))
    return Draw(
        {"f": f, "a": a, "how": how},
        f"def {f}({a}):\n    groups = collections.defaultdict(list)\n    for x in {a}:\n"
        f"        groups[{code}].append(x)\n    return groups",
        SETUP.strip(),
        calls(f, *cases),
    )


def _group_records(rng: random.Random) -> Draw:
    f, a, (key, other) = (
        function_name(rng, "group", "group_by", "collect"),
        name_for(rng, "list"),
        keys(rng, 2),
    )
    one, two, three = words(rng, 3)
    numbers = ints(rng)
    rows = [{key: k, other: v} for k, v in zip([one, two, one, three, two], numbers, strict=False)]
    cases = []
    for data in (rows, rows[:2], []):
        groups: dict = {}
        for row in data:
            groups.setdefault(row[key], []).append(row)
        cases.append(((data,), groups))
    return Draw(
        {"f": f, "a": a, "key": repr(key)},
        f"def {f}({a}):\n    groups = {{}}\n    for x in {a}:\n"
        f"        groups.setdefault(x[{key!r}], []).append(x)\n    return groups",
        "",
        calls(f, *cases),
    )


def _rotate(rng: random.Random) -> Draw:
    a, data, n = name_for(rng, "list"), ints(rng, least=10, most=12), rng.randint(2, 8)
    way, code = rng.choice([("left", "{a}[{n}:] + {a}[:{n}]"), ("right", "{a}[-{n}:] + {a}[:-{n}]")])
    data = data[:-1] if len(data) == 2 * n else data  # or else n and -n were the same place
    moved = data[n:] + data[:n] if way == "left" else data[-n:] + data[:-n]
    return Draw({"a": a, "n": str(n), "way": way}, code.format(a=a, n=n), f"{a} = {data}", expect(moved, **{a: data}))


def _namedtuple(rng: random.Random) -> Draw:
    c, (a, b) = class_name(rng), rng.sample(NOUNS, 2)
    x, y = rng.sample(range(2, 99), 2)
    while a in ("count", "index") or b in ("count", "index"):  # names that tuples have already
        a, b = rng.sample(NOUNS, 2)
    return Draw(
        {"c": c, "a": a, "b": b},
        f"{c} = collections.namedtuple({c!r}, [{a!r}, {b!r}])",
        SETUP.strip(),
        (
            f"assert {c}({x}, {y}).{a} == {x}",
            f"assert {c}({b}={y}, {a}={x}) == ({x}, {y})",
            f"assert {c}._fields == ({a!r}, {b!r}) and {c}.__name__ == {c!r}",
        ),
    )


def _letters(rng: random.Random) -> Draw:
    f, s, n = (
        function_name(rng, "count", "top", "letters", "frequency"),
        name_for(rng, "str"),
        rng.randint(2, 4),
    )
    cases = []
    for _ in range(3):
        letters = rng.sample("".join(sorted(set("".join(WORDS[:30])))), 5)
        text = "".join(letter * (7 - i) for i, letter in enumerate(letters))
        cases.append(((text,), [(letter, 7 - i) for i, letter in enumerate(letters)][:n]))
    return Draw(
        {"f": f, "s": s, "n": str(n)},
        f"def {f}({s}):\n    return collections.Counter({s}).most_common({n})",
        SETUP.strip(),
        calls(f, *cases),
    )


FAMILIES = (
    Family(
        "most-common",
        TOPIC,
        "statement",
        (
            "Get the {n} {word} elements of list `{a}` with their counts.",
            "How do I find the {n} {word} items in `{a}` and how often they occur?",
            "{n} {word} values of `{a}` with counts",
            "Return a list of tuples with the {n} {word} items of `{a}` and their frequency.",
            "{word} {n} elements in list `{a}` using Counter",
            "Use a Counter to list the {n} {word} entries of `{a}`.",
            "Which {n} elements are {word} in `{a}`? Give (item, count) pairs.",
            "top {n} of `{a}`, {word} first, as pairs",
        ),
        _most_common,
    ),
    Family(
        "most-common-item",
        TOPIC,
        "statement",
        (
            "Get the element that occurs {word} often in list `{a}`.",
            "How do I find the {word} common item of `{a}`?",
            "{word} frequent element of list `{a}`",
            "Return the value that appears {word} frequently in `{a}`.",
            "find {word} common element in `{a}`",
            "Which item of the list `{a}` is the {word} common one?",
            "Of all the elements in `{a}`, name the one seen {word} often.",
            "the {word} usual value in `{a}`",
        ),
        _most_common_item,
    ),
    Family(
        "count-all",
        TOPIC,
        "statement",
        (
            "Count how often each {word} occurs in list `{a}`.",
            "How do I get the number of occurrences of every {word} in `{a}`?",
            "count of each {word} in `{a}`",
            "Return a mapping from every {word} in `{a}` to its count.",
            "frequency of each {word} in list `{a}`",
            "Make a Counter with each {word} of `{a}`.",
            "For each {word} in `{a}`, tell how many times it is there.",
            "`{a}`, {word} by {word}, counted",
        ),
        _count_all,
    ),
    Family(
        "group-words",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that groups the strings in `{a}` by {how} in a dict of lists.",
            "Define `{f}({a})` which returns a dictionary of the words by their {how}.",
            "function `{f}` to group words of list `{a}` by {how}",
            "How do I write `{f}({a})` that maps each {how} to the list of words with it?",
            "Create a function `{f}` with a list of strings `{a}`; group them by {how}.",
            "Implement `{f}({a})`: keys are the {how}, values are lists of the strings.",
            "`{f}` sorts the words `{a}` into lists, one list for every {how}.",
            "def `{f}` of `{a}`, dict from {how} to words",
        ),
        _group_words,
    ),
    Family(
        "group-records",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that groups the dicts in list `{a}` by the value of {key}.",
            "Define `{f}({a})` returning a dict that maps each {key} to the list of its dicts.",
            "function `{f}` to group list of dicts `{a}` by {key}",
            "How do I write `{f}({a})` that groups dictionaries by {key}?",
            "Create a function `{f}` with argument `{a}`, a list of dicts; group them by {key}.",
            "Implement `{f}({a})`: a dictionary of lists, one for every value of {key}.",
            "Records `{a}` with the same {key} belong together. Write `{f}`: a dict of lists.",
            "def `{f}` of `{a}`, records by their {key}",
        ),
        _group_records,
    ),
    Family(
        "rotate",
        TOPIC,
        "statement",
        (
            "Rotate list `{a}` by {n} positions to the {way}.",
            "How do I rotate a list `{a}` {way} by {n}?",
            "rotate `{a}` {n} places to the {way}",
            "Return `{a}` shifted {n} steps to the {way}, with wrap-around.",
            "{way} rotation of list `{a}` by {n}",
            "Move all elements of `{a}` {n} positions {way} in a circle, as a new list.",
            "Turn the list `{a}` to the {way} so that each item moves {n} places.",
            "circular shift of `{a}`: {way}, {n}",
        ),
        _rotate,
    ),
    Family(
        "namedtuple",
        TOPIC,
        "statement",
        (
            "Create a namedtuple `{c}` with the fields `{a}` and `{b}`.",
            "How do I define a named tuple `{c}` that has `{a}` and `{b}`?",
            "namedtuple `{c}` with `{a}`, `{b}`",
            "Make a named tuple type called `{c}`, its fields are `{a}` and `{b}`.",
            "define `{c}` as a namedtuple of `{a}` and `{b}`",
            "Use collections to make `{c}`, a tuple with names `{a}` and `{b}`.",
            "I want tuples `{c}` whose two parts are called `{a}` and `{b}`.",
            "`{c}`: namedtuple, first `{a}`, second `{b}`",
        ),
        _namedtuple,
    ),
    Family(
        "common-letters",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the {n} most common characters of `{s}` with their counts.",
            "Define `{f}({s})` for the {n} most frequent characters of a string, as (character, count).",
            "function `{f}` for the top {n} characters in string `{s}` and their counts",
            "How do I write `{f}({s})` that lists the {n} most common characters with counts?",
            "Create a function `{f}` of `{s}` that counts characters and returns the {n} most common.",
            "Implement `{f}({s})` with a Counter: pairs of character and count, the {n} highest.",
            "Which {n} characters are most frequent in `{s}`? Write `{f}` to list them with counts.",
            "def `{f}` of `{s}`, {n} commonest characters as pairs",
        ),
        _letters,
    ),
)
