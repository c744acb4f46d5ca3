"""Families about numpy arrays: sorting, conditions, shapes, axes, rows and columns."""

import random

from families.comprehensions import COMPARISONS, compare
from families.draws import REDUCERS, around, expect_array, expect_number, ints, repeated
from families.family import Draw, Family
from families.names import name_for, names_for

TOPIC = "numpy"
SETUP = "import numpy as np\n"


def _given(name: str, data: list) -> str:
    return f"{SETUP}{name} = np.array({data})"


def _matrix(rng: random.Random, rows: int, columns: int) -> list[list[int]]:
    numbers = rng.sample(range(1, 100), rows * columns)
    return [numbers[i * columns : (i + 1) * columns] for i in range(rows)]


def _argsort(rng: random.Random) -> Draw:
    a, data, (order, reverse) = (
        name_for(rng, "array"),
        ints(rng),
        rng.choice([("ascending", False), ("descending", True)]),
    )
    indices = sorted(range(len(data)), key=data.__getitem__, reverse=reverse)
    return Draw(
        {"a": a, "order": order},
        f"np.argsort({a}){'[::-1]' if reverse else ''}",
        _given(a, data),
        expect_array(indices, a, data),
    )


def _where_equal(rng: random.Random) -> Draw:
    a, data = name_for(rng, "array"), repeated(rng, ints(rng))
    value = data[0]
    indices = [i for i, x in enumerate(data) if x == value]
    return Draw(
        {"a": a, "value": str(value)},
        f"np.where({a} == {value})[0]",
        _given(a, data),
        expect_array(indices, a, data),
    )


def _select(rng: random.Random) -> Draw:
    a, (limit, data), (word, sign) = name_for(rng, "array"), around(rng), rng.choice(COMPARISONS)
    return Draw(
        {"a": a, "limit": str(limit), "word": word},
        f"{a}[{a} {sign} {limit}]",
        _given(a, data),
        expect_array([x for x in data if compare(sign, x, limit)], a, data),
    )


def _count(rng: random.Random) -> Draw:
    a, (limit, data), (word, sign) = name_for(rng, "array"), around(rng), rng.choice(COMPARISONS)
    data = data if len(data) % 2 == 0 else [*data, 95]  # not as many below as above
    return Draw(
        {"a": a, "limit": str(limit), "word": word},
        f"np.sum({a} {sign} {limit})",
        _given(a, data),
        expect_number(sum(compare(sign, x, limit) for x in data)),
    )


def _replace(rng: random.Random) -> Draw:
    a, (limit, data), (word, sign) = name_for(rng, "array"), around(rng), rng.choice(COMPARISONS)
    new = rng.choice([0, -1, rng.randint(100, 999)])
    return Draw(
        {"a": a, "limit": str(limit), "word": word, "new": str(new)},
        f"np.where({a} {sign} {limit}, {new}, {a})",
        _given(a, data),
        expect_array([new if compare(sign, x, limit) else x for x in data], a, data),
    )


def _reshape(rng: random.Random) -> Draw:
    a, n, m = name_for(rng, "array"), rng.randint(2, 6), rng.randint(2, 6)
    data = rng.sample(range(1, 99), n * m)
    rows = [data[i * m : (i + 1) * m] for i in range(n)]
    return Draw(
        {"a": a, "n": str(n), "m": str(m)},
        f"{a}.reshape({n}, {m})",
        _given(a, data),
        expect_array(rows, a, data),
    )


def _over_axis(rng: random.Random) -> Draw:
    a, data = name_for(rng, "array"), _matrix(rng, 3, 4)
    word, function = rng.choice([("sum", "sum"), ("maximum", "max"), ("minimum", "min"), ("largest value", "max")])
    line, axis = rng.choice([("row", 1), ("column", 0)])
    of = REDUCERS[function]
    lines = data if axis else [list(column) for column in zip(*data, strict=True)]
    return Draw(
        {"a": a, "word": word, "line": line},
        f"{a}.{function}(axis={axis})",
        _given(a, data),
        expect_array([of(values) for values in lines], a, data),
    )


