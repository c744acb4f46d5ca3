"""Families about numbers: rounding, bases, averages, limits, digits."""

import random

from families.draws import REDUCERS, calls, expect, expect_number, ints
from families.family import Draw, Family
from families.names import function_name, name_for

TOPIC = "numbers"
BASES = (("binary", "bin", 2), ("hexadecimal", "hex", 16), ("octal", "oct", 8))


def _round(rng: random.Random) -> Draw:
    a, n = name_for(rng, "num"), rng.randint(1, 5)
    number = float(f"{rng.randint(1, 99)}.{''.join(map(str, rng.sample(range(1, 9), 7)))}")  # all digits matter
    return Draw({"a": a, "n": str(n)}, f"round({a}, {n})", f"{a} = {number}", expect(round(number, n)))


def _to_base(rng: random.Random) -> Draw:
    a, number, (base, function, _) = name_for(rng, "num"), rng.randint(17, 999), rng.choice(BASES)
    expected = {"bin": bin, "hex": hex, "oct": oct}[function](number)
    return Draw({"a": a, "base": base}, f"{function}({a})", f"{a} = {number}", expect(expected, **{a: number}))


def _parse_base(rng: random.Random) -> Draw:
    s, number, (base, function, radix) = name_for(rng, "str"), rng.randint(17, 999), rng.choice(BASES)
    text = {"bin": bin, "hex": hex, "oct": oct}[function](number)[2:]
    return Draw({"s": s, "base": base}, f"int({s}, {radix})", f"{s} = {text!r}", expect(number, **{s: text}))


def _average(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), ints(rng)
    word = rng.choice(["average", "mean", "arithmetic mean"])
    data[0] += sum(data) % len(data) == 0  # not a whole number, or else // were right
    return Draw({"a": a, "word": word}, f"sum({a}) / len({a})", f"{a} = {data}", expect_number(sum(data) / len(data)))


def _clamp(rng: random.Random) -> Draw:
    f, a = function_name(rng, "clamp", "limit", "clip", "bound"), name_for(rng, "num")
    low = rng.randint(-9, 20)
    high = low + rng.randint(5, 60)
    cases = [low - 3, low, low + 2, high - 1, high, high + 4]
    return Draw(
        {"f": f, "a": a, "low": str(low), "high": str(high)},
        f"def {f}({a}):\n    return max({low}, min({high}, {a}))",
        "",
        calls(f, *(((x,), max(low, min(high, x))) for x in cases)),
    )


def _divisible(rng: random.Random) -> Draw:
    f, a, n = function_name(rng, "is", "check", "divides", "test"), name_for(rng, "num"), rng.randint(3, 29)
    cases = [n, n + 1, 4 * n, 5 * n - 1, 7 * n]
    return Draw(
        {"f": f, "a": a, "n": str(n)},
        f"def {f}({a}):\n    return {a} % {n} == 0",
        "",
        calls(f, *(((x,), x % n == 0) for x in cases)),
    )


def _digits(rng: random.Random) -> Draw:
    f, a = function_name(rng, "digit", "digits", "sum", "add"), name_for(rng, "num")
    word, function = rng.choice([("sum", "sum"), ("largest", "max"), ("smallest", "min"), ("total", "sum")])
    of = REDUCERS[function]
    numbers = [int("".join(map(str, rng.sample(range(1, 10), 4)))) for _ in range(4)]
    return Draw(
        {"f": f, "a": a, "word": word},
        f"def {f}({a}):\n    return {function}(int(c) for c in str({a}))",
        "",
        calls(f, *(((x,), of(map(int, str(x)))) for x in numbers)),
    )


def _linear(rng: random.Random) -> Draw:
    f, a = function_name(rng, "scale", "convert", "transform", "adjust"), name_for(rng, "num")
    factor, offset = rng.randint(2, 19), rng.randint(2, 99)
    verb, sign = rng.choice([("plus", "+"), ("minus", "-")])
    return Draw(
        {"f": f, "a": a, "factor": str(factor), "offset": str(offset), "verb": verb},
        f"def {f}({a}):\n    return {a} * {factor} {sign} {offset}",
        "",
        calls(f, *(((x,), x * factor + (offset if sign == "+" else -offset)) for x in [0, 1, 7, -3])),
    )


