"""Families about small classes: attributes, methods, text forms, lengths, counters, subclasses."""

import random

from families.draws import WORDS
from families.family import Draw, Family
from families.names import NOUNS, class_name, function_name

TOPIC = "classes"


def _attributes(rng: random.Random) -> Draw:
    c, (a, b) = class_name(rng), rng.sample(NOUNS, 2)
    x, y = rng.sample(range(2, 99), 2)
    return Draw(
        {"c": c, "a": a, "b": b},
        f"class {c}:\n    def __init__(self, {a}, {b}):\n        self.{a} = {a}\n        self.{b} = {b}",
        "",
        (
            f"assert {c}({x}, {y}).{a} == {x}",
            f"assert {c}({x}, {y}).{b} == {y}",
            f"assert {c}({b}={y}, {a}={x}).{a} == {x}",
        ),
    )


def _method(rng: random.Random) -> Draw:
    c, (a, b), m = class_name(rng), rng.sample(NOUNS, 2), function_name(rng, "get", "compute", "calc")
    word, sign = rng.choice([("sum", "+"), ("product", "*"), ("difference", "-")])
    pairs = [(9, 4), (2, 7), tuple(rng.sample(range(2, 60), 2))]
    results = [x + y if sign == "+" else x * y if sign == "*" else x - y for x, y in pairs]
    return Draw(
        {"c": c, "a": a, "b": b, "m": m, "word": word},
        f"class {c}:\n    def __init__(self, {a}, {b}):\n        self.{a} = {a}\n        self.{b} = {b}\n\n"
        f"    def {m}(self):\n        return self.{a} {sign} self.{b}",
        "",
        tuple(f"assert {c}({x}, {y}).{m}() == {z}" for (x, y), z in zip(pairs, results, strict=True)),
    )


def _dataclass(rng: random.Random) -> Draw:
    c, (a, b) = class_name(rng), rng.sample(NOUNS, 2)
    one, two = rng.sample(["int", "str", "float"], 2)
    values = {"int": repr(rng.randint(2, 99)), "str": repr(rng.choice(WORDS)), "float": "2.5"}
    x, y = values[one], values[two]
    return Draw(
        {"c": c, "a": a, "b": b, "one": one, "two": two},
        f"@dataclass\nclass {c}:\n    {a}: {one}\n    {b}: {two}",
        "from dataclasses import dataclass",
        (
            f"assert {c}({x}, {y}).{a} == {x}",
            f"assert {c}({b}={y}, {a}={x}) == {c}({x}, {y})",
            f"assert {c}.__annotations__ == {{{a!r}: {one}, {b!r}: {two}}}",
        ),
    )


def _text_form(rng: random.Random) -> Draw:
    c, a, prefix = (
        class_name(rng),
        rng.choice(NOUNS),
        rng.choice(WORDS).capitalize() + rng.choice([": ", " ", "=", "-"]),
    )
    one, two, three = rng.sample(WORDS, 3)
    literal = repr(prefix + "{self." + a + "}")
    return Draw(
        {"c": c, "a": a, "prefix": repr(prefix)},
        f"class {c}:\n    def __init__(self, {a}):\n        self.{a} = {a}\n\n"
        f"    def __str__(self):\n        return f{literal}",
        "",
        tuple(f"assert str({c}({x!r})) == {prefix + x!r}" for x in (one, two, three)),
    )


def _length(rng: random.Random) -> Draw:
    c, a = class_name(rng), rng.choice(NOUNS) + "s"
    what, method = rng.choice([("len()", "__len__"), ("the len function", "__len__")])
    return Draw(
        {"c": c, "a": a, "what": what},
        f"class {c}:\n    def __init__(self, {a}):\n        self.{a} = {a}\n\n"
        f"    def {method}(self):\n        return len(self.{a})",
        "",
        (
            *(f"assert len({c}({list(range(n))})) == {n}" for n in (3, 5, 0)),
            f"assert {c}([7, 8]).{a} == [7, 8]",
        ),
    )


