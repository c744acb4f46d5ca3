"""DDPT: a prompt's context is denoised out of Gaussian noise by a small model trained with a frozen code LLM's loss.

Method: Diffusion-Driven Prompt Tuning, arXiv 2504.04351.

Letters of shapes, everywhere in this package:
    B batch, P prompt (context) tokens, N instruction tokens, D embedding width, V vocabulary,
    T training timesteps, S sampling steps, K neighbours.

Names are loaded when first used, so that `import ddpt_core` costs milliseconds.
"""

from importlib import import_module

_HOMES = {
    "DDPTError": "ddpt_core.errors",
    "Task": "ddpt_core.data.task",
    "load_tasks": "ddpt_core.data.readers",
    "FrozenLM": "ddpt_core.backbone.frozen_lm",
    "GenerationSettings": "ddpt_core.backbone.frozen_lm",
    "load_backbone": "ddpt_core.backbone.loading",
    "sample": "ddpt_core.diffusion.sampler",
    "DenoiseStep": "ddpt_core.diffusion.sampler",
    "load_prompt": "ddpt_core.prompts.checkpoint",
    "train": "ddpt_core.training.trainer",
    "Trajectory": "ddpt_core.trajectory.trajectory",
    "NearestTokens": "ddpt_core.interpret.nearest_tokens",
    "project": "ddpt_core.interpret.projection",
    "code_of": "ddpt_core.answering.code",
    "compare": "ddpt_core.answering.arms",
    "evaluate": "ddpt_core.answering.evaluate",
    "execute": "ddpt_core.metrics.execution",
}

__all__ = sorted(_HOMES)
__version__ = "0.1.0"


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'ddpt_core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
