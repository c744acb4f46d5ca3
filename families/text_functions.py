"""Families about functions of text: words, letters, order, building strings."""

import random
import string

from families.draws import REDUCERS, SEPARATORS, WORDS, calls, words
from families.family import Draw, Family
from families.names import function_name, name_for, names_for

TOPIC = "text-functions"


def _count_letters_of(rng: random.Random) -> Draw:
    f, s = function_name(rng, "count", "number_of", "letters"), name_for(rng, "str")
    what, of = rng.choice([("vowels", "aeiou"), ("digits", "0123456789"), ("punctuation marks", ".,;:!?")])
    texts = ["hello, 42 worlds!", " ".join(words(rng, 3)) + "; 7", "", "aeiou 0.1?", string.printable.strip()]
    return Draw(
        {"f": f, "s": s, "what": what},
        f"def {f}({s}):\n    return sum(c in {of!r} for c in {s})",
        "",
        calls(f, *(((t,), sum(c in of for c in t)) for t in texts)),
    )


def _extreme_word(rng: random.Random) -> Draw:
    f, s = function_name(rng, "find", "get", "longest", "word"), name_for(rng, "str")
    which, function = rng.choice([("longest", "max"), ("shortest", "min")])
    cases: list[tuple] = []
    while len(cases) < 3:
        chosen = words(rng, 5)
        best = REDUCERS[function](chosen, key=len)
        if sum(len(w) == len(best) for w in chosen) == 1:
            cases.append(((" ".join(chosen),), best))
    return Draw(
        {"f": f, "s": s, "which": which},
        f"def {f}({s}):\n    return {function}({s}.split(), key=len)",
        "",
        calls(f, *cases),
    )


def _reverse_words(rng: random.Random) -> Draw:
    f, s = function_name(rng, "reverse", "flip", "turn"), name_for(rng, "str")
    texts = [" ".join(words(rng)) for _ in range(3)]
    return Draw(
        {"f": f, "s": s},
        f"def {f}({s}):\n    return ' '.join({s}.split()[::-1])",
        "",
        calls(f, *(((t,), " ".join(t.split()[::-1])) for t in [*texts, ""])),
    )


def _remove_letters(rng: random.Random) -> Draw:
    f, s = function_name(rng, "remove", "strip", "drop", "clean"), name_for(rng, "str")
    texts = [" ".join(words(rng, 3)) for _ in range(3)]
    one, two = rng.sample(sorted(set(texts[0]) - {" "}), 2)
    return Draw(
        {"f": f, "s": s, "one": repr(one), "two": repr(two)},
        f"def {f}({s}):\n    return {s}.replace({one!r}, '').replace({two!r}, '')",
        "",
        calls(f, *(((t,), t.replace(one, "").replace(two, "")) for t in [*texts, f"{two}{one}a{one}"])),
    )


def _greeting(rng: random.Random) -> Draw:
    f, s, before, after = (
        function_name(rng, "greet", "say", "make", "build"),
        name_for(rng, "str"),
        *words(rng, 2),
    )
    cases = [((w,), f"{before} {w} {after}") for w in ["x", *words(rng, 2)]]
    literal = repr(before + " {" + s + "} " + after)
    return Draw(
        {"f": f, "s": s, "before": repr(before), "after": repr(after)},
        f"def {f}({s}):\n    return f{literal}",
        "",
        calls(f, *cases),
    )


def _shorten(rng: random.Random) -> Draw:
    f, s, n = (
        function_name(rng, "shorten", "truncate", "cut", "trim"),
        name_for(rng, "str"),
        rng.randint(4, 12),
    )
    ending = rng.choice(["...", "..", "~", "-", "+", " [...]", "*", "#", " etc", "!"])
    long = "".join(words(rng, 5))
    cases = [long, long[:n], long[: n + 1], long[: n - 1], ""]
    return Draw(
        {"f": f, "s": s, "n": str(n), "ending": repr(ending)},
        f"def {f}({s}):\n    if len({s}) <= {n}:\n        return {s}\n    return {s}[:{n}] + {ending!r}",
        "",
        calls(f, *(((t,), t if len(t) <= n else t[:n] + ending) for t in cases)),
    )


