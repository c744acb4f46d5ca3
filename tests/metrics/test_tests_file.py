"""Reading the tests of a program from a file."""

import pytest

from ddpt_core.errors import DataError
from ddpt_core.metrics.tests_file import read_tests, read_text, statements_of


@pytest.fixture
def write(tmp_path):
    """Writes a file of tests and returns its path."""

    def make(name: str, content: str | bytes):
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path / name

    return make


def test_each_top_level_statement_is_a_test(write):
    source = "assert f(1) == 2  # why\nfor i in range(2):\n    assert f(i)\n"
    assert read_tests(write("tests.py", source)) == ["assert f(1) == 2", "for i in range(2):\n    assert f(i)"]


def test_json_list_is_taken_as_it_is(write):
    assert read_tests(write("tests.json", '["assert f( 1 )", "f(2)"]')) == ["assert f( 1 )", "f(2)"]


def test_empty_file_has_no_tests(write):
    with pytest.raises(DataError, match="hold no statement"):
        read_tests(write("tests.py", "# nothing\n"))
    with pytest.raises(DataError, match="hold no statement"):
        read_tests(write("tests.json", "[]"))


def test_tests_are_taken_statement_by_statement_as_they_are_written():
    source = "assert f('a')  == 1\n\nfor x in (1,\n          2):\n    assert x\nassert 2; assert 3\n"
    assert statements_of(source) == [
        "assert f('a')  == 1",
        "for x in (1,\n          2):\n    assert x",
        "assert 2",
        "assert 3",
    ]


def test_statements_keep_decorators_comments_inside_and_letters_of_more_than_one_byte():
    source = "# first\n@cache\ndef f(x):  # why\n    return x\r\nassert f('é') == 'é' ; assert 2  # end\n"
    assert statements_of(source) == [
        "@cache\ndef f(x):  # why\n    return x",
        "assert f('é') == 'é'",
        "assert 2",
    ]


@pytest.mark.parametrize(
    "name, content, reason",
    [
        ("tests.py", "assert (", r"not Python \(line 1: "),
        ("tests.py", "assert 1\0", "not Python"),
        ("tests.py", "-" * 100_000 + "1", "not Python"),
        ("tests.json", "assert f", "not JSON"),
        ("tests.json", "[" * 100_000, "not JSON"),
        ("tests.json", '{"a": 1}', "must be a JSON list of strings"),
        ("tests.json", "[1]", "must be a JSON list of strings"),
        ("tests.json", '["assert f", " "]', "must be a JSON list of strings"),
        ("tests.py", b"\xff\xfe", "it is not UTF-8"),
        ("tests.json", '["assert f() == \\ud800"]', "half of a surrogate pair, which is no character"),
    ],
)
def test_what_is_no_list_of_tests_is_refused_with_the_reason(name, content, reason, write):
    with pytest.raises(DataError, match=reason):
        read_tests(write(name, content))


def test_a_byte_order_mark_is_dropped(write):
    assert read_tests(write("tests.py", b"\xef\xbb\xbfassert f(1)\n")) == ["assert f(1)"]
    assert read_tests(write("tests.json", b'\xef\xbb\xbf["assert f(1)"]')) == ["assert f(1)"]
    assert statements_of("\ufeffassert f(1)") == ["assert f(1)"]


def test_half_of_a_surrogate_pair_in_tests_that_are_typed_is_refused():
    with pytest.raises(DataError, match="half of a surrogate pair"):
        statements_of("assert f() == '\ud800'")


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"none.py cannot be read \(No such file or directory\)"):
        read_tests(tmp_path / "none.py")
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\)"):
        read_text(tmp_path)
