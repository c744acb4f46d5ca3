"""All pairs to train on together: where each is from, and that the same seed gives the same ones."""

from families import held_out_instances
from recipes.corpus.corpus import Pair
from recipes.corpus.forms import forms_of
from recipes.corpus.pairs import training_pairs

MINED = [Pair("call", "remove a tree of folders", "rmtree(tree)"), Pair("doctest", "sort list", "sorted(a)")]
SOURCES = {"call", "doctest", "idiom", "idiom function", "composition"}
SOURCES |= {f"{source} {kind}" for source in ("family", "rephrased") for kind in ("statement", "function")}
FORMS = {"assigned", "printed", "wrapped", "lambda", "double quoted"}


def test_pairs_are_from_every_source_and_the_same_for_the_same_seed():
    pairs = training_pairs(MINED, 200, seed=0)
    assert set(pairs) == SOURCES | FORMS
    assert pairs["call"] == [("remove a tree of folders", "rmtree(tree)")] and len(pairs["composition"]) == 200
    for source in ("family", "rephrased"):
        assert sum(len(pairs[f"{source} {kind}"]) for kind in ("statement", "function")) == 200
    assert training_pairs(MINED, 200, seed=0) == pairs != training_pairs(MINED, 200, seed=1)


def test_requests_of_functions_are_answered_by_definitions_and_no_others():
    pairs = training_pairs([], 100, seed=3)
    for source in ("family", "rephrased"):
        assert all(code.startswith(("def ", "class ")) for _, code in pairs[f"{source} function"])
        assert not any(code.startswith(("def ", "class ")) for _, code in pairs[f"{source} statement"])


def test_what_stands_in_another_form_is_a_line_that_stands_there_plainly_too():
    pairs = training_pairs([], 60, seed=2)
    plain = [*pairs["family statement"], *pairs["composition"]]
    other = {(text, form, code) for text, line in plain for form, code in forms_of(line).items()}
    assert all((text, form, code) in other for form in FORMS & pairs.keys() for text, code in pairs[form])


def test_no_request_is_one_that_the_families_hold_out():
    held_out = {task.instruction for by in ("phrasing", "family") for task in held_out_instances(300, 0, by=by)}
    pairs = training_pairs([], 300, seed=0)
    assert held_out.isdisjoint(text for rows in pairs.values() for text, _ in rows)
