"""What takes one place to add: an arm is a class and one entry, a metric one entry, and all that name them know it."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from app.page.fields.arm_fields import arm_notes_html
from app.page.pieces.metric_name import figures_of_an_answer
from app.page.theme import build_css
from ddpt_core.__main__ import main
from ddpt_core.arms import ALL_ARMS, Arm
from ddpt_core.metrics.table import METRICS, Metric, Sums
from ddpt_core.prompts.checkpoint import load_prompt, write_prompt
from ddpt_core.prompts.method import Method, llm_loss
from ddpt_core.prompts.prompt_tuning import PromptTuningPrompt
from ddpt_core.study.names import called, label_of
from ddpt_core.study.scoring import pairs_of


@dataclass(frozen=True, kw_only=True, eq=False)
class ShiftPrompt(PromptTuningPrompt):
    """The original context, moved as a whole."""

    method = "shift"


class ShiftMethod(Method):
    """Learns one vector, by which every position of the original context is moved."""

    def __init__(self, backbone, config):
        self.backbone, self.config = backbone, config
        self.start = backbone.embed(config.context, config.context_length)
        self.module = torch.nn.Linear(1, self.start.shape[1], bias=False)
        torch.nn.init.zeros_(self.module.weight)

    def loss(self, tasks, rng, piece=None):
        return llm_loss(self.backbone, self.start + self.module.weight[:, 0], tasks, self.config, piece)

    def context(self, rng):
        return (self.start + self.module.weight[:, 0]).detach()

    def save(self, folder, info):
        write_prompt(folder, {"context": self.context(None)}, info)

    @staticmethod
    def load(tensors, device, **common):
        return ShiftPrompt(context=tensors["context"], **common)


SHIFT = Arm(
    "shift",
    label="Shift",
    phrase="Shift",
    in_report="one shift",
    note="A soft prompt: the original context, moved.",
    colour="#123456",
    method="shift",
    learned_by=f"{__name__}:ShiftMethod",
    rate=0.0625,
)
LENGTH = Metric(
    "Length",
    short="length",
    scale=100,
    note="Characters of the answer.",
    sums=Sums(
        2,
        lambda answers, references: np.array([[len(answer), 1] for answer in answers], dtype=float),
        lambda sums: sums[..., 0] / sums[..., 1],
    ),
    needs_reference=False,
)


@pytest.fixture
def told(capsys):
    """Runs a command in this process with --json: told("train", ...) -> the object that it prints."""

    def run(*arguments) -> dict:
        capsys.readouterr()
        assert main([str(argument) for argument in (*arguments, "--json")]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_an_arm_is_one_class_and_one_entry(told, capsys, tiny, tiny_folder, data_file, tmp_path, monkeypatch):
    monkeypatch.setitem(ALL_ARMS, "shift", SHIFT)
    common = ["--data", data_file, "--backbone", tiny_folder]
    sizes = ["--context", "sort list", "--context-length", 8, "--steps", 4, "--batch-size", 8]
    trained = told("train", "--method", "shift", "--out", tmp_path / "mine", *common, *sizes)
    assert trained["trainable_parameters"] == 32
    prompt = load_prompt(tmp_path / "mine", tiny)
    moves = prompt.final_context() - tiny.embed("sort list", 8)
    torch.testing.assert_close(moves, moves[:1].expand(8, -1))
    assert isinstance(prompt, ShiftPrompt) and prompt.arm == "shift" and moves.abs().max() > 0
    assert prompt.info["config"]["lr"] == 0.0625 and "--method shift" in (tmp_path / "mine" / "README.md").read_text()
    arms = ["--arms", "none,shift", "--prompt", tmp_path / "mine", "--limit", 2, "--max-new-tokens", 2]
    report = told("evaluate", "--out", tmp_path / "figures", *common, *arms)
    assert list(report["arms"]) == ["none", "shift"] and report["prompts"] == {"shift": "mine"}
    assert called("shift") == "one shift" and ("shift", "ddpt") in pairs_of({name: name for name in ALL_ARMS})
    assert "--arm-shift:#123456;" in build_css() and "</i>Shift</dt>" in arm_notes_html()
    assert main(["train", "--method", "none", "--out", str(tmp_path / "no"), "--data", str(data_file)]) == 2
    assert "choose one of ddpt, distribution, instructed, prompt-tuning, residual, shift." in capsys.readouterr().err


def test_a_metric_is_one_entry(told, tiny_folder, data_file, tmp_path, monkeypatch):
    monkeypatch.setitem(METRICS, "length", LENGTH)
    options = ["--data", data_file, "--backbone", tiny_folder, "--arms", "none,manual", "--limit", 3]
    report = told("evaluate", "--out", tmp_path / "out", *options, "--max-new-tokens", 4)
    rows = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    for name, figures in report["arms"].items():
        lengths = [len(row["prediction"]) for row in rows if row["arm"] == name]
        assert figures["length"] == pytest.approx(np.mean(lengths)) and len(figures["ci95"]["length"]) == 2
    assert label_of("length") == "length" and ("length", "Length") in figures_of_an_answer()
