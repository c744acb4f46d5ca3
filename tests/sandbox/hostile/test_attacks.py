"""The sandbox attacked by ourselves: each attack fails at what it tries, and leaves nothing for the next program."""

import platform

import pytest
from attacks import ATTACKS, SECRET
from attacks.reading import MEMORY_SEARCH

from ddpt_core.metrics.execution import execute

FOUGHT = [attack for attack in ATTACKS if platform.machine() == "x86_64" or not attack.knows_one_machine]


@pytest.fixture(scope="module")
def fought(arena, request):
    """What became of the attacks that are to be run, fought two at a time."""
    chosen = {
        item.callspec.params["attack"].id
        for item in request.session.items
        if "attack" in getattr(getattr(item, "callspec", None), "params", {})
    }
    return arena.fight([attack for attack in FOUGHT if attack.id in chosen])


@pytest.mark.parametrize("attack", FOUGHT, ids=[attack.id for attack in FOUGHT])
def test_an_attack_fails_at_what_it_tries(attack, fought):
    found = fought[attack.id].attack
    assert found.status in attack.allowed, found
    assert attack.says in found.detail, found
    assert "tests ended their own process" not in found.detail or attack.kind != "fake verdict", found
    assert "WORKED" not in found.output, found.output
    assert not found.tests or found.tests[-1].outcome != "passed", found


@pytest.mark.parametrize("attack", FOUGHT, ids=[attack.id for attack in FOUGHT])
def test_the_program_right_after_an_attack_passes(attack, fought):
    assert fought[attack.id].next.passed, fought[attack.id].next


def test_no_attack_leaves_a_process(arena, fought):
    assert arena.left_processes() == []


def test_no_attack_leaves_a_file(arena, fought):
    assert arena.left_files() == []


def test_no_attack_changes_or_reaches_anything_outside(arena, fought):
    assert arena.changes() == []


def test_there_are_attacks_of_every_kind_with_names_of_their_own():
    assert len(ATTACKS) >= 60 and len({attack.id for attack in ATTACKS}) == len(ATTACKS)
    assert len({attack.kind for attack in ATTACKS}) >= 12


def test_the_memory_search_finds_what_is_in_its_memory():
    code = MEMORY_SEARCH + "\ndef answer(x):\n    return int(search(rb'27\\d{18}').pop())"
    found = execute(code, [f"assert answer(2) == {SECRET}"], setup=f"known = '{SECRET}'")
    assert found.passed, found
