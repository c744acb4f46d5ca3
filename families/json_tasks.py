"""Families about JSON: reading, writing, files, nested keys."""

import json
import random

from families.draws import WORDS, calls, expect, keys, mapping, words
from families.family import Draw, Family
from families.names import file_name, function_name, name_for, names_for

TOPIC = "json"
SETUP = "import json\n"


def _parse(rng: random.Random) -> Draw:
    s, data = name_for(rng, "str"), mapping(rng)
    text = json.dumps(data)
    return Draw({"s": s}, f"json.loads({s})", f"{SETUP}{s} = {text!r}", expect(data, **{s: text}))


def _dump(rng: random.Random) -> Draw:
    d, data, n = name_for(rng, "dict"), mapping(rng), rng.randint(1, 8)
    return Draw(
        {"d": d, "n": str(n)},
        f"json.dumps({d}, indent={n})",
        f"{SETUP}{d} = {data}",
        expect(json.dumps(data, indent=n), **{d: data}),
    )


def _dump_sorted(rng: random.Random) -> Draw:
    d, data = name_for(rng, "dict"), mapping(rng)
    how = rng.choice(["sorted", "ordered"])
    return Draw(
        {"d": d, "how": how},
        f"json.dumps({d}, sort_keys=True)",
        f"{SETUP}{d} = {data}",
        expect(json.dumps(data, sort_keys=True), **{d: data}),
    )


def _value_of(rng: random.Random) -> Draw:
    s, data = name_for(rng, "str"), mapping(rng)
    key, text = rng.choice(list(data)), json.dumps(data)
    return Draw(
        {"s": s, "key": repr(key)},
        f"json.loads({s})[{key!r}]",
        f"{SETUP}{s} = {text!r}",
        expect(data[key], **{s: text}),
    )


def _nested(rng: random.Random) -> Draw:
    d, (outer, inner, other) = name_for(rng, "dict"), keys(rng, 3)
    number = rng.randint(2, 999)
    data = {other: {inner: number + 1, outer: 1}, outer: {other: number + 2, inner: number}}
    return Draw(
        {"d": d, "outer": repr(outer), "inner": repr(inner)},
        f"{d}[{outer!r}][{inner!r}]",
        f"{d} = {data}",
        expect(number, **{d: data}),
    )


def _load_file(rng: random.Random) -> Draw:
    name, data = file_name(rng, "json", "txt", "dat"), mapping(rng)
    return Draw(
        {"name": repr(name)},
        f"json.load(open({name!r}))",
        f"{SETUP}with open({name!r}, 'w') as out:\n    json.dump({data}, out)",
        expect(data),
    )


def _save_file(rng: random.Random) -> Draw:
    f, (d, p) = function_name(rng, "save", "write", "dump", "store"), names_for(rng, "dict", "str")
    name, data, other = file_name(rng, "json"), mapping(rng), words(rng)
    return Draw(
        {"f": f, "d": d, "p": p},
        f"def {f}({d}, {p}):\n    with open({p}, 'w') as file:\n        json.dump({d}, file)",
        SETUP.strip(),
        (
            f"{f}({data}, {name!r}); assert json.load(open({name!r})) == {data}",
            f"{f}({other}, {name!r}); assert json.load(open({name!r})) == {other}",
            f"{f}([], {name!r}); assert open({name!r}).read() == '[]'",
        ),
    )


def _get_from_text(rng: random.Random) -> Draw:
    f, s, key = (
        function_name(rng, "get", "parse", "extract", "read"),
        name_for(rng, "str"),
        rng.choice(keys(rng, 2)),
    )
    default = rng.choice([rng.randint(2, 99), -1, rng.choice(WORDS)])
    cases: list[tuple[dict, object]] = [
        ({**mapping(rng), key: 17}, 17),
        (mapping(rng), default),
        ({key: "x"}, "x"),
    ]
    return Draw(
        {"f": f, "s": s, "key": repr(key), "default": repr(default)},
        f"def {f}({s}):\n    return json.loads({s}).get({key!r}, {default!r})",
        SETUP.strip(),
        calls(f, *(((json.dumps(data),), data.get(key, result)) for data, result in cases)),
    )


