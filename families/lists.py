"""Families about lists: finding, removing, counting, pairing, flattening."""

import random

from families.draws import calls, expect, ints, not_rising, repeated, words
from families.family import Draw, Family
from families.names import function_name, name_for, names_for

TOPIC = "lists"


def _indices_of(rng: random.Random) -> Draw:
    a = name_for(rng, "list")
    pool = ints(rng, high=40) if rng.random() < 0.5 else words(rng)
    data = repeated(rng, pool)
    value = data[0]
    return Draw(
        {"a": a, "value": repr(value)},
        f"[i for i, x in enumerate({a}) if x == {value!r}]",
        f"{a} = {data}",
        expect([i for i, x in enumerate(data) if x == value], **{a: data}),
    )


def _remove_value(rng: random.Random) -> Draw:
    a = name_for(rng, "list")
    pool = ints(rng, high=99) if rng.random() < 0.5 else words(rng)
    data = repeated(rng, pool)
    value = data[0]
    return Draw(
        {"a": a, "value": repr(value)},
        f"[x for x in {a} if x != {value!r}]",
        f"{a} = {data}",
        expect([x for x in data if x != value], **{a: data}),
    )


def _flatten(rng: random.Random) -> Draw:
    a = name_for(rng, "list")
    rows = [rng.sample(range(1, 90), rng.randint(1, 4)) for _ in range(rng.randint(3, 4))]
    return Draw(
        {"a": a},
        f"[x for row in {a} for x in row]",
        f"{a} = {rows}",
        expect([x for row in rows for x in row], **{a: rows}),
    )


def _column_sum(rng: random.Random) -> Draw:
    a, width = name_for(rng, "list"), 10
    rows = [rng.sample(range(1, 90), width) for _ in range(3)]
    i = rng.randrange(width)
    return Draw(
        {"a": a, "i": str(i)},
        f"sum(row[{i}] for row in {a})",
        f"{a} = {rows}",
        expect(sum(row[i] for row in rows), **{a: rows}),
    )


def _column(rng: random.Random) -> Draw:
    a, width = name_for(rng, "list"), 10
    rows = [rng.sample(range(1, 90), width) for _ in range(3)]
    i = rng.randrange(width)
    rows = not_rising(rows, lambda rows: [row[i] for row in rows])
    return Draw(
        {"a": a, "i": str(i)},
        f"[row[{i}] for row in {a}]",
        f"{a} = {rows}",
        expect([row[i] for row in rows], **{a: rows}),
    )


def _count_value(rng: random.Random) -> Draw:
    a = name_for(rng, "list")
    data = repeated(rng, words(rng))
    value = rng.choice(data)
    return Draw(
        {"a": a, "value": repr(value)},
        f"{a}.count({value!r})",
        f"{a} = {data}",
        expect(data.count(value), **{a: data}),
    )


def _pair_up(rng: random.Random) -> Draw:
    a, b = names_for(rng, "list", "list")
    first = words(rng)
    second = rng.sample(range(1, 99), len(first))
    return Draw(
        {"a": a, "b": b},
        f"list(zip({a}, {b}))",
        f"{a} = {first}\n{b} = {second}",
        expect(list(zip(first, second, strict=True)), **{a: first, b: second}),
    )


def _add_elementwise(rng: random.Random) -> Draw:
    a, b = names_for(rng, "list", "list")
    first = ints(rng)
    second = rng.sample(range(1, 99), len(first))
    sign, verb = rng.choice([("+", "sum"), ("-", "difference"), ("*", "product")])
    both = zip(first, second, strict=True)
    expected = [x + y if sign == "+" else x - y if sign == "-" else x * y for x, y in both]
    return Draw(
        {"a": a, "b": b, "verb": verb},
        f"[i {sign} j for i, j in zip({a}, {b})]",
        f"{a} = {first}\n{b} = {second}",
        expect(expected, **{a: first, b: second}),
    )


def _append(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), words(rng, 5)
    value, rest = data[0], data[1:]
    where, code, expected = rng.choice(
        [
            ("to the end of", "append({v})", [*rest, value]),
            ("at the beginning of", "insert(0, {v})", [value, *rest]),
            ("at the front of", "insert(0, {v})", [value, *rest]),
            ("at the end of", "append({v})", [*rest, value]),
        ]
    )
    return Draw(
        {"a": a, "value": repr(value), "where": where},
        f"{a}." + code.format(v=repr(value)),
        f"{a} = {rest}",
        (f"assert {a} == {expected}", f"assert len({a}) == 5", f"assert {a}.count({value!r}) == 1"),
    )


def _count_above(rng: random.Random) -> Draw:
    f, a = function_name(rng, "count", "number_of", "num"), name_for(rng, "list")
    limit = rng.randint(10, 50)
    word, sign = rng.choice([("greater", ">"), ("larger", ">"), ("smaller", "<"), ("less", "<")])
    lists = [[*ints(rng, 1, 60, 6, 9), limit] for _ in range(3)] + [[limit - 1, limit - 2, limit + 1]]
    good = [[x for x in xs if (x > limit if sign == ">" else x < limit)] for xs in lists]
    return Draw(
        {"f": f, "a": a, "limit": str(limit), "word": word},
        f"def {f}({a}):\n    return sum(1 for x in {a} if x {sign} {limit})",
        "",
        calls(f, *(((xs,), len(g)) for xs, g in zip(lists, good, strict=True))),
    )


