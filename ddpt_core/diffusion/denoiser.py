"""The denoiser: a small U-Net over the P positions of a context, with self-attention and a timestep embedding.

It returns a *directional vector* f(x_t, t) that is added to the original context embedding: x0_hat = x_0 + f(x_t, t)
(DDPT, arXiv 2504.04351). That it compresses and expands like a U-Net is the paper's; the sizes are this project's.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ddpt_core.errors import ConfigError, require_range

MAX_PERIOD = 10_000.0  # longest wavelength of the sinusoidal timestep embedding, in timesteps (Vaswani et al. 2017)
MODULATIONS = 4  # scale and shift before attention, scale and shift before the feed-forward part
UP_PROJECTION_DEVIATION = 1e-3  # x0_hat starts at x_0 but for this


@dataclass(frozen=True)
class DenoiserConfig:
    """Sizes: `width` is D, `positions` is P; `stages` compress stages are mirrored by as many expand stages.

    `conditions` is C, the width of the condition that enters beside the timestep; 0 for a denoiser without one.
    """

    width: int
    positions: int = 16
    hidden: int = 256
    stages: int = 2
    heads: int = 4
    conditions: int = 0

    def __post_init__(self) -> None:
        require_range("context positions", self.positions, 1, 512)
        require_range("denoiser hidden size", self.hidden, 8, 8_192)
        require_range("denoiser stages", self.stages, 1, 8)
        require_range("conditions", self.conditions, 0, 100_000)
        if self.hidden % self.heads or self.hidden % 2:
            raise ConfigError(
                f"denoiser hidden size must be even and a multiple of its {self.heads} heads, got {self.hidden}."
            )

    @property
    def layers(self) -> int:
        """Number of attention blocks: one per compress stage and one per expand stage."""
        return 2 * self.stages


class Block(nn.Module):
    """Pre-norm self-attention and feed-forward over positions; the timestep scales and shifts what each part reads."""

    def __init__(self, hidden: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.attended = nn.Linear(hidden, hidden)
        self.wide = nn.Linear(hidden, 2 * hidden)
        self.narrow = nn.Linear(2 * hidden, hidden)

    def forward(self, x: torch.Tensor, modulation: torch.Tensor) -> torch.Tensor:
        """x (B, L, H), modulation (B or 1, MODULATIONS, H) -> (B, L, H)."""
        scale_1, shift_1, scale_2, shift_2 = modulation.unsqueeze(2).unbind(1)  # each (B,1,H)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale_1) + shift_1
        q, k, v = self.qkv(h).view(*h.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # each (B,heads,L,H/heads)
        h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # (B,L,H)
        x = x + self.attended(h)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + scale_2) + shift_2
        return x + self.narrow(F.gelu(self.wide(h)))


class Denoiser(nn.Module):
    """f(x_t, t, c): (B, P, D) -> (B, P, D), the direction from the original context to the estimate of the learned one.

    The condition c (C,) enters like the timestep, by what it adds to each block's scales and shifts; c = 0 is the empty
    condition (classifier-free guidance, arXiv 2207.12598).
    """

    def __init__(self, config: DenoiserConfig):
        super().__init__()
        self.config = config
        hidden = config.hidden
        self.down = nn.Linear(config.width, hidden)
        self.position = nn.Parameter(torch.zeros(config.positions, hidden))
        self.blocks = nn.ModuleList(Block(hidden, config.heads) for _ in range(config.layers))
        self.time = nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.modulate = nn.Linear(hidden, config.layers * MODULATIONS * hidden)
        self.up = nn.Linear(hidden, config.width)
        self.condition = nn.Linear(config.conditions, hidden, bias=False) if config.conditions else None
        nn.init.normal_(self.position, std=0.02)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)
        nn.init.normal_(self.up.weight, std=UP_PROJECTION_DEVIATION)
        nn.init.zeros_(self.up.bias)

    def modulation(self, timesteps: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        """Returns what each block adds at these timesteps, (n,) -> (n, layers, MODULATIONS, H).

        `condition` is (C,) or (n, C), None for the empty one. It does not depend on x, so a sampler computes it for a
        whole run at once.
        """
        half = self.config.hidden // 2
        rates = torch.exp(-math.log(MAX_PERIOD) / half * torch.arange(half, device=timesteps.device))
        angles = timesteps.float()[:, None] * rates  # (n,) * (H/2,) -> (n,H/2)
        embedded = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        if condition is not None and self.condition is not None:
            embedded = embedded + self.condition(condition)
        return self.modulate(embedded).unflatten(1, (self.config.layers, MODULATIONS, self.config.hidden))

    def direction(self, x: torch.Tensor, modulation: torch.Tensor) -> torch.Tensor:
        """Returns f for x (B, P, D) under the `modulation` (B or 1, layers, MODULATIONS, H) of its timesteps."""
        h = self.down(x) + self.position  # (B,P,D) -> (B,P,H)
        skips = []
        for i in range(self.config.stages):
            h = self.blocks[i](h, modulation[:, i])
            skips.append(h)
            h = compress(h)
        for i in range(self.config.stages, self.config.layers):
            skip = skips.pop()
            h = self.blocks[i](expand(h, skip.shape[1]) + skip, modulation[:, i])
        return self.up(F.layer_norm(h, h.shape[-1:]))  # (B,P,H) -> (B,P,D)

    def forward(self, x: torch.Tensor, timesteps: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        """Returns f(x_t, t, c): normalised x (B, P, D), timesteps (B,) or (1,) from 1 to T, c (B, C) -> (B, P, D)."""
        return self.direction(x, self.modulation(timesteps, condition))


def compress(x: torch.Tensor) -> torch.Tensor:
    """Returns the means of neighbouring positions, (B, L, H) -> (B, ceil(L / 2), H)."""
    if x.shape[1] % 2:
        x = torch.cat([x, x[:, -1:]], 1)
    return x.unflatten(1, (-1, 2)).mean(2)


def expand(x: torch.Tensor, length: int) -> torch.Tensor:
    """Returns every position twice, cut to `length`: the shape that `compress` was given."""
    return x.repeat_interleave(2, 1)[:, :length]
