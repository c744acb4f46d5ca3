"""The doors of the Train tab: who may name files, folders and foreign code, a Space, the form, the endpoints."""

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from app.main import build_app
from app.page.prompts import Prompts, trained_on
from app.page.sources import YOUR_FILE, Source, at_this_machine, source_of
from app.train.form import DENOISER, NUMBERS, USUAL
from app.train.tab import lay_out
from app.train.trainings import config_of
from ddpt_core.arms import ALL_ARMS, methods
from ddpt_core.backbone import registry
from ddpt_core.errors import BackboneError, ConfigError, DataError
from ddpt_core.settings import TRAINING_STATE, TrainConfig


@pytest.fixture
def tab(answering):
    with gr.Blocks():
        return lay_out(answering)


def test_an_unreadable_state_is_left_out_of_the_list(tab):
    (registry.user_folder("prompts") / "broken").mkdir(parents=True)
    (registry.user_folder("prompts") / "broken" / TRAINING_STATE).write_bytes(b"no safetensors")
    assert tab.trainings.stopped() == {}


def test_only_who_sits_at_this_machine_names_files_folders_and_foreign_code(tab, data_file, tiny_folder):
    assert source_of(str(data_file), local=True).place == str(data_file.resolve())
    with pytest.raises(DataError, match="only by a browser on the machine that it lies on"):
        source_of(str(data_file))
    with pytest.raises(DataError, match="only by a browser"):
        source_of("app/main.py")
    assert source_of("owner/name").place == "owner/name"
    assert tab.trainings.backbone_of(str(tiny_folder), local=True) == str(tiny_folder)
    with pytest.raises(BackboneError, match="only by a browser on the machine"):
        tab.trainings.backbone_of(str(tiny_folder), local=False)
    with pytest.raises(ConfigError, match="Only a browser on the machine"):
        tab.trainings.backbone_of("owner/name", local=False, trusted=True)
    assert tab.services.trusted == set()


@pytest.mark.parametrize(
    ("client", "host", "local"),
    [
        ("127.0.0.1", "127.0.0.1:7860", True),
        ("::1", "[::1]:7860", True),
        ("127.0.0.1", "localhost", True),
        ("192.168.1.7", "localhost:7860", False),
        ("127.0.0.1", "pages.example:7860", False),
        ("127.0.0.1", "", False),
        (None, "localhost", False),
        ("testclient", "localhost", False),
    ],
    ids=["v4", "v6", "name", "elsewhere", "foreign name", "no name", "no client", "no address"],
)
def test_who_sits_at_this_machine(client, host, local):
    asker = SimpleNamespace(client=SimpleNamespace(host=client), headers={"host": host})
    assert at_this_machine(asker) is local
    assert at_this_machine(None) is False


def test_a_space_checks_data_but_trains_nothing_and_reads_nothing_of_its_own(tab, data_file, monkeypatch):
    monkeypatch.setenv("SPACE_ID", "owner/space")
    asker = SimpleNamespace(session_hash="one", client=SimpleNamespace(host="127.0.0.1"), headers={"host": "localhost"})
    assert at_this_machine(asker) is False
    with pytest.raises(ConfigError, match="A Space trains nothing"):
        tab.trainings.wanted(Source("families:training", "families:training"), registry.DEFAULT, config_of("ddpt"))
    with pytest.raises(DataError, match="A Space reads no data set of the hub"):
        source_of("owner/name")
    with pytest.raises(BackboneError, match=f"A Space loads no backbone but {registry.DEFAULT}"):
        tab.trainings.backbone_of("Salesforce/codet5p-220m", local=False)
    (shown,) = tab.look(asker)
    view = tab.page.view
    assert "A Space trains nothing" in shown[view.status] and not shown[view.go].interactive
    assert source_of(YOUR_FILE, str(data_file)).tasks()[0].reference


@pytest.fixture
def elsewhere(answering):
    """Prompts, with own ones of another backbone: `far-pt` of prompt tuning and `far-ddpt` of DDPT."""
    for method, name in (("prompt-tuning", "far-pt"), ("ddpt", "far-ddpt")):
        folder = Path(shutil.copytree(registry.ASSETS / "prompts" / method, registry.user_folder("prompts") / name))
        about = json.loads((folder / "prompt.json").read_text())
        about["backbone"] = {"name": "owner/far", "sha256": "0"}
        (folder / "prompt.json").write_text(json.dumps(about))
    return Prompts(answering)


CHOSEN = {"prompt-tuning": "prompt-tuning", "residual": None, "ddpt": "ddpt", "ddpt-full": None}


