"""Families about dictionaries: keys and values, filters, merging, inverting, lists of records."""

import random

from families.draws import around, calls, expect, keys, mapping, not_rising, words
from families.family import Draw, Family
from families.names import function_name, name_for, names_for

TOPIC = "dicts"


def _list_part(rng: random.Random) -> Draw:
    d, data = name_for(rng, "dict"), mapping(rng)
    part, expected = rng.choice([("keys", list(data)), ("values", list(data.values())), ("items", list(data.items()))])
    code = f"list({d}.{part}())"
    return Draw({"d": d, "part": part}, code, f"{d} = {data}", expect(expected, **{d: data}))


def _merge(rng: random.Random) -> Draw:
    a, b = names_for(rng, "dict", "dict")
    first, second = mapping(rng), mapping(rng)
    second[next(iter(first))] = 77
    return Draw(
        {"a": a, "b": b},
        f"{{**{a}, **{b}}}",
        f"{a} = {first}\n{b} = {second}",
        expect({**first, **second}, **{a: first, b: second}),
    )


def _invert(rng: random.Random) -> Draw:
    d, data = name_for(rng, "dict"), mapping(rng)
    expected = {v: k for k, v in data.items()}
    return Draw({"d": d}, f"{{v: k for k, v in {d}.items()}}", f"{d} = {data}", expect(expected, **{d: data}))


def _extreme_key(rng: random.Random) -> Draw:
    d, data = name_for(rng, "dict"), mapping(rng)
    word, best = rng.choice([("largest", max), ("smallest", min), ("highest", max), ("lowest", min)])
    while best(data) == best(data, key=data.__getitem__):  # the key itself must not decide
        data = mapping(rng)
    return Draw(
        {"d": d, "word": word},
        f"{best.__name__}({d}, key={d}.get)",
        f"{d} = {data}",
        expect(best(data, key=data.__getitem__), **{d: data}),
    )


def _get_default(rng: random.Random) -> Draw:
    d, data = name_for(rng, "dict"), mapping(rng)
    key = rng.choice([*list(data)[:2], *words(rng, 3)])
    default = rng.choice([-1, 100, rng.randint(2, 99), rng.choice(words(rng))])
    return Draw(
        {"d": d, "key": repr(key), "default": repr(default)},
        f"{d}.get({key!r}, {default!r})",
        f"{d} = {data}",
        expect(data.get(key, default), **{d: data}),
    )


def _remove_key(rng: random.Random) -> Draw:
    d, data = name_for(rng, "dict"), mapping(rng)
    key = rng.choice(list(data))
    rest = {k: v for k, v in data.items() if k != key}
    return Draw(
        {"d": d, "key": repr(key)},
        f"del {d}[{key!r}]",
        f"{d} = {data}",
        (f"assert {d} == {rest}", f"assert {key!r} not in {d}", f"assert len({d}) == {len(rest)}"),
    )


def _set_key(rng: random.Random) -> Draw:
    d, data = name_for(rng, "dict"), mapping(rng)
    key, value = rng.choice([w for w in words(rng, 6) if w not in data] or ["total"]), rng.randint(61, 999)
    return Draw(
        {"d": d, "key": repr(key), "value": str(value)},
        f"{d}[{key!r}] = {value}",
        f"{d} = {data}",
        (
            f"assert {d}[{key!r}] == {value}",
            f"assert len({d}) == {len(data) + 1}",
            f"assert {d} == { {**data, key: value} }",
        ),
    )


def _filter_values(rng: random.Random) -> Draw:
    d, (limit, numbers) = name_for(rng, "dict"), around(rng)
    data = dict(zip(words(rng, len(numbers)), numbers, strict=True))
    word, sign = rng.choice([("greater than", ">"), ("less than", "<"), ("at least", ">="), ("at most", "<=")])
    good = {">": limit.__lt__, "<": limit.__gt__, ">=": limit.__le__, "<=": limit.__ge__}[sign]
    return Draw(
        {"d": d, "limit": str(limit), "word": word},
        f"{{k: v for k, v in {d}.items() if v {sign} {limit}}}",
        f"{d} = {data}",
        expect({k: v for k, v in data.items() if good(v)}, **{d: data}),
    )


