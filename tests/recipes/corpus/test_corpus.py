"""Mining a small file: which pairs count, in what form, and whose packages are taken."""

from importlib import metadata

import pytest

from recipes.corpus import corpus
from recipes.corpus.corpus import Pair, first_sentence, mine_file, normal_statement, speaks_of, words

SOURCE = '''
import os

def count_words(text, sep=None):
    """Return the number of words in a text. More is said here.

    Count the words of a short text:

    >>> count_words( "two words" )
    2
    """
    return len(text.split(sep))


@staticmethod
def unrelated(a):
    """Something that says nothing of what follows."""
    return a + 1


class Shelf:
    """Holds books."""

    def add_book(self, book):
        """Add a book to the shelf, at its end."""
        self.books.append( book )


def main(path):
    # Remove the file if the path
    # exists: it is old.
    os.remove(path)  # path
    # nothing to do with it at all
    x = 1
    # import the path of the module
    import os.path
    # for each name in names print name
    for name in names:
        print(name)
        print(name)
        print(name)
        print(name)
'''


@pytest.fixture
def pairs(tmp_path):
    """The pairs of SOURCE, kept in a file called shelf.py."""
    (tmp_path / "shelf.py").write_text(SOURCE)
    return list(mine_file(tmp_path / "shelf.py"))


def of(pairs, kind):
    """The (text, code) of one kind."""
    return [(pair.text, pair.code) for pair in pairs if pair.kind == kind]


def test_function_is_paired_with_its_first_sentence_and_loses_docstring_and_decorators(pairs):
    assert of(pairs, "function") == [
        (
            "Return the number of words in a text",
            "def count_words(text, sep=None):\n    return len(text.split(sep))",
        ),
        ("Add a book to the shelf, at its end", "def add_book(self, book):\n    self.books.append(book)"),
    ]


def test_call_names_the_module_for_functions_and_nothing_for_methods(pairs):
    assert of(pairs, "call") == [
        ("Return the number of words in a text", "shelf.count_words(text, sep)"),
        ("Add a book to the shelf, at its end", "add_book(book)"),
    ]


def test_doctest_is_paired_with_the_sentence_before_it_in_one_spelling(pairs):
    assert of(pairs, "doctest") == [("Count the words of a short text", "count_words('two words')")]


def test_comment_over_two_lines_is_paired_with_a_simple_statement_that_shares_words(pairs):
    assert of(pairs, "statement") == [
        ("Remove the file if the path exists: it is old", "os.remove(path)"),
    ]


@pytest.mark.parametrize("content", ["def broken(:\n", "\0", "# -*- coding: nonsense -*-\n", b"\xff\xfe\x00"])
def test_file_that_does_not_parse_gives_nothing(content, tmp_path):
    (tmp_path / "bad.py").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert list(mine_file(tmp_path / "bad.py")) == []
    assert list(mine_file(tmp_path / "missing.py")) == []


def test_words_are_split_at_capitals_and_underscores_without_plural_and_stop_words():
    assert words("readLines from the file_names") == {"read", "line", "file", "name"}


def test_text_speaks_of_code_by_share_and_by_number_of_words():
    assert speaks_of("sort the names", "names.sort()", share=1.0, least=2)
    assert not speaks_of("sort the names backwards", "names.sort()", share=1.0)
    assert not speaks_of("sort it", "x.sort()", share=0.1, least=2)


@pytest.mark.parametrize(
    "docstring, sentence",
    [
        ("Return `x`.  Then more.", "Return `x`"),
        ("Calls :func:`~os.path.join` on\n    ``a``.\n\nMore", "Calls `os.path.join` on `a`"),
        ("Returns 3.14 and no more", "Returns 3.14 and no more"),
        ("", ""),
    ],
)
def test_first_sentence_is_one_line_without_markup(docstring, sentence):
    assert first_sentence(docstring) == sentence


@pytest.mark.parametrize("line, code", [("a=1", "a = 1"), ("import os", ""), ("a; b", ""), ("a b", ""), ("", "")])
def test_normal_statement_is_one_statement_that_is_no_import(line, code):
    assert normal_statement(line) == code


class Distribution(metadata.Distribution):
    """A package that is described by the text of its METADATA alone."""

    def __init__(self, text):
        self.text = text

    def read_text(self, filename):
        return self.text if filename == "METADATA" else None

    def locate_file(self, path):
        return path


@pytest.mark.parametrize(
    "said, licence, taken",
    [
        ("License-Expression: Apache-2.0\nLicense: GPL", "Apache-2.0", True),
        ("Classifier: License :: OSI Approved :: MIT License", "License :: OSI Approved :: MIT License", True),
        ("License: BSD 3-Clause\n        with a long text", "BSD 3-Clause", True),
        ("License: Simplified BSD", "Simplified BSD", True),
        ("License-Expression: MIT OR GPL-3.0-only", "MIT OR GPL-3.0-only", False),
        ("License: LGPLv3, parts BSD", "LGPLv3, parts BSD", False),
        ("License: MPL-2.0 and MIT", "MPL-2.0 and MIT", False),
        ("License: Proprietary", "Proprietary", False),
        ("Summary: says nothing", "", False),
    ],
)
def test_only_packages_under_permissive_licences_are_mined(said, licence, taken, monkeypatch):
    distribution = Distribution(f"Metadata-Version: 2.4\nName: package\n{said}\n")
    assert corpus.licence_of(distribution) == licence
    monkeypatch.setattr(corpus.metadata, "distributions", lambda: [distribution])
    monkeypatch.setattr(corpus.sysconfig, "get_path", lambda name: "/nowhere")
    assert ("package" in corpus.sources()) == taken


def test_every_distinct_pair_is_kept_once_and_counted_for_its_first_source(tmp_path, monkeypatch):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shelf.py").write_text(SOURCE)
    monkeypatch.setattr(corpus, "sources", lambda: {n: [tmp_path / n / "shelf.py"] for n in ("first", "second")})
    pairs, counts = corpus.mine()
    assert counts == {"first": 6} and len(pairs) == len(set(pairs)) == 6
    assert Pair("call", "Add a book to the shelf, at its end", "add_book(book)") in pairs
