"""Families about regular expressions: finding, replacing, splitting, checking."""

import random
import re
import string

from families.draws import WORDS, calls, expect, not_rising, words
from families.family import Draw, Family
from families.names import function_name, name_for

TOPIC = "regex"
SETUP = "import re\n"
MARKS = ("()", "[]", "{}", "<>", "**", "##", "%%", "$$", "||", "@@", "__")
BRACKETS = [(pair[0], pair[1]) for pair in MARKS]  # opening and closing mark


def _find_numbers(rng: random.Random) -> Draw:
    s, data = name_for(rng, "str"), words(rng, 4)
    numbers = not_rising([str(rng.randint(1, 9999)) for _ in range(3)])
    text = f"{data[0]} {numbers[0]} {data[1]}{numbers[1]}, {data[2]} ({numbers[2]}) {data[3]}"
    word = rng.choice(["numbers", "integers", "groups of digits"])
    return Draw(
        {"s": s, "word": word},
        f"re.findall(r'\\d+', {s})",
        f"{SETUP}{s} = {text!r}",
        expect(numbers, **{s: text}),
    )


def _words_with_letter(rng: random.Random) -> Draw:
    s, data = name_for(rng, "str"), words(rng, 8)
    where = rng.choice(["start", "end"])
    letter = data[2][0] if where == "start" else data[2][-1]
    pattern = rf"\b{letter}\w*" if where == "start" else rf"\w*{letter}\b"
    fits = str.startswith if where == "start" else str.endswith
    another = [word for word in WORDS if fits(word, letter) and word not in data] or [letter * 2]
    data = not_rising([*data, *another[:1]], lambda data: [word for word in data if fits(word, letter)])
    text = " ".join(data)
    return Draw(
        {"s": s, "letter": repr(letter), "where": where},
        f"re.findall(r'{pattern}', {s})",
        f"{SETUP}{s} = {text!r}",
        expect(re.findall(pattern, text), **{s: text}),
    )


def _between(rng: random.Random) -> Draw:
    s, data, (left, right) = name_for(rng, "str"), words(rng, 5), rng.choice(BRACKETS)
    data[1], data[3] = not_rising([data[1], data[3]])
    text = f"{data[0]} {left}{data[1]}{right} {data[2]} {left}{data[3]} {data[4]}{right}"
    pattern = "(.*?)".join("\\" + c if c in "()[]{}*$|" else c for c in (left, right))
    return Draw(
        {"s": s, "left": repr(left), "right": repr(right)},
        f"re.findall(r'{pattern}', {s})",
        f"{SETUP}{s} = {text!r}",
        expect(re.findall(pattern, text), **{s: text}),
    )


def _number_after(rng: random.Random) -> Draw:
    s, data = name_for(rng, "str"), words(rng, 3)
    numbers, sep = rng.sample(range(10, 999), 3), rng.choice("=:-_#@")
    text = " ".join(f"{k}{sep}{v}" for k, v in zip(data, numbers, strict=True))
    mark = data[rng.randrange(1, 3)] + sep
    return Draw(
        {"s": s, "mark": repr(mark)},
        f"re.search(r'{mark}(\\d+)', {s}).group(1)",
        f"{SETUP}{s} = {text!r}",
        expect(str(dict(zip(data, numbers, strict=True))[mark[:-1]]), **{s: text}),
    )


def _substitute(rng: random.Random) -> Draw:
    s, data = name_for(rng, "str"), words(rng, 4)
    what, pattern = rng.choice(
        [("digits", r"\d+"), ("whitespace", r"\s+"), ("non-word characters", r"\W+"), ("non-digits", r"\D+")]
    )
    new = rng.choice(["-", "_", "*", "#", "X", "+", "/", "", "NUM", "~", "@"])
    text = f"{data[0]}  {rng.randint(10, 99)} {data[1]},  {data[2]}{rng.randint(100, 999)}\n{data[3]}"
    return Draw(
        {"s": s, "what": what, "new": repr(new)},
        f"re.sub(r'{pattern}', {new!r}, {s})",
        f"{SETUP}{s} = {text!r}",
        expect(re.sub(pattern, new, text), **{s: text}),
    )


def _split_on_any(rng: random.Random) -> Draw:
    s, data, (one, two) = name_for(rng, "str"), words(rng, 5), rng.sample(",;:|/#!@&=~", 2)
    text = data[0] + "".join(rng.choice((one, two)) + w for w in data[1:4]) + one + two.join(data[4:] + data[:1])
    return Draw(
        {"s": s, "one": repr(one), "two": repr(two)},
        f"re.split(r'[{one}{two}]', {s})",
        f"{SETUP}{s} = {text!r}",
        expect(re.split(f"[{one}{two}]", text), **{s: text}),
    )


def _is_code(rng: random.Random) -> Draw:
    f, s = function_name(rng, "is", "is_valid", "check", "match"), name_for(rng, "str")
    n, m = rng.randint(2, 4), rng.randint(2, 6)
    letters = rng.sample(string.ascii_uppercase, n)
    good = "".join(letters) + "".join(rng.choices(string.digits, k=m))
    return Draw(
        {"f": f, "s": s, "n": str(n), "m": str(m)},
        f"def {f}({s}):\n    return re.fullmatch(r'[A-Z]{{{n}}}\\d{{{m}}}', {s}) is not None",
        SETUP.strip(),
        calls(
            f,
            ((good,), True),
            ((good + "1",), False),
            (("A" + good,), False),
            ((good.lower(),), False),
            (("",), False),
        ),
    )


