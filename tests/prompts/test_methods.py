"""What each method's loss is: against the backbone's own, against closed forms, and what learns."""

import pytest
import torch

from ddpt_core.arms import methods
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import load_tasks
from ddpt_core.errors import ConfigError
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.prompts.ddpt import DDPTMethod
from ddpt_core.prompts.method import Piece, method_named
from ddpt_core.prompts.prompt_tuning import PromptTuningMethod
from ddpt_core.settings import TrainConfig
from ddpt_core.training.trainer import split, train, validation_loss


def test_residual_prompt_is_the_vectors_that_the_network_makes_without_noise_or_timestep(
    tiny, data_file, train_config, tmp_path
):
    config = train_config("residual")
    *_, last = train(tiny, data_file, tmp_path / "out", config)
    prompt = load_prompt(tmp_path / "out", tiny)
    assert (prompt.method, prompt.arm, prompt.context.shape) == ("residual", "residual", (8, 32))
    assert prompt.info["trainable_parameters"] > prompt.context.numel()  # of the network, which is not kept
    _, validation = split(load_tasks(data_file), config.validation_share)
    with tiny.mixed_precision():
        assert validation_loss(tiny, prompt.context, validation) == pytest.approx(
            last.best_validation_loss, abs=1e-3
        )  # bfloat16
    method = method_named("residual")(tiny, config)
    first, second = (method.context(torch.Generator().manual_seed(seed)) for seed in (1, 2))
    assert torch.equal(first, second)
    method.loss(load_tasks(data_file)[:4], torch.Generator()).backward()
    touched = {name for name, p in method.module.named_parameters() if p.grad is not None and p.grad.any()}
    assert touched and not any(name.startswith(("time", "modulate")) for name in touched)


def test_the_full_objective_is_an_arm_of_its_own(tiny, data_file, train_config, tmp_path):
    list(train(tiny, data_file, tmp_path / "full", train_config("ddpt", diffusion_weight=0.5)))
    prompt = load_prompt(tmp_path / "full", tiny)
    assert (prompt.method, prompt.arm) == ("ddpt", "ddpt-full")


def bare_peft(model, kind: str, vectors: torch.Tensor):
    """A model wrapped by peft for prompt tuning, which starts from `vectors`."""
    from peft import PromptTuningConfig, get_peft_model

    settings = PromptTuningConfig(task_type=kind, num_virtual_tokens=len(vectors), num_transformer_submodules=1)
    wrapped = get_peft_model(model, settings)
    learned = wrapped.get_parameter("prompt_encoder.default.embedding.weight")
    with torch.no_grad():
        learned.copy_(vectors)
    return wrapped, learned


def moved(method) -> torch.Tensor:
    """The vectors of prompt tuning, after they were moved away from where they start."""
    with torch.no_grad():
        method.vectors.add_(torch.randn(8, 32, generator=torch.Generator().manual_seed(0)))
    return method.vectors.detach()


def test_prompt_tuning_is_that_of_a_whole_peft_model(tiny, tasks, train_config):
    method = PromptTuningMethod(tiny, train_config("prompt-tuning"))
    torch.testing.assert_close(method.vectors.detach(), tiny.embed("sort list", 8), rtol=0, atol=0)
    wrapped, learned = bare_peft(tiny.model, "SEQ_2_SEQ_LM", moved(method))
    ids, mask = tiny.instruction_ids([task.instruction for task in tasks[:6]])
    labels = tiny.target_ids([task.reference for task in tasks[:6]])
    ours, theirs = (
        method.loss(tasks[:6], torch.Generator()),
        wrapped(input_ids=ids, attention_mask=mask, labels=labels).loss,
    )
    torch.testing.assert_close(ours, theirs)
    ours.backward(), theirs.backward()
    torch.testing.assert_close(method.vectors.grad, learned.grad)
    assert method.vectors.grad.abs().max() > 0


def test_prompt_tuning_of_a_decoder_is_that_of_a_whole_peft_model(tiny, tasks, train_config):
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    sizes = GPT2Config(vocab_size=300, n_positions=128, n_embd=32, n_layer=1, n_head=2, bos_token_id=2, eos_token_id=2)
    gpt = FrozenLM("gpt2", GPT2LMHeadModel(sizes).eval(), tiny.tokenizer)
    method = PromptTuningMethod(gpt, train_config("prompt-tuning"))
    wrapped, learned = bare_peft(gpt.model, "CAUSAL_LM", moved(method))
    before, _ = gpt.instruction_ids([tasks[0].instruction])
    target = gpt.target_ids([tasks[0].reference])
    ids, wanted = before[before != gpt.pad], target[target != -100]
    labels = torch.cat([torch.full_like(ids, -100), wanted])[None]
    ours = method.loss(tasks[:1], torch.Generator())
    theirs = wrapped(input_ids=torch.cat([ids, wanted])[None], labels=labels).loss
    torch.testing.assert_close(ours, theirs)
    ours.backward(), theirs.backward()
    torch.testing.assert_close(method.vectors.grad, learned.grad)


