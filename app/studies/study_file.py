"""Study files: those that come with the project and a visitor's own, read and checked before anything is loaded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.page.numbers import whole
from app.page.sources import HUB_NAME
from app.page.uploads import on_a_space
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.data.readers import OWN_TASKS
from ddpt_core.errors import BackboneError, ConfigError, DDPTError, require_range

if TYPE_CHECKING:
    from ddpt_core.study.plan_file import Study

READY = Path(__file__).resolve().parents[2] / "studies"  # the files that come with the project
DATA_FOLDER = "../shared/data"  # as the command line's --data-root
FIRST = "first"  # the study that the menu begins with: it runs on what the project ships
YOUR_FILE = "your file"
SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 200_000  # of a study file
NOT_HERE = (
    "A Space runs no study, since its processor and disk are everybody's; read the studies here, and run one on a "
    "machine of your own, where `make run` opens this page."
)


@dataclass(frozen=True)
class Wanted:
    """A study that may run: its file's name and text, the study in it, its data folder and limit.

    `command_file` is what the command line calls the file.
    """

    file: str
    text: str
    study: Study
    data_folder: Path
    limit: int | None
    command_file: str

    @property
    def command(self) -> str:
        """The command that makes the same."""
        limit = f" --limit {self.limit}" if self.limit else ""
        return f"python -m ddpt_core study {self.command_file}{limit} --out DIR"


def wanted_study(
    file: str | None, upload: str = "", data_folder: str = "", limit: Any = None, local: bool = False
) -> Wanted:
    """Returns the study in a file; raises DDPTError for one that may not run.

    file: the name of one of `ready_files`, or YOUR_FILE for the file at the path `upload`. local: whether the visitor
    sits at this machine, whose folders only they may name. limit: None, "" or 0 for all tasks.
    """
    if on_a_space():
        raise ConfigError(NOT_HERE)
    ready, own = ready_files(), file == YOUR_FILE and bool(upload)
    if not own and file not in ready:
        raise ConfigError("No study is chosen; choose one of the list, or upload a YAML file.")
    path = Path(upload) if own else ready[str(file)]
    root = (data_folder or "").strip() or DATA_FOLDER
    if root != DATA_FOLDER and not local:
        raise ConfigError(
            f"A data folder may be named only by a browser on the machine that it lies on, got {root[:80]!r}; "
            f"leave it at {DATA_FOLDER}."
        )
    count = None if limit in (None, "", 0) else require_range("Limit", whole("Limit", limit), 1)
    called = path.name if own else f"studies/{path.name}"
    return read_wanted(path, Path(os.path.expanduser(root)), count, called, local)


def read_wanted(path: Path, root: Path, limit: int | None, called: str, local: bool = False) -> Wanted:
    """Returns the study in the file at `path`; raises DDPTError, also for data and backbones that may not be read."""
    from ddpt_core.study.plan_file import read_study

    text = _text_of(path)
    try:
        study = read_study(path)
    except DDPTError as error:
        raise type(error)(str(error).replace(str(path), path.name)) from None
    for plan in study.parts:
        for source in (*plan.train, *(data.data for data in plan.data)):
            if not source.startswith(OWN_TASKS) and not (root / source).resolve().is_relative_to(root.resolve()):
                raise ConfigError(f"The data must lie below the data folder, got {source[:80]!r}; move them there.")
        name = plan.backbone
        if name != DEFAULT and not local and (not HUB_NAME.fullmatch(name) or os.path.lexists(name)):
            raise BackboneError(
                f"A folder may be named only by a browser on the machine that it lies on, got {name[:80]!r}; write "
                "owner/name of the Hugging Face hub."
            )
    name = path.name if path.suffix in SUFFIXES else f"{path.stem}.yaml"  # so that it takes no other file's place
    return Wanted(name, text, study, root, limit, called)


def ready_files() -> dict[str, Path]:
    """Returns name -> study file that comes with the project, FIRST before the others."""
    return {path.stem: path for path in sorted(READY.glob("*.yaml"), key=lambda path: (path.stem != FIRST, path.stem))}


def about_file(path: Path) -> str:
    """Returns what the first comment of a study file says of it, "" if it has none."""
    with path.open(encoding="utf-8") as lines:
        first = next(lines, "")
    return first.lstrip("# ").strip() if first.startswith("#") else ""


def _text_of(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ConfigError(
                f"A study file must have at most {MAX_BYTES // 1000} kB, got {size / 1000:,.0f}; it holds a plan alone."
            )
        return path.read_text(encoding="utf-8")
    except OSError:
        raise ConfigError(f"The file {path.name} is not kept any longer; upload it again.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"The file {path.name} is no text in UTF-8; upload a YAML file.") from None
