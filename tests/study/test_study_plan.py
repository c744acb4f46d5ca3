"""A study file is checked as a whole before anything runs, and each fault is one sentence that says what to do."""

from pathlib import Path

import pytest

from ddpt_core.arms import ALL_ARMS
from ddpt_core.errors import ConfigError
from ddpt_core.study.plan_file import read_study, read_yaml
from ddpt_core.study.steering import read_plan

ROOT = Path(__file__).resolve().parents[2]
ARMS = {"manual": {}, "prompt-tuning": {"rates": [0.5, 0.003]}, "ddpt": {"rates": ["1e-2"]}}
FULL = {"ddpt-full": {"rates": [0.1], "options": {"diffusion_weight": 0.1}}}
ONE = [{"name": "a", "data": "x"}]
SHIPPED = sorted((ROOT / "studies").glob("*.yaml"))
STEERING = [path for path in SHIPPED if read_plan(read_yaml(path))]


def plan_of(path):
    """The only part of a study file."""
    (plan,) = read_study(path).parts
    return plan


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_study_can_be_read_and_says_what_it_is(path):
    if path not in STEERING:
        study = read_study(path)
        assert study.cells > 4 and study.name == path.stem
    assert path.read_text().startswith("# ")


def test_the_study_of_steering_that_ships_names_the_prompt_that_is_steered():
    (path,) = STEERING
    given, plan = read_yaml(path)["steering"], read_plan(read_yaml(path))
    assert path.stem == "steering" and ALL_ARMS[plan.prompt].from_library
    whole = vars(plan) | vars(plan.sizes)
    assert given and {key: list(whole[key]) if isinstance(whole[key], tuple) else whole[key] for key in given} == given


def test_shipped_plan_has_every_arm_and_its_seeds():
    plan = plan_of(ROOT / "studies" / "prompts.yaml")
    assert [variant.name for variant in plan.arms] == [
        "none", "manual", "prompt-tuning", "residual", "ddpt", "ddpt-full",
    ]  # fmt: skip
    assert len(plan.manual_contexts) == 8 and len(plan.training_seeds) == 3 and len(plan.sampling_seeds) == 1
    assert [data.tests for data in plan.data] == [False, True, True, True, True, True]
    whole, tasks = plan.data[0], plan.data[1]
    none, _, tuned, _, ddpt, _ = plan.entries
    assert [len(plan.runs(entry, whole)) for entry in (ddpt, tuned, none)] == [3, 3, 1]
    assert [len(plan.runs(entry, tasks)) for entry in (ddpt, tuned, none)] == [1, 1, 1]


def test_the_papers_study_crosses_its_backbones_with_its_data():
    study = read_study(ROOT / "studies" / "paper.yaml")
    assert len(study.backbones) == 5 and len(study.parts) == 10
    assert study.parts[1].name == "paper, codet5p-220m, CodeAlpaca"
    assert {plan.train_name for plan in study.parts} == {"CoNaLa", "CodeAlpaca"}
    assert {plan.of for plan in study.parts} == {"paper"}


def test_every_arm_is_trained_alike_but_for_its_rate_and_options(plan_file):
    plan = plan_of(plan_file(arms=ARMS | FULL))
    _, tuning, ddpt, with_term = plan.arms
    tuned, full = plan.config(tuning, 0.5, 1, "sort"), plan.config(with_term, 0.1, 1, "sort")
    assert (tuned.method, full.method, full.diffusion_weight) == ("prompt-tuning", "ddpt", 0.1)
    common = ("steps", "batch_size", "context", "context_length", "validation_share", "seed")
    assert [getattr(tuned, name) for name in common] == [getattr(full, name) for name in common]
    assert ddpt.rates == (0.01,)  # YAML reads 1e-2 as text


def test_number_of_cells_counts_contexts_trainings_and_answers(plan_file):
    contexts, trainings, answers = 2, (2 + 1) + (1 + 1), 2 * (1 + 1 + 2 + 2 * 3)
    assert read_study(plan_file()).cells == contexts + trainings + answers


def test_an_arm_may_stand_several_times_under_names_of_its_own(plan_file):
    named = {"wide": {"arm": "ddpt", "rates": [0.1], "options": {"hidden": 32}}, "none": None, "ddpt": ARMS["ddpt"]}
    plan = plan_of(plan_file(arms=named))
    assert [(variant.name, variant.arm) for variant in plan.arms] == [("none",) * 2, ("wide", "ddpt"), ("ddpt",) * 2]
    assert [plan.config(one, 0.1, 0, "x").hidden for one in plan.trained] == [32, 256]


def test_samplers_make_a_line_of_each_way_to_sample_and_none_for_what_is_not_sampled(plan_file):
    samplers = [{"scheduler": "ddim", "steps": [20, 1]}, {"scheduler": "ddpm"}]
    arms = {"manual": {}, "ddpt": {"rates": [0.1], "options": {"timesteps": 20}}}
    plan = plan_of(plan_file(samplers=samplers, arms=arms))
    assert [entry.name for entry in plan.entries] == ["manual", "ddpt, ddim 20", "ddpt, ddim 1", "ddpt, ddpm"]
    assert plan.cells == 2 + 2 + 2 * (1 + 3 * 2 * 3)


