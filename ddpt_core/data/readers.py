"""Tasks from a JSONL file, a Hugging Face data set (the keys tell the format, see formats.py) or our own families."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from ddpt_core.data.formats import Record, read_task, recognise, record_id
from ddpt_core.data.hub import hub_records
from ddpt_core.data.styles import styled
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError, first_line, require_choice, require_range

MAX_LINE_BYTES = 8 * 2**20  # a task is kilobytes; more is no JSONL, and is not read into memory
OWN_TASKS = "families:"  # before a key of HELD_OUT_BY: instances of our own families that are never trained on
OWN_TRAINING = OWN_TASKS + "training"  # instances that may be
OWN_COUNT, OWN_TRAINING_COUNT, OWN_SEED = 300, 2_000, 1
_DATASET_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_DATA_FILE = re.compile(r"\.(jsonl?|ndjson|csv|tsv|txt|gz|zip|parquet|ya?ml|py|safetensors)$", re.IGNORECASE)


Sources = str | Path | Sequence[str | Path]  # of tasks: one, or several whose tasks are taken together


def sources_in(data: Sources) -> list[str]:
    """Returns the names of the sources in `data`."""
    return [str(data)] if isinstance(data, str | Path) else [str(source) for source in data]


def load_all_tasks(data: Sources) -> list[Task]:
    """Returns the tasks of one or several sources one after another, ids made unique; see load_tasks."""
    uses: Counter[str] = Counter()
    return [replace(task, id=_unique(task.id, uses)) for source in sources_in(data) for task in load_tasks(source)]


def load_tasks(source: str | Path, limit: int | None = None, split: str = "train") -> list[Task]:
    """Returns the tasks of a JSONL file, or of a Hugging Face data set given as "owner/name".

    All records of a source have one format, recognised from the first. Ids are the source's own (`id`,
    `task_id`, `question_id`) or the line's number, and are made unique: CoNaLa asks one question several
    times, so its second task on question 41067960 is called 41067960-2.

    Args:
        source: path of a UTF-8 file with one JSON object per line, the name of a data set on the hub, or
            "families:family", "families:phrasing" or "families:value": tasks of our own families, held out in that
            respect, the same ones every time; "families:training": such as may be trained on. With a style behind,
            as "families:training:lambda", the answers are in that style, of the tasks that it fits; "styles" stands for
            all styles of our own.
        limit: how many tasks to read from the start, None for all (of our own: 300; for training 2,000).
        split: the part of the hub's data set; has no effect on a file.

    Raises:
        DataError: the source is missing, is empty, or holds what is no task; the message names the line.
        ConfigError: the limit is below 1, or there are no families held out in that respect.
    """
    if limit is not None:
        require_range("limit", limit, 1)
    if str(source).startswith(OWN_TASKS):
        return _own_tasks(str(source), limit)
    records = islice(_records(source, split), limit)
    tasks: list[Task] = []
    uses: Counter[str] = Counter()
    form = None
    for record in records:
        form = form or recognise(record)
        tasks.append(read_task(record, form, _unique(record_id(record), uses)))
    if not tasks:
        raise DataError(f"{source} is empty; it must hold at least one task.")
    return tasks


def _own_tasks(source: str, limit: int | None) -> list[Task]:
    from families import HELD_OUT_BY, held_out_instances, training_instances

    split, _, style = source.removeprefix(OWN_TASKS).partition(":")
    if OWN_TASKS + split == OWN_TRAINING:
        drawn = training_instances(limit or OWN_TRAINING_COUNT, OWN_SEED)
    else:
        by = require_choice("split", split, HELD_OUT_BY)
        drawn = held_out_instances(limit or OWN_COUNT, OWN_SEED, by=by)
    tasks = [Task(**vars(one)) for one in drawn]
    return styled(tasks, style) if style else tasks


def _unique(wanted: str, uses: Counter[str]) -> str:
    """Returns `wanted`, or `wanted` with the first free number behind it, and notes it in `uses`."""
    candidate = wanted
    while candidate in uses:
        uses[wanted] += 1
        candidate = f"{wanted}-{uses[wanted]}"
    uses[candidate] = 1
    return candidate


def _records(source: str | Path, split: str) -> Iterator[Record]:
    name = str(source)
    try:
        path = Path(source).expanduser()
        if name.strip() and path.is_dir():
            raise DataError(f"{name} is a folder; give a JSONL file inside it.")
        if path.is_file():
            return _file_records(path)
        exists = bool(name.strip()) and path.exists()
    except (OSError, RuntimeError) as error:  # a name too long, a folder closed to us, the home of nobody
        raise DataError(f"{name[:200]} cannot be opened ({first_line(error)[:80]}); give a JSONL file.") from None
    if exists:
        raise DataError(f"{name} is a device or a pipe; give a JSONL file.")
    if _DATASET_NAME.fullmatch(name) and not _DATA_FILE.search(name):
        return hub_records(name, split)
    raise DataError(f"There is no file {name!r}; give a JSONL file, or a Hugging Face data set as owner/name.")


def _file_records(path: Path) -> Iterator[Record]:
    """Yields the objects of a JSONL file line by line; blank lines and a byte order mark are passed over."""
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                place = f"Line {number} of {path}"
                if len(raw) > MAX_LINE_BYTES:
                    raise DataError(f"{place} is longer than {MAX_LINE_BYTES:,} bytes; give one JSON object per line.")
                _require_whole(raw, place)
                line = _decode(raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw, place).strip()
                if line:
                    yield Record(_parse(line, place), place, f"line-{number}")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give a file that you may read.") from None


def _require_whole(raw: bytes, place: str) -> None:
    """Raises DataError for an object that ends with the file: the copy or the download of the rest is missing."""
    text = raw.strip()
    if text.startswith(b"{") and not text.endswith(b"}") and not raw.endswith((b"\n", b"\r")):
        raise DataError(f"{place} breaks off where the file ends; the file was cut off, copy or download it again.")


def _decode(raw: bytes, place: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{place} is not UTF-8 (byte {raw[error.start]:#04x} at position {error.start + 1}); "
            "save the file as UTF-8."
        ) from None


def _parse(line: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        if line.startswith("["):
            raise DataError(f"{place} begins a JSON list; write each of its objects on a line of its own.") from None
        reason = f" ({error.msg} at column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"{place} is not JSON{reason}; write one JSON object per line.") from None
    if not isinstance(value, dict):
        raise DataError(f"{place} is not a JSON object but {line[:40]!r}; write one JSON object per line.")
    return value
