"""Families about text: joining, splitting, replacing, case, slices."""

import random

from families.draws import SEPARATORS, WORDS, calls, expect, ints, words
from families.family import Draw, Family
from families.names import function_name, name_for

TOPIC = "strings"
CASES = (
    ("lower", "lower case"),
    ("lower", "lowercase"),
    ("lower", "small letters"),
    ("upper", "upper case"),
    ("upper", "uppercase"),
    ("upper", "capital letters"),
    ("title", "title case"),
)


def _join_numbers(rng: random.Random) -> Draw:
    a, sep, data = name_for(rng, "list"), rng.choice(SEPARATORS), ints(rng)
    return Draw(
        {"a": a, "sep": repr(sep)},
        f"{sep!r}.join(map(str, {a}))",
        f"{a} = {data}",
        expect(sep.join(map(str, data)), **{a: data}),
    )


def _join_words(rng: random.Random) -> Draw:
    a, sep, data = name_for(rng, "list"), rng.choice(SEPARATORS), words(rng)
    return Draw(
        {"a": a, "sep": repr(sep)},
        f"{sep!r}.join({a})",
        f"{a} = {data}",
        expect(sep.join(data), **{a: data}),
    )


def _split(rng: random.Random) -> Draw:
    s, sep, data = name_for(rng, "str"), rng.choice(SEPARATORS), words(rng)
    text = sep.join(data)
    return Draw({"s": s, "sep": repr(sep)}, f"{s}.split({sep!r})", f"{s} = {text!r}", expect(data, **{s: text}))


def _replace(rng: random.Random) -> Draw:
    s, data = name_for(rng, "str"), words(rng, 4)
    old, new = data[0], rng.choice([w for w in WORDS if w not in data])
    text = f"{data[1]} {old} {data[2]} {old} {data[3]}"
    return Draw(
        {"s": s, "old": repr(old), "new": repr(new)},
        f"{s}.replace({old!r}, {new!r})",
        f"{s} = {text!r}",
        expect(text.replace(old, new), **{s: text}),
    )


def _replace_character(rng: random.Random) -> Draw:
    s, text = name_for(rng, "str"), " ".join(words(rng, 4))
    old = rng.choice(sorted(set(text) - {" "}))
    new = rng.choice([c for c in "_-*#.!@$%xyzqk0123456789" if c != old])
    return Draw(
        {"s": s, "old": repr(old), "new": repr(new)},
        f"{s}.replace({old!r}, {new!r})",
        f"{s} = {text!r}",
        expect(text.replace(old, new), **{s: text}),
    )


def _remove_whitespace(rng: random.Random) -> Draw:
    s, data = name_for(rng, "str"), words(rng)
    text = "  " + "\t".join(data[:2]) + " \n " + " ".join(data[2:]) + " "
    return Draw({"s": s}, f"''.join({s}.split())", f"{s} = {text!r}", expect("".join(data), **{s: text}))


def _change_case(rng: random.Random) -> Draw:
    s, text = name_for(rng, "str"), " ".join(words(rng, 3)).title().swapcase()
    method, how = rng.choice(CASES)
    return Draw(
        {"s": s, "how": how},
        f"{s}.{method}()",
        f"{s} = {text!r}",
        expect(getattr(text, method)(), **{s: text}),
    )


def _starts_or_ends(rng: random.Random) -> Draw:
    s, data = name_for(rng, "str"), words(rng, 4)
    where, method = rng.choice([("start", "startswith"), ("end", "endswith"), ("begin", "startswith")])
    text = "_".join(data[:3])
    part = rng.choice([data[0], data[2], data[3]])
    return Draw(
        {"s": s, "where": where, "part": repr(part)},
        f"{s}.{method}({part!r})",
        f"{s} = {text!r}",
        expect(getattr(text, method)(part), **{s: text}),
    )


def _count_character(rng: random.Random) -> Draw:
    f = function_name(rng, "count", "get", "number_of", "num")
    texts = [" ".join(words(rng, 4)) for _ in range(3)]
    char = rng.choice(sorted(set(texts[0]) - {" "}))
    s = name_for(rng, "str")
    return Draw(
        {"f": f, "s": s, "char": repr(char)},
        f"def {f}({s}):\n    return {s}.count({char!r})",
        "",
        calls(f, *(((t,), t.count(char)) for t in [*texts, char * 5])),
    )


