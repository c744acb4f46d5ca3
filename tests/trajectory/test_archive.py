"""A run as a zip: it comes back as it was; what a stranger puts into one is refused by name and leaves nothing."""

import hashlib
import json
import stat
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from ddpt_core.errors import ArtifactError
from ddpt_core.trajectory.archive import pack, unpack
from ddpt_core.trajectory.folder import DESCRIPTION, TENSORS
from ddpt_core.trajectory.limits import MAX_BYTES
from ddpt_core.trajectory.trajectory import Trajectory


@pytest.fixture
def files(run_folder):
    """The run's two files: name -> content, which a test may change."""
    return {name: (run_folder / name).read_bytes() for name in (DESCRIPTION, TENSORS)}


@pytest.fixture
def zipped(tmp_path):
    """Writes a zip: zipped(files, change) -> path; `change` gets it before its table of contents is written."""

    def write(files, change=lambda packed: None, method=zipfile.ZIP_DEFLATED):
        path = tmp_path / "given.zip"
        with zipfile.ZipFile(path, "w", method) as packed:
            for name, content in files.items():
                packed.writestr(name, content)
            change(packed)
        return path

    return write


@pytest.fixture
def refused(tmp_path):
    """Returns the sentence that a zip is refused with; what it was to be unpacked to holds nothing then."""

    def refuse(archive):
        home = tmp_path / "home"
        home.mkdir()
        with pytest.raises(ArtifactError) as caught:
            unpack(archive, home / "run")
        assert list(home.iterdir()) == []
        assert "\n" not in str(caught.value) and str(tmp_path) not in str(caught.value)
        return str(caught.value)

    return refuse


def described(files, **changes):
    """Returns the files with other values in run.json."""
    info = json.loads(files[DESCRIPTION]) | changes
    return files | {DESCRIPTION: json.dumps(info).encode()}


def numbered(files, tmp_path, **arrays):
    """Returns the files with other arrays (None: left out), whose digest stands in run.json."""
    (tmp_path / "numbers").write_bytes(files[TENSORS])
    tensors = {name: a for name, a in (load_file(tmp_path / "numbers") | arrays).items() if a is not None}
    content = save(tensors)
    return described(files | {TENSORS: content}, tensors_sha256=hashlib.sha256(content).hexdigest())


def test_a_packed_run_comes_back_byte_for_byte(run_folder, tmp_path):
    archive = pack(run_folder, tmp_path / "ten.zip")
    run = unpack(archive, tmp_path / "again")
    for name in (DESCRIPTION, TENSORS):
        assert (tmp_path / "again" / name).read_bytes() == (run_folder / name).read_bytes()
    np.testing.assert_array_equal(run.x, Trajectory.load(run_folder).x)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "ten.zip"]


@pytest.mark.parametrize("home", ["", "a run/"])
def test_a_zip_made_elsewhere_may_have_a_folder_and_be_compressed(home, files, zipped, tmp_path, run_folder):
    archive = zipped({home + name: content for name, content in files.items()})
    np.testing.assert_array_equal(unpack(archive, tmp_path / "again").context, Trajectory.load(run_folder).context)


def test_a_zip_with_an_entry_for_its_folder_is_taken(files, zipped, tmp_path):
    archive = zipped({"run/": b""} | {f"run/{name}": content for name, content in files.items()})
    assert unpack(archive, tmp_path / "again").steps == 10


def test_what_is_no_zip_is_refused(tmp_path, refused):
    (tmp_path / "given.zip").write_bytes(b"%PDF-1.7 not a zip")
    assert "is no zip" in refused(tmp_path / "given.zip")


def test_an_empty_file_is_refused(tmp_path, refused):
    (tmp_path / "given.zip").write_bytes(b"")
    assert "is no zip" in refused(tmp_path / "given.zip")


@pytest.mark.parametrize("share", [0.3, 0.999])
def test_a_zip_that_is_cut_short_is_refused(share, files, zipped, refused):
    archive = zipped(files)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    assert "cut short" in refused(archive)


