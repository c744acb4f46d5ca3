"""Two thousand programs of chance: whatever they are, they get a verdict, and leave nothing."""

import bisect
import fnmatch
import heapq
import inspect
import io
import keyword
import random
import shlex
import textwrap
import tokenize
from collections import Counter
from types import ModuleType

import pytest
from arena import PLAIN

from ddpt_core.data.task import Task
from ddpt_core.metrics.execution import Limits
from families import instances
from sandbox.signs import MISLEADING

LIMITS = Limits(timeout=0.5, memory_mb=128, output_kb=64, disk_mb=2)
STATUSES = {"passed", "failed", "error", "timeout", "memory"}
OUTCOMES = {"passed", "failed", "error", "not reached"}
TOKENS = [
    *keyword.kwlist,
    *"x y f answer _ self print len range open import os sys math list dict str int type exec eval".split(),  # noqa: SIM905
    *"( ) [ ] { } : , . = == < - + * ** / // % @ ; ~ -> := \\ 0 1 2 -1 1e9 10**5 'a' b'' f'' \"\"\"".split(),  # noqa: SIM905
    *("\n", "\n    ", "\n        ", " ", "\t", "#", "\0", "\ud800", "é", "\N{ZERO WIDTH SPACE}"),
]


def random_bytes(rng: random.Random) -> str:
    """Returns up to 300 characters that no one chose."""
    return rng.randbytes(rng.randrange(300)).decode("latin-1")


def token_soup(rng: random.Random) -> str:
    """Returns up to 60 tokens of Python in any order."""
    return " ".join(rng.choice(TOKENS) for _ in range(rng.randrange(60)))


def changed_code(rng: random.Random, source: str) -> str:
    """Returns real code of which a few tokens were replaced, removed, doubled or swapped."""
    tokens = [(token.type, token.string) for token in tokenize.generate_tokens(io.StringIO(source).readline)]
    for _ in range(rng.randint(1, 2)):
        place, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
        change = rng.choice(("replace", "remove", "double", "swap"))
        if change == "replace" and tokens[place][0] in (tokenize.NAME, tokenize.NUMBER, tokenize.OP):
            same = [token for token in tokens if token[0] == tokens[place][0]]
            tokens[place] = rng.choice([*same, (tokens[place][0], rng.choice(TOKENS))])
        elif change == "remove" and len(tokens) > 2:
            del tokens[place]
        elif change == "double":
            tokens.insert(place, tokens[place])
        elif change == "swap":
            tokens[place], tokens[other] = tokens[other], tokens[place]
    try:
        return tokenize.untokenize(tokens)
    except (ValueError, IndexError):  # tokens in an order that tokenize cannot write
        return " ".join(text for _, text in tokens)


def functions_of(*modules: ModuleType) -> list[str]:
    """Returns the source of the functions of modules of the library."""
    functions = [value for module in modules for value in vars(module).values() if inspect.isfunction(value)]
    return [inspect.getsource(function) for function in functions]


def programs(count: int, seed: int) -> list[tuple[str, Task]]:
    """Returns `count` programs of chance, each with a test, of all three sorts."""
    rng = random.Random(seed)
    tasks = instances(200, seed)
    pieces = functions_of(bisect, heapq, textwrap, shlex, fnmatch)
    found = []
    for number in range(count):
        task = rng.choice(tasks)
        tests: tuple[str, ...] = rng.choice((task.tests, ("assert _ == 1", "x"), (token_soup(rng),), ()))
        sort = rng.choice(("bytes", "tokens", "changed code", *3 * ("changed answer",)))
        if sort == "bytes":
            code = random_bytes(rng)
        elif sort == "tokens":
            code = token_soup(rng)
        elif sort == "changed code":
            code = changed_code(rng, rng.choice(pieces))
        else:
            code, tests = changed_code(rng, task.reference), task.tests
        found.append((code, Task(f"{sort} {number}", "no instruction", tests=tests, setup=task.setup)))
    return found


@pytest.mark.parametrize(("count", "seed"), [(60, 1), pytest.param(2000, 2, marks=pytest.mark.slow)])
def test_every_program_of_chance_gets_a_verdict_and_leaves_nothing(count, seed, arena):
    chance = programs(count, seed)
    executions = arena.run(chance, LIMITS)
    for (code, task), found in zip(chance, executions, strict=True):
        assert found.status in STATUSES, (code, found)
        assert [test.test for test in found.tests] == list(task.tests)
        assert {test.outcome for test in found.tests} <= OUTCOMES, (code, found)
        if task.tests:
            assert found.passed == all(test.outcome == "passed" for test in found.tests), (code, found)
        for line in (found.detail, *(test.detail for test in found.tests)):
            assert not MISLEADING.search(line) and len(line) < 10_000, (code, line)
        found.output.encode()
    assert arena.left_processes() == [] and arena.left_files() == [] and arena.changes() == []
    assert all(execution.passed for execution in arena.run([PLAIN] * 4))
    kinds = Counter(execution.status for execution in executions)
    assert kinds["error"] > count / 4 and kinds["passed"] + kinds["failed"] > count / 30, kinds
