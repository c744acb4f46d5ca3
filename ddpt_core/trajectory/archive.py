"""A run as one zip: packed to be sent, and unpacked with distrust, since a zip may come from anybody.

A zip is first judged by its table of contents, before a byte is unpacked; then by what its two files hold: run.json,
and the steps or a recipe's waypoints. Whatever is refused leaves nothing on the disk.
"""

import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ddpt_core.errors import ArtifactError, first_line
from ddpt_core.trajectory.folder import DESCRIPTION, TENSORS, WAYPOINTS, is_recipe
from ddpt_core.trajectory.foreign import check_arrays, check_description
from ddpt_core.trajectory.limits import MAX_BYTES
from ddpt_core.trajectory.trajectory import Trajectory, check_new_folder

MAX_DESCRIPTION = 64 << 10  # bytes of run.json
MAX_SHRINK = 20  # times that a file may be smaller in the zip; numbers of a run shrink by a tenth
MAX_CONTENTS = 4_096  # bytes of the zip's table of contents; that of a run takes 200
CHUNK = 1 << 20  # bytes copied at a time
FILES = f"{DESCRIPTION} and either {TENSORS} or {WAYPOINTS}"  # that a zip must hold, in words

_END = struct.Struct("<4s4H2LH")  # the end of a zip: PKWARE's APPNOTE.TXT, 4.3.16
_LONGEST_COMMENT = 65_535


