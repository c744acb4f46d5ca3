"""Families about files in the current folder and about paths."""

import os.path
import random

from families.draws import SEPARATORS, WORDS, expect, ints, not_rising, words
from families.family import Draw, Family
from families.names import NOUNS, file_name, function_name, name_for, names_for

TOPIC = "files"


def _written(name: str, text: str) -> str:
    return f"with open({name!r}, 'w') as out:\n    out.write({text!r})"


def _exists(rng: random.Random) -> Draw:
    name = file_name(rng)
    there = rng.random() < 0.5
    setup = "import os\n" + (_written(name, "x") if there else "")
    return Draw({"name": repr(name)}, f"os.path.exists({name!r})", setup, expect(there))


def _read(rng: random.Random) -> Draw:
    name, data = file_name(rng), words(rng)
    what, method = rng.choice([("whole text", "read"), ("complete content", "read"), ("list of lines", "readlines")])
    text = "\n".join(data) + "\n"
    expected = text if method == "read" else [word + "\n" for word in data]
    return Draw(
        {"name": repr(name), "what": what},
        f"open({name!r}).{method}()",
        _written(name, text),
        expect(expected),
    )


def _stripped_lines(rng: random.Random) -> Draw:
    f, p = function_name(rng, "read", "load", "get", "lines"), name_for(rng, "str")
    name, data = file_name(rng), words(rng)
    return Draw(
        {"f": f, "p": p},
        f"def {f}({p}):\n    with open({p}) as file:\n        return [line.strip() for line in file]",
        _written(name, "\n".join(f" {word}" for word in data) + "\n"),
        (
            f"assert {f}({name!r}) == {data}",
            f"assert len({f}({name!r})) == {len(data)}",
            f"assert {f}({name!r})[-1] == {data[-1]!r}",
        ),
    )


def _write(rng: random.Random) -> Draw:
    f, (p, s) = function_name(rng, "write", "save", "store", "append"), names_for(rng, "str", "str")
    verb, mode = rng.choice([("writes", "w"), ("appends", "a")])
    name, (old, new) = file_name(rng), words(rng, 2)
    kept = old if mode == "a" else ""
    return Draw(
        {"f": f, "p": p, "s": s, "verb": verb},
        f"def {f}({p}, {s}):\n    with open({p}, {mode!r}) as file:\n        file.write({s})",
        _written(name, old),
        (
            f"{f}({name!r}, {new!r}); assert open({name!r}).read() == {kept + new!r}",
            f"{f}('other.tmp', 'abc'); assert open('other.tmp').read() == 'abc'",
            f"{f}('other.tmp', 'de'); assert open('other.tmp').read() == {'abcde' if kept else 'de'!r}",
        ),
    )


def _count_lines(rng: random.Random) -> Draw:
    f, p, word = function_name(rng, "count", "lines", "number_of"), name_for(rng, "str"), rng.choice(WORDS)
    name, other = file_name(rng, "txt", "log"), [w for w in words(rng) if word not in w]
    lines = [f"{w} {word}" for w in other[:2]] + other + [word]
    return Draw(
        {"f": f, "p": p, "word": repr(word)},
        f"def {f}({p}):\n    with open({p}) as file:\n        return sum({word!r} in line for line in file)",
        _written(name, "\n".join(lines))
        + "\n"
        + _written("none.tmp", "-\n-")
        + "\n"
        + _written("one.tmp", f"-\n{word}"),
        (
            f"assert {f}({name!r}) == {len(other[:2]) + 1}",
            f"assert {f}('one.tmp') == 1",
            f"assert {f}('none.tmp') == 0 and type({f}('none.tmp')) is int",
        ),
    )


def _join_path(rng: random.Random) -> Draw:
    a, name, folder = name_for(rng, "str"), file_name(rng), rng.choice(NOUNS)
    return Draw(
        {"a": a, "name": repr(name)},
        f"os.path.join({a}, {name!r})",
        f"import os\n{a} = {folder!r}",
        expect(os.path.join(folder, name), **{a: folder}),
    )


