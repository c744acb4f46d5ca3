"""A prompt for each instruction, on a tiny backbone: clusters, training, and contexts that the pipeline reads."""

from collections import defaultdict

import pytest
import torch

from ddpt_core.answering.arms import make_arm
from ddpt_core.answering.evaluate import evaluate
from ddpt_core.arms import INSTRUCTED
from ddpt_core.data.readers import load_tasks
from ddpt_core.errors import ArtifactError, ConfigError
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.prompts.library import tasks_of
from ddpt_core.steering.build import LibraryPlan, build_library
from ddpt_core.steering.by_instruction import FIGURES, diagnosed, finish, instructed_card
from ddpt_core.steering.clusters import clustered, write_clusters
from ddpt_core.training.trainer import train
from ddpt_core.trajectory.trajectory import Trajectory

SIZES = {"seeds": 2, "steps": 2, "batch_size": 4, "snapshots": 1, "context": "sort list", "context_length": 8}


@pytest.fixture(scope="module")
def alike(tiny, many_file, tmp_path_factory):
    """The folder of a library of three clusters, not to be changed."""
    out = tmp_path_factory.mktemp("alike") / "library"
    data, names = write_clusters(tiny, many_file, 3, out)
    build_library(tiny, out, LibraryPlan(names, **SIZES), data)
    return out


@pytest.fixture
def config(train_config, alike):
    """Settings of a training over that library."""
    return lambda **changes: train_config(INSTRUCTED, library=str(alike), **({"steps": 6, "lr": 0.01} | changes))


@pytest.fixture(scope="module")
def learned(tiny, alike, train_config, tmp_path_factory):
    """A prompt that was learned from the library, as it is loaded."""
    out = tmp_path_factory.mktemp("learned") / "prompt"
    config = train_config(INSTRUCTED, library=str(alike), steps=60, lr=0.05, llm_weight=1.0, llm_every=2)
    list(train(tiny, tasks_of(alike), out, config))
    return load_prompt(out, tiny)


def test_the_pooled_state_is_the_mean_that_transformers_tells(tiny):
    texts = ["sort list", "read the file `f` line by line and print it"]
    for text, found in zip(texts, tiny.pooled(texts), strict=True):
        read = tiny.tokenizer(text, return_tensors="pt")
        states = tiny.model.get_encoder()(**read).last_hidden_state[0]
        torch.testing.assert_close(found, states.mean(0), atol=1e-2, rtol=1e-2)  # in bfloat16 where that is fast


def test_clusters_hold_the_instructions_that_are_nearest_to_their_middle(tiny, many_file):
    tasks = clustered(tiny, load_tasks(many_file), 3)
    read = tiny.pooled([task.instruction for task in tasks])
    read = (read - read.mean(0)) / read.std(0)
    rows = defaultdict(list)
    for place, task in enumerate(tasks):
        rows[task.style].append(place)
    assert list(rows) == ["cluster-1", "cluster-2", "cluster-3"]
    assert [len(own) for own in rows.values()] == sorted((len(own) for own in rows.values()), reverse=True)
    middles = torch.stack([read[own].mean(0) for own in rows.values()])
    nearest = torch.cdist(read, middles).argmin(1)
    assert [f"cluster-{label + 1}" for label in nearest.tolist()] == [task.style for task in tasks]


def test_each_instruction_has_a_context_of_its_own_and_the_same_one_every_time(tiny, learned):
    texts = ["sort list", "read file", "sort list"]
    conditions = learned.conditions(tiny, texts)
    first, other, again = learned.contexts(conditions, seed=3)
    torch.testing.assert_close(first, again)
    assert first.shape == (8, 32) and (first - other).abs().max() > 1e-5
    free = learned.final_context(3, 20)
    torch.testing.assert_close(learned.contexts(conditions[:1], 3, guidance=0.0)[0], free, atol=1e-4, rtol=1e-4)