def _remove_suffix_digits(rng: random.Random) -> Draw:
    s, word, number = name_for(rng, "str"), rng.choice(WORDS), rng.randint(1, 9999)
    where, pattern = rng.choice([("start", r"^\d+"), ("end", r"\d+$"), ("beginning", r"^\d+")])
    text = f"{number}{word}{number + 7}{word}{number + 3}"
    return Draw(
        {"s": s, "where": where},
        f"re.sub(r'{pattern}', '', {s})",
        f"{SETUP}{s} = {text!r}",
        expect(re.sub(pattern, "", text), **{s: text}),
    )


FAMILIES = (
    Family(
        "find-numbers",
        TOPIC,
        "statement",
        (
            "Find all {word} in string `{s}` with a regular expression.",
            "How do I extract the {word} from `{s}` as a list of strings?",
            "regex to get all {word} in `{s}`",
            "Return a list of the {word} that occur in the text `{s}`, as strings.",
            "extract {word} from string `{s}`",
            "Get the {word} in `{s}` using re.",
            "Which {word} does the string `{s}` contain? Give them as strings.",
            "list the {word} of `{s}` in order, as text",
        ),
        _find_numbers,
    ),
    Family(
        "words-with-letter",
        TOPIC,
        "statement",
        (
            "Find all words in `{s}` that {where} with the letter {letter}.",
            "How do I get the words of string `{s}` that {where} with {letter} using a regex?",
            "regex for words that {where} with {letter} in `{s}`",
            "Return a list of every word in the text `{s}` that {where}s with {letter}.",
            "find words which {where} with {letter} in `{s}`",
            "Use re to list the words of `{s}` that {where} with {letter}.",
            "Which words of `{s}` {where} with {letter}? Use a regular expression.",
            "all matches in `{s}` of words with {letter} at their {where}",
        ),
        _words_with_letter,
    ),
    Family(
        "between-marks",
        TOPIC,
        "statement",
        (
            "Find all substrings between {left} and {right} in `{s}`.",
            "How can I extract the text between {left} and {right} in string `{s}`?",
            "regex to get everything between {left} and {right} in `{s}`",
            "Return a list of the strings that are enclosed by {left} and {right} in `{s}`.",
            "extract contents between {left} and {right} from `{s}`",
            "Get what stands between each {left} and the next {right} in `{s}`.",
            "The text `{s}` has parts that start after {left} and end before {right}. List them.",
            "list of the pieces of `{s}` inside {left} and {right}, marks left out",
        ),
        _between,
    ),
    Family(
        "number-after",
        TOPIC,
        "statement",
        (
            "Get the number that follows {mark} in string `{s}`, as a string.",
            "How do I extract the digits after {mark} in `{s}`?",
            "regex for the number after {mark} in `{s}`",
            "Return the digits that come right after {mark} in the text `{s}`.",
            "get digits following {mark} from `{s}`",
            "Search `{s}` for {mark} and return the number behind it as text.",
            "Which number stands after {mark} in `{s}`? Return a string.",
            "string of digits in `{s}` directly behind {mark}",
        ),
        _number_after,
    ),
    Family(
        "substitute",
        TOPIC,
        "statement",
        (
            "Replace each run of {what} in `{s}` with {new} using a regular expression.",
            "How do I replace one or more {what} in string `{s}` by {new}?",
            "regex replace sequences of {what} in `{s}` with {new}",
            "Return `{s}` with every group of consecutive {what} replaced by {new}.",
            "re.sub all runs of {what} in `{s}` with {new}",
            "Substitute {new} for each sequence of {what} in the text `{s}`.",
            "Wherever `{s}` has {what}, one or more in a row, put a single {new}.",
            "`{s}` where {new} stands for any run of {what}",
        ),
        _substitute,
    ),
    Family(
        "split-on-any",
        TOPIC,
        "statement",
        (
            "Split string `{s}` at every {one} or {two}.",
            "How can I split `{s}` on two delimiters, {one} and {two}?",
            "split `{s}` by {one} or {two} with re",
            "Return the parts of the text `{s}` that are separated by {one} or {two}.",
            "split string `{s}` using both {one} and {two} as separators",
            "Break `{s}` into a list where {one} and {two} are the separators.",
            "Cut the text `{s}` at each {one} and also at each {two}.",
            "pieces of `{s}`, delimiter either {one} or {two}",
        ),
        _split_on_any,
    ),
    Family(
        "is-code",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that checks if `{s}` is {n} capital letters followed by {m} digits.",
            "Define `{f}({s})` to test for {n} upper-case letters and then {m} digits, nothing else.",
            "function `{f}` that validates string `{s}`: {n} uppercase letters, {m} digits",
            "How do I write `{f}({s})` that is True only for {n} capitals followed by {m} digits?",
            "Create `{f}({s})`; it returns whether the string is {n} capital letters plus {m} digits.",
            "Implement `{f}({s})`: True if the whole string matches {n} letters A-Z and {m} digits.",
            "A code has {n} capital letters, then {m} digits. Write `{f}` to check a code `{s}`.",
            "def `{f}` of `{s}`, true for A-Z {n} times then 0-9 {m} times",
        ),
        _is_code,
    ),
    Family(
        "strip-digits",
        TOPIC,
        "statement",
        (
            "Remove the digits at the {where} of string `{s}` with a regular expression.",
            "How do I delete all digits from the {where} of `{s}`?",
            "regex to strip digits at the {where} of `{s}`",
            "Return the text `{s}` without the digits at its {where}.",
            "remove number at the {where} of `{s}`",
            "Cut off the number that is at the {where} of the string `{s}`.",
            "`{s}` has digits at its {where}; return it without those.",
            "no digits at the {where} of `{s}` any more",
        ),
        _remove_suffix_digits,
    ),
)
