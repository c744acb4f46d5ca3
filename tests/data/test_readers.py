"""Reading tasks: every format, and every way in which a file can be wrong; the hub is in test_hub.py."""

import json
import tracemalloc
from pathlib import Path

import pytest

from ddpt_core.data.formats import FORMATS, ID_KEYS
from ddpt_core.data.readers import MAX_LINE_BYTES, load_all_tasks, load_tasks
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError, DataError
from families import held_out_instances
from families.splits import HELD_OUT_BY

HUMANEVAL_TEST = "\n\nMETADATA = {}\n\n\ndef check(candidate):\n    assert candidate(2) == 4\n"

# One record of each format and the task it means.
EXAMPLES = {
    "HumanEval": (
        {
            "task_id": "HumanEval/900",
            "prompt": 'def double(n):\n    """Twice n."""\n',
            "canonical_solution": "    return n * 2\n",
            "test": HUMANEVAL_TEST,
            "entry_point": "double",
        },
        Task(
            id="HumanEval/900",
            instruction='def double(n):\n    """Twice n."""',
            reference='def double(n):\n    """Twice n."""\n    return n * 2\n',
            tests=(HUMANEVAL_TEST.rstrip() + "\n\ncheck(double)\n",),
        ),
    ),
    "MBPP": (
        {
            "text": "Write a function to double a number.",
            "code": "def double(n):\n    return n * 2",
            "task_id": 900,
            "test_setup_code": "import math",
            "test_list": ["assert double(2) == 4", "assert double(0) == 0"],
            "challenge_test_list": ["assert double(math.inf) == math.inf"],
        },
        Task(
            id="900",
            instruction="Write a function to double a number.",
            reference="def double(n):\n    return n * 2",
            tests=("assert double(2) == 4", "assert double(0) == 0"),
            setup="import math",
        ),
    ),
    "MBPP (sanitized)": (
        {
            "source_file": "none",
            "task_id": 901,
            "prompt": "Write a function to double a number.",
            "code": "def double(n):\n    return n * 2",
            "test_imports": ["import math", "import re"],
            "test_list": ["assert double(2) == 4"],
        },
        Task(
            id="901",
            instruction="Write a function to double a number.",
            reference="def double(n):\n    return n * 2",
            tests=("assert double(2) == 4",),
            setup="import math\nimport re",
        ),
    ),
    "CoNaLa": (
        {"intent": "doubling", "rewritten_intent": "double `n`", "snippet": "n * 2", "question_id": 5}
        | {"tests": ["assert _ == 8"], "setup": "n = 4"},
        Task(id="5", instruction="double `n`", reference="n * 2", tests=("assert _ == 8",), setup="n = 4"),
    ),
    "plain": (
        {"instruction": " double n ", "reference": "n * 2", "tests": ["assert n"], "id": "first", "setup": "n = 1"},
        Task(id="first", instruction="double n", reference="n * 2", tests=("assert n",), setup="n = 1"),
    ),
    "CodeAlpaca": (
        {"instruction": "Double the number.", "input": "n = 3", "output": "n * 2", "tests": ["assert _ == 6"]},
        Task(id="line-1", instruction="Double the number.\nn = 3", reference="n * 2", tests=("assert _ == 6",)),
    ),
}


def write(tmp_path: Path, *lines: object) -> Path:
    """Returns a file with one line for each of `lines`: text as it is, anything else as JSON."""
    path = tmp_path / "tasks.jsonl"
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def plain(**changes: object) -> dict[str, object]:
    return {"instruction": "double n", "reference": "n * 2"} | changes


def refusal(source: object) -> str:
    """Returns the message with which the source is refused, which must be one line."""
    with pytest.raises(DataError) as caught:
        load_tasks(source)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_recognised_from_its_keys_and_read_in_full(name, tmp_path):
    record, task = EXAMPLES[name]
    assert load_tasks(write(tmp_path, record)) == [task]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_does_with_its_required_keys_alone(name, tmp_path):
    record = {key: EXAMPLES[name][0][key] for key in FORMATS[name].keys}
    (task,) = load_tasks(write(tmp_path, record))
    wanted = EXAMPLES[name][1]
    assert task.reference == wanted.reference
    assert task.setup == ""
    assert task.id == "line-1"


def test_the_humaneval_test_passes_with_the_reference_and_fails_with_another_program(tmp_path):
    (task,) = load_tasks(write(tmp_path, EXAMPLES["HumanEval"][0]))
    exec(task.reference + task.tests[0], {})
    with pytest.raises(AssertionError):
        exec("def double(n):\n    return n\n" + task.tests[0], {})


def test_a_humaneval_test_that_calls_its_check_or_has_none_stays_as_it_is(tmp_path):
    record = EXAMPLES["HumanEval"][0]
    for test in (HUMANEVAL_TEST + "\ncheck(double)", "assert double(2) == 4"):
        (task,) = load_tasks(write(tmp_path, record | {"test": test}))
        assert task.tests == (test,)


