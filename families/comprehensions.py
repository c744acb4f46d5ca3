"""Families about comprehensions and conditions on all items: map, filter, any, all, ranges, transposing."""

import random

from families.draws import WORDS, around, calls, expect, ints, not_rising, repeated, words
from families.family import Draw, Family
from families.names import function_name, name_for

TOPIC = "comprehensions"
COMPARISONS = (("greater than", ">"), ("less than", "<"), ("at least", ">="), ("at most", "<="))


def compare(sign: str, left: int, right: int) -> bool:
    """Returns whether `left sign right` holds, for a sign of COMPARISONS."""
    return {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[sign]


def _arithmetic(rng: random.Random) -> Draw:
    a, data, n = name_for(rng, "list"), ints(rng), rng.randint(2, 30)
    how, sign = rng.choice([("multiplied by", "*"), ("increased by", "+"), ("decreased by", "-")])
    expected = [x * n if sign == "*" else x + n if sign == "+" else x - n for x in data]
    return Draw(
        {"a": a, "n": str(n), "how": how},
        f"[x {sign} {n} for x in {a}]",
        f"{a} = {data}",
        expect(expected, **{a: data}),
    )


def _filter(rng: random.Random) -> Draw:
    a, (limit, data), (word, sign) = name_for(rng, "list"), around(rng), rng.choice(COMPARISONS)
    data = not_rising(data, lambda data: [x for x in data if compare(sign, x, limit)])
    return Draw(
        {"a": a, "limit": str(limit), "word": word},
        f"[x for x in {a} if x {sign} {limit}]",
        f"{a} = {data}",
        expect([x for x in data if compare(sign, x, limit)], **{a: data}),
    )


def _filter_multiples(rng: random.Random) -> Draw:
    a, n = name_for(rng, "list"), rng.randint(2, 12)
    data = [n * x + rest for x, rest in zip(ints(rng, least=6), [0, 1, 0, n - 1, 0, 1, 0, 1], strict=False)]
    rng.shuffle(data)
    word, sign = rng.choice([("divisible", "=="), ("not divisible", "!=")])
    return Draw(
        {"a": a, "n": str(n), "word": word},
        f"[x for x in {a} if x % {n} {sign} 0]",
        f"{a} = {data}",
        expect([x for x in data if (x % n == 0) == (sign == "==")], **{a: data}),
    )


def _convert(rng: random.Random) -> Draw:
    a, data, kind = name_for(rng, "list"), ints(rng), rng.choice(["int", "float", "str"])
    given = data if kind == "str" else [str(x) for x in data]
    expected = [{"int": int, "float": float, "str": str}[kind](x) for x in data]
    return Draw({"a": a, "kind": kind}, f"[{kind}(x) for x in {a}]", f"{a} = {given}", expect(expected, **{a: given}))


def _containing(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), words(rng, 7)
    part = rng.choice(data)[1:3]
    word, test = rng.choice([("that contain", "in"), ("that do not contain", "not in"), ("without", "not in")])
    data.append(f"{part}{rng.choice(WORDS)}")
    data = not_rising(data, lambda data: [x for x in data if (part in x) == (test == "in")])
    return Draw(
        {"a": a, "part": repr(part), "word": word},
        f"[x for x in {a} if {part!r} {test} x]",
        f"{a} = {data}",
        expect([x for x in data if (part in x) == (test == "in")], **{a: data}),
    )


def _any_or_all(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), ints(rng, low=10)
    (word, sign), which = rng.choice(COMPARISONS), rng.choice(["any", "all"])
    border = max(data) if (which == "any") == (sign in (">", ">=")) else min(data)
    limit = border + rng.choice([-1, 0, 1])
    expected = (any if which == "any" else all)(compare(sign, x, limit) for x in data)
    return Draw(
        {"a": a, "limit": str(limit), "word": word, "which": which},
        f"{which}(x {sign} {limit} for x in {a})",
        f"{a} = {data}",
        expect(expected, **{a: data}),
    )


def _range_list(rng: random.Random) -> Draw:
    low, step = rng.randint(2, 40), rng.randint(2, 9)
    high = low + step * rng.randint(3, 6) + rng.randrange(step)
    expected = list(range(low, high, step))
    return Draw(
        {"low": str(low), "high": str(high), "step": str(step)},
        f"list(range({low}, {high}, {step}))",
        "",
        (*expect(expected), f"assert _[0] == {low}"),
    )


def _replace_items(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), repeated(rng, words(rng) if rng.random() < 0.5 else ints(rng))
    old = data[0]
    new = rng.choice([x for x in WORDS if x not in data]) if isinstance(old, str) else rng.randint(61, 99)
    data = data if data != data[::-1] else [*data, data[1]]
    return Draw(
        {"a": a, "old": repr(old), "new": repr(new)},
        f"[{new!r} if x == {old!r} else x for x in {a}]",
        f"{a} = {data}",
        expect([new if x == old else x for x in data], **{a: data}),
    )


def _lengths(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), words(rng)
    shape = rng.choice(["dictionary", "dict"])
    return Draw(
        {"a": a, "shape": shape},
        f"{{x: len(x) for x in {a}}}",
        f"{a} = {data}",
        expect({x: len(x) for x in data}, **{a: data}),
    )


def _sum_of_powers(rng: random.Random) -> Draw:
    f, a = function_name(rng, "sum", "total", "add", "compute"), name_for(rng, "list")
    word, power = rng.choice([("squares", 2), ("cubes", 3), ("fourth powers", 4)])
    cases = [ints(rng, high=20) for _ in range(3)]
    return Draw(
        {"f": f, "a": a, "word": word},
        f"def {f}({a}):\n    return sum(x ** {power} for x in {a})",
        "",
        calls(f, *(((xs,), sum(x**power for x in xs)) for xs in cases)),
    )


FAMILIES = (
    Family(
        "arithmetic-on-items",
        TOPIC,
        "statement",
        (
            "Get a list of the numbers in `{a}` {how} {n}.",
            "How do I get each element of list `{a}` {how} {n}?",
            "every item of `{a}` {how} {n}",
            "Return a new list with all values of `{a}` {how} {n}.",
            "list `{a}` with each number {how} {n}",
            "I want every number in the list `{a}` {how} {n}.",
            "Build a list from `{a}` in which each entry is {how} {n}.",
            "elements of `{a}`, all {how} {n}",
        ),
        _arithmetic,
    ),
    Family(
        "filter-numbers",
        TOPIC,
        "statement",
        (
            "Get the numbers in list `{a}` that are {word} {limit}.",
            "How do I filter `{a}` to values {word} {limit}?",
            "elements of `{a}` {word} {limit}",
            "Return a list of all items in `{a}` which are {word} {limit}.",
            "filter list `{a}`, keep numbers {word} {limit}",
            "Select from `{a}` what is {word} {limit}.",
            "Which members of the list `{a}` are {word} {limit}?",
            "drop all of `{a}` but the numbers that are {word} {limit}",
        ),
        _filter,
    ),
    Family(
        "filter-multiples",
        TOPIC,
        "statement",
        (
            "Get the numbers in `{a}` that are {word} by {n}.",
            "How to select all elements of list `{a}` {word} by {n}?",
            "list of values in `{a}` {word} by {n}",
            "Return the items of `{a}` which are {word} by {n}.",
            "filter `{a}` for numbers {word} by {n}",
            "Keep only numbers of the list `{a}` that are {word} by {n}.",
            "Which integers in `{a}` are {word} by {n}?",
            "a new list: those of `{a}` {word} by {n}",
        ),
        _filter_multiples,
    ),
    Family(
        "convert-items",
        TOPIC,
        "statement",
        (
            "Convert all items of list `{a}` to {kind}.",
            "How do I convert each element of `{a}` to {kind}?",
            "change every item in `{a}` to type {kind}",
            "Return a list with the values of `{a}` as {kind}.",
            "map list `{a}` to {kind}",
            "Make a list of {kind} from the list `{a}`.",
            "The elements of `{a}` should become {kind} values.",
            "cast what is in `{a}` into {kind}, item by item",
        ),
        _convert,
    ),
    Family(
        "filter-by-substring",
        TOPIC,
        "statement",
        (
            "Get the strings in list `{a}` {word} {part}.",
            "How do I select all strings of `{a}` {word} {part}?",
            "strings in `{a}` {word} {part}",
            "Return a list of the words in `{a}` {word} the substring {part}.",
            "filter list `{a}` to items {word} {part}",
            "Keep only those strings of `{a}` {word} {part}.",
            "Which words in the list `{a}` are words {word} {part}?",
            "a list with the entries of `{a}` {word} {part} somewhere",
        ),
        _containing,
    ),
    Family(
        "any-or-all",
        TOPIC,
        "statement",
        (
            "Check if {which} of the numbers in list `{a}` are {word} {limit}.",
            "How do I test whether {which} elements of `{a}` are {word} {limit}?",
            "are {which} items of `{a}` {word} {limit}",
            "Return True if {which} values in `{a}` are {word} {limit}.",
            "check {which} numbers of `{a}` {word} {limit}",
            "Find out whether {which} of `{a}` are {word} {limit}.",
            "Is it true that {which} members of the list `{a}` are {word} {limit}?",
            "true when {which} entries in `{a}` are {word} {limit}",
        ),
        _any_or_all,
    ),
    Family(
        "range-list",
        TOPIC,
        "statement",
        (
            "Create a list of numbers from {low} up to but not including {high} in steps of {step}.",
            "How do I make a list from {low} to {high} (exclusive) with step {step}?",
            "list of numbers {low} to {high} with step {step}, end excluded",
            "Return the integers from {low} in steps of {step} that stay below {high}, as a list.",
            "range from {low} to {high} by {step} as list",
            "Count from {low} in steps of {step} and stop before {high}; give a list.",
            "All numbers below {high} that one meets going from {low} in steps of {step}.",
            "integers: first {low}, step {step}, less than {high}",
        ),
        _range_list,
    ),
    Family(
        "replace-items",
        TOPIC,
        "statement",
        (
            "Get a copy of list `{a}` with every {old} replaced by {new}.",
            "How do I replace each {old} in list `{a}` with {new}?",
            "replace {old} with {new} in list `{a}`, new list",
            "Return a list like `{a}` where {new} stands instead of {old}.",
            "change all items equal to {old} to {new} in `{a}`, as new list",
            "In a new list, turn each {old} of `{a}` into {new} and keep the rest.",
            "Items of the list `{a}`, only that {old} is exchanged for {new}.",
            "list `{a}` after substituting {new} for {old}",
        ),
        _replace_items,
    ),
    Family(
        "lengths",
        TOPIC,
        "statement",
        (
            "Create a {shape} that maps each string in `{a}` to its length.",
            "How do I make a {shape} of the words in `{a}` and their lengths?",
            "{shape} with length of every string in `{a}`",
            "Return a {shape} from `{a}`, string as key and length as value.",
            "make {shape} word -> length from list `{a}`",
            "For each word in the list `{a}`, store its length in a {shape}.",
            "How long is every string of `{a}`? Answer with a {shape}.",
            "the strings `{a}` as keys of a {shape} with their number of characters",
        ),
        _lengths,
    ),
    Family(
        "sum-of-powers",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the sum of the {word} of the numbers in `{a}`.",
            "Define `{f}({a})` to compute the sum of {word} of a list.",
            "function `{f}` that adds up the {word} of all elements of `{a}`",
            "How do I write `{f}({a})` which returns the sum of the {word}?",
            "Create a function `{f}` with a list `{a}` as argument, returning the sum of its {word}.",
            "Implement `{f}({a})`: the {word} of the items, summed.",
            "`{f}` takes `{a}`, forms the {word} and gives their total.",
            "def `{f}` for numbers `{a}`, total of the {word}",
        ),
        _sum_of_powers,
    ),
)