def _path_part(rng: random.Random) -> Draw:
    p, path = name_for(rng, "str"), f"{rng.choice(NOUNS)}/{rng.choice(WORDS)}/{file_name(rng)}"
    what, code = rng.choice(
        [
            ("file name", "os.path.basename({p})"),
            ("folder", "os.path.dirname({p})"),
            ("extension", "os.path.splitext({p})[1]"),
            ("directory", "os.path.dirname({p})"),
        ]
    )
    part = {"file name": os.path.basename(path), "extension": os.path.splitext(path)[1]}
    return Draw(
        {"p": p, "what": what},
        code.format(p=p),
        f"import os\n{p} = {path!r}",
        expect(part.get(what, os.path.dirname(path)), **{p: path}),
    )


def _with_ending(rng: random.Random) -> Draw:
    ending = rng.choice(["txt", "csv", "log", "json", "md", "dat", "py", "html", "xml"])
    names = sorted(f"{word}.{ending}" for word in words(rng, 3))
    made = [*names, f"{ending}.zzz", f"{names[0]}x"]
    setup = "import glob\n" + "\n".join(f"open({name!r}, 'w').close()" for name in made)
    return Draw({"ending": repr("." + ending)}, f"sorted(glob.glob('*.{ending}'))", setup, expect(names))


def _rows(rng: random.Random) -> Draw:
    name, sep = (
        file_name(rng, "csv", "tsv", "txt", "dat"),
        rng.choice([c for c in SEPARATORS if len(c) == 1 and c not in " \n."]),
    )
    rows = not_rising([words(rng, 3) for _ in range(3)])
    return Draw(
        {"name": repr(name), "sep": repr(sep)},
        f"list(csv.reader(open({name!r}), delimiter={sep!r}))",
        "import csv\n" + _written(name, "".join(sep.join(row) + "\n" for row in rows)),
        expect(rows),
    )


def _write_numbers(rng: random.Random) -> Draw:
    f, (a, p) = function_name(rng, "write", "save", "dump", "store"), names_for(rng, "list", "str")
    data, name = ints(rng), file_name(rng, "txt", "dat")
    return Draw(
        {"f": f, "a": a, "p": p},
        f"def {f}({a}, {p}):\n    with open({p}, 'w') as file:\n"
        f"        for x in {a}:\n            file.write(f'{{x}}\\n')",
        "",
        (
            f"{f}({data}, {name!r}); assert open({name!r}).read().split() == {[str(x) for x in data]}",
            f"{f}([5, 6], {name!r}); assert open({name!r}).read() == '5\\n6\\n'",
            f"{f}([], {name!r}); assert open({name!r}).read() == ''",
        ),
    )


