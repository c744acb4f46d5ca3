"""The parts that requests are put together from, each in several wordings, with the code that it stands for.

In a wording or a piece of code {X} is the text of the items, {0} one item, {a} the items as an argument, {l} as a list,
{v} and {u} names of variables, {n} and {k} numbers, {s} and {t} texts, {sep} a separator.
"""

Wordings = tuple[str, ...]

SOURCES: dict[str, tuple[tuple[str, Wordings, str], ...]] = {  # kind of items -> (sort of name, wordings, code)
    "numbers": (
        ("list", ("`{v}`", "list `{v}`", "the list `{v}`", "the numbers in `{v}`", "the items of `{v}`"), "{v}"),
        ("list", ("the elements of `{v}`", "all elements of list `{v}`", "the values in list `{v}`"), "{v}"),
        (
            "dict",
            ("the values of `{v}`", "the values of the dict `{v}`", "the values in dictionary `{v}`"),
            "{v}.values()",
        ),
        ("str", ("the numbers in the text `{v}`, separated by blanks",), "map(int, {v}.split())"),
        ("num", ("the numbers from 0 to `{v}`, `{v}` not included", "the whole numbers below `{v}`"), "range({v})"),
        ("num", ("the numbers from 1 to `{v}`", "the integers from 1 up to and including `{v}`"), "range(1, {v} + 1)"),
    ),
    "texts": (
        ("list", ("`{v}`", "the strings in `{v}`", "the words in list `{v}`", "the strings of list `{v}`"), "{v}"),
        ("list", ("the items of the list of strings `{v}`", "the names in `{v}`", "all words of `{v}`"), "{v}"),
        ("dict", ("the keys of `{v}`", "the keys of dict `{v}`", "the keys in the dictionary `{v}`"), "{v}"),
        ("str", ("the words of `{v}`", "the words in the string `{v}`", "the words of the text `{v}`"), "{v}.split()"),
        ("str", ("the lines of `{v}`", "the lines of the text `{v}`", "all lines in string `{v}`"), "{v}.splitlines()"),
        ("str", ("the characters of `{v}`", "the letters in string `{v}`", "each character of `{v}`"), "{v}"),
        ("str", ("the parts of `{v}` between {sep}", "the pieces of string `{v}` split at {sep}"), "{v}.split({sep})"),
    ),
}
FILTERS: dict[str, tuple[tuple[Wordings, str], ...]] = {  # {0}: an item
    "numbers": (
        (("that are greater than {n}", "above {n}", "larger than {n}", "over {n}", "bigger than {n}"), "{0} > {n}"),
        (("that are less than {n}", "below {n}", "smaller than {n}", "under {n}"), "{0} < {n}"),
        (("that are at least {n}", "not below {n}", "greater than or equal to {n}", "from {n} on"), "{0} >= {n}"),
        (("that are at most {n}", "not above {n}", "less than or equal to {n}", "up to {n}"), "{0} <= {n}"),
        (("that are even", "which are even", "divisible by two"), "{0} % 2 == 0"),
        (("that are odd", "which are odd"), "{0} % 2 == 1"),
        (("divisible by {k}", "that are multiples of {k}", "which {k} divides"), "{0} % {k} == 0"),
        (("not divisible by {k}", "that are no multiples of {k}"), "{0} % {k} != 0"),
        (("other than {n}", "that are not {n}", "different from {n}", "except {n}"), "{0} != {n}"),
        (("that are positive", "greater than zero"), "{0} > 0"),
        (("that are negative", "below zero"), "{0} < 0"),
        (("that are not in `{u}`", "missing from `{u}`", "which `{u}` does not contain"), "{0} not in {u}"),
        (("that are also in `{u}`", "which `{u}` contains too"), "{0} in {u}"),
    ),
    "texts": (
        (("that start with {s}", "starting with {s}", "beginning with {s}"), "{0}.startswith({s})"),
        (("that end with {s}", "ending in {s}", "with the ending {s}"), "{0}.endswith({s})"),
        (("that contain {s}", "with {s} in them", "which have {s} somewhere"), "{s} in {0}"),
        (("that do not contain {s}", "without {s} in them"), "{s} not in {0}"),
        (("longer than {k} characters", "with more than {k} characters", "of more than {k} letters"), "len({0}) > {k}"),
        (("shorter than {k} characters", "with less than {k} letters"), "len({0}) < {k}"),
        (("of length {k}", "with exactly {k} characters"), "len({0}) == {k}"),
        (("in upper case", "that are all capitals"), "{0}.isupper()"),
        (("in lower case", "that are all lower case"), "{0}.islower()"),
        (("that consist of digits", "which are digits only"), "{0}.isdigit()"),
        (("that are not empty", "which are not blank"), "{0}"),
        (("that are not in `{u}`", "missing from `{u}`"), "{0} not in {u}"),
        (("other than {s}", "that are not {s}", "different from {s}"), "{0} != {s}"),
    ),
}
CHANGES: dict[str, tuple[tuple[Wordings, str, str], ...]] = {  # kind before -> (wordings, code of an item, kind after)
    "numbers": (
        (("the squares of {X}", "{X}, each squared", "the square of each of {X}"), "{0} ** 2", "numbers"),
        (("{X}, each times {k}", "{X} multiplied by {k}", "{k} times each of {X}"), "{0} * {k}", "numbers"),
        (("{X}, each plus {k}", "{X} increased by {k}", "{X} with {k} added to each"), "{0} + {k}", "numbers"),
        (("{X}, each minus {k}", "{X} reduced by {k}", "{X} with {k} subtracted from each"), "{0} - {k}", "numbers"),
        (("{X}, each divided by {k}", "{X} divided by {k}"), "{0} / {k}", "numbers"),
        (("the remainders of {X} by {k}", "{X} modulo {k}"), "{0} % {k}", "numbers"),
        (("the absolute values of {X}", "{X} without their signs"), "abs({0})", "numbers"),
        (("{X} as strings", "{X}, each as text", "{X} converted to strings"), "str({0})", "texts"),
    ),
    "texts": (
        (("{X} in upper case", "the upper-case form of {X}", "{X}, all upper-cased"), "{0}.upper()", "texts"),
        (("{X} in lower case", "{X} converted to lower case", "{X}, lower-cased"), "{0}.lower()", "texts"),
        (("{X} capitalized", "{X}, each with a capital first letter"), "{0}.capitalize()", "texts"),
        (
            ("{X} stripped of blanks", "{X} without surrounding whitespace", "{X}, each stripped"),
            "{0}.strip()",
            "texts",
        ),
        (("{X} reversed", "{X}, each one backwards", "{X}, each spelled backwards"), "{0}[::-1]", "texts"),
        (("the first letters of {X}", "the first character of each of {X}"), "{0}[0]", "texts"),
        (("the last letters of {X}", "the last character of each of {X}"), "{0}[-1]", "texts"),
        (("the first {k} characters of each of {X}", "{X}, each cut to {k} characters"), "{0}[:{k}]", "texts"),
        (("{X} without their first {k} characters",), "{0}[{k}:]", "texts"),
        (("{X} with {s} replaced by {t}", "{X} with {t} in place of {s}"), "{0}.replace({s}, {t})", "texts"),
        (("{X} with {s} appended", "{X}, each followed by {s}"), "{0} + {s}", "texts"),
        (("{X} with the prefix {s}", "{X}, each after {s}"), "{s} + {0}", "texts"),
        (("the lengths of {X}", "the length of each of {X}", "how long each of {X} is"), "len({0})", "numbers"),
        (("how often {s} occurs in each of {X}", "the count of {s} in each of {X}"), "{0}.count({s})", "numbers"),
    ),
}
ORDERS: tuple[tuple[str, Wordings, str], ...] = (
    ("", ("{X} in sorted order", "{X}, sorted", "{X} in ascending order", "sorted {X}"), "sorted({a})"),
    (
        "",
        ("{X} in descending order", "{X} sorted from high to low", "{X}, sorted in reverse"),
        "sorted({a}, reverse=True)",
    ),
    ("texts", ("{X} sorted by length", "{X} from the shortest to the longest"), "sorted({a}, key=len)"),
    ("numbers", ("{X} sorted by absolute value",), "sorted({a}, key=abs)"),
    ("texts", ("{X} sorted without regard to case",), "sorted({a}, key=str.lower)"),
    ("", ("{X} without duplicates, sorted", "the distinct values of {X} in order"), "sorted(set({a}))"),
)
PIECES: tuple[tuple[Wordings, str], ...] = (
    (("the first {k} of {X}", "the {k} first of {X}", "{X}, only the first {k}"), "{l}[:{k}]"),
    (("the last {k} of {X}", "the {k} last of {X}"), "{l}[-{k}:]"),
    (("{X} without the first {k}", "{X} from position {k} on"), "{l}[{k}:]"),
    (("{X} without the last {k}", "all but the last {k} of {X}"), "{l}[:-{k}]"),
    (("every {k}th of {X}", "each {k}th of {X}"), "{l}[::{k}]"),
    (("{X} in reverse", "{X} backwards", "{X} in reversed order"), "{l}[::-1]"),
)
SUMMARIES: tuple[tuple[str, Wordings, str], ...] = (  # kind of items, "" for any; {a} argument, {l} list
    ("numbers", ("the sum of {X}", "the total of {X}", "{X} added up"), "sum({a})"),
    ("", ("the largest of {X}", "the maximum of {X}", "the greatest of {X}"), "max({a})"),
    ("", ("the smallest of {X}", "the minimum of {X}", "the least of {X}"), "min({a})"),
    ("texts", ("the longest of {X}", "the one of {X} with most characters"), "max({a}, key=len)"),
    ("texts", ("the shortest of {X}", "the one of {X} with fewest characters"), "min({a}, key=len)"),
    (
        "texts",
        ("{X} joined with {sep}", "{X} as one string with {sep} between", "{X} put together with {sep}"),
        "{sep}.join({a})",
    ),
    ("", ("the set of {X}", "{X} as a set", "the distinct values of {X} as a set"), "set({a})"),
    ("", ("a tuple of {X}", "{X} as a tuple"), "tuple({a})"),
    ("", ("the number of different values in {X}", "how many distinct values {X} have"), "len(set({a}))"),
    ("", ("the first of {X}", "the first one of {X}"), "{l}[0]"),
    ("", ("the last of {X}", "the last one of {X}"), "{l}[-1]"),
    ("", ("the position and value of each of {X}", "{X} with their positions, as pairs"), "list(enumerate({a}))"),
    ("numbers", ("the average of {X}", "the mean of {X}"), "sum({l}) / len({l})"),
)
TESTS: tuple[tuple[Wordings, str], ...] = (
    (
        ("whether all of {X} are {P}", "if every one of {X} is {P}", "True if all of {X} are {P}"),
        "all({c} for {x} in {source})",
    ),
    (
        ("whether any of {X} is {P}", "if at least one of {X} is {P}", "True if some of {X} are {P}"),
        "any({c} for {x} in {source})",
    ),
)
PREDICATES = (
    ("even", "x % 2 == 0"),
    ("odd", "x % 2 == 1"),
    ("positive", "x > 0"),
    ("negative", "x < 0"),
    ("above {n}", "x > {n}"),
    ("below {n}", "x < {n}"),
    ("equal to {n}", "x == {n}"),
)
FRAMES = (
    "Return {N}.",
    "Get {N}.",
    "{N}",
    "How do I get {N}?",
    "How to get {N}?",
    "Give {N}.",
    "Compute {N}.",
    "I need {N}.",
    "What is {N}?",
    "Find {N}.",
    "Write code for {N}.",
    "Show me {N}.",
    "Obtain {N}.",
    "Calculate {N}.",
)
DICTIONARIES: tuple[tuple[Wordings, str], ...] = (
    (
        ("the entries of `{v}` whose value is greater than {n}", "`{v}` with only the values above {n}"),
        "{{k: v for k, v in {v}.items() if v > {n}}}",
    ),
    (
        ("the entries of `{v}` whose value is below {n}", "`{v}` without the values from {n} on"),
        "{{k: v for k, v in {v}.items() if v < {n}}}",
    ),
    (
        ("`{v}` with every value times {k}", "the dict `{v}` with its values multiplied by {k}"),
        "{{k: v * {k} for k, v in {v}.items()}}",
    ),
    (
        ("`{v}` with every value increased by {k}", "the dict `{v}` with {k} added to each value"),
        "{{k: v + {k} for k, v in {v}.items()}}",
    ),
    (
        ("`{v}` with upper-case keys", "the dict `{v}` with its keys in upper case"),
        "{{k.upper(): v for k, v in {v}.items()}}",
    ),
    (("`{v}` without the key {s}", "the dict `{v}` with {s} left out"), "{{k: v for k, v in {v}.items() if k != {s}}}"),
    (
        ("the keys of `{v}` whose value is {n}", "which keys of dict `{v}` have the value {n}"),
        "[k for k, v in {v}.items() if v == {n}]",
    ),
    (
        ("the keys of `{v}` whose value is above {n}", "the keys in `{v}` with values over {n}"),
        "[k for k, v in {v}.items() if v > {n}]",
    ),
    (
        ("the key and value pairs of `{v}` as strings with {sep} between", "`{v}` as a list of texts key{sep}value"),
        "[f'{{k}}{bare}{{v}}' for k, v in {v}.items()]",
    ),
    (
        ("a dict from each word in `{v}` to its length", "the lengths of the words in `{v}`, by word"),
        "{{w: len(w) for w in {v}}}",
    ),
    (
        ("a dict from each number in `{v}` to its square", "the squares of the numbers in `{v}`, by number"),
        "{{x: x ** 2 for x in {v}}}",
    ),
    (
        (
            "a dict with the keys in `{v}` and the values in `{u}`",
            "the dictionary that maps `{v}` to `{u}` item by item",
        ),
        "dict(zip({v}, {u}))",
    ),
    (("the pairs of items of `{v}` and `{u}`", "`{v}` and `{u}` paired item by item"), "list(zip({v}, {u}))"),
    (
        ("the sums of the items of `{v}` and `{u}`", "`{v}` and `{u}` added item by item"),
        "[x + y for x, y in zip({v}, {u})]",
    ),
    (
        ("the products of the items of `{v}` and `{u}`", "`{v}` and `{u}` multiplied item by item"),
        "[x * y for x, y in zip({v}, {u})]",
    ),
)
