"""The prepared denoiser against the plain one."""

import numpy as np
import pytest
import torch

from ddpt_core.diffusion.inference import PreparedBlock, PreparedDenoiser

WIDTH = 32
TIMESTEPS = np.array([2000, 1999, 1234, 60, 1])


@pytest.fixture(params=["oneDNN", "no oneDNN"])
def with_and_without_onednn(request, monkeypatch):
    if request.param == "no oneDNN":
        monkeypatch.setattr(type(torch.backends.mkldnn), "is_available", lambda self: False)
    elif not torch.backends.mkldnn.is_available():
        pytest.skip("this torch was built without oneDNN")


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("stages", [1, 2, 3])
@pytest.mark.parametrize("positions", [1, 7, 16])
def test_a_prepared_denoiser_gives_what_the_plain_one_does(
    random_denoiser, with_and_without_onednn, positions, stages, batch
):
    denoiser, numbers = random_denoiser(positions, stages), torch.Generator().manual_seed(0)
    x0, x = (torch.randn(*shape, positions, WIDTH, generator=numbers) for shape in ((), (batch,)))
    prepared = PreparedDenoiser(denoiser, x0, TIMESTEPS, batch)
    for step, timestep in enumerate(TIMESTEPS):
        with torch.no_grad():
            expected = x0 + denoiser(x, torch.tensor([timestep]))
        torch.testing.assert_close(prepared.estimate(x, step), expected, rtol=1e-5, atol=1e-5)


def test_estimating_changes_neither_what_it_is_given_nor_the_denoiser(random_denoiser):
    denoiser, numbers = random_denoiser(), torch.Generator().manual_seed(0)
    x0, x = torch.randn(16, WIDTH, generator=numbers), torch.randn(1, 16, WIDTH, generator=numbers)
    held = [x0, x, *denoiser.parameters()]
    before = [tensor.detach().clone() for tensor in held]
    prepared = PreparedDenoiser(denoiser, x0, TIMESTEPS, 1)
    first = prepared.estimate(x, 0)
    prepared.estimate(x, 1)
    assert torch.equal(prepared.estimate(x, 0), first)
    assert all(torch.equal(now, then) for now, then in zip(held, before, strict=True))


@pytest.mark.parametrize(("batch", "threads_inside"), [(1, 1), (8, 2)])
def test_few_rows_take_one_thread_and_the_callers_number_is_as_before(
    random_denoiser, monkeypatch, batch, threads_inside
):
    before, seen = torch.get_num_threads(), []
    plain = PreparedBlock.__call__
    monkeypatch.setattr(PreparedBlock, "__call__", lambda *given: seen.append(torch.get_num_threads()) or plain(*given))
    prepared = PreparedDenoiser(random_denoiser(), torch.zeros(16, WIDTH), TIMESTEPS, batch)
    try:
        torch.set_num_threads(2)
        prepared.estimate(torch.zeros(batch, 16, WIDTH), 0)
        with pytest.raises(IndexError):
            prepared.estimate(torch.zeros(batch, 16, WIDTH), len(TIMESTEPS))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {threads_inside}