FAMILIES = (
    Family(
        "parse-json",
        TOPIC,
        "statement",
        (
            "Parse the JSON string `{s}`.",
            "How do I convert a JSON string `{s}` to a dictionary?",
            "json string `{s}` to dict",
            "Return the Python object for the JSON text in `{s}`.",
            "load json from string `{s}`",
            "Decode the JSON in `{s}`.",
            "`{s}` is text in JSON. Make a dict of it.",
            "dictionary out of json `{s}`",
        ),
        _parse,
    ),
    Family(
        "json-indent",
        TOPIC,
        "statement",
        (
            "Convert the dictionary `{d}` to a JSON string with an indent of {n}.",
            "How do I pretty print dict `{d}` as JSON, indented by {n} spaces?",
            "dict `{d}` to json string with indent {n}",
            "Return `{d}` as JSON text with indentation {n}.",
            "json dump of `{d}` to a string, indent={n}",
            "Serialize `{d}` to JSON using {n} spaces per level.",
            "Write `{d}` as a JSON string whose levels are {n} spaces apart.",
            "pretty json text from `{d}`, {n} spaces",
        ),
        _dump,
    ),
    Family(
        "json-sorted",
        TOPIC,
        "statement",
        (
            "Convert the dictionary `{d}` to a JSON string with {how} keys.",
            "How do I get a JSON string of dict `{d}` with the keys {how}?",
            "dict `{d}` to json, keys {how}",
            "Return `{d}` as JSON text in which the keys are {how}.",
            "dump `{d}` to a json string with {how} keys",
            "Serialize `{d}` to JSON and have the keys {how}.",
            "JSON of `{d}`, where keys must be {how} by name.",
            "json text of dictionary `{d}`, names {how}",
        ),
        _dump_sorted,
    ),
    Family(
        "json-value",
        TOPIC,
        "statement",
        (
            "Get the value of {key} from the JSON string `{s}`.",
            "How do I read the key {key} in a JSON string `{s}`?",
            "value of {key} in json string `{s}`",
            "Return what the JSON text `{s}` has under {key}.",
            "get {key} out of json `{s}`",
            "Parse the JSON in `{s}` and return the entry {key}.",
            "Which value does {key} have in the JSON text `{s}`?",
            "decode `{s}` as json, then take {key}",
        ),
        _value_of,
    ),
    Family(
        "nested-key",
        TOPIC,
        "statement",
        (
            "Get the value of {inner} inside {outer} of the nested dictionary `{d}`.",
            "How do I access {inner} within {outer} in a nested dict `{d}`?",
            "{inner} in {outer} of `{d}`",
            "Return the item {inner} of the inner dict {outer} in `{d}`.",
            "nested dict `{d}`: key {inner} under key {outer}",
            "From `{d}`, look up {outer} first and then {inner}.",
            "The dict `{d}` holds a dict under {outer}; what is its {inner}?",
            "go into {outer} of `{d}` and read {inner}",
        ),
        _nested,
    ),
    Family(
        "load-json-file",
        TOPIC,
        "statement",
        (
            "Load the JSON file {name}.",
            "How do I read JSON from the file {name}?",
            "read json file {name}",
            "Return the content of the JSON file {name} as a dictionary.",
            "open {name} and parse it as json",
            "Get the data that the file {name} holds in JSON.",
            "The file {name} is JSON. Decode it.",
            "dict from json in {name}",
        ),
        _load_file,
    ),
    Family(
        "save-json-file",
        TOPIC,
        "function",
        (
            "Write a function `{f}` with arguments `{d}` and `{p}` that saves `{d}` as JSON to file `{p}`.",
            "Define `{f}({d}, {p})` which writes `{d}` to the file `{p}` in JSON.",
            "function `{f}` that dumps `{d}` to json file `{p}`, called as `{f}({d}, {p})`",
            "How do I write `{f}({d}, {p})` to store an object in a JSON file?",
            "Create a function `{f}({d}, {p})`; it saves the data `{d}` to the path `{p}` as JSON.",
            "Implement `{f}({d}, {p})`: open `{p}` for writing and dump `{d}` as JSON.",
            "`{f}` gets `{d}` and a path `{p}` and makes a JSON file from them.",
            "def `{f}` of `{d}`, `{p}`: data into a json file",
        ),
        _save_file,
    ),
    Family(
        "json-get",
        TOPIC,
        "function",
        (
            "Write `{f}` that parses JSON text `{s}` and returns {key}, or {default} if it is missing.",
            "Define `{f}({s})` to get {key} from a JSON string with default {default}.",
            "function `{f}` reading {key} from json string `{s}`, default {default}",
            "How do I write `{f}({s})` that returns {key} of a JSON text, else {default}?",
            "Create a function `{f}` of JSON text `{s}`; the result is the value of {key} or {default}.",
            "Implement `{f}({s})`: decode the JSON, look up {key}, fall back to {default}.",
            "From JSON `{s}` the function `{f}` takes {key}; without that key it gives {default}.",
            "def `{f}` of `{s}`: json value {key}, {default} when absent",
        ),
        _get_from_text,
    ),
)
