"""A library of prompts and the distribution that is learned from it, on a tiny backbone and styles of its own."""

import json

import pytest
import torch

from ddpt_core.arms import DISTRIBUTION
from ddpt_core.errors import ArtifactError, ConfigError
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.prompts.distribution import DistributionMethod
from ddpt_core.prompts.library import LEAST_DEVIATION, Library, tasks_of
from ddpt_core.prompts.method import Piece
from ddpt_core.steering.build import LibraryPlan, build_library
from ddpt_core.training.trainer import train

STYLES = ("bare", "told")
PLAN = LibraryPlan(STYLES, seeds=2, steps=5, batch_size=4, snapshots=2, context="sort list", context_length=8)


@pytest.fixture(scope="module")
def built(tiny, styled, tmp_path_factory):
    """The folder of a library of two styles with two trainings each, not to be changed."""
    out = tmp_path_factory.mktemp("built") / "library"
    build_library(tiny, out, PLAN, styled)
    return out


@pytest.fixture
def config(train_config, built):
    """Settings of a distribution over that library."""
    return lambda **changes: train_config(DISTRIBUTION, library=str(built), **({"steps": 6} | changes))


def test_a_library_holds_the_kept_contexts_of_every_training(tiny, built):
    library = Library.load(built, tiny)
    assert library.styles == STYLES and library.vectors.shape == (8, 8, 32) and int(library.ends.sum()) == 4
    assert library.labels.tolist() == [0] * 4 + [1] * 4
    ends = [load_prompt(built / f"{style}-{seed}", tiny) for style in STYLES for seed in range(2)]
    last = torch.stack([prompt.context for prompt in ends])  # validated at its end alone, so that is the best
    torch.testing.assert_close(library.vectors[library.ends], last)
    assert not torch.allclose(last[0], last[1])  # the seeds start apart
    deviation = library.vectors.std((0, 1))
    torch.testing.assert_close(library.std, deviation.clamp_min(LEAST_DEVIATION * float(deviation.mean())))


def test_a_library_that_was_stopped_goes_on_to_the_same_prompts(tiny, styled, built, tmp_path):
    class Stop(Exception):
        pass

    def stop(share, text):
        if "told: training 1" in text:
            raise Stop

    with pytest.raises(Stop):
        build_library(tiny, tmp_path / "again", PLAN, styled, stop)
    with pytest.raises(ArtifactError, match="no finished library"):
        Library.load(tmp_path / "again", tiny)
    whole, again = Library.load(built, tiny), build_library(tiny, tmp_path / "again", PLAN, styled)
    assert torch.equal(whole.vectors, again.vectors) and torch.equal(whole.generalist, again.generalist)


def test_an_unknown_style_and_one_without_tasks_are_refused_before_anything_runs(tiny, tmp_path):
    with pytest.raises(ConfigError, match="Unknown style 'lambada'; did you mean lambda"):
        build_library(tiny, tmp_path / "no", LibraryPlan(("lambada",)))
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_library_of_another_backbone_or_damaged_is_refused(tiny, built, tmp_path):
    import shutil

    copy = shutil.copytree(built, tmp_path / "copy")
    info = json.loads((copy / "library.json").read_text())
    (copy / "library.json").write_text(json.dumps(info | {"backbone": {"name": "other", "sha256": "0"}}))
    with pytest.raises(ArtifactError, match="tuned on the backbone 'other'"):
        Library.load(copy, tiny)
    (copy / "library.safetensors").write_bytes(b"short")
    with pytest.raises(ArtifactError, match="damaged"):
        Library.load(copy, tiny)


def test_without_noise_left_the_loss_is_the_weighted_distance_to_the_librarys_prompts(tiny, config, styled):
    """At an untrained denoiser x0_hat is x_C but for its start, so the loss is known from the library alone."""
    method = DistributionMethod(tiny, config())
    torch.nn.init.zeros_(method.prompt.denoiser.up.weight)
    loss = method.loss([], torch.Generator().manual_seed(3)).item()
    rng = torch.Generator().manual_seed(3)
    styles, times = torch.randint(2, (64,), generator=rng), torch.randint(1, 21, (64,), generator=rng)
    torch.rand(64, generator=rng)
    rows = [int(method.places[style][int(torch.randint(4, (), generator=rng))]) for style in styles.tolist()]
    abar = torch.as_tensor(method.prompt.schedule.alphas_cumprod)[times].float()
    apart = (method.prompt.x0 - method.clean[rows]).square().mean((1, 2))
    assert loss == pytest.approx(((abar / (1 - abar)).clamp(0.3, 5.0) * apart).mean().item(), rel=1e-5)


