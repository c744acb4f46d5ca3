import ast
import math

import pytest

from sandbox import names
from sandbox.remote import Remote


def remote() -> Remote:
    return Remote(lambda *request: None, 0, "function")


def test_bound_names_are_found_wherever_they_are_bound_except_for_stubs():
    source = "import a.b as c, d.e\nfor f in (): pass\ndef g(): return 1\nclass H: pass\ndef i():\n    'stub'\n(j := 1)"
    assert names.bound(ast.parse(source)) == {"c", "d", "f", "g", "H", "j"}


def test_mentioned_and_called_names_are_those_that_are_read():
    tree = ast.parse("x = f(a.b, *c)\nassert g(x) == len(d)")
    assert names.mentioned(tree) == {"f", "a", "c", "g", "x", "len", "d"}
    assert names.called(tree) == {"f", "g", "len"}


def test_an_own_name_is_the_programs():
    f = remote()
    g = remote()
    chosen = names.choose({"f": f, "g": g}, {}, {"f"})
    assert chosen["f"] is f and chosen["g"] is g


@pytest.mark.parametrize("name", ["abs", "len", "AssertionError", "print"])
def test_a_builtin_is_the_programs_only_if_nothing_else_is_asked(name):
    f = remote()
    assert names.choose({name: f}, {}, {name}, {name})[name] is f
    assert set(names.choose({name: f, "g": remote()}, {}, {name}, {name, "g"})) == {"g"}
    assert names.choose({name: f}, {}, set(), set()) == {}


def test_a_builtin_is_pythons_in_a_test_about_what_an_earlier_one_got():
    earlier = ast.parse("assert abs(found - 5) < 1e-6")
    assert names.choose({"abs": remote()}, {}, names.called(earlier), names.free(earlier)) == {}
    assert set(names.choose({"sum": remote()}, {"check": len}, {"check"}, {"check", "sum"})) == {"sum"}


def test_free_names_are_read_and_bound_nowhere():
    tree = ast.parse("def check(c):\n    assert c(x) == y\ntry:\n    check(f)\nexcept E as e:\n    z = e; z")
    assert names.free(tree) == {"x", "y", "f", "E"}


def test_data_under_the_name_of_a_builtin_is_used_unless_it_is_called():
    values = {"list": [1], "sum": 6, "f": remote()}
    assert set(names.choose(values, {}, {"list", "f"})) == {"sum", "f"}


def test_an_object_under_the_name_of_a_module_gives_way_to_the_module():
    assert names.choose({"numpy": remote(), "f": remote()}, {}, set())["numpy"].__name__ == "numpy"
    chosen = names.choose({"math": remote(), "f": remote()}, {}, set())
    assert chosen["math"] is math


def test_functions_and_constants_of_the_setup_stay_the_setups():
    of_setup = {"check": len, "math": math, "EPS": 1e-6}
    values = {"check": remote(), "math": remote(), "EPS": 9.0, "f": remote()}
    assert set(names.choose(values, of_setup, {"check"})) == {"f"}


def test_a_variable_of_the_setup_that_a_test_reads_is_what_the_program_made_of_it():
    points = remote()
    of_setup = {"xs": [3, 1], "n": 2, "A": [3], "points": remote()}
    values = {"xs": [1, 3], "n": 3, "A": [4], "points": points, "f": remote()}
    assert names.choose(values, of_setup, set(), {"points", "f"})["points"] is points
    del values["points"], values["f"]
    assert names.choose(values, of_setup, set(), {"xs", "n", "A"}) == {"xs": [1, 3], "n": 3, "A": [4]}
    assert names.choose(values, of_setup, set(), {"n"}) == {"n": 3}


def test_data_of_the_setup_gives_way_to_data_alone():
    assert set(names.choose({"xs": remote(), "f": remote()}, {"xs": [3, 1]}, set(), {"xs", "f"})) == {"f"}
