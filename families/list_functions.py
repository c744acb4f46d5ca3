"""Families about functions of lists: ranks, differences, searching, merging, windows."""

import itertools
import random

from families.draws import REDUCERS, calls, ints, words
from families.family import Draw, Family
from families.names import function_name, name_for, names_for

TOPIC = "list-functions"


def _second(rng: random.Random) -> Draw:
    f, a = function_name(rng, "second", "find", "get", "rank"), name_for(rng, "list")
    which, index = rng.choice(
        [("second largest", -2), ("second smallest", 1), ("third largest", -3), ("third smallest", 2)]
    )
    cases = [ints(rng), ints(rng), [4, 9, 7, 4, 9]]
    return Draw(
        {"f": f, "a": a, "which": which},
        f"def {f}({a}):\n    return sorted(set({a}))[{index}]",
        "",
        calls(f, *(((xs,), sorted(set(xs))[index]) for xs in cases)),
    )


def _differences(rng: random.Random) -> Draw:
    f, a = function_name(rng, "diff", "differences", "delta", "steps"), name_for(rng, "list")
    cases = [ints(rng), ints(rng), [5, 5, 2], [3]]
    return Draw(
        {"f": f, "a": a},
        f"def {f}({a}):\n    return [j - i for i, j in zip({a}, {a}[1:])]",
        "",
        calls(f, *(((xs,), [j - i for i, j in itertools.pairwise(xs)]) for xs in cases)),
    )


def _index_or(rng: random.Random) -> Draw:
    f, (a, b) = function_name(rng, "find", "index", "locate", "search"), names_for(rng, "list", "str")
    missing = rng.choice([-1, None, rng.randint(100, 999)])
    data = words(rng, 5)
    cases = [((data, data[2]), 2), ((data, data[0]), 0), ((data, "nowhere"), missing), (([], "x"), missing)]
    return Draw(
        {"f": f, "a": a, "b": b, "missing": str(missing)},
        f"def {f}({a}, {b}):\n    if {b} in {a}:\n        return {a}.index({b})\n    return {missing}",
        "",
        calls(f, *cases),
    )


def _first_match(rng: random.Random) -> Draw:
    f, a, n = function_name(rng, "first", "find", "get"), name_for(rng, "list"), rng.randint(20, 40)
    word, sign = rng.choice([("greater than", ">"), ("less than", "<")])
    missing = rng.choice([None, -1, 100])
    good = n + 1 if sign == ">" else n - 1
    bad = n - 3 if sign == ">" else n + 3
    cases = [[bad, n, good, good * 9 - 8 * n], [good, bad], [bad, n], []]
    results = [good, good, missing, missing]
    return Draw(
        {"f": f, "a": a, "n": str(n), "word": word, "missing": str(missing)},
        f"def {f}({a}):\n    for x in {a}:\n        if x {sign} {n}:\n            return x\n    return {missing}",
        "",
        calls(f, *(((xs,), result) for xs, result in zip(cases, results, strict=True))),
    )


def _interleave(rng: random.Random) -> Draw:
    f, (a, b) = function_name(rng, "interleave", "mix", "weave", "merge"), names_for(rng, "list", "list")
    cases = []
    for count in (3, 5, 1):
        numbers = rng.sample(range(1, 99), 2 * count)
        cases.append(((numbers[::2], numbers[1::2]), numbers))
    return Draw(
        {"f": f, "a": a, "b": b},
        f"def {f}({a}, {b}):\n    return [x for pair in zip({a}, {b}) for x in pair]",
        "",
        calls(f, *cases),
    )


def _windows(rng: random.Random) -> Draw:
    f, a, n = (
        function_name(rng, "moving", "window", "rolling", "smooth"),
        name_for(rng, "list"),
        rng.randint(2, 6),
    )
    word, function = rng.choice([("sum", "sum"), ("maximum", "max"), ("minimum", "min")])
    of = REDUCERS[function]
    cases = [ints(rng, least=7), ints(rng, least=7), list(range(1, 10)), list(range(9, 0, -1)), []]
    return Draw(
        {"f": f, "a": a, "n": str(n), "word": word},
        f"def {f}({a}):\n    return [{function}({a}[i:i + {n}]) for i in range(len({a}) - {n - 1})]",
        "",
        calls(f, *(((xs,), [of(xs[i : i + n]) for i in range(len(xs) - n + 1)]) for xs in cases)),
    )


