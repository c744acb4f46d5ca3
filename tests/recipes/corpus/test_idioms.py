"""Idioms and further wordings: right Python, requests that tell the answer, nothing that is held out."""

import ast
import random
import re
from collections import Counter

import pytest

from families.splits import held_out_phrasings, training_families, training_phrasings
from recipes.corpus.idioms import FILLERS, SLOT, all_idioms, filled, idiom_pairs
from recipes.corpus.rephrasings import all_rephrasings

PLACE = re.compile(r"\{\w+\}")


def plain(request: str) -> str:
    """A request without what instances vary: capitals, marks, the last stop."""
    return request.lower().replace("`", "").rstrip(".?! ")


@pytest.mark.parametrize("part", range(4))
def test_every_idiom_is_python_with_all_its_slots_filled(part):
    rng = random.Random(part)
    for idiom in all_idioms()[part::4]:
        text, code = filled(idiom, rng.choice(idiom.requests), rng)
        ast.parse(code)
        assert "$" not in code.replace("'$'", "") or not SLOT.search(code), code
        assert not SLOT.search(text), text


def test_every_request_has_the_slots_of_its_code_and_there_are_three_or_more():
    for idiom in all_idioms():
        slots = set(SLOT.findall(idiom.code))
        assert {sort for sort, _ in slots} <= set(FILLERS)
        for request in (*idiom.requests, *([idiom.unseen] if idiom.unseen else [])):
            assert set(SLOT.findall(request)) == slots, request
        assert len(idiom.requests) >= 3 and len(set(idiom.requests)) == len(idiom.requests), idiom.code


def test_no_idiom_stands_twice_and_different_slots_are_filled_differently():
    assert max(Counter(idiom.code for idiom in all_idioms()).values()) == 1
    pair = next(idiom for idiom in all_idioms() if idiom.code == "$str.replace($word, $word2)")
    for seed in range(50):
        _, code = filled(pair, pair.requests[0], random.Random(seed))
        words = re.findall(r"'(\w+)'", code)
        assert len(words) == len(set(words))


def test_a_request_kept_out_of_training_is_never_drawn_for_it():
    unseen = {idiom.unseen for idiom in all_idioms() if idiom.unseen}
    assert len(unseen) > 50 and not unseen & {request for idiom in all_idioms() for request in idiom.requests}


def test_the_same_seed_draws_the_same_pairs():
    for kind in ("statement", "function"):
        assert idiom_pairs(50, 1, kind) == idiom_pairs(50, 1, kind) != idiom_pairs(50, 2, kind)
    assert all(code.startswith(("def ", "class ", "@")) for _, code in idiom_pairs(50, 1, "function"))


def test_every_training_family_has_further_wordings_with_its_places():
    families = {family.name: family for family in training_families()}
    assert set(all_rephrasings()) == set(families)
    for name, requests in all_rephrasings().items():
        places = [set(PLACE.findall(phrasing)) for phrasing in training_phrasings(families[name])]
        assert len(set(requests)) == len(requests) >= 10
        for request in requests:
            assert set(PLACE.findall(request)) in places, (name, request)


def test_no_further_wording_is_one_that_is_held_out():
    held_out = {plain(p) for family in training_families() for p in held_out_phrasings(family)}
    further = {plain(request) for requests in all_rephrasings().values() for request in requests}
    assert not held_out & further