@pytest.mark.parametrize("rewritten", [None, "", "  ", "missing"])
def test_conala_without_a_rewritten_intent_asks_with_the_intent(rewritten, tmp_path):
    record = {"intent": "doubling", "rewritten_intent": rewritten, "snippet": "n * 2"}
    if rewritten == "missing":
        del record["rewritten_intent"]
    assert load_tasks(write(tmp_path, record))[0].instruction == "doubling"


def test_codealpaca_without_an_input_adds_no_line(tmp_path):
    record = {"instruction": "Double.", "input": "", "output": "n * 2"}
    assert load_tasks(write(tmp_path, record))[0].instruction == "Double."


def test_ids_that_repeat_are_numbered_and_never_collide(tmp_path):
    ids = [7, 7, "7-2", 7, None]
    tasks = load_tasks(write(tmp_path, *(plain(id=value) for value in ids)))
    assert [task.id for task in tasks] == ["7", "7-2", "7-2-2", "7-3", "line-5"]


def test_a_whole_number_with_a_point_as_pandas_writes_it_is_an_id(tmp_path):
    tasks = load_tasks(write(tmp_path, plain(id=5.0), plain(id=-0.0), plain(id=5)))
    assert [task.id for task in tasks] == ["5", "0", "5-2"]


def test_a_record_without_an_id_is_named_by_its_line_blank_lines_counted(tmp_path):
    tasks = load_tasks(write(tmp_path, plain(), "", "   ", plain()))
    assert [task.id for task in tasks] == ["line-1", "line-4"]


def test_limit_reads_the_first_tasks_and_nothing_behind_them(tmp_path):
    path = write(tmp_path, plain(reference="1"), plain(reference="2"), "not JSON")
    assert [task.reference for task in load_tasks(path, limit=2)] == ["1", "2"]
    assert len(load_tasks(write(tmp_path, plain()), limit=9)) == 1


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit, tmp_path):
    with pytest.raises(ConfigError, match=f"limit must be at least 1, got {limit}"):
        load_tasks(write(tmp_path, plain()), limit=limit)


def test_a_byte_order_mark_windows_line_ends_and_symbols_are_read(tmp_path):
    path = tmp_path / "tasks.jsonl"
    lines = [json.dumps(plain(reference=text), ensure_ascii=False) for text in ("é = 'ü😀'", "2")]
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert [task.reference for task in load_tasks(str(path))] == ["é = 'ü😀'", "2"]


@pytest.mark.parametrize("source", ["nofile.jsonl", "data/nofile.jsonl", "nofile", "a/b/c", "", " ", "~/none.jsonl"])
def test_a_path_that_does_not_exist_is_not_looked_for_on_the_hub(source, monkeypatch):
    monkeypatch.setattr("ddpt_core.data.readers.hub_records", lambda *given: pytest.fail(f"asked for {given}"))
    assert refusal(source).startswith(f"There is no file {source!r}; give a JSONL file")


def test_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is a folder; give a JSONL file inside it."


@pytest.mark.parametrize("source", ["/dev/null", "x" * 5000, "~nobody-of-this-name/tasks.jsonl"])
def test_what_is_no_readable_file_is_refused(source):
    assert "give a JSONL file" in refusal(source)