def _line(rng: random.Random) -> Draw:
    a, data, i = name_for(rng, "array"), _matrix(rng, 7, 7), rng.randrange(7)
    line, code = rng.choice([("row", f"[{i}]"), ("column", f"[:, {i}]")])
    return Draw(
        {"a": a, "i": str(i), "line": line},
        f"{a}{code}",
        _given(a, data),
        expect_array(data[i] if line == "row" else [row[i] for row in data], a, data),
    )


def _stack(rng: random.Random) -> Draw:
    (a, b), first, second = names_for(rng, "array", "array"), _matrix(rng, 2, 3), _matrix(rng, 2, 3)
    how, function = rng.choice([("vertically", "vstack"), ("horizontally", "hstack")])
    beside = [x + y for x, y in zip(first, second, strict=True)]
    return Draw(
        {"a": a, "b": b, "how": how},
        f"np.{function}(({a}, {b}))",
        f"{_given(a, first)}\n{b} = np.array({second})",
        expect_array(first + second if how == "vertically" else beside, a, first),
    )


def _filled(rng: random.Random) -> Draw:
    n, m, value = rng.randint(2, 9), rng.randint(2, 9), rng.randint(2, 99)
    return Draw(
        {"n": str(n), "m": str(m), "value": str(value)},
        f"np.full(({n}, {m}), {value})",
        SETUP.strip(),
        (
            f"assert _.shape == ({n}, {m})",
            f"assert (_ == {value}).all()",
            f"assert _.sum() == {n * m * value}",
        ),
    )


