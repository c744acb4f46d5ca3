"""Which signs of a stranger's text are spelled out: those that make it read as what it is not, and no others."""

import re

import pytest

from app.compare.figures.word_diff import diff_html
from app.page.pieces.code import code_html, escaped, instruction_html
from app.train.training_curve import plain

HARMLESS = [
    "می\u200cخواهم",  # Persian, whose words are joined and parted by signs without a width
    "क्\u200dष",
    "名前\u3000と\u00a0値",  # a wide blank, and one that does not break
    "👩🏽\u200d🚀 👨\u200d👩\u200d👧 🏴\U000e0067\U000e007f ❤\ufe0f",
    "soft\u00adhyphen \u200b \ufeff \u2060",
    "\U0001fac8 \ue000",  # newer than this Python, or of somebody's own font
]
MISLEADING = [
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    "\x00",
    "\x1b",
    "\x85",
    "\ud800",
]


def text_of(shown):
    return re.sub(r"</?\w+[^>]*>", "", shown)


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("shown", [escaped, code_html, instruction_html, plain, lambda text: diff_html("", text)])
def test_joiners_wide_blanks_and_joined_emoji_are_shown_as_they_are(shown, text):
    assert text_of(shown(text)) == text


@pytest.mark.parametrize("sign", MISLEADING)
@pytest.mark.parametrize("shown", [escaped, code_html, lambda text: diff_html("", text)])
def test_what_turns_the_direction_and_what_cannot_be_written_is_spelled_out(shown, sign):
    found = shown(f"a{sign}b")
    assert sign not in found and f'<span class="unseen">\\u{ord(sign):04x}</span>' in found
    assert plain(f"a{sign}b") == "a□b"
