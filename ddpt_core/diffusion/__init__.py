"""The diffusion process: schedule, denoiser, sampler."""
