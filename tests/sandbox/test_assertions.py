import ast

import pytest

from sandbox.assertions import EXPLAIN, Explained, explain


def run(source: str, **names: object) -> None:
    exec(Explained(source).compile(ast.parse(source), "<test>"), {EXPLAIN: explain, **names})


@pytest.mark.parametrize(
    "source", ["assert 1", "assert 1 == 1", "assert 1 < 2 < 3", "assert 2 in [2]", "assert not []"]
)
def test_what_holds_says_nothing(source):
    run(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("assert 1 + 1 == 3", "1 + 1 == 3 does not hold: 2 == 3"),
        ("assert 'a' in x, 'look'", "'a' in x does not hold: 'a' in ['b'] (look)"),
        ("def check(c):\n    assert c[0] != 'b'\ncheck(x)", "c[0] != 'b' does not hold: 'b' != 'b'"),
        ("assert 1 < 3 < 2", "1 < 3 < 2 does not hold"),
        ("assert not x", "not x does not hold"),
        (
            "assert '👩\u200d🚀\u3000' == 'می\u200cخ'",
            "'👩\u200d🚀\u3000' == 'می\u200cخ' does not hold: '👩\u200d🚀\u3000' == 'می\u200cخ'",
        ),
        (r"assert '\u202e' == '\\u200c'", r"'\u202e' == '\\u200c' does not hold: '\u202e' == '\\u200c'"),
        ("assert x * 300 == 0", f"x * 300 == 0 does not hold: {str(['b'] * 300)[:200]}... (1,500 characters) == 0"),
    ],
)
def test_what_does_not_hold_says_what_the_values_were(source, message):
    with pytest.raises(AssertionError) as caught:
        run(source, x=["b"])
    assert str(caught.value) == message


def test_each_side_is_evaluated_once():
    calls: list[str] = []
    run("assert f('a') == f('a')", f=lambda name: calls.append(name))
    assert calls == ["a", "a"]


def test_a_value_that_cannot_be_shown_does_not_hide_the_failure():
    class Shy:
        def __repr__(self):
            raise ValueError

    with pytest.raises(AssertionError, match="a value of type Shy that cannot be shown"):
        run("assert x == 1", x=Shy())
