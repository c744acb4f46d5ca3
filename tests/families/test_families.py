"""The families of tasks that the project writes itself: every instance is right, different and well split."""

import ast
import hashlib
import string
import subprocess
import sys

import pytest

from ddpt_core.data.task import Task, check_instruction
from families import FAMILIES, held_out_instances, instance, instances, training_instances
from families.family import generator_of
from families.splits import HELD_OUT_BY, held_out_families, training_families

WRONG_VALUES = ("None", "[]", "{}", "()", "''", "0", "-1", "[None]")
SPLITS = sorted(HELD_OUT_BY)

# Families whose wording says a constant in other words: "squares" for 2, "vowels" for 'aeiou', regex parts.
SAID_IN_WORDS = frozenset(
    """
    build-sentence between-marks count-letters-of date-name decimals fibonacci-like files-with-ending
    find-numbers is-code moving-window number-after parse-base percent save-json-file second-extreme
    split-on-any strip-digits substitute sum-of-powers table-row thousands words-with-letter
    write-numbers
    """.split()  # noqa: SIM905
)


def passes(task: Task, code: str, folder, monkeypatch) -> bool:
    """Runs setup, `code` and the tests as the documentation of Draw says; no sandbox: the code is our own."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    tree = ast.parse(code)
    if isinstance(tree.body[-1], ast.Expr):
        last = ast.Assign([ast.Name("_", ast.Store())], tree.body[-1].value)
        tree.body[-1] = ast.fix_missing_locations(ast.copy_location(last, tree.body[-1]))
    namespace: dict = {}
    exec(task.setup, namespace)
    try:
        exec(compile(tree, "answer", "exec"), namespace)
        for test in task.tests:
            exec(test, namespace)
    except Exception:
        return False
    return True


def wrong_answers(task: Task) -> list[str]:
    """Returns answers of the right form that do nothing useful."""
    last = ast.parse(task.reference).body[-1]
    if isinstance(last, ast.FunctionDef):
        return [f"def {last.name}(*args, **kwargs):\n    return {value}" for value in WRONG_VALUES]
    if isinstance(last, ast.ClassDef):
        return [f"class {last.name}:\n    pass", f"def {last.name}(*args, **kwargs):\n    return None"]
    return [*WRONG_VALUES, f"_ = {task.reference.split('(')[0].split('[')[0]!r}"]


def identifiers(task: Task) -> set[str]:
    """Returns what the reference defines, and what it uses of the names that the setup assigns."""
    stored = (node for node in ast.walk(ast.parse(task.setup)) if isinstance(node, ast.Name))
    given = {node.id for node in stored if isinstance(node.ctx, ast.Store)}
    names = set()
    for node in ast.walk(ast.parse(task.reference)):
        if isinstance(node, ast.Name) and node.id in given:
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef):
            names |= {node.name, *(argument.arg for argument in node.args.args)}
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
    return {name for name in names if name != "self" and not name.startswith("__")}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_the_reference_passes_and_wrong_answers_fail(family, tmp_path, monkeypatch):
    for seed in (3, 4):
        task = instance(family, seed)
        assert len(task.tests) >= 3
        assert passes(task, task.reference, tmp_path / f"right-{seed}", monkeypatch), task
        for number, code in enumerate(wrong_answers(task)):
            assert not passes(task, code, tmp_path / f"wrong-{seed}-{number}", monkeypatch), (code, task)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_the_instruction_says_every_name_and_value_of_the_answer(family):
    for seed in range(20):
        task = instance(family, seed)
        for name in identifiers(task):
            assert name in task.instruction, (name, task)
        if family.name in SAID_IN_WORDS:
            continue
        for node in ast.walk(ast.parse(task.reference)):
            if isinstance(node, ast.Constant) and node.value not in (None, "", 0, 1, -1):
                said = repr(node.value) in task.instruction or str(node.value) in task.instruction
                assert said, (node.value, task)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_each_phrasing_is_different_and_uses_exactly_the_values_drawn(family):
    assert len(set(family.phrasings)) == len(family.phrasings) >= 6
    assert family.kind in ("statement", "function")
    drawn = set(family.draw(generator_of(family, 1)).values)
    for phrasing in family.phrasings:
        assert {field for _, field, _, _ in string.Formatter().parse(phrasing) if field} == drawn, phrasing


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_an_answer_cannot_be_known_without_reading_the_instruction(family):
    references = [instance(family, seed).reference for seed in range(40)]
    most = max(references.count(reference) for reference in set(references))
    assert most <= 12, f"the same answer {most} times in 40"


def test_there_are_enough_families_of_both_kinds():
    kinds = [family.kind for family in FAMILIES.values()]
    assert kinds.count("statement") >= 64
    assert kinds.count("function") >= 32
    assert len({family.topic for family in FAMILIES.values()}) >= 12


def test_the_same_seed_gives_the_same_tasks_and_another_seed_others():
    assert training_instances(40, seed=1) == training_instances(40, seed=1)
    assert not set(instances(200, seed=1)) & set(instances(200, seed=2))


def test_the_tasks_do_not_depend_on_the_hash_seed_of_the_process():
    program = (
        "import hashlib; from families import FAMILIES, instance;"
        "tasks = [instance(f, s) for f in FAMILIES.values() for s in range(3)];"
        "print(hashlib.sha256(repr(tasks).encode()).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [instance(family, seed) for family in FAMILIES.values() for seed in range(3)]
    assert run.stdout.strip() == hashlib.sha256(repr(here).encode()).hexdigest()


def test_instructions_are_short_and_acceptable():
    lengths = []
    for task in instances(500, seed=5):
        assert check_instruction(task.instruction) == task.instruction
        lengths.append(len(task.instruction.split()))
    assert max(lengths) <= 40


def test_training_uses_no_held_out_family():
    held_out = {family.name for family in held_out_families()}
    assert 0.05 <= len(held_out) / len(FAMILIES) <= 0.15
    assert {task.id.split("/")[0] for task in training_instances(500, seed=1)}.isdisjoint(held_out)
    assert {task.id.split("/")[0] for task in held_out_instances(100, seed=1, by="family")} <= held_out
    assert held_out.isdisjoint(family.name for family in training_families())


def test_training_uses_no_held_out_phrasing():
    for task, held_out in [(t, False) for t in training_instances(300, seed=2)] + [
        (t, True) for t in held_out_instances(300, seed=2, by="phrasing")
    ]:
        name, seed = task.id.split("/")
        family = FAMILIES[name]
        values = family.draw(generator_of(family, int(seed))).values
        bare = str.maketrans("", "", "`'\".?")
        last_two = {phrasing.format_map(values).translate(bare).lower() for phrasing in family.phrasings[-2:]}
        assert (task.instruction.translate(bare).lower() in last_two) == held_out, task


@pytest.mark.parametrize("by", SPLITS)
def test_no_held_out_task_is_a_training_task(by):
    trained = training_instances(1500, seed=3)
    held_out = held_out_instances(200, seed=3, by=by)
    assert len(held_out) == 200
    assert {task.id for task in trained}.isdisjoint(task.id for task in held_out)
    assert {task.instruction for task in trained}.isdisjoint(task.instruction for task in held_out)


def test_held_out_values_lead_to_answers_that_training_never_has():
    trained = {task.reference for task in training_instances(1500, seed=3)}
    assert trained.isdisjoint(task.reference for task in held_out_instances(300, seed=3, by="value"))
