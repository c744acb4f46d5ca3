"""Families about sets and about what is unique, common or missing."""

import random

from families.draws import calls, expect, ints, leaves, not_rising, repeated, words
from families.family import Draw, Family
from families.names import function_name, name_for, names_for

TOPIC = "sets"
OPERATIONS = (("union", "|"), ("intersection", "&"), ("difference", "-"), ("symmetric difference", "^"))


def _operation(rng: random.Random) -> Draw:
    a, b = names_for(rng, "set", "set")
    word, sign = rng.choice(OPERATIONS)
    numbers = ints(rng, least=7, most=8)
    first, second = set(numbers[:5]), set(numbers[3:])
    expected = {"|": first | second, "&": first & second, "-": first - second, "^": first ^ second}[sign]
    return Draw(
        {"a": a, "b": b, "word": word},
        f"{a} {sign} {b}",
        f"{a} = {first}\n{b} = {second}",
        expect(expected, **{a: first, b: second}),
    )


def _unique_in_order(rng: random.Random) -> Draw:
    a = name_for(rng, "list")
    data = repeated(rng, words(rng) if rng.random() < 0.5 else ints(rng))
    return Draw({"a": a}, f"list(dict.fromkeys({a}))", f"{a} = {data}", expect(list(dict.fromkeys(data)), **{a: data}))


def _common_sorted(rng: random.Random) -> Draw:
    a, b = names_for(rng, "list", "list")
    numbers = ints(rng, least=8, most=9)
    first, second = numbers[:6], numbers[2:]
    rng.shuffle(second)
    return Draw(
        {"a": a, "b": b},
        f"sorted(set({a}) & set({b}))",
        f"{a} = {first}\n{b} = {second}",
        expect(sorted(set(first) & set(second)), **{a: first, b: second}),
    )


def _missing(rng: random.Random) -> Draw:
    a, b = names_for(rng, "list", "list")
    pool = words(rng, 7)
    second = pool[3:] + pool[:1]
    first = not_rising(pool[:5], lambda data: [x for x in data if x not in second])
    return Draw(
        {"a": a, "b": b},
        f"[x for x in {a} if x not in {b}]",
        f"{a} = {first}\n{b} = {second}",
        expect([x for x in first if x not in second], **{a: first, b: second}),
    )


def _subset(rng: random.Random) -> Draw:
    a, b = names_for(rng, "set", "set")
    numbers = ints(rng, least=6)
    first, second = set(numbers[:3]), set(numbers[: rng.choice([2, 3, 6])])
    return Draw(
        {"a": a, "b": b},
        f"{a} <= {b}",
        f"{a} = {first}\n{b} = {second}",
        expect(first <= second, **{a: first, b: second}),
    )


def _change(rng: random.Random) -> Draw:
    s, data = name_for(rng, "set"), set(words(rng, 5))
    verb, method = rng.choice([("Add", "add"), ("Put", "add"), ("Remove", "remove"), ("Delete", "remove")])
    value = sorted(data)[rng.randrange(5)]
    given = data if method == "remove" else data - {value}
    preposition = {"Add": "to", "Put": "into"}.get(verb, "from")
    setup = f"{s} = {{{', '.join(map(repr, sorted(given)))}}}"
    return Draw(
        {"s": s, "verb": verb.lower(), "to": preposition, "value": repr(value)},
        f"{s}.{method}({value!r})",
        setup,
        (*leaves(s, data - {value})[1:], f"assert {value!r} not in {s}")
        if method == "remove"
        else (*leaves(s, data)[1:], f"assert {value!r} in {s}"),
    )


def _count_distinct(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), repeated(rng, ints(rng), 7, 10)
    word = rng.choice(["distinct", "different", "unique"])
    return Draw({"a": a, "word": word}, f"len(set({a}))", f"{a} = {data}", expect(len(set(data)), **{a: data}))


def _has_duplicates(rng: random.Random) -> Draw:
    f, a = function_name(rng, "has", "check", "contains"), name_for(rng, "list")
    word, sign = rng.choice([("duplicates", "!="), ("repeated items", "!="), ("only distinct items", "==")])
    same, other = ints(rng), words(rng)
    cases: list[list] = [same, [*same, same[0]], other, [*other, other[2]], []]
    return Draw(
        {"f": f, "a": a, "word": word},
        f"def {f}({a}):\n    return len({a}) {sign} len(set({a}))",
        "",
        calls(f, *(((xs,), (len(xs) != len(set(xs))) == (sign == "!=")) for xs in cases)),
    )


