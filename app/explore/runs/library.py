"""What a visitor can do to runs: keep, rename, delete and restore them, take them away as a zip and bring them back."""

import errno
import os
import re
import secrets
import shutil
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from app.explore.runs.run_entry import RunEntry
from app.explore.runs.run_picture import run_picture
from app.explore.runs.runs import Runs
from app.explore.runs.unsaved import TRASH, remove_if_old
from app.page.names import check_name, free_name
from app.page.stream import Tell
from app.page.uploads import on_a_space
from app.viewer.view import RunView, key_of
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, first_line
from ddpt_core.files import check_writable
from ddpt_core.trajectory.limits import MAX_BYTES

TRASH_SECONDS = 24 * 3_600  # that a deleted run of the user's own can still be brought back
UPLOAD_LIMIT = f"a zip of a run’s folder, at most {MAX_BYTES // 1_000_000} MB, also once unpacked"
PARCEL_SECONDS = 600  # that a zip is left for the server to copy


class Library:
    """Changes the runs that Runs lists; each change is one move of a folder, so it happens or does not."""

    def __init__(self, services):
        self.services, self.runs = services, services.of(Runs)
        self.parcels = tempfile.TemporaryDirectory(prefix="ddpt-runs-")

    def keep(self, name: str, visitor: str | None) -> RunEntry:
        """Returns the visitor's unsaved run as one of the user's own, by another name if that is taken."""
        entry = self.runs.entry(name, visitor)
        if not entry.unsaved:
            raise ArtifactError(f"The run {entry.name!r} is kept already.")
        if on_a_space():
            raise ArtifactError(
                "A Space keeps no run for a visitor; download it, and upload it when you need it again."
            )
        home = registry.user_folder("runs")
        check_writable(home)
        kept = free_name(entry.name, {*self.runs.entries(), *os.listdir(home)})
        move(entry.folder, home / kept)
        return self.runs.entry(kept, visitor)

    def rename(self, name: str, new: str, visitor: str | None) -> RunEntry:
        """Returns the run by its new name; raises ArtifactError for an embedded one and for a name that cannot be."""
        entry = self._changeable(name, visitor, "renamed")
        new = (new or "").strip()
        check_name("run", new)
        if new == entry.name:
            return entry
        if new in self.runs.entries(visitor) or os.path.lexists(entry.folder.with_name(new)):
            raise ArtifactError(f"There is a run {new!r} already; choose another name.")
        move(entry.folder, entry.folder.with_name(new))
        return self.runs.entry(new, visitor)

    def delete(self, name: str, visitor: str | None) -> str:
        """Moves the run to the trash; returns the word that brings it back for some hours."""
        entry = self._changeable(name, visitor, "deleted")
        for old in (registry.user_folder("runs") / TRASH).glob("*"):
            remove_if_old(old, TRASH_SECONDS, self.runs.remove)
        undo = secrets.token_hex(12)
        move(entry.folder, entry.folder.parent / TRASH / undo / entry.name)
        return undo

    def restore(self, undo: str, visitor: str | None) -> RunEntry:
        """Returns the deleted run, back in its place; by another name if its own was taken meanwhile."""
        homes = [registry.user_folder("runs"), *([self.runs.unsaved.folder(visitor)] if visitor else [])]
        known = bool(re.fullmatch(r"[0-9a-f]{24}", undo))
        found = [run for home in homes for run in (home / TRASH / undo).glob("*")] if known else []
        if not found:
            raise ArtifactError("That run cannot be brought back any longer; its trash was emptied.")
        folder, home = found[0], found[0].parents[2]
        taken = self.runs.entries(visitor)
        to = home / (folder.name if folder.name not in taken else free_name(folder.name, taken))
        move(folder, to)
        with suppress(OSError):
            folder.parent.rmdir()
        return self.runs.entry(to.name, visitor)

    def pack(self, name: str, visitor: str | None, tell: Tell | None = None, recipe: bool = False) -> Path:
        """Returns a new zip of the run, which is left for some minutes.

        Of a run that is kept as a recipe the steps are made again first, unless it is asked for as a `recipe`.
        """
        from ddpt_core.trajectory.archive import pack

        entry = self.runs.entry(name, visitor)
        home = Path(self.parcels.name)
        for old in home.glob("*"):
            remove_if_old(old, PARCEL_SECONDS, shutil.rmtree)
        parcel = Path(tempfile.mkdtemp(dir=home))
        folder = entry.folder
        if entry.recipe and not recipe:
            folder = self.runs.recent.load(entry, tell=tell).save(parcel / "whole" / entry.name)
        try:
            return pack(folder, parcel / f"{entry.name}.zip")
        finally:
            shutil.rmtree(parcel / "whole", ignore_errors=True)

    def take_in(self, archive: str | Path, visitor: str, tell: Tell) -> tuple[RunEntry, bool]:
        """Returns the run of an uploaded zip, and whether it is new; one that is here already is not taken in again.

        Raises ArtifactError, and leaves nothing, for a zip that is refused and a backbone that is not here, or a recipe
        whose prompt is not.
        """
        from ddpt_core.trajectory.archive import unpack

        archive = Path(archive)
        size = archive.stat().st_size
        if size > MAX_BYTES:
            raise ArtifactError(f"The zip must have at most {MAX_BYTES // 1_000_000} MB, got {size / 1e6:,.3g}.")
        self.runs.unsaved.check_room(visitor)
        home = self.runs.unsaved.folder(visitor)
        home.mkdir(parents=True, exist_ok=True)
        waiting = home / f".{secrets.token_hex(8)}.received"
        try:
            tell(0.1, "Unpacking the run…")
            with ExitStack() as turn:

                def making(share: float) -> None:  # hears of a recipe alone
                    if share == 0:
                        turn.enter_context(self.services.model(tell))
                    tell(0.1 + 0.5 * share, "Making the run again from its seed…")

                run = unpack(archive, waiting, making)
            tell(0.6, "Checking its backbone…")
            self._check_backbone(run)
            entries = self.runs.entries(visitor)
            key = key_of(waiting)
            for entry in entries.values():
                if key_of(entry.folder) == key:
                    return entry, False
            to = home / free_name(archive.stem, entries)
            tell(1.0, "Unpacked")
            move(waiting, to)
            self.runs.recent.add(run, to)
        finally:
            shutil.rmtree(waiting, ignore_errors=True)
        return self.runs.entry(to.name, visitor), True

    def thumbnail(self, entry: RunEntry) -> str:
        """Returns a small picture of the run as SVG, made once; nothing for a run that was never opened."""
        store, key = self.services.of(Runs).store, key_of(entry.folder)
        name = f"{key}-picture.svg"
        file = store.find(name)
        view = RunView(store, key)
        if file is None and view.read():
            tokens, paths = view.picture()
            picture = run_picture(tokens[:, :2], paths[:, :, :2].swapaxes(0, 1), "The paths of its positions")
            store.put(name, picture.encode)
            return picture
        return file.read_text(encoding="utf-8") if file else ""

    def _changeable(self, name: str, visitor: str | None, done: str) -> RunEntry:
        entry = self.runs.entry(name, visitor)
        if entry.embedded:
            raise ArtifactError(f"The run {entry.name!r} came with the project and cannot be {done}.")
        if on_a_space() and not entry.unsaved:
            raise ArtifactError(f"On a Space the run {entry.name!r} is everybody's and cannot be {done}.")
        return entry

    def _check_backbone(self, run) -> None:
        """Raises ArtifactError unless the run's backbone is here; none is fetched because a zip names it."""
        name, sha256 = run.info["backbone"]["name"], run.info["backbone"]["sha256"]
        known = {registry.DEFAULT, *(entry.info["backbone"]["name"] for entry in self.runs.entries().values())}
        if name not in known:
            raise ArtifactError(
                f"The run is of the backbone {name[:80]!r}, which is not here; the backbones here are: "
                f"{', '.join(sorted(known))}."
            )
        backbone = self.services.backbone(name)
        if backbone.sha256 != sha256 or backbone.embedding_table.shape[1] != run.x.shape[2]:
            raise ArtifactError(f"The run was made with another version of the backbone {name!r}; record it anew here.")


def move(folder: Path, to: Path) -> None:
    """Moves a run's folder, whole or not at all, also to another disk; raises ArtifactError if that fails."""
    part = to.with_name(f".{to.name}.{secrets.token_hex(4)}.part")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(folder, to)
        except OSError as error:
            if error.errno != errno.EXDEV:  # another disk
                raise
            shutil.copytree(folder, part)
            os.rename(part, to)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise ArtifactError(f"The run {folder.name!r} cannot be moved ({first_line(error)}); try again.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
