"""Families about slices of lists and strings."""

import random

from families.draws import expect, ints, not_rising, ordinal, words
from families.family import Draw, Family
from families.names import name_for

TOPIC = "slices"


def _take(rng: random.Random) -> Draw:
    a, n, data = name_for(rng, "list"), rng.randint(2, 9), ints(rng, high=99, least=10, most=12)
    which = rng.choice(["first", "last"])
    data = data[:-1] if len(data) == 2 * n else data  # or else [n:] and [-n:] were the same
    kept = slice(0, n) if which == "first" else slice(len(data) - n, len(data))
    data[kept] = not_rising(data[kept])
    code, expected = (f"{a}[:{n}]", data[:n]) if which == "first" else (f"{a}[-{n}:]", data[-n:])
    return Draw({"a": a, "n": str(n), "which": which}, code, f"{a} = {data}", expect(expected, **{a: data}))


def _every_nth(rng: random.Random) -> Draw:
    a, n, data = name_for(rng, "list"), rng.randint(2, 9), ints(rng, high=99, least=12, most=14)
    data[::n] = not_rising(data[::n])
    return Draw({"a": a, "nth": ordinal(n)}, f"{a}[::{n}]", f"{a} = {data}", expect(data[::n], **{a: data}))


def _slice(rng: random.Random) -> Draw:
    a, data = name_for(rng, "list"), ints(rng, high=99, least=13, most=15)
    i, j = sorted(rng.sample(range(1, 12), 2))
    data[i:j] = not_rising(data[i:j])
    return Draw({"a": a, "i": str(i), "j": str(j)}, f"{a}[{i}:{j}]", f"{a} = {data}", expect(data[i:j], **{a: data}))


def _cut_characters(rng: random.Random) -> Draw:
    s, n, text = name_for(rng, "str"), rng.randint(2, 9), "".join(words(rng, 4))
    which = rng.choice(["first", "last"])
    keep = f"{s}[:{n}]" if which == "first" else f"{s}[-{n}:]"
    kept = text[:n] if which == "first" else text[-n:]
    return Draw({"s": s, "n": str(n), "which": which}, keep, f"{s} = {text!r}", expect(kept, **{s: text}))


FAMILIES = (
    Family(
        "take-some",
        TOPIC,
        "statement",
        (
            "Get the {which} {n} elements of list `{a}`.",
            "How do I take only the {which} {n} items from `{a}`?",
            "{which} {n} entries of `{a}`",
            "Return a list with the {which} {n} values in `{a}`.",
            "slice `{a}` so that the {which} {n} elements remain",
            "I want the {which} {n} elements of the list `{a}`.",
            "Pick the {n} {which} members of `{a}`.",
            "a sublist of `{a}`: its {which} {n}",
        ),
        _take,
    ),
    Family(
        "every-nth",
        TOPIC,
        "statement",
        (
            "Get every {nth} element of list `{a}`, starting with the first.",
            "How can I select each {nth} item in `{a}` from the beginning?",
            "every {nth} value of `{a}`, first one included",
            "Slice `{a}` so that each {nth} element is taken, from the start on.",
            "return a list of `{a}` with the first and then every {nth} element",
            "Starting at index 0, take an element of `{a}` at every {nth} position.",
            "Walk through `{a}` from index 0 and list every {nth} element you meet.",
            "thin out `{a}`, only the first element and each {nth} after it stay",
        ),
        _every_nth,
    ),
    Family(
        "slice-between",
        TOPIC,
        "statement",
        (
            "Get the elements of `{a}` from index {i} up to but not including index {j}.",
            "How do I slice list `{a}` from {i} to {j}?",
            "slice `{a}` from {i} to {j} (exclusive)",
            "Return the part of list `{a}` that starts at position {i} and ends before {j}.",
            "sublist of `{a}` between index {i} and index {j}",
            "Take items {i} to {j} of `{a}`, without item {j}.",
            "Which elements of `{a}` have an index of at least {i} and below {j}?",
            "cut `{a}`: begin at {i}, stop before {j}",
        ),
        _slice,
    ),
    Family(
        "cut-characters",
        TOPIC,
        "statement",
        (
            "Get the {which} {n} characters of string `{s}`.",
            "How can I take the {which} {n} letters of `{s}`?",
            "{which} {n} chars of `{s}`",
            "Return a substring with the {which} {n} characters of `{s}`.",
            "slice `{s}` to its {which} {n} characters",
            "Keep only the {which} {n} characters of the text `{s}`.",
            "What are the {n} {which} characters in `{s}`?",
            "truncate `{s}`: only its {which} {n} characters stay",
        ),
        _cut_characters,
    ),
)