def pack(folder: Path, archive: Path) -> Path:
    """Writes the run in `folder` as a zip to the new file `archive`, and returns it; raises ArtifactError.

    The files lie in a folder of the run's name, as they are: numbers like these hardly shrink. A recipe is packed as
    one.
    """
    part = archive.with_name(f".{archive.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as packed:
            for name in (DESCRIPTION, WAYPOINTS if is_recipe(folder) else TENSORS):
                packed.write(folder / name, f"{folder.name}/{name}")
        os.replace(part, archive)
    except (OSError, ValueError) as error:
        raise ArtifactError(f"The run {folder.name} cannot be packed ({first_line(error)}); try again.") from error
    finally:
        part.unlink(missing_ok=True)
    return archive


def unpack(archive: Path, folder: Path, progress: Callable[[float], None] | None = None) -> Trajectory:
    """Returns the run in the zip `archive`, which is then also in the new `folder`; raises ArtifactError.

    A recipe is made again, as `Trajectory.load` does, and refused if its prompt is not here.

    Refused are: what is no whole zip, what holds anything but one run's two files, more bytes than MAX_BYTES or than
    were declared, and numbers that are no run's. The folder then holds nothing.
    """
    check_new_folder(folder)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}.", suffix=".part", dir=folder.parent))
    try:
        with archive.open("rb") as file:
            _check_end(file)
            with zipfile.ZipFile(file) as packed:
                members = _members(packed)
                _copy(packed, members[DESCRIPTION], part / DESCRIPTION)
                declared = check_description(part / DESCRIPTION)
                for name in members.keys() - {DESCRIPTION}:
                    _copy(packed, members[name], part / name)
        run = check_arrays(part, declared, progress)
        part.chmod(0o755)  # mkdtemp's own is for this user alone
        if folder.is_dir():
            folder.rmdir()  # an empty one, as checked above
        os.replace(part, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error) as error:
        raise ArtifactError(
            f"The zip is damaged ({first_line(error)}): its files are not what it declares; copy it again."
        ) from error
    except OSError as error:
        reason = error.strerror or first_line(error)
        raise ArtifactError(f"The zip cannot be unpacked ({reason}); try again.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)  # what is left of it if anything was refused
    return run


def _check_end(file: BinaryIO) -> None:
    """Raises ArtifactError unless the file ends as a zip with a short table of contents does.

    Python's zipfile reads the whole table at once, which of a hostile zip may hold millions of entries.
    """
    size = file.seek(0, os.SEEK_END)
    start = file.read(4) if file.seek(0) == 0 else b""
    file.seek(max(0, size - _END.size - _LONGEST_COMMENT - 20))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        if start == b"PK\x03\x04":
            raise ArtifactError("The zip is cut short: its end is missing; copy or download it again.")
        raise ArtifactError("The file is no zip; choose one that was downloaded here, or that holds a run's folder.")
    *_, count, length, _offset, _comment = _END.unpack_from(tail, at)
    if count > 3 or length > MAX_CONTENTS or tail[max(0, at - 20) :].startswith(b"PK\x06\x07"):
        raise ArtifactError(
            f"The zip must hold {FILES} only, got {'more' if count < 4 else f'{count:,}'} entries; pack one run's "
            "folder."
        )


def _members(packed: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Returns file name -> entry of the run's two files; raises ArtifactError for a zip that holds anything else."""
    found: dict[str, zipfile.ZipInfo] = {}
    homes = set()
    for entry in packed.infolist():
        _check_entry(entry)
        path = PurePosixPath(entry.filename)
        if entry.is_dir():
            homes.add(str(path))
            continue
        second = path.name in found or (path.name != DESCRIPTION and {TENSORS, WAYPOINTS} & found.keys())
        if path.name not in (DESCRIPTION, TENSORS, WAYPOINTS) or second or len(path.parts) > 2:
            raise ArtifactError(
                f"The zip must hold {FILES} only, got {entry.filename[:80]!r} too; pack one run's folder."
            )
        found[path.name] = entry
        homes.add(str(path.parent))
    numbers = WAYPOINTS if WAYPOINTS in found else TENSORS
    missing = [name for name in (DESCRIPTION, numbers) if name not in found]
    if missing or len(homes) > 1:
        lacks = f"lacks {' and '.join(missing)}" if missing else "holds files of several folders"
        raise ArtifactError(f"The zip {lacks}; pack one run's folder.")
    declared = sum(entry.file_size for entry in found.values())
    if declared > MAX_BYTES or found[DESCRIPTION].file_size > MAX_DESCRIPTION:
        raise ArtifactError(
            f"A run must have at most {MAX_BYTES // 1_000_000} MB once unpacked, and {MAX_DESCRIPTION >> 10} KB of "
            f"{DESCRIPTION}; the zip declares {declared / 1e6:,.3g} MB; record the run with fewer steps."
        )
    if found[numbers].file_size > MAX_SHRINK * max(found[numbers].compress_size, 1):
        raise ArtifactError(
            f"The zip's {numbers} would grow more than {MAX_SHRINK} times, which the numbers of a run do not; "
            "pack the run's folder again."
        )
    return found


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name, mode = entry.orig_filename, entry.external_attr >> 16
    if (
        name != entry.filename
        or name.startswith(("/", "\\"))
        or set("\\:\0") & set(name)
        or {"..", "."} & set(name.rstrip("/").split("/"))
    ):
        raise ArtifactError(f"The zip holds the name {name[:80]!r}, which leads elsewhere; pack one run's folder.")
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArtifactError(f"The zip's {name[:80]!r} is a link or a device, not a file; pack the run's own files.")
    if entry.flag_bits & 0x1:
        raise ArtifactError("The zip is encrypted, and there is no place for a password; pack it without one.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArtifactError(f"The zip's {name[:80]!r} is compressed in a rare way; pack it as a plain zip (deflate).")


def _copy(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, to: Path) -> None:
    """Unpacks one file; raises ArtifactError as soon as it is longer than declared, BadZipFile if it is another."""
    left = entry.file_size
    with packed.open(entry) as source, to.open("wb") as target:
        while chunk := source.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                break
            target.write(chunk)
    if left:
        raise ArtifactError(
            f"The zip is damaged: {to.name} is not as long as it declares ({entry.file_size:,} bytes); copy it again."
        )