@pytest.mark.parametrize(
    ("chosen", "handed", "fitting"),
    [
        ({}, "", {}),
        ({}, "gone", {}),
        ({}, "far-ddpt", {"prompt-tuning": "far-pt", "ddpt": "far-ddpt"}),
        ({"ddpt": "far-ddpt"}, "far-pt", {"prompt-tuning": "far-pt", "ddpt": "far-ddpt"}),
        ({"prompt-tuning": "gone", "ddpt": "far-ddpt"}, "", {"prompt-tuning": "far-pt", "ddpt": "far-ddpt"}),
        ({"prompt-tuning": None, "ddpt": None}, "", {}),
    ],
    ids=["as it was", "gone", "with its like", "the other way", "in place of one that is gone", "none"],
)
def test_prompts_that_are_chosen_together_are_of_one_backbone(elsewhere, chosen, handed, fitting):
    assert elsewhere.fitting(CHOSEN | chosen, handed) == CHOSEN | fitting
    assert trained_on("far-pt") == "owner/far" and trained_on("gone") == registry.DEFAULT


def test_a_prompt_of_a_backbone_with_no_other_is_compared_alone(elsewhere):
    shutil.rmtree(registry.user_folder("prompts") / "far-ddpt")
    found = elsewhere.fitting(CHOSEN, "far-pt")
    assert found == dict.fromkeys(CHOSEN) | {"prompt-tuning": "far-pt"}
    assert elsewhere.fitting(found) == found and elsewhere.backbone_of(found) == "owner/far"


def test_the_forms_defaults_are_the_command_lines(answering):
    page = build_app(answering)
    numbers = [block for block in page.blocks.values() if isinstance(block, gr.Number)]
    for setting, label in {**NUMBERS, **DENOISER}.items():
        (field,) = [block for block in numbers if (block.label or "").startswith(f"{label} · default")]
        assert field.value == getattr(TrainConfig("ddpt"), setting) == getattr(USUAL, setting)
    rates = [block.value for block in numbers if (block.label or "").startswith("Rate · default")]
    assert rates == [ALL_ARMS[method].rate for method in methods(from_tasks=True)]
    endpoints = page.get_api_info()["named_endpoints"].keys()
    assert {
        "/train",
        "/check_data",
        "/trainings_now",
        "/pause_training",
        "/resume_training",
        "/cancel_training",
    } <= endpoints


def test_a_weight_of_the_diffusion_loss_is_ddpts_alone():
    assert config_of("ddpt", diffusion_weight=0.1).diffusion_weight == 0.1
    assert config_of("prompt-tuning", diffusion_weight=0.1, hidden=64) == config_of("prompt-tuning")
    with pytest.raises(ConfigError, match="Unknown method 'full'"):
        config_of("full")


def test_a_client_can_start_follow_pause_resume_and_cancel(answering, data_file, tiny_folder, launched):
    from gradio_client import Client

    with launched(answering) as address:
        client = Client(address, verbose=False)
        given = {"data": str(data_file), "backbone": str(tiny_folder), "context": "sort list", "context_length": 8}
        found = client.predict(**given, batch_size=8, api_name="/check_data")
        assert found["rows"] == 64 and found["training"] + found["validation"] == 64
        long = {**given, "method": "prompt-tuning", "name": "by-client", "steps": 5_000, "batch_size": 8, "wait": False}
        assert client.predict(**long, api_name="/train")["outcome"] == ""
        paused = client.predict(api_name="/pause_training")
        assert paused["outcome"] in ("paused", "cancelled")
        if paused["outcome"] == "cancelled":  # it had not begun
            client.predict(**long, api_name="/train")
            while client.predict(api_name="/trainings_now")["latest"]["step"] < 1:
                time.sleep(0.05)
            paused = client.predict(api_name="/pause_training")
        now = client.predict(api_name="/trainings_now")
        assert [one["name"] for one in now["stopped"]] == ["by-client"] and now["latest"]["step"] == paused["step"]
        assert client.predict(name="by-client", wait=False, api_name="/resume_training")["step"] >= paused["step"]
        assert client.predict(api_name="/cancel_training")["outcome"] == "cancelled"
        assert client.predict(api_name="/trainings_now")["stopped"] == []
        done = client.predict(**{**long, "steps": 3, "wait": True}, validate_every=1, api_name="/train")
        assert done["outcome"] == "done" and len(done["losses"]) == 3 and done["metrics"]["best_step"] >= 1
        with pytest.raises(Exception, match="There is a prompt 'by-client' already"):
            client.predict(**long, api_name="/train")