@pytest.mark.parametrize("lines", [[], [""], ["  ", ""]])
def test_a_file_without_a_record_is_called_empty(lines, tmp_path):
    assert "is empty" in refusal(write(tmp_path, *lines))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{'instruction': 1}", "Line 2 of {path} is not JSON (Expecting property name"),
        ('{"instruction": "a"', "Line 2 of {path} is not JSON"),
        ("[" * 100_000, "Line 2 of {path} begins a JSON list"),
        ('{"id": ' + "1" * 5000 + "}", "Line 2 of {path} is not JSON;"),
        ('[{"instruction": "a"}]', "Line 2 of {path} is not a JSON object"),
        ('"text"', "Line 2 of {path} is not a JSON object but"),
        ("null", "Line 2 of {path} is not a JSON object but 'null'"),
        (plain(instruction=5), "Line 2 of {path}: 'instruction' must be a string, got a number."),
        (plain(reference=None), "Line 2 of {path}: 'reference' must be a string, got null."),
        (plain(tests="assert n"), "Line 2 of {path}: 'tests' must be a list of strings, got a string."),
        (plain(tests=["assert n", {}]), "Line 2 of {path}: 'tests' must be a string, got an object."),
        (plain(setup=[]), "Line 2 of {path}: 'setup' must be a string, got a list."),
        (plain(id=True), "Line 2 of {path}: 'id' must be a string or a whole number, got true or false."),
        (plain(id=1.5), "Line 2 of {path}: 'id' must be a string or a whole number, got a number."),
        (plain(instruction="  "), "Line 2 of {path}: The instruction is empty"),
        (plain(instruction="a" * 8001), "Line 2 of {path}: The instruction must have at most 8,000"),
        (plain(reference="\ud800"), "Line 2 of {path}: 'reference' holds half of a surrogate pair"),
        ({"intent": "a", "snippet": "b"}, "Line 2 of {path} lacks 'instruction'"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(line, complaint, tmp_path):
    path = write(tmp_path, plain(), line)
    assert refusal(path).startswith(complaint.format(path=path))


def test_a_file_that_is_one_json_list_says_how_to_split_it(tmp_path):
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps([plain()], indent=1))
    assert refusal(path) == f"Line 1 of {path} begins a JSON list; write each of its objects on a line of its own."


def test_unknown_keys_are_listed_beside_the_known_formats(tmp_path):
    message = refusal(write(tmp_path, {"question": "a", "answer": "b"}))
    assert "has the keys answer, question, which fit no known format" in message
    assert all(f"{name} ({', '.join(form.keys)})" in message for name, form in FORMATS.items())


def test_an_entry_point_that_is_no_name_is_refused(tmp_path):
    record = EXAMPLES["HumanEval"][0] | {"entry_point": "double); print(1"}
    assert "'entry_point' must be the name of a function" in refusal(write(tmp_path, record))


def test_bytes_that_are_not_utf8_are_named_with_line_and_place(tmp_path):
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(json.dumps(plain()).encode() + b'\n{"instruction": "\xe9"}\n')
    assert refusal(path) == f"Line 2 of {path} is not UTF-8 (byte 0xe9 at position 18); save the file as UTF-8."


WHOLE = [
    json.dumps(plain(id=number, reference=f"'é{number}'"), ensure_ascii=False).encode() + b"\n" for number in range(3)
]


@pytest.mark.parametrize("cut", range(1, len(WHOLE[2]) - 2))
def test_a_file_that_was_cut_off_anywhere_in_a_line_says_so(cut, tmp_path):
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"".join(WHOLE)[: -len(WHOLE[2]) + cut])
    message = refusal(path)
    assert message == (
        f"Line 3 of {path} breaks off where the file ends; the file was cut off, copy or download it again."
    )


def test_a_last_line_without_a_line_end_is_read_and_a_wrong_one_is_not_taken_for_a_cut(tmp_path):
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"".join(WHOLE)[:-1])
    assert len(load_tasks(path)) == 3
    path.write_bytes(WHOLE[0] + b"{'instruction': 1}")
    assert "is not JSON" in refusal(path)


def test_records_of_one_id_stay_tasks_of_their_own_with_their_own_references(tmp_path):
    rows = [plain(id=7, instruction=f"task {n % 40}", reference=f"n * {n}") for n in range(300)]
    tasks = load_tasks(write(tmp_path, *rows, rows[0]))
    assert len({task.id for task in tasks}) == 301  # a record that is there twice is there twice
    assert [task.reference for task in tasks] == [*(row["reference"] for row in rows), "n * 0"]


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_an_empty_reference_is_read_as_none_and_the_others_are_kept(blank, tmp_path):
    tasks = load_tasks(write(tmp_path, plain(), plain(reference=blank, tests=["assert n"]), plain()))
    assert [bool(task.reference.strip()) for task in tasks] == [True, False, True] and tasks[1].tests


def test_a_file_of_one_endless_line_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "tasks.jsonl"
    with path.open("wb") as file:
        file.truncate(MAX_LINE_BYTES * 100)  # sparse: takes no room on the disk
    tracemalloc.start()
    try:
        assert "is longer than" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < MAX_LINE_BYTES * 5
    finally:
        tracemalloc.stop()


def test_no_format_hides_another(tmp_path):
    for place, name in enumerate(FORMATS):
        earlier = list(FORMATS.values())[:place]
        assert not any(set(other.keys) <= set(EXAMPLES[name][0]) for other in earlier), name
    assert set(ID_KEYS).isdisjoint(key for form in FORMATS.values() for key in form.keys)


@pytest.mark.parametrize("by", sorted(HELD_OUT_BY))
def test_our_own_tasks_are_held_out_ones_and_the_same_every_time(by):
    tasks = load_tasks(f"families:{by}", limit=30)
    assert tasks == load_tasks(f"families:{by}", limit=40)[:30]
    assert tasks == [Task(**vars(drawn)) for drawn in held_out_instances(30, seed=1, by=by)]
    assert all(task.tests and task.reference for task in tasks)


def test_own_tasks_held_out_in_no_known_respect_are_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="choose one of family, phrasing, value"):
        load_tasks("families:topic")


def test_several_sources_are_taken_together_with_ids_of_their_own(tmp_path):
    path = tmp_path / "own.jsonl"
    path.write_text('{"id": "a", "instruction": "x", "reference": "y"}\n')
    tasks = load_all_tasks([path, str(path), "families:training"])
    assert [task.id for task in tasks[:2]] == ["a", "a-2"] and len(tasks) == 2_002
    assert load_all_tasks(path) == load_tasks(path)


def test_own_training_tasks_are_none_that_is_held_out():
    training = {task.reference for task in load_tasks("families:training")}
    held_out = {task.reference for by in ("value", "family") for task in load_tasks(f"families:{by}")}
    assert len(training) > 1_000 and not training & held_out
