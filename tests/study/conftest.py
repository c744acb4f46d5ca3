"""A study that takes seconds: two trained arms, two seeds each, on the tiny backbone and four tasks."""

import json
from pathlib import Path

import pytest
import yaml

SIZES = {"timesteps": 20, "hidden": 16, "stages": 1, "heads": 2, "save_every": 1}
PLAN = {
    "train": "train.jsonl",
    "validation_tasks": 2,
    "steps": 2,
    "batch_size": 4,
    "context_length": 8,
    "max_new_tokens": 6,
    "training_seeds": [0, 1],
    "sampling_seeds": [0, 1, 2],
    "manual_contexts": ["sort list", "sum of"],
    "arms": {
        "none": {},
        "manual": {},
        "prompt-tuning": {"rates": [0.5, 0.003], "options": {"save_every": 1}},
        "ddpt": {"rates": ["1e-2"], "options": SIZES},
    },
    "data": [{"name": "Dev part", "data": "dev.jsonl"}, {"name": "Tested", "data": "tested.jsonl", "tests": True}],
}


@pytest.fixture(scope="session")
def data_root(tasks, tmp_path_factory) -> Path:
    """A folder with training data and two data sets to report on, one with tests."""
    root = tmp_path_factory.mktemp("data root")
    rows = [{"id": task.id, "instruction": task.instruction, "reference": task.reference} for task in tasks]
    tested = [{"id": str(n), "instruction": f"give {n}", "reference": str(n), "tests": ["assert True"]} for n in (1, 2)]
    for name, part in {"train": rows, "dev": rows[:4], "tested": tested}.items():
        (root / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    return root


@pytest.fixture(scope="session")
def plan_file(tiny_folder, tmp_path_factory):
    """Writes a plan and returns its path: plan_file(steps=3); a value of None takes the key out."""

    def write(**changes) -> Path:
        plan = {"backbone": str(tiny_folder)} | PLAN | changes
        path = tmp_path_factory.mktemp("plan") / "study.yaml"
        path.write_text(yaml.safe_dump({k: v for k, v in plan.items() if v is not None}, sort_keys=False))
        return path

    return write


@pytest.fixture(scope="session")
def studied(plan_file, tiny, data_root, tmp_path_factory):
    """(folder, results, study) of the whole study, which has one part; not to be changed."""
    from ddpt_core.study.plan_file import read_study
    from ddpt_core.study.study import run_study

    study, out = read_study(plan_file()), tmp_path_factory.mktemp("study") / "out"
    return out, run_study(study, out, load=lambda name: tiny, data_root=data_root), study


@pytest.fixture(scope="session")
def part(studied):
    """The results of the study's one part; not to be changed."""
    return studied[1]["parts"][0]


@pytest.fixture
def run(tiny, data_root, tmp_path):
    """Runs a study file on the tiny backbone: run(path, folder name, **options) -> results."""
    from ddpt_core.study.plan_file import read_study
    from ddpt_core.study.study import run_study

    return lambda path, out="out", **given: run_study(
        read_study(path), tmp_path / out, **{"load": lambda name: tiny, "data_root": data_root} | given
    )