def _records(rng: random.Random, key: str, other: str) -> list[dict]:
    values = rng.sample(range(1, 99), 8)
    return [{other: values[2 * i], key: values[2 * i + 1]} for i in range(4)]


def _pluck(rng: random.Random) -> Draw:
    a, (key, other) = name_for(rng, "list"), keys(rng, 2)
    rows = not_rising(_records(rng, key, other), lambda rows: [row[key] for row in rows])
    return Draw(
        {"a": a, "key": repr(key)},
        f"[x[{key!r}] for x in {a}]",
        f"{a} = {rows}",
        expect([row[key] for row in rows], **{a: rows}),
    )


def _sum_key(rng: random.Random) -> Draw:
    f, a, (key, other) = function_name(rng, "total", "sum", "get_total"), name_for(rng, "list"), keys(rng, 2)
    cases = [_records(rng, key, other)[: 4 - i] for i in range(4)]
    return Draw(
        {"f": f, "a": a, "key": repr(key)},
        f"def {f}({a}):\n    return sum(x[{key!r}] for x in {a})",
        "",
        calls(f, *(((rows,), sum(row[key] for row in rows)) for rows in [*cases, []])),
    )


def _from_lists(rng: random.Random) -> Draw:
    a, b = names_for(rng, "list", "list")
    data = mapping(rng)
    first, second = list(data), list(data.values())
    return Draw(
        {"a": a, "b": b},
        f"dict(zip({a}, {b}))",
        f"{a} = {first}\n{b} = {second}",
        expect(data, **{a: first, b: second}),
    )