def _counter(rng: random.Random) -> Draw:
    c, a, m = class_name(rng), rng.choice(NOUNS), function_name(rng, "add", "advance", "increase", "step")
    start, step = rng.randint(0, 40), rng.randint(2, 20)
    return Draw(
        {"c": c, "a": a, "m": m, "start": str(start), "step": str(step)},
        f"class {c}:\n    def __init__(self):\n        self.{a} = {start}\n\n"
        f"    def {m}(self):\n        self.{a} += {step}",
        "",
        (
            f"thing = {c}(); assert thing.{a} == {start}",
            f"thing.{m}(); assert thing.{a} == {start + step}",
            f"thing.{m}(); assert thing.{a} == {start + 2 * step} and {c}().{a} == {start}",
        ),
    )


def _subclass(rng: random.Random) -> Draw:
    c, base = class_name(rng), class_name(rng)
    while base == c:
        base = class_name(rng)
    m, text = function_name(rng, "speak", "describe", "kind", "show"), rng.choice(WORDS)
    return Draw(
        {"c": c, "base": base, "m": m, "text": repr(text)},
        f"class {c}({base}):\n    def {m}(self):\n        return {text!r}",
        f"class {base}:\n    def {m}(self):\n        return 'nothing'\n\n    def other(self):\n        return 5",
        (
            f"assert {c}().{m}() == {text!r}",
            f"assert issubclass({c}, {base}) and {c} is not {base}",
            f"assert {c}().other() == 5 and {base}().{m}() == 'nothing'",
        ),
    )


def _property(rng: random.Random) -> Draw:
    c, (a, p), n = class_name(rng), rng.sample(NOUNS, 2), rng.randint(2, 60)
    word, sign = rng.choice([("times", "*"), ("plus", "+"), ("minus", "-")])
    cases = [(x, x * n if sign == "*" else x + n if sign == "+" else x - n) for x in (3, 10, 41)]
    return Draw(
        {"c": c, "a": a, "p": p, "n": str(n), "word": word},
        f"class {c}:\n    def __init__(self, {a}):\n        self.{a} = {a}\n\n"
        f"    @property\n    def {p}(self):\n        return self.{a} {sign} {n}",
        "",
        tuple(f"assert {c}({x}).{p} == {y}" for x, y in cases),
    )