def _change_words(rng: random.Random) -> Draw:
    f, s = function_name(rng, "change", "format", "convert", "make"), name_for(rng, "str")
    how, method = rng.choice(
        [("capitalised", "capitalize"), ("in upper case", "upper"), ("with its case swapped", "swapcase")]
    )
    sep = rng.choice([x for x in SEPARATORS if x.strip()])
    texts = [" ".join(words(rng, 3)) + " McX" for _ in range(3)]
    return Draw(
        {"f": f, "s": s, "how": how, "sep": repr(sep)},
        f"def {f}({s}):\n    return {sep!r}.join(x.{method}() for x in {s}.split())",
        "",
        calls(f, *(((t,), sep.join(getattr(x, method)() for x in t.split())) for t in texts)),
    )


def _anagram(rng: random.Random) -> Draw:
    f, (a, b) = function_name(rng, "is", "are", "check", "compare"), names_for(rng, "str", "str")
    word, other = words(rng, 2)
    mixed = "".join(rng.sample(word, len(word)))
    return Draw(
        {"f": f, "a": a, "b": b},
        f"def {f}({a}, {b}):\n    return sorted({a}) == sorted({b})",
        "",
        calls(
            f,
            ((word, mixed), True),
            ((word, other + "z"), False),
            ((word, word + word[0]), False),
            (("ab", "ba"), True),
        ),
    )


def _count_words(rng: random.Random) -> Draw:
    f, (s, w) = function_name(rng, "count", "occurrences", "find"), names_for(rng, "str", "str")
    one, two, three = words(rng, 3)
    text = f"{one} {two} {one} {three}{one} {one}{two}"
    return Draw(
        {"f": f, "s": s, "w": w},
        f"def {f}({s}, {w}):\n    return {s}.split().count({w})",
        "",
        calls(f, ((text, one), 2), ((text, two), 1), ((text, rng.choice(WORDS) + "q"), 0), (("", one), 0)),
    )


