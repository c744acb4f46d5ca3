import contextlib
import os

import pytest

from sandbox import scratch as scratch_module
from sandbox.confinement import NOBODY
from sandbox.scratch import Scratch, remove


def test_the_folder_is_empty_private_and_gone_afterwards(tmp_path):
    with Scratch(str(tmp_path)) as scratch:
        assert os.listdir(scratch.path) == [] and os.stat(scratch.path).st_mode & 0o777 == 0o700
    assert not os.path.exists(scratch.path)


def test_links_closed_folders_and_other_things_are_removed_but_not_what_links_point_to(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_text("x")
    inside = tmp_path / "inside"
    (inside / "closed" / "deeper").mkdir(parents=True)
    (inside / "link").symlink_to(tmp_path / "outside")
    (inside / "closed" / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(inside / "fifo")
    (inside / "closed").chmod(0)
    remove(str(inside))
    assert not inside.exists() and (tmp_path / "outside" / "kept").exists()


def test_an_ordinary_user_removes_folders_that_nobody_may_enter(tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    tmp_path.chmod(0o711)
    if os.geteuid() == 0:
        os.chown(made, NOBODY, NOBODY)
    copy = os.fork()
    if copy == 0:
        try:
            os.chdir(tmp_path)
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            os.makedirs("made/a/b")
            os.mkdir("made/a/b/c", 0)
            os.chmod("made/a/b", 0)
            os.chmod("made/a", 0)
            with contextlib.suppress(PermissionError):  # the folder itself lies in one that belongs to another
                remove("made")
            os._exit(len(os.listdir("made")) if os.path.exists("made") else 0)
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == 0


def test_folders_that_are_named_as_removed_ones_are_removed(tmp_path):
    for folder in ("a/x/y", ".removed-1/z", ".removed-2/z", "removed-1/z"):
        (tmp_path / "made" / folder).mkdir(parents=True)
    remove(str(tmp_path / "made"))
    assert os.listdir(tmp_path) == []


def test_folders_nested_deeper_than_a_path_can_name_are_removed(tmp_path):
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        os.mkdir("nest")
        os.chdir("nest")
        for _ in range(210):  # 210 names of 20 letters are more than the 4,096 characters of a path
            os.mkdir("x" * 20)
            os.chdir("x" * 20)
    finally:
        os.chdir(here)
    remove(str(tmp_path / "nest"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("size", "files", "exceeds"), [(0, 1, False), (90_000, 1, False), (110_000, 1, True), (0, 20, True)]
)
def test_bytes_and_files_are_counted_in_all_folders(size, files, exceeds, monkeypatch, tmp_path):
    monkeypatch.setattr(scratch_module, "_MAX_ENTRIES", 20)  # the two folders count as well
    with Scratch(str(tmp_path)) as scratch:
        os.makedirs(os.path.join(scratch.path, "a", "b"))
        for i in range(files):
            with open(os.path.join(scratch.path, "a", "b", str(i)), "wb") as file:
                file.write(bytes(size))
        assert scratch.exceeds(100_000) is exceeds
