"""Arms side by side: which prompts are taken, what the manual arm is, what is told of an arm that is not run."""

import shutil
from collections import OrderedDict
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from ddpt_core.answering import arms as module
from ddpt_core.answering.arms import MOST_MANUAL_TOKENS, choose_prompts, compare, make_arms
from ddpt_core.arms import ALL_ARMS, ARMS
from ddpt_core.backbone import registry
from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.errors import ArtifactError, ConfigError, DataError
from ddpt_core.metrics.text_metrics import METRICS, score

SHORT = GenerationSettings(max_new_tokens=8)


@pytest.fixture
def chosen(tiny, prompts):
    """Both tiny prompts, by method."""
    return choose_prompts(tiny, list(prompts.values()))


@pytest.fixture
def embedded(tiny):
    """The tiny backbone under the name of the embedded one."""
    return FrozenLM(registry.DEFAULT, tiny.model, tiny.tokenizer)


def test_each_given_prompt_stands_for_its_method_and_the_last_of_a_method_counts(tiny, prompts, copy, tmp_path):
    again = copy(prompts["ddpt"]).rename(tmp_path / "again")
    chosen = choose_prompts(tiny, [*prompts.values(), again])
    assert {method: prompt.name for method, prompt in chosen.items()} == {
        "ddpt": "again",
        "prompt-tuning": "prompt-tuning",
    }


def test_embedded_prompts_are_taken_for_the_embedded_backbone_alone(embedded, tiny, prompts, tmp_path, monkeypatch):
    shutil.copytree(prompts["ddpt"], tmp_path / "prompts" / "ddpt")
    monkeypatch.setattr(registry, "ASSETS", tmp_path)
    assert list(choose_prompts(embedded)) == ["ddpt"] and choose_prompts(tiny) == {}
    assert set(choose_prompts(embedded, [prompts["prompt-tuning"]])) == {"ddpt", "prompt-tuning"}


def test_embedded_prompt_that_is_damaged_is_not_passed_over(embedded, prompts, tmp_path, monkeypatch):
    shutil.copytree(prompts["ddpt"], tmp_path / "prompts" / "ddpt")
    (tmp_path / "prompts" / "ddpt" / "weights.safetensors").write_bytes(b"")
    monkeypatch.setattr(registry, "ASSETS", tmp_path)
    with pytest.raises(ArtifactError, match="damaged"):
        choose_prompts(embedded)


def test_given_prompt_that_is_not_there_is_an_error(tiny, home):
    with pytest.raises(ArtifactError, match="There is no prompt 'nothing'"):
        choose_prompts(tiny, ["nothing"])


def test_arms_come_in_order_each_with_its_own_context(tiny, chosen):
    manual, tuned, ddpt = make_arms(tiny, chosen, seed=2)
    assert (manual.name, tuned.name, ddpt.name) == ARMS
    assert torch.equal(manual.context, tiny.embed("sort list"))
    assert torch.equal(tuned.context, chosen["prompt-tuning"].context)
    assert torch.equal(ddpt.context, chosen["ddpt"].final_context(2))
    assert not torch.equal(ddpt.context, make_arms(tiny, chosen, seed=3)[2].context)
    assert [arm.name for arm in make_arms(tiny, chosen, names=["ddpt", "manual"])] == ["ddpt", "manual"]


def test_arm_without_a_context_writes_from_the_instruction_alone(tiny, chosen):
    (none,) = make_arms(tiny, chosen, names=["none"])
    assert none.runs and none.context is None
    (result,) = compare("sum of list", backbone=tiny, prompts=chosen, names=["none"], settings=SHORT)
    (written,) = tiny.generate(None, ["sum of list"], SHORT)
    assert (result.name, result.code) == ("none", written.text)


def test_arms_of_prompts_that_were_not_given_say_so(tiny, chosen):
    arms = make_arms(tiny, chosen, names=ALL_ARMS)
    assert [arm.name for arm in arms] == list(ALL_ARMS)
    assert [arm.name for arm in arms if not arm.runs] == ["residual", "ddpt-full", "distribution", "instructed"]


def test_manual_context_stands_as_it_is_written_whatever_the_prompts_positions(tiny, chosen):
    for text in ("reverse list", "sort list and reverse list, then sort list again"):
        (manual,) = make_arms(tiny, chosen, text, names=["manual"])
        assert torch.equal(manual.context, tiny.embed(text))
    with pytest.raises(DataError, match=rf"at most {MOST_MANUAL_TOKENS} tokens, got [\d,]+; shorten"):
        make_arms(tiny, chosen, "sort list " * MOST_MANUAL_TOKENS, names=["manual"])