FAMILIES = (
    Family(
        "set-operation",
        TOPIC,
        "statement",
        (
            "Get the {word} of the sets `{a}` and `{b}`.",
            "How do I compute the {word} of set `{a}` and set `{b}`?",
            "{word} of sets `{a}` and `{b}`",
            "Return the {word} of `{a}` and `{b}` as a new set.",
            "find {word} between two sets `{a}`, `{b}`",
            "What is the {word} of `{a}` with `{b}`?",
            "Build a set from `{a}` and `{b}` that is their {word}.",
            "sets `{a}` and `{b}`, {word}",
        ),
        _operation,
    ),
    Family(
        "unique-in-order",
        TOPIC,
        "statement",
        (
            "Remove duplicates from list `{a}` and keep the order.",
            "How can I get the unique values of `{a}` in their original order?",
            "unique items of list `{a}`, order preserved",
            "Return a list of the distinct elements of `{a}` in order of first appearance.",
            "remove duplicate elements in `{a}` while preserving order",
            "Drop repeated items of the list `{a}` without sorting it.",
            "Keep only the first of equal elements in `{a}`.",
            "`{a}` without duplicates, same order",
        ),
        _unique_in_order,
    ),
    Family(
        "common-sorted",
        TOPIC,
        "statement",
        (
            "Get a sorted list of the elements that are in both `{a}` and `{b}`.",
            "How do I find the common items of lists `{a}` and `{b}`, sorted?",
            "sorted list of values common to `{a}` and `{b}`",
            "Return the elements that `{a}` and `{b}` share, in ascending order.",
            "common elements of two lists `{a}` and `{b}` in sorted order",
            "Which numbers are in list `{a}` and also in list `{b}`? Sort them.",
            "Intersect the lists `{a}` and `{b}` and sort the result.",
            "what `{a}` has in common with `{b}`, sorted",
        ),
        _common_sorted,
    ),
    Family(
        "missing-items",
        TOPIC,
        "statement",
        (
            "Get the elements of list `{a}` that are not in list `{b}`.",
            "How do I find items in `{a}` which are missing in `{b}`?",
            "items in `{a}` but not in `{b}`",
            "Return a list of the values of `{a}` that do not occur in `{b}`, in order.",
            "list difference `{a}` minus `{b}`",
            "Filter `{a}` so that nothing from `{b}` is left.",
            "What does the list `{a}` contain that `{b}` lacks?",
            "all of `{a}` except what is also in `{b}`, as a list",
        ),
        _missing,
    ),
    Family(
        "is-subset",
        TOPIC,
        "statement",
        (
            "Check if set `{a}` is a subset of set `{b}`.",
            "How do I test whether all elements of the set `{a}` are in `{b}`?",
            "is `{a}` a subset of `{b}`",
            "Return True if `{b}` contains every element of `{a}`.",
            "check that set `{a}` is contained in set `{b}`",
            "Does the set `{b}` include all of `{a}`?",
            "Find out if each member of `{a}` belongs to `{b}` too.",
            "true when nothing in `{a}` is missing from `{b}`",
        ),
        _subset,
    ),
    Family(
        "change-set",
        TOPIC,
        "statement",
        (
            "{verb} {value} {to} the set `{s}`.",
            "How do I {verb} the element {value} {to} a set `{s}`?",
            "{verb} {value} {to} `{s}`",
            "I want to {verb} the string {value} {to} the set `{s}`, in place.",
            "{verb} item {value} {to} set `{s}`",
            "Change the set `{s}`: {verb} {value} {to} it.",
            "Please {verb} the member {value} {to} `{s}`.",
            "set `{s}`, {verb} {value} {to} it",
        ),
        _change,
    ),
    Family(
        "count-distinct",
        TOPIC,
        "statement",
        (
            "Count the {word} values in list `{a}`.",
            "How many {word} elements does `{a}` have?",
            "number of {word} items in list `{a}`",
            "Return how many {word} values there are in `{a}`.",
            "count {word} elements of `{a}`",
            "Get the number of {word} entries in the list `{a}`.",
            "Tell the count of {word} numbers among `{a}`.",
            "how many values in `{a}` are {word}, repetitions counted once",
        ),
        _count_distinct,
    ),
    Family(
        "has-duplicates",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns True if the list `{a}` has {word}.",
            "Define `{f}({a})` to check if `{a}` contains {word}.",
            "function `{f}` that tests whether list `{a}` has {word}",
            "How do I write `{f}({a})` which tells if there are {word} in the list?",
            "Create a function `{f}` taking `{a}`; True if it has {word}, else False.",
            "Implement `{f}({a})`: does the list have {word}?",
            "A function `{f}` should say whether {word} are in `{a}`.",
            "def `{f}` of a list `{a}`, true when it has {word}",
        ),
        _has_duplicates,
    ),
)
