"""Task files of visitors: every known format, the limits, and one clear sentence for what cannot be read."""

import json
import re

import pytest

from app.page import uploads as task_files
from app.page.uploads import MAX_TASKS, in_a_line, read_data_set, read_task_file
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError

ROWS = {
    "plain": {"instruction": "Sort `a`.", "reference": "sorted(a)", "tests": ["assert _"], "setup": "a = [1]"},
    "mbpp": {"task_id": 7, "text": "Double x.", "code": "def f(x): return 2 * x", "test_list": ["assert f(1) == 2"]},
    "humaneval": {
        "task_id": "H/1",
        "prompt": 'def f(x):\n    """Doubles x."""\n',
        "canonical_solution": "    return 2 * x\n",
        "test": "def check(candidate):\n    assert candidate(1) == 2\n",
        "entry_point": "f",
    },
    "conala": {"question_id": 3, "intent": "sort a", "rewritten_intent": "sort list `a`", "snippet": "sorted(a)"},
    "codealpaca": {"instruction": "Sort.", "input": "[2, 1]", "output": "sorted([2, 1])"},
}


@pytest.fixture
def write(tmp_path):
    """Writes a file as a visitor uploads it; returns its path."""

    def written(content, name="mine.jsonl"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


@pytest.mark.parametrize("name", ROWS)
def test_every_format_that_the_core_reads_can_be_uploaded(write, name):
    file = read_task_file(write(json.dumps(ROWS[name]) + "\n"))
    (task,) = file.tasks.values()
    assert task.instruction and task.reference and bool(task.tests) == (name in ("plain", "mbpp", "humaneval"))


def test_the_file_says_how_many_tasks_it_holds_and_how_many_have_tests(write):
    rows = [ROWS["plain"], {**ROWS["plain"], "tests": []}]
    lines = [json.dumps(row) + "\n" for row in rows]
    assert read_task_file(write("".join(lines))).about() == "mine.jsonl: 2 tasks, 1 with tests"
    assert read_task_file(write(lines[0])).about() == "mine.jsonl: 1 task, all with tests"
    assert read_task_file(write(lines[1])).about() == "mine.jsonl: 1 task, none with tests"


def test_of_a_long_file_the_first_tasks_are_read_and_that_is_told(write):
    file = read_task_file(write((json.dumps(ROWS["plain"]) + "\n") * (MAX_TASKS + 5)))
    assert len(file.tasks) == MAX_TASKS and file.about() == "mine.jsonl: the first 2,000 tasks, all with tests"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "mine.jsonl is empty"),
        ("id,text\n1,sort\n", "Line 1 of mine.jsonl is not JSON"),
        ('[\n{"instruction": "a"}\n]', "Line 1 of mine.jsonl begins a JSON list"),
        ('{"question": "a", "answer": "b"}', "which fit no known format"),
        (json.dumps(ROWS["plain"]) + "\n{}\n", "Line 2 of mine.jsonl"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"PK\x03\x04zip", "is not JSON"),
    ],
)
def test_a_bad_file_is_one_sentence_that_names_it_as_its_owner_does(write, content, sentence):
    path = write(content)
    with pytest.raises(DataError, match=re.escape(sentence)) as caught:
        read_task_file(path)
    assert str(path.parent) not in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_over_the_limit_is_refused_before_it_is_read(write, monkeypatch):
    monkeypatch.setattr(task_files, "load_tasks", None)
    with pytest.raises(DataError, match=r"must have at most 5 MB, got 6\.\d+; upload a part"):
        read_task_file(write(b"x" * 6_500_000))


def test_a_file_that_was_tidied_away_is_asked_for_again(tmp_path):
    with pytest.raises(DataError, match=r"gone.jsonl is not kept any longer; upload it again"):
        read_task_file(tmp_path / "gone.jsonl")


@pytest.mark.parametrize(
    "name", ["app/main.py", "/etc/passwd", "../shared/data", "assets/examples", "~/x", "a/b/c", "README.md", "x"]
)
def test_no_file_of_the_server_is_read_as_a_data_set(name, monkeypatch):
    monkeypatch.setattr(task_files, "load_tasks", None)
    with pytest.raises(DataError, match="is no data set of the Hugging Face hub"):
        read_data_set(name)


def test_a_space_downloads_no_data_set(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/space")
    with pytest.raises(DataError, match="A Space loads no data set"):
        read_data_set("google-research-datasets/mbpp")


def test_a_task_is_listed_by_its_id_and_the_start_of_its_instruction():
    assert in_a_line(Task("7", "Sort\n the   list.")) == "7 · Sort the list."
    assert len(in_a_line(Task("7", "word " * 100))) < 100