def _split_by(rng: random.Random) -> Draw:
    f, a, n = (
        function_name(rng, "split", "partition", "divide", "separate"),
        name_for(rng, "list"),
        rng.randint(15, 45),
    )
    cases = [[*ints(rng), n], [n + 1, n - 1, n + 2], [n], []]
    return Draw(
        {"f": f, "a": a, "n": str(n)},
        f"def {f}({a}):\n    low = [x for x in {a} if x < {n}]\n    high = [x for x in {a} if x >= {n}]\n"
        "    return low, high",
        "",
        calls(f, *(((xs,), ([x for x in xs if x < n], [x for x in xs if x >= n])) for xs in cases)),
    )


def _is_sorted(rng: random.Random) -> Draw:
    f, a = function_name(rng, "is", "check", "sorted", "ordered"), name_for(rng, "list")
    order, code = rng.choice([("ascending", "sorted({a})"), ("descending", "sorted({a}, reverse=True)")])
    data = ints(rng)
    up, down = sorted(data), sorted(data, reverse=True)
    cases = [(up, order == "ascending"), (down, order == "descending"), (data, False), ([7], True)]
    return Draw(
        {"f": f, "a": a, "order": order},
        f"def {f}({a}):\n    return {a} == {code.format(a=a)}",
        "",
        calls(f, *(((xs,), result) for xs, result in cases)),
    )


def _scaled_sum(rng: random.Random) -> Draw:
    f, (a, b) = function_name(rng, "dot", "weighted", "score", "combine"), names_for(rng, "list", "list")
    cases = []
    for count in (3, 4, 1):
        first, second = rng.sample(range(1, 30), count), rng.sample(range(1, 30), count)
        cases.append(((first, second), sum(x * y for x, y in zip(first, second, strict=True))))
    return Draw(
        {"f": f, "a": a, "b": b},
        f"def {f}({a}, {b}):\n    return sum(i * j for i, j in zip({a}, {b}))",
        "",
        calls(f, *cases),
    )


