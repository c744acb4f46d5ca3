"""The denoiser's parts against torch's and diffusers' own, and what the whole promises."""

import pytest
import torch
import torch.nn.functional as F
from diffusers.models.embeddings import get_timestep_embedding
from torch import nn

from ddpt_core.diffusion.denoiser import MODULATIONS, Block, Denoiser, DenoiserConfig, compress, expand
from ddpt_core.errors import ConfigError

WIDTH, HIDDEN = 32, 32


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_an_unmodulated_block_is_torchs_pre_norm_transformer_layer():
    block = Block(HIDDEN, heads=4)
    layer = nn.TransformerEncoderLayer(HIDDEN, 4, 2 * HIDDEN, 0.0, "gelu", batch_first=True, norm_first=True)
    same = {
        "self_attn.in_proj_weight": block.qkv.weight,
        "self_attn.in_proj_bias": block.qkv.bias,
        "self_attn.out_proj.weight": block.attended.weight,
        "self_attn.out_proj.bias": block.attended.bias,
        "linear1.weight": block.wide.weight,
        "linear1.bias": block.wide.bias,
        "linear2.weight": block.narrow.weight,
        "linear2.bias": block.narrow.bias,
    }
    layer.load_state_dict(same, strict=False)  # its norms stay as they are: weight 1, bias 0
    x = torch.randn(3, 7, HIDDEN)
    torch.testing.assert_close(block(x, torch.zeros(1, MODULATIONS, HIDDEN)), layer(x), rtol=0, atol=1e-5)


def test_modulation_scales_and_shifts_what_each_part_reads():
    block, x = Block(HIDDEN, heads=4), torch.randn(2, 7, HIDDEN)
    modulation = torch.randn(2, MODULATIONS, HIDDEN)
    read = {}
    for name in ("qkv", "wide"):
        getattr(block, name).register_forward_pre_hook(lambda _, given, name=name: read.update({name: given[0]}))
    block.narrow.register_forward_hook(lambda _, given, result: read.update(narrow=result))
    end = block(x, modulation)
    for name, before, scale, shift in (("qkv", x, 0, 1), ("wide", end - read["narrow"], 2, 3)):
        normed = (before - before.mean(-1, keepdim=True)) / before.std(-1, correction=0, keepdim=True)
        expected = normed + normed * modulation[:, scale, None] + modulation[:, shift, None]
        torch.testing.assert_close(read[name], expected, rtol=0, atol=1e-3)  # layer_norm adds 1e-5 to the variance


def test_timesteps_are_embedded_as_diffusers_does(random_denoiser):
    denoiser, given = random_denoiser(), []
    denoiser.time.register_forward_pre_hook(lambda _, embedded: given.append(embedded[0]))
    timesteps = torch.tensor([1, 2, 77, 1999, 2000])
    denoiser.modulation(timesteps)
    expected = get_timestep_embedding(timesteps, HIDDEN, downscale_freq_shift=0)
    torch.testing.assert_close(given[0], expected, rtol=0, atol=3e-4)  # float32 angles up to 2000


@pytest.mark.parametrize("length", [1, 2, 7, 16])
def test_compressing_averages_pairs_as_pooling_does(length):
    x = torch.randn(2, length, 3)
    pooled = F.avg_pool1d(x.transpose(1, 2), 2, ceil_mode=True).transpose(1, 2)
    torch.testing.assert_close(compress(x), pooled)


@pytest.mark.parametrize("length", [1, 2, 7, 16])
def test_expanding_repeats_positions_as_upsampling_does(length):
    x = torch.randn(2, -(-length // 2), 3)
    upsampled = F.interpolate(x.transpose(1, 2), scale_factor=2, mode="nearest").transpose(1, 2)[:, :length]
    assert torch.equal(expand(x, length), upsampled)


class Gain(nn.Module):
    """In a block's place: multiplies by a number, and remembers how many positions it saw."""

    def __init__(self, gain: float):
        super().__init__()
        self.gain, self.length = gain, 0

    def forward(self, x: torch.Tensor, modulation: torch.Tensor) -> torch.Tensor:
        self.length = x.shape[1]
        return self.gain * x


def test_stages_narrow_and_widen_again_and_add_what_each_width_saw():
    denoiser = Denoiser(DenoiserConfig(WIDTH, hidden=HIDDEN))
    denoiser.blocks = nn.ModuleList(Gain(gain) for gain in (2, 3, 5, 7))
    denoiser.down, denoiser.up = nn.Identity(), nn.Identity()
    x = torch.randn(2, 16, WIDTH)
    h = x + denoiser.position
    halves, quarters = h.unflatten(1, (8, 2)).mean(2), h.unflatten(1, (4, 4)).mean(2)
    h = 7 * (2 * h + 5 * 6 * (halves.repeat_interleave(2, 1) + quarters.repeat_interleave(4, 1)))
    torch.testing.assert_close(denoiser(x, torch.tensor([1])), F.layer_norm(h, (HIDDEN,)))
    assert [block.length for block in denoiser.blocks] == [16, 8, 8, 16]


@pytest.mark.parametrize("positions", [1, 7, 16])
@pytest.mark.parametrize("stages", [1, 2, 3])
def test_the_direction_has_the_shape_of_what_it_is_for(random_denoiser, positions, stages):
    x = torch.randn(3, positions, WIDTH)
    assert random_denoiser(positions, stages)(x, torch.tensor([5])).shape == x.shape


def test_each_of_a_batch_has_its_own_timestep(random_denoiser):
    denoiser, x = random_denoiser(), torch.randn(3, 16, WIDTH)
    timesteps = torch.tensor([1, 900, 2000])
    together = denoiser(x, timesteps)
    for i in range(3):
        torch.testing.assert_close(together[i : i + 1], denoiser(x[i : i + 1], timesteps[i : i + 1]))
    assert not torch.allclose(together[:1], denoiser(x[:1], timesteps[1:2]), atol=0.01)


def test_every_stage_reaches_the_direction_and_every_parameter_learns(random_denoiser):
    denoiser = random_denoiser(stages=3)
    denoiser(torch.randn(2, 16, WIDTH), torch.tensor([500])).square().mean().backward()
    unmoved = [name for name, parameter in denoiser.named_parameters() if not parameter.grad.abs().max() > 0]
    assert unmoved == []


def test_a_new_denoiser_leaves_the_original_context_almost_as_it_is():
    direction = Denoiser(DenoiserConfig(WIDTH, hidden=HIDDEN))(torch.randn(4, 16, WIDTH), torch.tensor([2000]))
    assert 0 < direction.abs().max() < 0.05


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"positions": 0}, "context positions must be from 1 to 512, got 0."),
        ({"hidden": 30}, "denoiser hidden size must be even and a multiple of its 4 heads, got 30."),
        ({"hidden": 4}, "denoiser hidden size must be from 8 to 8,192, got 4."),
        ({"stages": 9}, "denoiser stages must be from 1 to 8, got 9."),
    ],
)
def test_sizes_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ConfigError) as error:
        DenoiserConfig(WIDTH, **settings)
    assert str(error.value) == message
