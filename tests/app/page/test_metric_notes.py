"""What is said of the figures: there is a note for each, and what it claims is so."""

import re
from html.parser import HTMLParser

import pytest

from app.page.pieces.metric_name import figures_of_an_answer, metric_name_html, metric_notes_html
from ddpt_core.metrics.table import EXAMPLE, METRICS, figure_named
from ddpt_core.metrics.text_metrics import score


@pytest.mark.parametrize("name", [*METRICS, "pass@10", "pass_at_1", "loss"])
def test_every_figure_has_a_note_that_tells_its_range_and_what_is_better(name):
    assert re.search("(higher|lower|Yes) is better", figure_named(name).note)
    assert re.search("0 to 100|From 0 up|Whether", figure_named(name).note)


@pytest.mark.parametrize(("name", "value"), [("bleu", 0), ("codebleu", 60), ("chrf", 69), ("rouge_l", 75)])
def test_the_example_gets_what_the_notes_say(name, value):
    found = score([EXAMPLE[0]], [EXAMPLE[1]])[name]
    assert round(found) == value
    said = "It is 0 where" if value == 0 else f"gets {value}."
    assert said in METRICS[name].note and f"{EXAMPLE[0]} in place of {EXAMPLE[1]}" in METRICS[name].note


def test_the_traps_are_there():
    assert score(["a.b"], ["a.b"])["bleu"] == 0  # three tokens, the very same
    assert score(["f( 'x' )"], ['f("x")'])["exact_match"] == 1
    assert score(["if a:\nb"], ["if a:\n    b"])["exact_match"] == 1
    assert score(["nonsense"], [""])["valid_python"] == 1 and score(["nonsense"], [""])["bleu"] is None
    lacking, more = score(["len(a)"], ["len(a, b)"])["chrf"], score(["len(a, b)"], ["len(a)"])["chrf"]
    assert lacking < more


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_a_name_is_a_button_that_its_note_describes():
    tags = dict(Tags(metric_name_html("bleu", "BLEU-4", "ddpt@7")).seen)
    assert tags["button"]["aria-describedby"] == "note-ddpt@7-bleu" and tags["button"]["type"] == "button"


def test_the_notes_of_all_figures_of_a_card_are_folded_away_below():
    shown = metric_notes_html(figures_of_an_answer())
    assert shown.count("<dt>") == len(METRICS) + 2 and "What these figures mean" in shown
    assert all(metric.label in shown for metric in METRICS.values())