def test_whole_reverse_process_is_run_once_per_prompt_and_seed(tiny, chosen, monkeypatch):
    first = make_arms(tiny, chosen, seed=11, names=["ddpt"])[0]
    monkeypatch.setattr(module, "sample", None)
    assert torch.equal(make_arms(tiny, chosen, seed=11, names=["ddpt"])[0].context, first.context)


def test_arm_without_a_prompt_is_not_run_and_says_why(tiny):
    manual, tuned, ddpt = compare("sort list", backbone=tiny, prompts={}, manual_context="sort list", settings=SHORT)
    assert manual.code is not None
    for arm in (tuned, ddpt):
        assert (arm.code, arm.seconds, arm.tokens, arm.metrics, arm.execution) == (None, None, None, {}, None)
        assert arm.missing == f"no {arm.name} prompt of the backbone {tiny.name!r} was given"


def test_each_arm_writes_what_the_backbone_writes_from_its_context(tiny, chosen):
    arms = make_arms(tiny, chosen)
    for arm, result in zip(arms, compare("sum of list", backbone=tiny, prompts=chosen, settings=SHORT), strict=True):
        (written,) = tiny.generate(arm.context, ["sum of list"], SHORT)
        assert (result.name, result.code, result.tokens) == (arm.name, written.text, written.tokens)
        assert result.seconds > 0 and result.execution is None


def test_reference_gives_metrics_and_without_one_only_valid_python_is_known(tiny, chosen):
    (known,) = compare("sum", "sum(c)", backbone=tiny, prompts=chosen, names=["manual"], settings=SHORT)
    assert known.metrics == score([known.code], ["sum(c)"])
    (unknown,) = compare("sum", backbone=tiny, prompts=chosen, names=["manual"], settings=SHORT)
    assert set(unknown.metrics) == set(METRICS)
    assert {name for name, value in unknown.metrics.items() if value is not None} == {"valid_python"}


def test_tests_are_run_on_what_was_written(tiny, chosen):
    (arm,) = compare("sum", tests=["assert True"], backbone=tiny, prompts=chosen, names=["manual"], settings=SHORT)
    assert [test.test for test in arm.execution.tests] == ["assert True"]
    assert arm.execution.status in ("passed", "failed", "error", "refused")


def test_progress_runs_from_zero_upwards_and_names_each_arm(tiny, chosen):
    told = []
    compare("sum", backbone=tiny, prompts=chosen, settings=SHORT, progress=lambda *at: told.append(at))
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[0] == 0 and max(shares) < 1
    assert all(any(name in text for _, text in told) for name in ARMS)


@pytest.mark.parametrize("instruction", ["", " \n", "x" * 100_000])
def test_bad_instruction_is_refused_before_anything_runs(instruction, tiny, chosen):
    with pytest.raises(DataError, match="The instruction"):
        compare(instruction, backbone=tiny, prompts=chosen, progress=lambda *_: pytest.fail("it ran"))


def test_bad_seed_is_refused(tiny, chosen):
    with pytest.raises(ConfigError, match="seed"):
        compare("sum", backbone=tiny, prompts=chosen, seed=-1)


def test_a_style_is_asked_of_the_prompt_that_has_some_and_kept_apart(tiny, chosen, monkeypatch):
    asked = []

    def sampled(prompt, steps, seed, scheduler, style, guidance):
        asked.append((prompt.name, style, guidance))
        yield SimpleNamespace(index=steps, context=torch.zeros(8, 32))

    monkeypatch.setattr(module, "sample", sampled)
    monkeypatch.setattr(module, "_kept", OrderedDict())
    steered = chosen | {"distribution": replace(chosen["ddpt"], name="steered", styles=("lambda", "print"))}
    for guidance in (2.0, 2.0, 3.0):
        make_arms(tiny, steered, seed=1, names=("ddpt", "distribution"), style="lambda", guidance=guidance)
    assert asked == [("ddpt", "", 1.0), ("steered", "lambda", 2.0), ("steered", "lambda", 3.0)]
    with pytest.raises(ConfigError, match="no styles"):
        make_arms(tiny, chosen, style="lambda")
