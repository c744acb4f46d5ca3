"""What the browser gets: read back with safetensors and json; kinds of token against Python's own tokenizer."""

import gzip
import io
import json
import keyword
import re
import tokenize

import numpy as np
import pytest

from app.page.theme import KIND_COLOURS
from app.viewer.coded import pack, unpack
from app.viewer.component import _FOLDER, STYLES, script
from app.viewer.payload import PayloadStore, curve_arrays, neighbour_arrays, pack_tokens, projection_arrays
from app.viewer.token_kinds import KINDS, kind_of, kinds_of

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "${alert(2)}",
    "{{value}}",
    "\u202eevil",
    "\ud800",
    "</script>",
    "\x00",
]
PROGRAM = '''
import re
from os import path as p
class Thing(Base):
    async def go(self, x: int = 0x1F, *, y=3.5e-2, **rest) -> None:
        """Says."""
        if x is not None and y >= 1 or not rest:
            return [i ** 2 // 3 for i in range(10) if i % 2 != 0]
        lambda z: (yield z) if z @ x else {"a": 'b', **rest}
'''


def rng():
    return np.random.default_rng(0)


def neighbours(steps=50, positions=4, k=10, vocabulary=300):
    ids = rng().integers(0, vocabulary, (steps, positions, k)).astype(np.int32)
    scores = np.sort(rng().uniform(-0.2, 1, (steps, positions, k)).astype(np.float32), axis=-1)[..., ::-1]
    return ids, scores


def read_tokens(packed):
    return json.loads(gzip.decompress(packed))


def test_packed_neighbours_are_read_back_with_the_same_ids_and_scores_within_half_a_level():
    ids, scores = neighbours()
    arrays = unpack(pack(neighbour_arrays("state", ids, scores)))
    low, high = arrays["state.range"]
    np.testing.assert_array_equal(arrays["state.ids"], ids)
    np.testing.assert_allclose(arrays["state.scores"], scores, atol=0.51 * (high - low) / 65_534 + 1e-7)
    assert (arrays["state.scores"].min(), arrays["state.scores"].max()) == pytest.approx((low, high))


@pytest.mark.parametrize("shape", [(1, 3), (40, 2), (40, 4, 3)])
def test_every_number_is_within_half_a_level_of_its_column_and_what_has_no_place_has_none_afterwards(shape):
    values = (rng().normal(size=shape) * np.geomspace(1e-3, 1e3, shape[-1])).astype(np.float32)
    values[-1, ..., 0] = np.nan  # the whole column where there is one row
    back = unpack(pack({"map": values}))["map"]
    columns = values.reshape(-1, shape[-1])
    np.testing.assert_array_equal(np.isnan(back), np.isnan(values))
    columns = np.nan_to_num(columns, nan=np.nanmedian(columns))
    half, size = np.ptp(columns, 0) / 65_534 / 2, np.abs(columns).max(0)
    assert (np.nan_to_num(np.abs(back - values)).reshape(columns.shape) <= 1.01 * half + 1e-6 * size).all()


def test_a_path_that_rests_is_far_smaller_than_one_that_moves():
    still, moving = np.ones((2000, 16, 3), np.float32), rng().normal(size=(2000, 16, 3)).astype(np.float32)
    assert 50 * len(pack({"path": still})) < len(pack({"path": moving})) < moving.nbytes * 0.55


@pytest.mark.parametrize(("vocabulary", "kind"), [(32_100, np.uint16), (65_536, np.uint16), (70_000, np.uint32)])
def test_ids_take_two_bytes_unless_the_vocabulary_needs_four(vocabulary, kind):
    ids = np.array([[[0, vocabulary - 1]]])
    arrays = neighbour_arrays("state", ids, np.ones(ids.shape, np.float32))
    assert arrays["state.ids"].dtype == kind
    assert arrays["state.ids"].max() == vocabulary - 1


def test_equal_scores_everywhere_are_kept():
    arrays = unpack(pack(neighbour_arrays("state", np.zeros((3, 2, 1), int), np.full((3, 2, 1), 0.5, np.float32))))
    assert (arrays["state.scores"] == 0.5).all()
    np.testing.assert_allclose(arrays["state.range"], [0.5, 0.5])


def test_a_run_of_2000_steps_over_49152_tokens_is_fetched_in_under_four_megabytes_whatever_its_numbers_are():
    steps, positions, vocabulary = 2001, 16, 49_152
    path, mark = rng().normal(size=(steps, positions, 3)).astype(np.float32), np.zeros((positions, 3), np.float32)
    vectors = rng().normal(size=(steps, positions, 4)).astype(np.float32)
    run = {
        "timesteps": np.arange(steps, dtype=np.int32),
        "noise_level": np.zeros(steps, np.float32),
        **projection_arrays("pca", path[0], {"state": path, "estimate": path[::-1]}, {"manual": mark, "tuned": mark}),
        **neighbour_arrays("state", *neighbours(steps, positions, 10, vocabulary)),
        **curve_arrays("state", vectors, vectors[0]),
    }
    places = pack(projection_arrays("pca", rng().normal(size=(vocabulary, 3)), {}, {}))
    tokens = [f" token{index}" for index in range(vocabulary)]
    assert len(pack(run)) + len(places) + len(pack_tokens(tokens)) < 4_000_000


