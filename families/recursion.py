"""Families about recursive functions and simple loops with a known result."""

import math
import random

from families.draws import calls, ints, words
from families.family import Draw, Family
from families.names import function_name, name_for, names_for

TOPIC = "recursion"


def _factorial(rng: random.Random) -> Draw:
    f, a = function_name(rng, "factorial", "fact", "compute"), name_for(rng, "num")
    return Draw(
        {"f": f, "a": a},
        f"def {f}({a}):\n    if {a} <= 1:\n        return 1\n    return {a} * {f}({a} - 1)",
        "",
        calls(f, *(((x,), math.factorial(x)) for x in [0, 1, 5, 7])),
    )


def _fibonacci(rng: random.Random) -> Draw:
    f, a = function_name(rng, "fib", "fibonacci", "nth", "series"), name_for(rng, "num")
    first, second = rng.sample(range(0, 20), 2)
    series = [first, second]
    for _ in range(8):
        series.append(series[-1] + series[-2])
    return Draw(
        {"f": f, "a": a, "first": str(first), "second": str(second)},
        f"def {f}({a}):\n    if {a} == 0:\n        return {first}\n"
        f"    if {a} == 1:\n        return {second}\n"
        f"    return {f}({a} - 1) + {f}({a} - 2)",
        "",
        calls(f, *(((i,), series[i]) for i in [0, 1, 2, 5, 8])),
    )


def _reverse(rng: random.Random) -> Draw:
    f, s = function_name(rng, "reverse", "flip", "invert", "mirror"), name_for(rng, "str")
    texts = [*words(rng, 3), "ab", ""]
    return Draw(
        {"f": f, "s": s},
        f"def {f}({s}):\n    if not {s}:\n        return ''\n    return {f}({s}[1:]) + {s}[0]",
        "",
        calls(f, *(((t,), t[::-1]) for t in texts)),
    )


def _gcd(rng: random.Random) -> Draw:
    f, (a, b) = function_name(rng, "gcd", "divisor", "common", "find"), names_for(rng, "num", "num")
    pairs = [(k * rng.randint(2, 9), k * rng.randint(2, 9)) for k in rng.sample(range(2, 30), 4)]
    return Draw(
        {"f": f, "a": a, "b": b},
        f"def {f}({a}, {b}):\n    if {b} == 0:\n        return {a}\n    return {f}({b}, {a} % {b})",
        "",
        calls(f, *((pair, math.gcd(*pair)) for pair in [*pairs, (84, 36), (36, 84), (7, 0)])),
    )


def _power(rng: random.Random) -> Draw:
    f, (a, b) = function_name(rng, "power", "pow", "raise"), names_for(rng, "num", "num")
    pairs = [(rng.randint(2, 9), rng.randint(2, 6)) for _ in range(3)]
    return Draw(
        {"f": f, "a": a, "b": b},
        f"def {f}({a}, {b}):\n    if {b} == 0:\n        return 1\n    return {a} * {f}({a}, {b} - 1)",
        "",
        calls(f, *((pair, pair[0] ** pair[1]) for pair in [*pairs, (5, 0)])),
    )


def _nested_sum(rng: random.Random) -> Draw:
    f, a = function_name(rng, "sum", "total", "nested", "deep"), name_for(rng, "list")
    one = rng.sample(range(1, 60), 6)
    cases = [[one[0], [one[1], [one[2]]], one[3]], [[one[4]], [[[one[5]]]]], one, []]
    totals = [sum(one[:4]), one[4] + one[5], sum(one), 0]
    return Draw(
        {"f": f, "a": a},
        f"def {f}({a}):\n    return sum({f}(x) if isinstance(x, list) else x for x in {a})",
        "",
        calls(f, *(((xs,), total) for xs, total in zip(cases, totals, strict=True))),
    )


def _count_down(rng: random.Random) -> Draw:
    f, a, stop = (
        function_name(rng, "count", "countdown", "down", "list"),
        name_for(rng, "num"),
        rng.randint(2, 30),
    )
    return Draw(
        {"f": f, "a": a, "stop": str(stop)},
        f"def {f}({a}):\n    if {a} < {stop}:\n        return []\n    return [{a}] + {f}({a} - 1)",
        "",
        calls(f, *(((stop + x,), list(range(stop + x, stop - 1, -1))) for x in [0, 1, 4, -1])),
    )


