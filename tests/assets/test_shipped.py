"""What ships besides the examples: prompts of every arm, runs of them, and the figures that these prompts were told."""

import json

import pytest

from ddpt_core.backbone.fetch import WEIGHTS_SHA256
from ddpt_core.backbone.registry import ASSETS, DEFAULT
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.trajectory.trajectory import Trajectory

POSITIONS, WIDTH = 16, 576
PROMPTS = ("prompt-tuning", "residual", "ddpt", "ddpt-full", "ddpt-early", "distribution")
MOST_BYTES, MOST_BYTES_A_FILE = 40_000_000, 10_000_000  # so that a Space takes them as they are
RUNS = sorted(path.parent for path in (ASSETS / "runs").glob("*/run.json"))
RESULTS = ASSETS / "comparison" / "results.json"

with_prompts = pytest.mark.skipif(
    not (ASSETS / "prompts").exists(), reason="assets/prompts is empty until a study ships its prompts"
)
with_results = pytest.mark.skipif(
    not RESULTS.exists(), reason="assets/comparison is empty until a study ships its results"
)
with_runs = pytest.mark.skipif(not RUNS, reason="assets/runs is empty until runs of the shipped prompts are recorded")


def test_assets_fit_into_a_space():
    sizes = {str(path.relative_to(ASSETS)): path.stat().st_size for path in ASSETS.rglob("*") if path.is_file()}
    assert sizes and sum(sizes.values()) < MOST_BYTES
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES_A_FILE} == {}


def test_no_file_can_hold_a_pickle():
    plain = {".md", ".json", ".jsonl", ".gz", ".safetensors", ".svg", ".png"}
    assert {path.suffix for path in ASSETS.rglob("*") if path.is_file()} <= plain


@with_prompts
@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_is_of_its_arm_and_of_the_default_backbone_and_has_a_card(name):
    prompt = load_prompt(ASSETS / "prompts" / name)
    assert prompt.arm == name.removesuffix("-early")
    assert prompt.info["backbone"] == {"name": DEFAULT, "sha256": WEIGHTS_SHA256}
    card = (prompt.folder / "README.md").read_text(encoding="utf-8")
    assert DEFAULT in card and "python -m ddpt_core train" in card


@with_prompts
@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_leads_to_a_context_of_the_backbones_width(name):
    from ddpt_core.diffusion.sampler import sample

    prompt = load_prompt(ASSETS / "prompts" / name)
    end = list(sample(prompt, 2, 0, "ddim"))[-1].context if hasattr(prompt, "denoiser") else prompt.context
    assert end.shape == (POSITIONS, WIDTH) and end.isfinite().all() and end.std(0).min() > 0


@with_prompts
def test_the_early_prompt_is_the_other_one_after_fewer_steps():
    early, late = (load_prompt(ASSETS / "prompts" / name).info for name in ("ddpt-early", "ddpt"))
    assert early["config"] == late["config"] and early["data"] == late["data"]
    assert 0 < early["metrics"]["best_step"] < late["metrics"]["best_step"]


@with_results
def test_the_results_are_of_the_default_backbone_and_of_the_prompts_that_ship():
    (part,) = json.loads(RESULTS.read_text(encoding="utf-8"))["parts"]
    assert part["backbone"] == {"name": DEFAULT, "sha256": WEIGHTS_SHA256}
    trained = {part["variants"][variant]: made[0] for variant, made in part["trainings"].items() if made}
    assert set(trained) == set(PROMPTS) - {"ddpt-early", "distribution"}
    for arm, training in trained.items():
        info = load_prompt(ASSETS / "prompts" / arm).info
        told = info["config"] | info["metrics"]
        keys = ("seed", "lr", "best_step", "validation_loss")
        assert {key: told[key] for key in keys} == {key: training[key] for key in keys}, arm
    assert (RESULTS.parent / "README.md").is_file()


@with_runs
@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_a_run_is_of_a_prompt_that_ships_as_it_ships(folder):
    info = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    prompt = load_prompt(ASSETS / "prompts" / info["prompt"]["name"])
    assert info["backbone"]["sha256"] == WEIGHTS_SHA256
    assert info["prompt"]["sha256"] == prompt.info["weights_sha256"]


@with_runs
def test_the_shortest_run_opens_in_full():
    steps = {folder: json.loads((folder / "run.json").read_text(encoding="utf-8"))["steps"] for folder in RUNS}
    shortest = min(steps, key=steps.__getitem__)
    run = Trajectory.load(shortest)
    assert run.state.shape == run.context.shape == (steps[shortest] + 1, POSITIONS, WIDTH)
