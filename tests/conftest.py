"""What many tests need: a tiny T5 built on the spot, tasks, and the folder of the tests' own runs and prompts."""

import json
import os
import shutil
from pathlib import Path

import pytest

from ddpt_core.data.task import Task

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach for a network
for name, value in {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}.items():
    os.environ.setdefault(name, value)  # as the command line sets them
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

ROOT = Path(__file__).resolve().parents[1]

LINES = [
    ("sort list `a`", "sorted(a)"),
    ("reverse list `a`", "a[::-1]"),
    ("length of list `b`", "len(b)"),
    ("sum of list `c`", "sum(c)"),
    ("largest of list `d`", "max(d)"),
    ("smallest of list `e`", "min(e)"),
    ("first of list `f`", "f[0]"),
    ("last of list `g`", "g[-1]"),
]
TINY_T5 = {
    "d_model": 32,
    "d_kv": 16,
    "d_ff": 64,
    "num_heads": 2,
    "num_layers": 1,
    "num_decoder_layers": 1,
    "feed_forward_proj": "gated-gelu",
    "dropout_rate": 0.0,
    "tie_word_embeddings": True,
    "pad_token_id": 0,
    "eos_token_id": 2,
    "decoder_start_token_id": 0,
}


@pytest.fixture(autouse=True)
def no_default_backbone(monkeypatch):
    """Refuses the default backbone to a test, which has tiny ones; tests/backbone/test_default_backbone.py loads it."""
    from ddpt_core.backbone import fetch

    monkeypatch.setattr(fetch, "fetch", lambda *given: pytest.fail("a test asked for the default backbone"))


@pytest.fixture(scope="session")
def needs_landlock():
    """Skips where the kernel has no Landlock; a sandbox that is refused for any other reason fails the tests."""
    from sandbox import landlock
    from sandbox.errors import SandboxUnavailable

    try:
        landlock.version()
    except SandboxUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def tasks() -> list[Task]:
    """64 small tasks with references."""
    return [Task(id=str(i), instruction=f"{text} {i}", reference=code) for i, (text, code) in enumerate(LINES * 8)]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """A folder with an untrained T5 of 300 tokens and width 32, as save_pretrained writes it."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    from recipes.corpus.tokenizer import train_tokenizer

    folder = tmp_path_factory.mktemp("tiny") / "backbone"
    tokenizer = train_tokenizer([t for line in LINES for t in line], vocabulary=300)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)  # T5's own initialisation takes no generator
        model = T5ForConditionalGeneration(T5Config(vocab_size=len(tokenizer), **TINY_T5))
        model.shared.weight.normal_(0.0, 0.05)
        model.decoder.final_layer_norm.weight.fill_(32**0.5)  # a tied model scales its logits by the inverse
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder):
    """The tiny T5 as a frozen backbone."""
    from ddpt_core.backbone.loading import load_backbone

    return load_backbone(tiny_folder, device="cpu")


@pytest.fixture(scope="session")
def data_file(tasks, tmp_path_factory) -> Path:
    """The 64 small tasks as a JSONL file."""
    path = tmp_path_factory.mktemp("data") / "tasks.jsonl"
    rows = [{"id": task.id, "instruction": task.instruction, "reference": task.reference} for task in tasks]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def many_file(tasks, tmp_path_factory) -> Path:
    """256 small tasks as a JSONL file, each of `tasks` four times under another number."""
    path = tmp_path_factory.mktemp("many") / "tasks.jsonl"
    rows = [
        {"id": f"{task.id}-{i}", "instruction": f"{task.instruction} {i}", "reference": task.reference}
        for i in range(4)
        for task in tasks
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def styled(tmp_path_factory) -> Path:
    """A file of tasks in two styles that no rule knows."""
    path = tmp_path_factory.mktemp("styled") / "tasks.jsonl"
    rows = []
    for i in range(48):
        text, code = LINES[i % len(LINES)]
        for style, answer in (("bare", code), ("told", f"print({code})")):
            rows.append({"id": f"{style}-{i}", "instruction": f"{text} {i}", "reference": answer, "style": style})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def train_config():
    """Makes the settings of a training that takes a second: train_config(method, **changes)."""
    from ddpt_core.settings import TrainConfig

    small = {"steps": 4, "batch_size": 8, "lr": 0.05, "context": "sort list", "context_length": 8, "timesteps": 20}
    small |= {"hidden": 16, "stages": 1, "heads": 2, "validate_every": 2, "save_every": 2}
    return lambda method, **changes: TrainConfig(method, **(small | changes))


@pytest.fixture(scope="session")
def prompts(tiny, data_file, train_config, tmp_path_factory) -> dict[str, Path]:
    """Method -> folder of a prompt trained for four steps on the tiny backbone, P = 8 and T = 20; not to be changed."""
    from ddpt_core.training.report import finish
    from ddpt_core.training.trainer import train

    folders = {method: tmp_path_factory.mktemp("prompts") / method for method in ("ddpt", "prompt-tuning")}
    for method, folder in folders.items():
        list(train(tiny, data_file, folder, train_config(method)))
        finish(folder, tiny, data_file)
    return folders


@pytest.fixture(scope="session")
def run_folder(prompts, tmp_path_factory) -> Path:
    """A run of 10 DDPM steps of the tiny DDPT prompt, seed 3; not to be changed."""
    from ddpt_core.prompts.checkpoint import load_prompt
    from ddpt_core.trajectory.trajectory import Trajectory

    return Trajectory.record(load_prompt(prompts["ddpt"]), 10, 3).save(tmp_path_factory.mktemp("runs") / "ten")


@pytest.fixture
def copy(tmp_path):
    """Copies a folder to where a test may break it; returns the copy."""
    return lambda folder: Path(shutil.copytree(folder, tmp_path / "copies" / folder.name))


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty folder in which the user's runs and prompts lie during a test, with nothing embedded."""
    monkeypatch.setenv("DDPT_HOME", str(tmp_path))
    monkeypatch.setattr("ddpt_core.backbone.registry.ASSETS", tmp_path / "no assets")
    return tmp_path
