"""Tables as CSV: exact, or such that a spreadsheet runs nothing of them."""

import csv
import io

import pytest

from app.page.pieces.csv_table import csv_table

CELLS = ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "－1"]


def read(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_every_text_is_as_it_is_where_nobody_asked_for_more():
    assert read(csv_table(["code"], [[cell] for cell in CELLS])) == [["code"], *([cell] for cell in CELLS)]


@pytest.mark.parametrize("cell", CELLS)
def test_for_spreadsheets_an_apostrophe_stands_before_what_begins_like_a_formula(cell):
    assert read(csv_table(["code"], [[cell]], for_spreadsheets=True)) == [["code"], [f"'{cell}"]]


def test_for_spreadsheets_numbers_and_all_other_texts_are_as_they_are():
    row = [-1.5, 3, None, True, "x = -1", "'a'", " =1", "", "é", '"=1"']
    (_, found) = read(csv_table([str(place) for place in range(len(row))], [row], for_spreadsheets=True))
    assert found == ["-1.5", "3", "", "True", "x = -1", "'a'", " =1", "", "é", '"=1"']
