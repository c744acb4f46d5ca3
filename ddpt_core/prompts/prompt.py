"""What every trained prompt has; each kind is in the file of the method that learns it."""

from dataclasses import dataclass, field
from pathlib import Path

import torch

from ddpt_core.arms import arm_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Prompt:
    """What every trained prompt has: a name, the text that it started from, and prompt.json as `info`.

    Two prompts are equal only if they are one object, so that results can be kept by prompt.
    """

    name: str
    context_text: str
    info: dict = field(default_factory=dict)
    folder: Path | None = None

    @property
    def method(self) -> str:
        """How it was learned; one of ddpt_core.arms.methods()."""
        raise TypeError("A prompt is of one of the kinds that the methods learn.")

    @property
    def arm(self) -> str:
        """The arm of a comparison that this is."""
        return arm_of(self.info | {"method": self.method}) or self.method

    @property
    def positions(self) -> int:
        """P, how many vectors the context has."""
        raise TypeError("A prompt is of one of the kinds that the methods learn.")

    def final_context(self, seed: int = 0, steps: int | None = None) -> torch.Tensor:
        """Returns the context that the backbone is given, (P, D), in its own space."""
        raise TypeError("A prompt is of one of the kinds that the methods learn.")