FAMILIES = (
    Family(
        "round-number",
        TOPIC,
        "statement",
        (
            "Round the float `{a}` to {n} decimal places.",
            "How do I round `{a}` to {n} digits after the point?",
            "round `{a}` to {n} decimals",
            "Return `{a}` rounded to {n} places.",
            "limit float `{a}` to {n} decimal digits",
            "I need the number `{a}` with {n} decimals only, as a float.",
            "Give `{a}` with a precision of {n} digits behind the decimal point.",
            "`{a}` rounded, {n} decimals",
        ),
        _round,
    ),
    Family(
        "to-base",
        TOPIC,
        "statement",
        (
            "Convert the integer `{a}` to {base}, as a string with its prefix.",
            "How do I get the {base} representation of int `{a}`?",
            "integer `{a}` to {base}",
            "Return the {base} form of number `{a}` as Python writes it.",
            "{base} string of `{a}`",
            "Write `{a}` as text in the {base} system.",
            "What does `{a}` look like in {base} notation?",
            "show integer `{a}` in {base}",
        ),
        _to_base,
    ),
    Family(
        "parse-base",
        TOPIC,
        "statement",
        (
            "Convert the {base} string `{s}` to an integer.",
            "How can I parse `{s}`, a string with {base} digits, as int?",
            "{base} string `{s}` to int",
            "Return the integer that the {base} text `{s}` stands for.",
            "parse {base} digits in `{s}` to an integer",
            "Get the int value of the {base} string `{s}`.",
            "`{s}` holds a {base} number as text. What is its value?",
            "read `{s}` as {base}",
        ),
        _parse_base,
    ),
    Family(
        "average",
        TOPIC,
        "statement",
        (
            "Compute the {word} of the numbers in list `{a}`.",
            "How do I calculate the {word} of a list `{a}`?",
            "{word} of list `{a}`",
            "Return the {word} of all values in `{a}`.",
            "get {word} of `{a}` without imports",
            "What is the {word} of the list `{a}`?",
            "For the numbers `{a}`, give their {word}.",
            "the elements of `{a}`: their {word}",
        ),
        _average,
    ),
    Family(
        "clamp",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that limits the number `{a}` to the range from {low} to {high}.",
            "Define `{f}({a})` which clamps `{a}` between {low} and {high}.",
            "function `{f}` to clip `{a}` to at least {low} and at most {high}",
            "How do I write `{f}({a})` so that the result is never below {low} or above {high}?",
            "Create a function `{f}` of `{a}`; values outside {low} to {high} become the nearest limit.",
            "Implement `{f}({a})`: restrict `{a}` to the interval [{low}, {high}].",
            "`{f}` takes `{a}` and gives it back, or {low} if it is smaller, {high} if it is larger.",
            "def `{f}` with parameter `{a}`, lower bound {low}, upper bound {high}",
        ),
        _clamp,
    ),
    Family(
        "divisible",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns True if `{a}` is divisible by {n}, otherwise False.",
            "Define `{f}({a})` to check whether `{a}` is a multiple of {n}.",
            "function `{f}` that tests if number `{a}` can be divided by {n}",
            "How do I write `{f}({a})` which tells if `{a}` is divisible by {n}?",
            "Create a function `{f}` with argument `{a}`: is it a multiple of {n}?",
            "Implement `{f}({a})`; True for multiples of {n}, False for other numbers.",
            "Does {n} divide `{a}` without remainder? Write function `{f}` for it.",
            "def `{f}` of `{a}`, true only when `{a}` modulo {n} is zero",
        ),
        _divisible,
    ),
    Family(
        "digits",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the {word} of the digits of integer `{a}`.",
            "Define `{f}({a})` to get the {word} of the digits in `{a}`.",
            "function `{f}` for the {word} of all digits of a number `{a}`",
            "How do I write `{f}({a})` which returns the {word} of the decimal digits?",
            "Create a function `{f}` with argument `{a}`, it gives the {word} of its digits.",
            "Implement `{f}({a})`: the {word} of the digits of the positive int `{a}`.",
            "Look at the digits of `{a}` and return their {word}; call the function `{f}`.",
            "def `{f}` of a number `{a}`, {word} of its digits",
        ),
        _digits,
    ),
    Family(
        "linear",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns `{a}` times {factor} {verb} {offset}.",
            "Define `{f}({a})` as {factor} times `{a}` {verb} {offset}.",
            "function `{f}` that multiplies `{a}` by {factor}, then {verb} {offset}",
            "How do I write `{f}({a})` which computes `{a}` multiplied by {factor} {verb} {offset}?",
            "Create a function `{f}` of `{a}`; it returns the product with {factor}, {verb} {offset}.",
            "Implement `{f}({a})`: multiply by {factor} and return that {verb} {offset}.",
            "The result of `{f}` for `{a}` is {factor} times the argument, {verb} {offset}.",
            "def `{f}` of `{a}`: factor {factor}, {verb} {offset}",
        ),
        _linear,
    ),
)
