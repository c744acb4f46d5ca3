"""Differences by word as HTML: both texts can be read out of it, nothing in them becomes markup."""

import difflib
import random
import re
from html.parser import HTMLParser

import pytest

from app.compare.figures.word_diff import diff_html, difference_said
from app.page.pieces.code import code_html

HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{value}}</del></ins></script>"
CODES = [
    "",
    "sorted(xs)",
    "sorted(xs, reverse=True)",
    "def f(a):\n    return 'x y'  # why",
    "def f(a):\n\treturn 'x  z'\n",
    HOSTILE,
    f"print({HOSTILE!r})",
    "a &lt; b &amp;&amp; c",
]


class Marked(HTMLParser):
    """Reads what is kept, lost and new out of the HTML; `tags` are all that it saw."""

    def __init__(self, html):
        super().__init__()
        self.inside, self.parts, self.tags = [], [], set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.inside.append(tag)

    def handle_endtag(self, tag):
        assert self.inside.pop() == tag

    def handle_data(self, data):
        kind = next((tag for tag in self.inside if tag in ("ins", "del")), "")
        self.parts.append((kind, data))

    def text(self, without):
        """The text outside of the elements `without`."""
        return "".join(text for kind, text in self.parts if kind != without)


@pytest.mark.parametrize("before", CODES)
@pytest.mark.parametrize("after", CODES)
def test_without_what_is_struck_out_it_is_the_one_code_and_without_what_is_underlined_the_other(before, after):
    marked = Marked(diff_html(before, after))
    assert marked.text(without="del") == after and marked.text(without="ins") == before
    assert marked.tags <= {"span", "ins", "del"}


def test_any_two_texts_can_be_read_back_and_lines_are_marked_where_difflib_finds_them():
    draw = random.Random(1)
    for _ in range(200):
        before, after = ("".join(draw.choices("ab=('\"#<&\n\t ", k=draw.randrange(16))) for _ in range(2))
        marked = Marked(diff_html(before, after))
        assert (marked.text(without="ins"), marked.text(without="del")) == (before, after)
        changed = any(line[0] in "+-" for line in difflib.ndiff(before.split("\n"), after.split("\n")))
        assert ({"ins", "del"} & marked.tags != set()) == changed


def test_what_cannot_be_seen_is_spelled_out():
    shown = diff_html("x\u202e", "x\u2066\x00\u202e")
    assert not re.search("[\u202e\u2066\x00]", shown)
    assert "\\u2066" in shown and "\\u202e" in shown and "\\u0000" in shown


def test_equal_codes_look_as_they_always_do():
    for code in CODES:
        assert diff_html(code, code) == code_html(code)


def test_colours_are_those_of_each_whole_code_not_of_the_piece():
    shown = diff_html("f('a b')", "f('a c')")
    assert '<span class="string">&#x27;a </span><del data-said="missing"><span class="string">b</span></del>' in shown
    shown = diff_html("x = 1", "x = 'if'")
    assert 'class="keyword"' not in shown and '<del data-said="missing"><span class="number">1</span></del>' in shown


def test_changed_blanks_are_shown_and_said():
    shown = diff_html("a   b c", "a b\n\tc")
    assert '<del data-said="missing: 2 spaces"><span class="space-sign"> </span>' in shown
    assert '<ins data-said="more: 1 tab, 1 line break">' in shown and '<span class="tab-sign">\t</span>' in shown
    assert '<span class="line-sign">\n</span>' in shown
    assert 'data-said="more"' in diff_html("a", "a\nb c") and "space-sign" not in diff_html("a", "a\nb c")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("sorted(a)", "sorted(a)", "the same"),
        ("sorted(a)", "sorted(b)", "1 word more, 1 missing"),
        ("sorted(a)", "sorted(a, key=len)", "4 words more"),
        ("a b c", "", "3 words missing"),
        ("", "f(x)", "4 words more"),
        ("a  b", "a b", "the same words, other blanks"),
    ],
)
def test_the_difference_is_said_in_words(before, after, said):
    assert difference_said(before, after) == said