FAMILIES = (
    Family(
        "file-exists",
        TOPIC,
        "statement",
        (
            "Check if the file {name} exists.",
            "How do I check whether a file {name} exists?",
            "does file {name} exist",
            "Return True if there is a file named {name}, otherwise False.",
            "test if {name} exists with os",
            "Find out whether {name} is there.",
            "Is there a file called {name} in the current folder?",
            "see if path {name} is present",
        ),
        _exists,
    ),
    Family(
        "read-file",
        TOPIC,
        "statement",
        (
            "Read the {what} of file {name}.",
            "How do I get the {what} of a file {name}?",
            "{what} of {name}",
            "Return the {what} in the file {name}.",
            "open {name} and read the {what}",
            "Get the {what} from the file named {name}.",
            "What is the {what} of the text file {name}?",
            "file {name} as {what}",
        ),
        _read,
    ),
    Family(
        "stripped-lines",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the lines of file `{p}` without surrounding whitespace.",
            "Define `{f}({p})` to read a file into a list of stripped lines.",
            "function `{f}` that reads lines from the file at `{p}` and strips them",
            "How do I write `{f}({p})` which gives a list of all lines without newlines and spaces around?",
            "Create a function `{f}` with a path `{p}` as argument, returning its stripped lines.",
            "Implement `{f}({p})`: open the file, strip each line, return the list.",
            "Given a path `{p}`, `{f}` lists the lines of the file, whitespace at both ends removed.",
            "def `{f}` of `{p}`, stripped lines as list",
        ),
        _stripped_lines,
    ),
    Family(
        "write-text",
        TOPIC,
        "function",
        (
            "Write a function `{f}` with arguments `{p}` and `{s}` that {verb} text `{s}` to file `{p}`.",
            "Define `{f}({p}, {s})` which {verb} `{s}` to the file at path `{p}`.",
            "function `{f}` that {verb} `{s}` to `{p}`, called as `{f}({p}, {s})`",
            "How do I write `{f}({p}, {s})` that {verb} a string to a file?",
            "Create a function `{f}({p}, {s})`; it {verb} the string `{s}` to the file named `{p}`.",
            "Implement `{f}({p}, {s})`: it {verb} to the file `{p}` what is in `{s}`.",
            "The function `{f}` gets a path `{p}` and then a text `{s}` and {verb} the text to that file.",
            "def `{f}` of `{p}`, `{s}`: {verb} the second to the file of the first",
        ),
        _write,
    ),
    Family(
        "count-lines",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that counts the lines of file `{p}` that contain {word}.",
            "Define `{f}({p})` returning how many lines of the file have {word} in them.",
            "function `{f}` to count lines with {word} in the file `{p}`",
            "How do I write `{f}({p})` which counts the lines containing {word}?",
            "Create a function `{f}` with a path `{p}`; return the number of lines with {word}.",
            "Implement `{f}({p})`: number of lines in the file in which {word} occurs.",
            "How many lines of the file `{p}` include {word}? Write `{f}`.",
            "def `{f}` of `{p}`, line count for {word}",
        ),
        _count_lines,
    ),
    Family(
        "join-path",
        TOPIC,
        "statement",
        (
            "Join the folder `{a}` and the file name {name} to a path.",
            "How do I build the path of {name} in directory `{a}`?",
            "path of file {name} in folder `{a}`",
            "Return the path made of `{a}` and {name} using os.path.",
            "join path `{a}` with {name}",
            "Combine `{a}`, a directory, with {name} into one path.",
            "Where is {name} if it lies in the folder `{a}`? Give the path.",
            "os path for `{a}` and then {name}",
        ),
        _join_path,
    ),
    Family(
        "path-part",
        TOPIC,
        "statement",
        (
            "Get the {what} of the path `{p}`.",
            "How do I extract the {what} from a path `{p}`?",
            "{what} of path `{p}`",
            "Return the {what} in the file path `{p}`.",
            "get {what} from `{p}` with os.path",
            "I need only the {what} of the path in `{p}`.",
            "What is the {what} of `{p}`?",
            "path `{p}`: its {what}",
        ),
        _path_part,
    ),
    Family(
        "files-with-ending",
        TOPIC,
        "statement",
        (
            "Get a sorted list of all files ending with {ending} in the current folder.",
            "How do I list the files with extension {ending} in alphabetical order?",
            "sorted names of {ending} files here",
            "Return the names of all {ending} files in the current directory, sorted.",
            "list all {ending} files with glob, sorted",
            "Find every file whose name ends in {ending} and sort the names.",
            "Which files of the current folder are {ending} files? Sort them.",
            "all names with {ending} at the end, in order, from this directory",
        ),
        _with_ending,
    ),
    Family(
        "read-rows",
        TOPIC,
        "statement",
        (
            "Read the file {name} with delimiter {sep} into a list of rows.",
            "How do I read {name} with the csv module when the separator is {sep}?",
            "rows of csv file {name}, delimiter {sep}",
            "Return all rows of {name}, whose fields are separated by {sep}, as lists.",
            "read csv {name} separated by {sep} to a list of lists",
            "Use csv to load {name}; its columns are divided by {sep}.",
            "The fields in {name} have {sep} between them. Get the table as a list.",
            "table from {name} with separator {sep}",
        ),
        _rows,
    ),
    Family(
        "write-numbers",
        TOPIC,
        "function",
        (
            "Write a function `{f}({a}, {p})` that writes each item of `{a}` on a line of file `{p}`.",
            "Define `{f}({a}, {p})` to write a list to a file, one item per line.",
            "function `{f}` that saves list `{a}` to the file `{p}`, one element per line",
            "How do I write `{f}({a}, {p})` that puts every item on its own line of a file?",
            "Create a function `{f}({a}, {p})` which stores the items of `{a}` line by line in `{p}`.",
            "Implement `{f}({a}, {p})`: for each item one line in the file.",
            "`{f}` takes a list `{a}` and a path `{p}` and makes a file with a line for every item.",
            "def `{f}` of `{a}`, `{p}`: the list as lines of the file",
        ),
        _write_numbers,
    ),
)