@pytest.mark.parametrize("weight", [0.0, 50.0])
@pytest.mark.parametrize("name", methods(from_tasks=True))
def test_pieces_of_a_batch_bear_its_loss_and_gradient_together(name, weight, tiny, tasks, train_config):
    method, some = method_named(name)(tiny, train_config(name, diffusion_weight=weight)), tasks[:7]

    def loss(*piece):
        return method.loss(some, torch.Generator().manual_seed(5), *piece)

    learned = [parameter for parameter in method.module.parameters() if parameter.requires_grad]
    whole = torch.autograd.grad(loss(), learned)
    tokens = int((tiny.target_ids([task.reference for task in some]) != -100).sum())
    pieces = [Piece(slice(start, end), tokens) for start, end in ((0, 1), (1, 5), (5, 7))]
    torch.testing.assert_close(sum(loss(piece) for piece in pieces), loss())
    parts = [torch.autograd.grad(loss(piece), learned) for piece in pieces]
    for one, *several in zip(whole, *parts, strict=True):
        torch.testing.assert_close(sum(several), one, rtol=1e-4, atol=1e-6)


def test_ddpt_loss_is_the_backbones_loss_of_each_tasks_own_estimate(tiny, tasks, train_config):
    method = DDPTMethod(tiny, train_config("ddpt"))
    torch.nn.init.normal_(method.prompt.denoiser.up.weight, generator=torch.Generator().manual_seed(0))
    loss = method.loss(tasks[:6], torch.Generator().manual_seed(5))
    rng, prompt = torch.Generator().manual_seed(5), method.prompt
    levels = torch.randint(1, 21, (6,), generator=rng)
    noise = torch.randn(6, 8, 32, generator=rng)
    abar = torch.tensor([prompt.schedule.alphas_cumprod[t] for t in levels], dtype=torch.float32)[:, None, None]
    estimate = prompt.x0 + prompt.denoiser(abar.sqrt() * prompt.x0 + (1 - abar).sqrt() * noise, levels)
    torch.testing.assert_close(loss, tiny.loss(estimate * prompt.std + prompt.mean, tasks[:6]))


def test_full_objective_adds_the_weighted_distance_to_the_original_context(tiny, tasks, train_config):
    def loss(weight):
        method = DDPTMethod(tiny, train_config("ddpt", diffusion_weight=weight))
        return method.loss(tasks[:4], torch.Generator().manual_seed(5)).item()

    assert 0 < loss(2e4) - loss(0.0) == pytest.approx(2 * (loss(1e4) - loss(0.0)), rel=1e-3)


def test_untrained_denoiser_starts_almost_at_the_original_context(tiny, train_config):
    context = DDPTMethod(tiny, train_config("ddpt")).context(torch.Generator().manual_seed(0))
    difference = (context - tiny.embed("sort list", 8)).abs().max()
    assert 0 < difference < 0.1 * tiny.embedding_table.std()


@pytest.mark.parametrize("name", methods(from_tasks=True))
def test_bounded_loss_is_the_generalised_cross_entropy_in_every_method(name, tiny, tasks, train_config):
    some = tasks[:6]
    plain, bound = train_config(name), train_config(name, bound=0.7)
    contexts = [method_named(name)(tiny, config).context(torch.Generator().manual_seed(0)) for config in (plain, bound)]
    assert torch.equal(*contexts)
    if name == "ddpt":  # its batches have a context each; the fixed ones can be compared
        return
    loss = method_named(name)(tiny, bound).loss(some, torch.Generator()).item()
    ids, mask = tiny.instruction_ids([task.instruction for task in some])
    inputs = torch.cat([contexts[0].expand(len(ids), -1, -1), tiny.embedding_table[ids]], 1)
    labels = tiny.target_ids([task.reference for task in some])
    mask = torch.cat([mask.new_ones(len(ids), 8), mask], 1)
    logits = tiny.model(inputs_embeds=inputs, attention_mask=mask, labels=labels).logits
    right = logits.softmax(-1).gather(2, labels.clamp_min(0)[..., None])[..., 0][labels != -100]
    assert loss == pytest.approx(((1 - right**0.7) / 0.7).mean().item(), rel=1e-5)
    assert method_named(name)(tiny, plain).loss(some, torch.Generator()).item() == pytest.approx(
        -right.log().mean().item(), rel=1e-5
    )


@pytest.mark.parametrize("bound", [-0.1, 1.5])
def test_bound_out_of_range_is_refused(bound):
    with pytest.raises(ConfigError, match="bound must be from 0 to 1"):
        TrainConfig("ddpt", bound=bound)
