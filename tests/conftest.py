"""What many tests need: a tiny T5 built on the spot, tasks, and the folder of the tests' own runs and prompts."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach for a network
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from pathlib import Path  # noqa: E402

import pytest  # noqa: E402

from ddpt_core.data.task import Task  # noqa: E402

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


@pytest.fixture(scope="session")
def tasks() -> list[Task]:
    """64 small tasks with references."""
    return [
        Task(id=str(i), instruction=f"{text} {i}", reference=code) for i, (text, code) in enumerate(LINES * 8)
    ]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """A folder with an untrained T5 of 300 tokens and width 32, as save_pretrained writes it."""
    from ddpt_core.pretrain.model import ModelSize, new_model
    from ddpt_core.pretrain.tokenizer import train_tokenizer

    folder = tmp_path_factory.mktemp("tiny") / "backbone"
    tokenizer = train_tokenizer([t for line in LINES for t in line], vocabulary=300)
    size = ModelSize(width=32, feed_forward=64, heads=2, encoder_layers=1, decoder_layers=1)
    new_model(size, tokenizer, seed=0).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder):
    """The tiny T5 as a frozen backbone."""
    from ddpt_core.backbone.loading import load_backbone

    return load_backbone(tiny_folder, device="cpu")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty folder in which the user's runs and prompts lie during a test."""
    monkeypatch.setenv("DDPT_HOME", str(tmp_path))
    return tmp_path