def _palindrome(rng: random.Random) -> Draw:
    f, s = function_name(rng, "is", "check", "is_palindrome", "test"), name_for(rng, "str")
    word = words(rng, 3)[0]
    cases = [word + word[::-1], word + "xy", word + word[-2::-1], word + word[::-1] + "qz"]
    return Draw(
        {"f": f, "s": s},
        f"def {f}({s}):\n    return {s} == {s}[::-1]",
        "",
        calls(f, *(((t,), t == t[::-1]) for t in cases)),
    )


def _steps(rng: random.Random) -> Draw:
    f, a, n = (
        function_name(rng, "steps", "count", "divide", "times"),
        name_for(rng, "num"),
        rng.randint(2, 12),
    )

    def steps(x: int) -> int:
        return 0 if x < n else 1 + steps(x // n)

    return Draw(
        {"f": f, "a": a, "n": str(n)},
        f"def {f}({a}):\n    if {a} < {n}:\n        return 0\n    return 1 + {f}({a} // {n})",
        "",
        calls(f, *(((x,), steps(x)) for x in [n - 1, n, n * n - 1, n * n, n**3, *ints(rng, 100, 99999)[:2]])),
    )


FAMILIES = (
    Family(
        "factorial",
        TOPIC,
        "function",
        (
            "Write a recursive function `{f}` that returns the factorial of `{a}`.",
            "Define `{f}({a})` which computes the factorial recursively.",
            "recursive function `{f}` for the factorial of a number `{a}`",
            "How do I write `{f}({a})` to get the factorial by recursion?",
            "Create a function `{f}` with argument `{a}` that returns `{a}` factorial, calling itself.",
            "Implement `{f}({a})`, the product of all integers from 1 to `{a}`, with recursion.",
            "The factorial of `{a}` is wanted: a recursive `{f}`.",
            "def `{f}`, factorial of its parameter `{a}`",
        ),
        _factorial,
    ),
    Family(
        "fibonacci-like",
        TOPIC,
        "function",
        (
            "Write a recursive function `{f}` for term `{a}` of the Fibonacci-like series {first}, {second}.",
            "Define `{f}({a})`: {first} for 0, {second} for 1, else the sum of the two values before.",
            "recursive `{f}` of `{a}`, series starts with {first}, {second}, then the sum of the last two",
            "How do I write `{f}({a})` for a Fibonacci series that begins with {first} and {second}?",
            "Create `{f}({a})` for a term of the series {first}, {second}, like Fibonacci, counted from 0.",
            "Implement `{f}({a})` recursively; term 0 is {first}, term 1 is {second}, then add the last two.",
            "Fibonacci with the start values {first} and {second}: write `{f}` with argument `{a}`.",
            "def `{f}` giving item `{a}` of the additive series from {first} and {second} on",
        ),
        _fibonacci,
    ),
    Family(
        "reverse-recursively",
        TOPIC,
        "function",
        (
            "Write a recursive function `{f}` that reverses the string `{s}`.",
            "Define `{f}({s})` to return the string backwards, with recursion.",
            "function `{f}` that reverses a string `{s}` recursively",
            "How do I write `{f}({s})` that reverses text by calling itself?",
            "Create a recursive function `{f}` with argument `{s}`, returning it reversed.",
            "Implement `{f}({s})`: the characters of `{s}` in reverse order.",
            "`{f}` gets a text `{s}` and gives it back from end to start, recursively.",
            "def `{f}` of `{s}`, last character first, by recursion",
        ),
        _reverse,
    ),
    Family(
        "gcd",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the greatest common divisor of `{a}` and `{b}`.",
            "Define `{f}({a}, {b})` which computes the gcd recursively.",
            "recursive function `{f}` for the gcd of `{a}` and `{b}`",
            "How do I write `{f}({a}, {b})` to find the greatest common divisor?",
            "Create a function `{f}` with arguments `{a}` and `{b}`; return their gcd.",
            "Implement Euclid's algorithm as `{f}({a}, {b})`.",
            "What is the largest number that divides `{a}` and `{b}`? Write `{f}` for it.",
            "def `{f}`, common divisor of `{a}` and `{b}`, the greatest",
        ),
        _gcd,
    ),
    Family(
        "power",
        TOPIC,
        "function",
        (
            "Write a recursive function `{f}` that raises `{a}` to the power `{b}`.",
            "Define `{f}({a}, {b})` which computes `{a}` to the power `{b}` by recursion.",
            "recursive function `{f}` for `{a}` to the power of `{b}`",
            "How do I write `{f}({a}, {b})` for the product of `{b}` factors `{a}`?",
            "Create a function `{f}` with base `{a}` and exponent `{b}`, without the power operator.",
            "Implement `{f}({a}, {b})`: `{a}` multiplied by itself, `{b}` factors in all.",
            "`{f}` has a base `{a}` and an exponent `{b}` and gives the power.",
            "def `{f}` for exponentiation, base `{a}`, exponent `{b}`",
        ),
        _power,
    ),
    Family(
        "nested-sum",
        TOPIC,
        "function",
        (
            "Write a recursive function `{f}` that sums all numbers in the nested list `{a}`.",
            "Define `{f}({a})` to add up a list that may contain lists at any depth.",
            "function `{f}` for the sum of a nested list `{a}`",
            "How do I write `{f}({a})` which sums numbers in arbitrarily nested lists?",
            "Create a function `{f}` with argument `{a}`, a list of numbers and lists; return the total.",
            "Implement `{f}({a})`: total of all numbers, also those in inner lists.",
            "The list `{a}` has lists inside lists. Write `{f}` to sum everything.",
            "def `{f}`, deep sum of `{a}`",
        ),
        _nested_sum,
    ),
    Family(
        "count-down",
        TOPIC,
        "function",
        (
            "Write a recursive function `{f}` that returns a list counting down from `{a}` to {stop}.",
            "Define `{f}({a})`: the integers from `{a}` down to {stop} as a list.",
            "function `{f}` to list numbers from `{a}` down to {stop}, recursive",
            "How do I write `{f}({a})` that counts down to {stop} and returns a list?",
            "Create a function `{f}` with argument `{a}` that gives `{a}`, `{a}` - 1 and so on until {stop}.",
            "Implement `{f}({a})`: a countdown list that ends with {stop}.",
            "Start at `{a}`, stop at {stop}, go down by one: write `{f}` for this list.",
            "def `{f}` of `{a}`, falling integers, the last is {stop}",
        ),
        _count_down,
    ),
    Family(
        "palindrome",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that checks if the string `{s}` is a palindrome.",
            "Define `{f}({s})`, True if `{s}` reads the same backwards.",
            "function `{f}` to test whether `{s}` is a palindrome",
            "How do I write `{f}({s})` to check for a palindrome?",
            "Create a function `{f}` with argument `{s}` that is True for palindromes and False otherwise.",
            "Implement `{f}({s})`: is the text equal to its reverse?",
            "Is `{s}` the same from both ends? Write `{f}` to find out.",
            "def `{f}`, palindrome check of `{s}`",
        ),
        _palindrome,
    ),
    Family(
        "division-steps",
        TOPIC,
        "function",
        (
            "Write `{f}` that counts how often `{a}` can be floor-divided by {n} until it is below {n}.",
            "Define `{f}({a})`: the number of integer divisions by {n} until `{a}` is less than {n}.",
            "recursive `{f}` to count floor divisions of `{a}` by {n} while it is at least {n}",
            "How do I write `{f}({a})` that counts integer divisions by {n} down to a value under {n}?",
            "Create `{f}({a})`; return 0 if `{a}` is below {n}, else 1 plus the result for `{a}` // {n}.",
            "Implement `{f}({a})` by recursion: divide by {n}, rounding down, and count until below {n}.",
            "How many times must `{a}` be divided by {n} to get under {n}? Write `{f}`.",
            "def `{f}`, steps of `{a}` // {n} until smaller than {n}",
        ),
        _steps,
    ),
)
