"""Where tasks come from: the examples; and to train on, our own, an upload, a data set of the hub, a file here."""

import ipaddress
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr

from app.page.uploads import MAX_BYTES, on_a_space, read_task_file
from ddpt_core.backbone import registry
from ddpt_core.data.readers import OWN_TASKS, OWN_TRAINING, load_tasks
from ddpt_core.data.task import Task
from ddpt_core.errors import DataError

YOUR_FILE = "your file"
MAX_UPLOADED = 100_000  # tasks of an uploaded file that are read: more than its bytes have room for
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
FORMATS_NOTE = "JSONL: CoNaLa, CodeAlpaca, MBPP, HumanEval, or `instruction` and `reference`"
UPLOAD_NOTE = f"{FORMATS_NOTE}; at most {MAX_BYTES >> 20} MB, a larger file by its path"


class Examples:
    """The example tasks, read once; `services.of(Examples)` gives them."""

    def __init__(self, services):
        pass

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """The tasks by id, in the order of their file; none without that file."""
        path = registry.ASSETS / "examples" / "examples.jsonl"
        return {task.id: task for task in load_tasks(path)} if path.is_file() else {}


@dataclass(frozen=True)
class Source:
    """Where tasks are, as load_tasks takes it, and what they are called; an uploaded file is gone some hours later."""

    place: str
    name: str
    uploaded: bool = False

    def tasks(self) -> list[Task]:
        """Returns all its tasks; raises DataError, which calls an uploaded file as its owner does."""
        if self.uploaded:
            return list(read_task_file(self.place, MAX_UPLOADED).tasks.values())
        return load_tasks(self.place)


def source_of(data: str | None, upload: str = "", local: bool = False) -> Source:
    """Returns the source that a visitor names; raises DataError for one that is not to be read.

    local: whether the visitor sits at this machine, whose files only they may name.
    """
    name = (data or "").strip()
    if name == YOUR_FILE and upload:
        return Source(upload, Path(upload).name, uploaded=True)
    if name in ("", YOUR_FILE):
        raise DataError(f"No data is chosen; choose {OWN_TRAINING}, or upload a JSONL file of tasks.")
    if name.startswith(OWN_TASKS):
        return Source(name, name)
    if local:
        path = Path(os.path.expanduser(name))
        return Source(str(path.resolve()) if os.path.lexists(path) else name, "/".join(path.parts[-2:]))
    if on_a_space():
        raise DataError(f"A Space reads no data set of the hub, got {name[:80]!r}; upload a JSONL file instead.")
    if not HUB_NAME.fullmatch(name) or os.path.lexists(name):
        raise DataError(
            f"{name[:80]!r} is no data set of the Hugging Face hub, and a file may be named only by a browser on the "
            "machine that it lies on; write owner/name, or upload the file."
        )
    return Source(name, name)


def at_this_machine(request: gr.Request | None) -> bool:
    """Returns whether whoever asks sits at the machine that answers, and asked for it by a name of its own.

    The second part is for pages elsewhere whose name was made to point here.
    """
    client = getattr(getattr(request, "client", None), "host", None)
    host = urlsplit(f"//{getattr(request, 'headers', {}).get('host', '')}").hostname or ""
    return not on_a_space() and is_loopback(client) and (host == "localhost" or is_loopback(host))


def is_loopback(address: str | None) -> bool:
    """Returns whether an IP address is one of the machine itself."""
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
