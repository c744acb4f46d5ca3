"""Families about writing numbers and values as text."""

import random

from families.draws import SEPARATORS, WORDS, calls, expect
from families.family import Draw, Family
from families.names import function_name, name_for, names_for

TOPIC = "formatting"


def _pad(rng: random.Random) -> Draw:
    a, width, number = name_for(rng, "num"), rng.randint(4, 12), rng.randint(1, 999)
    return Draw(
        {"a": a, "width": str(width)},
        f"str({a}).zfill({width})",
        f"{a} = {number}",
        expect(str(number).zfill(width), **{a: number}),
    )


def _format_two(rng: random.Random) -> Draw:
    a, b = names_for(rng, "str", "num")
    sep, text, number = rng.choice(SEPARATORS[:12]), rng.choice(WORDS), rng.randint(2, 99)
    literal = repr("{" + a + "}" + sep + "{" + b + "}")
    return Draw(
        {"a": a, "b": b, "sep": repr(sep)},
        f"f{literal}",
        f"{a} = {text!r}\n{b} = {number}",
        expect(f"{text}{sep}{number}", **{a: text, b: number}),
    )


def _decimals(rng: random.Random) -> Draw:
    a, n, number = name_for(rng, "num"), rng.randint(1, 5), round(rng.uniform(1, 99), 7)
    return Draw(
        {"a": a, "n": str(n)},
        f"f'{{{a}:.{n}f}}'",
        f"{a} = {number}",
        expect(f"{number:.{n}f}", **{a: number}),
    )


def _grouped(rng: random.Random) -> Draw:
    a, number = name_for(rng, "num"), rng.randint(10**6, 10**9)
    mark, what = rng.choice([(",", "commas"), ("_", "underscores")])
    return Draw(
        {"a": a, "what": what},
        f"f'{{{a}:{mark}}}'",
        f"{a} = {number}",
        expect(f"{number:{mark}}", **{a: number}),
    )


def _percent(rng: random.Random) -> Draw:
    a, n, number = name_for(rng, "num"), rng.randint(1, 4), round(rng.uniform(0.01, 0.99), 7)
    return Draw(
        {"a": a, "n": str(n)},
        f"f'{{{a}:.{n}%}}'",
        f"{a} = {number}",
        expect(f"{number:.{n}%}", **{a: number}),
    )


def _align(rng: random.Random) -> Draw:
    s, width, text = name_for(rng, "str"), rng.randint(11, 30), rng.choice(WORDS)
    fill = rng.choice("-*.=#_~+")
    where, method = rng.choice([("left", "ljust"), ("right", "rjust"), ("center", "center")])
    return Draw(
        {"s": s, "width": str(width), "fill": repr(fill), "where": where},
        f"{s}.{method}({width}, {fill!r})",
        f"{s} = {text!r}",
        expect(getattr(text, method)(width, fill), **{s: text}),
    )


def _table_row(rng: random.Random) -> Draw:
    f, (a, b) = function_name(rng, "format", "row", "show", "line"), names_for(rng, "str", "num")
    width, sep = rng.randint(11, 30), rng.choice(["|", ":", "-", ">", "=", "/"])
    cases = [
        ((word, number), f"{word:<{width}}{sep}{number}") for word, number in zip(WORDS[:3], (5, 17, 230), strict=True)
    ]
    literal = repr(f"{{{a}:<{width}}}{sep}{{{b}}}")
    return Draw(
        {"f": f, "a": a, "b": b, "width": str(width), "sep": repr(sep)},
        f"def {f}({a}, {b}):\n    return f{literal}",
        "",
        calls(f, *cases),
    )