def test_curves_are_norms_and_distances_in_the_space_of_the_vectors():
    vectors = rng().normal(size=(50, 4, 32)).astype(np.float32)
    vectors[-5:] = vectors[-1] + 1e-3 * vectors[-5:]  # near the end, where digits are easily lost
    manual = rng().normal(size=(4, 32)).astype(np.float32)
    arrays = curve_arrays("estimate", vectors, manual)
    exact = vectors.astype(np.float64)
    for name, difference in (("norm", exact), ("to_end", exact - exact[-1:]), ("to_manual", exact - manual)):
        curve = arrays.pop(f"estimate.{name}")
        assert curve.dtype == np.float32 and curve.shape == (50, 4)
        np.testing.assert_allclose(curve, np.linalg.norm(difference, axis=-1), rtol=1e-4, atol=1e-6)
        assert (curve[-1] == 0).all() == (name == "to_end")
    assert arrays == {}


def test_shipped_files_are_unpacked_once_and_only_those_are_served(tmp_path):
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "a.json.gz").write_bytes(gzip.compress(b"[1]"))
    store = PayloadStore(tmp_path / "view", shipped=tmp_path / "shipped")
    assert store.find("b.json") is None
    assert store.find("a.json").read_bytes() == b"[1]"
    assert gzip.decompress(store.find("a.json.gz").read_bytes()) == b"[1]"
    (tmp_path / "shipped" / "a.json.gz").unlink()
    assert store.put("a.json", pytest.fail) == store.url("a.json")
    assert store.put("a.json.gz", pytest.fail) == store.url("a.json.gz")
    assert store.folders == [(tmp_path / "view").resolve()] and store.url("a.json").endswith("view/a.json")


def test_a_damaged_shipped_file_is_made_anew(tmp_path, caplog):
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"[1]")[:-4])
    store = PayloadStore(tmp_path / "view", shipped=tmp_path)
    store.put("a.json", lambda: b"[2]")
    assert store.find("a.json").read_bytes() == b"[2]" and "a.json.gz" in caplog.text


def test_hostile_tokens_come_back_as_they_were():
    assert read_tokens(pack_tokens(HOSTILE))["tokens"] == HOSTILE


def test_special_ids_are_special_whatever_they_look_like():
    assert [KINDS[i] for i in kinds_of(["for", " x", "for"], special_ids=[2])] == [
        "keyword",
        "name",
        "special",
    ]


def expected_kind(kind: int, text: str) -> str | None:
    if kind == tokenize.NAME:
        return "keyword" if keyword.iskeyword(text) else "name"
    return {tokenize.NUMBER: "number", tokenize.OP: "operator", tokenize.STRING: "string"}.get(kind)


def test_kinds_agree_with_pythons_tokenizer_on_a_program():
    found = [
        (expected_kind(t.type, t.string), t.string) for t in tokenize.generate_tokens(io.StringIO(PROGRAM).readline)
    ]
    checked = [(wanted, text) for wanted, text in found if wanted]
    assert {wanted for wanted, _ in checked} == {"keyword", "name", "number", "operator", "string"}
    for wanted, text in checked:
        assert kind_of(" " + text) == wanted, text


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("tion", "word piece"),
        ("print", "name"),
        ("  \n", "white space"),
        ("", "other"),
        ("é", "other"),
        ("_", "word piece"),
    ],
)
def test_letters_without_a_blank_may_continue_a_word(token, kind):
    assert kind_of(token) == kind


def test_every_kind_has_a_colour_and_a_place_in_the_legend():
    assert list(KIND_COLOURS) == list(KINDS) == read_tokens(pack_tokens([]))["kind_names"]


def test_a_file_is_built_once_and_a_failure_leaves_nothing(tmp_path):
    store = PayloadStore(tmp_path / "view")
    builds = []
    for _ in range(2):
        store.put("a.json", lambda: builds.append(1) or b"{}")
    assert builds == [1]

    def fail() -> bytes:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.put("b.json", fail)
    store.replace("a.json", b"[]")
    assert [(f.name, f.read_bytes()) for f in store.folder.iterdir()] == [("a.json", b"[]")]


@pytest.mark.parametrize("name", ["viewer.html", *(f"css/{name}" for name in STYLES)])
def test_no_template_holds_anything_that_would_be_run_as_code(name):
    assert not re.search(r"\$\{|\{\{|`|\\|@children", (_FOLDER / name).read_text(encoding="utf-8"))


def test_the_script_never_makes_markup_or_code_out_of_text():
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|javascript:"
    assert not re.search(markup, script())


def test_the_script_asks_no_other_host():
    assert not re.search(r"https?://(?!www\.w3\.org/(2000/svg|1999/xhtml)\")", script())  # names of XML, not addresses


def test_every_style_is_part_of_the_viewer():
    assert sorted(STYLES) == sorted(path.name for path in (_FOLDER / "css").iterdir())
