"""Input data and literals of the instances, and the tests that a value must pass."""

import random
from collections.abc import Callable

from families.names import NOUNS

_MORE_WORDS = """
apple banana cherry lemon mango peach plum grape melon olive red green blue black white amber coral
ivory paris london tokyo berlin madrid rome oslo lima cairo delhi anna ben clara david emma felix grace
henry irene jack karen leo maria nina oscar paul quinn rosa sam tina uma victor wendy xavier yara zoe
cat dog horse tiger zebra mouse eagle shark whale snake river ocean desert forest island garden bridge
castle window mirror candle hammer needle violin guitar trumpet drum summer winter spring autumn monday
friday sunday north south east west
"""
WORDS = tuple(dict.fromkeys((*NOUNS, *_MORE_WORDS.split())))

SEPARATORS = (*",-;:|/_.#*+= ", ", ", "; ", " - ", "--", "::", "\t", "\n")
# Builtins by the name that a reference calls them by.
REDUCERS: dict[str, Callable] = {"sum": sum, "max": max, "min": min}
_KEYS = """
id name age city price score title email country date size color type status value weight rank year
level count user group phone state code label key price_eur total length height width salary team points
quantity category lang version path host port first_name last_name created
"""
KEYS = tuple(_KEYS.split())


def ints(rng: random.Random, low: int = 1, high: int = 60, least: int = 5, most: int = 8) -> list[int]:
    """Returns distinct whole numbers, never in rising or falling order."""
    while True:
        numbers = rng.sample(range(low, high + 1), rng.randint(least, most))
        if numbers != sorted(numbers) and numbers != sorted(numbers, reverse=True):
            return numbers


def around(rng: random.Random) -> tuple[int, list[int]]:
    """Returns a limit and unsorted numbers on both sides of it that show every wrong limit or comparison."""
    limit = rng.randint(10, 60)
    below, above = rng.sample(range(1, limit - 1), 2), rng.sample(range(limit + 2, 90), rng.randint(2, 3))
    numbers = [*below, limit - 1, limit, limit + 1, *above]
    while numbers == sorted(numbers):
        rng.shuffle(numbers)
    return limit, numbers


def not_rising(data: list, shown: Callable[[list], list] = list) -> list:
    """Returns `data`, turned round if what `shown` finds in it is in rising order: sorting it must not be right."""
    found = shown(data)
    return data[::-1] if found == sorted(found) else data


def repeated(rng: random.Random, pool: list, least: int = 6, most: int = 9) -> list:
    """Returns members of `pool` with repetitions; the first one occurs at least twice, not side by side."""
    rest = [rng.choice(pool) for _ in range(rng.randint(least, most) - 3)]
    return [pool[0], pool[1], *rest, pool[0]]


def words(rng: random.Random, count: int | None = None) -> list[str]:
    """Returns distinct lower-case words; three or more are not in alphabetical order either way."""
    while True:
        chosen = rng.sample(WORDS, count or rng.randint(4, 6))
        if len(chosen) < 3 or (chosen != sorted(chosen) and chosen != sorted(chosen, reverse=True)):
            return chosen


def ordinal(n: int) -> str:
    """Returns `n` as people write a place in a row: 2nd, 3rd, 4th; `n` from 2 to 20."""
    return f"{n}{ {2: 'nd', 3: 'rd'}.get(n, 'th') }"


def keys(rng: random.Random, count: int) -> list[str]:
    """Returns distinct keys as records of a table have them."""
    return rng.sample(KEYS, count)


def mapping(rng: random.Random, least: int = 4, most: int = 6) -> dict[str, int]:
    """Returns words with distinct numbers, sorted neither by key nor by value."""
    while True:
        numbers = ints(rng, least=least, most=most)
        names = words(rng, len(numbers))
        if [k for k, _ in sorted(zip(names, numbers, strict=True), key=lambda p: p[1])] != sorted(names):
            return dict(zip(names, numbers, strict=True))


def expect(expected: object, **unchanged: object) -> tuple[str, ...]:
    """Returns the tests of a one-line answer: its value, its type, and inputs that it must not change."""
    tests = [f"assert _ == {expected!r}", f"assert type(_) is {type(expected).__name__}"]
    if isinstance(expected, list | tuple | dict | set | str):
        tests.append(f"assert len(_) == {len(expected)}")
    else:
        tests.append(f"assert str(_) == {str(expected)!r}")
    return *tests, *(f"assert {name} == {value!r}" for name, value in unchanged.items())


def expect_number(expected: float) -> tuple[str, ...]:
    """Returns the tests of an answer that is a number of any type, numpy's included."""
    return (
        f"assert abs(_ - {expected!r}) < 1e-9",
        f"assert round(float(_), 6) == {round(float(expected), 6)!r}",
        "assert not isinstance(_, (bool, str))",
    )


def expect_array(expected: list, name: str, given: list) -> tuple[str, ...]:
    """Returns the tests of an answer that is a numpy array; the array `name` must stay as `given`."""
    return (
        f"assert _.tolist() == {expected}",
        "assert isinstance(_, np.ndarray)",
        f"assert {name}.tolist() == {given}",
    )


def leaves(name: str, expected: list | dict | set) -> tuple[str, ...]:
    """Returns the tests of an answer that changes the input `name` in place."""
    kind = type(expected).__name__
    return (
        f"assert {name} == {expected!r}",
        f"assert len({name}) == {len(expected)}",
        f"assert type({name}) is {kind}",
    )


def calls(function: str, *cases: tuple[tuple, object]) -> tuple[str, ...]:
    """Returns one test for each of `cases` = (arguments, expected result) of a function."""
    tests = []
    for arguments, expected in cases:
        call = f"{function}({', '.join(map(repr, arguments))})"
        is_one = expected is None or isinstance(expected, bool)
        tests.append(f"assert {call} is {expected}" if is_one else f"assert {call} == {expected!r}")
    return tuple(tests)
