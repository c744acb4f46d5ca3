"""A plan is checked as a whole before anything runs, and each fault is one sentence that says what to do."""

from pathlib import Path

import pytest

from ddpt_core.errors import ConfigError
from ddpt_core.study.plan import read_plan

ROOT = Path(__file__).resolve().parents[2]
ARMS = {"manual": {}, "prompt-tuning": {"rates": [0.5, 0.003]}, "ddpt": {"rates": ["1e-2"]}}
FULL = {"ddpt-full": {"rates": [0.1], "options": {"diffusion_weight": 0.1}}}


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_plan_can_be_read(path):
    assert read_plan(path).cells > 4


def test_shipped_plan_has_every_arm_and_its_seeds():
    plan = read_plan(ROOT / "studies" / "prompts.yaml")
    assert list(plan.arms) == ["none", "manual", "prompt-tuning", "residual", "ddpt", "ddpt-full"]
    assert len(plan.manual_contexts) == 8 and len(plan.training_seeds) == 3 and len(plan.sampling_seeds) == 8
    assert [data.tests for data in plan.data] == [False, True, True, True]
    whole, tasks = plan.data[0], plan.data[1]
    assert [len(plan.runs(arm, whole)) for arm in ("ddpt", "prompt-tuning", "none")] == [24, 3, 1]
    assert [len(plan.runs(arm, tasks)) for arm in ("ddpt", "prompt-tuning", "none")] == [3, 3, 1]


def test_every_arm_is_trained_alike_but_for_its_rate_and_options(plan_file):
    plan = read_plan(plan_file(arms=ARMS | FULL))
    tuned, full = plan.config("prompt-tuning", 0.5, 1, "sort"), plan.config("ddpt-full", 0.1, 1, "sort")
    assert (tuned.method, full.method, full.diffusion_weight) == ("prompt-tuning", "ddpt", 0.1)
    common = ("steps", "batch_size", "context", "context_length", "validation_share", "seed")
    assert [getattr(tuned, name) for name in common] == [getattr(full, name) for name in common]
    assert plan.trained["ddpt"].rates == (0.01,)  # YAML reads 1e-2 as text


def test_number_of_cells_counts_contexts_trainings_and_answers(plan_file):
    contexts, trainings, answers = 2, (2 + 1) + (1 + 1), 2 * (1 + 1 + 2 + 2 * 3)
    assert read_plan(plan_file()).cells == contexts + trainings + answers


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"stpes": 3}, "Unknown key 'stpes' in the study; did you mean 'steps'?"),
        (
            {"arms": ARMS | {"prompt-tunning": {}}},
            "'prompt-tunning' in arms; did you mean 'prompt-tuning'?",
        ),
        ({"arms": {"ddpt": {"rate": [0.1]}}}, "Unknown key 'rate' in arms: ddpt; did you mean 'rates'?"),
        ({"arms": {"ddpt": {"rates": [0.1], "options": {"hiden": 3}}}}, "did you mean 'hidden'?"),
        (
            {"arms": {"ddpt": {"rates": [0.1], "options": {"steps": 3}}}},
            "'steps' is the same for all arms",
        ),
        (
            {"arms": {"ddpt": {"rates": [0.1], "options": {"hidden": "wide"}}}},
            "must be a whole number, got 'wide'",
        ),
        ({"arms": {"ddpt": {"rates": []}}}, "rates of ddpt must be a list of at least one"),
        ({"arms": {"ddpt": {"rates": [0.1, "x"]}}}, "rates of ddpt must be a number, got 'x'"),
        ({"arms": {"ddpt": {"rates": [0.1, 0.1]}}}, "rates of ddpt must differ, got '0.1' twice"),
        ({"arms": {"ddpt": {"rates": [-1]}}}, "lr must be above 0"),
        ({"arms": {"ddpt": {"rates": [0.1], "options": {"hidden": 97}}}}, "hidden size must be even and a multiple"),
        ({"arms": {"ddpt": {"rates": [0.1], "options": {"timesteps": 0}}}}, "timesteps must be"),
        ({"arms": {"ddpt-full": {"rates": [0.1]}}}, "diffusion_weight must be above 0 for ddpt-full"),
        ({"arms": {"ddpt": FULL["ddpt-full"]}}, "and for no other arm, got 0.1 for ddpt"),
        ({"arms": {"manual": {"rates": [1]}}}, "Unknown key 'rates' in arms: manual"),
        ({"data": [{"name": "a"}]}, "data lacks the key 'data'; add it."),
        ({"data": [{"name": "a", "data": "x", "limit": 0}]}, "The limit of a must be at least 1, got 0"),
        ({"data": [{"name": "a", "data": "x", "tests": "yes please"}]}, "tests must be true or false"),
        ({"data": [{"name": "a", "data": "x"}, {"name": "A!", "data": "y"}]}, "the names of the data must differ"),
        ({"data": [{"name": "a", "data": "train.jsonl"}]}, "train.jsonl is what is trained on; report on other data"),
        ({"train": None}, "the study lacks the key 'train'"),
        ({"train": ""}, "train must be a text, got ''"),
        ({"steps": 0}, "steps must be from 1"),
        ({"steps": True}, "steps must be a whole number, got True"),
        ({"choose_by": "luck"}, "Unknown choose_by 'luck'; choose one of bleu, loss."),
        ({"max_new_tokens": 0}, "max_new_tokens must be from 1"),
        ({"training_seeds": [0, 0]}, "training_seeds must differ, got 0 twice"),
        ({"sampling_seeds": [-1]}, "sampling_seeds must be from 0"),
        ({"manual_contexts": ["a", 3]}, "manual_contexts must be a text, got 3"),
        ({"sampling_seeds": list(range(9000))}, "A study may have 10,000 cells, this one has 36,0"),
    ],
)
def test_fault_in_a_plan_is_told_in_a_sentence(changes, said, plan_file):
    with pytest.raises(ConfigError) as error:
        read_plan(plan_file(**changes))
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["- a list", "just text", "", "a: [1", "\x00", "a: b: c"])
def test_file_that_is_no_plan_is_refused(text, tmp_path):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ConfigError):
        read_plan(tmp_path / "study.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_plan(tmp_path / "none.yaml")
