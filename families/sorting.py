"""Families about order: sorting by keys, largest and smallest, reversing, ranking."""

import random

from families.draws import calls, expect, ints, keys, mapping, words
from families.family import Draw, Family
from families.names import function_name, name_for

TOPIC = "sorting"
ORDERS = (
    ("ascending", False),
    ("descending", True),
    ("increasing", False),
    ("decreasing", True),
    ("reverse", True),
)


def _reverse_argument(reverse: bool) -> str:
    return ", reverse=True" if reverse else ""


def _sort_numbers(rng: random.Random) -> Draw:
    a, data, (order, reverse) = name_for(rng, "list"), ints(rng), rng.choice(ORDERS)
    return Draw(
        {"a": a, "order": order},
        f"sorted({a}{_reverse_argument(reverse)})",
        f"{a} = {data}",
        expect(sorted(data, reverse=reverse), **{a: data}),
    )


def _sort_records(rng: random.Random) -> Draw:
    a, (key, other), (order, reverse) = name_for(rng, "list"), keys(rng, 2), rng.choice(ORDERS)
    first, second = ints(rng, least=4, most=5), ints(rng, least=5, most=5)
    rows = [{key: v, other: w} for v, w in zip(first, second, strict=False)]
    return Draw(
        {"a": a, "key": repr(key), "order": order},
        f"sorted({a}, key=lambda x: x[{key!r}]{_reverse_argument(reverse)})",
        f"{a} = {rows}",
        expect(sorted(rows, key=lambda row: row[key], reverse=reverse), **{a: rows}),
    )


def _sort_by_index(rng: random.Random) -> Draw:
    a, i, (order, reverse) = name_for(rng, "list"), rng.randrange(6), rng.choice(ORDERS)
    columns = [ints(rng, least=5, most=5) for _ in range(6)]
    rows = [tuple(row) for row in zip(*columns, strict=True)]
    first, *_, last = sorted(rows, key=lambda row: row[i], reverse=reverse)
    if i == 0:  # two rows that only the order they are in keeps apart, or else sorting whole rows were right
        rows[:2] = sorted([rows[0], (rows[0][0], *rows[1][1:])], reverse=not reverse)
    elif first < last:  # or else sorting them without the index might be right
        rows[rows.index(first)], rows[rows.index(last)] = (last[0], *first[1:]), (first[0], *last[1:])
    return Draw(
        {"a": a, "i": str(i), "order": order},
        f"sorted({a}, key=lambda x: x[{i}]{_reverse_argument(reverse)})",
        f"{a} = {rows}",
        expect(sorted(rows, key=lambda row: row[i], reverse=reverse), **{a: rows}),
    )


def _sort_strings(rng: random.Random) -> Draw:
    a = name_for(rng, "list")
    how, key = rng.choice(
        [
            ("by length", "len"),
            ("by their length", "len"),
            ("ignoring case", "str.lower"),
            ("case-insensitively", "str.lower"),
        ]
    )
    while True:
        data = [w.upper() if i % 2 else w for i, w in enumerate(words(rng, 6))]
        results = [sorted(data), sorted(data, key=len), sorted(data, key=str.lower), data]
        if len({tuple(r) for r in results}) == 4:
            break
    return Draw(
        {"a": a, "how": how},
        f"sorted({a}, key={key})",
        f"{a} = {data}",
        expect(results[1] if key == "len" else results[2], **{a: data}),
    )


def _sort_dict(rng: random.Random) -> Draw:
    d, data = name_for(rng, "dict"), mapping(rng)
    (order, reverse), part = rng.choice(ORDERS), rng.choice(["key", "value"])
    i = 0 if part == "key" else 1
    return Draw(
        {"d": d, "part": part, "order": order},
        f"sorted({d}.items(), key=lambda x: x[{i}]{_reverse_argument(reverse)})",
        f"{d} = {data}",
        expect(sorted(data.items(), key=lambda pair: pair[i], reverse=reverse), **{d: data}),
    )


def _n_extreme(rng: random.Random) -> Draw:
    a, data, n = name_for(rng, "list"), ints(rng, least=11, most=13), rng.randint(2, 9)
    word, reverse = rng.choice([("largest", True), ("smallest", False), ("biggest", True), ("lowest", False)])
    return Draw(
        {"a": a, "n": str(n), "word": word},
        f"sorted({a}{_reverse_argument(reverse)})[:{n}]",
        f"{a} = {data}",
        expect(sorted(data, reverse=reverse)[:n], **{a: data}),
    )


def _index_of_extreme(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), ints(rng, least=6)
    word, best = rng.choice([("maximum", max), ("minimum", min), ("largest", max), ("smallest", min)])
    if data[0] == best(data):  # index 0 would be too easy to get by chance
        data = [*data[1:], data[0]]
    return Draw(
        {"a": a, "word": word},
        f"{a}.index({best.__name__}({a}))",
        f"{a} = {data}",
        expect(data.index(best(data)), **{a: data}),
    )


def _extreme_by_key(rng: random.Random) -> Draw:
    f, a, (key, other) = (
        function_name(rng, "find", "get", "select", "best"),
        name_for(rng, "list"),
        keys(rng, 2),
    )
    word, best = rng.choice([("highest", max), ("lowest", min), ("largest", max), ("smallest", min)])
    cases = []
    for _ in range(3):
        columns = ints(rng, least=4, most=5), ints(rng, least=5, most=5)
        cases.append([{key: v, other: w} for v, w in zip(*columns, strict=False)])
    return Draw(
        {"f": f, "a": a, "key": repr(key), "word": word},
        f"def {f}({a}):\n    return {best.__name__}({a}, key=lambda x: x[{key!r}])",
        "",
        calls(f, *(((rows,), best(rows, key=lambda row: row[key])) for rows in cases)),
    )


