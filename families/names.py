"""Names that people give to variables and functions, drawn so that an answer has to copy them."""

import builtins
import keyword
import random

# Loop variables and modules of the references: never the name of an input.
_RESERVED = "i j k v x n c w p g r row line _ re os np json math random datetime string"

_NOUNS = """
user order price score city country student product item word token node edge file path page link book
author movie song track team player game match goal point vertex color pixel image frame row column cell
record event log error message mail phone address street name title label tag category group member
child parent sensor reading temperature weight height age year month day hour minute second time date
count total balance payment invoice amount rate ratio factor level rank grade mark answer question vote
ticket seat flight train station route stop bus car engine part tool plant animal bird fish gene protein
sample batch sequence letter char digit number value result entry field option param setting limit bound
range step index offset size length width depth area shape color sale client customer vendor employee
salary task job worker queue stack tree leaf root branch buffer chunk packet byte bit signal peak wave
note chord recipe meal fruit server host port session cookie request
"""

PLURALS = {
    "city": "cities", "country": "countries", "category": "categories", "match": "matches",
    "vertex": "vertices", "index": "indices", "entry": "entries", "child": "children", "batch": "batches",
    "bus": "buses", "fish": "fishes", "salary": "salaries", "branch": "branches", "area": "areas",
    "address": "addresses", "leaf": "leaves", "day": "days", "query": "queries", "size": "sizes",
}  # fmt: skip

_PREFIXES = """
my new old all raw first last top final temp other user input output data daily weekly max
local global cached current next prev parsed clean valid known main test train small big x1 full
"""

_SHORT = {
    "list": """
        a b l A B L lst arr li ls xs ys data vals nums my_list mylist list1 list2 the_list alist items seq
        values inputs numbers elements test_list list_a listA array1 collection stuff
    """,
    "dict": """
        d D dic dct my_dict mydict dict1 dict2 data mapping table lookup dictionary info config cfg settings
        hash_map cache registry params counts dict_a test_dict obj
    """,
    "str": """
        s S t text txt my_string mystring str1 string1 sentence content body msg input_str my_str raw_text
        title a b word1 phrase source data value st
    """,
    "set": """
        s t A B set1 set2 my_set myset seen items ids tags group1 group2 first second
    """,
    "num": """
        a b m y z num number val count total size limit q N M num1 amount my_int integer
    """,
    "date": """
        d dt d1 d2 date1 date2 my_date start end start_date end_date now then today birthday deadline created
        updated when ts timestamp moment t0 t1
    """,
    "array": """
        a b A B M X Y arr mat matrix data grid img array1 my_array values z y vec table
    """,
}

SUFFIXES = {
    "list": ("_list", "_lst", "List", "_values", "2", "_arr", "1"),
    "dict": ("_dict", "_map", "Dict", "_info", "_by_id", "_table", "_lookup"),
    "str": ("_str", "_text", "_name", "_string", "Text", "_line", "_label"),
    "set": ("_set", "_ids", "Set", "_tags", "_keys"),
    "num": ("_count", "_id", "_num", "_total", "Count", "_value"),
    "date": ("_date", "_time", "_dt", "Date", "_at", "_day"),
    "array": ("_arr", "_matrix", "_array", "_grid", "Array", "_data"),
}

RESERVED = frozenset(_RESERVED.split())
NOUNS = tuple(dict.fromkeys(_NOUNS.split()))  # each once, so that a sample has different names
PREFIXES = tuple(_PREFIXES.split())
SHORT = {sort: tuple(names.split()) for sort, names in _SHORT.items()}
_TAKEN = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | RESERVED


def plural(noun: str) -> str:
    """Returns the plural of one of NOUNS."""
    return PLURALS.get(noun, noun + "s")


def name_for(rng: random.Random, sort: str) -> str:
    """Returns a name for a variable of `sort` (a key of SHORT); never a builtin, keyword or loop variable."""
    single = sort in ("str", "num", "date")
    while True:
        shape = rng.random()
        noun = rng.choice(NOUNS)
        if shape < 0.28 or (sort == "date" and shape < 0.45):
            name = rng.choice(SHORT[sort])
        elif shape < 0.45:
            name = noun if single else plural(noun)
        elif shape < 0.68 or sort == "date":
            name = noun + rng.choice(SUFFIXES[sort])
        elif shape < 0.84:
            name = f"{rng.choice(PREFIXES)}_{noun if single else plural(noun)}"
        else:
            second = rng.choice(NOUNS)
            name = f"{noun}_{second if single else plural(second)}"
        if name not in _TAKEN:
            return name


def names_for(rng: random.Random, *sorts: str) -> list[str]:
    """Returns one name for each of `sorts`, all different."""
    names: list[str] = []
    for sort in sorts:
        name = name_for(rng, sort)
        while name in names:
            name = name_for(rng, sort)
        names.append(name)
    return names


def function_name(rng: random.Random, *verbs: str) -> str:
    """Returns a name for a function that starts with one of `verbs`, or a short or unrelated one."""
    shape = rng.random()
    if shape < 0.1:
        return rng.choice(("f", "func", "solve", "solution", "compute", "process", "fn", "my_func", "run"))
    verb, noun = rng.choice(verbs), rng.choice(NOUNS)
    if shape < 0.7:
        return f"{verb}_{rng.choice((noun, plural(noun)))}"
    if shape < 0.85:
        return verb + noun.capitalize()
    return f"{verb}_{rng.choice(PREFIXES)}_{noun}"


def class_name(rng: random.Random) -> str:
    """Returns a name for a class, of one or two capitalised nouns."""
    nouns = rng.sample(NOUNS, rng.choice((1, 1, 2)))
    return "".join(noun.capitalize() for noun in nouns)


def file_name(rng: random.Random, *endings: str) -> str:
    """Returns the name of a file in the current folder with one of `endings` (default: several)."""
    stem = rng.choice((rng.choice(NOUNS), name_for(rng, "list"), f"{rng.choice(PREFIXES)}-{rng.choice(NOUNS)}"))
    return f"{stem}.{rng.choice(endings or ('txt', 'csv', 'log', 'dat', 'md', 'json'))}"