FAMILIES = (
    Family(
        "second-extreme",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the {which} distinct number in list `{a}`.",
            "Define `{f}({a})` to get the {which} different value of `{a}`.",
            "function `{f}` for the {which} number of a list `{a}`, duplicates counted once",
            "How do I write `{f}({a})` which finds the {which} distinct element?",
            "Create a function `{f}` with argument `{a}`, it returns the {which} of its distinct values.",
            "Implement `{f}({a})`: without duplicates, the {which} number.",
            "Ignoring repetitions in `{a}`, `{f}` gives the {which} number.",
            "def `{f}` of `{a}`, {which}, equal numbers count once",
        ),
        _second,
    ),
    Family(
        "differences",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the differences between consecutive elements of `{a}`.",
            "Define `{f}({a})`: a list of each element minus the one before it.",
            "function `{f}` for the consecutive differences of list `{a}`",
            "How do I write `{f}({a})` that subtracts every item from the next one?",
            "Create a function `{f}` with argument `{a}` returning next minus current for all neighbours.",
            "Implement `{f}({a})`: the list of steps from item to item.",
            "By how much does `{a}` change from one element to the next? Write `{f}`.",
            "def `{f}` of `{a}`, list of increments",
        ),
        _differences,
    ),
    Family(
        "index-or",
        TOPIC,
        "function",
        (
            "Write a function `{f}({a}, {b})` that returns the index of `{b}` in list `{a}`, or {missing}.",
            "Define `{f}({a}, {b})` to find the position of `{b}` in `{a}` and {missing} if it is not there.",
            "function `{f}({a}, {b})`: index of `{b}` in `{a}`, {missing} when absent",
            "How do I write `{f}({a}, {b})` that gives {missing}, not an error, if `{b}` is not in `{a}`?",
            "Create a function `{f}` of `{a}` and `{b}`: index of `{b}` in `{a}`, else {missing}.",
            "Implement `{f}({a}, {b})`, a safe `{a}.index` with {missing} for missing items.",
            "Where is `{b}` in the list `{a}`? `{f}({a}, {b})` should tell, or return {missing}.",
            "def `{f}` of `{a}`, `{b}`: place of the second in the first, otherwise {missing}",
        ),
        _index_or,
    ),
    Family(
        "first-match",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the first number in `{a}` that is {word} {n}, or {missing}.",
            "Define `{f}({a})` to find the first element {word} {n}; return {missing} if there is none.",
            "function `{f}` for the first item of `{a}` {word} {n}, else {missing}",
            "How do I write `{f}({a})` which returns the first value {word} {n} or {missing}?",
            "Create a function `{f}` with argument `{a}`: first number {word} {n}, {missing} without one.",
            "Implement `{f}({a})`: go through the list and return what is {word} {n} first, else {missing}.",
            "`{f}` stops at the first number of `{a}` {word} {n} and returns it; without one, {missing}.",
            "def `{f}` of `{a}`, earliest value {word} {n}, {missing} otherwise",
        ),
        _first_match,
    ),
    Family(
        "interleave",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that takes turns between the elements of lists `{a}` and `{b}`.",
            "Define `{f}({a}, {b})` to interleave two lists of the same length.",
            "function `{f}` interleaving lists `{a}` and `{b}`",
            "How do I write `{f}({a}, {b})` that alternates items of both lists?",
            "Create a function `{f}` of `{a}` and `{b}`, returning one list with alternating items.",
            "Implement `{f}({a}, {b})`: first of `{a}`, first of `{b}`, second of `{a}` and so on.",
            "Mix `{a}` and `{b}` like the teeth of a zip, starting with `{a}`: write `{f}`.",
            "def `{f}` of `{a}`, `{b}`, elements alternately",
        ),
        _interleave,
    ),
    Family(
        "moving-window",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the {word} of every window of {n} elements in `{a}`.",
            "Define `{f}({a})` for the moving {word} over {n} items.",
            "function `{f}` with the rolling {word} of list `{a}`, window size {n}",
            "How do I write `{f}({a})` that gives the {word} of each {n} consecutive elements?",
            "Create a function `{f}` with argument `{a}`: list of the {word} of all slices of length {n}.",
            "Implement `{f}({a})`, sliding a window of {n} along the list and taking the {word}.",
            "For any {n} neighbours in `{a}`, `{f}` finds the {word}; it returns all of these as a list.",
            "def `{f}` of `{a}`, {word} in windows of {n}",
        ),
        _windows,
    ),
    Family(
        "split-at-limit",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that splits `{a}` into numbers below {n} and the rest, as two lists.",
            "Define `{f}({a})` returning two lists: items less than {n}, items of at least {n}.",
            "function `{f}` to partition list `{a}` at {n} into smaller and other numbers",
            "How do I write `{f}({a})` which separates values under {n} from all others?",
            "Create a function `{f}` with argument `{a}`; return (those below {n}, those not below {n}).",
            "Implement `{f}({a})`: a tuple of the numbers less than {n} and the numbers from {n} up.",
            "The numbers of `{a}` fall into two lists, less than {n} and not. Write `{f}` to return both.",
            "def `{f}` of `{a}`, two lists with {n} as border, lower one first",
        ),
        _split_by,
    ),
    Family(
        "is-sorted",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that checks if list `{a}` is sorted in {order} order.",
            "Define `{f}({a})`, True if the items are in {order} order.",
            "function `{f}` to test whether `{a}` is in {order} order",
            "How do I write `{f}({a})` that tells if a list is sorted, {order}?",
            "Create a function `{f}` with argument `{a}`: True for lists in {order} order, else False.",
            "Implement `{f}({a})`: is the list already {order}?",
            "Are the elements of `{a}` in {order} order? Write `{f}` to check that.",
            "def `{f}` of `{a}`, {order} check",
        ),
        _is_sorted,
    ),
    Family(
        "dot-product",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the dot product of the lists `{a}` and `{b}`.",
            "Define `{f}({a}, {b})` to sum the products of corresponding elements.",
            "function `{f}` for the scalar product of `{a}` and `{b}`",
            "How do I write `{f}({a}, {b})` which multiplies two lists element by element and sums up?",
            "Create a function `{f}` with arguments `{a}` and `{b}`, returning their dot product.",
            "Implement `{f}({a}, {b})`: sum of `{a}[i]` times `{b}[i]` over all i.",
            "The vectors `{a}` and `{b}` are lists. Write `{f}` for their inner product.",
            "def `{f}` of `{a}`, `{b}`, products added up",
        ),
        _scaled_sum,
    ),
)