def test_a_zip_with_a_changed_byte_is_refused(files, zipped, refused):
    archive = zipped(files, method=zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    assert "damaged" in refused(archive)


def test_an_encrypted_zip_is_refused(files, zipped, refused):
    def encrypt(packed):
        packed.infolist()[1].flag_bits |= 1

    assert "encrypted" in refused(zipped(files, encrypt))


@pytest.mark.parametrize("name", ["../run.json", "run/../../run.json", "/etc/run.json", "..\\run.json", "C:/run.json"])
def test_a_name_that_leads_elsewhere_is_refused(name, files, zipped, refused):
    files[name] = files.pop(DESCRIPTION)
    assert "leads elsewhere" in refused(zipped(files))


def test_a_link_is_refused(files, zipped, refused):
    def link(packed):
        packed.infolist()[0].external_attr = (stat.S_IFLNK | 0o777) << 16

    assert "is a link" in refused(zipped(files, link))


@pytest.mark.parametrize("extra", ["more.txt", "run.json.bak", "deep/er/run.json"])
def test_anything_besides_a_runs_files_is_refused(extra, files, zipped, refused):
    assert f"got '{extra}' too" in refused(zipped(files | {extra: b"{}"}))


def test_a_second_run_json_is_refused(files, zipped, refused):
    assert "too" in refused(zipped(files | {"other/run.json": b"{}"}))


def test_two_folders_are_refused(files, zipped, refused):
    assert "several folders" in refused(zipped({f"{name}/{name}": content for name, content in files.items()}))


@pytest.mark.parametrize("name", [DESCRIPTION, TENSORS])
def test_a_missing_file_is_named(name, files, zipped, refused):
    del files[name]
    assert f"lacks {name}" in refused(zipped(files))


def test_a_zip_of_many_entries_is_refused_by_its_end_alone(zipped, refused):
    assert "got 5,000 entries" in refused(zipped({f"{i}": b"" for i in range(5_000)}))


@pytest.mark.parametrize("size", [1 << 30, MAX_BYTES + 1])
def test_a_size_declared_above_the_limit_is_refused_unopened(size, files, zipped, refused, monkeypatch):
    def declare(packed):
        packed.infolist()[1].file_size = size

    archive = zipped(files, declare)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    said = refused(archive)
    assert "at most 200 MB" in said and f"{size / 1e6:,.3g} MB" in said


def test_a_long_run_json_is_refused(files, zipped, refused):
    files[DESCRIPTION] += b" " * 100_000
    assert "64 KB" in refused(zipped(files))


def test_a_file_longer_than_declared_is_refused(files, zipped, refused):
    def declare(packed):
        packed.infolist()[1].file_size -= 1_000

    assert "damaged" in refused(zipped(files, declare))


def test_a_file_shorter_than_declared_is_refused(files, zipped, refused):
    def declare(packed):
        packed.infolist()[1].file_size += 1_000

    assert "not as long as it declares" in refused(zipped(files, declare))


def test_a_bomb_is_refused(files, zipped, refused):
    assert "more than 20 times" in refused(zipped(files | {TENSORS: bytes(20_000_000)}))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_rare_compression_is_refused(method, files, zipped, refused):
    assert "plain zip" in refused(zipped(files, method=method))


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 50_000, b"[]", b'"run"', b""])
def test_a_run_json_that_is_no_object_is_refused(text, files, zipped, refused):
    assert "no JSON" in refused(zipped(files | {DESCRIPTION: text}, method=zipfile.ZIP_STORED))


@pytest.mark.parametrize("version", [2, 99, None, "1", 1.5, [1]])
def test_a_newer_or_unknown_format_is_refused(version, files, zipped, refused):
    assert "1 is the newest" in refused(zipped(described(files, format=version)))


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("backbone", {"backbone": None}),
        ("backbone", {"backbone": {"name": 7, "sha256": "x"}}),
        ("prompt", {"prompt": {"name": ""}}),
        ("prompt", {"prompt": "ddpt"}),
        ("context", {"context": "x" * 5_000}),
        ("scheduler", {"scheduler": "ddmp"}),
        ("scheduler", {"scheduler": ["ddpm"]}),
        ("steps", {"steps": "10"}),
        ("steps", {"steps": True}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": 2**63}),
        ("date", {"created": 20261121}),
        ("shape", {"shape": [11, 8]}),
        ("shape", {"shape": [12, 8, 32]}),
        ("shape", {"shape": [11, 0, 32]}),
    ],
)
def test_a_run_json_without_what_a_list_shows_is_refused(what, changes, files, zipped, refused):
    assert f"no usable {what}" in refused(zipped(described(files, **changes)))


@pytest.mark.parametrize(
    ("steps", "shape", "words"),
    [
        (2_001, [2_002, 8, 32], "at most 2,000 steps"),
        (10, [11, 513, 32], "512 positions"),
        (2_000, [2_001, 16, 1_024], "at most 200 MB of numbers"),
    ],
)
def test_too_many_steps_positions_or_numbers_are_refused(steps, shape, words, files, zipped, refused):
    assert words in refused(zipped(described(files, steps=steps, shape=shape)))


def test_numbers_that_do_not_match_their_digest_are_refused(files, zipped, refused):
    assert "one of the two files was swapped" in refused(zipped(described(files, tensors_sha256="0" * 64)))


def test_numbers_that_are_no_safetensors_are_refused(files, zipped, refused):
    assert "damaged" in refused(zipped(files | {TENSORS: bytes(range(256)) * 40}, method=zipfile.ZIP_STORED))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["x", "context", "mean", "std", "noise_level"])
def test_numbers_that_are_not_finite_are_refused(name, value, files, zipped, refused, tmp_path, run_folder):
    array = load_file(run_folder / TENSORS)[name].copy()
    array.flat[-1] = value
    assert "not finite" in refused(zipped(numbered(files, tmp_path, **{name: array})))


@pytest.mark.parametrize(
    ("words", "arrays"),
    [
        ("shapes", {"x": np.zeros((11, 8, 31), np.float32)}),
        ("shapes", {"x": np.zeros((10, 8, 32), np.float32), "context": np.zeros((10, 8, 32), np.float32)}),
        ("shapes", {"noise_level": np.zeros((11, 1), np.float32)}),
        ("shapes", {"std": None}),
        ("shapes", {"more": np.zeros(3, np.float32)}),
        ("another kind", {"timesteps": np.arange(11, dtype=np.float32)[::-1].copy()}),
        ("another kind", {"mean": np.zeros(32, np.int64)}),
        ("timesteps must fall", {"timesteps": np.arange(11)}),
        ("timesteps must fall", {"timesteps": np.arange(11)[::-1] - 5}),
        ("noise levels", {"noise_level": np.full(11, 2, np.float32)}),
    ],
)
def test_numbers_of_another_shape_kind_or_range_are_refused(words, arrays, files, zipped, refused, tmp_path):
    arrays = {name: array if array is None else np.ascontiguousarray(array) for name, array in arrays.items()}
    assert words in refused(zipped(numbered(files, tmp_path, **arrays), method=zipfile.ZIP_STORED))


def test_a_folder_that_holds_something_is_not_overwritten(files, zipped, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "note").write_text("mine")
    with pytest.raises(ArtifactError, match="already holds something"):
        unpack(zipped(files), tmp_path / "taken")
    assert (tmp_path / "taken" / "note").read_text() == "mine"