FAMILIES = (
    Family(
        "indices-of-value",
        TOPIC,
        "statement",
        (
            "Get the indices of the elements of list `{a}` that are equal to {value}.",
            "How to find all positions of {value} in `{a}`?",
            "find the indexes of {value} in list `{a}`",
            "Return a list of every index at which `{a}` has the value {value}.",
            "all indices where `{a}` is {value}",
            "Where does {value} occur in the list `{a}`? I need every index.",
            "List the positions at which {value} stands in `{a}`.",
            "indices i with {value} as the i-th element of `{a}`",
        ),
        _indices_of,
    ),
    Family(
        "remove-value",
        TOPIC,
        "statement",
        (
            "Get a list of the elements of `{a}` that are not {value}.",
            "How do I remove all occurrences of {value} from list `{a}` without changing `{a}`?",
            "new list from `{a}` without any {value}",
            "Filter {value} out of `{a}`, as a new list.",
            "list of items in `{a}` different from {value}",
            "Return `{a}` with every {value} removed; leave `{a}` itself alone.",
            "Copy the list `{a}` but skip each {value}.",
            "everything in `{a}` except {value}",
        ),
        _remove_value,
    ),
    Family(
        "flatten",
        TOPIC,
        "statement",
        (
            "Flatten the list of lists `{a}`.",
            "How can I make a flat list out of a list of lists `{a}`?",
            "flatten `{a}` into one list",
            "Put the items of all sublists of `{a}` in a single list.",
            "merge the nested lists of `{a}` to one list",
            "Turn the 2d list `{a}` into a one-dimensional list.",
            "Concatenate the lists that `{a}` holds.",
            "one level list from nested list `{a}`",
        ),
        _flatten,
    ),
    Family(
        "column-sum",
        TOPIC,
        "statement",
        (
            "Sum the column with index {i} of the 2d list `{a}`.",
            "How do I calculate the sum of column {i} in list of lists `{a}`?",
            "sum of all elements at index {i} of each row in `{a}`",
            "Add up the values at position {i} of every list in `{a}`.",
            "total of column {i} of `{a}`",
            "Get the sum of column index {i} over the rows of `{a}`.",
            "What do the entries of column {i} of the table `{a}` add up to?",
            "sum over the inner lists of `{a}` of their item number {i}, counted from 0",
        ),
        _column_sum,
    ),
    Family(
        "column",
        TOPIC,
        "statement",
        (
            "Get the column with index {i} of the 2d list `{a}`.",
            "How can I extract column {i} from a list of lists `{a}`?",
            "list of the elements at index {i} of each row in `{a}`",
            "Return the item at position {i} of every list in `{a}`.",
            "take column {i} of `{a}`",
            "Extract element {i} of all sublists of `{a}`.",
            "What stands in column {i} of the table `{a}`? Give a list.",
            "a list with item number {i}, counted from 0, of each inner list of `{a}`",
        ),
        _column,
    ),
    Family(
        "count-value",
        TOPIC,
        "statement",
        (
            "Count how many times {value} occurs in list `{a}`.",
            "How do I get the number of occurrences of {value} in `{a}`?",
            "count {value} in list `{a}`",
            "Return the count of the item {value} in `{a}`.",
            "number of times {value} appears in `{a}`",
            "How often is {value} in the list `{a}`?",
            "Tell how many elements of `{a}` equal {value}.",
            "the frequency of {value} among the elements of `{a}`",
        ),
        _count_value,
    ),
    Family(
        "pair-up",
        TOPIC,
        "statement",
        (
            "Make a list of tuples from the lists `{a}` and `{b}`.",
            "How do I merge two lists `{a}` and `{b}` into a list of pairs?",
            "zip `{a}` and `{b}` to a list",
            "Combine each element of `{a}` with the element of `{b}` at the same index, as tuples.",
            "list of pairs of the items in `{a}` and `{b}`",
            "Pair the lists `{a}` and `{b}` element by element.",
            "Walk through `{a}` and `{b}` in parallel and collect the tuples.",
            "tuples (element of `{a}`, element of `{b}`) in a list",
        ),
        _pair_up,
    ),
    Family(
        "elementwise",
        TOPIC,
        "statement",
        (
            "Get a list with the elementwise {verb} of the lists `{a}` and `{b}`.",
            "How can I compute the {verb} of each pair of elements of `{a}` and `{b}`?",
            "elementwise {verb} of lists `{a}` and `{b}`",
            "Return the {verb} of corresponding items of `{a}` and `{b}` as a list.",
            "{verb} of two lists `{a}` and `{b}` item by item",
            "I want the {verb} of `{a}[i]` and `{b}[i]` for every index i.",
            "For equally long lists `{a}` and `{b}`, list the {verb} at each position.",
            "list whose items are the {verb} of the items of `{a}` and of `{b}`",
        ),
        _add_elementwise,
    ),
    Family(
        "add-item",
        TOPIC,
        "statement",
        (
            "Add the string {value} {where} list `{a}`.",
            "How do I add {value} {where} the list `{a}`?",
            "put {value} {where} `{a}`",
            "Insert the item {value} {where} `{a}`, in place.",
            "add element {value} {where} list `{a}`",
            "The string {value} should be added {where} `{a}`.",
            "Change `{a}` so that {value} is added {where} it.",
            "place {value} {where} the existing list `{a}`",
        ),
        _append,
    ),
    Family(
        "count-above",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that takes a list `{a}` and returns how many are {word} than {limit}.",
            "Define `{f}({a})` that counts the numbers {word} than {limit} in `{a}`.",
            "function `{f}` to count elements of `{a}` {word} than {limit}",
            "How do I write `{f}({a})` which returns the number of elements {word} than {limit}?",
            "Create a function `{f}` of `{a}` that returns how many values are {word} than {limit}.",
            "Implement `{f}({a})`: count of the items of the list that are {word} than {limit}.",
            "How many numbers in `{a}` are {word} than {limit}? Answer with a function `{f}`.",
            "def `{f}` taking `{a}`, gives the amount of numbers {word} than {limit}",
        ),
        _count_above,
    ),
)