FAMILIES = (
    Family(
        "class-attributes",
        TOPIC,
        "function",
        (
            "Write a class `{c}` with attributes `{a}` and `{b}` set in the constructor.",
            "Define class `{c}` whose `__init__` takes `{a}` and `{b}` and stores them.",
            "class `{c}` with `{a}` and `{b}`",
            "How do I create a class `{c}` that keeps `{a}` and `{b}`?",
            "Create a class named `{c}`; its objects have `{a}` and `{b}`, given when they are made.",
            "Implement `{c}({a}, {b})`, a class that saves both arguments on the object.",
            "Objects of `{c}` should know their `{a}` and `{b}`. Write the class.",
            "make `{c}`, constructor with `{a}`, `{b}`",
        ),
        _attributes,
    ),
    Family(
        "class-method",
        TOPIC,
        "function",
        (
            "Write a class `{c}` with attributes `{a}` and `{b}` and a method `{m}` returning their {word}.",
            "Define class `{c}({a}, {b})` with method `{m}` returning the {word} of the two.",
            "class `{c}` with `{a}`, `{b}` and method `{m}` for the {word}",
            "How do I write class `{c}` that stores `{a}` and `{b}` and gives their {word} in `{m}()`?",
            "Create a class `{c}`: constructor takes `{a}` and `{b}`, `{m}` returns the {word} of them.",
            "Implement `{c}` with `{a}` and `{b}`; calling `{m}()` yields the {word}.",
            "From `{a}` and `{b}`, in this order, an object of `{c}` computes the {word} in `{m}`.",
            "`{c}`: two fields `{a}` and `{b}`, one method `{m}`, the {word}",
        ),
        _method,
    ),
    Family(
        "dataclass",
        TOPIC,
        "function",
        (
            "Write a dataclass `{c}` with the fields `{a}` of type {one} and `{b}` of type {two}.",
            "Define a dataclass `{c}`: `{a}` is {one}, `{b}` is {two}.",
            "dataclass `{c}` with {one} `{a}` and {two} `{b}`",
            "How do I make a dataclass `{c}` that has `{a}` ({one}) and `{b}` ({two})?",
            "Create the dataclass `{c}` with field `{a}` annotated as {one}, then `{b}` as {two}.",
            "Implement `{c}` as dataclass; `{a}: {one}` and `{b}: {two}`.",
            "Objects `{c}` hold `{a}` of type {one}, then `{b}` of type {two}. Use a dataclass.",
            "`{c}` as a dataclass, fields {one} `{a}`, {two} `{b}`",
        ),
        _dataclass,
    ),
    Family(
        "class-text",
        TOPIC,
        "function",
        (
            "Write a class `{c}` with attribute `{a}` whose string form is {prefix} followed by `{a}`.",
            "Define class `{c}({a})` with `__str__` returning {prefix} plus `{a}`.",
            "class `{c}` with `{a}`, str() gives {prefix} and then `{a}`",
            "How do I write class `{c}` so that printing it shows {prefix} and its `{a}`?",
            "Create a class `{c}` storing `{a}`; converting it to str gives {prefix} with `{a}` after it.",
            "Implement `{c}`: constructor argument `{a}`, text form {prefix} + `{a}`.",
            "An object of `{c}` prints as {prefix} and directly after that its `{a}`.",
            "`{c}` holding `{a}`, shown as text with {prefix} in front",
        ),
        _text_form,
    ),
    Family(
        "class-length",
        TOPIC,
        "function",
        (
            "Write a class `{c}` with a list `{a}` so that {what} returns the number of `{a}`.",
            "Define class `{c}({a})` that supports {what} by the length of `{a}`.",
            "class `{c}` with `{a}` for which {what} works",
            "How do I write class `{c}` holding `{a}` so that {what} counts them?",
            "Create a class `{c}` that stores `{a}`; {what} of an object tells how many there are.",
            "Implement `{c}` with the constructor argument `{a}` and let {what} give its length.",
            "Applied to an object of `{c}`, {what} should give the size of its `{a}`.",
            "`{c}` keeps `{a}`, {what} allowed",
        ),
        _length,
    ),
    Family(
        "class-counter",
        TOPIC,
        "function",
        (
            "Write a class `{c}` whose `{a}` starts at {start} and grows by {step} with each call of `{m}`.",
            "Define class `{c}` with `{a}` = {start} and a method `{m}` that adds {step} to it.",
            "class `{c}`, attribute `{a}` initially {start}, method `{m}` increases it by {step}",
            "How do I write class `{c}` with `{a}` set to {start} and `{m}()` adding {step}?",
            "Create a class `{c}`; `{a}` is {start} at first, `{m}` raises it by {step}.",
            "Implement `{c}`: no arguments, `{a}` begins with {start}, `{m}()` makes it {step} larger.",
            "Each time `{m}` is called, `{a}` of the `{c}` goes up by {step}, from {start} on.",
            "`{c}` counting in `{a}`, start {start}, step {step}, method `{m}`",
        ),
        _counter,
    ),
    Family(
        "subclass",
        TOPIC,
        "function",
        (
            "Write a subclass `{c}` of `{base}` whose method `{m}` returns {text}.",
            "Define class `{c}` that inherits from `{base}` and overrides `{m}` to return {text}.",
            "class `{c}` derived from `{base}`, `{m}` returns {text}",
            "How do I subclass `{base}` as `{c}` with a method `{m}` that returns {text}?",
            "Create a child class `{c}` of `{base}`; its `{m}()` gives the string {text}.",
            "Implement `{c}({base})` with `{m}` returning {text}.",
            "`{c}` is a `{base}`, but its `{m}` says {text}. Write that class.",
            "inherit `{c}` from `{base}` so that `{m}` is {text}",
        ),
        _subclass,
    ),
    Family(
        "property",
        TOPIC,
        "function",
        (
            "Write a class `{c}` with attribute `{a}` and a property `{p}` that is `{a}` {word} {n}.",
            "Define class `{c}({a})` with a read-only property `{p}`: `{a}` {word} {n}.",
            "class `{c}` storing `{a}`, property `{p}` returns `{a}` {word} {n}",
            "How do I write class `{c}` with `{a}` and a property `{p}` equal to `{a}` {word} {n}?",
            "Create a class `{c}` that takes `{a}`; as a property, `{p}` gives `{a}` {word} {n}.",
            "Implement `{c}` with `{a}`; accessing `{p}` yields `{a}` {word} {n}.",
            "The `{p}` of a `{c}` is always its `{a}` {word} {n}. Use a property.",
            "`{c}` made from `{a}`, computed property `{p}`, `{a}` {word} {n}",
        ),
        _property,
    ),
)