FAMILIES = (
    Family(
        "list-part",
        TOPIC,
        "statement",
        (
            "Get a list of the {part} of dictionary `{d}`.",
            "How do I get the {part} of a dict `{d}` as a list?",
            "list of all {part} in `{d}`",
            "Convert the {part} of `{d}` into a list.",
            "return the {part} of dict `{d}` in a list",
            "I need all the {part} of the dictionary `{d}` as a list.",
            "Which {part} does the dict `{d}` have? Put them in a list.",
            "`{d}` {part} as list",
        ),
        _list_part,
    ),
    Family(
        "merge-two",
        TOPIC,
        "statement",
        (
            "Merge the dictionaries `{a}` and `{b}` into a new one; `{b}` wins for keys in both.",
            "How can I combine two dicts `{a}` and `{b}` so that values of `{b}` overwrite those of `{a}`?",
            "merge dict `{a}` with dict `{b}`, `{b}` overrides",
            "Create a dictionary with all items of `{a}` updated by those of `{b}`.",
            "new dict from `{a}` and `{b}` where `{b}` takes precedence",
            "Join the dicts `{a}` and `{b}`; on equal keys take the value from `{b}`.",
            "Take a copy of `{a}` and lay the entries of `{b}` over it.",
            "the union of dictionaries `{a}` and `{b}`, conflicts decided for `{b}`",
        ),
        _merge,
    ),
    Family(
        "invert",
        TOPIC,
        "statement",
        (
            "Swap keys and values of dictionary `{d}`.",
            "How do I invert the dict `{d}` so that values become keys?",
            "reverse the mapping `{d}`",
            "Create a dictionary that maps each value of `{d}` to its key.",
            "invert dictionary `{d}`",
            "Exchange the keys and the values in `{d}` and return a new dict.",
            "I look things up by value: turn `{d}` around.",
            "dict from the values of `{d}` to the keys of `{d}`",
        ),
        _invert,
    ),
    Family(
        "extreme-key",
        TOPIC,
        "statement",
        (
            "Get the key with the {word} value in dictionary `{d}`.",
            "How to find the key of the {word} value in `{d}`?",
            "key that has the {word} value in dict `{d}`",
            "Return the key of `{d}` whose value is the {word}.",
            "find key with {word} value in `{d}`",
            "Which key in `{d}` has the {word} value?",
            "In the dict `{d}`, look for the {word} value and give its key.",
            "name of the entry of `{d}` with the {word} number",
        ),
        _extreme_key,
    ),
    Family(
        "get-default",
        TOPIC,
        "statement",
        (
            "Get the value of key {key} in dict `{d}`, or {default} if the key is missing.",
            "How do I look up {key} in `{d}` with a default of {default}?",
            "value for {key} in dictionary `{d}`, default {default}",
            "Return the item {key} of `{d}`, but {default} when there is no such key.",
            "look up key {key} in `{d}` and fall back to {default}",
            "Read {key} from `{d}`; use {default} if it is not there.",
            "If `{d}` has {key}, give its value, otherwise give {default}.",
            "safe access to {key} of `{d}` where {default} stands in for nothing",
        ),
        _get_default,
    ),
    Family(
        "remove-key",
        TOPIC,
        "statement",
        (
            "Remove the key {key} from dictionary `{d}`.",
            "How can I delete key {key} in `{d}`?",
            "delete {key} from dict `{d}`",
            "Delete the entry {key} of `{d}`, in place.",
            "remove item with key {key} from `{d}`",
            "Drop {key} from the dict `{d}`.",
            "Make sure that `{d}` no longer contains the key {key}.",
            "take the key {key} and its value out of `{d}`",
        ),
        _remove_key,
    ),
    Family(
        "set-key",
        TOPIC,
        "statement",
        (
            "Set the key {key} of dictionary `{d}` to {value}.",
            "How do I add key {key} with value {value} to `{d}`?",
            "add {key}: {value} to dict `{d}`",
            "Store {value} under the key {key} in `{d}`.",
            "assign {value} to key {key} in `{d}`",
            "Put a new entry into `{d}`, key {key} and value {value}.",
            "`{d}` should map {key} to {value}.",
            "insert the pair {key}, {value} in the dictionary `{d}`",
        ),
        _set_key,
    ),
    Family(
        "filter-by-value",
        TOPIC,
        "statement",
        (
            "Get a dictionary of the items of `{d}` whose value is {word} {limit}.",
            "How to filter dict `{d}` so that only values {word} {limit} are kept?",
            "filter `{d}` by value {word} {limit}",
            "Keep only the entries of `{d}` with a value {word} {limit}.",
            "new dict with items of `{d}` where value is {word} {limit}",
            "From dictionary `{d}` select the pairs whose value is {word} {limit}.",
            "Leave out of `{d}` all that is not {word} {limit}; return a new dict.",
            "subset of `{d}` with numbers {word} {limit}",
        ),
        _filter_values,
    ),
    Family(
        "pluck",
        TOPIC,
        "statement",
        (
            "Get a list of the values of key {key} from the list of dictionaries `{a}`.",
            "How do I extract {key} from every dict in the list `{a}`?",
            "list of {key} values in list of dicts `{a}`",
            "Return the value of {key} for each dictionary in `{a}`.",
            "extract key {key} from all dicts in `{a}`",
            "Collect what the dictionaries in `{a}` have under {key}.",
            "Go through the records `{a}` and list their {key}.",
            "all {key} entries of `{a}`, a list of dicts",
        ),
        _pluck,
    ),
    Family(
        "sum-by-key",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that sums the values of key {key} over the list of dicts `{a}`.",
            "Define `{f}({a})` returning the sum of {key} of all dictionaries in `{a}`.",
            "function `{f}` that adds up {key} in a list of dicts `{a}`",
            "How do I write `{f}({a})` to get the total of {key} in a list of dictionaries?",
            "Create a function `{f}` with argument `{a}`, a list of dicts; return the total of {key}.",
            "Implement `{f}({a})`: the sum of {key} over the dicts in the list.",
            "What is the total of {key} in the records `{a}`? Write it as function `{f}`.",
            "def `{f}` of records `{a}` that gives all {key} added together",
        ),
        _sum_key,
    ),
    Family(
        "dict-from-lists",
        TOPIC,
        "statement",
        (
            "Create a dictionary with the list `{a}` as keys and the list `{b}` as values.",
            "How do I map the items of `{a}` to the items of `{b}` in a dict?",
            "make dict from keys `{a}` and values `{b}`",
            "Convert two lists `{a}` and `{b}` into a dictionary.",
            "dictionary of `{a}` to `{b}`",
            "Build a dict whose keys come from `{a}` and whose values come from `{b}`.",
            "Each element of `{a}` is a key, the one of `{b}` at the same place its value; build the dict.",
            "zip `{a}` with `{b}` to get a dict",
        ),
        _from_lists,
    ),
)
