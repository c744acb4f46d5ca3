"""Data sets of the hub: from a cache, from a hub on this machine, and every way in which they cannot be had."""

import errno
import json
import os
import subprocess
import sys

import datasets
import huggingface_hub
import pytest
from datasets.arrow_writer import ArrowWriter
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
from local_hub import local_hub

from ddpt_core.__main__ import main
from ddpt_core.data.readers import load_tasks
from ddpt_core.errors import DataError

LINES = [json.dumps({"intent": "doubling", "snippet": f"n * {n}"}) for n in range(400)]
CONTENT = "".join(f"{line}\n" for line in LINES).encode()


def refusal(name: str, split: str = "train") -> str:
    """Returns the message with which the data set is refused, which must be one sentence."""
    with pytest.raises(DataError) as caught:
        load_tasks(name, split=split)
    message = str(caught.value)
    assert "\n" not in message and message.endswith("."), message
    return message


@pytest.fixture
def online(monkeypatch):
    """Makes the hub be asked, at an address of this machine: online(address)."""
    for settings in (datasets.config, huggingface_hub.constants):
        monkeypatch.setattr(settings, "HF_HUB_OFFLINE", False)
    real = huggingface_hub.HfApi
    return lambda address: monkeypatch.setattr(huggingface_hub, "HfApi", lambda: real(endpoint=address, token=False))


@pytest.fixture
def cached_hub(tmp_path, monkeypatch):
    """A cache as `datasets` writes it, with one data set, and no network."""

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    rows = [{"intent": "doubling", "rewritten_intent": None, "snippet": f"n * {n}"} for n in (2, 3, 4)]
    features = datasets.Dataset.from_list(rows).features
    folder = tmp_path / "owner___pairs" / "default" / "0.0.0" / "hash"
    folder.mkdir(parents=True)
    with ArrowWriter(path=str(folder / "pairs-validation.arrow"), features=features) as writer:
        for row in rows:
            writer.write(row)
        count, size = writer.finalize()
    splits = datasets.SplitDict(dataset_name="pairs")
    splits.add(datasets.SplitInfo("validation", num_examples=count, num_bytes=size, dataset_name="pairs"))
    info = datasets.DatasetInfo(
        features=features, builder_name="parquet", dataset_name="pairs", config_name="default",
        version="0.0.0", splits=splits,
    )  # fmt: skip
    info.write_to_directory(str(folder))


def test_a_data_set_of_the_hub_is_read_through_datasets_with_its_split_and_limit(cached_hub):
    tasks = load_tasks("owner/pairs", limit=2, split="validation")
    assert [(task.id, task.reference) for task in tasks] == [("row-1", "n * 2"), ("row-2", "n * 3")]


def test_a_split_that_the_data_set_lacks_is_refused_with_those_it_has(cached_hub):
    message = refusal("owner/pairs")
    assert message.startswith("The split 'train' of the Hugging Face data set 'owner/pairs' cannot be loaded")
    assert "['validation']" in message


def test_a_data_set_that_is_not_in_the_cache_is_refused_without_a_network(cached_hub):
    assert refusal("owner/other") == (
        "The Hugging Face data set 'owner/other' has not been downloaded, and HF_HUB_OFFLINE is set; unset it with a "
        "network at hand, or give a JSONL file instead."
    )