FAMILIES = (
    Family(
        "count-letters-of",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that counts the {what} in the string `{s}`.",
            "Define `{f}({s})` returning the number of {what} in `{s}`.",
            "function `{f}` to count {what} of a text `{s}`",
            "How do I write `{f}({s})` that tells how many {what} a string has?",
            "Create a function `{f}` with argument `{s}`; it returns how many {what} are in it.",
            "Implement `{f}({s})`: the count of all {what}.",
            "How many {what} does `{s}` have? Write `{f}` to count them.",
            "def `{f}` of `{s}`, {what} counted",
        ),
        _count_letters_of,
    ),
    Family(
        "extreme-word",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns the {which} word of the sentence `{s}`.",
            "Define `{f}({s})` to find the {which} word in `{s}`.",
            "function `{f}` for the {which} word in a string `{s}`",
            "How do I write `{f}({s})` which gives the {which} word of a text?",
            "Create a function `{f}` with argument `{s}` that finds its {which} word.",
            "Implement `{f}({s})`: split at spaces and return the {which} word.",
            "Of all the words in `{s}`, `{f}` returns the {which}.",
            "def `{f}` of `{s}`: {which} word",
        ),
        _extreme_word,
    ),
    Family(
        "reverse-words",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that reverses the order of the words in `{s}`.",
            "Define `{f}({s})` which returns the words of the string in reverse order.",
            "function `{f}` to reverse word order of a sentence `{s}`",
            "How do I write `{f}({s})` that puts the words of a text in reverse order?",
            "Create a function `{f}` with argument `{s}`; the last word comes first and so on.",
            "Implement `{f}({s})`: same words, opposite order, joined by spaces.",
            "The words of `{s}` from last to first: write `{f}`.",
            "def `{f}` of `{s}`, words backwards but not their letters",
        ),
        _reverse_words,
    ),
    Family(
        "remove-letters",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that removes all {one} and {two} from string `{s}`.",
            "Define `{f}({s})` to delete the characters {one} and {two}.",
            "function `{f}` that strips every {one} and every {two} out of `{s}`",
            "How do I write `{f}({s})` which returns the text without {one} and {two}?",
            "Create a function `{f}` with argument `{s}`; drop the letters {one} and {two}.",
            "Implement `{f}({s})`: `{s}` with neither {one} nor {two}.",
            "`{f}` gives back `{s}`, but the characters {one} and {two} are left out.",
            "def `{f}` of `{s}`, no {one}, no {two}",
        ),
        _remove_letters,
    ),
    Family(
        "build-sentence",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns {before}, `{s}` and {after} separated by spaces.",
            "Define `{f}({s})` to build the text {before}, then `{s}`, then {after}, with spaces between.",
            "function `{f}` returning {before} + `{s}` + {after} with single spaces",
            "How do I write `{f}({s})` that puts {before} before and {after} after the text, with spaces?",
            "Create a function `{f}` with argument `{s}`: word {before} first, then `{s}`, last {after}.",
            "Implement `{f}({s})`, an f-string of {before}, `{s}` and {after} with blanks between.",
            "Between {before} and {after} goes the value of `{s}`, with spaces. Write `{f}`.",
            "def `{f}` of `{s}`, {before} in front, {after} behind, one space each",
        ),
        _greeting,
    ),
    Family(
        "shorten",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that cuts `{s}` to {n} characters and adds {ending} if it is longer.",
            "Define `{f}({s})`: strings over {n} characters become their first {n} plus {ending}.",
            "function `{f}` to truncate `{s}` after {n} characters with {ending} at the cut",
            "How do I write `{f}({s})` that keeps {n} characters and appends {ending} to longer texts?",
            "Create `{f}({s})`; of more than {n} characters, return the first {n} and {ending}.",
            "Implement `{f}({s})`: at most {n} characters stay, and {ending} follows where it was cut.",
            "A text `{s}` of up to {n} characters stays; of a longer one `{f}` returns {n} and {ending}.",
            "def `{f}` of `{s}`, limit {n}, ending {ending}",
        ),
        _shorten,
    ),
    Family(
        "change-words",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that returns every word of `{s}` {how}, joined by {sep}.",
            "Define `{f}({s})` which takes each word of the text {how} and joins them with {sep}.",
            "function `{f}`: words of `{s}`, each {how}, separated by {sep}",
            "How do I write `{f}({s})` that gives all words {how} with {sep} between?",
            "Create a function `{f}` with argument `{s}`; join its words, each one {how}, by {sep}.",
            "Implement `{f}({s})`: split into words, write each {how}, put {sep} between them.",
            "Each word of `{s}` should be {how}, and {sep} should separate them. Write `{f}`.",
            "def `{f}` of `{s}`, {sep} joined, every word {how}",
        ),
        _change_words,
    ),
    Family(
        "anagram",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that checks if the strings `{a}` and `{b}` are anagrams.",
            "Define `{f}({a}, {b})`, True if both have the same letters.",
            "function `{f}` to test whether `{a}` is an anagram of `{b}`",
            "How do I write `{f}({a}, {b})` which tells if two words are anagrams?",
            "Create a function `{f}({a}, {b})` that returns True for anagrams and False otherwise.",
            "Implement `{f}({a}, {b})`: do the two strings consist of the same characters?",
            "Can `{a}` be rearranged to `{b}`? Write `{f}` to find out.",
            "def `{f}` of `{a}`, `{b}`, anagram check",
        ),
        _anagram,
    ),
    Family(
        "count-word",
        TOPIC,
        "function",
        (
            "Write a function `{f}({s}, {w})` that counts how often the word `{w}` is in the text `{s}`.",
            "Define `{f}({s}, {w})` to count the whole word `{w}` in `{s}`.",
            "function `{f}({s}, {w})` counting occurrences of word `{w}` in string `{s}`",
            "How do I write `{f}({s}, {w})` which returns how many words of `{s}` equal `{w}`?",
            "Create a function `{f}` of `{s}` and `{w}`; count the words of `{s}` that are `{w}`.",
            "Implement `{f}({s}, {w})`: split `{s}` and count `{w}`.",
            "`{f}` gets a text `{s}` first and a word `{w}` next, and returns the count of that word.",
            "def `{f}` of `{s}`, `{w}`: frequency of the second among the words of the first",
        ),
        _count_words,
    ),
)
