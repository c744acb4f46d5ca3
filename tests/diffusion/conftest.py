"""Denoisers whose weights are all random, so that every part of them counts, and what a sampler needs beside one."""

from types import SimpleNamespace

import pytest
import torch

from ddpt_core.diffusion.denoiser import Denoiser, DenoiserConfig
from ddpt_core.diffusion.schedule import NoiseSchedule

WIDTH, POSITIONS, HIDDEN = 32, 16, 32


@pytest.fixture
def random_denoiser():
    """A function that returns a denoiser; a new one's modulation and direction would be about zero."""

    def make(positions: int = POSITIONS, stages: int = 2, hidden: int = HIDDEN) -> Denoiser:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            denoiser = Denoiser(DenoiserConfig(WIDTH, positions, hidden, stages))
            for parameter in denoiser.parameters():
                torch.nn.init.normal_(parameter, std=0.2)
        return denoiser

    return make


@pytest.fixture
def prompt(random_denoiser) -> SimpleNamespace:
    """What `sample` reads of a DDPT prompt."""
    numbers = torch.Generator().manual_seed(1)
    return SimpleNamespace(
        denoiser=random_denoiser(),
        schedule=NoiseSchedule(),
        x0=torch.randn(POSITIONS, WIDTH, generator=numbers),
        mean=torch.randn(WIDTH, generator=numbers),
        std=torch.rand(WIDTH, generator=numbers) + 0.5,
        styles=(),
    )