FAMILIES = (
    Family(
        "zero-pad",
        TOPIC,
        "statement",
        (
            "Pad the integer `{a}` with leading zeros to a width of {width}.",
            "How to convert the number `{a}` to a string of {width} digits with leading zeros?",
            "zero fill `{a}` to {width} characters",
            "Write the number `{a}` as text, filled with zeros on the left up to length {width}.",
            "add zeros in front of `{a}` until it has {width} digits",
            "Format int `{a}` as a {width} digit string, zero-padded.",
            "Make a string out of `{a}` that is {width} long, with 0s at the left.",
            "`{a}` as a zero padded string of length {width}",
        ),
        _pad,
    ),
    Family(
        "format-two",
        TOPIC,
        "statement",
        (
            "Make a string of `{a}` and `{b}` with {sep} between them.",
            "How do I format the string `{a}` and the integer `{b}` into one text separated by {sep}?",
            "combine `{a}`, {sep} and `{b}` to a string",
            "Write `{a}` followed by {sep} and `{b}` as an f-string.",
            "concatenate `{a}` and number `{b}` using {sep} in between",
            "Build the text that is `{a}`, then {sep}, then `{b}`.",
            "Put {sep} between the values of `{a}` and `{b}` in a single string.",
            "string with variable `{a}` first, {sep} next and `{b}` last",
        ),
        _format_two,
    ),
    Family(
        "decimals",
        TOPIC,
        "statement",
        (
            "Format the float `{a}` as a string with {n} decimal places.",
            "How do I write `{a}` with exactly {n} digits after the decimal point as text?",
            "float `{a}` to string with {n} decimals",
            "Return `{a}` as a string showing {n} decimals.",
            "format number `{a}` with {n} decimal digits",
            "I want to show `{a}` with {n} digits behind the point, as a string.",
            "Make text of the number `{a}`, always with {n} decimal places.",
            "string of `{a}`, fixed point, {n} decimals",
        ),
        _decimals,
    ),
    Family(
        "thousands",
        TOPIC,
        "statement",
        (
            "Format the integer `{a}` with {what} as thousands separators.",
            "How do I print a large number `{a}` with {what} between thousands?",
            "number `{a}` with {what} for thousands",
            "Return the integer `{a}` as a string in which {what} separate the thousands.",
            "format int `{a}` using {what} as thousand separator",
            "Make `{a}` easier to read: text with {what} after each three digits.",
            "Write `{a}` in groups of three digits with {what} between.",
            "`{a}` as text grouped by {what}",
        ),
        _grouped,
    ),
    Family(
        "percent",
        TOPIC,
        "statement",
        (
            "Format the fraction `{a}` as a percentage with {n} decimals.",
            "How do I show `{a}`, a number between 0 and 1, as percent with {n} decimal places?",
            "fraction `{a}` to percent string, {n} decimals",
            "Return `{a}` as a percentage string with {n} digits after the point.",
            "format `{a}` as percent with {n} decimals",
            "The ratio `{a}` should be shown in percent with {n} decimal digits.",
            "Make a percentage text of `{a}`, precision {n}.",
            "`{a}` in %, {n} decimals",
        ),
        _percent,
    ),
    Family(
        "align",
        TOPIC,
        "statement",
        (
            "Align string `{s}` {where} in a field of {width} characters filled with {fill}.",
            "How do I {where} justify `{s}` to width {width} with {fill} as the fill character?",
            "{where} align `{s}` to {width} chars using {fill}",
            "Return `{s}` padded with {fill} to length {width}, text {where}.",
            "pad `{s}` to {width} characters with {fill}, {where} aligned",
            "Fill `{s}` up with {fill} until it is {width} long; its text stays {where}.",
            "In a line of {width} characters {fill}, put `{s}` {where}.",
            "`{s}` {where}, width {width}, fill {fill}",
        ),
        _align,
    ),
    Family(
        "table-row",
        TOPIC,
        "function",
        (
            "Write `{f}({a}, {b})` that returns `{a}` left aligned in {width} characters, {sep} and `{b}`.",
            "Define `{f}({a}, {b})`: `{a}` padded with spaces to {width}, followed by {sep} and `{b}`.",
            "function `{f}({a}, {b})` for a table row, `{a}` in {width} characters, {sep}, `{b}`",
            "How do I write `{f}({a}, {b})` that formats `{a}` to width {width} and adds {sep} and `{b}`?",
            "Create `{f}({a}, {b})`; `{a}` takes {width} characters, after it come {sep} and `{b}`.",
            "Implement `{f}({a}, {b})` with an f-string: `{a}` {width} wide, {sep}, `{b}`.",
            "A row is `{a}` filled up to {width} characters, {sep} and `{b}`. Write `{f}({a}, {b})`.",
            "def `{f}` of `{a}`, `{b}`: first column {width} wide, separator {sep}",
        ),
        _table_row,
    ),
)
