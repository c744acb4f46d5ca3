"""The denoiser prepared for one reverse run: the numbers of `Denoiser`, but for rounding, in about half the time.

`Denoiser` is the definition, and what learns; this is the same network once its weights and timesteps are known.
With P = 16 positions a step is some fifty small operations, each of which reads weights that hardly fit the caches.
What helps is said at each place: fewer operations, and weights laid out in advance.
"""

from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ddpt_core.diffusion.denoiser import Block, Denoiser, through_stages


class PreparedDenoiser:
    """x0_hat = x_0 + f(x_t, t) for B runs that walk through the same timesteps together."""

    @torch.no_grad()
    def __init__(self, denoiser: Denoiser, x0: torch.Tensor, timesteps: np.ndarray, batch: int):
        """Prepares for x0 (P, D) and `batch` = B runs at `timesteps` (S,)."""
        positions = len(x0)
        # The timestep's scales and shifts do not depend on x: one multiplication gives those of the whole run. And the
        # batch shares them, so layer_norm can apply them as its own weight and bias instead of two more operations.
        self.modulation = denoiser.modulation(torch.as_tensor(timesteps, device=x0.device))  # (S,layers,4,H)
        self.modulation[:, :, ::2] += 1
        lengths = _lengths(positions, denoiser.config.stages)
        blocks = cast(list[Block], list(denoiser.blocks))
        self.blocks = [PreparedBlock(block, batch * n) for block, n in zip(blocks, lengths, strict=True)]
        self.down = PreparedLinear(denoiser.down, batch * positions)
        self.up = PreparedLinear(denoiser.up, batch * positions)
        # Laid out for the whole batch, so that the layers before can add them to their results.
        self.position = denoiser.position.detach().expand(batch, -1, -1).contiguous()  # (B,P,H)
        self.x0 = x0.expand(batch, -1, -1).contiguous()  # (B,P,D)

    def estimate(self, x: torch.Tensor, step: int) -> torch.Tensor:
        """Returns x0_hat for x (B, P, D) at timesteps[step], (B, P, D); compare Denoiser.direction."""
        h = self.down.added_to(self.position, x)  # (B,P,D) -> (B,P,H)
        h = through_stages(self.blocks, h, self.modulation[step].unbind())
        return self.up.added_to(self.x0, F.layer_norm(h, h.shape[-1:]))  # (B,P,H) -> (B,P,D)


class PreparedBlock:
    """A Block of the denoiser, prepared for `rows` = B L rows; compare Block."""

    def __init__(self, block: Block, rows: int):
        self.heads = block.heads
        self.qkv, self.attended = PreparedLinear(block.qkv, rows), PreparedLinear(block.attended, rows)
        self.wide, self.narrow = PreparedLinear(block.wide, rows), PreparedLinear(block.narrow, rows)

    def __call__(self, x: torch.Tensor, modulation: torch.Tensor) -> torch.Tensor:
        """x (B, L, H), modulation (4, H): 1 + scale and shift before attention, the same before feed-forward."""
        scale_1, shift_1, scale_2, shift_2 = modulation.unbind()
        h = F.layer_norm(x, x.shape[-1:], scale_1, shift_1)
        q, k, v = self.qkv(h).view(*h.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # each (B,heads,L,H/heads)
        h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (B,L,H)
        x = self.attended.added_to(x, h)
        h = F.layer_norm(x, x.shape[-1:], scale_2, shift_2)
        return self.narrow.added_to(x, self.wide.gelu(h))


class PreparedLinear:
    """A linear layer for `rows` rows at a time.

    On a CPU, oneDNN lays the weights out once, in the order in which its kernel reads them; an ordinary call does so
    every time, which shows where rows are few. It also applies what follows, GELU or an addition, to each result as
    it is computed. torch.compile emits the same calls, but it needs a C++ compiler. On other devices, and where torch
    has no oneDNN, this is an ordinary linear layer.
    """

    def __init__(self, layer: nn.Linear, rows: int):
        self.weight, self.bias = layer.weight.detach(), layer.bias.detach()
        self.packed = self.weight.device.type == "cpu" and torch.backends.mkldnn.is_available()
        if self.packed:
            self.weight = torch.ops.mkldnn._reorder_linear_weight(self.weight, rows)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Returns x W^T + bias, (B, L, in) -> (B, L, out)."""
        if self.packed:
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        return F.linear(x, self.weight, self.bias)

    def gelu(self, x: torch.Tensor) -> torch.Tensor:
        """Returns GELU(x W^T + bias)."""
        if self.packed:
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "gelu", [], "none")
        return F.gelu(F.linear(x, self.weight, self.bias))

    def added_to(self, other: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Returns other + x W^T + bias, for an `other` of the result's shape."""
        if self.packed:
            return torch.ops.mkldnn._linear_pointwise.binary(x, other, self.weight, self.bias, "add")
        return other + F.linear(x, self.weight, self.bias)


def _lengths(positions: int, stages: int) -> list[int]:
    """Returns how many positions each block sees: halved from stage to stage (see compress), and back."""
    lengths = [-(-positions // 2**i) for i in range(stages)]
    return lengths + lengths[::-1]
