"""Differences of code by word: nothing gets lost, and they are those that the metrics' own tokens have."""

import random
from difflib import SequenceMatcher
from itertools import pairwise

import pytest

from ddpt_core.data.differences import LOST, NEW, SAME, changes, differences, split_words
from ddpt_core.metrics.code_tokens import code_tokens

CODES = [
    "",
    "x",
    "sorted(a)",
    "sorted(aB, key=len)",
    'f("it\'s")\n    return  x',
    " é ==\tvalue1Two\n",
    "xs[0],  xs[0]",
]


def texts(count, alphabet="aB_0 =(\n\t'é", longest=14):
    """Pairs of texts of letters, blanks and signs, drawn."""
    draw = random.Random(0)
    for _ in range(count):
        yield tuple("".join(draw.choices(alphabet, k=draw.randrange(longest))) for _ in range(2))


def joined(parts, *kinds):
    """The text of the parts of these kinds."""
    return "".join(part.text for part in parts if part.kind in kinds)


def test_what_is_kept_and_lost_is_the_first_and_what_is_kept_and_new_the_second():
    for before, after in [*texts(500), *((a, b) for a in CODES for b in CODES)]:
        parts = differences(before, after)
        assert joined(parts, SAME, LOST) == before and joined(parts, SAME, NEW) == after
        assert all(part.text for part in parts)
        kinds = [part.kind for part in parts]
        assert all(one != other and (one, other) != (NEW, LOST) for one, other in pairwise(kinds))


def test_the_words_are_counted_as_difflib_counts_the_metrics_tokens():
    for before, after in texts(300, alphabet="ab c=(", longest=20):
        first, second = [*code_tokens(before), ""], [*code_tokens(after), ""]  # "" is the end, which both have
        kept = sum(block.size for block in SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks())
        parts = differences(before, after)
        words = {kind: sum(part.words for part in parts if part.kind == kind) for kind in (SAME, LOST, NEW)}
        assert words == {SAME: kept - 1, LOST: len(first) - kept, NEW: len(second) - kept}


def test_a_change_is_what_is_lost_before_what_is_new():
    assert differences("sorted(b)", "sorted(a, key=len)") == [
        (SAME, "sorted(", 2),
        (LOST, "b", 1),
        (NEW, "a, key=len", 5),
        (SAME, ")", 1),
    ]
    assert differences("x: y", "x: a(y)") == [(SAME, "x: ", 2), (NEW, "a(", 2), (SAME, "y", 1), (NEW, ")", 1)]
    assert differences("x\ty", "x y") == [(SAME, "x", 1), (LOST, "\t", 0), (NEW, " ", 0), (SAME, "y", 1)]
    assert differences("x  y", "x y") == [(SAME, "x ", 1), (LOST, " ", 0), (SAME, "y", 1)]
    assert differences("", "") == [] and differences("", "x") == [(NEW, "x", 1)]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("final", CODES)
def test_the_pieces_join_to_the_code_and_unmarked_ones_are_in_the_end(code, final):
    pieces = changes(code, final)
    assert "".join(text for text, _ in pieces) == code
    assert any(changed for _, changed in pieces) == (code != final)
    there = iter(final)
    unchanged = "".join(text for text, changed in pieces if not changed)
    assert all(character in there for character in unchanged)  # in this order


def test_any_text_comes_back_whole():
    draw = random.Random(0)
    for _ in range(300):
        one, other = ("".join(draw.choices("aB_0 =(\n\t'é", k=draw.randrange(12))) for _ in range(2))
        assert "".join(text for text, _ in changes(one, other)) == one
        assert any(changed for _, changed in changes(one, other)) == (one != other)


def test_what_differs_is_marked_by_word():
    assert changes("sorted(a)", "sorted(a)") == [("sorted(a)", False)]
    assert changes("sorted(b)", "sorted(a)") == [("sorted(", False), ("b", True), (")", False)]
    assert changes("sorted(a)", "sorted(a, reverse=True)") == [("sorted(a", False), ("", True), (")", False)]
    assert changes("getName()", "getValue()") == [("get", False), ("Name", True), ("()", False)]
    assert changes("if x:\n    y", "if x:\n  y") == [("if x:\n  ", False), ("  ", True), ("y", False)]
    assert changes("if x:\n  y", "if x:\n    y") == [("if x:\n  ", False), ("", True), ("y", False)]
    assert changes("", "x") == [("", True)] and changes("", "") == []
    assert changes("x", "") == [("x", True)]


@pytest.mark.parametrize("code", CODES)
def test_words_are_the_tokens_of_the_metrics(code):
    plain = [word.translate(str.maketrans("\"'", "``")) for _, word in split_words(code) if word]
    assert plain == code_tokens(code)