def test_a_copy_in_the_cache_that_was_cut_is_refused_with_the_way_out(cached_hub, tmp_path):
    (arrow,) = tmp_path.rglob("*.arrow")
    arrow.write_bytes(arrow.read_bytes()[: arrow.stat().st_size // 2])
    assert "the Hugging Face data set 'owner/pairs' cannot be" in refusal("owner/pairs", "validation")


def test_without_an_answer_of_the_hub_one_sentence_says_what_to_do(online):
    online("http://127.0.0.1:9")  # a closed port
    message = refusal("owner/pairs")
    assert message.startswith("There is no file 'owner/pairs', and Hugging Face cannot be reached")
    assert message.endswith("or give a JSONL file instead.") and "refused" in message


def test_a_name_that_the_hub_does_not_know_and_one_that_it_guards_are_told_apart(online):
    with local_hub(CONTENT) as hub:
        online(hub.address)
        assert refusal("owner/nothing") == (
            "There is no file and no public Hugging Face data set 'owner/nothing'; check the name, or give a JSONL "
            "file instead."
        )
        assert "'owner/closed' is open only to those who were granted access" in refusal("owner/closed")


TWICE = """
import sys, time
import huggingface_hub.file_download
huggingface_hub.file_download.time.sleep = lambda seconds: None  # the client waits between its attempts
from ddpt_core.data.readers import load_tasks
from ddpt_core.errors import DataError
try:
    load_tasks("owner/pairs")
except DataError as error:
    print(error)
print([task.reference for task in load_tasks("owner/pairs")] == [f"n * {n}" for n in range(400)])
"""


def test_a_download_that_breaks_off_is_told_in_a_sentence_and_the_next_run_goes_on_with_it(tmp_path):
    given_up = 6  # requests for a file after which the client gives up
    with local_hub(CONTENT, cuts=given_up) as hub:
        environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
        environment |= {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
        done = subprocess.run(
            [sys.executable, "-c", TWICE], env=environment, capture_output=True, text=True, timeout=60
        )
    said, whole = done.stdout.splitlines()
    assert said.startswith("The download of the Hugging Face data set 'owner/pairs' did not finish (peer closed")
    assert said.endswith("run it again to go on with it, or give a JSONL file instead.")
    assert whole == "True"


def caused(by: Exception) -> Exception:
    error = DatasetGenerationError("An error occurred while generating the dataset")
    error.__cause__ = by
    return error


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "did not finish ([Errno 104] Connection"),
        (TimeoutError("The read operation timed out"), "did not finish (The read operation timed out); run it again"),
        (RuntimeError("Data processing error: CAS service error"), "did not finish (Data processing error"),
        (OSError("Consistency check failed: file should be of size 9\nbut has size 5"), "did not finish (Consistency"),
        (caused(ConnectionError("lost")), "did not finish (lost); run it again"),
        (FULL, "does not fit on the disk of"),
        (caused(FULL), "does not fit on the disk of"),
        (caused(ValueError("Not a JSON file")), "The split 'train' of the Hugging Face data set 'a/b' cannot be loaded "
                                                "(Not a JSON file); choose another split"),
        (ValueError("Unknown split 'train'"), "cannot be loaded (Unknown split 'train'); choose another split"),
        (RuntimeError("Dataset scripts are no longer supported"), "cannot be loaded (Dataset scripts are no longer"),
        (DatasetNotFoundError("Dataset 'a/b' is a gated dataset on the Hub."), "open only to those who were granted"),
    ],
    ids=["reset", "timeout", "xet", "short file", "lost while reading", "full", "full while reading", "bad file",
         "no split", "script", "gated"],
)  # fmt: skip
def test_a_data_set_that_cannot_be_had_is_one_line_and_exit_code_2_and_nothing_is_written(
    error, said, online, tiny_folder, tmp_path, monkeypatch, capsys
):
    def load_dataset(*_, **__):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr("ddpt_core.data.hub._ask_for", lambda name: None)
    assert said in refusal("a/b")
    options = ["--data", "a/b", "--backbone", str(tiny_folder), "--out", str(tmp_path / "out")]
    assert main(["evaluate", *options]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and said in told.err
    assert not (tmp_path / "out").exists()


def test_rows_that_end_in_an_error_are_refused_with_their_place(online, monkeypatch):
    def rows():
        yield {"intent": "doubling", "snippet": "n * 2"}
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: rows())
    monkeypatch.setattr("ddpt_core.data.hub._ask_for", lambda name: None)
    message = refusal("owner/pairs")
    assert "'owner/pairs' cannot be read behind row 1 ([Errno 5] Input/output error); delete it from" in message


def test_rows_of_one_id_and_rows_without_a_reference_stay_tasks_of_their_own(online, monkeypatch):
    rows = [{"question_id": 7, "intent": "double n", "snippet": code} for code in ("n * 2", "n + n", "")]
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: iter(rows))
    monkeypatch.setattr("ddpt_core.data.hub._ask_for", lambda name: None)
    assert [(task.id, task.reference) for task in load_tasks("owner/pairs")] == [
        ("7", "n * 2"), ("7-2", "n + n"), ("7-3", "")
    ]  # fmt: skip