def test_pieces_bear_the_loss_together_also_with_the_backbones(tiny, config, styled):
    from ddpt_core.data.readers import load_tasks

    tasks = load_tasks(styled)[:6]
    method = DistributionMethod(tiny, config(llm_weight=1.0, llm_every=1))
    whole = method.loss(tasks, torch.Generator().manual_seed(5))
    tokens = int((tiny.target_ids([task.reference for task in tasks]) != -100).sum())
    pieces = [
        method.loss(tasks, torch.Generator().manual_seed(5), Piece(slice(*ends), tokens)) for ends in ((0, 2), (2, 6))
    ]
    torch.testing.assert_close(sum(pieces), whole)
    without = DistributionMethod(tiny, config()).loss(tasks, torch.Generator().manual_seed(5))
    assert whole > without + 0.1


@pytest.fixture(scope="module")
def learned(tiny, built, tmp_path_factory):
    """A distribution that learned the library for a while, and the settings it was trained with."""
    from ddpt_core.settings import TrainConfig

    out = tmp_path_factory.mktemp("learned") / "steered"
    small = {"context_length": 8, "timesteps": 200, "hidden": 32, "stages": 1, "heads": 2, "validate_every": 300}
    settings = TrainConfig(DISTRIBUTION, steps=900, lr=3e-3, library=str(built), **small)
    for _ in train(tiny, tasks_of(built), out, settings):
        pass
    return out


def test_a_learned_distribution_ends_on_the_style_asked_for_and_without_one_on_each(tiny, learned):
    from ddpt_core.diffusion.sampler import last_step

    prompt = load_prompt(learned, tiny)
    assert prompt.styles == STYLES and prompt.arm == DISTRIBUTION
    kept = (prompt.library - prompt.mean) / prompt.std

    def ends_on(x):
        nearest = torch.cdist(x.flatten(1), kept.flatten(1)).argmin(1)
        return [prompt.styles[int(prompt.labels[i])] for i in nearest]

    for style in STYLES:
        assert set(ends_on(last_step(prompt, 50, list(range(8)), style).x)) == {style}
    assert set(ends_on(last_step(prompt, 50, list(range(24))).x)) == set(STYLES)
    assert prompt.tuned("told").shape == (2, 8, 32)


def test_a_distribution_is_read_as_a_library_again(tiny, learned, built):
    again, first = Library.load(learned, tiny), Library.load(built, tiny)
    assert again.styles == first.styles and torch.equal(again.labels, first.labels)
    torch.testing.assert_close(again.vectors, first.vectors, atol=1e-2, rtol=1e-2)  # kept in half precision


def test_a_distribution_without_a_library_is_refused(tiny, train_config):
    with pytest.raises(ConfigError, match="learns from a library of prompts; name one"):
        DistributionMethod(tiny, train_config(DISTRIBUTION))


@pytest.mark.parametrize("stop_after", [1, 3, 5])
def test_a_stopped_distribution_ends_with_the_same_bits(stop_after, tiny, config, built, tmp_path):
    from safetensors.torch import load_file

    settings, sources = config(save_every=4, validate_every=3, llm_weight=0.1, llm_every=2), tasks_of(built)
    for _ in train(tiny, sources, tmp_path / "whole", settings):
        pass
    broken = train(tiny, sources, tmp_path / "parts", settings)
    for at in broken:
        if at.step == stop_after:
            broken.close()
    for _ in train(tiny, sources, tmp_path / "parts", settings, resume=True):
        pass
    whole, parts = (load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "parts"))
    assert whole.keys() == parts.keys() and all(torch.equal(whole[name], parts[name]) for name in whole)


def test_an_evaluation_under_a_style_is_that_of_its_context_and_counts_the_styles(tiny, learned, styled, tmp_path):
    from ddpt_core.answering.arms import final_context
    from ddpt_core.answering.evaluate import evaluate
    from ddpt_core.data.readers import load_tasks
    from ddpt_core.data.styles import style_of
    from ddpt_core.settings import PREDICTIONS, GenerationSettings

    prompt, settings = load_prompt(learned, tiny), GenerationSettings(max_new_tokens=6)
    asked = {"names": ("manual", DISTRIBUTION), "limit": 5, "style": "told", "settings": settings}
    report = evaluate(styled, tmp_path, backbone=tiny, prompts={DISTRIBUTION: prompt}, manual_context="sort", **asked)
    rows = [json.loads(line) for line in (tmp_path / PREDICTIONS).read_text().splitlines()]
    written = tiny.generate(
        final_context(prompt, style="told"), [task.instruction for task in load_tasks(styled, 5)], settings
    )
    assert [row["answer"] for row in rows if row["arm"] == DISTRIBUTION] == [one.text for one in written]
    assert (report["style"], report["guidance"]) == ("told", 1.0)
    for name, arm in report["arms"].items():
        found = [style_of(row["prediction"]) or "none" for row in rows if row["arm"] == name]
        assert arm["styles"] == {one: found.count(one) for one in found}
    with pytest.raises(ConfigError, match="This prompt has no styles"):
        evaluate(styled, tmp_path, backbone=tiny, prompts={}, names=("manual",), style="told")