FAMILIES = (
    Family(
        "argsort",
        TOPIC,
        "statement",
        (
            "Get the indices that sort the numpy array `{a}` in {order} order.",
            "How do I get the indices which would sort array `{a}` in {order} order?",
            "argsort of `{a}`, {order}",
            "Return the indices of `{a}` in {order} order of their values, using numpy.",
            "sorted indices of numpy array `{a}` in {order} order",
            "Which indices put the array `{a}` in {order} order?",
            "Order the positions of `{a}` so that the values there are {order}.",
            "{order} order of array `{a}` as indices",
        ),
        _argsort,
    ),
    Family(
        "where-equal",
        TOPIC,
        "statement",
        (
            "Find the indices where the numpy array `{a}` equals {value}.",
            "How can I get all indices at which array `{a}` is {value}?",
            "indices of {value} in numpy array `{a}`",
            "Return an array of the positions of {value} in `{a}`.",
            "numpy: where is `{a}` equal to {value}",
            "Get the index of every {value} in the 1d array `{a}`.",
            "At which positions does the array `{a}` hold {value}?",
            "array of indices with `{a}` equal to {value} there",
        ),
        _where_equal,
    ),
    Family(
        "select-by-mask",
        TOPIC,
        "statement",
        (
            "Select the elements of numpy array `{a}` that are {word} {limit}.",
            "How do I get values of array `{a}` {word} {limit}?",
            "elements of numpy array `{a}` {word} {limit}",
            "Return those values of the array `{a}` which are {word} {limit}.",
            "filter numpy array `{a}` to values {word} {limit}",
            "Use a boolean mask to keep what is {word} {limit} in the array `{a}`.",
            "Which entries of the array `{a}` are {word} {limit}?",
            "the part of array `{a}` with numbers {word} {limit}",
        ),
        _select,
    ),
    Family(
        "count-by-mask",
        TOPIC,
        "statement",
        (
            "Count the elements of numpy array `{a}` that are {word} {limit}.",
            "How many values of array `{a}` are {word} {limit}?",
            "count values {word} {limit} in numpy array `{a}`",
            "Return the number of entries in the array `{a}` which are {word} {limit}.",
            "number of elements {word} {limit} in array `{a}` with numpy",
            "Get the count of array elements in `{a}` {word} {limit}.",
            "For the array `{a}`, tell how many numbers are {word} {limit}.",
            "how often is an entry of array `{a}` {word} {limit}",
        ),
        _count,
    ),
    Family(
        "replace-by-mask",
        TOPIC,
        "statement",
        (
            "Get a copy of numpy array `{a}` with all values {word} {limit} replaced by {new}.",
            "How do I replace elements of array `{a}` that are {word} {limit} with {new}?",
            "set values {word} {limit} to {new} in a copy of numpy array `{a}`",
            "Return a new array from `{a}` where everything {word} {limit} is {new}.",
            "replace values {word} {limit} in array `{a}` by {new} using np.where",
            "In a new array, put {new} wherever `{a}` is {word} {limit}.",
            "Values of the array `{a}` that are {word} {limit} should become {new}; keep `{a}` itself.",
            "array `{a}` but {new} for each entry {word} {limit}",
        ),
        _replace,
    ),
    Family(
        "reshape",
        TOPIC,
        "statement",
        (
            "Reshape the numpy array `{a}` to {n} rows and {m} columns.",
            "How do I reshape array `{a}` into shape ({n}, {m})?",
            "reshape `{a}` to {n} x {m}",
            "Return the 1d array `{a}` as a matrix with {n} rows and {m} columns.",
            "convert numpy array `{a}` to shape ({n}, {m})",
            "Turn the flat array `{a}` into a {n} by {m} array.",
            "Arrange the numbers of `{a}` in {n} rows of {m}.",
            "`{a}` in the shape {n}, {m}",
        ),
        _reshape,
    ),
    Family(
        "over-axis",
        TOPIC,
        "statement",
        (
            "Get the {word} of each {line} of the 2d numpy array `{a}`.",
            "How do I compute the {word} of every {line} in matrix `{a}` with numpy?",
            "{word} per {line} of numpy array `{a}`",
            "Return an array with the {word} of each {line} in `{a}`.",
            "numpy {word} of every {line} of `{a}`",
            "For each {line} of the array `{a}`, find the {word}.",
            "What is the {word} in each {line} of the numpy matrix `{a}`?",
            "`{a}`, {line} by {line}: {word}",
        ),
        _over_axis,
    ),
    Family(
        "row-or-column",
        TOPIC,
        "statement",
        (
            "Get the {line} with index {i} of the 2d numpy array `{a}`.",
            "How can I select {line} {i} of numpy array `{a}`?",
            "{line} {i} of array `{a}`",
            "Return {line} number {i}, counted from 0, of the matrix `{a}`.",
            "extract {line} {i} from numpy matrix `{a}`",
            "I need the {line} at index {i} of the array `{a}`.",
            "Which numbers are in {line} {i} of the numpy array `{a}`?",
            "array `{a}`, only {line} {i}",
        ),
        _line,
    ),
    Family(
        "stack-arrays",
        TOPIC,
        "statement",
        (
            "Stack the numpy arrays `{a}` and `{b}` {how}.",
            "How do I join two arrays `{a}` and `{b}` {how} in numpy?",
            "stack `{a}` and `{b}` {how}",
            "Return one array with `{a}` and `{b}` put together {how}.",
            "combine numpy arrays `{a}`, `{b}` {how}",
            "Concatenate the matrices `{a}` and `{b}` {how}.",
            "A single array from `{a}` and `{b}`, placed {how}.",
            "arrays `{a}` then `{b}`, {how} in one",
        ),
        _stack,
    ),
    Family(
        "filled-array",
        TOPIC,
        "statement",
        (
            "Create a numpy array with {n} rows and {m} columns filled with {value}.",
            "How do I make a {n} by {m} numpy array in which all values are {value}?",
            "numpy array of shape ({n}, {m}) full of {value}",
            "Return a {n} x {m} array where every entry is {value}, with numpy.",
            "create {n}x{m} matrix of {value} in numpy",
            "I want an array of {n} rows, {m} columns and the constant {value}.",
            "Fill a new numpy array of shape ({n}, {m}) with the number {value}.",
            "{value} everywhere in a numpy matrix, {n} rows, {m} columns",
        ),
        _filled,
    ),
)