FAMILIES = (
    Family(
        "join-numbers",
        TOPIC,
        "statement",
        (
            "Join the list of integers `{a}` into a string with separator {sep}.",
            "How do I turn a list of ints `{a}` into one string separated by {sep}?",
            "concatenate all numbers in `{a}` with {sep} between them",
            "Convert `{a}`, a list of numbers, to a string and put {sep} between the items.",
            "numbers in `{a}` to a single string joined by {sep}",
            "Make a {sep} separated string from the integers in `{a}`.",
            "What is the way to write the integers of `{a}` as text with {sep} as the delimiter?",
            "print-ready string of the int list `{a}`, delimiter {sep}",
        ),
        _join_numbers,
    ),
    Family(
        "join-words",
        TOPIC,
        "statement",
        (
            "Join the strings in `{a}` with {sep}.",
            "How to concatenate a list of strings `{a}` using {sep} as separator?",
            "create a string from the list `{a}`, items separated by {sep}",
            "Combine all words of `{a}` into a single string with {sep} between the words.",
            "join list `{a}` on {sep}",
            "I have a list of strings `{a}`. Glue them together with {sep}.",
            "Put {sep} between the elements of the string list `{a}` and return the text.",
            "one string out of the words in `{a}`, delimited by {sep}",
        ),
        _join_words,
    ),
    Family(
        "split-text",
        TOPIC,
        "statement",
        (
            "Split the string `{s}` by {sep}.",
            "How can I split a string `{s}` on {sep} into a list?",
            "get a list of the parts of `{s}` separated by {sep}",
            "Break `{s}` into pieces at every {sep}.",
            "split `{s}` using delimiter {sep}",
            "Turn the {sep} separated text `{s}` into a list of strings.",
            "Cut string `{s}` wherever {sep} occurs and return the pieces.",
            "list of the fields in `{s}` where {sep} is the separator",
        ),
        _split,
    ),
    Family(
        "replace-word",
        TOPIC,
        "statement",
        (
            "Replace {old} with {new} in string `{s}`.",
            "How do I replace every {old} by {new} in `{s}`?",
            "substitute {new} for {old} in `{s}`",
            "In the string `{s}`, change all occurrences of {old} to {new}.",
            "replace substring {old} in `{s}` with the string {new}",
            "Swap the word {old} for {new} everywhere in the text `{s}`.",
            "All {old} in `{s}` should become {new}.",
            "get a copy of `{s}` where {old} has been turned into {new}",
        ),
        _replace,
    ),
    Family(
        "replace-character",
        TOPIC,
        "statement",
        (
            "Replace each character {old} in `{s}` with {new}.",
            "How to replace all {old} characters of the string `{s}` by {new}?",
            "change every {old} to {new} in `{s}`",
            "In `{s}`, write {new} instead of the letter {old}.",
            "replace char {old} with char {new} in string `{s}`",
            "Return `{s}` with {old} replaced by {new}.",
            "Every {old} that occurs in `{s}` must be exchanged for {new}.",
            "swap {old} out for {new} throughout `{s}`",
        ),
        _replace_character,
    ),
    Family(
        "remove-whitespace",
        TOPIC,
        "statement",
        (
            "Remove all whitespace from string `{s}`.",
            "How can I delete every space, tab and newline in `{s}`?",
            "strip all whitespace characters in `{s}`, also those inside",
            "Get rid of the whitespace in `{s}`.",
            "remove whitespaces in `{s}`",
            "Return the text `{s}` without any white space.",
            "Drop blanks, tabs and line ends everywhere in `{s}`.",
            "`{s}` with no whitespace left in it",
        ),
        _remove_whitespace,
    ),
    Family(
        "change-case",
        TOPIC,
        "statement",
        (
            "Convert string `{s}` to {how}.",
            "How do I change `{s}` into {how}?",
            "make `{s}` {how}",
            "Write the text `{s}` in {how}.",
            "return `{s}` in {how}",
            "I need the string `{s}` in {how}.",
            "Turn all of `{s}` to {how}.",
            "the {how} version of `{s}`",
        ),
        _change_case,
    ),
    Family(
        "starts-or-ends",
        TOPIC,
        "statement",
        (
            "Check if string `{s}` {where}s with {part}.",
            "Does `{s}` {where} with {part}?",
            "test whether `{s}` {where}s with the string {part}",
            "How to check that the text `{s}` {where}s with {part}?",
            "see if `{s}` {where}s with {part}",
            "Return True if `{s}` {where}s with {part}, else False.",
            "Find out whether the text `{s}` {where}s with {part}.",
            "true if `{s}` {where}s with {part}, false otherwise",
        ),
        _starts_or_ends,
    ),
    Family(
        "count-character",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that takes a string `{s}` and returns how often {char} occurs in it.",
            "Define `{f}({s})` to count the character {char} in `{s}`.",
            "function `{f}` which counts {char} in the string `{s}`",
            "How do I write `{f}({s})` that returns the number of {char} in the text?",
            "Create a function named `{f}` with argument `{s}`; it returns the count of {char}.",
            "Implement `{f}({s})`: the number of occurrences of {char} in `{s}`.",
            "How often is {char} in `{s}`? Write that as a function `{f}`.",
            "def `{f}` with one parameter `{s}` giving back how many {char} the text has",
        ),
        _count_character,
    ),
)
