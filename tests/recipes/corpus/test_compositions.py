"""Requests put together from parts: the code is right Python, and nothing held out is taught."""

import ast
import builtins
import itertools

import pytest

from families import held_out_instances
from recipes.corpus.compositions import compositions
from recipes.corpus.forms import inputs
from recipes.corpus.idioms import idiom_pairs

SAMPLES = ([4, -3, 7, 7, 12], ["abc", "Bcd", "b", "12"], {"a": 3, "bb": 12}, "some words 12\nof b_text", "3 14 -2", 6)


class Shape(ast.NodeTransformer):
    """Forgets constants and all names but Python's own: what is left is the idiom."""

    def visit_Name(self, node):
        return node if hasattr(builtins, node.id) else ast.Name("name", node.ctx)

    def visit_Constant(self, node):
        return ast.Constant(type(node.value).__name__)


def shape(code: str) -> str:
    return ast.dump(Shape().visit(ast.parse(code)))


def evaluates(code: str) -> bool:
    """Whether some sorts of inputs give the code a value (or leave it without any item to take)."""
    names = inputs(ast.parse(code, mode="eval").body)
    for values in itertools.product(SAMPLES, repeat=len(names)):
        try:
            eval(code, dict(zip(names, values, strict=True)))
        except (IndexError, ZeroDivisionError):
            return True
        except ValueError as error:
            if "empty" in str(error):
                return True
        except (TypeError, AttributeError):
            continue
        else:
            return True
    return False


def test_every_composition_is_an_expression_over_its_inputs_that_has_a_value():
    for text, code in compositions(400, seed=4):
        assert evaluates(code), (text, code)


def test_the_request_names_every_input_and_every_literal():
    for text, code in compositions(400, seed=5):
        expression = ast.parse(code, mode="eval").body
        for name in inputs(expression):
            assert name in text, (text, code)
        for node in ast.walk(expression):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "f'" not in code:
                assert repr(node.value) in text or node.value == "", (text, code)


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others():
    assert compositions(50, seed=1) == compositions(50, seed=1)
    assert not set(compositions(300, seed=1)) & set(compositions(300, seed=2))


@pytest.mark.parametrize("part", range(3))
def test_no_idiom_of_a_held_out_family_is_taught(part):
    held_out = {shape(task.reference) for task in held_out_instances(400, seed=6 + part, by="family")}
    pairs = [*compositions(4000, seed=6 + part), *idiom_pairs(4000, 6 + part, "statement")]
    taught = {shape(code): (text, code) for text, code in [*pairs, *idiom_pairs(400, 6 + part, "function")]}
    assert not held_out & set(taught), [taught[idiom] for idiom in held_out & set(taught)]
