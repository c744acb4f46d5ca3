"""The denoiser prepared for one reverse run: the numbers of `Denoiser`, but for rounding, in about half the time.

`Denoiser` is the definition, and what learns; this is the same network once its weights, its timesteps and the size
of the batch are known. With P = 16 positions a step is some fifty operations on a few kilobytes each: most cost more
for being called than for their arithmetic, and a multiplication waits for its weights. What helps is said at its place:
fewer operations, rows (B L, H) that need no reshaping, and weights that are laid out in advance.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ddpt_core.diffusion.denoiser import Block, Denoiser, compress, expand

EPSILON = 1e-5  # layer_norm's own default
FEW_ROWS = 64  # B P up to which one thread does the work


@contextmanager
def one_thread(wanted: bool) -> Iterator[None]:
    """Keeps torch to one thread inside, if `wanted`.

    With few rows a second thread takes no more than a tenth off a run, measured on two cores with nothing else to do.
    As soon as a core is shared, by a browser for one, every operation waits for the slower thread: many times slower.
    """
    before = torch.get_num_threads()
    if wanted:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if wanted:
            torch.set_num_threads(before)


class PreparedDenoiser:
    """x0_hat = x_0 + f(x_t, t) for B runs that walk through the same timesteps together."""

    @torch.no_grad()
    def __init__(self, denoiser: Denoiser, x0: torch.Tensor, timesteps: np.ndarray, batch: int):
        """Prepares for x0 (P, D) and `batch` = B runs at `timesteps` (S,), without a condition (see `under`)."""
        positions, self.stages = len(x0), denoiser.config.stages
        lengths = [-(-positions // 2**i) for i in range(self.stages + 1)]  # of every stage, and of the bottom
        self.denoiser, self.timesteps = denoiser, torch.as_tensor(timesteps, device=x0.device)
        self.modulation = self._modulation(None)
        blocks = zip(cast(list[Block], list(denoiser.blocks)), lengths[:-1] + lengths[-2::-1], strict=True)
        self.blocks = [PreparedBlock(block, batch, length) for block, length in blocks]
        self.down = PreparedLinear(denoiser.down, batch * positions)
        self.up = PreparedLinear(denoiser.up, batch * positions)
        # Repeated for every run of the batch, so that the layers before can add them to their results.
        self.position = denoiser.position.detach().repeat(batch, 1)  # (B P,H)
        self.x0 = x0.repeat(batch, 1)  # (B P,D)
        # Both are linear over positions: as matrices, one operation compresses, and one expands and adds the skip.
        units = [torch.eye(length, device=x0.device)[None] for length in lengths]
        self.compress = [compress(unit).expand(batch, -1, -1) for unit in units[:-1]]  # each (B,L/2,L)
        grown = zip(units[:0:-1], lengths[-2::-1], strict=True)  # from the bottom up
        self.expand = [expand(unit, length).expand(batch, -1, -1) for unit, length in grown]  # each (B,L,L/2)

    def _modulation(self, condition: torch.Tensor | None) -> torch.Tensor:
        """Returns the timesteps' scales (plus 1) and shifts under a condition, (S, layers 4, H).

        They do not depend on x: one multiplication gives those of the whole run. And the batch shares them, so
        layer_norm can apply them as its own weight and bias instead of two more operations.
        """
        modulation = self.denoiser.modulation(self.timesteps, condition)  # (S,layers,4,H)
        modulation[:, :, ::2] += 1
        return modulation.flatten(1, 2)

    @torch.no_grad()
    def under(self, condition: torch.Tensor) -> "PreparedDenoiser | ConditionedDenoiser":
        """Returns the same denoiser under a condition (C,), or (B, C) for each run its own; on the same weights."""
        if condition.ndim == 2:
            return ConditionedDenoiser(self.denoiser, self.x0, self.timesteps, condition)
        other = copy(self)
        other.modulation = self._modulation(condition)
        return other

    @torch.inference_mode()  # its bookkeeping is less than no_grad's
    def estimate(self, x: torch.Tensor, step: int) -> torch.Tensor:
        """Returns x0_hat for x (B, P, D) at timesteps[step], (B, P, D)."""
        with one_thread(len(self.x0) <= FEW_ROWS):
            return self._estimate(x, step)

    def _estimate(self, x: torch.Tensor, step: int) -> torch.Tensor:
        """Compare Denoiser.direction."""
        modulation = iter(self.modulation[step].unbind())  # layers 4 of (H,)
        batch, _, width = x.shape
        hidden = self.position.shape[1]
        h = self.down.added_to(self.position, x.view(-1, width))  # (B,P,D) -> (B P,H)
        skips = []
        for block, matrix in zip(self.blocks, self.compress, strict=False):
            skips.append(block(h, modulation).view(batch, -1, hidden))  # (B L,H) -> (B,L,H)
            h = torch.bmm(matrix, skips[-1]).view(-1, hidden)
        for block, matrix in zip(self.blocks[self.stages :], self.expand, strict=True):
            h = torch.baddbmm(skips.pop(), matrix, h.view(batch, -1, hidden)).view(-1, hidden)
            h = block(h, modulation)
        h = torch.native_layer_norm(h, (hidden,), None, None, EPSILON)[0]
        return self.up.added_to(self.x0, h).view_as(x)  # (B P,H) -> (B,P,D)


class ConditionedDenoiser:
    """x0_hat for B runs that each have a condition of their own, c (B, C).

    Their scales and shifts differ, so that nothing is prepared but what they add: many runs at once make up for it.
    """

    def __init__(self, denoiser: Denoiser, x0: torch.Tensor, timesteps: torch.Tensor, condition: torch.Tensor):
        """x0 (B P, D), `timesteps` (S,)."""
        self.denoiser, self.x0, self.timesteps, self.condition = denoiser, x0, timesteps, condition

    @torch.inference_mode()
    def estimate(self, x: torch.Tensor, step: int) -> torch.Tensor:
        """Returns x0_hat for x (B, P, D) at timesteps[step], (B, P, D)."""
        return self.x0.view_as(x) + self.denoiser(x, self.timesteps[step : step + 1], self.condition)


class PreparedBlock:
    """A Block of the denoiser, prepared for `batch` = B times `length` = L rows; compare Block."""

    def __init__(self, block: Block, batch: int, length: int):
        hidden = block.attended.in_features
        self.hidden, self.split = (hidden,), (batch, length, 3, block.heads, hidden // block.heads)
        rows = batch * length
        self.qkv, self.attended = PreparedLinear(block.qkv, rows), PreparedLinear(block.attended, rows)
        self.wide, self.narrow = PreparedLinear(block.wide, rows), PreparedLinear(block.narrow, rows)

    def __call__(self, x: torch.Tensor, modulation: Iterator[torch.Tensor]) -> torch.Tensor:
        """x (B L, H) -> (B L, H); takes 1 + scale and shift from `modulation`, before attention and before the rest."""
        h = torch.native_layer_norm(x, self.hidden, next(modulation), next(modulation), EPSILON)[0]
        q, k, v = self.qkv(h).view(self.split).permute(2, 0, 3, 1, 4).unbind()  # each (B,heads,L,H/heads)
        h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)  # (B L,H)
        x = self.attended.added_to(x, h)
        h = torch.native_layer_norm(x, self.hidden, next(modulation), next(modulation), EPSILON)[0]
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
            self.onednn = torch.ops.mkldnn._linear_pointwise
            self.weight = torch.ops.mkldnn._reorder_linear_weight(self.weight, rows)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Returns x W^T + bias, (rows, in) -> (rows, out)."""
        if self.packed:
            return self.onednn.default(x, self.weight, self.bias, "none", [], "")
        return F.linear(x, self.weight, self.bias)

    def gelu(self, x: torch.Tensor) -> torch.Tensor:
        """Returns GELU(x W^T + bias)."""
        if self.packed:
            return self.onednn.default(x, self.weight, self.bias, "gelu", [], "none")
        return F.gelu(F.linear(x, self.weight, self.bias))

    def added_to(self, other: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Returns other + x W^T + bias, for an `other` of the result's shape."""
        if self.packed:
            return self.onednn.binary(x, other, self.weight, self.bias, "add")
        return other + F.linear(x, self.weight, self.bias)