def test_a_part_takes_what_the_file_says_and_what_it_changes(plan_file):
    backbones = {"backbones": ["x/y", "x/z"]}
    study = read_study(
        plan_file(name="All", parts=[
            {"name": "First", "steps": 3},
            {"name": "Second", "training": {"A": "train.jsonl", "B": ["b.jsonl", "c.jsonl"]}} | backbones,
        ])
    )  # fmt: skip
    assert study.name == "All" and study.backbones[1:] == ["x/y", "x/z"]
    assert [plan.name for plan in study.parts] == [
        "First", "Second, y, A", "Second, y, B", "Second, z, A", "Second, z, B",
    ]  # fmt: skip
    first, _, second = study.parts[:3]
    assert (first.steps, second.steps, second.of) == (3, 2, "Second")
    assert second.train == ("b.jsonl", "c.jsonl") and second.train_name == "B" and first.train_name == "train.jsonl"
    assert second.raw["backbone"] == "x/y" and "parts" not in second.raw


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"stpes": 3}, "Unknown key 'stpes' in the study; did you mean 'steps'?"),
        (
            {"arms": ARMS | {"prompt-tunning": {}}},
            "Unknown arm 'prompt-tunning' in arms; did you mean 'prompt-tuning'?",
        ),
        ({"arms": {"wide": {"rates": [1]}}}, "A name of your own needs the key 'arm' below it."),
        ({"arms": {"wide": {"arm": "dppt", "rates": [1]}}}, "Unknown arm 'dppt' in arms; did you mean 'ddpt'?"),
        ({"arms": {"a/b": {"arm": "none"}}}, "may not hold '/', got 'a/b'"),
        ({"arms": {"a b": {"arm": "none"}, "A  b": {"arm": "manual"}}}, "the names of the arms must differ"),
        ({"arms": []}, "arms must hold the keys none"),
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
        (
            {"samplers": [{"scheduler": "ddmp"}]},
            "Unknown scheduler 'ddmp'; choose one of ddim, ddpm, dpmsolver++, heun.",
        ),
        ({"samplers": [{"scheduler": "ddim", "steps": [21]}]}, "steps must be from 1 to 20, got 21"),
        (
            {"samplers": [{"scheduler": "ddim", "steps": "many"}]},
            "steps of samplers must be a whole number, got 'many'",
        ),
        ({"samplers": [{"scheduler": "ddim"}, {"scheduler": "ddim"}]}, "samplers must differ, got 'ddim' twice"),
        ({"data": [{"name": "a"}]}, "data lacks the key 'data'; add it."),
        ({"data": [{"name": "a", "data": "x", "limit": 0}]}, "The limit of a must be at least 1, got 0"),
        ({"data": [{"name": "a", "data": "x", "tests": "yes please"}]}, "tests must be true or false"),
        ({"data": [{"name": "a", "data": "x"}, {"name": "A!", "data": "y"}]}, "the names of the data must differ"),
        ({"data": [{"name": "a", "data": "train.jsonl"}]}, "train.jsonl is what is trained on; report on other data"),
        ({"train": None}, "the study lacks the key 'train'"),
        ({"train": ""}, "train must be a text, got ''"),
        ({"training": {"A": "x"}}, "Both 'train' and 'training' are given; keep one of them."),
        ({"train": None, "training": ["x"]}, "training must hold names with their data, such as CoNaLa"),
        ({"backbone": None, "backbones": ["a/b", "a/b"]}, "backbones must differ, got 'a/b' twice"),
        ({"parts": []}, "parts must be a list of at least one"),
        ({"parts": [{"steps": 3}]}, "a part lacks the key 'name'"),
        ({"parts": [{"name": "a", "stpes": 3}]}, "Unknown key 'stpes' in a part; did you mean 'steps'?"),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, "the names of the parts must differ, got 'a' twice"),
        ({"steps": 0}, "steps must be from 1"),
        ({"steps": True}, "steps must be a whole number, got True"),
        ({"choose_by": "luck"}, "Unknown choose_by 'luck'; choose one of bleu, loss."),
        ({"max_new_tokens": 0}, "max_new_tokens must be from 1"),
        ({"training_seeds": [0, 0]}, "training_seeds must differ, got 0 twice"),
        ({"sampling_seeds": [-1]}, "sampling_seeds must be from 0"),
        ({"manual_contexts": ["a", 3]}, "manual_contexts must be a text, got 3"),
        ({"sampling_seeds": list(range(9000))}, "A study may have 10,000 cells, this one has 36,0"),
        (
            {"parts": [{"name": str(n), "sampling_seeds": list(range(2000))} for n in range(3)]},
            "A study may have 10,000 cells, this one has 16,0",
        ),
        (
            {"backbone": None, "backbones": [f"a/b{n}" for n in range(400)], "train": None}
            | {"training": {f"t{n}": f"t{n}" for n in range(250)}},
            "A study may have 10,000 cells, this one has 100,000; plan fewer.",
        ),
    ],
)
def test_fault_in_a_study_file_is_told_in_a_sentence(changes, said, plan_file):
    with pytest.raises(ConfigError) as error:
        read_study(plan_file(**changes))
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["- a list", "just text", "", "a: [1", "\x00", "a: b: c"])
def test_file_that_is_no_study_is_refused(text, tmp_path):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ConfigError):
        read_study(tmp_path / "study.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_study(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": 50}, "The key steps of steering must be a list of numbers, such as [0, 1], got 50."),
        ({"guidances": [1, "much"]}, "must be a list of numbers"),
        ({"steps": [0]}, "steps must be from 1 to 1,000,000, got 0."),
        ({"guidances": [30]}, "The guidance must be from -5 to 20, got 30"),
        ({"seeds": 0}, "seeds must be"),
        ({"stepz": [1]}, "Unknown key of steering 'stepz'"),
    ],
)
def test_a_steering_study_out_of_range_is_refused_in_a_sentence(given, said):
    with pytest.raises(ConfigError) as refused:
        read_plan({"steering": given})
    assert said in str(refused.value)