FAMILIES = (
    Family(
        "sort-numbers",
        TOPIC,
        "statement",
        (
            "Get a sorted copy of list `{a}` in {order} order.",
            "How do I sort a list `{a}` in {order} order without changing it?",
            "sort `{a}` in {order} order",
            "Return the numbers of `{a}` in {order} order.",
            "{order} sort of list `{a}`, as a new list",
            "Give me the list `{a}` sorted in {order} order.",
            "Order the values in `{a}`; the order is {order}.",
            "`{a}` sorted, {order}",
        ),
        _sort_numbers,
    ),
    Family(
        "sort-records",
        TOPIC,
        "statement",
        (
            "Sort the list of dictionaries `{a}` by key {key} in {order} order.",
            "How do I sort a list of dicts `{a}` by the value of {key} in {order} order?",
            "sort list of dicts `{a}` by {key} {order}",
            "Return the dictionaries of `{a}` in {order} order of their {key}.",
            "sort `{a}` on dictionary key {key}, {order} order",
            "Order the records in `{a}` by {key}, {order}.",
            "The dicts in `{a}` all have {key}; list them in {order} order of it.",
            "{order} order by {key} for the list of dictionaries `{a}`",
        ),
        _sort_records,
    ),
    Family(
        "sort-by-index",
        TOPIC,
        "statement",
        (
            "Sort the list of tuples `{a}` by the element at index {i} in {order} order.",
            "How can I sort a list of tuples `{a}` by item {i} in {order} order?",
            "sort tuples in `{a}` by index {i}, {order}",
            "Return `{a}` sorted in {order} order by column {i}.",
            "sort nested list `{a}` in {order} order on element {i}",
            "Order the rows of `{a}` by their value at position {i}, {order}.",
            "Compare the tuples of `{a}` at index {i} and list them in {order} order.",
            "{order} order of the tuples `{a}` with entry {i} as the sort key",
        ),
        _sort_by_index,
    ),
    Family(
        "sort-strings",
        TOPIC,
        "statement",
        (
            "Sort the list of strings `{a}` {how}.",
            "How do I sort strings in `{a}` {how}?",
            "sort `{a}` {how}",
            "Return a list with the words of `{a}` sorted {how}.",
            "get list `{a}` sorted {how}",
            "Order the strings in the list `{a}` {how}.",
            "Put the words `{a}` in order {how}, as a new list.",
            "new list: strings of `{a}` ordered {how}",
        ),
        _sort_strings,
    ),
    Family(
        "sort-dict-items",
        TOPIC,
        "statement",
        (
            "Get the items of dictionary `{d}` sorted by {part} in {order} order.",
            "How do I sort a dict `{d}` by {part} in {order} order, as a list of tuples?",
            "sort items of `{d}` by {part}, {order}",
            "Return a list of the pairs in `{d}` in {order} order of {part}.",
            "list of tuples from dict `{d}` sorted by {part} in {order} order",
            "Sort `{d}.items()` on the {part}, in {order} order.",
            "Write the dict `{d}` as a list of pairs whose {part} is in {order} order.",
            "{order} by {part}: the entries of `{d}`",
        ),
        _sort_dict,
    ),
    Family(
        "n-extreme",
        TOPIC,
        "statement",
        (
            "Get the {n} {word} numbers in list `{a}`, {word} first.",
            "How to find the {n} {word} elements of `{a}`, beginning with the {word}?",
            "{n} {word} values of list `{a}` in order, {word} first",
            "Return a list of the {n} {word} items in `{a}`, starting with the {word} one.",
            "find {n} {word} elements in `{a}`, the {word} at index 0",
            "I want the {n} {word} numbers of the list `{a}`, sorted with the {word} first.",
            "Starting from the {word}, list {n} elements of `{a}` by size.",
            "the {word} {n} of `{a}`, {word} in front",
        ),
        _n_extreme,
    ),
    Family(
        "index-of-extreme",
        TOPIC,
        "statement",
        (
            "Get the index of the {word} value in list `{a}`.",
            "How do I find the position of the {word} element of `{a}`?",
            "index of the {word} of list `{a}`",
            "Return the index at which `{a}` has its {word} value.",
            "find index of {word} number in `{a}`",
            "At what index is the {word} item of `{a}`?",
            "Where in the list `{a}` does the {word} number stand?",
            "position in `{a}` of what is the {word} there",
        ),
        _index_of_extreme,
    ),
    Family(
        "extreme-by-key",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the dict with the {word} {key} in the list `{a}`.",
            "Define `{f}({a})` that finds the dictionary with the {word} value of {key}.",
            "function `{f}` to get the dict of list `{a}` with {word} {key}",
            "How do I write `{f}({a})` which returns the record whose {key} is the {word}?",
            "Create a function `{f}` taking a list of dicts `{a}`; it returns the one with the {word} {key}.",
            "Implement `{f}({a})`: the dictionary of `{a}` that has the {word} {key}.",
            "Which dict in `{a}` has the {word} {key}? Write `{f}` to tell.",
            "def `{f}` of list `{a}`: pick the record with the {word} {key}",
        ),
        _extreme_by_key,
    ),
)
