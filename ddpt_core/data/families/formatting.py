"""Families about writing numbers and values as text."""

import random

from ddpt_core.data.families.draws import SEPARATORS, WORDS, expect
from ddpt_core.data.families.family import Draw, Family
from ddpt_core.data.families.names import name_for, names_for

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
)