def test_an_arm_writes_under_the_context_of_each_task(tiny, learned, many_file, tmp_path):
    arm = make_arm(tiny, INSTRUCTED, learned, "sort list", seed=1)
    tasks = load_tasks(many_file)[:3]
    contexts = arm.of(tasks)
    assert contexts.shape == (3, 8, 32) and len(arm.context) == 8
    found = evaluate(
        many_file, tmp_path, backbone=tiny, prompts={INSTRUCTED: learned}, names=(INSTRUCTED,), seed=1, limit=3
    )
    assert found["arms"][INSTRUCTED]["n"] == 3
    for task, context in zip(tasks, contexts, strict=True):
        torch.testing.assert_close(arm.of([task])[0], context, atol=1e-4, rtol=1e-4)


def test_no_style_can_be_asked_of_it(learned):
    with pytest.raises(ConfigError, match="has no styles"):
        learned.final_context(0, 10, "cluster-1")
    assert learned.styles == () and learned.info["clusters"] == ["cluster-1", "cluster-2", "cluster-3"]


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tiny, alike, config, tmp_path):
    tasks = tasks_of(alike)
    list(train(tiny, tasks, tmp_path / "whole", config()))
    list(train(tiny, tasks, tmp_path / "parts", config(), stop_at=3))
    list(train(tiny, tasks, tmp_path / "parts", config(), resume=True))
    whole, parts = (load_prompt(tmp_path / name, tiny) for name in ("whole", "parts"))
    for name, value in whole.denoiser.state_dict().items():
        torch.testing.assert_close(parts.denoiser.state_dict()[name], value)


def test_a_run_under_an_instruction_ends_on_its_context_and_says_what_it_was(tiny, learned, tmp_path):
    condition = learned.conditions(tiny, ["sort list"])
    run = Trajectory.record(learned, 20, 3, instruction="sort list", condition=condition[0])
    end = learned.contexts(condition, seed=3, steps=20)[0]
    torch.testing.assert_close(torch.from_numpy(run.context[-1]), end, atol=1e-4, rtol=1e-4)
    again = Trajectory.load(run.save(tmp_path / "run"))
    assert again.info["instruction"] == "sort list" and again.info["guidance"] == 1 and "style" not in again.info
    with pytest.raises(ArtifactError, match="cannot be kept as a recipe"):
        run.save(tmp_path / "recipe", recipe=True)
    with pytest.raises(ConfigError, match="either under a condition or asked for a style"):
        Trajectory.record(learned, 20, 3, style="lambda", condition=condition[0])


def test_its_figures_are_the_losses_of_the_contexts_that_they_name(tiny, learned, many_file):
    tasks = load_tasks(many_file)[:40]
    figures = diagnosed(learned, tiny, tasks)
    conditions = learned.conditions(tiny, [task.instruction for task in tasks])

    def loss(contexts):
        rows = [tiny.loss(context, [task]).item() for context, task in zip(contexts, tasks, strict=True)]
        return sum(rows) / len(rows)

    contexts = learned.contexts(conditions)
    assert figures["steps"]["50"] == pytest.approx(loss(contexts), rel=1e-3)
    exchanged = figures["against"]["instructions exchanged"]
    assert exchanged["loss"] == pytest.approx(loss([contexts[-1], *contexts[:-1]]), rel=1e-3)
    assert exchanged["difference"] == pytest.approx(figures["steps"]["50"] - exchanged["loss"], abs=1e-6)
    assert figures["against"]["one prompt tuned on all"]["loss"] == pytest.approx(
        loss([learned.generalist] * len(tasks)), rel=1e-3
    )
    assert min(figures["apart"], figures["library_apart"]) > 0


def test_its_card_tells_what_the_library_cost_and_what_was_found(tiny, learned, alike):
    info = finish(learned.folder, tiny, tasks_of(alike))
    assert finish(learned.folder, tiny, tasks_of(alike)) == info and FIGURES in info["metrics"]
    card = instructed_card(info)
    assert "3 clusters of tasks" in card and "the instruction: with those of other instructions" in card
