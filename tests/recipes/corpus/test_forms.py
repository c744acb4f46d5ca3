"""The forms of an answer: all of them give the same value."""

import ast

import pytest

from recipes.corpus.compositions import compositions
from recipes.corpus.forms import double_quoted, forms_of

XS = [5, 2, 8]


def test_every_form_gives_the_value_of_the_plain_answer(capsys):
    forms = forms_of("[x for x in xs if x > limit]")
    plain = {"xs": XS, "limit": 4}
    exec(forms["assigned"], assigned := dict(plain))
    exec(forms["wrapped"], wrapped := {})
    exec(forms["printed"], dict(plain))
    assert assigned["result"] == wrapped["solve"](XS, 4) == eval(forms["lambda"])(XS, 4) == [5, 8]
    assert capsys.readouterr().out == "[5, 8]\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("s.replace('a', 'b')", 's.replace("a", "b")'),
        ("s + '\"'", "s + '\"'"),
        ('s + "it\'s"', 's + "it\'s"'),
        ("x + 1", "x + 1"),
    ],
)
def test_double_quotes_stand_around_every_text_that_has_none_inside(code, expected):
    assert double_quoted(code) == expected


def test_double_quotes_change_no_value():
    for _, code in compositions(300, seed=8):
        assert ast.dump(ast.parse(double_quoted(code))) == ast.dump(ast.parse(code))


@pytest.mark.parametrize("code", ["x = 3", "del xs[0]", "3 + 4", "def f(): pass", "x +"])
def test_what_is_no_expression_over_inputs_has_no_other_form(code):
    assert forms_of(code) == {}
